"""What goes into the judge and what comes out: frozen records, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kiss_bench.plan.plan import Arm, FoldKind, MarginUnit, TaskKind

Verdict = Literal["JUSTIFIED", "NOT JUSTIFIED", "INCONCLUSIVE", "FAILED", "BASELINE", "NOT COMPARABLE"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The out-of-fold rows that every rung was scored on, in one order; n rows, r repeats."""

    actual: NDArray[np.float64] | NDArray[np.int64]
    """(n,) numeric target, or class codes 0..k-1."""
    fold: NDArray[np.int64]
    """(r, n) the fold in which each row was tested."""
    group: NDArray[np.int64] | None = None
    time: NDArray[np.int64] | None = None
    """(n,) rank of the time value, forward folds only."""
    n_train: float = 0.0
    """Mean number of training rows over folds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How the exam is graded; fixed before anything is fitted."""

    task: TaskKind
    metric: str
    margin: float
    margin_unit: MarginUnit
    scheme: FoldKind
    alpha: float = 0.05
    also: tuple[str, ...] = ()
    positive: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One rung as it reaches the judge. `predictions` maps an arm to (r, n) values or (r, n, k) probabilities."""

    rung: str
    level: float
    status: Literal["ok", "failed", "skipped"] = "ok"
    reason: str = ""
    comparable: bool = True
    """False where the config gave this rung more trials than a lower one."""
    predictions: Mapping[Arm, Floats] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One incumbent against one candidate, in the metric's own units, positive = candidate better."""

    gain: float
    low: float
    high: float
    """Two-sided 95 % interval of the gain, for display."""
    se: float
    """Standard error of the margin contrast, in the units of that contrast."""
    df: float
    p_gain: float
    """P(gain > margin); 1 - p of the one-sided test at the margin."""
    p_equal: float
    p_harm: float
    alpha: float
    """The level applied."""
    verdict: Verdict
    min_detectable_gain: float
    """Smallest true gain (metric units) found with 80 % power at this level."""
    rows_needed: int | None
    """Rows that would decide at this observed gain; None where no number would."""
    method: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One rung's place on the board, as far as it follows from predictions alone."""

    rung: str
    level: float
    arm: Arm | None
    status: Literal["ok", "failed", "skipped"]
    reason: str
    repeats: int
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    skill: float | None = None
    also: Mapping[str, float | None] = field(default_factory=dict)
    default_score: float | None = None
    default_verdict: Verdict | None = None
    tuning_gain: float | None = None
    tuning_verdict: Verdict | None = None
    incumbent: str | None = None
    comparison: Comparison | None = None
    verdict: Verdict = "INCONCLUSIVE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommended:
    rung: str
    arm: Arm
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    entries: tuple[Judged, ...]
    """One per rung, simplest first."""
    recommended: Recommended
    also_consider: str | None
    """Simplest rung below the recommended one that is not shown to be worse than it by more than the margin."""
    margin_abs: float
    """The margin in the metric's own units, as seen from the dummy."""
    notes: tuple[str, ...] = ()
