"""Rows that are not independent: groups with effects of their own, and series in time. The true gain is 0 throughout.

Two exchangeable blocks again. Groups share an effect in every feature and in the target, so that row-wise errors of a
group go together; series are AR(1) in features and errors (Diebold & Mariano 1995, J. Business & Economic Statistics
13:253; Lazarus et al. 2018, the same, 36:541).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from calibration.fits import least_squares, linear_discriminant, mean_of
from calibration.independent import classes, rows_of, squared
from calibration.records import Pair
from calibration.splits import FOLDS, Codes, Floats, Random, Splits, by_group, expanding
from kiss_bench.judge import Trio

FEATURE_EFFECT = 0.8
TARGET_EFFECT = 0.7
"""Standard deviations between groups, beside 1 within them."""
WIDTH = 3
MEAN_SIZE = 12
LEAST_MEMBERS = 5
"""Fewest members of a class in a fold of a series; others are drawn again."""
PARETO = 1.5
"""Shape of the heavy-tailed group sizes: their mean is finite, their variance is not."""


def _poisson(rng: Random, groups: int) -> Codes:
    return np.maximum(rng.poisson(MEAN_SIZE, groups), 1)


def _pareto(rng: Random, groups: int) -> Codes:
    smallest = MEAN_SIZE * (PARETO - 1.0) / PARETO
    return np.ceil(smallest * (1.0 + rng.pareto(PARETO, groups))).astype(np.int64)


def _giant(rng: Random, groups: int) -> Codes:  # noqa: ARG001  (one signature for all)
    """One group holds 270 of 300 rows."""
    return np.array([270, *[len(part) for part in np.array_split(np.arange(30), groups - 1)]])


SIZES: Mapping[str, Callable[[Random, int], Codes]] = {"poisson": _poisson, "pareto": _pareto, "giant": _giant}


def grouped_pair(rng: Random, *, groups: int, sizes: str, gain: float = 0.0) -> Pair:
    """Random effects of groups in features and target; least squares on u against least squares on v."""
    group = np.repeat(np.arange(groups), SIZES[sizes](rng, groups))
    u, v = (_with_effect(rng, group, groups) for _ in range(2))
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(WIDTH) + rng.normal(size=len(group))
    y += TARGET_EFFECT * rng.normal(size=groups)[group]
    splits = by_group(rng, group)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=least_squares(v, y, splits))
    return Pair(rows=replace(rows_of(y, splits), group=group), terms=replace(squared(), scheme="group"), trio=trio)


def _with_effect(rng: Random, group: Codes, groups: int) -> Floats:
    effect = FEATURE_EFFECT * rng.normal(size=(groups, WIDTH))
    return np.asarray(rng.normal(size=(len(group), WIDTH)) + effect[group])


def forward_pair(rng: Random, *, length: int, phi: float, metric: str = "mse", gain: float = 0.0) -> Pair:
    """AR(1) features and errors, five expanding folds; for a rank metric the sign of the target is the class."""
    u, v, y = _world(rng, length, phi, gain)
    splits = expanding(length)
    if metric == "mse":
        fit, target, terms = least_squares, y, squared()
    else:
        while _fewest(y > 0.0, splits) < LEAST_MEMBERS:  # both blocks are drawn again: they stay equal
            u, v, y = _world(rng, length, phi, gain)
        fit, target, terms = linear_discriminant, (y > 0.0).astype(np.int64), classes(metric)
    trio = Trio(dummy=mean_of(target, splits), incumbent=fit(u, target, splits), candidate=fit(v, target, splits))
    rows = replace(rows_of(target[splits.tested], splits), time=np.arange(len(splits.tested)))
    return Pair(rows=rows, terms=replace(terms, scheme="forward"), trio=trio)


def _world(rng: Random, length: int, phi: float, gain: float) -> tuple[Floats, Floats, Floats]:
    u, v = (_series(rng, length, WIDTH, phi) for _ in range(2))
    errors = _series(rng, length, 1, phi)[:, 0]
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(WIDTH) + errors
    return u, v, np.asarray(y)


def _fewest(positive: NDArray[np.bool_], splits: Splits) -> int:
    """Fewest members of a class in any fold."""
    return int(np.bincount(2 * splits.fold[0] + positive[splits.tested], minlength=2 * FOLDS).min())


def _series(rng: Random, length: int, width: int, phi: float) -> Floats:
    """(length, width) AR(1) series of variance 1, started from their stationary law."""
    noise = rng.normal(size=(length, width)) * np.sqrt(1.0 - phi**2)
    noise[0] /= np.sqrt(1.0 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], noise, axis=0))
