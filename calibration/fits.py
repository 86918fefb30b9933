"""Folds as masks of training rows, and out-of-fold predictions of small models fitted on every training part.

One matrix product fits a model on all of them at once, to what refitting one by one would give. Each fit takes (n, p)
features, an (n,) target and the splits, and gives (r, m) predictions of the tested rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from kiss_bench.evaluation.thresholds import best_threshold
from kiss_bench.metrics import find_metric

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Random = np.random.Generator
Values = Floats | Codes
RIDGE = 1.0
"""Penalty of the logistic regression: scikit-learn's default, C = 1."""
NEWTON_STEPS = 8

FOLDS = 5
REPEATS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """Training parts of all folds of all repeats, and which of them each tested row belongs to."""

    train: Floats
    """(F, n) 1 where a row is trained on."""
    own: Codes
    """(r, m) the training part, 0..F-1, behind each tested row's prediction."""
    tested: Codes
    """(m,) positions of the rows that are tested."""
    fold: Codes
    """(r, m) fold of each tested row within its repeat: what the judge is told."""

    @property
    def n_train(self) -> float:
        return float(self.train.sum(axis=1).mean())


def k_folds(fold: Codes) -> Splits:
    """Splits of (r, n) fold numbers 0..K-1: each fold is predicted from all others of its repeat."""
    repeats, n = fold.shape
    count = int(fold.max()) + 1
    own = fold + count * np.arange(repeats)[:, None]
    train = np.ones((repeats * count, n))
    train[own, np.arange(n)[None, :]] = 0.0
    return Splits(train=train, own=own, tested=np.arange(n), fold=fold)


def shuffled(rng: Random, n: int, folds: int = FOLDS) -> Splits:
    """Five repeats of balanced folds."""
    return k_folds(np.stack([rng.permutation(np.arange(n) % folds) for _ in range(REPEATS)]))


def stratified(rng: Random, labels: Codes) -> Splits:
    """Five repeats of five folds that share out the members of each class evenly."""
    fold = np.empty((REPEATS, len(labels)), dtype=np.int64)
    for repeat in fold:
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            repeat[members] = rng.permutation(np.arange(len(members)) % FOLDS)
    return k_folds(fold)


def by_group(rng: Random, group: Codes) -> Splits:
    """Five repeats of five folds of whole groups, dealt anew each time as scikit-learn's shuffled GroupKFold does."""
    groups = int(group.max()) + 1
    return k_folds(np.stack([rng.permutation(np.arange(groups) % FOLDS)[group] for _ in range(REPEATS)]))


def expanding(n: int) -> Splits:
    """Five forward folds: block j of six equal ones is predicted from all blocks before it."""
    block = np.arange(n) * (FOLDS + 1) // n
    tested = np.flatnonzero(block > 0)
    fold = block[tested][None, :] - 1
    train = (block[None, :] <= np.arange(FOLDS)[:, None]).astype(np.float64)
    return Splits(train=train, own=fold, tested=tested, fold=fold)


def mean_of(y: Values, splits: Splits) -> Floats:
    """The training mean: the dummy."""
    means = splits.train @ y / splits.train.sum(axis=1)
    return np.asarray(means[splits.own])


def least_squares(X: Floats, y: Floats, splits: Splits) -> Floats:
    """Ordinary least squares without an intercept."""
    gram, moment = _products(X, splits.train), splits.train @ (X * y[:, None])
    slopes = np.asarray(np.linalg.solve(gram, moment[..., None])[..., 0], dtype=np.float64)
    return _applied(X, slopes, splits)


def nearest_neighbour(X: Floats, y: Floats, splits: Splits) -> Floats:
    """The target of the nearest training row."""
    tested = X[splits.tested]
    squares = np.square(tested).sum(axis=1)[:, None] + np.square(X).sum(axis=1)[None, :]
    distance = squares - 2.0 * tested @ X.T
    nearest = [np.where(splits.train[own] > 0, distance, np.inf).argmin(axis=1) for own in splits.own]
    return np.asarray(y[np.stack(nearest)])


def refitted(make: Callable[[], Any], X: Floats, y: Values, splits: Splits) -> Floats:
    """What a scikit-learn regressor predicts, a new one made and fitted on every training part."""
    found = np.empty(splits.own.shape)
    for number, train in enumerate(splits.train):
        fitted = make().fit(X[train > 0], y[train > 0])
        for repeat in np.flatnonzero((splits.own == number).any(axis=1)):
            mine = splits.own[repeat] == number
            found[repeat, mine] = fitted.predict(X[splits.tested[mine]])
    return found


def linear_discriminant(X: Floats, y: Values, splits: Splits) -> Floats:
    """Probability of class 1 by linear discriminant analysis with the training part's class shares."""
    slope, start = _discriminant(X, y, splits.train)
    return np.asarray(expit(_applied(X, slope, splits) + start[splits.own]))


def cut_discriminant(X: Floats, y: Codes, splits: Splits, metric: str) -> Floats:
    """The same, shifted so that 0.5 is where each training part's own labels score best."""
    slope, start = _discriminant(X, y, splits.train)
    logits = slope @ X.T + start[:, None]
    found = [
        best_threshold(find_metric(metric), y[train > 0], expit(row[train > 0]), 1)
        for row, train in zip(logits, splits.train, strict=True)
    ]
    cut = logit(np.clip(found, 1e-9, 1.0 - 1e-9))
    return np.asarray(expit(_applied(X, slope, splits) + (start - cut)[splits.own]))


def _discriminant(X: Floats, y: Values, train: Floats) -> tuple[Floats, Floats]:
    """(F, p) slopes and (F,) constants of the log-odds."""
    ones = train @ y
    zeros = train.sum(axis=1) - ones
    mean1 = (train * y) @ X / ones[:, None]
    mean0 = (train * (1.0 - y)) @ X / zeros[:, None]
    within = _products(X, train) - ones[:, None, None] * _squares(mean1) - zeros[:, None, None] * _squares(mean0)
    within /= (ones + zeros)[:, None, None]
    slope = np.linalg.solve(within, (mean1 - mean0)[..., None])[..., 0]
    return slope, np.log(ones / zeros) - 0.5 * ((mean1 + mean0) * slope).sum(axis=1)


def ridge_logistic(X: Floats, y: Values, splits: Splits) -> Floats:
    """Probability of class 1 by logistic regression with scikit-learn's default penalty, by Newton's method."""
    wide = np.column_stack([X, np.ones(len(X))])
    penalty = RIDGE * np.diag([*np.ones(X.shape[1]), 0.0])
    beta = np.zeros((len(splits.train), wide.shape[1]))
    for _ in range(NEWTON_STEPS):
        chance = expit(beta @ wide.T)
        slope = (splits.train * (y - chance)) @ wide - beta @ penalty
        curvature = _products(wide, splits.train * chance * (1.0 - chance)) + penalty
        beta = beta + np.linalg.solve(curvature, slope[..., None])[..., 0]
    return np.asarray(expit(_applied(wide, beta, splits)))


def _products(X: Floats, weights: Floats) -> Floats:
    """(F, p, p) X'WX for each row of weights."""
    p = X.shape[1]
    pairs = (X[:, :, None] * X[:, None, :]).reshape(len(X), p * p)
    return np.asarray((weights @ pairs).reshape(-1, p, p))


def _squares(vectors: Floats) -> Floats:
    return np.asarray(vectors[:, :, None] * vectors[:, None, :])


def _applied(X: Floats, slopes: Floats, splits: Splits) -> Floats:
    """(r, m) each tested row times the coefficients of its own training part."""
    every = X[splits.tested] @ slopes.T
    return np.asarray(np.take_along_axis(every, splits.own.T, axis=1).T)
