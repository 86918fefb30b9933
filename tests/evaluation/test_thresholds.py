import time

import numpy as np
import pytest
from exam_tables import exam_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from kiss_bench.evaluation.thresholds import SCORES, best_threshold, learn_threshold, threshold_metric
from kiss_bench.metrics import METRICS, label_score
from kiss_bench.tasks.labels import labels_of


def test_every_metric_that_needs_a_threshold_can_be_maximised():
    assert set(SCORES) == {name for name, metric in METRICS.items() if metric.thresholded}


def score_at(name, actual, chance, positive, threshold):
    return label_score(METRICS[name], actual, np.where(chance >= threshold, positive, 1 - positive), positive)


ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 40)), min_size=2, max_size=40)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", SCORES)
@given(rows=ROWS, steps=st.sampled_from([40, 41, 1000]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_other_threshold_scores_better_and_none_as_good_is_nearer_to_even(name, positive, rows, steps):
    actual, chance = np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / steps
    found = best_threshold(METRICS[name], actual, chance, positive)
    best = score_at(name, actual, chance, positive, found)
    everywhere = np.unique([0.0, *chance, 1.0])
    assert best >= max(score_at(name, actual, chance, positive, at) for at in everywhere) - 1e-12
    between = [0.0, *(everywhere[1:] + everywhere[:-1]) / 2]
    equals = [at for at in between if score_at(name, actual, chance, positive, at) >= best - 1e-12]
    assert abs(found - 0.5) <= min(abs(at - 0.5) for at in equals) + 1e-15


LEARNT = [
    pytest.param("f1", [0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 0.25, id="halfway between the classes"),
    pytest.param("mcc", [0, 1, 0, 1], [0.125, 0.375, 0.625, 0.875], 0.25, id="two as good and as near: the lower one"),
    pytest.param("mcc", [0, 1, 0, 1], [0.125, 0.25, 0.625, 0.875], 0.75, id="two as good: the one nearer to 0.5"),
    pytest.param("f1", [0, 1, 0], [0.25, 0.25, 0.25], 0.125, id="one probability for all: all positive is best"),
    pytest.param("balanced_accuracy", [0, 1, 0], [0.25] * 3, 0.625, id="one for all and no difference: near 0.5"),
    pytest.param("f1", [0, 0, 0], [0.25, 0.5, 0.75], 0.375, id="no positive row: as near to 0.5 as can be"),
    pytest.param("f1", [1, 0, 0], [0.0, 0.5, 1.0], 0.0, id="the one positive row has probability 0"),
    pytest.param("f1", [0, 1], [0.5, np.nextafter(0.5, 1)], np.nextafter(0.5, 1), id="neighbours without a middle"),
]


@pytest.mark.parametrize(("name", "actual", "chance", "expected"), LEARNT)
def test_the_threshold_learnt_from(name, actual, chance, expected):
    assert best_threshold(METRICS[name], np.array(actual), np.array(chance), 1) == expected


def test_a_hundred_thousand_rows_take_no_time_worth_mentioning():
    rng = np.random.default_rng(0)
    actual, chance = rng.integers(0, 2, 100_000), rng.random(100_000)
    started = time.perf_counter()
    best_threshold(METRICS["mcc"], actual, chance, 1)
    assert time.perf_counter() - started < 2.0


PREDICTION = np.array([[0.7, 0.3], [0.5, 0.5], [0.2, 0.8]])
LABELS = [
    pytest.param(None, 1, [0, 0, 1], id="the most probable, the first where classes tie"),
    pytest.param(0.3, 1, [1, 1, 1], id="from the threshold on"),
    pytest.param(0.31, 1, [0, 1, 1], id="not below it"),
    pytest.param(0.5, 0, [0, 0, 1], id="the first label is the positive one"),
    pytest.param(0.9, 0, [1, 1, 1], id="none is"),
]


@pytest.mark.parametrize(("threshold", "positive", "expected"), LABELS)
def test_labels_of_probabilities(threshold, positive, expected):
    found = labels_of(PREDICTION, threshold, positive)
    assert found.tolist() == expected
    assert found.dtype == np.int64


def test_a_threshold_of_no_class_is_refused():
    with pytest.raises(ValueError, match="needs to know the positive class"):
        labels_of(PREDICTION, 0.5, None)


SERVED = [
    pytest.param("binary", {"primary": "f1"}, "f1", id="the primary metric"),
    pytest.param("binary", {"primary": "log_loss", "also": ["roc_auc", "mcc", "f1"]}, "mcc", id="the first of others"),
    pytest.param("binary", {"primary": "balanced_accuracy", "also": ["f1"]}, "balanced_accuracy", id="primary first"),
    pytest.param("binary", {"primary": "accuracy", "also": ["brier"]}, None, id="accuracy has its best threshold"),
    pytest.param("multiclass", {"primary": "balanced_accuracy"}, None, id="three labels"),
    pytest.param("regression", {"primary": "rmse"}, None, id="numbers"),
]


@pytest.mark.parametrize(("task", "metric", "expected"), SERVED)
def test_which_metric_the_threshold_serves(task, metric, expected):
    exam = exam_of(plain(task), metric=metric, ladder=["dummy", "linear"])
    found = threshold_metric(exam)
    assert (found and found.name) == expected


def test_a_threshold_without_inner_predictions_is_refused_and_none_is_learnt_where_none_is_needed():
    with pytest.raises(ValueError, match="the threshold for f1 is learnt from inner predictions, and there are none"):
        learn_threshold(exam_of(plain(), metric="f1", ladder=["dummy", "linear"]), None, None)
    assert learn_threshold(exam_of(plain(), ladder=["dummy", "linear"]), None, None) is None
