"""What is asked of the judge beside the predictions, and what comes out: frozen records, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kiss_bench.plan.plan import Arm, FoldKind, MarginUnit, Multiplicity, TaskKind

Verdict = Literal["JUSTIFIED", "NOT JUSTIFIED", "INCONCLUSIVE", "FAILED", "BASELINE", "NOT COMPARABLE"]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Scheme = FoldKind | Literal["holdout", "repeated_holdout"]
"""How the rows came to be tested; the last two are for predictions made elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How the exam is graded; fixed before anything is fitted."""

    task: TaskKind
    metric: str
    margin: float
    margin_unit: MarginUnit
    scheme: Scheme
    alpha: float = 0.05
    also: tuple[str, ...] = ()
    positive: int | None = None
    multiplicity: Multiplicity = "fallback"
    escalates: bool = False
    """`repeats: auto`: a verdict rests on the first repeat, and on all repeats only where that one was contested."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A rung on the ladder that is judged; what it said stands in the predictions."""

    rung: str
    level: float
    status: Literal["ok", "failed", "skipped"] = "ok"
    reason: str = ""
    comparable: bool = True
    """False where the config gave this rung more trials than a lower one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One incumbent against one candidate, in the metric's own units, positive = candidate better."""

    gain: float
    low: float
    high: float
    """Two-sided 95 % interval of the gain, for display."""
    repeats: int
    """Repeats that both have, and that this rests on."""
    margin: float
    """The margin in the metric's own units, as seen from this incumbent."""
    se: float
    """Standard error of the margin contrast, in the units of that contrast."""
    df: float
    p_gain: float
    """P(gain > margin); 1 - p of the one-sided test at the margin."""
    p_equal: float
    p_harm: float
    alpha: float
    """The level applied: alpha_j, or alpha_j/5 at stage one (fewer than three repeats of folds that can be redrawn)."""
    verdict: Verdict
    min_detectable_gain: float
    """Smallest true gain (metric units) found with 80 % power at this level."""
    rows_needed: int | None
    """Rows that would decide at this observed gain with 80 % power; None where no number would."""
    repeats_needed: int | None = None
    """Repeats of the same rows at which the observed gain would pass the test; None where more repeats cannot do it."""
    contested: bool = False
    """At stage one, short of alpha_j/5 but within 2 alpha_j: more repeats of these two could decide."""
    fold_wins: float
    """Share of folds in which the candidate scored better, in [0, 1], ties counted half; it decides nothing."""
    method: str
    """Which standard error was used, in words."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One rung's place on the board, as far as it follows from predictions alone."""

    rung: str
    level: float
    arm: Arm | None
    """The arm that climbs: tuned where there is one; None for a rung without predictions."""
    status: Literal["ok", "failed", "skipped"]
    reason: str
    repeats: int
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    skill: float | None = None
    also: Mapping[str, float | None] = field(default_factory=dict)
    default_score: float | None = None
    """This and the next five only where the rung has both arms."""
    default_skill: float | None = None
    default_comparison: Comparison | None = None
    """Of the default arm with the same incumbent, on the repeats that the rung's own test rests on."""
    tuning_gain: float | None = None
    tuning_verdict: Verdict | None = None
    p_default_enough: float | None = None
    """P(tuning gains less than the margin): non-inferiority of the default settings; it decides nothing."""
    incumbent: str | None = None
    comparison: Comparison | None = None
    verdict: Verdict | None = None
    """None for a skipped rung."""

    @property
    def default_verdict(self) -> Verdict | None:
        return None if self.default_comparison is None else self.default_comparison.verdict


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
    """The margin in the metric's own units, as seen from the base on the first repeat."""
    notes: tuple[str, ...] = ()
    ladder_error: float | None = None
    """`per_step` only: the chance of at least one unjustified promotion along the ladder is at most this."""
