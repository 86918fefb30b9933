"""How uncertain an arm's predictions are, from those of the first repeat: what a row of the board shows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from kiss_bench.evaluation.exam import Outcome, Positions
from kiss_bench.judge.judgement import Floats
from kiss_bench.judge.prediction_intervals import OutOfFold, prediction_intervals
from kiss_bench.judge.reliability import reliability
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.reports.json import plain_json
from kiss_bench.runs.units import Progress

REPEAT = 0


def reliability_facts(progress: Progress, step: Step, arm: Arm) -> Mapping[str, Any] | None:
    """The fields of `judge.reliability.Reliability` as in JSON; None for regression, or while folds are missing."""
    found = None if progress.exam.task.kind == "regression" else _out_of_fold(progress, step, arm)
    if found is None:
        return None
    task, (rows, _, predicted) = progress.exam.task, found
    weight = None if task.weight is None else task.weight[rows]
    told = reliability(task.y[rows].astype(np.int64), predicted, task.positive, weight)
    return dict(plain_json(asdict(told)))


def interval_facts(progress: Progress, step: Step, arm: Arm) -> Mapping[str, Any] | None:
    """The fields of `judge.prediction_intervals.PredictionIntervals`; None for classes, or while folds are missing."""
    found = _out_of_fold(progress, step, arm) if progress.exam.task.kind == "regression" else None
    if found is None:
        return None
    task, (rows, fold, predicted) = progress.exam.task, found
    told = prediction_intervals(
        OutOfFold(
            actual=task.y[rows].astype(np.float64),
            predicted=predicted,
            fold=fold,
            scheme=progress.exam.folds.kind,
            grouped=task.group is not None,
            weight=None if task.weight is None else task.weight[rows],
        )
    )
    return dict(plain_json(asdict(told)))


def _out_of_fold(progress: Progress, step: Step, arm: Arm) -> tuple[Positions, Positions, Floats] | None:
    """Positions in the task (n,), their folds (n,), predictions (n,) or (n, k), fold by fold; None unless whole."""
    first: dict[int, Outcome] = {
        outcome.fold: outcome
        for outcome in progress.found(step, arm)
        if outcome is not None and outcome.repeat == REPEAT
    }
    rows, folds, values = [], [], []
    for split in progress.exam.folds.of(REPEAT):
        outcome = first.get(split.fold)
        if outcome is None or outcome.prediction is None:
            return None
        rows.append(split.test)
        folds.append(np.full(len(split.test), split.fold, dtype=np.int64))
        values.append(outcome.prediction)
    predicted = np.concatenate(values)
    if not np.isfinite(predicted).all():  # the judge fails such a rung; here it has nothing to show
        return None
    return np.concatenate(rows), np.concatenate(folds), predicted
