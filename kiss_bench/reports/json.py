"""`leaderboard.json` and `tuning.json`: the records as they are."""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.records.tuning import TuningRecord


def leaderboard_json(board: Board) -> str:
    """Write the board with its fields in order, `schema` first."""
    return record_json(board)


def tuning_json(record: TuningRecord) -> str:
    """Write the tuning record with its fields in order, `schema` first.

    One of before levels of arithmetic were recorded is written as it was.
    """
    plain = {"schema": record.schema, **plain_json(record)}
    if record.environment.arithmetic is None:
        del plain["environment"]["arithmetic"]
    return _text(plain)


def plain_json(value: Any) -> Any:
    """Reduce to what JSON has: no NaN or infinity, no NumPy, keys as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain_json(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_json(entry) for key, entry in value.items()}
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Sequence | Set):
        entries = [plain_json(entry) for entry in value]
        return sorted(entries, key=repr) if isinstance(value, Set) else entries
    array = getattr(value, "tolist", None)
    return plain_json(array()) if array is not None else str(value)


def record_json(record: Board | TuningRecord | Diagnostics) -> str:
    """Write any record that has a schema, with its fields in order, `schema` first."""
    return _text({"schema": record.schema, **plain_json(record)})


def _text(plain: Mapping[str, Any]) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


BOARD_FILES = {"leaderboard.json": leaderboard_json}
TUNING_FILES = {"tuning.json": tuning_json}
