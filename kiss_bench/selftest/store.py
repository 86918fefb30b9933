"""Finished draws on disk: one small JSON file each, named by the hash of all that went into it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import kiss_bench
from kiss_bench.records.folder import write_whole
from kiss_bench.records.keys import library_versions, sha256_of, source_hash
from kiss_bench.selftest.draws import Draw, Place
from kiss_bench.selftest.scenarios import SCENARIOS
from kiss_bench.selftest.shape import Shape, shape_hash

DECIDES = (
    *("judge", "metrics", "metrics.py", "evaluation", "tuning", "rungs", "tasks", "runs/judging.py", "runs/units.py"),
    *(f"selftest/{name}.py" for name in ("draws", "halves", "scenarios", "shape", "strength", "tables")),
)
"""Sources that decide what a draw comes to; a folder stands for all files below it."""


def deciding_sources() -> str:
    """Hash of every source file that a draw depends on."""
    root = Path(kiss_bench.__file__).parent
    places = [root / name for name in DECIDES]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    return source_hash(tuple(file for file in files if file.is_file()))


class DrawStore:
    """Draws of one shape in a folder that is never committed."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder, self.shape = folder, shape
        self.shared = {
            "shape": shape_hash(shape),
            "libraries": library_versions(),
            "sources": deciding_sources(),
        }
        write_whole(folder / ".gitignore", "*\n")

    def path(self, place: Place) -> Path:
        facts = {**self.shared, "scenario": asdict(SCENARIOS[place.scenario]), "place": asdict(place)}
        return self.folder / f"{sha256_of(facts)}.json"

    def load(self, place: Place) -> Draw | None:
        """Give the stored draw, or None where there is none or its file is damaged."""
        try:
            return Draw(**json.loads(self.path(place).read_text(encoding="utf8")))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, place: Place, draw: Draw) -> None:
        write_whole(self.path(place), json.dumps(asdict(draw), ensure_ascii=False) + "\n")


def places(draws: int, seed: int) -> Sequence[Place]:
    """Give all draws asked for, scenario by scenario in turn, so that all rates grow sure together."""
    return [Place(scenario=name, number=number, seed=seed) for number in range(draws) for name in SCENARIOS]
