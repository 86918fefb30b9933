"""The supervisor of the worker processes: one thread that gives out work, listens, holds to limits, replaces the dead.

Each worker has a pipe of its own, so that one that dies in the middle of a word garbles nobody else's.
"""

import contextlib
import os
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from kiss_bench.engines.memory import descendants, own_bytes
from kiss_bench.engines.processes import ANSWER, BEGUN, READY, Ended, QuietContext, warm_up
from kiss_bench.engines.work_directory import WorkDirectory, end_group
from kiss_bench.plan.plan import Limits

LAST_WORDS = 4_000
"""Bytes kept of what a worker prints: the end is where it says why it dies."""
PIPE = 1 << 16
"""Bytes that a pipe holds."""
TOLD = 200
"""Characters of it that a reason has room for."""


@dataclass(kw_only=True, slots=True)
class Job:
    number: int
    content: bytes
    """Pickled function and item."""
    tries: int = 0
    """How many workers died with it in hand and before they had begun it."""
    begun: bool = False


class WorkerProcess:
    """A worker. Raises OSError or EOFError where the system has none to give."""

    def __init__(self, path: Path) -> None:
        from kiss_bench.engines import worker

        context = QuietContext()
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.output, writing = context.Pipe(duplex=False)
        os.set_blocking(self.output.fileno(), False)
        self.process: Any = context.Process(target=worker.serve, args=(theirs, writing, str(path)))
        try:
            self.process.start()
        finally:
            theirs.close()
            writing.close()
        self.ready = False
        """Whether it has started and said so."""
        self.hung_up = False
        """Whether it has hung up: it is dying, or its estimator closed what it should not."""
        self.hung_up_since = 0.0
        self.printing = True
        """Whether it can still print."""
        self.job: Job | None = None
        self.since = 0.0
        self.idle = 0
        """Memory that it had when it was given this job."""
        self.peak = 0
        """Most memory seen while it had this job, its children's included."""
        self.said = b""
        self.stopped: tuple[str, str] | None = None
        """Error and sentence of the limit for which it was killed."""

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @property
    def free(self) -> bool:
        return self.ready and self.job is None and not self.hung_up

    def give(self, job: Job) -> bool:
        """Hands it a job; False where it has just died."""
        self.idle = self.peak = own_bytes(self.pid)
        self.said, job.begun = b"", False
        try:
            self.pipe.send_bytes(job.content)
        except OSError:
            self.hung_up = True
            return False
        self.job, self.since = job, time.monotonic()
        return True

    def begin(self) -> None:
        if self.job is not None:
            self.job.begun, self.since = True, time.monotonic()

    def hear(self) -> bytes | None:
        """What it has sent; None where it has hung up."""
        try:
            return self.pipe.recv_bytes()
        except (EOFError, OSError):
            self.hung_up, self.hung_up_since = True, time.monotonic()
            return None

    def read(self) -> None:
        """Takes in what it has printed, at most what a pipe holds."""
        with contextlib.suppress(BlockingIOError):
            content = os.read(self.output.fileno(), PIPE)
            self.said = (self.said + content)[-LAST_WORDS:]
            self.printing = bool(content)

    def measure(self) -> int:
        """How much memory it takes now, its children included."""
        now = own_bytes(self.pid)
        self.peak = max(self.peak, now)
        return now

    def left_children(self) -> bool:
        return next(descendants(self.pid), None) is not None

    def stop(self, error: str, sentence: str) -> None:
        """Kills it for breaking a limit."""
        self.stopped = (error, sentence)
        self.kill()

    def kill(self) -> None:
        """Kills it and all it started; nothing that it can do, or fails to do, is in the way of SIGKILL."""
        children = list(descendants(self.pid))
        end_group(self.pid)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()  # where it had no group of its own yet
        for child in children:
            with contextlib.suppress(ProcessLookupError):  # most went with the group
                os.kill(child, signal.SIGKILL)

    def clear_away(self) -> tuple[str, str]:
        """Clears away after its death; error and reason of what it had in hand."""
        self.read()
        self.process.join()
        end_group(self.pid)
        error, sentence = self.stopped or ("WorkerDied", f"its worker process {_ended(self.process.exitcode)}")
        reason = f"{sentence}; peak memory {gigabytes(self.peak)}"
        words = " ".join(self.said.decode(errors="replace").split())
        if words and not self.stopped:
            reason += f"; the last that it printed: {words[-TOLD:]}"
        self.release()
        return error, reason

    def release(self) -> None:
        """Lets go of what the parent holds of it."""
        self.pipe.close()
        self.output.close()
        self.process.close()


def gigabytes(count: float) -> str:
    """An amount of memory in GB of 10^9 bytes."""
    return f"{count / 1e9:.2f} GB"


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    named = {int(one): one.name for one in signal.Signals}  # not all have a name: real-time signals do not
    killer = named.get(-code, f"signal {-code}")
    return f"was killed by {killer}" + (", as happens when memory runs out" if code == -9 else "")


Result = tuple[int, bytes | Ended]
"""Number of a job and what became of it: a pickled Ended from its worker, or one that the supervisor made up."""
TICK = 0.05
"""Seconds between two looks at the memory of the workers."""
MOST_TRIES = 3
"""Workers that may die with a job in hand that they had not begun."""
MOST_STARTS = 5
"""Workers that may die one after the other while they start, before the supervisor gives up."""
GRACE = 1.0
"""Seconds for a worker that hung up to die of itself, and so to tell what it died of."""
PAUSE = 0.2
"""Seconds to wait after the first of them, twice as long after each further one."""


class Supervisor:
    """Up to `size` workers. What comes of a job is in `results`; a None there means that nobody works any more."""

    def __init__(self, size: int, directory: WorkDirectory, limits: Limits) -> None:
        self.size, self.directory, self.limits = size, directory, limits
        self.results: SimpleQueue[Result | None] = SimpleQueue()
        self.broken = ""
        """Why the supervisor gave up, as a sentence."""
        self.finishing = False
        """Whether no further job is begun; a signal handler may set it."""
        self._waiting: deque[Job] = deque()
        self._workers: list[WorkerProcess] = []
        self._closing = False
        self._failed_starts, self._not_before, self._next_look = 0, 0.0, 0.0
        self._woken, self._waking = os.pipe()
        for end in (self._woken, self._waking):
            os.set_blocking(end, False)
        self._thread = threading.Thread(target=self._supervise, name="kiss-bench supervisor", daemon=True)
        self._thread.start()

    @property
    def under_way(self) -> int:
        """How many jobs are in the workers' hands."""
        return sum(worker.job is not None for worker in tuple(self._workers))

    def put(self, number: int, content: bytes) -> None:
        """One more job: a pickled function and its item."""
        self._waiting.append(Job(number=number, content=content))
        self._wake()

    def take_back(self) -> list[int]:
        """The numbers of the jobs that nobody has taken up yet; nobody will."""
        found = []
        with contextlib.suppress(IndexError):
            while True:
                found.append(self._waiting.pop().number)
        return found

    def close(self) -> None:
        """Kills all workers, now."""
        self._closing = True
        self._wake()
        self._thread.join()
        os.close(self._woken)
        os.close(self._waking)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been woken often enough
            os.write(self._waking, b"!")

    def _supervise(self) -> None:
        try:
            while not (self._closing or self.broken):
                self._fill_up()
                self._give_out()
                self._listen()
                self._hold_to_limits()
        finally:
            for worker in self._workers:
                worker.kill()
            for worker in self._workers:
                worker.process.join()
                worker.release()
            self._workers.clear()
            self.results.put(None)

    def _fill_up(self) -> None:
        while len(self._workers) < self.size and time.monotonic() >= self._not_before and not self.broken:
            warm_up()  # should the fork server have died
            try:
                worker = WorkerProcess(self.directory.path)
            except (OSError, EOFError) as error:
                self._could_not_start(f"could not be started ({error or type(error).__name__})")
                continue
            self._workers.append(worker)
            self.directory.worker_started(worker.pid)

    def _could_not_start(self, how: str) -> None:
        self._not_before = time.monotonic() + PAUSE * 2**self._failed_starts
        self._failed_starts += 1
        if self._failed_starts >= MOST_STARTS and not any(worker.ready for worker in self._workers):
            self.broken = (
                f"{self._failed_starts} worker processes in a row ended while they started; the last one {how}. "
                "Everything finished is stored; with more memory or fewer --jobs the same command goes on from there"
            )

    def _give_out(self) -> None:
        for worker in self._workers:
            if not worker.free or self.finishing:
                continue
            try:
                job = self._waiting.popleft()
            except IndexError:
                return
            if not worker.give(job):
                self._waiting.appendleft(job)

    def _listen(self) -> None:
        """Waits for the next thing to happen, at most one tick, and deals with it."""
        places: dict[Any, tuple[WorkerProcess, str]] = {}
        for worker in self._workers:
            places[worker.process.sentinel] = (worker, "ended")
            if worker.printing:
                places[worker.output] = (worker, "printed")
            if not worker.hung_up:
                places[worker.pipe] = (worker, "said")
        happened = [places[place] for place in wait([self._woken, *places], self._patience()) if place in places]
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 1 << 16)
        for worker, what in happened:
            if what == "printed":
                worker.read()
            elif what == "said":
                self._hear(worker)
        for worker, what in happened:
            if what == "ended":
                self._replace_dead(worker)

    def _patience(self) -> float:
        return max(min(self._next_look - time.monotonic(), TICK), 0.0)

    def _hear(self, worker: WorkerProcess) -> None:
        message = worker.hear()
        if message is None:
            return
        if message[:1] == READY:
            worker.ready, self._failed_starts, self._not_before = True, 0, 0.0
        elif message[:1] == BEGUN:
            worker.begin()
        elif message[:1] == ANSWER and worker.job is not None:
            self.results.put((worker.job.number, message[1:]))
            worker.job = None
            if worker.left_children():
                worker.hung_up = True
                worker.kill()  # a fresh one takes its place: no unit pays for what another left running

    def _hold_to_limits(self) -> None:
        """Holds every worker to the limits of the unit it has in hand."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + TICK
        seconds, memory = self.limits.unit_seconds, self.limits.unit_memory_gb
        for worker in self._workers:
            if worker.hung_up and time.monotonic() - worker.hung_up_since > GRACE:
                worker.kill()
            if worker.job is None or worker.stopped or worker.hung_up:
                continue
            now = worker.measure()
            if memory is not None and now > memory * 1e9:
                limit = f"limits.unit_memory_gb ({memory:g} GB)"
                idle = (
                    f" (a worker takes {gigabytes(worker.idle)} before it begins)" if worker.idle > memory * 1e9 else ""
                )
                worker.stop("MemoryLimit", f"took more than {limit}, namely {gigabytes(now)}, and was stopped{idle}")
            elif seconds is not None and time.monotonic() - worker.since > seconds:
                limit = f"limits.unit_seconds ({seconds:g} s)"
                worker.stop("TimeLimit", f"ran longer than {limit} and was stopped")

    def _replace_dead(self, worker: WorkerProcess) -> None:
        """What a dead worker had in hand is failed if it had begun it, else given to another."""
        while not worker.hung_up and worker.pipe.poll():
            self._hear(worker)  # it may have answered before it died
        pid, ready, job = worker.pid, worker.ready, worker.job
        error, reason = worker.clear_away()
        self._workers.remove(worker)
        self.directory.worker_ended(pid)
        if not ready:
            self._could_not_start(reason.removeprefix("its worker process "))
        elif job is not None and (job.begun or job.tries + 1 >= MOST_TRIES):
            self.results.put((job.number, Ended(error=error, reason=reason)))
        elif job is not None:
            job.tries += 1
            self._waiting.appendleft(job)
