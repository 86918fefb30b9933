"""The number of rounds of a boosted model, found for free: the minimum of the mean inner curve (as lgb.cv does).

The inner folds are grown one after another, each until its own curve has not improved for `patience` rounds. Before the
mean is taken every curve is grown on to the longest of their minima: where each curve falls and then rises, the minimum
of the mean lies between the shortest and the longest of them.
"""

import numpy as np

from kiss_bench.rungs._rung import Growing, Rounds


def grow_to_minimum(growing: Growing, rounds: Rounds) -> int:
    """Grows until `patience` rounds bring nothing, or to the cap; the number of rounds at the curve's minimum."""
    while True:
        best = int(np.argmin(growing.losses)) + 1 if growing.losses else 0
        reach = min(best + rounds.patience, rounds.cap)
        if len(growing.losses) >= reach:
            return best
        growing.grow(reach)


def grow_to_common_minimum(growings: list[Growing]) -> int:
    """The number of rounds that minimises the mean curve of all inner folds."""
    longest = max(int(np.argmin(growing.losses)) + 1 for growing in growings)
    for growing in growings:
        growing.grow(longest)
    mean = np.mean([growing.losses[:longest] for growing in growings], axis=0)
    return int(np.argmin(mean)) + 1
