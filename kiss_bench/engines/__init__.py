"""Engines run units and hand their outcomes back as they end; which engine ran is not to be seen in any result."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from kiss_bench.evaluation.exam import Outcome, Unit


class Engine(Protocol):
    """What `bench` knows of an engine."""

    def run(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """Runs every unit, in an order of its own, and yields each with its outcome as soon as it ends."""

    def finish(self) -> int:
        """Begins no further unit: `run` ends with those under way, as many as said. A signal handler may call it."""

    def close(self) -> None:
        """Ends the workers; units under way are lost, and run again by the next run."""
