"""The plan of a benchmark, and with it every key of a config: type, default, what it is for, what is allowed.

These frozen models are read from YAML or Python (`read.py`), and are what every other part is handed. Fields that
depend on the data (`task`, `positive`, `metric.primary`, `folds.kind`, `folds.gap`) are None until the task is made
from the table; a resolved plan has none of those left open.
"""

import json
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.faults import Key, dotted, masked_url

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
LEAST_SEALED, MOST_SEALED = 0.01, 0.5
"""A vault of more than half of the rows would rather be the table."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
PROJECT = r"^[a-z0-9][a-z0-9_-]*$"
NOT_BUILT = {"strict": "Refuse what is otherwise a warning."}
"""Keys that are known and refused by name: their part is not built. `false` asks for nothing."""

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)
_OBJECT = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$"
_NAME = "small letters, digits, `_` and `-`, starting with a letter or digit"
_COLUMN = "the name of a column"
_COLUMNS = "a list of column names"
_REFERENCE = "`module:object`"
_AT_LEAST_1 = "a whole number of at least 1"
_ABOVE_0 = "a number above 0"
_TEXT = {"type": ["string", "number", "boolean"]}
_BOUND = {"type": ["number", "null"]}
_PARAMETER = {
    "description": 'One parameter: "int(1, 8)", "float(0.001, 100, log)", "choice(a, b, 3)", a list, or a mapping.',
    "anyOf": [
        {"type": "string", "pattern": r"^\s*(int|float|choice)\s*\("},
        {"type": "array", "minItems": 1},
        {
            "type": "object",
            "additionalProperties": False,
            "anyOf": [{"required": ["type"]}, {"required": ["kind"]}],
            "properties": {
                "type": {"enum": ["int", "float", "choice"]},
                "kind": {"enum": ["int", "float", "choice"]},
                "low": _BOUND,
                "high": _BOUND,
                "log": {"type": ["boolean", "null"]},
                "choices": {"type": ["array", "null"]},
                "when": {"type": ["object", "null"]},
                "meaning": {"type": ["string", "null"]},
                "reason": {"type": ["string", "null"]},
            },
        },
    ],
}


def _mapping_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _mapping_with(required: list[str], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def key(says: str, allowed: str, *, written: Mapping[str, Any] | None = None, fixed: bool = True, **rules: Any) -> Any:
    """Declare a key of the config: what it is for, what is allowed in words, and what pydantic checks.

    `written` is the JSON Schema of what a config may have there, where that is more than the plan holds. Not `fixed` is
    a key that may be left out, and then follows from others.
    """
    facts = {"allowed": allowed, "written": written, "fixed": fixed}
    return Field(description=says, json_schema_extra=facts, **rules)  # type: ignore[arg-type]  # a Mapping is JSON, too


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Data:
    """Where the rows come from (exactly one of `path`, `sql` with `url`, `loader`) and which roles columns play."""

    path: Annotated[
        str | None, key("A CSV or Parquet file; relative to the config's folder.", "a path", min_length=1)
    ] = None
    sql: Annotated[str | None, key("A query that returns the rows; needs `url`.", "an SQL query", min_length=1)] = None
    url: Annotated[str | None, key("SQLAlchemy URL of the database.", "a database URL", min_length=1)] = field(
        default=None, repr=False
    )
    """Environment variables are expanded when it is used; never printed with its password."""
    loader: Annotated[str | None, key("A callable that returns a DataFrame.", _REFERENCE, pattern=_OBJECT)] = None
    prepare: Annotated[
        str | None,
        key(
            "A function that makes rows ready: DataFrame in, DataFrame out; it is probed.", _REFERENCE, pattern=_OBJECT
        ),
    ] = None
    id: Annotated[str | None, key("Column that names a row; never a feature.", _COLUMN, min_length=1)] = None
    drop: Annotated[tuple[str, ...], key("Columns that no rung may see.", _COLUMNS)] = ()
    features: Annotated[tuple[str, ...] | None, key("The only columns that rungs may see.", _COLUMNS, min_length=1)] = (
        None
    )
    time: Annotated[str | None, key("Column that orders the rows in time.", _COLUMN, min_length=1)] = None
    group: Annotated[str | None, key("Column of the entity that a row belongs to.", _COLUMN, min_length=1)] = None
    weight: Annotated[
        str | None,
        key("Column of what a row counts in scores and verdicts; fits do not use it.", _COLUMN, min_length=1),
    ] = None
    season: Annotated[int | None, key("Length of a season in distinct time values.", _AT_LEAST_1, ge=1)] = None
    horizon: Annotated[
        int | None, key("How many distinct time values ahead a prediction is made.", _AT_LEAST_1, ge=1)
    ] = None
    available_after: Annotated[
        Mapping[str, str | int | float | Mapping[str, str]],
        key(
            "When values of a column are known.",
            "a mapping of column: lag or column",
            written=_mapping_of(
                {
                    "anyOf": [
                        {"type": ["string", "number"]},
                        _mapping_with(["as_of"], {"as_of": _TEXT, "late": {"enum": ["refused", "missing"]}}),
                    ]
                }
            ),
        ),
    ] = field(default_factory=dict)
    """Column -> when its values are known: a lag after the row's time, the name of the column that holds the moment, or
    {as_of: that column, late: refused | missing}."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class MetricPlan:
    primary: Annotated[str | None, key("The metric that decides.", "the name of a metric", min_length=1)] = None
    """Canonical metric name (see kiss_bench.metrics); None until the task is known."""
    margin: Annotated[
        float,
        key(
            "Smallest gain worth having: a percent is a share of the dummy's loss (`margin_unit: skill`), "
            "a bare number is absolute.",
            "a percent such as `1%`, or a number of at least 0",
            written={
                "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"}]
            },
            fixed=False,
        ),
    ] = 0.01
    margin_unit: Annotated[
        MarginUnit, key("What the margin is a share of.", "skill, relative or absolute", fixed=False)
    ] = "skill"
    also: Annotated[tuple[str, ...], key("Metrics that are shown beside it.", "a list of metrics")] = ()


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class FoldsPlan:
    kind: Annotated[
        FoldKind | None,
        key(
            "How rows are split; follows from the roles of the columns when not given.",
            "stratified, shuffled, group, forward or predefined",
        ),
    ] = None
    count: Annotated[int, key("Number of outer folds.", "a whole number of at least 2", ge=2)] = 5
    repeats: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1)],
        key(
            "How often folds are drawn; auto draws them once, and four times more for a pair whose verdict is "
            "contested.",
            f"auto, or a whole number from 1 to {MOST_REPEATS}",
            written={"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MOST_REPEATS}]},
        ),
    ] = "auto"
    inner: Annotated[int, key("Number of inner folds, for tuning.", "a whole number of at least 2", ge=2)] = 3
    gap: Annotated[
        int | None,
        key("Distinct time values left out before each test part (forward).", "a whole number of at least 0", ge=0),
    ] = None
    """None until resolved."""
    window: Annotated[
        Literal["expanding", "rolling"],
        key("Does training keep its start or its length (forward)?", "expanding or rolling"),
    ] = "expanding"
    column: Annotated[str | None, key("Column that holds the fold of a row (predefined).", _COLUMN, min_length=1)] = (
        None
    )
    file: Annotated[str | None, key("File that holds the fold of each row (predefined).", "a path", min_length=1)] = (
        None
    )


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class TuningPlan:
    trials: Annotated[int, key("Trials of each rung.", "a whole number of at least 0", ge=0)] = 30
    sampler: Annotated[Literal["tpe", "random", "grid"], key("How trials are chosen.", "tpe, random or grid")] = "tpe"
    sampler_settings: Annotated[
        Mapping[str, Any],
        key("Arguments of the sampler, such as n_startup_trials.", "a mapping of the sampler's arguments, no `seed`"),
    ] = field(default_factory=dict)
    control: Annotated[
        Literal["random"] | None,
        key("A random search beside each study: what does the sampler itself add?", "random"),
    ] = None
    """It has the same budget as the study."""
    pruning: Annotated[bool, key("May hopeless trials be stopped early?", "true or false")] = True
    timeout: Annotated[
        float | None,
        key("Seconds that one study may take; a run stopped by it is not replayable.", _ABOVE_0, gt=0),
    ] = None
    rows: Annotated[
        int | None,
        key(
            "Most rows of a training part that studies use, drawn once and the same for every rung; all when not "
            "given.",
            f"a whole number of at least {FEWEST_TUNED_ROWS}",
            ge=FEWEST_TUNED_ROWS,
        ),
    ] = None
    """Outer fits always have all of them."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Step:
    """One entry of the ladder."""

    name: Annotated[str, key("A rung that ships, or a name of your own.", _NAME, min_length=1)]
    level: Annotated[float, key("Place on the ladder; shipped rungs have theirs.", _ABOVE_0, ge=0, fixed=False)]
    estimator: Annotated[str | None, key("A callable that builds the estimator.", _REFERENCE, pattern=_OBJECT)] = None
    """None for a shipped rung."""
    settings: Annotated[Mapping[str, Any], key("Settings of its default arm.", "a mapping of settings")] = field(
        default_factory=dict
    )
    space: Annotated[
        Mapping[str, Any] | None,
        key(
            "Search space of your own rung, or what you change of a shipped one's.",
            "a mapping of parameters",
            written=_mapping_of(_PARAMETER),
        ),
    ] = None
    """In its normal form, see kiss_bench.plan.space. None: the shipped rung's own space, or nothing to tune."""
    trials: Annotated[
        int,
        key("Trials of this rung, in place of `tuning.trials`.", "a whole number", ge=0, fixed=False),
    ] = 30
    reason: Annotated[str, key("Why it is on the ladder.", "a sentence")] = ""


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Limits:
    """What one unit may take; a unit that takes more is stopped and FAILED. In no unit's key: no refit."""

    unit_seconds: Annotated[
        float | None, key("Seconds that one unit may take (a fit, or a whole study in one fold).", _ABOVE_0, gt=0)
    ] = None
    unit_memory_gb: Annotated[
        float | None, key("Memory that one unit may take, in GB of 10^9 bytes.", _ABOVE_0, gt=0)
    ] = None
    """Memory that the worker and its children share with no file."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Parent:
    """The results that a config was adapted from."""

    project: Annotated[str, key("Project of the results that this config was adapted from.", _NAME, min_length=1)]
    plan_hash: Annotated[str, key("Hash of their plan.", "64 hex digits", pattern=r"^[0-9a-f]{64}$")]
    digest: Annotated[str, key("Their digest.", "64 hex digits", pattern=r"^([0-9a-f]{64})?$")] = ""
    results: Annotated[str | None, key("Their folder; relative to the config's folder.", "a path", min_length=1)] = None


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Export:
    """Trackers that are told of every run as it ends. In no hash: where it is shown changes nothing that is found."""

    optuna: Annotated[str | None, key("Journal file that optuna-dashboard opens.", "a path", min_length=1)] = None
    """A relative path starts at the config's folder."""
    mlflow: Annotated[str | None, key("Where MLflow tracks.", "a tracking URI", min_length=1)] = None


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Plan:
    project: Annotated[str, key("Name of the project, and of its result folder.", _NAME, pattern=PROJECT)]
    question: Annotated[str, key("The question that the ladder answers.", "a sentence")] = ""
    population: Annotated[str, key("Whom or what the rows stand for.", "a sentence")] = ""
    data: Annotated[Data, key("Where the rows come from.", "a path, or a mapping with path, sql and url, or loader")]
    target: Annotated[str, key("Column to predict.", _COLUMN, min_length=1)]
    positive: Annotated[
        str | int | float | bool | None,
        key("The label that counts as positive.", "one label of the target", written=_TEXT),
    ] = None
    task: Annotated[
        TaskKind | None, key("Inferred from the target when not given.", "binary, multiclass or regression")
    ] = None
    metric: Annotated[MetricPlan, key("What is measured.", "the name of a metric, or a mapping")] = field(
        default_factory=MetricPlan
    )
    folds: Annotated[FoldsPlan, key("How rows are split.", "a mapping such as {kind: group, count: 5}")] = field(
        default_factory=FoldsPlan
    )
    tuning: Annotated[TuningPlan, key("How much is tuned, and how.", "a mapping such as {trials: 30}")] = field(
        default_factory=TuningPlan
    )
    ladder: Annotated[
        tuple[Step, ...],
        key("The rungs; all that ship when not given.", "a list of rungs, each a name or a mapping"),
    ] = ()
    """Sorted by level, simplest first."""
    skip: Annotated[
        Mapping[str, str],
        key("Rungs left off on purpose, and why.", "a mapping of rung: reason", written=_mapping_of(_TEXT)),
    ] = field(default_factory=dict)
    """They stay in the table as skipped."""
    seed: Annotated[
        int | None,
        key(
            "Root seed; drawn from data and plan when not given.", "a whole number from 0 to 2147483647", ge=0, lt=2**31
        ),
    ] = None
    alpha: Annotated[
        float, key("Chance of one unjustified promotion.", "a number above 0 and below 0.5", gt=0, lt=0.5)
    ] = 0.05
    multiplicity: Annotated[Multiplicity, key("How alpha is shared by the steps.", "fallback, strict or per_step")] = (
        "fallback"
    )
    drop_missing_target: Annotated[bool, key("Leave out rows without a target?", "true or false")] = False
    limits: Annotated[
        Limits,
        key(
            "What one unit may take before it is stopped and its rung fails.",
            "a mapping such as {unit_seconds: 3600, unit_memory_gb: 6}",
        ),
    ] = field(default_factory=Limits)
    vault: Annotated[
        float | None,
        key(
            "Share of rows that no run reads, until `kiss-bench vault open`.",
            "a percent from 1% to 50%, or a number from 0.01 to 0.5",
            written={"anyOf": [{"type": "number"}, {"type": "string"}]},
            ge=LEAST_SEALED,
            le=MOST_SEALED,
        ),
    ] = None
    placebo: Annotated[bool, key("Run the ladder on targets that cannot be known, too?", "true or false")] = False
    """In no hash: it is asked beside the question."""
    reviewed: Annotated[
        Mapping[str, Mapping[str, str | bool]],
        key(
            "Answers to what the audit asked about a column.",
            "a mapping of column: {answer, by, reason}",
            written=_mapping_of(
                _mapping_with(
                    ["answer", "by", "reason"],
                    {"answer": {"enum": ["yes", "no", True, False]}, "by": _TEXT, "reason": _TEXT},
                )
            ),
        ),
    ] = field(default_factory=dict)
    """Column -> {answer, by, reason}: may it be used? In no seed and no unit's key."""
    parent: Annotated[
        Parent | None,
        key("The results that this config was adapted from; `kiss-bench adapt` writes it.", "a mapping"),
    ] = None
    export: Annotated[
        Export,
        key(
            "Trackers that are told of every run as it ends.",
            "a mapping such as {optuna: studies.journal, mlflow: http://localhost:5000}",
        ),
    ] = field(default_factory=Export)
    arithmetic: Annotated[
        Arithmetic,
        key(
            "Instructions to compute with: x86-64-v3, the same digits on every such processor, or all that this one "
            "has.",
            "v3 or native",
        ),
    ] = "v3"
    """In the plan's hash where it is `native`, and in no seed: it asks nothing else, and changes last digits alone."""
    source: str = ""
    """The config file as the user named it, or `bench()`. No key."""
    folder: str = "."
    """The folder that relative paths start at. No key."""


SECTIONS: dict[str, type] = {
    "data": Data, "metric": MetricPlan, "folds": FoldsPlan, "tuning": TuningPlan, "ladder": Step, "limits": Limits,
    "parent": Parent, "export": Export,
}  # fmt: skip


def keys_of(model: type) -> dict[str, FieldInfo]:
    """The keys of a mapping of the config, by name."""
    declared: dict[str, FieldInfo] = model.__pydantic_fields__  # type: ignore[attr-defined]
    return {name: one for name, one in declared.items() if one.description}


def section_at(at: Key) -> type | None:
    """Find the model of the mapping that stands at this key."""
    match at:
        case ():
            return Plan
        case ("ladder", int()):
            return Step
        case (str(name),) if name != "ladder":
            return SECTIONS.get(name)
    return None


def key_at(at: Key) -> FieldInfo | None:
    """Find the declaration of the key, or of the list or mapping around it."""
    while at:
        section = section_at(at[:-1])
        if section and at[-1] in keys_of(section):
            return keys_of(section)[str(at[-1])]
        at = at[:-1]
    return None


def fact(declared: FieldInfo, name: str) -> Any:
    """Look up `allowed`, `written` or `fixed` in a declaration."""
    extra = declared.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None


@cache
def plan_adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


ORDER = tuple(name for name in keys_of(Plan) if name not in ("placebo", "export", "arithmetic"))
"""The keys of a written plan, in the order of the config. Where the config lies (`source`, `folder`), whom a run is
told to (`export`), and what is run beside it (`placebo`), is not part of what it asks."""


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Write out every default, under the names and in the order of the config; JSON can hold all of it.

    The password of `data.url` is masked, so a plan read back has none.
    """
    whole = {name: _plain(getattr(plan, name)) for name in ORDER}
    if plan.arithmetic != "v3":  # only then: the hash of a plan of before stays what it is
        whole["arithmetic"] = plan.arithmetic
    if plan.data.url is not None:
        whole["data"]["url"] = masked_url(plan.data.url)
    return whole


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def plan_from_dict(mapping: Mapping[str, Any], *, source: str = "", folder: str = ".") -> Plan:
    """Read back what `plan_as_dict` wrote, without a catalogue. Raises PlanError."""
    place = source or "plan"
    try:
        plan = plan_adapter().validate_json(json.dumps(mapping))
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        raise PlanError([_damage(place, one["type"], one["loc"], one["msg"]) for one in told]) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError([Fault(place=place, key="", found=f"no JSON ({error})", allowed="a written plan")]) from None
    unknown = [name for name in mapping if name not in plan_as_dict(plan)]
    if unknown:
        raise PlanError([_damage(place, _UNKNOWN, (name,)) for name in unknown])
    return replace(plan, source=source, folder=folder)


_UNKNOWN = "unexpected_keyword_argument"


def _damage(place: str, kind: str, at: Key, told: str = "") -> Fault:
    if kind == _UNKNOWN:
        return Fault(place=place, key=dotted(at), found="an unknown key", allowed="keys that this version writes")
    return Fault(place=place, key=dotted(at), found="damage", allowed=told)
