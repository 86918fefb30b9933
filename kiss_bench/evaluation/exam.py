"""What every unit of a run shares, what one unit is, and what comes out of it: frozen records."""

import copyreg
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kiss_bench.plan.plan import NOTHING, Arm, Plan, Step
from kiss_bench.tasks.task import Fold, Folds, Task

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]
Purpose = Literal["fit", "search", "inner", "blend"]
"""fit: default settings on an outer training part · search: a study in it, then the same · inner: default settings on
its inner folds, for the stack · blend: the stack, from the predictions of others."""

Place = tuple[str, Arm, int, int, Purpose]
"""(rung, arm, repeat, fold, purpose)."""


def _frozen(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


# Frozen mappings travel to the workers and back; the standard library does not know how to pickle them.
copyreg.pickle(MappingProxyType, lambda proxy: (_frozen, (dict(proxy),)))


@dataclass(frozen=True, kw_only=True)
class Exam:
    """The task, the folds and the resolved plan: identical for all rungs."""

    plan: Plan
    task: Task
    folds: Folds
    root: int
    level: str = ""
    """Level of arithmetic at which all units are computed, in the words of `level_here`; empty: it is not asked."""

    @cached_property
    def targets(self) -> NDArray[Any]:
        """(n,) labels as the user knows them, or floats."""
        if self.task.kind == "regression":
            return self.task.y
        return np.array(list(self.task.labels))[self.task.y.astype(np.int64)]

    @cached_property
    def tested(self) -> Positions:
        """Ascending positions of all rows that are in some test part of the first repeat."""
        return np.sort(np.concatenate([split.test for split in self.folds.of(0)]))

    def split(self, repeat: int, fold: int) -> Fold:
        return next(split for split in self.folds.of(repeat) if split.fold == fold)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One (rung, arm, repeat, fold), the smallest thing that is run, stored and resumed."""

    step: Step
    arm: Arm
    repeat: int
    fold: int
    purpose: Purpose

    @property
    def place(self) -> Place:
        """What tells it from every other unit of a run."""
        return (self.step.name, self.arm, self.repeat, self.fold, self.purpose)

    @property
    def name(self) -> str:
        kind = " (inner folds)" if self.purpose == "inner" else ""
        return f"{self.step.name}/{self.arm} repeat {self.repeat} fold {self.fold}{kind}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One try of a study, whatever became of it."""

    number: int
    state: Literal["COMPLETE", "PRUNED", "FAIL"]
    value: float | None
    """Mean over inner folds in the metric's own sign; the running mean where pruned."""
    inner_values: tuple[float, ...]
    params: Mapping[str, Any]
    seconds: float
    seed: int
    error: str = ""
    """Exception class of a failed trial."""
    reason: str = ""
    started: float = 0.0
    """Seconds since 1970, UTC."""
    fits: int = 0
    """Models fitted: one an inner fold reached, and none for a repeated trial."""
    duplicate_of: int | None = None
    """Earlier trial with the same parameters, whose result this one takes: it would be the same to the bit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    fit_seconds: float = 0.0
    predict_us_per_row: float = 0.0
    model_bytes: int = 0
    tuning_seconds: float = 0.0
    unit_seconds: float = 0.0
    """Of the whole unit in its worker."""
    model_seconds: float = 0.0
    """Of these, inside estimators that fit or predict."""
    cpu_seconds: float = 0.0
    """Processor time of the worker over the study."""
    peak_bytes: int = 0
    """Most private memory that the worker held while the unit ran; 0 where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one unit came to. A failed one has a reason and no predictions."""

    rung: str
    arm: Arm
    repeat: int
    fold: int
    purpose: Purpose
    status: Literal["ok", "failed"] = "ok"
    error: str = ""
    reason: str = ""
    prediction: Floats | None = None
    """(n_test,) or (n_test, k), rows in the order of the fold's test positions."""
    clipped: int = 0
    inner_rows: Positions | None = None
    inner_prediction: Floats | None = None
    """Out-of-fold predictions inside the training part, for the stack and the threshold."""
    threshold: float | None = None
    """Least probability of the positive class at which a row gets its label; None: the most probable label."""
    settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """Settings of the outer fit, defaults included."""
    costs: Costs = Costs()
    trials: tuple[Trial, ...] = ()
    seeds: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    stopped_by: Literal["trials", "timeout", ""] = ""
    started: float = 0.0
    """Seconds since 1970, UTC."""
    inner_hash: str = ""
    """SHA-256 of the inner folds that a study ran on: the positions of their training and validation rows, in order."""
    studied_rows: int = 0
    """Rows of the training part that a study used."""
