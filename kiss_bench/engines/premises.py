"""Where a pool keeps what its workers share, and the warden who clears it all away should the parent be killed."""

import contextlib
import os
import shutil
import signal
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kiss_bench.engines.layout import lay_out
from kiss_bench.engines.processes import QuietContext
from kiss_bench.errors import KissBenchError, RecordError

GOODBYE = 0
PATIENCE = 2.0
"""Seconds that the warden is given to go by itself."""


class Premises:
    """A temporary folder with what the workers share. Raises RecordError where it cannot be written."""

    def __init__(self, shared: Any) -> None:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="kiss-bench-"))
        except OSError as error:
            raise _no_room(Path(os.environ.get("TMPDIR") or os.curdir), error) from None
        self.path = self.folder / "shared"
        context = QuietContext()
        self._post, theirs = context.Pipe()
        self._warden = context.Process(target=_keep, args=(theirs, str(self.folder)), daemon=True)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._engage(theirs)
            try:
                lay_out(self.path, shared)
            except OSError as error:
                raise _no_room(self.folder.parent, error) from None
            undo.pop_all()

    def _engage(self, theirs: Connection) -> None:
        """Starts the warden and waits until it is on its post: from here on a kill leaves no rows behind."""
        try:
            self._warden.start()
            theirs.close()
            self._post.recv_bytes()
        except (OSError, EOFError) as error:
            raise KissBenchError(
                f"no worker process could be started ({error or 'it ended at once'}); is there memory left?"
            ) from None

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
        self._tell(GOODBYE)
        self._post.close()
        if self._warden.pid is not None:
            self._warden.join(PATIENCE)
            self._warden.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _no_room(folder: Path, error: OSError) -> RecordError:
    return RecordError(
        f"the workers' copy of the table cannot be written to {folder}: {error.strerror or error}. Everything finished "
        "is stored. Make room there, or let TMPDIR name another folder, and run the same command again"
    )


def _keep(post: Connection, folder: str) -> None:
    """The warden's life: it waits for the parent to hang up, which the system does for one that is killed."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    post.send_bytes(b"on my post")
    workers: set[int] = set()
    with contextlib.suppress(EOFError, OSError):
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
