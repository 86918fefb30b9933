"""The stack's units: stored predictions of the rungs below, weighed. Nothing is fitted again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kiss_bench.evaluation.exam import Costs, Exam, Floats, Outcome, Positions, Unit
from kiss_bench.evaluation.thresholds import learn_threshold, threshold_metric
from kiss_bench.plan.plan import Step
from kiss_bench.rungs._blend import learn_weights

LINEAR_LEVEL = 2
"""The plain mean starts here: averaging the dummy in would only shrink it towards the prior."""

Bases = Sequence[tuple[Step, Outcome | None, Outcome | None]]
"""Per rung below, simplest first: its step, the outcome that predicts the test part, the one with inner predictions."""


def blend(exam: Exam, unit: Unit, bases: Bases) -> Outcome:
    """The stack's outcome for one arm, repeat and fold; failed, naming it, where a base failed."""
    broken = [step.name for step, found, _ in bases if found is None or found.status == "failed"]
    if broken:
        return _failed(unit, f"it blends {', '.join(broken)}, which failed")
    used = [base for base in bases if unit.arm == "tuned" or base[0].level >= LINEAR_LEVEL]
    if not used:
        return _failed(unit, "there is no rung from `linear` up to blend")
    weights = np.full(len(used), 1.0 / len(used))
    threshold: float | None = None
    if unit.arm == "tuned" or threshold_metric(exam) is not None:
        lacking = [step.name for step, _, inner in used if inner is None or inner.inner_prediction is None]
        if lacking:
            return _failed(unit, f"it learns from inner predictions of {', '.join(lacking)}, which failed")
        rows, stacked = _inner(used)
        if unit.arm == "tuned":
            weights = learn_weights(exam.task.kind, exam.task.y[rows], stacked)
        threshold = learn_threshold(exam, rows, np.tensordot(weights, stacked, axes=1))
    mixed = _mixed(unit, used, dict(zip([step.name for step, _, _ in used], weights.tolist(), strict=True)))
    return replace(mixed, threshold=threshold)


def _inner(used: Bases) -> tuple[Positions, Floats]:
    """The rows of the inner folds, (m,), and what every base says of them, (b, m) or (b, m, k)."""
    found = [
        (outcome.inner_rows, outcome.inner_prediction)
        for _, _, outcome in used
        if outcome is not None and outcome.inner_rows is not None and outcome.inner_prediction is not None
    ]
    return found[0][0], np.stack([values for _, values in found])


def _mixed(unit: Unit, used: Bases, weights: Mapping[str, float]) -> Outcome:
    parts = [(weights[step.name], found) for step, found, _ in used if found is not None and weights[step.name] > 0]
    prediction = sum(weight * found.prediction for weight, found in parts if found.prediction is not None)
    return replace(
        _blank(unit),
        prediction=np.asarray(prediction, dtype=np.float64),
        settings={"weights": dict(weights)},
        costs=Costs(
            fit_seconds=sum(found.costs.fit_seconds for _, found in parts),
            predict_us_per_row=sum(found.costs.predict_us_per_row for _, found in parts),
            model_bytes=sum(found.costs.model_bytes for _, found in parts),
            tuning_seconds=sum(found.costs.tuning_seconds for _, found in parts),
        ),
    )


def _blank(unit: Unit) -> Outcome:
    return Outcome(rung=unit.step.name, arm=unit.arm, repeat=unit.repeat, fold=unit.fold, purpose="blend")


def _failed(unit: Unit, reason: str) -> Outcome:
    return replace(_blank(unit), status="failed", error="BaseFailed", reason=reason)
