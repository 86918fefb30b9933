"""Rank metrics: each fold is ranked on its own, since models of two folds are on different scales.

A fold's value is a function of two samples, the scores of the positives and those of the negatives; a row's effect is
its first-order influence on it, centred within its class and fold (DeLong, DeLong & Clarke-Pearson 1988, Biometrics
44:837, for the area under the ROC curve; LeDell, Petersen & van der Laan 2015, EJS 9:1583, for folds).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import FoldError

Floats = NDArray[np.float64]
Values = NDArray[Any]
Flags = NDArray[np.bool_]
Curve = Callable[[Flags, Floats], tuple[float, Floats]]
"""((m,) which are positive, (m,) scores) -> (value, (m,) effects, each class with mean 0)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placements:
    """Share of the opposite class, within its fold, that each row is ordered correctly against (ties count 1/2)."""

    value: Floats
    """(n,) in [0, 1]."""
    size: Floats
    """(n,) how many rows of the row's own class its fold holds, at least 1."""
    auc: Floats
    """(K,) area under the ROC curve of each fold, in ascending order of fold number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A rank metric on one repeat."""

    rows: Floats
    """(n,) what each row adds to the mean over folds, times n; sums to 0 within each fold."""
    corrected: Floats
    """(n,) the same, scaled so that variance (ddof 1) / n is the sum of both classes' variances / their size."""
    folds: Floats
    """(K,) the metric within each fold."""


def placements(
    actual: Values, prediction: Floats, fold: Values | None = None, positive: int | None = None
) -> Placements:
    """Rank rows against the opposite class within folds, ties counting 1/2.

    `actual` (n,) codes of two classes, `prediction` (n,) or (n, 2), `fold` (n,) or None for one fold.

    Raises:
        FoldError: a fold holds a single class, so that nothing can be ranked in it.
    """
    is_positive, chance = two_sides(actual, prediction, 1 if positive is None else positive)
    value, size, auc = np.empty(len(chance)), np.empty(len(chance)), []
    for rows in _folds(is_positive, fold):
        area, effects = roc_curve_area(is_positive[rows], chance[rows])
        auc.append(area)
        value[rows] = area + effects
        own = is_positive[rows].sum()
        size[rows] = np.where(is_positive[rows], own, len(rows) - own)
    return Placements(value=value, size=size, auc=np.array(auc))


def ranked(curve: Curve, is_positive: Flags, chance: Floats, fold: Values) -> Ranked:
    """Rank (n,) rows by (n,) chances of being positive, within each of (n,) folds.

    Raises:
        FoldError: a fold holds a single class.
    """
    n = len(is_positive)
    rows, bessel, values = np.empty(n), np.empty(n), []
    parts = list(_folds(is_positive, fold))
    for members in parts:
        flags = is_positive[members]
        value, effects = curve(flags, chance[members])
        values.append(value)
        own = int(flags.sum())
        sizes = np.array([len(members) - own, own])
        weights, factors = n / (len(parts) * sizes), np.sqrt(sizes / np.maximum(sizes - 1, 1) * (n - 1) / n)
        rows[members] = effects * np.where(flags, weights[1], weights[0])
        bessel[members] = np.where(flags, factors[1], factors[0])
    return Ranked(rows=rows, corrected=rows * bessel, folds=np.array(values))


def by_class(curve: Curve, actual: Values, prediction: Floats, fold: Values) -> Ranked:
    """Plain mean over the k classes of (n, k) scores, each ranked against the rest (macro, one versus rest)."""
    codes = np.asarray(actual)
    found = [ranked(curve, codes == code, prediction[:, code], fold) for code in range(prediction.shape[1])]
    return Ranked(
        rows=np.mean([one.rows for one in found], axis=0),
        corrected=np.mean([one.corrected for one in found], axis=0),
        folds=np.mean([one.folds for one in found], axis=0),
    )


def roc_curve_area(positive: Flags, chance: Floats) -> tuple[float, Floats]:
    """Area under the ROC curve of one fold; effects are placements less the area."""
    order = np.argsort(chance)
    flags = positive[order]
    hits, misses, tied = _tied_counts(chance[order], flags.astype(np.float64))
    count = float(hits.sum())
    above = (np.cumsum(misses) - misses / 2.0) / (len(flags) - count)
    below = 1.0 - (np.cumsum(hits) - hits / 2.0) / count
    area = float((hits * above).sum()) / count  # no @: BLAS threads cost more than they save here
    effects = np.empty(len(flags))
    effects[order] = np.where(flags, _spread(above, tied), _spread(below, tied)) - area
    return area, effects


def average_precision_of(positive: Flags, chance: Floats) -> tuple[float, Floats]:
    """Mean over positives of the precision at their score, scikit-learn's average precision, of one fold.

    With a and b the positives and negatives scored at least t, precision is a / (a + b). One more positive at x adds
    its own precision and b / (a + b)^2 at each positive below it; one more negative takes a / (a + b)^2 there. (Von
    Mises' derivative of the functional; checked against a paired bootstrap in the tests.)
    """
    order = np.argsort(-chance)
    sign = positive[order].astype(np.float64)
    hits, misses, tied = _tied_counts(chance[order], sign)
    a, b = np.cumsum(hits), np.cumsum(misses)
    precision = a / (a + b)
    count, others = float(sign.sum()), float(len(sign) - sign.sum())
    value = float((hits * precision).sum()) / count

    def at_or_below(change: Floats) -> Floats:
        return np.cumsum((hits * change)[::-1])[::-1]

    gained = precision + at_or_below(b / (a + b) ** 2)
    lost = -(others / count) * at_or_below(a / (a + b) ** 2)
    gained, lost = gained - float((hits * gained).sum()) / count, lost - float((misses * lost).sum()) / others
    effects = np.empty(len(sign))
    effects[order] = np.where(sign > 0, _spread(gained, tied), _spread(lost, tied))
    return value, effects


def _tied_counts(scores: Floats, sign: Floats) -> tuple[Floats, Floats, NDArray[np.int64] | None]:
    """Positives and negatives at each distinct score, and how many rows share it (None: all distinct)."""
    new = np.empty(len(scores), dtype=bool)
    new[0] = True
    np.not_equal(scores[1:], scores[:-1], out=new[1:])
    if new.all():
        return sign, 1.0 - sign, None
    starts = np.flatnonzero(new)
    lengths = np.diff(np.r_[starts, len(scores)])
    hits = np.add.reduceat(sign, starts)
    return hits, lengths - hits, lengths


def _spread(values: Floats, lengths: NDArray[np.int64] | None) -> Floats:
    return values if lengths is None else np.repeat(values, lengths)


def two_sides(actual: Values, prediction: Floats, code: int) -> tuple[Flags, Floats]:
    """Give (n,) flags of the class `code` and its (n,) chances, from (n, k) or from (n,) chances of code 1."""
    # One column only: 1 - p can tie where p does not. A single column is the probability of code 1.
    chance = prediction[:, code] if prediction.ndim == 2 else (prediction if code == 1 else -prediction)
    return np.asarray(actual) == code, chance


def _folds(is_positive: Flags, fold: Values | None) -> Iterator[NDArray[np.int64]]:
    number = np.zeros(len(is_positive), dtype=np.int64) if fold is None else np.asarray(fold)
    small = number.astype(np.min_scalar_type(int(number.max())))  # sorted by radix, which int64 is not
    order = np.argsort(small, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        count = int(is_positive[rows].sum())
        if count in (0, len(rows)):
            raise FoldError("ranking needs both classes in every fold; use fewer folds, stratified folds or log_loss")
        yield rows
