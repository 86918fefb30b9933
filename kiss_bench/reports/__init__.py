"""Reports: pure functions from a record to text, one file a format, gathered from this folder.

A module that ends up as files in the result folder says which: `BOARD_FILES` maps a file name to a function of the
board, `TUNING_FILES` to a function of the tuning record.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.tuning.record.facts import TuningRecord

BoardReport = Callable[[Board], str]
TuningReport = Callable[[TuningRecord], str]


def board_reports() -> dict[str, BoardReport]:
    """File name -> function, for every report that is rendered from the leaderboard."""
    return _gathered("BOARD_FILES")


def tuning_reports() -> dict[str, TuningReport]:
    """File name -> function, for every report that is rendered from the tuning record."""
    return _gathered("TUNING_FILES")


def _gathered(attribute: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(importlib.import_module(f"{__name__}.{module.name}"), attribute, {})
    return found
