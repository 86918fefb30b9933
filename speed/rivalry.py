"""The ladder against the rival: the same outer folds, rungs and trials, in turn."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from kiss_bench.evaluation.exam import Outcome
from kiss_bench.records.folder import read_json
from kiss_bench.records.store import UnitStore
from speed.bench import Bench, Figures, What, ran
from speed.machine import command
from speed.measure import SpeedError
from speed.pairing import Paired, paired
from speed.sets import RATIOS, Table, write_config
from speed.shown import NOTHING, Misses, Part, Shown, lines, median, share

PART = "rival"
PREDICTIONS = "predictions.parquet"
COST_HEADS = (
    *("table", "side", "wall s", "rival / ladder", "CPU s", "cores busy", "inside fits"),
    *("largest process MB", "all processes MB"),
)
SCORE_HEADS = ("table", "rung", "metric", "ladder", "rival", "difference", "its error", "in mean loss", "its error")


def measure(bench: Bench, table: Table) -> None:
    """Ladder, rival, ladder, rival … for all rounds."""
    for number in range(bench.rounds):
        ladder, rival, both = (
            What(part=PART, table=table, side=side, round=number) for side in ("ladder", "rival", "paired")
        )
        if all(bench.found(what) is not None for what in (ladder, rival, both)):
            continue
        first = bench.once(ladder, partial(run_ladder, bench, table), needs=f"speed/{PREDICTIONS}")
        ours = bench.place(first) / "speed"
        second = bench.once(rival, partial(run_rival, bench, table, ours), needs=PREDICTIONS)
        bench.once(both, partial(pair, ours / PREDICTIONS, bench.place(second) / PREDICTIONS))


def pair(ladder: Path, rival: Path, _: Path) -> Figures:
    return {"rungs": [asdict(each) for each in paired(ladder, rival)]}


def run_ladder(bench: Bench, table: Table, place: Path) -> Figures:
    """Run kiss-bench in a process of its own; its result folder is `place / "speed"`."""
    config = write_config(place, table, bench.effort)
    words = [command(), "run", str(config), "--results", str(place), "--jobs", str(bench.effort.workers)]
    cost = ran(words, place)
    store = UnitStore(place / "speed" / ".units")
    units, models = worker_seconds(store)
    return {**asdict(cost), "unit_seconds": units, "model_seconds": models}


def worker_seconds(store: UnitStore) -> tuple[float, float]:
    """Seconds of all stored units in their workers, and inside fit and predict; 0 where that was not recorded.

    Raises SpeedError for a unit that cannot be read.
    """
    units = models = 0.0
    for path in sorted(store.folder.glob("*.parquet")):
        outcome = store.load(path.stem)
        if not isinstance(outcome, Outcome):
            raise SpeedError(f"{path} cannot be read as a unit")
        units += outcome.costs.unit_seconds
        models += outcome.costs.model_seconds
    return units, models


def run_rival(bench: Bench, table: Table, ladder: Path, place: Path) -> Figures:
    """Run the rival on the outer folds of a ladder's result folder."""
    effort, task = bench.effort, str(read_json(ladder, "plan.json")["understood"]["task"])
    files = [table.path, ladder / "folds.parquet", place / PREDICTIONS]
    words = [sys.executable, "-m", "speed.rival", *(str(file.resolve()) for file in files), table.target]
    words += ["--task", task, "--trials", str(effort.trials), "--inner", str(effort.inner)]
    words += ["--jobs", str(effort.workers)]
    words += ["--positive", table.positive] if table.positive is not None and task == "binary" else []
    words += ["--drop", *table.drop] if table.drop else []
    return asdict(ran(words, place))


def complete(bench: Bench, table: Table) -> bool:
    return all(len(bench.rounds_of(PART, table, side)) == bench.rounds for side in ("ladder", "rival", "paired"))


def show(bench: Bench, tables: Sequence[Table]) -> Shown:
    misses = Misses(found=[])
    costs = [row for table in tables for row in _cost_rows(bench, table, misses)]
    scores = [row for table in tables for row in _score_rows(bench, table, misses)]
    return Shown(text=f"{lines(COST_HEADS, costs)}\n\n{lines(SCORE_HEADS, scores)}", missed=tuple(misses.found))


def _cost_rows(bench: Bench, table: Table, misses: Misses) -> Iterator[list[str]]:
    ladder, rival = (bench.rounds_of(PART, table, side) for side in ("ladder", "rival"))
    walls = zip(ladder, rival, strict=True)
    ratio = median([{"ratio": their["wall_seconds"] / our["wall_seconds"]} for our, their in walls], "ratio")
    told = misses.least(ratio, RATIOS.get(table.name), f"{ratio:.1f}", f"{table.name}: rival / ladder")
    cores = bench.effort.workers
    for side, rounds in (("ladder", ladder), ("rival", rival)):
        wall, cpu = median(rounds, "wall_seconds"), median(rounds, "cpu_seconds")
        older = f" (of {rival[0]['at']}, kept)" if any("older" in figures for figures in rounds) else ""
        inside = median(rounds, "model_seconds") if side == "ladder" else 0.0
        yield [
            *(table.name, f"{side}{older}", f"{wall:.1f}", told if side == "ladder" else NOTHING),
            *(f"{cpu:.1f}", share(cpu, wall * cores), share(inside, wall * cores)),
            *(f"{median(rounds, 'largest_mb'):.0f}", f"{median(rounds, 'together_mb'):.0f}"),
        ]


def _score_rows(bench: Bench, table: Table, misses: Misses) -> Iterator[list[str]]:
    for plain in bench.rounds_of(PART, table, "paired")[0]["rungs"]:
        rung = Paired(**plain)
        bar = rung.loss_error if rung.worse else None
        what = f"{table.name}: {rung.rung}, mean loss minus the rival's"
        told = misses.most(rung.loss_difference, bar, f"{rung.loss_difference:+.3g}", what)
        yield [
            *(table.name, rung.rung, rung.metric, f"{rung.ladder:.5g}", f"{rung.rival:.5g}"),
            *(f"{rung.difference:+.3g}", f"{rung.error:.2g}", told, f"{rung.loss_error:.2g}"),
        ]


RIVALRY = Part(
    name=PART,
    title="The ladder against a script written by hand",
    sets=("german_credit", "diamonds_15000", "adult"),
    measure=measure,
    complete=complete,
    show=show,
)
