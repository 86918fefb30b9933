"""The same run on another engine: Dask's wall over that of the local one, and whether the digest is the same."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from kiss_bench.records.folder import read_board
from speed.bench import Bench, Figures, What, ran
from speed.machine import command
from speed.measure import SpeedError, measured
from speed.sets import DASK, Table, write_config
from speed.shown import NOTHING, Misses, Part, Shown, lines, median

PART = "engines"
SIDES = ("local", "dask")
HEADS = ("table", "local s", "dask s", "dask / local", "same digest")
REFUSED = 2
"""Exit code of a command that refuses its input."""


def measure(bench: Bench, table: Table) -> None:
    """Local, dask, local, dask … for all rounds."""
    for number in range(bench.rounds):
        for side in SIDES:
            what = What(part=PART, table=table, side=side, round=number)
            bench.once(what, partial(run_on, bench, table, side))


def run_on(bench: Bench, table: Table, engine: str, place: Path) -> Figures:
    """One run on an engine: its cost and digest, or why the command refused."""
    config = write_config(place, table, bench.effort)
    words = [command(), "run", str(config), "--results", str(place), "--jobs", str(bench.effort.workers)]
    if engine == "local":
        return {**asdict(ran(words, place)), "digest": read_board(place / "speed").digest}
    log = place / "log.txt"
    cost = measured([*words, "--engine", engine], log)
    told = log.read_text(encoding="utf8", errors="replace").strip()
    if cost.exit_code == REFUSED:
        return {"refused": told.splitlines()[-1]}
    if cost.exit_code != 0:
        raise SpeedError(f"--engine {engine} ended with exit code {cost.exit_code}:\n{told[-2000:]}")
    return {**asdict(cost), "digest": read_board(place / "speed").digest}


def complete(bench: Bench, table: Table) -> bool:
    return all(len(bench.rounds_of(PART, table, side)) == bench.rounds for side in SIDES)


def show(bench: Bench, tables: Sequence[Table]) -> Shown:
    misses = Misses(found=[])
    return Shown(text=lines(HEADS, [_row(bench, table, misses) for table in tables]), missed=tuple(misses.found))


def _row(bench: Bench, table: Table, misses: Misses) -> list[str]:
    local, dask = (bench.rounds_of(PART, table, side) for side in SIDES)
    wall = f"{median(local, 'wall_seconds'):.1f}"
    refusals = [str(figures["refused"]) for figures in dask if "refused" in figures]
    if refusals:
        return [table.name, wall, f"refused: {refusals[0]}".replace("|", "/"), NOTHING, NOTHING]
    ratio = statistics.median(
        float(other["wall_seconds"]) / float(one["wall_seconds"]) for one, other in zip(local, dask, strict=True)
    )
    told = misses.most(ratio, DASK, f"{ratio:.2f}", f"{table.name}: dask / local")
    digests = len({figures["digest"] for figures in (*local, *dask)})
    same = misses.most(digests, 1, "yes" if digests == 1 else "no", f"{table.name}: the same digest on both engines:")
    return [table.name, wall, f"{median(dask, 'wall_seconds'):.1f}", told, same]


ENGINES = Part(
    name=PART,
    title="Another engine",
    sets=("bank_marketing",),
    measure=measure,
    complete=complete,
    show=show,
)
