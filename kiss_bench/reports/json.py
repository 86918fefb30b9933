"""`leaderboard.json` and `tuning.json`: the records as they are, and the way back for tuning."""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.tuning.record import ParameterFacts, RungTuning, StudyFacts, TuningRecord, UnitFacts


def leaderboard_json(board: Board) -> str:
    """Write the board with its fields in order, `schema` first."""
    return _text(board)


def tuning_json(record: TuningRecord) -> str:
    """Write the tuning record with its fields in order, `schema` first."""
    return _text(record)


def tuning_from_dict(plain: Mapping[str, Any]) -> TuningRecord:
    """Invert `tuning_json`; raises KeyError or TypeError where a field is missing or unknown."""
    rungs = tuple(_rung(raw) for raw in plain["rungs"])
    units = tuple(UnitFacts(**raw) for raw in plain["units"])
    return TuningRecord(**{**plain, "rungs": rungs, "units": units})


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


def _text(record: Board | TuningRecord) -> str:
    plain = {"schema": record.schema, **plain_json(record)}
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rung(raw: Mapping[str, Any]) -> RungTuning:
    space = tuple(
        ParameterFacts(**{**line, "choices": tuple(line["choices"]), "best": tuple(line["best"])})
        for line in raw["space"]
    )
    return RungTuning(**{**raw, "space": space, "studies": tuple(StudyFacts(**study) for study in raw["studies"])})


BOARD_FILES = {"leaderboard.json": leaderboard_json}
TUNING_FILES = {"tuning.json": tuning_json}
