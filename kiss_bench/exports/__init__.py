"""Hands a result folder on to trackers that people already use: one file a tracker, found by this folder.

Each module is named as the tracker and has `export(results, target) -> str`, which says in words what it wrote.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Trial
from kiss_bench.plan.faults import not_among
from kiss_bench.records.board import Board
from kiss_bench.records.frames import StudyPlace
from kiss_bench.records.tuning import TuningRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What a tracker is told."""

    folder: Path
    board: Board
    record: TuningRecord
    trials: Mapping[StudyPlace, tuple[Trial, ...]]


class Tracker(Protocol):
    """A module of this folder."""

    def export(self, results: Results, target: str | None) -> str:
        """Write to `target`, a file or a URI, or to where the tracker's users expect it; say what was written.

        Raises KissBenchError where that cannot be done.
        """


def trackers() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(__path__))


def export(results: Results, to: str, target: str | None) -> str:
    """Tells one tracker. Raises KissBenchError for one that there is not, and where it cannot be told."""
    if to not in trackers():
        raise KissBenchError(not_among("--to", to, trackers()))
    return cast("Tracker", importlib.import_module(f"{__name__}.{to}")).export(results, target)
