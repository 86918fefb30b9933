"""How uncertain an arm's predictions are, from those of the first repeat: what a row of the board shows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.judge.predictions import Predictions
from kiss_bench.judge.reliability import OutOfFold, prediction_intervals, reliability
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.records.json import plain_json
from kiss_bench.runs.units import Progress

REPEAT = 0


def reliability_facts(progress: Progress, step: Step, arm: Arm) -> Mapping[str, Any] | None:
    """The fields of `judge.reliability.Reliability` as in JSON; None for regression, or while folds are missing."""
    found = None if progress.exam.task.kind == "regression" else _first_repeat(progress, step, arm)
    if found is None:
        return None
    rows, order, predicted = found
    weight = None if rows.weight is None else rows.weight[order]
    told = reliability(rows.actual[order].astype(np.int64), predicted, progress.exam.task.positive, weight)
    return dict(plain_json(asdict(told)))


def interval_facts(progress: Progress, step: Step, arm: Arm) -> Mapping[str, Any] | None:
    """The fields of `judge.reliability.PredictionIntervals`; None for classes, or while folds are missing."""
    found = _first_repeat(progress, step, arm) if progress.exam.task.kind == "regression" else None
    if found is None:
        return None
    rows, order, predicted = found
    told = prediction_intervals(
        OutOfFold(
            actual=rows.actual[order].astype(np.float64),
            predicted=predicted,
            fold=rows.fold[REPEAT, order],
            scheme=progress.exam.folds.kind,
            grouped=progress.exam.task.group is not None,
            weight=None if rows.weight is None else rows.weight[order],
        )
    )
    return dict(plain_json(asdict(told)))


def _first_repeat(progress: Progress, step: Step, arm: Arm) -> tuple[Predictions, Codes, Floats] | None:
    """The rows, their order fold by fold, and in that order what the arm said of them in the first repeat.

    (n,) or (n, k); None unless all folds are there. In another order sums have other last bits than those on record.
    """
    rows = Predictions.of_outcomes(progress.exam, {(step.name, arm): progress.found(step, arm)})
    said = rows.of(step.name).get(arm)
    if said is None or not np.isfinite(said.values[REPEAT]).all():  # the judge fails such a rung; nothing to show here
        return None
    order = np.argsort(rows.fold[REPEAT], kind="stable").astype(np.int64)
    return rows, order, said.values[REPEAT, order]
