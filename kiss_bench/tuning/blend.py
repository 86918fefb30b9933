"""The stack's units: stored predictions of the rungs below, weighed. Nothing is fitted again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kiss_bench.evaluation.exam import Costs, Exam, Outcome, Unit
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
    if unit.arm == "default":
        weights = np.full(len(used), 1.0 / len(used))
    else:
        lacking = [step.name for step, _, inner in used if inner is None or inner.inner_prediction is None]
        if lacking:
            return _failed(unit, f"it learns from inner predictions of {', '.join(lacking)}, which failed")
        inner = [outcome.inner_prediction for _, _, outcome in used if outcome is not None]
        rows = next(outcome.inner_rows for _, _, outcome in used if outcome is not None)
        stacked = np.stack([values for values in inner if values is not None])
        weights = learn_weights(exam.task.kind, exam.task.y[rows], stacked)
    return _mixed(unit, used, dict(zip([step.name for step, _, _ in used], weights.tolist(), strict=True)))


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
