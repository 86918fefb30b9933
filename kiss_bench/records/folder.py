"""A result folder, read back."""

import json
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.records.board import Board, board_from_dict


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
