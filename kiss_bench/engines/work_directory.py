"""The work directory of a pool: what its workers share, and the process that clears it away should we be killed.

What they share is one file that they map instead of reading it. Pickle's protocol 5 hands out the arrays apart from
what describes them. The file holds each array at an address that is a multiple of 64 bytes, then the description, then
an index of both. A worker maps it read-only: its arrays and frames are views of pages that all workers have in common,
and writing into one of them raises ValueError.
"""

import contextlib
import importlib.util
import mmap
import os
import pickle
import shutil
import signal
import struct
import tempfile
import time
from functools import lru_cache
from io import FileIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from kiss_bench.engines.processes import QuietContext
from kiss_bench.errors import KissBenchError, RecordError

ALIGNED = 64
"""Bytes of a cache line, which is also what the widest vector instructions ask for."""
_PART = struct.Struct("<QQ")
"""Where a part starts and how long it is. The index ends with how many there are, the description being the last."""
_COUNT = struct.Struct("<Q")


def lay_out(path: Path, shared: Any) -> int:
    """Writes a value that can be pickled; the bytes of the file. Raises OSError where they do not fit."""
    buffers: list[pickle.PickleBuffer] = []
    description = pickle.dumps(shared, protocol=5, buffer_callback=buffers.append)
    with path.open("wb") as file:
        parts = [_put(file, part) for part in (*(buffer.raw() for buffer in buffers), memoryview(description))]
        file.write(b"".join(_PART.pack(*part) for part in parts) + _COUNT.pack(len(parts)))
        return file.tell()


def _put(file: BinaryIO, part: memoryview) -> tuple[int, int]:
    file.write(bytes(-file.tell() % ALIGNED))
    start = file.tell()
    file.write(part)
    return start, part.nbytes


@lru_cache(maxsize=1)
def laid_out(path: str) -> Any:
    """What was laid out at this path, mapped once a process; the map lives as long as anything that looks into it."""
    with Path(path).open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    (count,) = _COUNT.unpack(whole[-_COUNT.size :])
    index = whole[-_COUNT.size - count * _PART.size : -_COUNT.size]
    *arrays, description = [whole[start : start + length] for start, length in _PART.iter_unpack(index)]
    return pickle.loads(description, buffers=arrays)  # noqa: S301  (written by the parent a moment ago, in its own folder)


DONE = 0
PREFIX, LOCK = "kiss-bench-", "held"
MODULES = "modules"
"""Folder beside what workers share, with the source files of custom rungs where they had to travel."""
MOMENT = 60.0
"""Seconds that a folder is left alone after it was made."""
PATIENCE = 2.0
"""Seconds that the cleaner is given to go by itself."""


class WorkDirectory:
    """A temporary folder with what the workers share. Raises RecordError where it cannot be written."""

    def __init__(self, shared: Any) -> None:
        from kiss_bench.records.folder import locked  # workers load this module, and need no records

        try:
            place = Path(tempfile.gettempdir())
        except OSError as error:
            raise _no_room(Path(os.environ.get("TMPDIR") or os.curdir), error) from None
        _sweep(place)
        context = QuietContext()
        self._pipe, theirs = context.Pipe()
        self._lock: FileIO | None = None
        """Held as long as this process lives."""
        self._cleaner = context.Process(target=_keep, args=(theirs, str(place)), daemon=True)
        with contextlib.ExitStack() as undo:
            undo.callback(self._end_cleaner)
            self.folder = self._start_cleaner(theirs, place)
            undo.callback(self.close)
            self.path = self.folder / "shared"
            try:
                self._lock = (self.folder / LOCK).open("ab", buffering=0)
                with contextlib.suppress(OSError):  # a file system without locks: nobody can tell whether we live
                    locked(self._lock)
                lay_out(self.path, shared)
            except OSError as error:
                raise _no_room(place, error) from None
            undo.pop_all()

    def _start_cleaner(self, theirs: Connection, place: Path) -> Path:
        """Starts the cleaner and waits for the folder that it has made: whoever makes it is there to clear it away."""
        try:
            self._cleaner.start()
            theirs.close()
            found = self._pipe.recv()
        except (OSError, EOFError) as error:
            raise KissBenchError(
                f"no worker process could be started ({str(error) or 'it ended at once'}); is there memory left?"
            ) from None
        if isinstance(found, OSError):
            raise _no_room(place, found)
        return Path(found)

    def worker_started(self, pid: int) -> None:
        """Tells the cleaner of a worker that is to end with the parent."""
        self._tell(pid)

    def worker_ended(self, pid: int) -> None:
        """Tells the cleaner of a worker that has ended."""
        self._tell(-pid)

    def _tell(self, word: int) -> None:
        with contextlib.suppress(OSError):  # the cleaner was killed: each worker still ends by itself
            self._pipe.send(word)

    def close(self) -> None:
        """Lets the cleaner go; what it would clear away had we died is cleared away here."""
        self._end_cleaner()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def _end_cleaner(self) -> None:
        self._tell(DONE)
        self._pipe.close()
        if self._cleaner.pid is not None:
            self._cleaner.join(PATIENCE)
            self._cleaner.kill()


def _sweep(place: Path) -> None:
    """Removes what runs have left behind that were killed together with their cleaners: it holds rows of users."""
    if importlib.util.find_spec("fcntl") is None:
        return  # without locks one cannot tell which runs live
    from kiss_bench.records.folder import locked

    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (folder / LOCK).open("rb", buffering=0) as lock:  # else somebody else's
            if time.time() - folder.stat().st_mtime > MOMENT and locked(lock):
                shutil.rmtree(folder, ignore_errors=True)


def _no_room(folder: Path, error: OSError) -> RecordError:
    return RecordError(
        f"the workers' copy of the table cannot be written to {folder}: {error.strerror or error}. Everything finished "
        "is stored. Make room there, or let TMPDIR name another folder, and run the same command again"
    )


def _keep(pipe: Connection, place: str) -> None:
    """The cleaner's life: it makes the folder, and waits for a parent that is killed to hang up, to clear it away."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=place)
    except OSError as error:
        pipe.send(error)
        return
    workers: set[int] = set()
    with contextlib.suppress(EOFError, OSError):
        pipe.send(folder)
        while (word := pipe.recv()) != DONE:
            workers.add(word) if word > 0 else workers.discard(-word)
    for worker in workers:
        end_group(worker)
    shutil.rmtree(folder, ignore_errors=True)


def end_group(worker: int) -> None:
    """Kills what is left of a worker's process group: itself, and whatever its estimators started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker, signal.SIGKILL)
