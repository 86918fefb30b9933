"""A result folder: held by one run at a time, and read back."""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from kiss_bench.errors import RecordError
from kiss_bench.records.atomic import PARTS
from kiss_bench.records.board import Board, board_from_dict


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Makes the folder and keeps every other run out of it; what a killed run left half-written is swept away.

    The system lets go of it when the process ends, however that happens. Raises RecordError where another run holds
    the folder, and where nothing can be written there.
    """
    lock = folder / ".units" / "lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise RecordError(f"{folder} cannot be written: {error.strerror or error}") from None
    with file:
        if not _locked(file):
            raise RecordError(f"{folder} is in use by another run; wait for it, or choose another --results")
        for part in (*folder.glob(PARTS), *lock.parent.glob(PARTS)):
            part.unlink(missing_ok=True)
        yield


def _locked(file: IO[str]) -> bool:
    """Whether the lock is ours now; always so where the system knows no such locks (Windows)."""
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
        found = json.loads(path.read_text(encoding="utf8"))
    except FileNotFoundError:
        raise RecordError(
            f"{folder} has no {name}; run `kiss-bench run CONFIG` again, finished units are kept"
        ) from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise RecordError(f"{path} holds a {type(found).__name__}, not an object")
    return found


def read_board(folder: Path) -> Board:
    """The board of `leaderboard.json`; raises RecordError where a field is missing or unknown."""
    plain = read_json(folder, "leaderboard.json")
    try:
        return board_from_dict(plain)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{folder / 'leaderboard.json'} is not a leaderboard of this version: {error}") from None
