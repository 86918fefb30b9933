"""What a mean of many members, such as a forest, would score with all of them, told from a trial with fewer.

The expected loss of a mean of B alike members falls towards its limit as 1/B: by half the loss's curvature times the
variance between members, over B. Two halves of the members show that variance: half the distance d of a row's halves
has E[d^2] = variance / B. So a trial of B of T members, with mean m, is taken for

    value(T) = value(B) - (1 - B/T) * 4 * (mean of the values at m + d/2 and m - d/2, minus value(B)),

one step of Richardson's extrapolation (1911), the curvature a second difference at half the distance: exact for squared
error, and tame where a half says a probability of 0, whose logarithm is no use. Without it trials of few members
flatter settings whose members vary little, such as large leaves: the choice would be biased, not only noisy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from kiss_bench.evaluation.exam import Floats

Quantity = TypeVar("Quantity", float, Floats)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What one trial's model said of one inner fold's validation rows."""

    prediction: Floats
    halves: tuple[Floats, Floats] | None = None
    """The same by either half of the members; `prediction` is their mean."""
    missing: float = 0.0
    """1 - B/T, the share of members that the trial did without."""

    def extrapolated(self, quantity: Callable[[Floats], Quantity]) -> Quantity:
        """A score, or a loss a row, as all members would have it; as it is where none is missing."""
        found = quantity(self.prediction)
        if self.halves is None:
            return found
        first, second = (quantity((half + self.prediction) / 2.0) for half in self.halves)
        return found - self.missing * 4.0 * ((first + second) / 2.0 - found)
