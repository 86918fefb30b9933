"""How far predictions can be taken at their word: 90 % prediction intervals from out-of-fold residuals, no refitting.

A row's interval is its own out-of-fold prediction, plus and minus one order statistic of the absolute residuals of rows
in OTHER folds: of n of them the ceil((n + 1) 0.9)-th smallest. That is cross-conformal prediction (Vovk 2015, Annals of
Mathematics and AI 74:9), close to the CV+ of Barber et al. 2021 (Annals of Statistics 49:486), except that a row keeps
the one prediction that is stored instead of one of each fold's model.

For rows that are exchangeable such intervals cover about 90 %, and what is proved for CV+ is 1 - 2 alpha, 80 %, less a
term that vanishes with the rows of a fold. Rows of one group are not exchangeable with one another; whole groups lie on
one side of a fold, so that intervals are for rows of groups never seen. Forward in time only EARLIER folds calibrate,
the first fold has no interval, and nothing is guaranteed. Half the width is the same for all rows of a fold, so
coverage is also shown by thirds of the predictions: where it falls from one to the next, errors grow.

Written here because crepes 0.9.1 takes `int((1 - 0.9) * (n + 1))` for the rank, which floating point makes one too
small wherever n + 1 is a multiple of ten, and MAPIE 1.6 wants to fit the models itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.plan.plan import FoldKind

LEVEL = 0.9
LEAST = 20
"""Residuals below which no interval is made: its ends would be the largest residual or the one before it."""
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class OutOfFold:
    """Predictions of one arm on rows that it was not trained on; n rows."""

    actual: Floats
    predicted: Floats
    fold: Codes
    """(n,) the fold in which each row was tested; forward in time they count up."""
    scheme: FoldKind
    grouped: bool = False
    """Whether the rows belong to groups."""
    weight: Floats | None = None
    """(n,) what each row counts, at least 0; None: all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictionIntervals:
    """None in place of figures where no row could be given an interval; `note` then says why."""

    level: float
    rows: int
    """Rows that have an interval."""
    coverage: float | None
    """Share of them whose target lies in it, in [0, 1]."""
    coverage_by_third: tuple[float, ...]
    """The same for the smallest third of the predictions, the middle one, the largest; empty for fewer than 3 rows."""
    mean_width: float | None
    """In the target's units."""
    interval_score: float | None
    """Width plus 2/alpha times the distance by which the target lies outside, mean over rows; smaller is better."""
    note: str
    """What the coverage is worth, as the end of a sentence, or why there are no intervals."""


def prediction_intervals(rows: OutOfFold) -> PredictionIntervals:
    """Make 90 % intervals and say how often they hold and how wide they are.

    The score is that of Winkler 1972, proper for quantiles (Gneiting & Raftery 2007, JASA 102:359).
    """
    weight = np.ones(len(rows.actual)) if rows.weight is None else np.asarray(rows.weight, dtype=np.float64)
    half = half_widths(rows)
    has = np.isfinite(half) & (weight > 0.0)
    if not has.any():
        return PredictionIntervals(
            level=LEVEL, rows=0, coverage=None, coverage_by_third=(), mean_width=None, interval_score=None,
            note=_why_none(rows),
        )  # fmt: skip
    error, half, weight = np.abs(rows.actual - rows.predicted)[has], half[has], weight[has]
    covered = (error <= half).astype(np.float64)
    score = 2.0 * half + 2.0 / (1.0 - LEVEL) * np.maximum(error - half, 0.0)
    return PredictionIntervals(
        level=LEVEL,
        rows=int(has.sum()),
        coverage=float(np.average(covered, weights=weight)),
        coverage_by_third=_by_third(rows.predicted[has], covered, weight),
        mean_width=float(np.average(2.0 * half, weights=weight)),
        interval_score=float(np.average(score, weights=weight)),
        note=_resting_on(rows),
    )


def half_widths(rows: OutOfFold) -> Floats:
    """(n,) half the width of each row's interval, in the target's units; NaN where too few residuals calibrate it.

    With weights the order statistic is a weighted one (Tibshirani et al. 2019, arXiv 1904.06019): the smallest residual
    up to which the weights reach 0.9 of their sum and the row's own.
    """
    size = np.abs(rows.actual - rows.predicted)
    weight = np.ones(len(size)) if rows.weight is None else np.asarray(rows.weight, dtype=np.float64)
    half = np.full(len(size), np.nan)
    for fold in np.unique(rows.fold):
        others = rows.fold < fold if rows.scheme == "forward" else rows.fold != fold
        if not _enough(weight[others]):
            continue
        own = rows.fold == fold
        order = np.argsort(size[others], kind="stable")
        reached = np.cumsum(weight[others][order])
        wanted = LEVEL * (reached[-1] + weight[own]) * (1.0 - _ROUNDING)
        # A row that outweighs a ninth of all others would have no finite interval; it gets the largest residual.
        place = np.minimum(np.searchsorted(reached, wanted), len(order) - 1)
        half[own] = size[others][order][place]
    return half


def _enough(weight: Floats) -> bool:
    squares = float(np.square(weight).sum())
    return squares > 0.0 and float(weight.sum()) ** 2 / squares >= LEAST - 1e-9


def _by_third(predicted: Floats, covered: Floats, weight: Floats) -> tuple[float, ...]:
    if len(predicted) < 3:
        return ()
    parts: list[NDArray[np.intp]] = np.array_split(np.argsort(predicted, kind="stable"), 3)
    return tuple(float(np.average(covered[part], weights=weight[part])) for part in parts)


def _why_none(rows: OutOfFold) -> str:
    if len(np.unique(rows.fold)) < 2:
        return "with a single fold there are no residuals of other folds to make them from"
    where = "earlier folds" if rows.scheme == "forward" else "the other folds"
    return f"{where} hold fewer than {LEAST} residuals to make them from"


def _resting_on(rows: OutOfFold) -> str:
    if rows.scheme == "forward":
        return "not guaranteed: the future need not be like the past"
    if rows.grouped:
        return "not guaranteed: rows of one group are not exchangeable; for rows of groups that were never seen"
    if rows.scheme == "predefined":
        return "near 90 % only if the folds in the config were dealt at random"
    return "near 90 % for rows drawn like these, and in theory not much below 80 %"
