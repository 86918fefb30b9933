"""Independent rows: regressions, neighbours and classifiers on two blocks of features that are worth the same.

Exchangeable blocks make the true gain exactly 0 whatever is fitted: swapping the blocks swaps the models. The set-ups
are those by which such tests have been judged before: Dietterich 1998 (Neural Computation 10:1895), Nadeau & Bengio
2003 (Machine Learning 52:239), Bayle et al. 2020 (arXiv 2007.12671); AUC after LeDell et al. 2015 (EJS 9:1583).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from lightgbm import LGBMRegressor
from scipy.special import expit
from sklearn.tree import DecisionTreeRegressor

from calibration.fits import (
    cut_discriminant,
    least_squares,
    linear_discriminant,
    mean_of,
    nearest_neighbour,
    refitted,
    ridge_logistic,
)
from calibration.records import Pair
from calibration.splits import FOLDS, Codes, Floats, Random, Splits, shuffled, stratified
from kiss_bench.judge import Predictions, Terms, Trio
from kiss_bench.plan.plan import MarginUnit

WIDTH = 10
"""Features in each block of the rank designs."""


def least_squares_pair(  # noqa: PLR0913  (each is one number of a design)
    rng: Random, *, n: int, p: int, gain: float = 0.0, skill: float | None = None, folds: int = FOLDS
) -> Pair:
    """Least squares on u against least squares on v; y = u.b + sqrt(1 + gain) v.b + N(0, 1), |b| = 1."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(p) + rng.normal(size=n)
    splits = shuffled(rng, n, folds)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=least_squares(v, y, splits))
    terms = squared() if skill is None else squared(margin=skill, unit="skill")
    return Pair(rows=rows_of(y, splits), terms=terms, trio=trio)


def least_squares_gain(n: int, p: int, gain: float) -> float:
    """True gain of `least_squares_pair`, exactly: see `least_squares_risk`."""
    return least_squares_risk(2.0 + gain, train_size(n), p) - least_squares_risk(2.0, train_size(n), p)


def gain_at_skill(n: int, p: int, skill: float) -> float:
    """Give the `gain` at which v removes a further share `skill` of the dummy's squared error, exactly."""
    m = train_size(n)
    per_gain, blind = least_squares_risk(1.0, m, p), 1.0 + 1.0 / m
    return skill * 3.0 * blind / (per_gain - skill * blind)


def skill_gain(n: int, p: int, skill: float) -> float:
    """True gain of `least_squares_pair` at `gain_at_skill`, exactly."""
    return least_squares_gain(n, p, gain_at_skill(n, p, skill))


def nested_pair(rng: Random, *, n: int, p: int, extra: int, signal: float) -> Pair:
    """Least squares on u against least squares on u and w; y = u.b + w.c + N(0, 1), |b| = 1, |c|^2 = signal."""
    u, w = rng.normal(size=(n, p)), rng.normal(size=(n, extra))
    y = u.sum(axis=1) / np.sqrt(p) + np.sqrt(signal / extra) * w.sum(axis=1) + rng.normal(size=n)
    splits = shuffled(rng, n)
    full = least_squares(np.column_stack([u, w]), y, splits)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=full)
    return Pair(rows=rows_of(y, splits), terms=squared(margin=nested_gain(n, p, extra, signal)), trio=trio)


def nested_gain(n: int, p: int, extra: int, signal: float) -> float:
    """True gain of `nested_pair`, exactly."""
    m = train_size(n)
    return least_squares_risk(1.0 + signal, m, p) - least_squares_risk(1.0, m, p + extra)


def least_squares_risk(noise: float, m: int, p: int) -> float:
    """Expected squared error of least squares, p independent normal features, m training rows (Stein 1960).

    E tr (X'X)^-1 = p/(m - p - 1); what a model leaves out is noise to it.
    """
    return noise * (1.0 + p / (m - p - 1.0))


def neighbour_pair(rng: Random, *, n: int, p: int = 2, gain: float = 0.0, folds: int = FOLDS) -> Pair:
    """The nearest neighbour in u against that in v; y = sin(sum u) + (1 + gain) sin(sum v) + N(0, 1/4)."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = np.sin(u.sum(axis=1)) + (1.0 + gain) * np.sin(v.sum(axis=1)) + 0.5 * rng.normal(size=n)
    splits = shuffled(rng, n, folds)
    old, new = nearest_neighbour(u, y, splits), nearest_neighbour(v, y, splits)
    return Pair(
        rows=rows_of(y, splits), terms=squared(), trio=Trio(dummy=mean_of(y, splits), incumbent=old, candidate=new)
    )


def shallow_tree() -> DecisionTreeRegressor:
    return DecisionTreeRegressor(max_depth=6, min_samples_leaf=5, random_state=0)


def boosted_trees() -> LGBMRegressor:
    return LGBMRegressor(
        n_estimators=40, learning_rate=0.1, num_leaves=8, min_child_samples=10, n_jobs=1, random_state=0, verbose=-1
    )


def learner_pair(rng: Random, *, make: Callable[[], Any], n: int, gain: float = 0.0) -> Pair:
    """A learner on u against the same on v, five columns each; y = f(u) + sqrt(1 + gain) f(v) + N(0, 1/2).

    f is a wave of the first column and a product of two others that is switched on by the third.
    """
    u, v = rng.normal(size=(n, 5)), rng.normal(size=(n, 5))
    waves = [np.sin(2.0 * x[:, 0]) + x[:, 1] * (x[:, 2] > 0.0) for x in (u, v)]
    y = waves[0] + np.sqrt(1.0 + gain) * waves[1] + np.sqrt(0.5) * rng.normal(size=n)
    splits = shuffled(rng, n)
    trio = Trio(
        dummy=mean_of(y, splits), incumbent=refitted(make, u, y, splits), candidate=refitted(make, v, y, splits)
    )
    return Pair(rows=rows_of(y, splits), terms=squared(), trio=trio)


def unreliable_pair(rng: Random, *, n: int, p: int, chance: float, shift: float) -> Pair:
    """`least_squares_pair`, but each fit goes wrong with this chance, and all it predicts is off by `shift`."""
    pair = least_squares_pair(rng, n=n, p=p)
    fold = pair.rows.fold
    off = [shift * (rng.random((len(fold), FOLDS)) < chance) for _ in range(2)]
    old, new = (np.take_along_axis(one, fold, axis=1) for one in off)
    trio = replace(pair.trio, incumbent=pair.trio.incumbent + old, candidate=pair.trio.candidate + new)
    return replace(pair, trio=trio)


def logistic_pair(rng: Random, *, n: int, p: int, gain: float = 0.0) -> Pair:
    """Logistic regression on u against that on v, by log-loss; P(y = 1) = expit(u.b + sqrt(1 + gain) v.b), |b| = 1."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = (rng.random(n) < expit((u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(p))).astype(np.int64)
    splits = stratified(rng, y)
    old, new = ridge_logistic(u, y, splits), ridge_logistic(v, y, splits)
    trio = Trio(dummy=mean_of(y, splits), incumbent=old, candidate=new)
    return Pair(rows=rows_of(y, splits), terms=classes("log_loss"), trio=trio)


def discriminant_pair(  # noqa: PLR0913  (each is one number of a design)
    rng: Random, *, n: int, share: float, metric: str, gain: float = 0.0, learnt: bool = False
) -> Pair:
    """Discriminant analysis on u against that on v; ten columns each, shifted by class by 1 (v: 1 + gain).

    `learnt`: labels are cut where the metric is best in training, and not at 0.5.
    """
    y = (np.arange(n) < round(share * n)).astype(np.int64)
    shift = y[:, None] / np.sqrt(WIDTH)
    u, v = rng.normal(size=(n, WIDTH)) + shift, rng.normal(size=(n, WIDTH)) + (1.0 + gain) * shift
    splits = stratified(rng, y)
    fit = partial(cut_discriminant, metric=metric) if learnt else linear_discriminant
    trio = Trio(dummy=mean_of(y, splits), incumbent=fit(u, y, splits), candidate=fit(v, y, splits))
    return Pair(rows=rows_of(y, splits), terms=classes(metric), trio=trio)


def train_size(n: int) -> int:
    """Rows in a training part; n a multiple of the number of folds."""
    return n * (FOLDS - 1) // FOLDS


def rows_of(y: Floats | Codes, splits: Splits) -> Predictions:
    return Predictions(actual=y, fold=splits.fold, n_train=splits.n_train)


def squared(*, margin: float = 0.0, unit: MarginUnit = "absolute") -> Terms:
    return Terms(task="regression", metric="mse", margin=margin, margin_unit=unit, scheme="shuffled")


def classes(metric: str) -> Terms:
    return Terms(task="binary", metric=metric, margin=0.0, margin_unit="absolute", scheme="stratified", positive=1)
