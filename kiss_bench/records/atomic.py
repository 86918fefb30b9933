"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from kiss_bench.errors import RecordError

PARTS = ".*.part"
"""What is being written, or was when its writer was killed."""
REMEDIES = {
    errno.ENOSPC: "Make room there, or choose another --results",
    errno.EDQUOT: "Make room within the quota, or choose another --results",
    errno.EROFS: "Mount it for writing, or choose another --results",
}


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes beside the target, flushes to the disk, then renames: a reader sees the old file or the new one.

    Raises RecordError where the system does not let it; nothing half-written stays, and the old file does.
    """
    whole = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, whole)
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> RecordError:
    """What could not be written, that all else is kept, and what to do."""
    remedy = REMEDIES.get(error.errno or 0, "Allow writing there, or choose another --results")
    return RecordError(
        f"{path} cannot be written: {error.strerror or error}. Everything stored so far is kept. {remedy}, and run the "
        "same command again; it goes on from there"
    )


def replace_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """The same for a file that is not of a result folder; raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(mode)
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):  # a folder that has become read-only keeps it until the next run
            part.unlink(missing_ok=True)  # there only where writing failed
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Lets the new name reach the disk, too, before anything is built on it."""
    if os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
