"""Engines run units and hand their outcomes back as they end; which engine ran is not to be seen in any result."""

import importlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from kiss_bench.errors import KissBenchError
from kiss_bench.plan.faults import not_among

if TYPE_CHECKING:  # for the type checker alone: the command line looks here before it reads a config
    from kiss_bench.evaluation.exam import Exam, Outcome, Unit
    from kiss_bench.plan.plan import Arithmetic

ENGINES = ("local", "inline", "dask")
"""Each is a module of this folder with a function `hire(choice) -> Workforce`."""


class Engine(Protocol):
    """What a run knows of an engine."""

    def run(self, units: "Iterable[Unit]") -> "Iterator[tuple[Unit, Outcome]]":
        """Runs every unit, in an order of its own, and yields each with its outcome as soon as it ends."""

    def finish(self) -> int:
        """Begins no further unit: `run` ends with those under way, a result in the caller's hands counted as well.

        Returns how many these are. A signal handler may call it.
        """

    def close(self) -> None:
        """Ends the workers; units under way are lost, and run again by the next run."""


class Workforce(Protocol):
    """Workers that start while the data are read, before there is anything to run."""

    @property
    def size(self) -> int:
        """How many units run at a time."""

    @property
    def level(self) -> str:
        """The level of arithmetic at which units are computed, in the words of `level_here`."""

    def engine(self, exam: "Exam") -> Engine:
        """The engine for one exam; whoever asks closes it, before the workforce."""

    def close(self) -> None:
        """Lets go of everything that was started."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Where units run. Raises KissBenchError for an engine that there is not, and for words that do not go together."""

    engine: str = "local"
    jobs: int | None = None
    """Worker processes; None: one a core."""
    scheduler: str | None = None
    """Address of a running Dask scheduler; None: workers of our own."""
    arithmetic: "Arithmetic" = "v3"
    limited: bool = False
    """Whether the plan has limits on a unit, which need a process that can be stopped."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise KissBenchError(not_among("--engine", self.engine, ENGINES))
        if self.engine == "inline" and self.jobs not in {None, 1}:
            raise KissBenchError(
                f"--jobs: found {self.jobs} with --engine inline; allowed: 1, units run in this process"
            )
        if self.engine == "inline" and self.limited:
            raise KissBenchError("limits: found with --engine inline; allowed: --engine local, which can stop a unit")
        if self.scheduler is None:
            return
        if self.engine != "dask":
            raise KissBenchError(
                f"--scheduler: found {self.scheduler!r} with --engine {self.engine}; allowed: with --engine dask only"
            )
        if self.jobs is not None:
            raise KissBenchError(
                f"--jobs: found {self.jobs} with --scheduler; allowed: one of the two. The workers of a running "
                "scheduler are as many as were started there"
            )


def hired(choice: Choice) -> "closing[Workforce]":
    """A context that starts the workforce of an engine and lets it go again.

    Raises KissBenchError where the engine cannot be had: a library that is missing, a scheduler that does not answer.
    """
    module = importlib.import_module(f"kiss_bench.engines.{choice.engine}")
    return closing(cast("Workforce", module.hire(choice)))
