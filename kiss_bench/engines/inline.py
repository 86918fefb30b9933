"""The inline engine: units in this very process, one after the other; for notebooks, debuggers and emulators.

Nothing stands between a unit and the run: one that crashes takes the run along, and no limit can be held.
"""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from kiss_bench.engines import Choice
from kiss_bench.engines.local import failed
from kiss_bench.evaluation.arithmetic import check_level, level_here
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.tuning.unit import run_unit


class InlineEngine:
    """Runs units here; what a model prints is seen, and where it asks to exit, it failed."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self.finishing, self.busy = False, 0

    def run(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        check_level(self.exam.level)
        for unit in units:
            self.busy, started = 1, time.perf_counter()
            with _generators_kept():
                try:
                    outcome = run_unit(self.exam, unit)
                except SystemExit as error:
                    outcome = failed(unit, "SystemExit", str(error) or "no message")
            seconds = time.perf_counter() - started
            yield unit, replace(outcome, costs=replace(outcome.costs, unit_seconds=seconds))
            self.busy = 0
            if self.finishing:
                return

    def finish(self) -> int:
        self.finishing = True
        return self.busy

    def close(self) -> None:
        """Nothing was started."""


@contextmanager
def _generators_kept() -> Iterator[None]:
    """A unit seeds the global generators; the caller's go on from where they were."""
    numbers, draws = random.getstate(), np.random.get_state()  # noqa: NPY002  (the legacy generator is the global one)
    try:
        yield
    finally:
        random.setstate(numbers)
        np.random.set_state(draws)  # noqa: NPY002


class InlineWorkforce:
    """The process at hand, one unit at a time."""

    size = 1

    @property
    def level(self) -> str:
        return level_here()

    def engine(self, exam: Exam) -> InlineEngine:
        return InlineEngine(exam)

    def close(self) -> None:
        """Nothing was started."""


def hire(choice: Choice) -> InlineWorkforce:  # noqa: ARG001  (nothing to choose)
    return InlineWorkforce()
