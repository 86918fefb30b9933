"""What `tuning.json` holds, made from the objects that ran, never from a copy of them.

Every field is required: the JSON Schema that ships is made from these classes, and a record that lacks one is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kiss_bench.tuning.record.rung import STRICT, Hash, RungTuning

SCHEMA = "kiss-bench/tuning/3"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitFacts:
    """What one unit's pipeline is built from; with the plan and the data it gives the stored predictions again."""

    __pydantic_config__ = STRICT

    rung: str
    arm: str
    repeat: int
    fold: int
    seed: int | None
    """Seed of the estimator and its encoder; null for the stack, which fits nothing."""
    settings: Mapping[str, Any]
    """All settings in force, defaults included; for the stack its weights."""
    threshold: float | None
    """Least probability of the positive class at which a row gets its label; null: the most probable label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InnerFacts:
    """How the inner folds are drawn."""

    __pydantic_config__ = STRICT

    kind: str
    count: int
    gap: int | None
    window: str
    rows: int | None
    """Most rows of a training part that a study uses; null: all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplerFacts:
    """How trials are chosen."""

    __pydantic_config__ = STRICT

    name: str
    implementation: str
    library: str
    arguments: Mapping[str, Any]
    """Every constructor argument but the seed, as it was given or by default."""
    in_force: Mapping[str, Any]
    """What the sampler made of them, read off one that was built."""
    seed: str
    n_jobs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PruningFacts:
    """When trials are given up."""

    __pydantic_config__ = STRICT

    enabled: bool
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentFacts:
    """Where it ran, as in environment.json."""

    __pydantic_config__ = STRICT

    schema: str
    command: tuple[str, ...]
    python: str
    implementation: str
    system: str
    release: str
    machine: str
    cpu: str
    cores: int | None
    engine: str
    workers: int
    threads_per_worker: int
    packages: Mapping[str, str | None]
    sources: Hash
    """Of our own code that decides about a unit."""
    blas: tuple[str, ...]
    lightgbm: Mapping[str, Any]
    """Flags with which LightGBM gives the same bytes again."""
    installed: tuple[str, ...]
    git: Mapping[str, Any] | None
    """Commit, whether there were changes, and the hash of their diff; null outside a checkout."""
    hash_seed: str
    arithmetic: Mapping[str, str] | None = None
    """Level of arithmetic `asked` for, of the `units`, and of the process that `judged` them; older records: none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveFacts:
    """What the trials optimise, and what is done with it."""

    __pydantic_config__ = STRICT

    metric: str
    greater_is_better: bool
    sign: str
    aggregation: str
    tie_rule: str
    not_a_number: str
    inner: InnerFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFacts:
    """Which rows it was tuned on."""

    __pydantic_config__ = STRICT

    data_hash: Hash
    """Over column names, logical types and values of the table as read."""
    folds_hash: Hash
    rows_read: int
    rows: int
    columns: Mapping[str, str]
    """Feature -> kind."""
    target: Mapping[str, Any]
    """Name, and how its values are spread."""
    vault: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayFacts:
    """What the last replay of all studies found."""

    __pydantic_config__ = STRICT

    when: str
    """UTC."""
    machine: str
    tolerance: str
    equal: bool
    studies: int
    trials: int
    differences: int
    """Trials that differ."""
    largest: float | None
    """Largest difference of a value; null where none differs, or where the difference is none of size."""
    first: str
    """The first difference in words; empty where there is none."""
    left_out: tuple[str, ...]
    """Studies that cannot be replayed, since a limit or a crash ended them."""
    same_environment: bool
    differing: Mapping[str, Any]
    """What differs in the environment: [then, now]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that this plan has otherwise than its parent."""

    __pydantic_config__ = STRICT

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A rung in the parent's results and in these."""

    __pydantic_config__ = STRICT

    rung: str
    score_before: float | None
    score_after: float | None
    verdict_before: str | None
    verdict_after: str | None
    gain: float | None
    """Of these results over the parent's on the same rows and folds, positive is better; null where they differ."""
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ParentFacts:
    """The results that the config was adapted from."""

    __pydantic_config__ = STRICT

    project: str
    plan_hash: str
    digest: str
    found: bool
    """Whether they were there to compare with."""
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TuningRecord:
    """The whole of `tuning.json`."""

    __pydantic_config__ = STRICT

    schema: str
    project: str
    plan_hash: Hash
    digest: Hash
    config: str | None
    """The config file as the command named it; null where the run was started from Python."""
    command: tuple[str, ...]
    replayable: bool
    """False where a wall clock or a limit had a say."""
    stamps: tuple[str, ...]
    """What the board of this run says before its verdict: changes after a look, questions that are open."""
    objective: ObjectiveFacts
    data: DataFacts
    root_seed: int
    seeds: str
    """How every other seed follows from it."""
    budget: int
    """Trials asked of every tuned rung."""
    timeout: float | None
    sampler: SamplerFacts
    control: SamplerFacts | None
    """The random search beside every study; null where the config asks for none."""
    pruning: PruningFacts
    enqueued: str
    """What the sampler is given to begin with."""
    rungs: tuple[RungTuning, ...]
    untuned: Mapping[str, Mapping[str, Any]]
    """Rungs without a study -> their default settings."""
    units: tuple[UnitFacts, ...]
    environment: EnvironmentFacts
    parent: ParentFacts | None
    replay: ReplayFacts | None
    """The last replay; null where none was made."""
    adaptation: tuple[str, ...]
    """How to change this tuning, with the commands."""
