"""What runs inside a Dask worker: for each run that it serves a local engine of its own, in which the units run.

So a unit is as isolated, as limited and as repeatable as on one machine, and takes no Dask worker along.
"""

import asyncio
import hashlib
import importlib.metadata
import multiprocessing
import pickle
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import SchedulerPlugin, WorkerPlugin

import kiss_bench
from kiss_bench.engines.local import LocalEngine
from kiss_bench.engines.processes import warm_up
from kiss_bench.engines.work_directory import MODULES
from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.arithmetic import LevelError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit

SOURCE = "source of kiss_bench"
ARRIVAL = 60.0
"""Seconds within which the exam reaches a worker that was just started; it is on its way when the first unit comes."""


class WorkerLeftError(Exception):
    """The worker was told to go while the unit ran; it has to run elsewhere."""


class UnlikeError(KissBenchError):
    """A worker does not have what the run wants; its results might differ."""


def facts(names: Iterable[str]) -> dict[str, str]:
    """Versions of the distributions of these names, as far as they are installed here, and a hash of our own source."""
    found = {}
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    root, digest = Path(kiss_bench.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return {**found, SOURCE: digest.hexdigest()[:12]}


def unlike(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """In which facts a worker differs, in words; empty where it does not."""
    pairs = [(name, found.get(name, "none"), version) for name, version in wanted.items()]
    return ", ".join(f"{name}: has {has}, wanted {version}" for name, has, version in pairs if has != version)


def unlike_sentence(told: Mapping[str, str]) -> str:
    """The refusal of workers that differ; `told` is address -> in what."""
    lines = "\n".join(f"  {address}: {text}" for address, text in told.items())
    return (
        f"Dask workers that are not like this process, so that results might differ; install the same there:\n{lines}"
    )


def begun(dask_worker: Any) -> list[str]:
    """Keys of the tasks that a worker has begun, and of those that have ended there and wait to be fetched."""
    return [str(key) for key, task in dask_worker.state.tasks.items() if task.state in {"executing", "memory"}]


class Serving(WorkerPlugin):
    """One run's exam on one Dask worker. The scheduler hands it to every worker, whenever that joins."""

    def __init__(self, run: str, exam: bytes, modules: Mapping[str, bytes], wanted: Mapping[str, str]) -> None:
        self.name = run
        self.exam, self.modules, self.wanted = exam, modules, wanted

    def setup(self, worker: Any) -> None:
        self.threads, self.address = worker.state.nthreads, worker.address
        self.unlike = unlike(self.wanted, facts(self.wanted))
        self.engines: list[LocalEngine] = []
        self.idle: list[LocalEngine] = []
        self.left = False
        self.lock = threading.Lock()
        # A nanny's worker is daemonic, which forbids children lest they outlive it; ours end with it by themselves.
        multiprocessing.current_process().daemon = False
        warm_up()

    def run(self, unit: Unit) -> Outcome:
        """The outcome of a unit. Raises WorkerLeftError where the run left this worker meanwhile."""
        if self.unlike:
            raise UnlikeError(unlike_sentence({self.address: self.unlike}))
        engine = self._idle_engine()
        try:
            [(_, outcome)] = engine.run([unit])
        except LevelError as error:
            raise UnlikeError(unlike_sentence({self.address: str(error)})) from None
        except (KissBenchError, ValueError):  # sent away, or before it could say anything
            if self.left:
                raise WorkerLeftError from None
            raise
        with self.lock:
            self.idle.append(engine)
        return outcome

    def _idle_engine(self) -> LocalEngine:
        """An engine of one process for the calling thread; each thread of Dask's comes to one."""
        with self.lock:
            if self.left:
                raise WorkerLeftError
            if not self.idle:
                exam: Exam = pickle.loads(self.exam)  # noqa: S301  (whoever may register a plugin may run anything)
                engine = LocalEngine(exam, 1)
                self.engines.append(engine)
                self.idle.append(engine)
                self._unpack(engine.folder)
                if len(self.engines) == self.threads:
                    self.exam = b""
            return self.idle.pop()

    def _unpack(self, folder: Path) -> None:
        for place, content in self.modules.items():
            path = folder / MODULES / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    async def teardown(self, worker: Any) -> None:  # noqa: ARG002  (Dask's signature)
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Ends the processes and removes their files; units under way are lost."""
        with self.lock:
            self.left = True
            engines, self.engines = self.engines, []
        for engine in engines:
            engine.close()


class Sweeping(SchedulerPlugin):
    """Clears a run away from the workers of a cluster that lives on when the process that started the run is gone."""

    def __init__(self, run: str, client: str) -> None:
        self.name = f"{run}-sweeping"
        self.run, self.client = run, client
        self.sweeping: asyncio.Task[None] | None = None

    def remove_client(self, scheduler: Any, client: str) -> None:
        if client == self.client:
            self.sweeping = asyncio.get_running_loop().create_task(self._sweep(scheduler))

    async def _sweep(self, scheduler: Any) -> None:
        with suppress(ValueError, OSError):  # cleared away already, or a worker that is going itself
            await scheduler.unregister_worker_plugin(comm=None, name=self.run)
        with suppress(ValueError):
            await scheduler.unregister_scheduler_plugin(name=self.name)


def work(run: str, unit: Unit) -> Outcome:
    """The Dask task: the outcome of one unit."""
    plugins: dict[str, Any] = get_worker().plugins
    until = time.monotonic() + ARRIVAL
    while run not in plugins or not hasattr(plugins[run], "lock"):
        if time.monotonic() > until:
            raise WorkerLeftError
        time.sleep(0.05)
    serving: Serving = plugins[run]
    return serving.run(unit)
