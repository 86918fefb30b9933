"""Where a pool keeps what its workers share, and the warden who clears it all away should the parent be killed."""

import contextlib
import importlib.util
import os
import shutil
import signal
import tempfile
import time
from io import FileIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kiss_bench.engines.layout import lay_out
from kiss_bench.engines.processes import QuietContext
from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.records.folder import locked

GOODBYE = 0
PREFIX, HELD = "kiss-bench-", "held"
MOMENT = 60.0
"""Seconds that a folder is left alone after it was made."""
PATIENCE = 2.0
"""Seconds that the warden is given to go by itself."""


class Premises:
    """A temporary folder with what the workers share. Raises RecordError where it cannot be written."""

    def __init__(self, shared: Any) -> None:
        try:
            place = Path(tempfile.gettempdir())
        except OSError as error:
            raise _no_room(Path(os.environ.get("TMPDIR") or os.curdir), error) from None
        _sweep(place)
        context = QuietContext()
        self._post, theirs = context.Pipe()
        self._sign: FileIO | None = None
        """Held as long as this process lives."""
        self._warden = context.Process(target=_keep, args=(theirs, str(place)), daemon=True)
        with contextlib.ExitStack() as undo:
            undo.callback(self._dismiss)
            self.folder = self._engage(theirs, place)
            undo.callback(self.close)
            self.path = self.folder / "shared"
            try:
                self._sign = (self.folder / HELD).open("ab", buffering=0)
                with contextlib.suppress(OSError):  # a file system without locks: nobody can tell whether we live
                    locked(self._sign)
                lay_out(self.path, shared)
            except OSError as error:
                raise _no_room(place, error) from None
            undo.pop_all()

    def _engage(self, theirs: Connection, place: Path) -> Path:
        """Starts the warden and waits for the folder that it has made: whoever makes it is there to clear it away."""
        try:
            self._warden.start()
            theirs.close()
            found = self._post.recv()
        except (OSError, EOFError) as error:
            raise KissBenchError(
                f"no worker process could be started ({str(error) or 'it ended at once'}); is there memory left?"
            ) from None
        if isinstance(found, OSError):
            raise _no_room(place, found)
        return Path(found)

    def hired(self, pid: int) -> None:
        """Tells the warden of a worker that is to end with the parent."""
        self._tell(pid)

    def left(self, pid: int) -> None:
        """Tells the warden of a worker that has ended."""
        self._tell(-pid)

    def _tell(self, word: int) -> None:
        with contextlib.suppress(OSError):  # the warden was killed: each worker still ends by itself
            self._post.send(word)

    def close(self) -> None:
        """Lets the warden go; what it would clear away had we died is cleared away here."""
        self._dismiss()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._sign is not None:
            self._sign.close()

    def _dismiss(self) -> None:
        self._tell(GOODBYE)
        self._post.close()
        if self._warden.pid is not None:
            self._warden.join(PATIENCE)
            self._warden.kill()


def _sweep(place: Path) -> None:
    """Removes what runs have left behind that were killed together with their wardens: it holds rows of users."""
    if importlib.util.find_spec("fcntl") is None:
        return  # without locks one cannot tell which runs live
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (folder / HELD).open("rb", buffering=0) as sign:  # else somebody else's
            if time.time() - folder.stat().st_mtime > MOMENT and locked(sign):
                shutil.rmtree(folder, ignore_errors=True)


def _no_room(folder: Path, error: OSError) -> RecordError:
    return RecordError(
        f"the workers' copy of the table cannot be written to {folder}: {error.strerror or error}. Everything finished "
        "is stored. Make room there, or let TMPDIR name another folder, and run the same command again"
    )


def _keep(post: Connection, place: str) -> None:
    """The warden's life: it makes the folder, and waits for a parent that is killed to hang up, to clear it away."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=place)
    except OSError as error:
        post.send(error)
        return
    workers: set[int] = set()
    with contextlib.suppress(EOFError, OSError):
        post.send(folder)
        while (word := post.recv()) != GOODBYE:
            workers.add(word) if word > 0 else workers.discard(-word)
    for worker in workers:
        end_group(worker)
    shutil.rmtree(folder, ignore_errors=True)


def end_group(worker: int) -> None:
    """Kills what is left of a worker's process group: itself, and whatever its estimators started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker, signal.SIGKILL)
