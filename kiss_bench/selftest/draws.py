"""One draw: a simulated table through the package's own tasks, folds, fits and judge. Touches no disk."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.judgement import Judged, Judgement
from kiss_bench.metrics import find_metric
from kiss_bench.plan.plan import Data, Plan
from kiss_bench.runs.judging import ask_again, judge_progress
from kiss_bench.runs.units import Progress
from kiss_bench.selftest.scenarios import SCENARIOS, Scenario, ladder_of
from kiss_bench.selftest.shape import Shape
from kiss_bench.selftest.tables import GROUP, TARGET, TIME, WEIGHT, label_names, simulated_frame
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.seeds import root_seed
from kiss_bench.tasks.table import make_table
from kiss_bench.tuning.unit import run_unit

Judge = Callable[[Progress], Judgement]


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
    plan = plan_of(shape, scenario)
    resolved, task = make_task(plan, make_table(simulated_frame(shape, scenario, generator(place)), TARGET))
    root = root_seed(resolved, task.data_hash)
    folds = draw_folds(task, resolved, root) if shape.fixed is None else shape.fixed
    return Exam(plan=resolved, task=task, folds=folds, root=root)


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
        for unit in progress.units():
            if unit.place not in progress.outcomes:
                progress.add(unit, run_unit(exam, unit))
        judgement = judge(progress)
        if ask_again(progress, judgement) is None:
            return judgement


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
        highest=_highest(shape, judgement.entries).rung,
        level=shape.alpha if judgement.ladder_error is None else judgement.ladder_error,
    )


def _highest(shape: Shape, entries: tuple[Judged, ...]) -> Judged:
    sign = 1.0 if find_metric(shape.metric.primary or "").greater_is_better else -1.0
    return max(entries, key=lambda entry: -np.inf if entry.score is None else sign * entry.score)
