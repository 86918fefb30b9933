"""Reports: pure functions from a record to text, one file a format, gathered from this folder.

A module that ends up as files in the result folder says which: `BOARD_FILES` maps a file name to a function of the
board, `TUNING_FILES` to a function of the tuning record, `EVIDENCE_FILES` to a function of all records together.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.records.evidence import Evidence
from kiss_bench.records.tuning import TuningRecord

BoardReport = Callable[[Board], str]
TuningReport = Callable[[TuningRecord], str]
EvidenceReport = Callable[[Evidence], str | None]
"""None: there is nothing to show, and no such file."""


def board_reports() -> dict[str, BoardReport]:
    """File name -> function, for every report that is rendered from the leaderboard."""
    return _gathered("BOARD_FILES")


def tuning_reports() -> dict[str, TuningReport]:
    """File name -> function, for every report that is rendered from the tuning record."""
    return _gathered("TUNING_FILES")


def evidence_reports() -> dict[str, EvidenceReport]:
    """File name -> function, for every report that is rendered from all records of a folder."""
    return _gathered("EVIDENCE_FILES")


def _gathered(attribute: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(importlib.import_module(f"{__name__}.{module.name}"), attribute, {})
    return found
