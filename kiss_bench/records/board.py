"""The leaderboard as a record: exactly the fields of `leaderboard.json`, and nothing that is not in it.

Every report is rendered from this record, so that a report made during a run and one made years later from the
folder are the same text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kiss_bench.records.json import STRICT, Number
from kiss_bench.tasks.audit.findings import Audit

FOUND = 0.95
"""P from which a rung has found something in a placebo target: a test at 5 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeFacts:
    """One key of the plan that is otherwise than registered."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class AmendmentFacts:
    __pydantic_config__ = STRICT

    at: str
    """UTC, ISO-8601."""
    seen: Literal["before any result was seen", "after results were seen", "after the vault was opened"]
    changes: tuple[ChangeFacts, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRunFacts:
    """A run that ended before, with the verdicts it had."""

    at: str
    plan_hash: str
    digest: str
    margin: str
    """In words, as the metric of that run has it."""
    metric: str
    recommended: str | None
    verdicts: Mapping[str, str]
    scores: Mapping[str, Number | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class LuckFacts:
    """How good the best of so many tries on the same rows may look by chance alone."""

    runs: int
    """Runs that ended on this data hash, in this project and its neighbours in the results folder."""
    tries: int
    """Different plans or seeds among them: the same plan again is the same answer again."""
    se: Number | None
    """Standard error of the recommended rung's gain, in the metric's units."""
    luck: Number | None
    """se * sqrt(2 ln tries): no more than this is to be expected of the best of equal ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftFacts:
    """How well a model tells the vault's rows from all others: 0.5 not at all."""

    auc: Number
    low: Number
    high: Number
    columns: tuple[str, ...]
    """What gives them away, most telling first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultFacts:
    """The sealed rows, and what came of opening them."""

    __pydantic_config__ = STRICT

    rows: int
    how: str
    """How they were put away, in words."""
    openings: int = 0
    """How often it was looked into, by other projects beside this one and by openings that were left as well."""
    fresh: bool = True
    """Whether no run before has read these rows, as far as the ledgers know."""
    asked_hash: str = ""
    """Of what was registered when it was opened last."""
    at: str = ""
    plan_hash: str = ""
    """Of the plan that they were opened against last."""
    rung: str | None = None
    arm: str | None = None
    incumbent: str | None = None
    scores: Mapping[str, tuple[Number, Number, Number]] = field(default_factory=dict)
    """Rung -> score, and its 95 % interval."""
    gain: Number | None = None
    gain_low: Number | None = None
    """One-sided 95 % lower bound."""
    gain_high: Number | None = None
    """One-sided 95 % upper bound."""
    margin: Number | None = None
    p_gain: Number | None = None
    verdict: str | None = None
    """confirmed | contradicted | not contradicted"""
    rows_needed: int | None = None
    method: str = ""
    notes: tuple[str, ...] = ()
    """What is odd about the rows, such as a class that none of the others has."""
    shift: ShiftFacts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerFacts:
    lines: int
    head: str
    """Hash of the last line when the board was written."""
    faults: tuple[str, ...] = ()
    """What is wrong with the chain; empty where every line follows the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceboDraw:
    """The ladder on one target that cannot be known."""

    seed: int
    scores: Mapping[str, Number | None]
    """Rung -> score on the placebo target; None where it failed."""
    chances: Mapping[str, Number | None]
    """Rung -> P(it is better than the dummy); None for the dummy, and where it failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceboFacts:
    how: str
    """How the targets were made, in words."""
    trials: int
    draws: tuple[PlaceboDraw, ...]
    leaking: tuple[str, ...]
    """Rungs that beat the dummy in at least two of three draws."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantFacts:
    """The same question asked a little otherwise."""

    what: str
    """`half the margin`, `roc_auc`, `seed 17`."""
    recommended: str | None
    arm: str | None
    verdict: str | None
    """Of the rung that the board recommends, over its incumbent there."""
    same: bool
    """Whether it recommends what the board does."""
    reason: str = ""
    """Why there is no answer; empty where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StabilityFacts:
    margins: tuple[VariantFacts, ...] = ()
    metrics: tuple[VariantFacts, ...] = ()
    seeds: tuple[VariantFacts, ...] = ()
    by_hand: bool = False
    """Whether the seeds were set by hand."""
    flip_rate: Number | None = None
    """Share of the seeds, the board's own left out, that recommend another rung; None without other seeds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HonestyFacts:
    registered: str = ""
    """When the plan was first registered: UTC, ISO-8601."""
    amendments: tuple[AmendmentFacts, ...] = ()
    history: tuple[PastRunFacts, ...] = ()
    luck: LuckFacts | None = None
    vault: VaultFacts | None = None
    ledger: LedgerFacts | None = None
    stamps: tuple[str, ...] = ()
    """What every report says before its verdict, for ever."""


SCHEMA = "kiss-bench/leaderboard/1"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricFacts:
    name: str
    greater_is_better: bool
    margin: Number
    margin_unit: str
    margin_abs: Number | None
    threshold_for: str | None = None
    """The metric that each fit's decision threshold was learnt for; None: labels are the most probable class."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldFacts:
    kind: str
    count: int
    inner: int
    repeats: int | str = 1
    """auto, or the number of times that the folds were drawn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendedFacts:
    rung: str
    arm: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialCounts:
    complete: int = 0
    pruned: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardRow:
    """One rung. None where a field does not apply."""

    rung: str
    level: Number
    arm: str | None = None
    status: str = "running"
    """ok | failed | skipped | running | provisional"""
    reason: str = ""
    repeats: int = 0
    score: Number | None = None
    score_low: Number | None = None
    score_high: Number | None = None
    skill: Number | None = None
    also: Mapping[str, Number | None] = field(default_factory=dict)
    default_score: Number | None = None
    """This and the next six only where the rung has both arms, of which the tuned one climbs."""
    default_skill: Number | None = None
    default_gain: Number | None = None
    """Of its default settings over the same incumbent, on the repeats that its own gain rests on."""
    default_gain_low: Number | None = None
    default_gain_high: Number | None = None
    default_p_gain: Number | None = None
    default_verdict: str | None = None
    tuning_gain: Number | None = None
    tuning_verdict: str | None = None
    p_default_enough: Number | None = None
    """P(tuning gains less than the margin); it decides nothing."""
    incumbent: str | None = None
    gain_repeats: int | None = None
    """Draws of the folds that the gain and the verdict rest on."""
    fold_wins: Number | None = None
    """Share of those folds in which this rung scored better than its incumbent."""
    gain: Number | None = None
    gain_low: Number | None = None
    gain_high: Number | None = None
    margin: Number | None = None
    """What the gain is held against: the margin in the metric's own units, as seen from this incumbent."""
    p_gain: Number | None = None
    p_equal: Number | None = None
    p_harm: Number | None = None
    alpha: Number | None = None
    verdict: str | None = None
    min_detectable_gain: Number | None = None
    rows_needed: int | None = None
    """Rows that would decide at the observed gain; None where no number of rows would, or nothing is open."""
    repeats_needed: int | None = None
    """Repeats of the same rows that would decide, likewise."""
    method: str | None = None
    """Which standard error the verdict rests on, in words."""
    reliability: Mapping[str, Any] | None = None
    """Classification: how far the probabilities can be taken at their word (kiss_bench.judge.reliability)."""
    prediction_intervals: Mapping[str, Any] | None = None
    """Regression: coverage and mean width of out-of-fold intervals (kiss_bench.judge.reliability)."""
    clipped: int | None = None
    """Probabilities raised to the floor 1/(2 n_train) before they were stored."""
    fit_seconds: Number | None = None
    """Median over folds of one outer fit of the candidate arm, encoding included."""
    predict_us_per_row: Number | None = None
    model_bytes: int | None = None
    tuning_seconds: Number | None = None
    trials: TrialCounts | None = None
    seeds: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    """What the rung is, in a few words."""
    flags: tuple[str, ...] = ()
    """Diagnostics of the comparison, one sentence each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    __pydantic_config__ = STRICT

    project: str
    question: str
    target: str
    task: str
    task_why: str
    positive: str | None
    plan_hash: str
    data_hash: str
    folds_hash: str
    digest: str
    rows_read: int
    rows: int
    rows_vault: int
    rows_dropped: int
    features: int
    metric: MetricFacts
    folds: FoldFacts
    alpha: Number
    replayable: bool
    recommended: RecommendedFacts | None
    """None while running and where nothing could be judged."""
    also_consider: str | None
    rungs: tuple[BoardRow, ...]
    notes: tuple[str, ...] = ()
    """What was done to the data and the ladder, one sentence each; skipped baselines come first."""
    cautions: tuple[str, ...] = ()
    """What is thin about the rows themselves (few groups, one that outweighs the rest): error bars may be too short."""
    seconds: Number | None = None
    """Wall time of the run that ended with this board; not part of the digest."""
    multiplicity: str = "fallback"
    ladder_error: Number | None = None
    """Highest chance of an unjustified promotion along this ladder, where the policy does not hold it at alpha."""
    audit: Audit = field(default_factory=Audit)
    placebo: PlaceboFacts | None = None
    stability: StabilityFacts | None = None
    honesty: HonestyFacts = field(default_factory=HonestyFacts)
    schema: str = SCHEMA
