"""Level 0, forward in time only: the last known value, or the one a season ago."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.rungs._rung import Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from kiss_bench.rungs._last_value import LastValue

    return LastValue(**{"season": surroundings.season, **settings})


RUNG = Rung(
    name="naive",
    level=0,
    summary="the last known value, or the one a season ago",
    explain="one number of the past",
    encoding="time",
    build=build,
    tasks=("regression",),
    needs_time=True,
)
