"""The local engine: a pool of worker processes, one thread each, that survives a worker's death."""

import multiprocessing
import os
import pickle
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from multiprocessing import forkserver, spawn
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from kiss_bench.engines import Choice
from kiss_bench.evaluation.exam import Exam, Outcome, Unit

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Read by the numeric libraries when they load. Thread counts change the bytes of some solvers, so they are fixed."""
MODULES = "modules"
"""Folder beside the exam that workers import from first: source files of custom rungs, where they had to travel."""
_base: Any = multiprocessing.get_context(METHOD)
_launching = threading.Lock()


class QuietProcess(_base.Process):  # type: ignore[misc]
    """Starts without importing the caller's `__main__` again, so that a script needs no `__main__` guard."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802  (multiprocessing's name)
        with _launching:
            original = spawn.get_preparation_data
            spawn.get_preparation_data = lambda name: {
                key: value for key, value in original(name).items() if not key.startswith("init_main_from")
            }
            try:
                return _base.Process._Popen(process)
            finally:
                spawn.get_preparation_data = original


class QuietContext(type(_base)):  # type: ignore[misc]
    Process = QuietProcess


def available_cores() -> int:
    """Cores this process may use, which a container often limits."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def warm_up() -> None:
    """Starts the fork server, which loads the libraries while the caller goes on to read data; returns at once."""
    if METHOD != "forkserver":
        return
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        _base.set_forkserver_preload(["kiss_bench.engines.worker"])
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class LocalEngine:
    """Runs units in `jobs` worker processes (default: one per available core)."""

    def __init__(self, exam: Exam, jobs: int | None = None) -> None:
        from kiss_bench.engines import worker

        warm_up()
        self.folder = Path(tempfile.mkdtemp(prefix="kiss-bench-"))
        self.path = self.folder / "exam"
        with self.path.open("wb") as file:
            pickle.dump(exam, file, protocol=5)
        self.work = worker.work
        self.pool: Any = ProcessPool(
            max_workers=jobs or available_cores(),
            context=QuietContext(),
            initializer=worker.start,
            initargs=(str(self.folder),),
        )
        self.waiting: set[Future[Outcome]] = set()
        self.scheduling = threading.Lock()

    def run(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """May be called from several threads at a time; where one closes the engine, the others' units fail."""
        with self.scheduling:
            waiting: dict[Future[Outcome], Unit] = {
                self.pool.schedule(self.work, args=(str(self.path), unit)): unit for unit in units
            }
            self.waiting.update(waiting)
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            self.waiting -= done
            for future in done:
                unit = waiting.pop(future)
                yield unit, self._outcome(unit, future)

    def _outcome(self, unit: Unit, future: "Future[Outcome]") -> Outcome:
        problem = future.exception()  # asked for, not raised: a unit that calls sys.exit() must not end the run
        if problem is None:
            return future.result()
        error, reason = type(problem).__name__, str(problem) or "no message"
        if isinstance(problem, ProcessExpired):
            error, reason = "WorkerDied", f"its worker process {_ended(problem.exitcode)}"
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

    def close(self) -> None:
        with self.scheduling:
            self.pool.stop()
        self.pool.join()
        for future in tuple(self.waiting):
            if not future.done():  # the pool leaves them as they are, and a thread may wait for one
                future.set_exception(CancelledError())
        shutil.rmtree(self.folder, ignore_errors=True)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}" + (", as happens when memory runs out" if code == -9 else "")


class LocalCrew:
    """The processes of this machine; they start with the engine, what they import a moment before."""

    def __init__(self, jobs: int | None) -> None:
        warm_up()
        self.workers = jobs or available_cores()

    def engine(self, exam: Exam) -> LocalEngine:
        return LocalEngine(exam, self.workers)

    def close(self) -> None:
        """Nothing is left once the engine is closed: the fork server ends with this process."""


def hire(choice: Choice) -> LocalCrew:
    return LocalCrew(choice.jobs)
