"""One worker process as its parent sees it: what it does, what it prints, how much it takes and how it ended."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kiss_bench.engines.memory import descendants, own_bytes
from kiss_bench.engines.premises import end_group
from kiss_bench.engines.processes import QuietContext

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


class Hand:
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
        self.mute = False
        """Whether it has hung up: it is dying, or its estimator closed what it should not."""
        self.mute_since = 0.0
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
        return self.ready and self.job is None and not self.mute

    def give(self, job: Job) -> bool:
        """Hands it a job; False where it has just died."""
        self.idle = self.peak = own_bytes(self.pid)
        self.said, job.begun = b"", False
        try:
            self.pipe.send_bytes(job.content)
        except OSError:
            self.mute = True
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
            self.mute, self.mute_since = True, time.monotonic()
            return None

    def read(self) -> None:
        """Takes in what it has printed, at most what a pipe holds."""
        with contextlib.suppress(BlockingIOError):
            content = os.read(self.output.fileno(), PIPE)
            self.said = (self.said + content)[-LAST_WORDS:]
            self.printing = bool(content)

    def look(self) -> int:
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

    def bury(self) -> tuple[str, str]:
        """Clears away after its death; error and reason of what it had in hand."""
        self.read()
        self.process.join()
        end_group(self.pid)
        error, sentence = self.stopped or ("WorkerDied", f"its worker process {_ended(self.process.exitcode)}")
        reason = f"{sentence}; peak memory {gigabytes(self.peak)}"
        words = " ".join(self.said.decode(errors="replace").split())
        if words and not self.stopped:
            reason += f"; the last that it printed: {words[-TOLD:]}"
        self.dismiss()
        return error, reason

    def dismiss(self) -> None:
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
