"""`leaderboard.csv`: one line a rung, every field of it, safe to open in a spreadsheet."""

import csv
import io
import json
from dataclasses import fields
from typing import Any

from kiss_bench.records.board import Board, BoardRow, TrialCounts
from kiss_bench.records.json import plain_json
from kiss_bench.reports.escape import clean
from kiss_bench.reports.phrases import stamps

_AS_JSON = {"seeds", "flags", "reliability", "prediction_intervals"}
_FORMULA = ("=", "+", "-", "@")


def leaderboard_csv(board: Board) -> str:
    """Write numbers in full, mappings and lists as JSON, nothing where a field does not apply."""
    metrics = list(dict.fromkeys(name for row in board.rungs for name in row.also))
    said = {"stamps": json.dumps(stamps(board), ensure_ascii=False) if stamps(board) else None}
    lines = [_flat(row, metrics) | said for row in board.rungs]
    header = list(lines[0]) if lines else [*_flat(BoardRow(rung="", level=0), metrics), *said]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(_cell, header))
    writer.writerows([_cell(value) for value in line.values()] for line in lines)
    return out.getvalue()


def _flat(row: BoardRow, metrics: list[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for entry in fields(BoardRow):
        value = getattr(row, entry.name)
        if entry.name == "also":
            flat |= {f"also.{name}": row.also.get(name) for name in metrics}
        elif entry.name == "trials":
            flat |= {f"trials.{count.name}": getattr(value, count.name, None) for count in fields(TrialCounts)}
        elif entry.name in _AS_JSON:
            flat[entry.name] = json.dumps(plain_json(value), ensure_ascii=False) if value else None
        else:
            flat[entry.name] = value
    return flat


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        # A spreadsheet runs text that starts like a formula; a leading apostrophe makes it text again.
        line = clean(value)
        return f"'{line}" if line.startswith(_FORMULA) else line
    return plain_json(value)


BOARD_FILES = {"leaderboard.csv": leaderboard_csv}
