"""All records of a result folder together: what a page or a proposal is rendered from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.records.folder import read_json
from kiss_bench.records.json import record_of
from kiss_bench.records.ledger import Ledger, Line
from kiss_bench.records.tuning import TuningRecord

DIAGNOSTICS = "diagnostics.json"
CLOSING = ("run", "sealed")
"""Events that seal the reports written before them, and so cannot stand in them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    board: Board
    tuning: TuningRecord
    plan: Mapping[str, Any]
    """`plan.json`."""
    environment: Mapping[str, Any]
    """`environment.json`."""
    diagnostics: Diagnostics | None
    """None for results of a version that made none."""
    ledger: tuple[Line, ...]
    """As it stood when the reports were written: without the line that seals them."""


def evidence_of(folder: Path, board: Board, tuning: TuningRecord, ledger: tuple[Line, ...]) -> Evidence:
    """The board and the tuning record with what else the folder holds; raises RecordError where that is damaged."""
    return Evidence(
        board=board,
        tuning=tuning,
        plan=read_json(folder, "plan.json"),
        environment=read_json(folder, "environment.json"),
        diagnostics=read_diagnostics(folder),
        ledger=ledger,
    )


def read_diagnostics(folder: Path) -> Diagnostics | None:
    """None where the file is not there; raises RecordError where it is not what it should be."""
    if not (folder / DIAGNOSTICS).exists():
        return None
    try:
        return record_of(Diagnostics, read_json(folder, DIAGNOSTICS))
    except ValueError as error:
        raise RecordError(f"{folder / DIAGNOSTICS} is not of this version: {error}") from None


def lines_at_writing(ledger: Ledger) -> tuple[Line, ...]:
    """The lines that stood when the newest reports were written: all above the line that seals them."""
    closing = [index for index, line in enumerate(ledger.lines) if line.event in CLOSING]
    return ledger.lines[: closing[-1]] if closing else ledger.lines
