"""The local engine: units in worker processes of this machine, each held to the limits of the plan.

Its pool of workers shares one value and outlasts whatever a piece of work does to one of them.
"""

import contextlib
import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from queue import Empty
from typing import Any, TypeVar

from kiss_bench.engines import Choice
from kiss_bench.engines.memory import check_watchable
from kiss_bench.engines.processes import Ended, level_of_workers, warm_up, workers_for
from kiss_bench.engines.supervisor import Supervisor
from kiss_bench.engines.work_directory import WorkDirectory, laid_out
from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.arithmetic import LevelError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.plan import Arithmetic, Limits

Item = TypeVar("Item")
Shared = TypeVar("Shared")
Found = TypeVar("Found")
WINDOW = 2
"""Items a worker that are taken from the caller at a time: one in hand, one to go on with."""
POLL = 0.1
"""Seconds after which a wait looks up to see whether it should end; a signal handler runs in between."""
NO_MORE: Any = object()


class Pool:
    """`jobs` workers (one a core unless fewer are asked for, and never more than cores).

    Raises RecordError where `shared` cannot be written into a temporary folder, and KissBenchError where no process
    can be started.
    """

    def __init__(self, shared: Any, jobs: int | None = None, limits: Limits | None = None) -> None:
        warm_up()
        self.size = workers_for(jobs)
        self.directory = WorkDirectory(shared)
        with contextlib.ExitStack() as undo:
            undo.callback(self.directory.close)
            self.supervisor = Supervisor(self.size, self.directory, limits or Limits())
            undo.pop_all()
        self._numbers = itertools.count()
        self._handed = 0
        """Results that the caller has in hand, one or none."""

    def each(self, function: Callable[[str, Item], Any], items: Iterable[Item]) -> Iterator[tuple[Item, Ended]]:
        """Yields every item with what became of `function(path, item)`, as it ends; `path` is for `laid_out`.

        Items are taken from `items` as workers come free. Raises KissBenchError where no worker can be kept alive.
        """
        source, asked = iter(items), dict[int, Item]()
        try:
            while True:
                while not self.supervisor.finishing and len(asked) < WINDOW * self.size:
                    item = next(source, NO_MORE)
                    if item is NO_MORE:
                        break
                    number = next(self._numbers)
                    asked[number] = item
                    self.supervisor.put(number, pickle.dumps((function, item), protocol=5))
                if self.supervisor.finishing:
                    self._forget(asked)
                if not asked:
                    return
                for number, ended in self._heard():
                    if number in asked:  # else of a caller who has lost interest
                        self._handed = 1
                        yield asked.pop(number), ended
                        self._handed = 0
        finally:
            self._handed = 0
            self._forget(asked)

    def _heard(self) -> Iterator[tuple[int, Ended]]:
        """The next result, if there is one before long."""
        with contextlib.suppress(Empty):
            found = self.supervisor.results.get(timeout=POLL)
            if found is None:
                raise KissBenchError(self.supervisor.broken or "the workers were sent away before they were done")
            number, ended = found
            yield number, pickle.loads(ended) if isinstance(ended, bytes) else ended  # noqa: S301  (from our worker)

    def _forget(self, asked: dict[int, Any]) -> None:
        for number in self.supervisor.take_back():
            asked.pop(number, None)

    def finish(self) -> int:
        """Lets `each` end with the items that workers have in hand, or have done with; tells how many these are.

        Those count that the caller has not dealt with yet. Only sets a flag, so that a signal handler may call it.
        """
        self.supervisor.finishing = True
        return self.supervisor.under_way + self.supervisor.results.qsize() + self._handed

    def close(self) -> None:
        """Kills the workers and removes what they shared."""
        self.supervisor.close()
        self.directory.close()


def each(
    work: Callable[[Shared, Item], Found], shared: Shared, items: Iterable[Item], jobs: int | None = None
) -> Iterator[tuple[Item, Found]]:
    """Yield every item with `work(shared, item)` as it ends, in an order of its own; `work` is a module's function.

    An exception of `work` is raised here. Raises KissBenchError where a worker process dies.
    """
    pool = Pool(shared, jobs)
    try:
        for (_, item), ended in pool.each(_do, ((work, item) for item in items)):
            yield item, _found(ended)
    finally:
        pool.close()


def _do(path: str, task: tuple[Callable[[Shared, Item], Found], Item]) -> Found:
    work, item = task
    return work(laid_out(path), item)


def _found(ended: Ended) -> Any:
    if ended.exception is not None:
        raise pickle.loads(ended.exception)  # noqa: S301  (from our own worker)
    if ended.error:
        raise KissBenchError(f"{ended.error}: {ended.reason}")
    return ended.value


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
        self.folder = self.pool.directory.folder

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
