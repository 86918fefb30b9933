"""What the keys of a config mean together, and what short forms stand for.

First `in_long_form`: percents, reviews and lags as a plan holds them. Then pydantic checks every key by itself. Last
`with_rules`: sources, columns, metrics, folds and the ladder, with the names that ship. What is wrong goes to `faults`;
a rule whose keys are faulty already stays silent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from kiss_bench.plan.faults import Faults, Key, did_you_mean, nearest, short
from kiss_bench.plan.plan import (
    LEAST_SEALED,
    MOST_REPEATS,
    MOST_SEALED,
    PROJECT,
    UNREPEATED,
    Data,
    FoldKind,
    FoldsPlan,
    MetricPlan,
    Plan,
    Step,
    TaskKind,
)
from kiss_bench.plan.space import normal_space

EVERY_TASK: Final[tuple[TaskKind, ...]] = get_args(TaskKind)
FLOOR: Final = "dummy"
SIMPLEST_MODEL: Final = "linear"
NO_NAME: Final = "?"
"""Stands for the name of a rung that is missing or wrong."""
AVAILABLE: Final = "a lag such as `1 day` or 0, the name of a column, or {as_of: a column, late: refused or missing}"
LATE: Final = ("refused", "missing")
ANSWERS: Final[Mapping[str | bool, bool]] = {"yes": True, "no": False, True: True, False: False}
_REVIEW: Final = ("answer", "by", "reason")
_FORM: Final = "{answer: yes or no, by: a name, reason: a sentence}"
_RESERVED: Final = ("default", "tuned", "random")
_CUSTOM: Final = "or a rung of your own, with name, level and estimator"
_PERCENT: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,30})?)\s*%\s*")
_KIND: Final[Key] = ("folds", "kind")


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRung:
    """A rung that ships, as far as a config has to know it."""

    name: str
    level: float
    tunable: bool = True
    """False: it has no search space, so it gets no trials."""
    blends: bool = False
    """It fits nothing, so it has no settings."""
    needs_time: bool = False
    """Only on the ladder where `data.season` or `data.horizon` is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownMetric:
    """A metric that ships, under its canonical name."""

    name: str
    aliases: tuple[str, ...] = ()
    tasks: tuple[TaskKind, ...] = EVERY_TASK


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The names a config may use."""

    rungs: tuple[KnownRung, ...]
    metrics: tuple[KnownMetric, ...]
    later_metrics: frozenset[str] = frozenset()
    """Metrics (or aliases) that are refused by name, because their part is not built yet."""

    def rung(self, name: str) -> KnownRung | None:
        return next((rung for rung in self.rungs if rung.name == name), None)

    def metric(self, name: str) -> KnownMetric | None:
        return next((metric for metric in self.metrics if name in (metric.name, *metric.aliases)), None)

    def metric_names(self) -> tuple[str, ...]:
        """Every name and alias that is built."""
        names = (name for metric in self.metrics for name in (metric.name, *metric.aliases))
        return tuple(name for name in names if name not in self.later_metrics)


# short forms


def in_long_form(values: dict[str, Any], catalogue: Catalogue, faults: Faults) -> dict[str, Any]:
    """Write percents as numbers, reviews and lags in full, and levels where the rung has its own.

    What is of no known form is left to pydantic, which refuses it; an entry that is refused here is taken out.
    """
    metric, data, target = values.get("metric"), values.get("data"), values.get("target")
    if isinstance(metric, dict) and "margin" in metric:
        share = _share(metric["margin"])
        metric.setdefault("margin_unit", "absolute" if share is None else "skill")
        metric["margin"] = metric["margin"] if share is None else share
    if type(values.get("vault")) is int:
        values["vault"] = faults.written["vault"] = float(values["vault"])
    sealed = _share(values.get("vault"))
    if sealed is not None and LEAST_SEALED <= sealed <= MOST_SEALED:
        values["vault"] = sealed
    for entry in values["ladder"] if isinstance(values.get("ladder"), list) else ():
        if isinstance(entry, dict) and "level" not in entry:
            known = catalogue.rung(entry.get("name", NO_NAME))
            entry["level"] = float(known.level) if known else 0.0
    if isinstance(data, dict) and isinstance(data.get("available_after"), dict):
        data["available_after"] = _available_after(data["available_after"], target, faults)
    if isinstance(values.get("reviewed"), dict):
        values["reviewed"] = _reviewed(values["reviewed"], target, faults)
    return values


def _share(written: object) -> float | None:
    percent = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    return round(float(percent[1]) / 100, 15) if percent else None


def _available_after(written: Mapping[str, Any], target: object, faults: Faults) -> dict[str, Any]:
    """When the values of columns are known, as written; whether a text is a lag or a column, the table will tell."""
    found: dict[str, Any] = {}
    for name, value in written.items():
        at: Key = ("data", "available_after", name)
        if name == target:
            faults.add(at, found="the target", allowed="features")
        elif isinstance(value, Mapping):
            found[name] = _as_of(value, at, faults)
        elif value is None or isinstance(value, bool | list) or (isinstance(value, str) and not value.strip()):
            faults.add(at, found=short(value), allowed=AVAILABLE)
        else:
            found[name] = value
    return found


def _as_of(written: Mapping[str, Any], at: Key, faults: Faults) -> Mapping[str, str]:
    """The longer form, with what becomes of late values."""
    _refuse_unknown(written, ("as_of", "late"), at, faults)
    column, late = written.get("as_of"), written.get("late") or "refused"
    if not isinstance(column, str) or not column.strip():
        faults.add((*at, "as_of"), found=short(column), allowed="the column that holds the moment")
    if late not in LATE:
        faults.add((*at, "late"), found=short(late), allowed=" or ".join(LATE), hint=did_you_mean(late, LATE))
    return {"as_of": str(column), "late": str(late)}


def _reviewed(written: Mapping[str, Any], target: object, faults: Faults) -> dict[str, Any]:
    """What a person answered about columns, and why."""
    found: dict[str, Any] = {}
    for name, review in written.items():
        at: Key = ("reviewed", name)
        if name == target:
            faults.add(at, found="the target", allowed="other columns", hint="The target is never a feature")
        elif not isinstance(review, Mapping):
            faults.add(at, found=short(review), allowed=_FORM)
        else:
            found[name] = _review(review, at, faults)
    return found


def _review(written: Mapping[str, Any], at: Key, faults: Faults) -> Mapping[str, str | bool]:
    _refuse_unknown(written, _REVIEW, at, faults)
    answer = written.get("answer")
    if not isinstance(answer, str | bool) or answer not in ANSWERS:
        hint = "Yes: it is known when a prediction is made"
        faults.add((*at, "answer"), found=short(answer), allowed="yes or no", hint=hint)
    words = {name: written.get(name) for name in ("by", "reason")}
    for name, allowed in (("by", "the name of whoever answers"), ("reason", "a sentence")):
        if not isinstance(words[name], str) or not any(sign.isalnum() for sign in str(words[name])):
            faults.add((*at, name), found=short(words[name]), allowed=allowed)
    told = ANSWERS.get(answer, False) if isinstance(answer, str | bool) else False
    return {"answer": told, **{name: str(word) for name, word in words.items()}}


def _refuse_unknown(written: Mapping[str, Any], known: tuple[str, ...], at: Key, faults: Faults) -> None:
    for name in written:
        if name not in known:
            hint = did_you_mean(name, known)
            faults.add((*at, name), found="an unknown key", allowed=", ".join(known), hint=hint)


# rules


def with_rules(plan: Plan, catalogue: Catalogue, faults: Faults, *, source_needed: bool) -> Plan:
    """The plan with canonical names, the kind of folds that follows from the roles, and its whole ladder."""
    _check_source(plan.data, faults, source_needed=source_needed)
    _check_columns(plan, faults)
    metric = _metrics(plan, catalogue, faults)
    folds = _folds(plan, faults)
    return replace(plan, metric=metric, folds=folds, ladder=_ladder(plan, catalogue, faults))


def _check_source(section: Data, faults: Faults, *, source_needed: bool) -> None:
    if faults.broken(*(("data", name) for name in ("path", "sql", "url", "loader"))):
        return
    sources = [name for name in ("path", "sql", "loader") if getattr(section, name) is not None]
    one_of = "one of path, sql (with url) and loader"
    if len(sources) > 1:
        faults.add(("data",), found=" and ".join(sources), allowed=one_of)
    elif not sources and section.url is None and source_needed:
        faults.add(("data",), found="no source of rows", allowed=one_of)
    if section.path is not None and "://" in section.path:
        hint = "A database takes `sql` and `url`; for anything else write a `loader`"
        faults.add(("data", "path"), found=short(section.path), allowed="the path of a file", hint=hint)
    if section.sql is not None and section.url is None:
        faults.add(("data", "sql"), found="a query without `data.url`", allowed="both, or neither")
    if section.url is not None and section.sql is None:
        faults.add(("data", "url"), found="a URL without `data.sql`", allowed="both, or neither")


def _check_columns(plan: Plan, faults: Faults) -> None:
    data, target = plan.data, plan.target
    for name in ("drop", "features"):
        columns = getattr(data, name) or ()
        for index, column in enumerate(columns):
            at: Key = ("data", name, index)
            if column in columns[:index]:
                faults.add(at, found=f"{short(column)} again", allowed="each column once")
            elif name == "features" and column in data.drop:
                faults.add(at, found=f"{short(column)}, which is also in `data.drop`", allowed="one of the two")
            elif column == target and not faults.broken(("target",)):
                faults.add(at, found="the target", allowed="other columns", hint="The target is never a feature")
    for at in (("data", "id"), ("data", "time"), ("data", "group"), ("data", "weight"), ("folds", "column")):
        if getattr(getattr(plan, at[0]), at[1]) == target and not faults.broken(("target",)):
            faults.add(at, found="the target", allowed="another column")
    at, known = ("data", "available_after"), faults.given(("data", "available_after"))
    if isinstance(known, dict) and known and data.time is None and not faults.broken(("data", "time")):
        hint = "A row's time is when its prediction is made: without one, before and after mean nothing"
        faults.add_beside(at, found="it without `data.time`", allowed="both, or neither", hint=hint)


def _metrics(plan: Plan, catalogue: Catalogue, faults: Faults) -> MetricPlan:
    primary = _metric(plan.metric.primary, ("metric", "primary"), catalogue, faults)
    also: list[str] = []
    for index, written in enumerate(plan.metric.also):
        name = _metric(written, ("metric", "also", index), catalogue, faults)
        if name is not None and name in (primary, *also):
            found = f"{short(written)}, which is already there as `{name}`"
            faults.add(("metric", "also", index), found=found, allowed="each metric once")
        also += [name] if name else []
    _check_task(plan, [name for name in (primary, *also) if name], catalogue, faults)
    _check_margin(plan.metric, faults)
    return replace(plan.metric, primary=primary, also=tuple(also))


def _metric(name: str | None, at: Key, catalogue: Catalogue, faults: Faults) -> str | None:
    if name is None or faults.broken(at):
        return None
    known = catalogue.metric(name)
    if name in catalogue.later_metrics or (known and known.name in catalogue.later_metrics):
        faults.add_later(at, name, name)
    elif known is None:
        names = catalogue.metric_names()
        faults.add(at, found=short(name), allowed=", ".join(names), hint=did_you_mean(name, names))
    return known.name if known else None


def _check_task(plan: Plan, metrics: list[str], catalogue: Catalogue, faults: Faults) -> None:
    """Refuse metrics, `task` and `positive` that no task can have together."""
    possible: set[TaskKind] = {plan.task} if plan.task else set(EVERY_TASK)
    why = f"task {plan.task}" if plan.task else "any task"
    if faults.broken(("task",), ("metric",)):
        return
    for name in metrics:
        known = catalogue.metric(name)
        tasks = set(known.tasks) if known else possible
        if not possible & tasks:
            found = f"`{name}`, which is for {' and '.join(known.tasks) if known else ''}"
            faults.add(("metric",), found=found, allowed=f"metrics for {why}")
            return
        if not possible <= tasks:
            possible, why = possible & tasks, f"what `{name}` is for: {' and '.join(known.tasks) if known else ''}"
    if plan.positive is not None and "binary" not in possible:
        faults.add(("positive",), found=short(plan.positive), allowed=f"no positive label, as this is for {why}")


def _check_margin(metric: MetricPlan, faults: Faults) -> None:
    at: Key = ("metric", "margin")
    if faults.broken(at, ("metric", "margin_unit")):
        return
    margin, unit, written = metric.margin, metric.margin_unit, faults.given(at)
    percent = written is None or isinstance(written, str)
    if percent and unit == "absolute":
        found = "no margin" if written is None else short(written)
        hint = "A percent is a share: of the dummy's loss (skill) or of the incumbent's (relative)"
        faults.add(at, found=found, allowed="a bare number, as `margin_unit` is absolute", hint=hint)
    elif margin < 0 or (unit != "absolute" and margin >= 1):
        limits = "at least 0" if unit == "absolute" else f"at least 0 and below 1 (100%), as it is a {unit} margin"
        faults.add(at, found=short(written) if percent else f"{margin:g}", allowed=limits)


def _folds(plan: Plan, faults: Faults) -> FoldsPlan:
    section = plan.folds
    kind = _kind(plan, faults)
    for name in ("gap", "window"):
        if getattr(section, name) not in (None, 0, "expanding"):
            _only("folds", name, kind, "forward", faults)
    for name in ("season", "horizon"):
        if getattr(plan.data, name) is not None:
            _only("data", name, kind, "forward", faults)
    horizon, gap = plan.data.horizon, section.gap
    if horizon is not None and gap is not None and gap < horizon:
        faults.add(("folds", "gap"), found=str(gap), allowed=f"a gap of at least the horizon ({horizon})")
    if section.column is not None and section.file is not None:
        faults.add(("folds",), found="column and file", allowed="one of the two")
    for name in ("column", "file"):
        if getattr(section, name) is not None:
            _only("folds", name, kind, "predefined", faults)
    _check_repeats(section, kind, faults)
    return replace(section, kind=kind)


def _check_repeats(section: FoldsPlan, kind: FoldKind | None, faults: Faults) -> None:
    at: Key = ("folds", "repeats")
    written = section.repeats
    if written == "auto":
        return
    if kind in UNREPEATED and written > 1 and not faults.broken(at, _KIND):
        hint = f"{kind[0].upper()}{kind[1:]} folds come out the same however often they are drawn"
        faults.add(at, found=short(written), allowed=f"1 or auto, with {kind} folds", hint=hint)
    elif written > MOST_REPEATS:
        hint = f"More than {MOST_REPEATS} draws of the same rows make an error bar at most 2 % shorter; more rows help"
        faults.add(at, found=short(written), allowed=f"auto, or a whole number from 1 to {MOST_REPEATS}", hint=hint)


def _kind(plan: Plan, faults: Faults) -> FoldKind | None:
    """Take the kind as written, or as the roles of the columns have it; None leaves it to the task."""
    data, section = plan.data, plan.folds
    if faults.broken(_KIND, ("data", "time"), ("data", "group"), ("folds", "column"), ("folds", "file")):
        return None
    lacking = {
        "forward": data.time is None and "`data.time`, the column that orders the rows",
        "group": data.group is None and "`data.group`, the column of the entity",
        "predefined": section.column is None and section.file is None and "`folds.column` or `folds.file`",
        "stratified": plan.task == "regression" and "a task with classes; for numbers write shuffled",
    }
    if section.kind:
        if needed := lacking.get(section.kind):
            faults.add(_KIND, found=section.kind, allowed=f"{section.kind} with {needed}")
        return section.kind
    if section.column is not None or section.file is not None:
        return "predefined"
    if data.time is not None and data.group is not None:
        faults.add(
            _KIND,
            found="nothing, with both `data.time` and `data.group`",
            allowed=", ".join(get_args(FoldKind)),
            hint="Write `kind: forward` to predict the same entities later, "
            "or `kind: group` to predict new entities (time is then ignored)",
        )
        return None
    return "forward" if data.time is not None else "group" if data.group is not None else None


def _only(section: str, name: str, kind: FoldKind | None, needed: FoldKind, faults: Faults) -> None:
    """Refuse a key that another kind of folds would ignore."""
    if kind == needed or faults.broken(_KIND, (section, name), ("data", "time"), ("data", "group")):
        return
    roles = {"forward": "forward folds (`data.time`)", "predefined": "predefined folds"}
    found = f"a {name} with {kind} folds" if kind else f"a {name} without folds that use it"
    faults.add((section, name), found=found, allowed=f"{name} only with {roles[needed]}")


def _ladder(plan: Plan, catalogue: Catalogue, faults: Faults) -> tuple[Step, ...]:
    """Make the steps, simplest first."""
    written = isinstance(faults.given(("ladder",)), list)
    steps = _steps_as_written(plan, catalogue, faults) if written else _every_rung(plan, catalogue)
    _check_skip(plan, catalogue, faults)
    _check_required(plan, steps, catalogue, faults)
    return tuple(sorted(steps, key=lambda step: step.level))


def _every_rung(plan: Plan, catalogue: Catalogue) -> list[Step]:
    in_time = plan.data.season is not None or plan.data.horizon is not None
    wanted = [rung for rung in catalogue.rungs if rung.name not in plan.skip and (in_time or not rung.needs_time)]
    return [
        Step(name=rung.name, level=float(rung.level), trials=plan.tuning.trials if rung.tunable else 0)
        for rung in wanted
    ]


def _steps_as_written(plan: Plan, catalogue: Catalogue, faults: Faults) -> list[Step]:
    steps: list[Step] = []
    for index, entry in enumerate(plan.ladder):
        at: Key = ("ladder", index)
        if faults.broken((*at, "name")):
            continue
        if any(step.name == entry.name for step in steps):
            faults.add((*at, "name"), found=f"{short(entry.name)} again", allowed="each rung once")
            continue
        known = catalogue.rung(entry.name)
        if known:
            steps.append(_shipped(entry, known, plan, at, faults))
        elif entry.estimator is None and faults.given((*at, "level")) is None and not faults.broken(at):
            names = [rung.name for rung in catalogue.rungs]
            allowed = f"{', '.join(names)}, {_CUSTOM}"
            faults.add((*at, "name"), found=short(entry.name), allowed=allowed, hint=did_you_mean(entry.name, names))
        else:
            steps.append(_custom(entry, plan, at, faults))
    return steps


def _shipped(entry: Step, rung: KnownRung, plan: Plan, at: Key, faults: Faults) -> Step:
    if entry.level != rung.level and not faults.broken((*at, "level")):
        faults.add(
            (*at, "level"), found=short(entry.level), allowed=f"{rung.level:g}, the level that {rung.name} ships with"
        )
    if entry.estimator is not None:
        hint = f"{rung.name} is the name of a rung that ships"
        faults.add((*at, "estimator"), found=short(entry.estimator), allowed="estimators of your own rungs", hint=hint)
    space = normal_space(entry.space, (*at, "space"), faults) if entry.space else None
    if space and not rung.tunable:
        faults.add((*at, "space"), found="a space", allowed=f"none, as {rung.name} has nothing to tune")
    asked = _trials(entry, at, faults)
    if asked and not rung.tunable:
        faults.add((*at, "trials"), found=str(asked), allowed=f"no trials, as {rung.name} has nothing to tune")
    if entry.settings and rung.blends:
        faults.add((*at, "settings"), found="settings", allowed=f"none, as {rung.name} fits nothing of its own")
    if rung.needs_time and plan.data.season is None and plan.data.horizon is None:
        allowed = f"{rung.name} only with `data.season` or `data.horizon`"
        faults.add((*at, "name"), found=short(rung.name), allowed=allowed)
    trials = plan.tuning.trials if asked is None else asked
    return replace(entry, level=float(rung.level), estimator=None, space=space, trials=trials if rung.tunable else 0)


def _custom(entry: Step, plan: Plan, at: Key, faults: Faults) -> Step:
    if not re.fullmatch(PROJECT, entry.name) or entry.name in _RESERVED:
        allowed = f"small letters, digits, `_` and `-`, starting with a letter or digit; not {', '.join(_RESERVED)}"
        faults.add((*at, "name"), found=short(entry.name), allowed=allowed)
    if not entry.level and not faults.broken((*at, "level")):
        hint = "Complexity is declared, never guessed"
        written = faults.given((*at, "level"))
        found = short(written if written is None else entry.level)
        faults.add((*at, "level"), found=found, allowed="a number above 0", hint=hint)
    if entry.estimator is None and not faults.broken((*at, "estimator")):
        faults.add((*at, "estimator"), found="nothing", allowed="`module:object`, a callable that builds the estimator")
    space = normal_space(entry.space, (*at, "space"), faults) if entry.space else None
    always = {name for name, spec in (space or {}).items() if not spec.get("when")}
    for name in sorted({*entry.settings} & always):
        faults.add((*at, "settings", name), found=f"`{name}` in settings and in space", allowed="one of the two")
    asked = _trials(entry, at, faults)
    if asked and not space and not faults.broken((*at, "space")):
        faults.add((*at, "trials"), found=str(asked), allowed="trials only with a space")
    trials = plan.tuning.trials if asked is None else asked
    return replace(entry, space=space, trials=trials if space else 0)


def _trials(entry: Step, at: Key, faults: Faults) -> int | None:
    """The trials that the entry itself asks for."""
    at = (*at, "trials")
    return None if faults.given(at) is None or faults.broken(at) else entry.trials


def _check_skip(plan: Plan, catalogue: Catalogue, faults: Faults) -> None:
    names = [rung.name for rung in catalogue.rungs]
    written = {entry.name for entry in plan.ladder}
    for name, reason in plan.skip.items():
        at: Key = ("skip", name)
        if name == FLOOR:
            faults.add(at, found=f"`{FLOOR}` skipped", allowed="other rungs", hint="Skill is measured against it")
        elif name in written:
            faults.add(at, found=f"`{name}` both skipped and on the ladder", allowed="one of the two")
        elif name not in names:
            faults.add(at, found="an unknown rung", allowed=", ".join(names), hint=did_you_mean(name, names))
        elif not reason.strip():
            faults.add(at, found="no reason", allowed="a reason; it is printed with the leaderboard")


def _check_required(plan: Plan, steps: list[Step], catalogue: Catalogue, faults: Faults) -> None:
    """Refuse a ladder without the simple rungs that every complicated one has to beat."""
    written = [entry.name for entry in plan.ladder]
    meant = {nearest(name, [rung.name for rung in catalogue.rungs]) for name in written}
    names = {*meant, *(step.name for step in steps)}
    simple = catalogue.rung(SIMPLEST_MODEL)
    if NO_NAME in written:
        return
    if FLOOR not in names and not faults.broken(("skip", FLOOR)):
        hint = f"Add `{FLOOR}` to `ladder`: skill is measured against it"
        faults.add(("ladder",), found=f"no `{FLOOR}`", allowed=f"ladders with `{FLOOR}`", hint=hint)
    higher = [step.name for step in steps if simple and step.level > simple.level]
    if higher and SIMPLEST_MODEL not in {*names, *plan.skip} and not faults.broken(("skip", SIMPLEST_MODEL)):
        faults.add(
            ("ladder",),
            found=f"`{higher[0]}` without `{SIMPLEST_MODEL}`",
            allowed=f"`{SIMPLEST_MODEL}` below it, or a reason to leave it off",
            hint=f'Add `{SIMPLEST_MODEL}` to `ladder`, or write `skip: {{{SIMPLEST_MODEL}: "the reason"}}`',
        )
