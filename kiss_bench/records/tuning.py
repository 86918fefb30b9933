"""What `tuning.json` holds, made from the objects that ran, never from a copy of them; its JSON Schema, and its reader.

Every field is required: the JSON Schema that ships is made from these classes, and a record that lacks one is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from kiss_bench.errors import RecordError
from kiss_bench.records.json import STRICT, Place, adapter_of, plain_json, read_strictly, text_of, told_faults
from kiss_bench.rungs import Parameter

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256, 64 hex digits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterFacts:
    """One line of a search space, and where its studies landed."""

    name: str
    meaning: str
    """What it is, with its unit; empty where nobody said."""
    kind: str
    """int, float or choice."""
    low: int | float | None
    high: int | float | None
    step: int | None
    """1 for whole numbers, null for anything else."""
    log: bool
    choices: tuple[Any, ...]
    """In the order in which the sampler knows them."""
    when: Mapping[str, tuple[Any, ...]]
    """Another parameter -> its values at which this one is searched; else it keeps its default. Empty: always."""
    sets: tuple[str, ...]
    """Parameters of the estimator that differ when this one does, found by building it twice."""
    default: Any
    """Its value in the default arm; null where the default leaves it unset."""
    default_inside: bool
    """Whether the default lies inside the range."""
    reason: str
    """Why it is tuned over this range, or where the range comes from; empty where nobody said."""
    shipped: str | None
    """The range that the rung ships with, where the config changed it; null where it did not."""
    best: tuple[Any, ...]
    """Best value per study, in the order of the studies; null where a study has none."""
    spread: float | None
    """How much the studies disagree, 0 to 1: the span of their best values over the range (on the log scale where
    searched so); of choices the share of studies that chose otherwise than most."""
    on_edge: int
    """Number of studies whose best value sits within 1 % of an end of the range (never for choices)."""


def range_text(line: Parameter | ParameterFacts) -> str:
    """A range as a config has it: int(4, 128, log), float(0.1, 1.0), choice(l2, l1)."""
    if line.kind == "choice":
        return f"choice({', '.join(_word(value) for value in line.choices)})"
    kind = int if line.kind == "int" else float
    scale = ", log" if line.log else ""
    return f"{line.kind}({kind(line.low or 0)}, {kind(line.high or 0)}{scale})"


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class TopTrial:
    """One of the best trials of a study."""

    number: int
    value: float
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFacts:
    """One study: a rung tuned in one outer training part."""

    study: str
    """Identity: project/rung/arm/repeat/fold."""
    purpose: str
    repeat: int
    fold: int
    status: str
    """ok, or failed: the exception class and message are then in `error` and `reason`."""
    error: str
    reason: str
    seed: int | None
    """Seed of the study; each trial has its own, in trials.parquet. Null, as what follows, where a limit or a crash
    ended the whole unit, and nothing of the study came back."""
    inner_seed: int | None
    """Seed of the inner folds, shared by all rungs."""
    inner_hash: Hash | None
    """Of the inner folds: the positions of their training and validation rows."""
    rows: int | None
    """Rows of the training part that the study used."""
    started: str | None
    """UTC."""
    ended: str | None
    asked: int
    spent: int
    complete: int
    pruned: int
    failed: int
    duplicates: int
    """Trials of parameters that an earlier one had tried; they cost no fit."""
    duplicate_of: Mapping[str, int]
    """Number of such a trial -> that of the earlier one."""
    begun: tuple[float, ...]
    """Seconds after `started` at which each trial began."""
    trial_fits: tuple[int, ...]
    """Models that each trial fitted on inner folds; of a pruned one the fold at which it was given up."""
    errors: Mapping[str, int]
    """Exception class -> number of failed trials."""
    fits: int
    """Models fitted on inner folds."""
    seconds: float
    cpu_seconds: float
    """Of the worker, over the study."""
    peak_bytes: int
    """Most memory that the worker held of its own; 0 where that is not known."""
    stopped_by: str
    """trials, or what ended it before: timeout, or the class of an error; then the study cannot be replayed."""
    resumed: int
    """How often the study was taken up in the middle: never, as one that was interrupted begins anew."""
    best_number: int | None
    best_value: float | None
    """Mean over inner folds, in the metric's own sign."""
    default_value: float | None
    """Value of trial 0, the default settings."""
    best_params: Mapping[str, Any]
    best_settings: Mapping[str, Any]
    """All settings that the outer fit was given, defaults included."""
    top: tuple[TopTrial, ...]
    """The best trials, best first."""
    best_at_half: bool | None
    """Whether half of the budget had found the same trial."""
    outer_score: float | None
    """Score of the best settings on the outer fold, by the metric that the trials optimise."""
    optimism: float | None
    """By how much the inner value of the best trial is better than that, above 0 where it flatters."""
    trials_hash: Hash
    """Of the study's trials: numbers, states, parameters, values, seeds, errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmGain:
    """One arm against another on the outer folds, rows paired."""

    arm: str
    over: str
    gain: float
    """In the metric's own units, positive where `arm` is better."""
    low: float
    high: float
    """Two-sided 95 % interval, corrected as every interval on the board."""
    p_gain: float
    """Probability that the gain exceeds the margin."""
    repeats: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetPoint:
    """What a number of trials buys, over studies."""

    trials: int
    gain: float
    """Mean gain of the best value so far over trial 0, in units of the metric that the trials optimise."""
    low: float
    high: float
    """Lowest and highest study."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Importance:
    """Which parameters decide whether a trial is among the best."""

    evaluator: str
    seed: str
    trials: int
    """Complete trials it rests on, of all studies."""
    excluded: float
    """Share of trials left out: pruned, failed, repeated, or of the default settings."""
    reliable: bool
    caveats: tuple[str, ...]
    shares: Mapping[str, float]
    """Parameter -> share, summing to 1; empty where there is nothing to tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RungTuning:
    """How one rung was tuned."""

    rung: str
    level: float
    note: str
    """The ladder entry's own reason; empty where it gave none."""
    left_alone: str
    """Why its other parameters are not tuned; empty where nobody said."""
    trials: int
    """Budget asked of every study."""
    encoding: str
    """What stands between the columns and the estimator."""
    source: Hash | str
    """Hash of the rung's file and what it names, or of its modules, or their distribution and version."""
    default_settings: Mapping[str, Any]
    fixed: Mapping[str, Any]
    """Every other parameter of the estimator as it was in force, library defaults included."""
    trial_settings: Mapping[str, Any]
    """A cheaper fidelity used in trials only, such as fewer trees; empty where trials are as dear as the real fit."""
    extrapolated: str
    """How values of trials in `trial_settings` are brought to full fidelity; empty where they are taken as they are."""
    early_stopping: str
    """How the number of rounds is found, and on which rows; empty for a rung without rounds."""
    pruning: Mapping[str, Any]
    """When a trial of this rung is given up: `standard_errors`, `after_inner_folds`; empty where none is."""
    most_rows: int | None
    """Most rows of a training part that a fit uses; null: all."""
    space: tuple[ParameterFacts, ...]
    space_hash: Hash
    """Of names, kinds, ends, scales, choices and conditions, in order; words do not count."""
    space_points: int | None
    """Number of points of a space of choices and whole numbers; null where it is continuous."""
    outside: int
    """Sampled trials with a parameter outside this space; anything but 0 keeps the rung off the board."""
    grid: Mapping[str, tuple[Any, ...]]
    """Values of each parameter that a grid walks; empty for other samplers."""
    studies: tuple[StudyFacts, ...]
    control: tuple[StudyFacts, ...]
    """Studies of the random search beside them; empty where the config asks for none."""
    scores: Mapping[str, float | None]
    """Arm -> score on the outer folds, first repeat, in the metric's own sign."""
    gains: tuple[ArmGain, ...]
    """Tuned over default, and where there is a random search also that over default and tuned over that."""
    tuning_verdict: str | None
    """Verdict on tuned over default, as on the board."""
    p_default_enough: float | None
    """Probability that tuning gains less than the margin."""
    optimism: float | None
    """Mean over studies."""
    importance: Importance
    budget_curve: tuple[BudgetPoint, ...]
    """Best so far over the studies, each with a seed of its own."""
    control_curve: tuple[BudgetPoint, ...]
    """Expected best of so many trials drawn without replacement from the random search's; empty without one.

    Trials that were pruned or failed count as no gain."""
    enough_trials: int | None
    """Smallest budget whose mean best value is within the margin of the whole budget's; null where the trials optimise
    another metric than the margin is of, and where the board has no margin for this rung."""
    adaptation: tuple[str, ...]
    """Commands that change this rung's tuning."""


SCHEMA = "kiss-bench/tuning/3"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitFacts:
    """What one unit's pipeline is built from; with the plan and the data it gives the stored predictions again."""

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

    kind: str
    count: int
    gap: int | None
    window: str
    rows: int | None
    """Most rows of a training part that a study uses; null: all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplerFacts:
    """How trials are chosen."""

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

    enabled: bool
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentFacts:
    """Where it ran, as in environment.json."""

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
    """How many rows it holds, and how they were chosen, or `none`; records of before say `none` of any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayFacts:
    """What the last replay of all studies found."""

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

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A rung in the parent's results and in these."""

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


SCHEMA_FILE = Path(__file__).with_name("tuning.schema.json")


def record_schema() -> dict[str, Any]:
    """Make the schema. `python -m kiss_bench.records.tuning` writes it to `tuning.schema.json`, which ships."""
    made = adapter_of(TuningRecord).json_schema()
    made["properties"]["schema"]["const"] = SCHEMA
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "A tuning record of kiss_bench"}


def schema_text() -> str:
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"


def faults_of(plain: Mapping[str, Any]) -> dict[Place, str]:
    """Every place of a tuning record that is not as the schema has it, and what is wrong there; empty where none is."""
    return read_strictly(TuningRecord, plain)[1] or _other_schema(plain)


def _other_schema(plain: Mapping[str, Any]) -> dict[Place, str]:
    return {} if plain.get("schema") == SCHEMA else {("schema",): f"is {plain.get('schema')!r}, not {SCHEMA!r}"}


def record_from_dict(plain: Mapping[str, Any], place: str) -> TuningRecord:
    """The record that a tuning.json holds; raises RecordError naming everything that is missing or unknown."""
    record, found = read_strictly(TuningRecord, plain)
    faults = told_faults(found or _other_schema(plain))
    if record is None or faults:
        more = [f"  and {len(faults) - 20} more"] if len(faults) > 20 else []
        lines = [f"  {fault}" for fault in faults[:20]]
        head = f"{place} is not a whole tuning record; `kiss-bench run CONFIG` writes it again, nothing is refitted:"
        raise RecordError("\n".join([head, *lines, *more]))
    return record


def tuning_json(record: TuningRecord) -> str:
    """Write the tuning record with its fields in order, `schema` first.

    One of before levels of arithmetic were recorded is written as it was.
    """
    plain = {"schema": record.schema, **plain_json(record)}
    if record.environment.arithmetic is None:
        del plain["environment"]["arithmetic"]
    return text_of(plain)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
