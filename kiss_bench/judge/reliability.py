"""How far probabilities can be taken at their word: a reliability table, ECE and a decomposition of the Brier score.

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
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiss_bench.judge.judgement import Codes, Floats

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
