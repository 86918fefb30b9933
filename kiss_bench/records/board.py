"""The leaderboard as a record: exactly the fields of `leaderboard.json`, and nothing that is not in it.

Every report is rendered from this record, so that a report made during a run and one made years later from the
folder are the same text.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from kiss_bench.records.honesty import HonestyFacts, PlaceboFacts, StabilityFacts
from kiss_bench.records.plain import from_plain
from kiss_bench.tasks.audit.findings import Audit

SCHEMA = "kiss-bench/leaderboard/1"
PARTS: Mapping[str, type] = MappingProxyType(
    {"audit": Audit, "placebo": PlaceboFacts, "stability": StabilityFacts, "honesty": HonestyFacts}
)
"""Fields of a board that are records of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricFacts:
    name: str
    greater_is_better: bool
    margin: float
    margin_unit: str
    margin_abs: float | None
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
    level: float
    arm: str | None = None
    status: str = "running"
    """ok | failed | skipped | running | provisional"""
    reason: str = ""
    repeats: int = 0
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    skill: float | None = None
    also: Mapping[str, float | None] = field(default_factory=dict)
    default_score: float | None = None
    """This and the next six only where the rung has both arms, of which the tuned one climbs."""
    default_skill: float | None = None
    default_gain: float | None = None
    """Of its default settings over the same incumbent, on the repeats that its own gain rests on."""
    default_gain_low: float | None = None
    default_gain_high: float | None = None
    default_p_gain: float | None = None
    default_verdict: str | None = None
    tuning_gain: float | None = None
    tuning_verdict: str | None = None
    p_default_enough: float | None = None
    """P(tuning gains less than the margin); it decides nothing."""
    incumbent: str | None = None
    gain_repeats: int | None = None
    """Draws of the folds that the gain and the verdict rest on."""
    fold_wins: float | None = None
    """Share of those folds in which this rung scored better than its incumbent."""
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    margin: float | None = None
    """What the gain is held against: the margin in the metric's own units, as seen from this incumbent."""
    p_gain: float | None = None
    p_equal: float | None = None
    p_harm: float | None = None
    alpha: float | None = None
    verdict: str | None = None
    min_detectable_gain: float | None = None
    rows_needed: int | None = None
    """Rows that would decide at the observed gain; None where no number of rows would, or nothing is open."""
    repeats_needed: int | None = None
    """Repeats of the same rows that would decide, likewise."""
    method: str | None = None
    """Which standard error the verdict rests on, in words."""
    reliability: Mapping[str, Any] | None = None
    """Classification: how far the probabilities can be taken at their word (kiss_bench.judge.reliability)."""
    prediction_intervals: Mapping[str, Any] | None = None
    """Regression: coverage and mean width of out-of-fold intervals (kiss_bench.judge.prediction_intervals)."""
    clipped: int | None = None
    """Probabilities raised to the floor 1/(2 n_train) before they were stored."""
    fit_seconds: float | None = None
    """Median over folds of one outer fit of the candidate arm, encoding included."""
    predict_us_per_row: float | None = None
    model_bytes: int | None = None
    tuning_seconds: float | None = None
    trials: TrialCounts | None = None
    seeds: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    """What the rung is, in a few words."""
    flags: tuple[str, ...] = ()
    """Diagnostics of the comparison, one sentence each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
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
    alpha: float
    replayable: bool
    recommended: RecommendedFacts | None
    """None while running and where nothing could be judged."""
    also_consider: str | None
    rungs: tuple[BoardRow, ...]
    notes: tuple[str, ...] = ()
    """What was done to the data and the ladder, one sentence each; skipped baselines come first."""
    cautions: tuple[str, ...] = ()
    """What is thin about the rows themselves (few groups, one that outweighs the rest): error bars may be too short."""
    seconds: float | None = None
    """Wall time of the run that ended with this board; not part of the digest."""
    multiplicity: str = "fallback"
    ladder_error: float | None = None
    """Highest chance of an unjustified promotion along this ladder, where the policy does not hold it at alpha."""
    audit: Audit = field(default_factory=Audit)
    placebo: PlaceboFacts | None = None
    stability: StabilityFacts | None = None
    honesty: HonestyFacts = field(default_factory=HonestyFacts)
    schema: str = SCHEMA


def board_as_dict(board: Board) -> dict[str, Any]:
    """The JSON form, `schema` first."""
    plain = asdict(board)
    return {"schema": plain.pop("schema"), **plain}


def board_from_dict(plain: Mapping[str, Any]) -> Board:
    """Inverse of `board_as_dict`; raises KeyError or TypeError where a field is missing or unknown."""
    rungs = []
    for raw in plain["rungs"]:
        trials = TrialCounts(**raw["trials"]) if raw["trials"] else None
        rungs.append(BoardRow(**{**raw, "trials": trials, "flags": tuple(raw["flags"])}))
    recommended = RecommendedFacts(**plain["recommended"]) if plain["recommended"] else None
    return Board(
        **{
            **plain,
            "metric": MetricFacts(**plain["metric"]),
            "folds": FoldFacts(**plain["folds"]),
            "recommended": recommended,
            "rungs": tuple(rungs),
            "notes": tuple(plain["notes"]),
            "cautions": tuple(plain.get("cautions", ())),
            **{name: from_plain(kind, plain[name]) for name, kind in PARTS.items() if plain.get(name) is not None},
        }
    )
