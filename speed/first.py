"""Time to the first complete table: default settings, every rung that ships, from the command's start to its end."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from kiss_bench.records.folder import read_board
from speed.bench import Bench, Figures, What, ran
from speed.machine import command, compile_all, uncompiled
from speed.sets import FIRST_TABLES, Table, write_config
from speed.shown import Misses, Part, Shown, lines

PART, SIDE = "first", "quick"
HEADS = ("table", "rungs", "runs", "median s", "fastest s", "slowest s", "byte-code")


def measure(bench: Bench, table: Table) -> None:
    todo = [what for what in _runs(bench, table) if bench.found(what) is None]
    if todo and uncompiled():
        compile_all()
    for what in todo:
        bench.once(what, partial(run_quick, bench, table))


def run_quick(bench: Bench, table: Table, place: Path) -> Figures:
    """One run of the whole ladder on default settings, and the state of the byte-code when it started."""
    config = write_config(place, table, bench.effort, whole_ladder=True)
    missing = uncompiled()
    words = [command(), "run", str(config), "--quick", "--results", str(place), "--jobs", str(bench.effort.workers)]
    cost = ran(words, place)
    scored = [row.rung for row in read_board(place / "speed").rungs if row.score is not None]
    return {**asdict(cost), "rungs": len(scored), "uncompiled": missing}


def complete(bench: Bench, table: Table) -> bool:
    return all(bench.found(what) is not None for what in _runs(bench, table))


def show(bench: Bench, tables: Sequence[Table]) -> Shown:
    misses = Misses(found=[])
    return Shown(text=lines(HEADS, [_row(bench, table, misses) for table in tables]), missed=tuple(misses.found))


def _row(bench: Bench, table: Table, misses: Misses) -> list[str]:
    found = [figures for what in _runs(bench, table) if (figures := bench.found(what)) is not None]
    walls = sorted(float(figures["wall_seconds"]) for figures in found)
    middle = walls[len(walls) // 2]
    told = misses.most(middle, FIRST_TABLES.get(table.name), f"{middle:.1f}", f"{table.name}: seconds to a table")
    rungs = ", ".join(str(count) for count in sorted({figures["rungs"] for figures in found}))
    return [table.name, rungs, str(len(walls)), told, f"{walls[0]:.1f}", f"{walls[-1]:.1f}", _state(found)]


def _state(found: Sequence[Figures]) -> str:
    """Say what has no byte-code, if anything."""
    missing = {name: count for figures in found for name, count in figures["uncompiled"].items()}
    if not missing:
        return "compiled"
    return "not compiled: " + ", ".join(f"{count} modules of {name}" for name, count in sorted(missing.items()))


def _runs(bench: Bench, table: Table) -> list[What]:
    return [What(part=PART, table=table, side=SIDE, round=number) for number in range(bench.runs)]


FIRST = Part(
    name=PART,
    title="Time to the first table",
    sets=("german_credit", "bank_marketing", "diamonds_15000", "adult"),
    measure=measure,
    complete=complete,
    show=show,
)
