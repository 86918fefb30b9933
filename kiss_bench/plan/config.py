"""The keys of a config, one line each: type, default, what it is for, what is allowed."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from kiss_bench.plan.faults import Faults, Key
from kiss_bench.plan.plan import FEWEST_TUNED_ROWS, MOST_REPEATS, Arithmetic, FoldKind, MarginUnit, TaskKind

NAME = r"^[a-z0-9][a-z0-9_-]*$"
_NAME = "small letters, digits, `_` and `-`, starting with a letter or digit"
_COLUMN = "the name of a column"
_COLUMNS = "a list of column names"
_OBJECT = "`module:object`"
SHARES = "a percent from 1% to 50%, or a number from 0.01 to 0.5"
OBJECT = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$"


def key(default: Any, says: str, allowed: str, **rules: Any) -> Any:
    return Field(default, description=says, json_schema_extra={"allowed": allowed}, **rules)


def later(says: str, default: Any = None) -> Any:
    """Declare a key whose part is not built yet; anything but its default is refused by name."""
    return Field(default, description=says, json_schema_extra={"later": True})


class Section(BaseModel):
    """A mapping of the config. A key without a value (null) is a key not given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, found: Any) -> Any:
        return {name: value for name, value in found.items() if value is not None} if isinstance(found, dict) else found


class DataSection(Section):
    path: str | None = key(None, "A CSV or Parquet file; relative to the config's folder.", "a path", min_length=1)
    sql: str | None = key(None, "A query that returns the rows; needs `url`.", "an SQL query", min_length=1)
    url: str | None = key(None, "SQLAlchemy URL of the database.", "a database URL", min_length=1)
    loader: str | None = key(None, "A callable that returns a DataFrame.", _OBJECT, pattern=OBJECT)
    prepare: str | None = key(
        None, "A function that makes rows ready: DataFrame in, DataFrame out; it is probed.", _OBJECT, pattern=OBJECT
    )
    id: str | None = key(None, "Column that names a row; never a feature.", _COLUMN, min_length=1)
    drop: list[str] = key([], "Columns that no rung may see.", _COLUMNS)
    features: list[str] | None = key(None, "The only columns that rungs may see.", _COLUMNS, min_length=1)
    time: str | None = key(None, "Column that orders the rows in time.", _COLUMN, min_length=1)
    group: str | None = key(None, "Column of the entity that a row belongs to.", _COLUMN, min_length=1)
    season: int | None = key(None, "Length of a season in distinct time values.", "a whole number of at least 1", ge=1)
    horizon: int | None = key(
        None, "How many distinct time values ahead a prediction is made.", "a whole number of at least 1", ge=1
    )
    weight: str | None = key(
        None, "Column of what a row counts in scores and verdicts; fits do not use it.", _COLUMN, min_length=1
    )
    available_after: dict[str, Any] = key(
        {}, "When values of a column are known.", "a mapping of column: lag or column"
    )


class MetricSection(Section):
    primary: str | None = key(None, "The metric that decides.", "the name of a metric", min_length=1)
    margin: float | str | None = key(
        None,
        "Smallest gain worth having: a percent is a share of the dummy's loss (`margin_unit: skill`), "
        "a bare number is absolute.",
        "a percent such as `1%`, or a number of at least 0",
    )
    margin_unit: MarginUnit | None = key(None, "What the margin is a share of.", "skill, relative or absolute")
    also: list[str] = key([], "Metrics that are shown beside it.", "a list of metrics")


class FoldsSection(Section):
    kind: FoldKind | None = key(
        None,
        "How rows are split; follows from the roles of the columns when not given.",
        "stratified, shuffled, group, forward or predefined",
    )
    count: int = key(5, "Number of outer folds.", "a whole number of at least 2", ge=2)
    repeats: Literal["auto"] | Annotated[int, Field(ge=1)] = key(
        "auto",
        "How often folds are drawn; auto draws them once, and four times more for a pair whose verdict is contested.",
        f"auto, or a whole number from 1 to {MOST_REPEATS}",
    )
    inner: int = key(3, "Number of inner folds, for tuning.", "a whole number of at least 2", ge=2)
    gap: int | None = key(
        None, "Distinct time values left out before each test part (forward).", "a whole number of at least 0", ge=0
    )
    window: Literal["expanding", "rolling"] = key(
        "expanding", "Does training keep its start or its length (forward)?", "expanding or rolling"
    )
    column: str | None = key(None, "Column that holds the fold of a row (predefined).", _COLUMN, min_length=1)
    file: str | None = key(None, "File that holds the fold of each row (predefined).", "a path", min_length=1)


class TuningSection(Section):
    trials: int = key(30, "Trials of each rung.", "a whole number of at least 0", ge=0)
    sampler: Literal["tpe", "random", "grid"] = key("tpe", "How trials are chosen.", "tpe, random or grid")
    pruning: bool = key(True, "May hopeless trials be stopped early?", "true or false")  # noqa: FBT003
    timeout: float | None = key(
        None, "Seconds that one study may take; a run stopped by it is not replayable.", "a number above 0", gt=0
    )
    sampler_settings: dict[str, Any] = key(
        {}, "Arguments of the sampler, such as n_startup_trials.", "a mapping of the sampler's arguments, no `seed`"
    )
    control: Literal["random"] | None = key(
        None, "A random search beside each study: what does the sampler itself add?", "random"
    )
    rows: int | None = key(
        None,
        "Most rows of a training part that studies use, drawn once and the same for every rung; all when not given.",
        f"a whole number of at least {FEWEST_TUNED_ROWS}",
        ge=FEWEST_TUNED_ROWS,
    )


class LimitsSection(Section):
    unit_seconds: float | None = key(
        None, "Seconds that one unit may take (a fit, or a whole study in one fold).", "a number above 0", gt=0
    )
    unit_memory_gb: float | None = key(
        None, "Memory that one unit may take, in GB of 10^9 bytes.", "a number above 0", gt=0
    )


class ParentSection(Section):
    project: str = key(..., "Project of the results that this config was adapted from.", _NAME, min_length=1)
    plan_hash: str = key(..., "Hash of their plan.", "64 hex digits", pattern=r"^[0-9a-f]{64}$")
    digest: str = key("", "Their digest.", "64 hex digits", pattern=r"^([0-9a-f]{64})?$")
    results: str | None = key(None, "Their folder; relative to the config's folder.", "a path", min_length=1)


class ExportSection(Section):
    optuna: str | None = key(None, "Journal file that optuna-dashboard opens.", "a path", min_length=1)
    mlflow: str | None = key(None, "Where MLflow tracks.", "a tracking URI", min_length=1)


class LadderEntry(Section):
    name: str = key(..., "A rung that ships, or a name of your own.", _NAME, min_length=1)
    level: float | None = key(None, "Place on the ladder; shipped rungs have theirs.", "a number above 0", ge=0)
    estimator: str | None = key(None, "A callable that builds the estimator.", _OBJECT, pattern=OBJECT)
    settings: dict[str, Any] = key({}, "Settings of its default arm.", "a mapping of settings")
    space: dict[str, Any] | None = key(
        None, "Search space of your own rung, or what you change of a shipped one's.", "a mapping of parameters"
    )
    trials: int | None = key(None, "Trials of this rung, in place of `tuning.trials`.", "a whole number", ge=0)
    reason: str = key("", "Why it is on the ladder.", "a sentence")


class Config(Section):
    project: str = key(..., "Name of the project, and of its result folder.", _NAME, pattern=NAME)
    question: str = key("", "The question that the ladder answers.", "a sentence")
    population: str = key("", "Whom or what the rows stand for.", "a sentence")
    data: DataSection = key(..., "Where the rows come from.", "a path, or a mapping with path, sql and url, or loader")
    target: str = key(..., "Column to predict.", _COLUMN, min_length=1)
    positive: str | int | float | bool | None = key(
        None, "The label that counts as positive.", "one label of the target"
    )
    task: TaskKind | None = key(None, "Inferred from the target when not given.", "binary, multiclass or regression")
    metric: MetricSection = key(MetricSection(), "What is measured.", "the name of a metric, or a mapping")
    folds: FoldsSection = key(FoldsSection(), "How rows are split.", "a mapping such as {kind: group, count: 5}")
    tuning: TuningSection = key(TuningSection(), "How much is tuned, and how.", "a mapping such as {trials: 30}")
    ladder: list[LadderEntry] | None = key(
        None, "The rungs; all that ship when not given.", "a list of rungs, each a name or a mapping"
    )
    skip: dict[str, str] = key({}, "Rungs left off on purpose, and why.", "a mapping of rung: reason")
    seed: int | None = key(
        None,
        "Root seed; drawn from data and plan when not given.",
        "a whole number from 0 to 2147483647",
        ge=0,
        lt=2**31,
    )
    alpha: float = key(0.05, "Chance of one unjustified promotion.", "a number above 0 and below 0.5", gt=0, lt=0.5)
    multiplicity: Literal["fallback", "strict", "per_step"] = key(
        "fallback", "How alpha is shared by the steps.", "fallback, strict or per_step"
    )
    drop_missing_target: bool = key(False, "Leave out rows without a target?", "true or false")  # noqa: FBT003
    limits: LimitsSection = key(
        LimitsSection(),
        "What one unit may take before it is stopped and its rung fails.",
        "a mapping such as {unit_seconds: 3600, unit_memory_gb: 6}",
    )
    vault: float | str | None = key(None, "Share of rows that no run reads, until `kiss-bench vault open`.", SHARES)
    placebo: bool = key(False, "Run the ladder on targets that cannot be known, too?", "true or false")  # noqa: FBT003
    reviewed: dict[str, Any] = key(
        {}, "Answers to what the audit asked about a column.", "a mapping of column: {answer, by, reason}"
    )
    parent: ParentSection | None = key(
        None, "The results that this config was adapted from; `kiss-bench adapt` writes it.", "a mapping"
    )
    export: ExportSection = key(
        ExportSection(),
        "Trackers that are told of every run as it ends.",
        "a mapping such as {optuna: studies.journal, mlflow: http://localhost:5000}",
    )
    arithmetic: Arithmetic = key(
        "v3",
        "Instructions to compute with: x86-64-v3, the same digits on every such processor, or all that this one has.",
        "v3 or native",
    )
    strict: Any = later("Refuse what is otherwise a warning.", default=False)


SECTIONS: dict[str, type[Section]] = {
    "data": DataSection, "metric": MetricSection, "folds": FoldsSection, "tuning": TuningSection, "ladder": LadderEntry,
    "limits": LimitsSection, "parent": ParentSection, "export": ExportSection,
}  # fmt: skip


def section_at(at: Key) -> type[Section] | None:
    """Find the model of the mapping that stands at this key."""
    match at:
        case ():
            return Config
        case ("ladder", int()):
            return LadderEntry
        case (str(name),) if name != "ladder":
            return SECTIONS.get(name)
    return None


def field_at(at: Key) -> FieldInfo | None:
    """Find the declaration of the key, or of the list or mapping around it."""
    while at:
        section = section_at(at[:-1])
        if section and at[-1] in section.model_fields:
            return section.model_fields[str(at[-1])]
        at = at[:-1]
    return None


def fact(field: FieldInfo, name: str) -> Any:
    """Look up `allowed` or `later` in a declaration."""
    extra = field.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None


def refuse_later(config: Config, faults: Faults) -> None:
    sections: list[tuple[Key, Section]] = [((), config)]
    sections += [((name,), getattr(config, name)) for name in SECTIONS if name not in ("ladder", "parent")]
    for at, section in sections:
        for name, field in type(section).model_fields.items():
            value = getattr(section, name)
            if fact(field, "later") and value is not None and value is not field.default:
                faults.add_later((*at, name), value)
