"""The frozen plan: what a config says once every default is written out.

Fields that depend on the data (`task`, `positive`, `metric.primary`, `folds.kind`, `folds.gap`) are None until the
task is made from the table; a resolved plan has none of those left open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

TaskKind = Literal["binary", "multiclass", "regression"]
FoldKind = Literal["stratified", "shuffled", "group", "forward", "predefined"]
MarginUnit = Literal["skill", "relative", "absolute"]
Arm = Literal["default", "tuned", "random"]
Multiplicity = Literal["fallback", "strict", "per_step"]
Arithmetic = Literal["v3", "native"]
"""Instructions that numbers are computed with: those of x86-64-v3, or all that the processor has."""

UNREPEATED: tuple[FoldKind, ...] = ("forward", "predefined")
"""Kinds of folds that come out the same however often they are drawn."""
MOST_REPEATS = 20
"""An error bar goes with the root of 1/r + K/(K-1): beyond 20 draws of 5 folds, 2 % of it is all that could go."""
FEWEST_TUNED_ROWS = 100
"""Below this, inner folds have too few rows to tell one setting from another."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """Where the rows come from (exactly one of `path`, `sql` with `url`, `loader`) and which roles columns play."""

    path: str | None = None
    """As written in the config; relative paths start at the config's folder (`Plan.folder`)."""
    sql: str | None = None
    url: str | None = field(default=None, repr=False)
    """SQLAlchemy URL, environment variables expanded when used, never printed with its password."""
    loader: str | None = None
    """`module:object`, a callable without arguments that returns a pandas DataFrame."""
    prepare: str | None = None
    """`module:object`, a function of a DataFrame of all rows as read that returns one of those rows, or of fewer."""
    id: str | None = None
    drop: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    """What a row counts in scores and verdicts."""
    season: int | None = None
    """Length of one season in distinct time values (>= 1)."""
    horizon: int | None = None
    """How many distinct time values ahead a prediction is made (>= 1)."""
    available_after: Mapping[str, str | int | float | Mapping[str, str]] = field(default_factory=dict)
    """Column -> when its values are known: a lag after the row's time, the name of the column that holds the moment, or
    {as_of: that column, late: refused | missing}."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricPlan:
    primary: str | None = None
    """Canonical metric name (see kiss_bench.metrics); None until the task is known."""
    margin: float = 0.01
    margin_unit: MarginUnit = "skill"
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldsPlan:
    kind: FoldKind | None = None
    count: int = 5
    repeats: int | Literal["auto"] = "auto"
    inner: int = 3
    gap: int | None = None
    """Distinct time values left out between training and test (forward only); None until resolved."""
    window: Literal["expanding", "rolling"] = "expanding"
    column: str | None = None
    file: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TuningPlan:
    trials: int = 30
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    sampler_settings: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the sampler beside its seed, such as `n_startup_trials`."""
    control: Literal["random"] | None = None
    """A study by random search beside each one, with the same budget: what the sampler itself adds."""
    pruning: bool = True
    timeout: float | None = None
    """Seconds a study may take; a run stopped by it is not replayable."""
    rows: int | None = None
    """Most rows of an outer training part that studies use; None: all. Outer fits always have all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one unit may take; a unit that takes more is stopped and FAILED. In no unit's key: no refit."""

    unit_seconds: float | None = None
    unit_memory_gb: float | None = None
    """GB of 10^9 bytes of memory that the worker and its children share with no file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One entry of the ladder."""

    name: str
    level: float
    estimator: str | None = None
    """`module:object` of a custom rung; None for a shipped one."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] | None = None
    """A custom rung's search space, or what is changed of a shipped one's; see kiss_bench.plan.space.

    None: the shipped rung's own space, or nothing to tune."""
    trials: int = 30
    """Trials of this rung: the ladder's budget unless the entry has its own."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """The results that a config was adapted from."""

    project: str
    plan_hash: str
    digest: str
    results: str | None = None
    """The parent's result folder; a relative path starts at the config's folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """Trackers that are told of every run as it ends. In no hash: where it is shown changes nothing that is found."""

    optuna: str | None = None
    """Journal file for optuna-dashboard; a relative path starts at the config's folder."""
    mlflow: str | None = None
    """Tracking URI."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    project: str
    data: Data
    target: str
    question: str = ""
    population: str = ""
    positive: str | int | float | bool | None = None
    task: TaskKind | None = None
    metric: MetricPlan = MetricPlan()
    folds: FoldsPlan = FoldsPlan()
    tuning: TuningPlan = TuningPlan()
    ladder: tuple[Step, ...] = ()
    """Sorted by level, simplest first."""
    skip: Mapping[str, str] = field(default_factory=dict)
    """Rung -> reason: rungs left off the ladder on purpose; they stay in the table as skipped."""
    seed: int | None = None
    alpha: float = 0.05
    multiplicity: Multiplicity = "fallback"
    drop_missing_target: bool = False
    limits: Limits = Limits()
    vault: float | None = None
    """Share of the rows that stays sealed, in (0, 1); None: no vault."""
    reviewed: Mapping[str, Mapping[str, str | bool]] = field(default_factory=dict)
    """Column -> {answer, by, reason}: may it be used? In no seed and no unit's key."""
    parent: Parent | None = None
    export: Export = Export()
    placebo: bool = False
    """Whether the ladder is run on targets that cannot be known, too. In no hash: it is asked beside the question."""
    arithmetic: Arithmetic = "v3"
    """In the plan's hash where it is `native`, and in no seed: it asks nothing else, and changes last digits alone."""
    source: str = ""
    """The config file as the user named it, or `bench()`."""
    folder: str = "."
    """The folder that relative paths start at."""
