"""One draw: a simulated table through the package's own tasks, folds, fits and judge; and where draws are kept.

The store and `resumed` serve the studies of docs/statistics.md as well (`calibration/`, beside the package).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.judgement import Judged, Judgement
from kiss_bench.metrics import find_metric
from kiss_bench.plan.plan import Data, Plan
from kiss_bench.records.folder import write_whole
from kiss_bench.records.keys import PACKAGE, library_versions, sha256_of, source_hash, sources_behind
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.judging import ask_again, judge_progress
from kiss_bench.runs.units import Progress
from kiss_bench.selftest.scenarios import (
    GROUP,
    SCENARIOS,
    TARGET,
    TIME,
    WEIGHT,
    Scenario,
    label_names,
    ladder_of,
    simulated_frame,
)
from kiss_bench.selftest.shape import Shape, shape_hash
from kiss_bench.tasks.table import make_table
from kiss_bench.tuning.unit import run_unit

Judge = Callable[[Progress], Judgement]
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What tells a draw from every other one of a shape."""

    scenario: str
    number: int
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """What a simulated benchmark came to."""

    scenario: str
    number: int
    recommended: str = ""
    over: str = ""
    """Whom the recommended rung was promoted over; empty where it is the base."""
    highest: str = ""
    """The rung of the best mean score; the simpler one of equals."""
    level: float = 0.0
    """Chance of an unjustified promotion that the judge claims at most."""
    refused: str = ""
    """Why this table could not be judged; then all else is empty."""


def drawn(shape: Shape, place: Place, judge: Judge = judge_progress) -> Draw:
    """Simulate one benchmark from its table to its verdict; the same for the same shape and place, wherever it runs."""
    scenario = SCENARIOS[place.scenario]
    try:
        judgement = judged(simulated_exam(shape, scenario, place), judge)
    except KissBenchError as error:  # a table that these folds or this metric cannot take
        return Draw(scenario=place.scenario, number=place.number, refused=" ".join(str(error).split()))
    return _read_off(shape, place, judgement)


def simulated_exam(shape: Shape, scenario: Scenario, place: Place) -> Exam:
    """Draw the table, and its folds as a run draws them. Raises what a run would: DataError, FoldError."""
    exam = set_exam(plan_of(shape, scenario), make_table(simulated_frame(shape, scenario, generator(place)), TARGET))
    return exam if shape.fixed is None else replace(exam, folds=shape.fixed)


def plan_of(shape: Shape, scenario: Scenario) -> Plan:
    """Give the user's plan as far as it has a say: metric, margin, level, multiplicity and folds."""
    folds = shape.folds
    if shape.fixed is not None:  # taken as they are, so that nothing is left to be drawn
        folds = type(folds)(kind="shuffled", count=folds.count, repeats=1)
    positive = None if shape.positive is None else label_names(shape.labels)[shape.positive]
    return Plan(
        project=shape.project,
        data=Data(
            group=None if shape.group is None else GROUP,
            time=None if shape.time is None else TIME,
            weight=None if shape.weight is None else WEIGHT,
        ),
        target=TARGET,
        positive=positive,
        task=shape.kind,
        metric=shape.metric,
        folds=folds,
        ladder=ladder_of(scenario, shape.kind),
        alpha=shape.alpha,
        multiplicity=shape.multiplicity,
        source="kiss-bench selftest",
    )


def generator(place: Place) -> np.random.Generator:
    """Give the generator of one draw; no other draw, worker or order has a say in it."""
    text = json.dumps(["selftest", place.seed, place.scenario, place.number])
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def judged(exam: Exam, judge: Judge = judge_progress) -> Judgement:
    """Run every unit here and now, and judge; a contested pair is run on more repeats, as a run does it."""
    progress = Progress(exam=exam, quick=False)  # no rung has trials, so there are default arms alone
    while True:
        judgement = judge(fitted(progress))
        if ask_again(progress, judgement) is None:
            return judgement


def fitted(progress: Progress) -> Progress:
    """Run every unit that has not been run, here and now."""
    for unit in progress.units():
        if unit.place not in progress.outcomes:
            progress.add(unit, run_unit(progress.exam, unit))
    return progress


def highest(metric: str, entries: Sequence[Judged]) -> str:
    """The rung of the best mean score; the simpler one of equals."""
    sign = 1.0 if find_metric(metric).greater_is_better else -1.0
    return max(entries, key=lambda entry: -np.inf if entry.score is None else sign * entry.score).rung


def _read_off(shape: Shape, place: Place, judgement: Judgement) -> Draw:
    failed = [f"{entry.rung}: {entry.reason}" for entry in judgement.entries if entry.status == "failed"]
    if failed:
        return Draw(scenario=place.scenario, number=place.number, refused="; ".join(failed))
    chosen = next(entry for entry in judgement.entries if entry.rung == judgement.recommended.rung)
    return Draw(
        scenario=place.scenario,
        number=place.number,
        recommended=chosen.rung,
        over=chosen.incumbent or "",
        highest=highest(shape.metric.primary or "", judgement.entries),
        level=shape.alpha if judgement.ladder_error is None else judgement.ladder_error,
    )


# Finished draws


@dataclass(frozen=True, kw_only=True, slots=True)
class Store(Generic[Item, Found]):
    """A folder that is never committed: a JSON file an item, named by the hash of all that its draws depend on."""

    folder: Path
    facts: Callable[[Item], Any]
    """Everything that the draws of an item depend on, as plain data."""
    plain: Callable[[Found], Any]
    read: Callable[[Any], Found]
    """From draws to plain data, and back; `read` raises TypeError or ValueError for data that are none."""

    def path(self, item: Item) -> Path:
        return self.folder / f"{sha256_of(self.facts(item))}.json"

    def load(self, item: Item) -> Found | None:
        """Give what is stored, or None where there is nothing or the file is damaged."""
        try:
            return self.read(json.loads(self.path(item).read_text(encoding="utf8")))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, item: Item, found: Found) -> None:
        if not (self.folder / ".gitignore").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / ".gitignore", "*\n")
        write_whole(self.path(item), json.dumps(self.plain(found), ensure_ascii=False) + "\n")


def resumed(
    store: Store[Item, Found],
    items: Sequence[Item],
    simulate: Callable[[Sequence[Item]], Iterable[tuple[Item, Found]]],
    tell: Callable[[int, Item | None], None],
) -> dict[Item, Found]:
    """Give what is drawn for every item: from the store where it is there, else simulated, and stored as it ends.

    `tell` hears how many are in, with nothing before the first that is simulated, then with each.
    """
    found = {item: stored for item in items if (stored := store.load(item)) is not None}
    todo = [item for item in items if item not in found]
    tell(len(found), None)
    for item, new in simulate(todo) if todo else ():
        store.save(item, new)
        found[item] = new
        tell(len(found), item)
    return found


def draw_store(folder: Path, shape: Shape) -> Store[Place, Draw]:
    """Where the draws of a shape are kept."""
    shared = {"shape": shape_hash(shape), "libraries": library_versions(), "sources": deciding_sources()}

    def facts(place: Place) -> dict[str, Any]:
        return {**shared, "scenario": asdict(SCENARIOS[place.scenario]), "place": asdict(place)}

    return Store(folder=folder, facts=facts, plain=asdict, read=lambda stored: Draw(**stored))


@cache
def deciding_sources() -> str:
    """Hash of every source that a draw depends on: what this module imports, and the rungs, found by folder."""
    return source_hash(sources_behind(Path(__file__), *sorted((PACKAGE / "rungs").glob("*.py"))))
