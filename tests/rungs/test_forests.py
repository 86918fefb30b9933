"""Forests whose trees look only at the rows they drew are scikit-learn's own, to the bit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from kiss_bench.rungs._forests import ForestClassifier, ForestRegressor

ROWS, TREES = 400, 12
CLASSIFIERS = (RandomForestClassifier, ForestClassifier)
REGRESSORS = (RandomForestRegressor, ForestRegressor)


def table(kind):
    """Numbers with gaps, and a target; the rare one has a class of two rows, which most trees do not draw."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(ROWS, 5)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    signal = np.nan_to_num(X[:, 0]) + rng.normal(size=ROWS)
    if kind == "numbers":
        return X, signal
    if kind == "names":
        return X, np.where(signal > 0, "yes", "no")
    codes = (signal > 0).astype(int)
    codes[:2] = 2
    return X, codes


@pytest.mark.parametrize("kind", ["numbers", "names", "a rare class"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_samples": 50},
        {"max_samples": 0.2, "min_samples_leaf": 3, "max_features": 0.4},
        {"max_samples": 60, "min_samples_leaf": 0.01},
        {"bootstrap": False, "max_features": 1},
        {"max_samples": 80, "min_weight_fraction_leaf": 0.05},
    ],
    ids=str,
)
def test_its_predictions_are_those_of_scikit_learn(kind, settings):
    X, y = table(kind)
    theirs, ours = (
        forest(n_estimators=TREES, random_state=7, **settings).fit(X, y)
        for forest in (REGRESSORS if kind == "numbers" else CLASSIFIERS)
    )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    if kind != "numbers":
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize(
    "weights", [{"class_weight": "balanced_subsample"}, {"class_weight": {0: 1, 1: 5, 2: 9}}], ids=str
)
def test_weights_of_classes_change_it_as_they_do_scikit_learns(weights):
    X, y = table("a rare class")
    theirs, ours = (forest(TREES, max_samples=70, random_state=7, **weights).fit(X, y) for forest in CLASSIFIERS)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("kind", ["numbers", "names"])
def test_a_tree_is_given_no_more_rows_than_it_drew(kind, monkeypatch):
    X, y = table(kind)
    forest, tree = (
        (ForestRegressor, DecisionTreeRegressor) if kind == "numbers" else (ForestClassifier, DecisionTreeClassifier)
    )
    given, theirs = [], tree._fit

    def counting(self, X, *rest, **more):
        given.append(len(X))
        return theirs(self, X, *rest, **more)

    monkeypatch.setattr(tree, "_fit", counting)
    forest(TREES, max_samples=50, random_state=7).fit(X, y)
    assert len(given) == TREES
    assert max(given) <= 50


def test_a_whole_number_of_rows_is_an_upper_limit_and_stays_as_it_was_said():
    X, y = table("numbers")
    forest = ForestRegressor(TREES, max_samples=10_000, random_state=7)
    all_rows = RandomForestRegressor(TREES, max_samples=ROWS, random_state=7).fit(X, y)
    np.testing.assert_array_equal(forest.fit(X, y).predict(X), all_rows.predict(X))
    assert forest.max_samples == clone(forest).max_samples == 10_000
