"""The local engine: units in worker processes of this machine, each held to the limits of the plan."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from kiss_bench.engines import Choice
from kiss_bench.engines.memory import check_watchable
from kiss_bench.engines.pool import Pool
from kiss_bench.engines.processes import level_of_workers, warm_up, workers_for
from kiss_bench.evaluation.arithmetic import LevelError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.plan import Arithmetic


class LocalEngine:
    """Runs units in `jobs` worker processes (default: one per available core, and never more than that).

    Raises KissBenchError for a limit that cannot be watched here.
    """

    def __init__(self, exam: Exam, jobs: int | None = None) -> None:
        from kiss_bench.engines import worker

        warm_up(exam.plan.arithmetic)
        check_watchable(exam.plan.limits)  # asked of this very machine: on a cluster it may be another than the run's
        self.work = worker.work
        self.pool = Pool(exam, jobs, exam.plan.limits)
        self.folder = self.pool.premises.folder

    def run(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """Yields every unit with its outcome; the next units are taken from `units` as workers come free.

        Raises LevelError where a worker does not compute at the level of the exam.
        """
        for unit, ended in self.pool.each(self.work, units):
            if ended.error == LevelError.__name__:
                raise LevelError(ended.reason)
            yield unit, failed(unit, ended.error, ended.reason) if ended.error else ended.value

    def finish(self) -> int:
        """Begins no further unit: `run` ends with those under way, whose number this is."""
        return self.pool.finish()

    def close(self) -> None:
        self.pool.close()


def failed(unit: Unit, error: str, reason: str) -> Any:
    """The outcome of a unit that came to no other."""
    return Outcome(
        rung=unit.step.name,
        arm=unit.arm,
        repeat=unit.repeat,
        fold=unit.fold,
        purpose=unit.purpose,
        status="failed",
        error=error,
        reason=reason,
    )


class LocalWorkforce:
    """The processes of this machine; they start with the engine, what they import a moment before."""

    def __init__(self, jobs: int | None, arithmetic: Arithmetic) -> None:
        warm_up(arithmetic)
        self.size, self.arithmetic = workers_for(jobs), arithmetic

    @cached_property
    def level(self) -> str:
        return level_of_workers(self.arithmetic)

    def engine(self, exam: Exam) -> LocalEngine:
        return LocalEngine(exam, self.size)

    def close(self) -> None:
        """Nothing is left once the engine is closed: the fork server ends with this process."""


def hire(choice: Choice) -> LocalWorkforce:
    return LocalWorkforce(choice.jobs, choice.arithmetic)
