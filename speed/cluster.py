"""What a cluster of N workers would take, by arithmetic on the seconds that units took."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Units that may run side by side: default fits, then studies."""

    seconds: Mapping[str, float]
    """Unit -> what it took in its worker."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    workers: int
    seconds: float
    bound_by: str
    """`work` while there is more of it than workers can share out evenly; else the unit that all others end before."""


def forecast(stages: Sequence[Stage], workers: int, start_up: float) -> Forecast:
    """The wall of units dealt out slowest first, stage after stage, to so many workers (Graham 1969).

    A stage can't be shorter than its longest unit, nor than its work divided by the workers; what is nearer to the
    forecast bounds it, of the stage that takes longest.
    """
    total, worst, bound = start_up, -1.0, "work"
    for stage in stages:
        if not stage.seconds:
            continue
        ends = dealt(tuple(stage.seconds.values()), workers)
        total += ends
        if ends > worst:
            longest = max(stage.seconds, key=lambda unit: stage.seconds[unit])
            even = sum(stage.seconds.values()) / workers
            worst, bound = ends, longest if stage.seconds[longest] > even else "work"
    return Forecast(workers=workers, seconds=total, bound_by=bound)


def dealt(seconds: Sequence[float], workers: int) -> float:
    """When the last of `workers` is done that take the longest unit left whenever they are free."""
    free = [0.0] * workers
    for each in sorted(seconds, reverse=True):
        heapq.heappush(free, heapq.heappop(free) + each)
    return max(free)
