"""How far predictions can be taken at their word.

Of probabilities: a reliability table, ECE and a decomposition of the Brier score.

    table and ECE    of two classes, the positive one; of more, the most probable class: is a rung that is 80 % sure of
                     its choice right in 80 % of such rows? One table, whatever the number of classes (Guo et al. 2017,
                     arXiv 1706.04599)
    Brier score      reliability - resolution + uncertainty + within, which adds up exactly; of more than two classes
                     the sum over classes, each in bins of its own, since the most probable class alone hides the others

Bins hold equally many rows and equal probabilities share a bin. Probabilities of a rare class crowd at one end, where
bins of equal width leave most of the range empty and put nearly all rows into one; and ECE is less biased in bins of
equal size (Roelofs et al. 2022, arXiv 2012.08668).

References: Murphy 1973 (J. Applied Meteorology 12:595) for reliability, resolution and uncertainty; Stephenson, Coelho
& Jolliffe 2008 (Weather and Forecasting 23:752) for what is left within bins; Wilson 1927 (JASA 22:209) for intervals.

Of numbers: 90 % prediction intervals from out-of-fold residuals, no refitting.

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

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.plan.plan import FoldKind

BINS = 10
LEAST = 20
"""Rows that a bin should hold: fewer rows than `BINS` times this make fewer bins."""
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Rows that were given nearly the same probability."""

    count: int
    probability: float
    """Mean probability given, in [0, 1]."""
    observed: float
    """Share of these rows in which it came true, in [0, 1]."""
    low: float
    high: float
    """Wilson's 95 % interval of `observed`, as if rows were drawn one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """Brier score = reliability - resolution + uncertainty + within, to rounding."""

    top_label: bool
    """False: bins and ECE are of the positive class; True: of the most probable one."""
    bins: tuple[Bin, ...]
    """From the smallest probability to the largest."""
    ece: float
    """Expected calibration error: mean over rows of |observed - probability| of their bin. Shown, never tested."""
    ece_by_chance: float
    """ECE that honest probabilities would show in these bins on average: it is never 0 with finitely many rows."""
    brier: float
    """Mean squared distance; of two classes (p - y)^2, of more the sum over classes."""
    reliability: float
    """What miscalibration costs, at least 0, smaller is better."""
    resolution: float
    """What telling rows apart brings, at least 0, larger is better."""
    uncertainty: float
    """Brier score of the class shares themselves, at least 0: the same for every rung."""
    within: float
    """What differs inside bins: variance of the probabilities less twice their covariance with what came true."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Binned:
    """An event, the probabilities it was given, and per bin of n rows what they came to; B bins, none empty."""

    happened: Floats
    chance: Floats
    weight: Floats
    place: NDArray[np.intp]
    """(n,) bin of each row."""
    count: NDArray[np.intp]
    mass: Floats
    """(B,) sums of weights; they sum to 1."""
    probability: Floats
    observed: Floats


def reliability(
    actual: Codes, probabilities: Floats, positive: int | None = None, weight: Floats | None = None
) -> Reliability:
    """Tell how reliable out-of-fold probabilities of one repeat are; n >= 1 rows, k >= 2 classes.

    `actual` (n,) class codes, `probabilities` (n, k) in the order of the codes, `positive` the code of the positive
    class where k is 2 (None: 1), `weight` (n,) at least 0 and not all 0 (None: all the same).
    """
    classes, n = probabilities.shape[1], len(actual)
    given = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    share = given / given.sum()
    if classes == 2:
        code = 1 if positive is None else positive
        shown = _binned((actual == code).astype(np.float64), probabilities[:, code], share)
        events = [shown]
    else:
        top = probabilities.argmax(axis=1)
        shown = _binned((actual == top).astype(np.float64), probabilities[np.arange(n), top], share)
        events = [
            _binned((actual == code).astype(np.float64), probabilities[:, code], share) for code in range(classes)
        ]
    total = np.sum([_decomposed(event) for event in events], axis=0)
    return Reliability(
        top_label=classes > 2,
        bins=_table(shown),
        ece=float(shown.mass @ np.abs(shown.observed - shown.probability)),
        ece_by_chance=_ece_by_chance(shown),
        **dict(zip(("brier", "reliability", "resolution", "uncertainty", "within"), map(float, total), strict=True)),
    )


def wilson(share: float, count: float) -> tuple[float, float]:
    """Give Wilson's two-sided 95 % interval of a share in [0, 1] that was observed in `count` > 0 draws."""
    square = NORMAL_95**2 / count
    centre = (share + square / 2.0) / (1.0 + square)
    half = math.sqrt(square * (share * (1.0 - share) + square / 4.0)) / (1.0 + square)
    return max(0.0, centre - half), min(1.0, centre + half)


def _binned(happened: Floats, chance: Floats, weight: Floats) -> _Binned:
    """Cut at the quantiles of the probabilities, as scikit-learn's `calibration_curve(strategy="quantile")` does."""
    weighed = weight > 0.0  # rows that count nothing fill no bin
    happened, chance, weight = happened[weighed], chance[weighed], weight[weighed]
    bins = max(1, min(BINS, len(chance) // LEAST))
    edges = np.quantile(chance, np.linspace(0.0, 1.0, bins + 1))[1:-1]
    place = np.unique(np.searchsorted(edges, chance), return_inverse=True)[1]
    mass: Floats = np.bincount(place, weights=weight).astype(np.float64)
    return _Binned(
        happened=happened,
        chance=chance,
        weight=weight,
        place=place,
        count=np.bincount(place),
        mass=mass,
        probability=np.bincount(place, weights=weight * chance) / mass,
        observed=np.clip(np.bincount(place, weights=weight * happened) / mass, 0.0, 1.0),
    )


def _draws(event: _Binned) -> Floats:
    """(B,) rows of equal weight that each bin is worth: (sum w)^2 / sum w^2 (Kish 1965)."""
    return np.asarray(event.mass**2 / np.bincount(event.place, weights=event.weight**2))


def _table(event: _Binned) -> tuple[Bin, ...]:
    lines = zip(event.count, event.probability, event.observed, _draws(event), strict=True)
    bins = []
    for count, probability, observed, draws in lines:
        low, high = wilson(float(observed), float(draws))
        line = Bin(count=int(count), probability=float(probability), observed=float(observed), low=low, high=high)
        bins.append(line)
    return tuple(bins)


def _ece_by_chance(event: _Binned) -> float:
    """Mean over bins of E|N(0, s^2)| = s sqrt(2/pi), s the standard error of a bin's share were each p the truth."""
    variance = np.bincount(event.place, weights=event.weight**2 * event.chance * (1.0 - event.chance)) / event.mass**2
    return float(event.mass @ np.sqrt(variance)) * math.sqrt(2.0 / math.pi)


def _decomposed(event: _Binned) -> Floats:
    """(5,) Brier score, reliability, resolution, uncertainty and within of one event."""
    rate = float(event.weight @ event.happened)
    apart, off = event.chance - event.probability[event.place], event.happened - event.observed[event.place]
    return np.array(
        [
            event.weight @ np.square(event.chance - event.happened),
            event.mass @ np.square(event.probability - event.observed),
            event.mass @ np.square(event.observed - rate),
            rate * (1.0 - rate),
            event.weight @ (np.square(apart) - 2.0 * apart * off),
        ]
    )


LEVEL = 0.9
LEAST_RESIDUALS = 20
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
    return squares > 0.0 and float(weight.sum()) ** 2 / squares >= LEAST_RESIDUALS - 1e-9


def _by_third(predicted: Floats, covered: Floats, weight: Floats) -> tuple[float, ...]:
    if len(predicted) < 3:
        return ()
    parts: list[NDArray[np.intp]] = np.array_split(np.argsort(predicted, kind="stable"), 3)
    return tuple(float(np.average(covered[part], weights=weight[part])) for part in parts)


def _why_none(rows: OutOfFold) -> str:
    if len(np.unique(rows.fold)) < 2:
        return "with a single fold there are no residuals of other folds to make them from"
    where = "earlier folds" if rows.scheme == "forward" else "the other folds"
    return f"{where} hold fewer than {LEAST_RESIDUALS} residuals to make them from"


def _resting_on(rows: OutOfFold) -> str:
    if rows.scheme == "forward":
        return "not guaranteed: the future need not be like the past"
    if rows.grouped:
        return "not guaranteed: rows of one group are not exchangeable; for rows of groups that were never seen"
    if rows.scheme == "predefined":
        return "near 90 % only if the folds in the config were dealt at random"
    return "near 90 % for rows drawn like these, and in theory not much below 80 %"
