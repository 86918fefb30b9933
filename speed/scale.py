"""`python -m speed.scale`: time and memory over rows and columns, and what a cluster would take; docs/scale.md."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Outcome
from kiss_bench.records.folder import read_board
from kiss_bench.records.store import UnitStore
from speed.bench import Bench, Figures, What, ran
from speed.big_table import POSITIVE, TARGET, write_table
from speed.cluster import Stage, forecast
from speed.machine import command, sources
from speed.measure import ROOT, SpeedError
from speed.report import made, write
from speed.sets import Table
from speed.shown import NOTHING, Misses, lines

ROWS = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)
COLUMNS = (8, 32, 128)
"""Measured at COLUMN_ROWS rows."""
FEW, COLUMN_ROWS = 8, 100_000
TUNING = {"trials": 10, "rows": 100_000}
"""Of the largest table: the ladder tuned on a part of its rows."""
TUNED = f"tuned-{TUNING['trials']}-{TUNING['rows']}"
WORKERS = 2
CLUSTERS = (1, 2, 4, 8, 16, 40)
MOST_TOGETHER_MB, MOST_FRAMES, MOST_MINUTES = 24_000, 6.0, 30.0
"""Bars on the largest table: all processes together; a worker's own memory over the table in single precision; the
whole run, tuned on a part of the rows."""
LITTLE_MB = 10.0
"""A table of less than this is nothing beside the libraries themselves (about 130 MB)."""
HEADS = (
    *("size", "wall s", "CPU s", "work in workers s", "longest unit", "worker's own MB", "of the table", "together MB"),
)
PARTS = ("rows", "columns", "big")


def table_of(bench: Bench, rows: int, columns: int) -> Table:
    """The table of this size, made where it is not there yet."""
    path = bench.folder / f"table-{rows}-{columns}-{sources('speed/big_table.py')[:8]}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(path, rows, columns)
    return Table(name=f"{rows:,} x {columns}", path=path, target=TARGET, positive=POSITIVE)


def measure(bench: Bench, rows: int, columns: int, *, tuned: bool) -> Figures:
    """One run of all rungs on a table of this size: default settings, or tuned as well."""
    what = What(part="scale", table=table_of(bench, rows, columns), side=TUNED if tuned else "default")
    return bench.once(what, partial(_run, what.table, (rows, columns), tuned=tuned))


def _run(table: Table, size: tuple[int, int], place: Path, *, tuned: bool) -> Figures:
    config: dict[str, Any] = {
        "project": "scale",
        "data": str(table.path),
        "target": table.target,
        "positive": table.positive,
        "folds": {"repeats": 1},
        "tuning": TUNING,
    }
    path = place / "scale.yaml"
    path.write_text(json.dumps(config), encoding="utf8")
    words = [command(), "run", str(path), "--results", str(place), "--jobs", str(WORKERS)]
    cost = ran([*words, *([] if tuned else ["--quick"])], place)
    units = [_facts(outcome) for outcome in _outcomes(place / "scale")]
    fits = {row.rung: row.fit_seconds for row in read_board(place / "scale").rungs}
    return {**asdict(cost), "units": units, "fits": fits, "frame_mb": size[0] * size[1] * 4 / 1e6}


def _outcomes(folder: Path) -> list[Outcome]:
    store = UnitStore(folder / ".units")
    found = [store.load(path.stem) for path in sorted(store.folder.glob("*.parquet"))]
    if not all(isinstance(outcome, Outcome) for outcome in found):
        raise SpeedError(f"{store.folder} holds what cannot be read as a unit")
    return [outcome for outcome in found if isinstance(outcome, Outcome)]


def _facts(outcome: Outcome) -> dict[str, Any]:
    name = f"{outcome.rung} {outcome.purpose} {outcome.fold}"
    return {
        "name": name,
        "purpose": outcome.purpose,
        "seconds": outcome.costs.unit_seconds,
        "peak_mb": outcome.costs.peak_bytes / 1e6,
    }


def row_of(figures: Mapping[str, Any], size: str, misses: Misses | None = None) -> list[str]:
    """One line of a table; the bars of the largest table count where `misses` is given."""
    units = figures["units"]
    longest = max(units, key=lambda unit: unit["seconds"])
    peak = max(unit["peak_mb"] for unit in units)
    frames, together, wall = peak / figures["frame_mb"], figures["together_mb"] * 1.048576, figures["wall_seconds"]
    told = f"{frames:.1f} x" if figures["frame_mb"] > LITTLE_MB else NOTHING, f"{together:,.0f}", f"{wall:,.1f}"
    if misses is not None:
        told = (
            misses.most(frames, MOST_FRAMES, told[0], f"{size}: memory of a worker"),
            misses.most(together, MOST_TOGETHER_MB, told[1], f"{size}: memory of all"),
            misses.most(wall / 60, MOST_MINUTES, told[2], f"{size}: wall"),
        )
    work = sum(unit["seconds"] for unit in units)
    slowest = f"{longest['name']}, {longest['seconds']:,.1f} s"
    return [size, told[2], f"{figures['cpu_seconds']:,.1f}", f"{work:,.1f}", slowest, f"{peak:,.0f}", told[0], told[1]]


def cluster_lines(figures: Mapping[str, Any]) -> str:
    """Forecasts for clusters, from the units of a finished run on WORKERS workers."""
    kinds = (("fit",), ("search", "inner"))
    stages = [Stage(seconds={u["name"]: u["seconds"] for u in figures["units"] if u["purpose"] in k}) for k in kinds]
    here = forecast(stages, WORKERS, 0.0).seconds
    start_up = max(figures["wall_seconds"] - here, 0.0)
    found = [forecast(stages, workers, start_up) for workers in CLUSTERS]
    rows = [[str(each.workers), f"{each.seconds:,.0f}", each.bound_by] for each in found]
    told = f"Outside units, reading and judging included, the run of {WORKERS} workers took {start_up:,.1f} s."
    return f"{lines(('workers', 'wall s', 'bound by'), rows)}\n\n{told}"


def show(bench: Bench, part: str, most: int) -> tuple[str, tuple[str, ...]]:
    """The text of one part, measured where it is not yet, and the bars that it misses."""
    misses = Misses(found=[])
    if part == "rows":
        sizes = [rows for rows in ROWS if rows <= most]
        bars = {max(ROWS): misses}
        found = [row_of(measure(bench, n, FEW, tuned=False), f"{n:,} rows", bars.get(n)) for n in sizes]
        return lines(HEADS, found), tuple(misses.found)
    if part == "columns":
        rows = min(COLUMN_ROWS, most)
        found = [row_of(measure(bench, rows, n, tuned=False), f"{n} columns") for n in COLUMNS]
        return lines(HEADS, found), ()
    rows = min(max(ROWS), most)
    figures = measure(bench, rows, FEW, tuned=True)
    text = lines(HEADS, [row_of(figures, f"{rows:,} rows", misses if rows == max(ROWS) else None)])
    return f"{text}\n\n{cluster_lines(figures)}", tuple(misses.found)


def main(words: Sequence[str]) -> int:
    """1 where a figure misses its bar, 2 where something cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m speed.scale", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    parser.add_argument("--most", type=int, default=max(ROWS), metavar="ROWS", help="no table larger than this")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/scale.md alone")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "scale.md")
    parser.add_argument("--store", type=Path, default=ROOT / ".speed", help="folder of finished measurements")
    asked = parser.parse_args(words)
    bench, missed = Bench(folder=asked.store.resolve()), list[str]()
    try:
        for part in asked.only or PARTS:
            text, misses = show(bench, part, asked.most)
            missed += misses
            note = made(" ".join(["python -m speed.scale", *words]), None)
            sys.stdout.write(f"\n{text}\n\n{note}\n")
            if asked.write and asked.most >= max(ROWS):
                write(asked.page, part, f"{text}\n\n{note}")
    except KissBenchError as error:
        sys.stderr.write(f"speed.scale: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nspeed.scale: stopped. Finished measurements are kept.\n")
        return 130
    sys.stdout.write("".join(f"\nmisses its bar: {line}" for line in missed) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
