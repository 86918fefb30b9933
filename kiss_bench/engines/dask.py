"""The Dask engine: the same units on Dask workers, here or elsewhere, with the same outcomes.

Without a scheduler's address there is a cluster of our own on this machine: the scheduler in this process, each worker
a process that ends with it. Dask's LocalCluster would import the caller's script again in each worker and leave its
workers to a nanny, whose children are not allowed children. Ours are plain commands:
`python -m kiss_bench.engines.dask FOLDER`.
"""

import asyncio
import importlib.util
import logging
import os
import pickle
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import PathFinder
from itertools import chain, islice
from pathlib import Path
from typing import Any

from kiss_bench.engines import Choice
from kiss_bench.engines.processes import level_of_workers, warm_up, workers_for
from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Exam, Outcome, Place, Unit
from kiss_bench.plan.plan import Step
from kiss_bench.records.modules import modules_behind


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceBundle:
    """What the rungs of a ladder need beyond kiss_bench."""

    files: Mapping[str, bytes]
    """Path below the folder that is to be on the import path -> content."""
    versions: Mapping[str, str]
    """Distribution -> version, for estimators that were installed; every machine has to have the same."""


def pack(ladder: tuple[Step, ...]) -> SourceBundle:
    """The modules that the ladder names, and those that they import, as far as they are files of the user.

    Only `.py` files travel. Raises RungError for a module that is nowhere to be found.
    """
    files: dict[str, bytes] = {}
    versions: dict[str, str] = {}
    for module in modules_behind([step.estimator for step in ladder if step.estimator is not None]):
        versions |= module.versions
        files |= {_place(path, module.name): path.read_bytes() for path in module.files}
    return SourceBundle(files=files, versions=versions)


def _place(path: Path, top: str) -> str:
    """A file of the package `models` -> `models/deep/one.py`; a plain module stays `models.py`."""
    spec = PathFinder.find_spec(top)
    folders = [Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ()]
    inside = [Path(top) / path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]
    return inside[0].as_posix() if inside else path.name


ADDRESS = re.compile(r"(\w+://)?.+:\d+")
"""Of a scheduler: without a port Dask would wait for half a minute before it says so."""
ANSWER = 10.0
"""Seconds for a scheduler to answer, and for its first worker to be there."""
PATIENCE = 60.0
"""Seconds without a single worker after which a run on somebody else's scheduler gives up."""
RESULT = 300.0
"""Seconds for a result to arrive: the predictions of a million rows over a slow line."""
LOOK = 1.0
"""Seconds between looks at scheduler and workers."""


def hire(choice: Choice) -> "DaskWorkforce":
    """Raises KissBenchError where Dask is not installed and where the scheduler does not answer."""
    if importlib.util.find_spec("distributed") is None:
        raise KissBenchError("--engine dask needs: pip install 'kiss-bench[dask]'")
    return DaskWorkforce(choice)


class DaskWorkforce:
    """A client of a Dask scheduler, our own or a running one."""

    def __init__(self, choice: Choice) -> None:
        self.own: OwnCluster | None = None
        with ExitStack() as stack:
            if choice.scheduler is None:
                self.own = OwnCluster(workers_for(choice.jobs))
                stack.callback(self.own.close)
            from distributed.utils import silence_logging_cmgr

            stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what is to be said, this engine says
            self.client = _connected(choice.scheduler or (self.own.address if self.own else ""))
            stack.callback(self.client.close)
            self.size = len(self.own.workers) if self.own else self._first_workers()
            self.arithmetic = choice.arithmetic
            self.started = stack.pop_all()

    @cached_property
    def level(self) -> str:
        """As it is on this machine: workers that do not have it are refused."""
        return level_of_workers(self.arithmetic)

    def _first_workers(self) -> int:
        """How many units the workers of a running scheduler take at a time."""
        with suppress(TimeoutError):
            self.client.wait_for_workers(1, timeout=ANSWER)
            return sum(self.client.nthreads().values())
        address = self.client.scheduler.address
        raise KissBenchError(f"the Dask scheduler at {address} has no workers; start some with: dask worker {address}")

    def engine(self, exam: Exam) -> "DaskEngine":
        return DaskEngine(self, exam)

    def close(self) -> None:
        self.started.close()


def _connected(address: str) -> Any:
    from distributed import Client

    why = "" if ADDRESS.fullmatch(address) else "no host and port"
    try:
        if not why:
            return Client(address, timeout=ANSWER, set_as_default=False, asynchronous=False)
    except (OSError, ValueError) as error:
        why = f"nobody answers within {ANSWER:g} s" if isinstance(error, OSError) else str(error)
    raise KissBenchError(
        f"--scheduler: found {address!r}: {why}; allowed: the address of a running `dask scheduler`, "
        "such as tcp://10.0.0.5:8786"
    )


def _fetched(future: Any) -> Outcome:
    """The result of a task that has ended. Raises TimeoutError where it does not come, or went with its worker.

    A line may be slow; but what was lost with the last worker would be waited for as long as there is none.
    """
    patience = ANSWER
    while True:
        try:
            outcome: Outcome = future.result(timeout=patience)
        except TimeoutError:
            if future.status != "finished" or patience > RESULT:
                raise
            patience *= 2.0
        else:
            return outcome


class DaskEngine:
    """Runs units on all workers that the scheduler has, also on those that join later.

    Raises KissBenchError where the scheduler or all workers are gone for good, and where a worker would compute
    something else: what was yielded until then is the caller's.
    """

    def __init__(self, workforce: DaskWorkforce, exam: Exam) -> None:
        from kiss_bench.engines.dask_worker import Serving, facts
        from kiss_bench.records.keys import LIBRARIES

        self.workforce, self.client = workforce, workforce.client
        self.name = f"kiss-bench-{uuid.uuid4().hex}"
        self.threads, self.sent = workforce.size, 0
        self.looked = self.seen = time.monotonic()
        self.away: dict[str, tuple[Any, Unit]] = {}
        """Key of a Dask task -> its future, its unit."""
        self.back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.finishing = self.taken_back = False
        self.handed = 0
        """Results that the caller has in hand, one or none."""
        self.suspects: set[Place] = set()
        """Units that run alone from now on, since too many workers were lost while they waited or ran there."""
        bundle = pack(exam.plan.ladder)
        wanted = facts(("kiss-bench", *LIBRARIES, *bundle.versions))
        if workforce.own is None:
            self._greet(wanted)
        self.client.register_plugin(Serving(self.name, pickle.dumps(exam, protocol=5), bundle.files, wanted))

    def _greet(self, wanted: Mapping[str, str]) -> None:
        """Makes sure that a running cluster is like this process, and that it forgets the run with this process."""
        from kiss_bench.engines.dask_worker import Sweeping, facts, unlike, unlike_sentence

        told = {}
        for address, found in self.client.run(facts, tuple(wanted), on_error="return").items():
            cannot = f"cannot load kiss_bench ({found})"
            told[address] = unlike(wanted, found) if isinstance(found, Mapping) else cannot
        if any(told.values()):
            raise KissBenchError(unlike_sentence({address: text for address, text in told.items() if text}))
        try:
            self.client.register_plugin(Sweeping(self.name, self.client.id))
        except (ImportError, AttributeError) as error:
            raise KissBenchError(
                f"the Dask scheduler at {self._address} cannot load kiss_bench ({error}); install it there too: the "
                "scheduler clears up on the workers if this process is killed"
            ) from None

    @property
    def _address(self) -> str:
        return str(self.client.scheduler.address)

    def run(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        source, todo = iter(units), deque[Unit]()
        while True:
            if self.finishing:
                source = iter(())
                todo.clear()
                self._take_back()
            todo.extend(islice(source, 0 if todo else 1))
            if not todo and not self.away:
                return
            self._look()
            while todo and self._room_for(todo[0]):
                self._send(todo.popleft())
                todo.extend(islice(source, 0 if todo else 1))
            future = self._next()
            if future is None or future.key not in self.away:
                continue
            _, unit = self.away.pop(future.key)
            outcome = self._outcome(unit, future)
            if outcome is None:
                todo.appendleft(unit)
            else:
                self.handed = 1
                yield unit, outcome
                self.handed = 0

    def finish(self) -> int:
        self.finishing = True
        return min(len(self.away), self.threads) + self.handed

    def _take_back(self) -> None:
        """Cancels, once, what still waits on a worker."""
        from kiss_bench.engines.dask_worker import begun

        if self.taken_back:
            return
        self.taken_back = True
        with suppress(OSError):  # the look at scheduler and workers will tell
            kept = set(chain.from_iterable(self.client.run(begun, on_error="ignore").values()))
            waiting = [key for key, (future, _) in self.away.items() if key not in kept and not future.done()]
            self.client.cancel([self.away.pop(key)[0] for key in waiting])

    def _room_for(self, unit: Unit) -> bool:
        """Whether to hand out another unit: two a thread, so that none waits for us; a suspect gets out alone."""
        if unit.place in self.suspects or any(one.place in self.suspects for _, one in self.away.values()):
            return not self.away
        return len(self.away) < 2 * self.threads

    def _send(self, unit: Unit) -> None:
        from kiss_bench.engines.dask_worker import work

        self.sent += 1
        future = self.client.submit(work, self.name, unit, key=f"{self.name}-{self.sent}", pure=False)
        self.away[future.key] = (future, unit)
        future.add_done_callback(self.back.put)

    def _next(self) -> Any:
        try:
            return self.back.get(timeout=LOOK)
        except queue.Empty:
            return None

    def _outcome(self, unit: Unit, future: Any) -> Outcome | None:
        """None where the unit has to run again: whatever was lost, it was not its fault as far as one can tell."""
        from distributed import KilledWorker

        from kiss_bench.engines.dask_worker import WorkerLeftError

        problem = None
        try:
            if future.status == "finished":
                return _fetched(future)
            problem = future.exception(timeout=ANSWER) if future.status == "error" else None
        except (OSError, CancelledError):  # a worker, or the scheduler, went with the result in its hands
            self.looked = 0.0
            return None
        if problem is None or isinstance(problem, WorkerLeftError):
            return None
        if isinstance(problem, KissBenchError):
            raise problem
        if not isinstance(problem, KilledWorker):
            raise KissBenchError(f"the Dask workers cannot run {unit.name}: {type(problem).__name__}: {problem}")
        if unit.place not in self.suspects:
            self.suspects.add(unit.place)
            return None
        return Outcome(
            rung=unit.step.name, arm=unit.arm, repeat=unit.repeat, fold=unit.fold, purpose=unit.purpose,
            status="failed", error="WorkerDied",
            reason=f"{problem.allowed_failures + 1} Dask workers were lost one after another while it ran there alone",
        )  # fmt: skip

    def _look(self) -> None:
        """Once in a while: whether the scheduler is there, and how many workers."""
        now = time.monotonic()
        if now - self.looked < LOOK:
            return
        self.looked = now
        try:
            present = self.client.nthreads(callback_timeout=ANSWER) if self.client.status == "running" else None
        except (OSError, RuntimeError):
            present = None
        if present is None:
            raise KissBenchError(
                f"the Dask scheduler at {self._address} is gone. Every finished unit is stored; the same command goes "
                "on from there once a scheduler runs"
            )
        self.threads = sum(present.values()) or 1
        if self.workforce.own is not None:
            self.workforce.own.revive(len(present))
        elif present:
            self.seen = now
        elif now - self.seen > PATIENCE:
            raise KissBenchError(
                f"the Dask scheduler at {self._address} has had no workers for {PATIENCE:g} s. Every "
                f"finished unit is stored; start some with `dask worker {self._address}` and run the same command again"
            )

    def close(self) -> None:
        if self.client.status != "running":
            return
        with suppress(OSError, ValueError):  # a worker, or the scheduler, that is going itself
            self.client.cancel([future for future, _ in self.away.values()])
            self.client.unregister_worker_plugin(self.name)


LOOPBACK = "127.0.0.1"
UNWATCHED = {"distributed.worker.profile.enabled": False}
"""Dask looks at what its threads do a hundred times a second; ours wait for a process."""
GIVE_UP = 10
"""So many workers in a row may end before any of them is heard of."""
FAREWELL = 5.0
"""Seconds in which a worker has to end before it is killed."""


class OwnCluster:
    """`count` Dask workers of one thread each, and their scheduler; reachable from this machine alone."""

    def __init__(self, count: int) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiss-bench-")
        self.address = ""
        self.ended = 0
        # They load their libraries while this process loads Dask and reads the data.
        self.workers = [self._start() for _ in range(count)]
        import dask
        from distributed import Scheduler
        from distributed.deploy.spec import SpecCluster

        class Portless(Scheduler):
            def start_http_server(self, *_: Any, **__: Any) -> None:
                """No dashboard, and no port for one."""

        options = {"host": LOOPBACK, "port": 0, "dashboard": False, "local_directory": self.folder}
        scheduler = {"cls": Portless, "options": options}
        with dask.config.set(UNWATCHED):
            self.cluster = SpecCluster(
                scheduler=scheduler, workers={}, asynchronous=False, silence_logs=logging.CRITICAL
            )
        self.address = self.cluster.scheduler_address
        for worker in self.workers:
            self._call(worker)

    def _start(self) -> "subprocess.Popen[bytes]":
        # -P and the path of this process: what it can import, and nothing that lies about in its working directory
        path = os.pathsep.join(folder for folder in sys.path if folder)
        return subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-P", "-m", __name__, self.folder],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": self.folder},  # cleared away as one, whoever is killed
            start_new_session=True,  # Ctrl-C is for this process, which knows what to do about it
        )

    def _call(self, worker: "subprocess.Popen[bytes]") -> None:
        """Tells a worker where the scheduler is; it ends as soon as this pipe does."""
        assert worker.stdin is not None
        with suppress(BrokenPipeError):  # it is dead: see `revive`
            worker.stdin.write(f"{self.address}\n".encode())
            worker.stdin.flush()

    def revive(self, present: int) -> None:
        """Starts a new worker for each that ended; `present` is how many the scheduler has.

        Raises KissBenchError where they end again and again before any is present.
        """
        self.ended = 0 if present else self.ended
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.ended += 1
                if self.ended > GIVE_UP:
                    raise KissBenchError(
                        f"the Dask workers end as soon as they start (exit code {worker.returncode}); "
                        "try --engine local"
                    )
                _hang_up(worker)
                self.workers[place] = self._start()
                self._call(self.workers[place])

    def close(self) -> None:
        for worker in self.workers:
            _hang_up(worker)
        for worker in self.workers:
            try:
                worker.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self.cluster.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _hang_up(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stdin is not None
    with suppress(BrokenPipeError):
        worker.stdin.close()


async def _serve(address: str, folder: Path) -> None:
    """A Dask worker until its parent or its scheduler is gone."""
    from distributed import Worker

    class Portless(Worker):
        def start_http_server(self, *_: Any, **__: Any) -> None:
            """No dashboard, and no port for one."""

    # memory_limit: what a unit may take is a matter of our own rules, not of Dask's
    worker: Any = Portless(address, nthreads=1, host=LOOPBACK, memory_limit=0, local_directory=str(folder))
    threading.Thread(target=_end_with_parent, args=(worker, folder), daemon=True).start()
    await worker
    await worker.finished()


def _end_with_parent(worker: Any, folder: Path) -> None:
    from kiss_bench.engines.dask_worker import Serving

    sys.stdin.read()
    late = threading.Timer(FAREWELL, os._exit, (1,))
    late.daemon = True
    late.start()
    for plugin in list(worker.plugins.values()):
        if isinstance(plugin, Serving):
            plugin.close()  # it has processes, and the user's rows
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """The command of one worker; its folder is the argument, the scheduler's address the first line of its input."""
    folder = Path(sys.argv[1])
    warm_up()
    import dask
    from distributed.utils import silence_logging_cmgr

    dask.config.set(UNWATCHED)

    address = sys.stdin.readline().strip()
    if not address:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with silence_logging_cmgr(logging.CRITICAL):
            asyncio.run(_serve(address, folder))


if __name__ == "__main__":
    main()
