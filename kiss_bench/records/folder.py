"""A result folder: files written whole or not at all, held by one run at a time, and read back."""

import contextlib
import errno
import importlib.util
import json
import os
import platform
import shlex
import tempfile
import time
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.records.board import Board
from kiss_bench.records.json import record_of

ROW_ALWAYS = ("trials", "flags")
"""Fields that every board has in its rows, although a row that is being made has a default for them."""
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


@contextlib.contextmanager
def held(folder: Path, command: Sequence[str] = ()) -> Iterator[None]:
    """Makes the folder and keeps every other run out of it; what a killed run left half-written is swept away.

    The system lets go of it when the process ends, however that happens. `command` are words for whoever finds it in
    use. Raises RecordError where another run holds the folder, and where nothing can be written there.
    """
    lock = folder / ".units" / "lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("ab+", buffering=0)  # not "w": what the holder wrote is to be read
    except OSError as error:
        raise cannot_write(folder, error) from None
    with file:
        _claim(file, folder)
        try:
            _sign(file, command)
            for part in (*folder.glob(PARTS), *lock.parent.glob(PARTS)):
                part.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from None
        yield


def check_free(folder: Path) -> None:
    """Raises RecordError where another run holds the folder: better told before a large table is read."""
    with contextlib.suppress(OSError), (folder / ".units" / "lock").open("rb", buffering=0) as file:
        _claim(file, folder)


def _claim(file: FileIO, folder: Path) -> None:
    try:
        free = locked(file)
    except OSError as error:
        raise cannot_write(folder, error) from None
    if not free:
        raise RecordError(f"{folder} is in use by {_holder(file)}; wait for it, or choose another --results")


def _sign(file: FileIO, command: Sequence[str]) -> None:
    """Who holds the folder, for whoever comes second. No user's name; the file is not meant to be committed."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    facts = {"pid": os.getpid(), "host": platform.node(), "since": since, "command": homeless(command)}
    file.truncate(0)
    file.write(json.dumps(facts).encode())


def _holder(file: FileIO) -> str:
    """What the holder wrote about itself, in words; less where it has not written yet."""
    file.seek(0)
    try:
        facts = json.loads(file.read())
        command, elsewhere = facts["command"], facts["host"] != platform.node()
        host = f" on {facts['host']}" if elsewhere else ""
        said = f", `{shlex.join(command)}`" if command else ""
        return f"another run (process {facts['pid']}{host}, since {facts['since']}{said})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another run"


def homeless(command: Sequence[str]) -> list[str]:
    """The words of a command without folders that would name its user: that of the program, and the home folder."""
    home = str(Path.home())
    words = [word.replace(home, "~") if len(home) > 1 else word for word in command[1:]]
    return [Path(command[0]).name, *words] if command else []


def locked(file: FileIO) -> bool:
    """Whether the lock on an open file is ours now, until it is closed or the process ends.

    Always so where the system knows no such locks (Windows). Raises OSError where the file system does not.
    """
    if importlib.util.find_spec("fcntl") is None:
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """One JSON file of a result folder; raises RecordError where it is missing or no JSON object."""
    if not folder.is_dir():
        raise RecordError(f"{folder} is no folder; a result folder is what `kiss-bench run` writes, results/<project>")
    path = folder / name
    try:
        found = json.loads(path.read_text(encoding="utf8"), object_pairs_hook=each_key_once)
    except FileNotFoundError:
        inside = sorted(found.parent.name for found in folder.glob(f"*/{name}"))
        if inside:
            raise RecordError(f"{folder} is no result folder, and holds some: {', '.join(inside)}; name one") from None
        raise RecordError(
            f"{folder} has no {name}; run `kiss-bench run CONFIG` again, finished units are kept"
        ) from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise RecordError(f"{path} holds a {type(found).__name__}, not an object")
    return found


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose keys are all different: of two, one reader takes the first and another the last.

    Raises ValueError naming a key that comes twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} comes twice")
    return found


def read_board(folder: Path) -> Board:
    """The board of `leaderboard.json`; raises RecordError where a field is missing or unknown."""
    plain = read_json(folder, "leaderboard.json")
    try:
        return _board(plain)
    except ValueError as error:
        raise RecordError(f"{folder / 'leaderboard.json'} is not a leaderboard of this version: {error}") from None


def _board(plain: dict[str, Any]) -> Board:
    board = record_of(Board, plain)
    for place, row in enumerate(plain["rungs"]):
        if lacking := [name for name in ROW_ALWAYS if name not in row]:
            raise ValueError(f"rungs[{place}].{lacking[0]} is missing")
    return board
