"""Two workers of the engine against two plain processes, on the same units; and what workers do besides fitting."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from speed.bench import Bench, Figures, What, ran
from speed.sets import OUTSIDE, SPEED_UP, Table, write_config
from speed.shown import NOTHING, Misses, Part, Shown, lines, median

PART = "workers"
SIDES = ("one worker", "two workers", "two processes")
HEADS = (
    *("table", "one worker s", "two workers s", "two processes s", "speed-up, workers", "speed-up, processes"),
    *("workers / processes", "outside fits"),
)
OUT = "units.json"


def measure(bench: Bench, table: Table) -> None:
    """One worker, two workers, two plain processes; by the times of the first, units are dealt to the last."""
    for number in range(bench.rounds):
        one, two, plain = (What(part=PART, table=table, side=side, round=number) for side in SIDES)
        if all(bench.found(what) is not None for what in (one, two, plain)):
            continue
        run = partial(run_units, bench, table)
        timed = bench.place(bench.once(one, partial(run, ["--workers", "1"]), needs=OUT)) / OUT
        bench.once(two, partial(run, ["--workers", "2"]))
        bench.once(plain, partial(run, ["--processes", "2", "--dealt", str(timed)]))


def run_units(bench: Bench, table: Table, how: Sequence[str], place: Path) -> Figures:
    """All units of the comparison's setting, in fresh processes."""
    config, out = write_config(place, table, bench.effort), place / OUT
    cost = ran([sys.executable, "-m", "speed.units", str(config), str(out), *how], place)
    told = json.loads(out.read_text(encoding="utf8")) if out.exists() else {}
    return {**asdict(cost), **{name: told.get(name, 0.0) for name in ("unit_seconds", "model_seconds")}}


def complete(bench: Bench, table: Table) -> bool:
    return all(len(bench.rounds_of(PART, table, side)) == bench.rounds for side in SIDES)


def show(bench: Bench, tables: Sequence[Table]) -> Shown:
    misses = Misses(found=[])
    return Shown(text=lines(HEADS, [_row(bench, table, misses) for table in tables]), missed=tuple(misses.found))


def _row(bench: Bench, table: Table, misses: Misses) -> list[str]:
    rounds = [bench.rounds_of(PART, table, side) for side in SIDES]
    walls = [[float(figures["wall_seconds"]) for figures in side] for side in rounds]
    gained, owed = ([one / other for one, other in zip(walls[0], side, strict=True)] for side in walls[1:])
    kept = statistics.median(ours / theirs for ours, theirs in zip(gained, owed, strict=True))
    told = misses.least(kept, SPEED_UP, f"{kept:.3f}", f"{table.name}: speed-up of two workers over that of processes")
    return [
        *(table.name, *(f"{statistics.median(side):.1f}" for side in walls)),
        *(f"{statistics.median(gained):.2f}", f"{statistics.median(owed):.2f}"),
        *(told, _outside(rounds[1], table, misses)),
    ]


def _outside(rounds: Sequence[Figures], table: Table, misses: Misses) -> str:
    """The share of worker time outside fits and predictions; nothing where units do not record it."""
    units, models = median(rounds, "unit_seconds"), median(rounds, "model_seconds")
    if units == 0.0:
        return NOTHING
    outside = 1.0 - models / units
    return misses.most(outside, OUTSIDE, f"{outside:.1%}", f"{table.name}: worker time outside fits and predictions")


WORKERS = Part(
    name=PART,
    title="Two workers against two plain processes",
    sets=("bank_marketing",),
    measure=measure,
    complete=complete,
    show=show,
)
