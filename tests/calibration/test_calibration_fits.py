"""The simulations fit what they say they fit, on the folds they say, in worlds whose truth is what they say."""

from functools import partial

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

from calibration import fits, pairs
from calibration.fits import by_group, expanding, shuffled, stratified

ROWS, COLUMNS = 90, 3


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, COLUMNS))
    y = X.sum(axis=1) + rng.normal(size=ROWS)
    return rng, X, y, (y > 0.5).astype(np.int64)


def splits_of(kind, rng, labels):
    if kind == "expanding":
        return expanding(ROWS)
    if kind == "group":
        return by_group(rng, np.arange(ROWS) // 6)
    return stratified(rng, labels) if kind == "stratified" else shuffled(rng, ROWS)


def refitted(model, X, y, splits, *, chances=False):
    """Fit a scikit-learn model on every training part anew."""
    found = np.empty(splits.own.shape)
    for own, row in zip(splits.own, found, strict=True):
        for part in np.unique(own):
            mine, train = own == part, splits.train[part] > 0
            fitted, test = model.fit(X[train], y[train]), X[splits.tested[mine]]
            row[mine] = fitted.predict_proba(test)[:, 1] if chances else fitted.predict(test)
    return found


KINDS = pytest.mark.parametrize("kind", ["shuffled", "stratified", "group", "expanding"])


@KINDS
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (fits.least_squares, LinearRegression(fit_intercept=False)),
        (fits.nearest_neighbour, KNeighborsRegressor(n_neighbors=1)),
    ],
)
def test_predictions_of_numbers_are_those_of_scikit_learn_refitted_on_every_fold(kind, ours, theirs):
    rng, X, y, labels = table()
    splits = splits_of(kind, rng, labels)
    assert ours(X, y, splits) == pytest.approx(refitted(theirs, X, y, splits), abs=1e-9)


@KINDS
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (fits.linear_discriminant, LinearDiscriminantAnalysis()),
        (fits.ridge_logistic, LogisticRegression(C=1.0, tol=1e-10, max_iter=1000)),
    ],
)
def test_chances_are_those_of_scikit_learn_refitted_on_every_fold(kind, ours, theirs):
    rng, X, _, labels = table()
    splits = splits_of(kind, rng, labels)
    assert ours(X, labels, splits) == pytest.approx(refitted(theirs, X, labels, splits, chances=True), abs=1e-6)


@KINDS
def test_no_row_is_predicted_by_a_model_that_saw_it(kind):
    rng, _, _, labels = table()
    splits = splits_of(kind, rng, labels)
    assert (splits.train[splits.own, splits.tested[None, :]] == 0.0).all()
    assert splits.fold.max() == 4


def test_groups_are_never_on_both_sides():
    group = np.arange(ROWS) // 6
    splits = by_group(np.random.default_rng(0), group)
    for train in splits.train:
        assert not set(group[train > 0]) & set(group[train == 0])


def test_forward_folds_train_on_the_past_only():
    splits = expanding(ROWS)
    for number, train in enumerate(splits.train):
        assert np.flatnonzero(train).max() < splits.tested[splits.fold[0] == number].min()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulate", "truth"),
    [
        (partial(pairs.least_squares_pair, n=100, p=20, gain=1.0), pairs.least_squares_gain(100, 20, 1.0)),
        (partial(pairs.nested_pair, n=100, p=5, extra=10, signal=0.4), pairs.nested_gain(100, 5, 10, 0.4)),
        (
            partial(pairs.least_squares_pair, n=100, p=5, gain=pairs.gain_at_skill(100, 5, 0.2), skill=0.2),
            pairs.skill_gain(100, 5, 0.2),
        ),
    ],
)
def test_the_exact_true_gain_is_the_mean_gain_over_draws(simulate, truth):
    gains, over = [], []
    for seed in range(400):
        pair = simulate(np.random.default_rng(seed))
        old, new, blind = (
            np.square(pair.rows.actual - p).mean() for p in (pair.trio.incumbent, pair.trio.candidate, pair.trio.dummy)
        )
        gains.append(old - new)
        over.append(old - new - (pair.terms.margin * blind if pair.terms.margin_unit == "skill" else truth))
    for values, centre in ((np.array(gains), truth), (np.array(over), 0.0)):
        assert abs(values.mean() - centre) < 3.5 * values.std() / np.sqrt(len(values))


def test_series_have_the_memory_and_the_variance_they_should():
    series = pairs._series(np.random.default_rng(0), 20_000, 1, 0.8)[:, 0]
    assert series.var() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("sizes", pairs.SIZES)
def test_group_sizes_are_as_many_as_asked_and_never_empty(sizes):
    found = pairs.SIZES[sizes](np.random.default_rng(0), 16)
    assert len(found) == 16
    assert found.min() >= 1
    assert sizes != "giant" or (found.max(), found.sum()) == (270, 300)
