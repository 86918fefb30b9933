"""What a design is and what one draw of it holds; what is read off many draws, and what is asked of it.

Shares of wrong or right promotions, coverage of intervals, power against others' tests.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtri

from calibration.fits import Floats, Random

ALPHA = 0.05
RUNGS = 7
"""Tests of the ladder that ships: a rung's own share of alpha is alpha/7."""
LEVELS = {"": ALPHA, "_low": ALPHA / RUNGS}
"""Suffix of a figure's name -> the level it was decided at."""
Figures = dict[str, float]
"""What one draw came to, by name."""
Draws = Mapping[str, Floats]
"""The same for all draws: an array each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """One simulated world with a known truth. `draw` makes its data, fits, and lets the judge decide."""

    name: str
    what: str
    """In words, for the table."""
    draw: Callable[[Random], Figures]
    truth: float = 0.0
    """True gain in the metric's units at the size of the training parts; the margin, where size is measured."""
    bar: float | None = 0.05
    """Highest share of wrong promotions, or lowest share of right endings, asked for; None: reported only."""
    coverage: tuple[float, float] = (0.93, 0.99)
    """Least and greatest share of 95 % intervals that are to hold the truth."""
    draws: int | None = None
    """Draws where they are too dear for the number asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One figure over all draws, with its Monte-Carlo error."""

    value: float
    error: float = 0.0
    draws: int | None = None
    """How many draws a share was counted over; None where the figure is not a share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Lowest and highest value asked for; three Monte-Carlo errors beyond it are let pass."""

    low: float = -math.inf
    high: float = math.inf

    def passed(self, found: Measured) -> bool:
        return self.low - self._slack(self.low, found) <= found.value <= self.high + self._slack(self.high, found)

    @staticmethod
    def _slack(edge: float, found: Measured) -> float:
        """Three errors: those of a share that lies on the edge, else those of the figure itself."""
        if not math.isfinite(edge):
            return 0.0
        return 3.0 * (found.error if found.draws is None else math.sqrt(edge * (1.0 - edge) / found.draws))


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One figure that is read off every design of a group, and what is asked of it."""

    title: str
    read: Callable[[Design, Draws], Measured | None]
    bar: Callable[[Design], Bar | None] = lambda _: None
    digits: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Designs that share a table."""

    name: str
    title: str
    designs: tuple[Design, ...]
    columns: tuple[Column, ...]


Read = Callable[[Design, Draws], Measured | None]
ESCALATION = 0.93
"""Least share of the power of five repeats that repeats for contested pairs only must keep."""
OVER_CORRECTED_T = 1.5


def share(figure: str) -> Read:
    """Share of draws in which a figure is 1; nothing where the design has no such figure."""
    return lambda _, draws: shared(draws[figure]) if figure in draws else None


def shared(values: Floats) -> Measured:
    mean = float(values.mean())
    return Measured(value=mean, error=float(np.sqrt(mean * (1.0 - mean) / len(values))), draws=len(values))


def average(figure: str) -> Read:
    """Mean over draws; nothing where the design has no such figure."""

    def read(_: Design, draws: Draws) -> Measured | None:
        if figure not in draws:
            return None
        values = draws[figure]
        return Measured(value=float(values.mean()), error=float(values.std() / np.sqrt(len(values))))

    return read


def coverage(stage: str) -> Read:
    """Share of draws whose 95 % interval holds the true gain."""

    def read(design: Design, draws: Draws) -> Measured:
        low, high = draws[f"{stage}_low"], draws[f"{stage}_high"]
        return shared(((low <= design.truth) & (design.truth <= high)).astype(np.float64))

    return read


def honesty(stage: str) -> Read:
    """Median standard error over the standard deviation of the gain over draws: 1 where the error is what it says."""

    def read(_: Design, draws: Draws) -> Measured:
        gain = draws[f"{stage}_gain"]
        ratio = float(np.median(draws[f"{stage}_se"]) / gain.std())
        return Measured(value=ratio, error=ratio / np.sqrt(2.0 * len(gain)))

    return read


def bias(_: Design, draws: Draws) -> Measured:
    """Mean of the tested quantity in standard deviations of it: 0 where the margin is the true gain."""
    excess = draws["excess"]
    return Measured(value=float(excess.mean() / excess.std()), error=1.0 / float(np.sqrt(len(excess))))


def below(figure: str, suffix: str = "") -> Read:
    """Share of draws in which a test's p is small enough; nothing where the design has no such test."""
    return lambda _, draws: shared((draws[figure] <= LEVELS[suffix]).astype(np.float64)) if figure in draws else None


corrected_t = partial(below, "corrected_t_p")
larger_of_two = partial(below, "larger_p")


def oracle(suffix: str) -> Read:
    """Power of the one-sided test on five repeats that knows the standard deviation of its statistic over draws."""

    def read(_: Design, draws: Draws) -> Measured:
        excess = draws["excess"]
        return shared((excess > -ndtri(LEVELS[suffix]) * excess.std()).astype(np.float64))

    return read


def ratio(above: Read, below: Read) -> Read:
    """Ratio of two shares; its error as if they were independent, which is more than it is."""

    def read(design: Design, draws: Draws) -> Measured | None:
        top, bottom = above(design, draws), below(design, draws)
        if top is None or bottom is None or bottom.value == 0.0:
            return None
        value = top.value / bottom.value
        relative = np.hypot(top.error / max(top.value, 1e-9), bottom.error / bottom.value)
        return Measured(value=value, error=float(value * relative))

    return read


def paired_ratio(above: str, below: str) -> Read:
    """Ratio of the shares of two figures of the same draws, with the error of a ratio of paired means."""

    def read(_: Design, draws: Draws) -> Measured | None:
        top, bottom = draws[above], draws[below]
        if not bottom.any():
            return None
        value = float(top.mean() / bottom.mean())
        error = float((top - value * bottom).std() / bottom.mean() / np.sqrt(len(top)))
        return Measured(value=value, error=error)

    return read


def at_most_bar(design: Design) -> Bar | None:
    """At most the design's own bar."""
    return None if design.bar is None else Bar(high=design.bar)


def at_most_low_bar(design: Design) -> Bar | None:
    """The same share of the level a rung of the whole ladder is tested at."""
    return None if design.bar is None else Bar(high=design.bar / ALPHA * LEVELS["_low"])


def right_often_enough(design: Design) -> Bar | None:
    """At least the design's own bar."""
    return None if design.bar is None else Bar(low=design.bar)


def covers(design: Design) -> Bar | None:
    return None if design.bar is None else Bar(low=design.coverage[0], high=design.coverage[1])


def at_least(low: float) -> Callable[[Design], Bar | None]:
    return lambda _: Bar(low=low)


SIZES = (
    Column(title="auto", read=share("auto"), bar=at_most_bar),
    Column(title="five repeats", read=share("five"), bar=at_most_bar),
    Column(title="stage one", read=share("one"), bar=at_most_bar),
    Column(title="larger of two", read=larger_of_two("")),
    Column(title="auto at α/7", read=share("auto_low"), bar=at_most_low_bar, digits=4),
    Column(title="covers (auto)", read=coverage("auto"), bar=covers),
    Column(title="covers (five)", read=coverage("five"), bar=covers),
    Column(title="SE / sd", read=honesty("five"), digits=2),
    Column(title="off by (sd)", read=bias, digits=2),
)
SIZES_ONCE = (
    Column(title="wrong", read=share("auto"), bar=at_most_bar),
    Column(title="wrong at α/7", read=share("auto_low"), bar=at_most_low_bar, digits=4),
    Column(title="covers", read=coverage("auto"), bar=covers),
    Column(title="SE / sd", read=honesty("auto"), digits=2),
    Column(title="off by (sd)", read=bias, digits=2),
)
SIZES_GROUPED = (*SIZES, Column(title="groups worth", read=average("effective_groups"), digits=1))
POWERS = (
    Column(title="auto", read=share("auto")),
    Column(title="five repeats", read=share("five")),
    Column(title="auto / five", read=paired_ratio("auto", "five"), bar=at_least(ESCALATION), digits=2),
    Column(title="corrected t, one run", read=corrected_t("")),
    Column(
        title="auto / corrected t", read=ratio(share("auto"), corrected_t("")), bar=at_least(OVER_CORRECTED_T), digits=2
    ),
    Column(title="larger of two", read=larger_of_two("")),
    Column(title="known error", read=oracle("")),
    Column(title="runs again", read=share("contested"), digits=2),
    Column(title="auto at α/7", read=share("auto_low")),
    Column(title="five at α/7", read=share("five_low")),
    Column(title="corrected t at α/7", read=corrected_t("_low")),
    Column(title="larger of two at α/7", read=larger_of_two("_low")),
    Column(title="known error at α/7", read=oracle("_low")),
)
LADDERS = (
    Column(title="fallback: any", read=share("fallback_any"), bar=at_most_bar),
    Column(title="strict: any", read=share("strict_any"), bar=at_most_bar),
    Column(title="per_step: any", read=share("per_step_any")),
    Column(title="per_step says", read=average("per_step_said")),
    Column(title="fallback: truth", read=share("fallback_truth")),
    Column(title="strict: truth", read=share("strict_truth")),
    Column(title="per_step: truth", read=share("per_step_truth")),
)
RIGHT_ENDINGS = (
    Column(title="the judge", read=share("right"), bar=right_often_enough),
    Column(title="highest mean", read=share("best_right")),
)
