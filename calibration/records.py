"""What a design is, what one draw of it holds, and what is read off many draws."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from calibration.splits import Floats, Random
from kiss_bench.judge import Predictions, Terms, Trio

Figures = dict[str, float]
"""What one draw came to, by name."""
Draws = Mapping[str, Floats]
"""The same for all draws: an array each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One draw of a pair of models on the same rows and folds, with all repeats there are."""

    rows: Predictions
    terms: Terms
    trio: Trio


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
    sources: tuple[str, ...] = ("judge", "metrics*")
    """Parts of kiss_bench that its draws depend on, as patterns: a change in them makes stored draws stale."""
