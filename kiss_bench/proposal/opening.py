"""The exam of an opened vault: fitted on all rows outside it, asked of the rows inside."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kiss_bench.engines import Workforce
from kiss_bench.errors import RefusedError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.plan import Arm, Plan, Step
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import UnitStore
from kiss_bench.runs.units import Progress, arms_of, rung_facts
from kiss_bench.tasks.folds import folds_frame, folds_hash
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.task import Fold, Folds, Table, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A rung and the arm of it that is asked."""

    rung: str
    arm: Arm


def opening_exam(exam: Exam, table: Table, models: tuple[Model, ...]) -> Exam:
    """One split of all rows: training is all that `exam` has, less the gap in time; testing is its vault.

    `table` holds both. The ladder is cut down to these models and what they blend; a model of the default arm is not
    tuned. The number of the fold is the one after the last, so that its seeds are none that a run has used.
    """
    assert exam.task.sealed is not None
    resolved, task = make_task(replace(exam.plan, vault=None), table)
    ladder = _ladder(exam.plan, models)
    plan = replace(resolved, vault=exam.plan.vault, ladder=ladder, skip={}, folds=replace(resolved.folds, repeats=1))
    sealed = np.isin(task.row_id, exam.task.sealed)
    split = Fold(
        repeat=0,
        fold=len(exam.folds.of(0)),
        train=np.flatnonzero(_training(task, sealed, exam)),
        test=np.flatnonzero(sealed),
    )
    folds = Folds(kind=exam.folds.kind, splits=(split,), hash="")
    hashed = folds_hash(folds.kind, folds_frame(folds, task))
    return Exam(plan=plan, task=task, folds=replace(folds, hash=hashed), root=exam.root)


def outcomes_of(exam: Exam, models: tuple[Model, ...], folder: Path, workforce: Workforce) -> dict[Model, Outcome]:
    """Run what is not stored yet. Raises RefusedError naming every model that could not be fitted."""
    progress, keys, store = Progress(exam=exam, quick=False), Keys(exam), UnitStore(folder / ".units")
    todo = []
    for unit in _needed(progress, models):
        found = store.load(keys.of(unit))
        if isinstance(found, Outcome):
            progress.add(unit, found)
        else:
            todo.append(unit)
    if todo:
        engine = workforce.engine(exam)
        try:
            for unit, outcome in engine.run(todo):
                if outcome.status == "ok":
                    store.save(keys.of(unit), outcome)
                progress.add(unit, outcome)
        finally:
            engine.close()
    steps = {step.name: step for step in exam.plan.ladder}
    made = {model: progress.found(steps[model.rung], model.arm)[0] for model in models}
    failed = [f"{model.rung}: {found.error}: {found.reason}" for model, found in made.items() if found and found.error]
    failed += [f"{model.rung}: what it blends is not there" for model, found in made.items() if found is None]
    if failed:
        raise RefusedError(f"the vault was not scored, since fits failed: {'; '.join(failed)}")
    return {model: found for model, found in made.items() if found is not None}


def _ladder(plan: Plan, models: tuple[Model, ...]) -> tuple[Step, ...]:
    """Only rungs that are needed; those that are asked for their default settings without trials."""
    arms = {model.rung: model.arm for model in models}
    named = [step for step in plan.ladder if step.name in arms]
    heights = {step.level: arms[step.name] for step in named if rung_facts(step).blends}
    highest = max(heights, default=0.0)
    kept = [step for step in plan.ladder if step.name in arms or step.level < highest]
    tuned = heights.get(highest) == "tuned"
    return tuple(
        step if arms.get(step.name) == "tuned" or (tuned and step.level < highest) else replace(step, trials=0)
        for step in kept
    )


def _training(task: Task, sealed: np.ndarray, exam: Exam) -> np.ndarray:
    """All rows outside the vault; forward in time those that lie the gap before it."""
    gap = exam.plan.folds.gap or 0
    if exam.folds.kind != "forward" or task.time is None or not gap:
        return ~sealed
    return np.asarray(~sealed & (task.time < task.time[sealed].min() - gap))


def _needed(progress: Progress, models: tuple[Model, ...]) -> Iterator[Unit]:
    """All units but default fits that nobody asks for: of rungs asked for their tuned arm, and in no default blend."""
    usual = {model.rung for model in models if model.arm == "default"}
    blends = [step for step in progress.exam.plan.ladder if rung_facts(step).blends and step.name in usual]
    blended = max((step.level for step in blends), default=0.0)
    for unit in progress.units():
        tuned = "tuned" in arms_of(progress.exam, unit.step, quick=False)
        if unit.purpose != "fit" or not tuned or unit.step.name in usual or unit.step.level < blended:
            yield unit
