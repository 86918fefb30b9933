"""The tuning record: what `tuning.json` holds, made from the objects that ran, never from a copy of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "kiss-bench/tuning/1"


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterFacts:
    name: str
    kind: str
    """int | float | choice"""
    low: float | None
    high: float | None
    log: bool
    choices: tuple[Any, ...]
    default: Any
    """Its value in the default arm; None where the default leaves it unset."""
    default_inside: bool
    """Whether the default lies inside the range."""
    reason: str
    best: tuple[Any, ...]
    """Best value per study, in the order of `StudyFacts`; None where a study has no complete trial."""
    on_edge: int
    """Number of studies whose best value sits within 1 % of an end of the range (never for choices)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFacts:
    repeat: int
    fold: int
    seed: int
    """Seed of the study; each trial has its own, in trials.parquet."""
    asked: int
    complete: int
    pruned: int
    failed: int
    errors: Mapping[str, int]
    """Exception class -> number of failed trials."""
    seconds: float
    best_number: int | None
    best_value: float | None
    """Mean over inner folds, in the metric's own sign."""
    default_value: float | None
    """Value of trial 0, the default settings."""
    best_params: Mapping[str, Any]
    stopped_by: str = "trials"
    """trials | timeout"""


@dataclass(frozen=True, kw_only=True, slots=True)
class RungTuning:
    rung: str
    level: float
    arm: str
    default_settings: Mapping[str, Any]
    trial_settings: Mapping[str, Any]
    """A cheaper fidelity used in trials only, such as fewer trees; empty where trials are as dear as the real fit."""
    space: tuple[ParameterFacts, ...]
    studies: tuple[StudyFacts, ...]
    default_score: float | None = None
    tuned_score: float | None = None
    """On the outer folds, repeat 0, in the metric's own sign."""
    tuning_gain: float | None = None
    tuning_verdict: str | None = None
    note: str = ""
    most_rows: int | None = None
    """Most rows of a training part that a fit of this rung uses; None: all."""
    pruning: Mapping[str, Any] = field(default_factory=dict)
    """When a trial of this rung is given up: `standard_errors`, `after_inner_folds`; empty where none is."""
    extrapolated: str = ""
    """How values of trials in `trial_settings` are brought to full fidelity; empty where they are taken as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitFacts:
    """What one unit's pipeline is built from; with the plan and the data it gives the stored predictions again."""

    rung: str
    arm: str
    repeat: int
    fold: int
    seed: int | None
    """Seed of the estimator and its encoder; None for the stack, which fits nothing."""
    settings: Mapping[str, Any]
    """All settings in force, defaults included; for the stack its weights."""
    threshold: float | None = None
    """Least probability of the positive class at which a row gets its label; None: the most probable label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TuningRecord:
    project: str
    objective: str
    """Metric that the trials optimise."""
    greater_is_better: bool
    inner: Mapping[str, Any]
    """kind and count of the inner folds."""
    budget: int
    """Trials asked of every tuned rung."""
    sampler: Mapping[str, Any]
    """name, library and version, and every constructor argument in force."""
    pruning: Mapping[str, Any]
    timeout: float | None
    rungs: tuple[RungTuning, ...] = ()
    untuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Rungs without a study -> their default settings."""
    units: tuple[UnitFacts, ...] = ()
    schema: str = SCHEMA
