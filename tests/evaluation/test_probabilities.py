import numpy as np
import pytest
from fakes import Constant, NoProbabilities
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from kiss_bench.errors import RungError
from kiss_bench.evaluation.probabilities import FlooredClassifier, checked, floor_of, floored
from kiss_bench.tasks.labels import label_text

FLOORS = [
    pytest.param([[0.0, 1.0]], 0.1, [[0.1 / 1.1, 1 / 1.1]], id="raised, then renormalised"),
    pytest.param([[0.3, 0.7]], 0.1, [[0.3, 0.7]], id="nothing below the floor"),
    pytest.param([[0.0, 0.0, 1.0]], 0.1, [[0.1 / 1.2, 0.1 / 1.2, 1 / 1.2]], id="two of three raised"),
    pytest.param([[0.1, 0.9]], 0.1, [[0.1, 0.9]], id="the floor itself stays"),
]


@pytest.mark.parametrize(("raw", "floor", "expected"), FLOORS)
def test_no_probability_is_below_the_floor(raw, floor, expected):
    np.testing.assert_allclose(floored(np.array(raw), floor), expected, rtol=1e-15)


def test_the_floor_is_what_half_a_row_would_be():
    assert [floor_of(rows) for rows in (1, 50, 1000)] == [0.5, 0.01, 0.0005]


LABELS = [
    pytest.param((False, True), [True, False, True, True], id="booleans"),
    pytest.param((0, 1), [1, 0, 1, 1], id="integers"),
    pytest.param((0, 1), [1.0, 0.0, 1.0, 1.0], id="integral floats for integers"),
    pytest.param((0.5, 1.5), [1.5, 0.5, 1.5, 1.5], id="floats"),
    pytest.param(("no", "yes"), ["yes", "no", "yes", "yes"], id="text"),
    pytest.param(("1", "2"), [2, 1, 2, 2], id="numbers for labels of text"),
    pytest.param((1, 10), [10, 1, 10, 10], id="numbers whose texts sort the other way"),
    pytest.param((2, 10), ["10", "2", "10", "10"], id="text for labels of numbers"),
    pytest.param((-1, 1), np.array([1, -1, 1, 1], dtype=object), id="objects"),
]


@pytest.mark.parametrize(("labels", "y"), LABELS)
def test_labels_of_any_type_keep_their_column_and_come_back_as_they_are(labels, y):
    X = np.array([[1.0], [0.0], [1.0], [1.0]])
    model = FlooredClassifier(DecisionTreeClassifier(), labels).fit(X, y)
    assert tuple(model.classes_.tolist()) == labels
    np.testing.assert_allclose(model.predict_proba([[1.0]]), [[0.125 / 1.125, 1 / 1.125]])
    assert model.predict([[1.0], [0.0]]).tolist() == [labels[1], labels[0]]


def test_a_label_of_another_task_is_refused_with_those_there_are():
    with pytest.raises(RungError) as caught:
        FlooredClassifier(Constant(), ("no", "yes")).fit([[0.0]] * 3, ["no", "maybe", "yes"])
    assert str(caught.value) == "labels ['maybe'] are not labels of the task: ['no', 'yes']"


@pytest.mark.parametrize("classifier", [LogisticRegression(), DecisionTreeClassifier(), LGBMClassifier(verbosity=-1)])
@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_a_label_absent_in_training_gets_the_floor(gone, classifier):
    rng = np.random.default_rng(0)
    X, there = rng.normal(size=(60, 2)), [label for label in "abc" if label != gone]
    model = FlooredClassifier(classifier, tuple("abc")).fit(X, np.resize(there, 60))
    found = model.predict_proba(X)
    column = "abc".index(gone)
    assert (model.raw_proba(X)[:, column] == 0.0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found[:, column], floor_of(60) / (1 + floor_of(60)), rtol=0.02)
    assert gone not in set(model.predict(X))


@pytest.mark.parametrize("classes", [2, 3])
def test_away_from_the_floor_it_says_what_the_classifier_says(classes):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(300, 2)), rng.integers(0, classes, 300)
    raw = LogisticRegression().fit(X, y)
    model = FlooredClassifier(LogisticRegression(), tuple(range(classes))).fit(X, y)
    assert raw.predict_proba(X).min() > model.floor_
    np.testing.assert_allclose(model.predict_proba(X), raw.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), raw.predict(X))


def test_what_it_is_given_stays_unfitted_and_it_can_be_cloned():
    inner = DecisionTreeClassifier()
    model = FlooredClassifier(inner, ("a", "b")).fit([[0.0], [1.0]], ["a", "b"])
    assert not hasattr(inner, "classes_")
    again = clone(model)
    assert not hasattr(again, "classes_")
    assert again.labels == ("a", "b")


def test_a_classifier_without_probabilities_is_told_what_to_do():
    with pytest.raises(RungError, match=r"NoProbabilities has no predict_proba; wrap it in .*CalibratedClassifierCV"):
        FlooredClassifier(NoProbabilities(), (0, 1)).fit([[0.0], [1.0]], [0, 1])


TEXTS = [
    (1.0, "1"),
    (1.5, "1.5"),
    (1, "1"),
    (True, "True"),
    ("1.0", "1.0"),
    (np.float64(-2.0), "-2"),
    (1e20, str(10**20)),
]


@pytest.mark.parametrize(("label", "text"), TEXTS)
def test_labels_as_text_lose_the_point_of_integral_floats(label, text):
    assert label_text(label) == text


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([[-1.0, 2.0]], "no probabilities"),
        ([[0.9, 0.9]], "no probabilities"),
        ([0.5], r"an array of shape \(1,\); wanted one column a label, 2"),
        ([[0.2, 0.3, 0.5]], r"an array of shape \(1, 3\)"),
    ],
)
def test_what_is_no_probability_is_refused_and_not_repaired(found, told):
    with pytest.raises(RungError, match=told):
        checked(found, 2)


def test_single_precision_is_precise_enough():
    shares = np.random.default_rng(0).dirichlet(np.ones(9), 1000).astype(np.float32)
    assert checked(shares, 9).shape == (1000, 9)
