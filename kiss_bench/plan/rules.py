"""What the keys of data, metric and folds mean together."""

import re
from typing import Literal, get_args

from kiss_bench.plan.catalogue import EVERY_TASK, Catalogue
from kiss_bench.plan.columns import available_after
from kiss_bench.plan.config import SHARES, Config, DataSection, MetricSection
from kiss_bench.plan.faults import Faults, Key, did_you_mean, short
from kiss_bench.plan.plan import MOST_REPEATS, UNREPEATED, Data, FoldKind, FoldsPlan, MarginUnit, MetricPlan, TaskKind

LEAST_SEALED, MOST_SEALED = 0.01, 0.5
"""A vault of more than half of the rows would rather be the table."""
_PERCENT = re.compile(r"\s*(\d{1,9}(?:\.\d{1,30})?)\s*%\s*")
_KIND: Key = ("folds", "kind")


def data_plan(config: Config, faults: Faults, *, source_needed: bool) -> Data:
    section = config.data
    _check_source(section, faults, source_needed=source_needed)
    _check_columns(config, faults)
    return Data(
        path=section.path,
        sql=section.sql,
        url=section.url,
        loader=section.loader,
        prepare=section.prepare,
        id=section.id,
        drop=tuple(section.drop),
        features=None if section.features is None else tuple(section.features),
        time=section.time,
        group=section.group,
        weight=section.weight,
        season=section.season,
        horizon=section.horizon,
        available_after=available_after(config, faults),
    )


def _check_source(section: DataSection, faults: Faults, *, source_needed: bool) -> None:
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


def _check_columns(config: Config, faults: Faults) -> None:
    data, target = config.data, config.target
    for name in ("drop", "features"):
        columns = getattr(data, name) or []
        for index, column in enumerate(columns):
            at: Key = ("data", name, index)
            if column in columns[:index]:
                faults.add(at, found=f"{short(column)} again", allowed="each column once")
            elif name == "features" and column in data.drop:
                faults.add(at, found=f"{short(column)}, which is also in `data.drop`", allowed="one of the two")
            elif column == target and not faults.broken(("target",)):
                faults.add(at, found="the target", allowed="other columns", hint="The target is never a feature")
    for at in (("data", "id"), ("data", "time"), ("data", "group"), ("data", "weight"), ("folds", "column")):
        if getattr(getattr(config, at[0]), at[1]) == target and not faults.broken(("target",)):
            faults.add(at, found="the target", allowed="another column")


def metric_plan(config: Config, catalogue: Catalogue, faults: Faults) -> MetricPlan:
    section = config.metric
    primary = _metric(section.primary, ("metric", "primary"), catalogue, faults)
    also: list[str] = []
    for index, written in enumerate(section.also):
        name = _metric(written, ("metric", "also", index), catalogue, faults)
        if name is not None and name in (primary, *also):
            found = f"{short(written)}, which is already there as `{name}`"
            faults.add(("metric", "also", index), found=found, allowed="each metric once")
        also += [name] if name else []
    _check_task(config, [name for name in (primary, *also) if name], catalogue, faults)
    margin, unit = _margin(section, faults)
    return MetricPlan(primary=primary, margin=margin, margin_unit=unit, also=tuple(also))


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


def _check_task(config: Config, metrics: list[str], catalogue: Catalogue, faults: Faults) -> None:
    """Refuse metrics, `task` and `positive` that no task can have together."""
    possible: set[TaskKind] = {config.task} if config.task else set(EVERY_TASK)
    why = f"task {config.task}" if config.task else "any task"
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
    if config.positive is not None and "binary" not in possible:
        faults.add(("positive",), found=short(config.positive), allowed=f"no positive label, as this is for {why}")


def _margin(section: MetricSection, faults: Faults) -> tuple[float, MarginUnit]:
    at: Key = ("metric", "margin")
    if faults.broken(at, ("metric", "margin_unit")):
        return 0.01, "skill"
    written = "1%" if section.margin is None else section.margin
    percent = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    if isinstance(written, str) and percent is None:
        faults.add(at, found=short(written), allowed="a percent such as `1%`, or a number of at least 0")
        return 0.01, "skill"
    unit: MarginUnit = section.margin_unit or ("skill" if percent else "absolute")
    margin = round(float(percent[1]) / 100, 15) if percent else float(written)
    if percent and unit == "absolute":
        found = short(written) if section.margin is not None else "no margin"
        hint = "A percent is a share: of the dummy's loss (skill) or of the incumbent's (relative)"
        faults.add(at, found=found, allowed="a bare number, as `margin_unit` is absolute", hint=hint)
    elif margin < 0 or (unit != "absolute" and margin >= 1):
        limits = "at least 0" if unit == "absolute" else f"at least 0 and below 1 (100%), as it is a {unit} margin"
        faults.add(at, found=short(written) if percent else f"{margin:g}", allowed=limits)
    return margin, unit


def vault_plan(config: Config, faults: Faults) -> float | None:
    at: Key = ("vault",)
    if config.vault is None or faults.broken(at):
        return None
    percent = _PERCENT.fullmatch(config.vault) if isinstance(config.vault, str) else None
    share = round(float(percent[1]) / 100, 15) if percent else config.vault
    if isinstance(share, str) or not LEAST_SEALED <= share <= MOST_SEALED:
        faults.add(at, found=short(config.vault), allowed=SHARES)
        return None
    return float(share)


def folds_plan(config: Config, faults: Faults) -> FoldsPlan:
    section = config.folds
    kind = _kind(config, faults)
    for name in ("gap", "window"):
        if getattr(section, name) not in (None, 0, "expanding"):
            _only("folds", name, kind, "forward", faults)
    for name in ("season", "horizon"):
        if getattr(config.data, name) is not None:
            _only("data", name, kind, "forward", faults)
    horizon, gap = config.data.horizon, section.gap
    if horizon is not None and gap is not None and gap < horizon:
        faults.add(("folds", "gap"), found=str(gap), allowed=f"a gap of at least the horizon ({horizon})")
    if section.column is not None and section.file is not None:
        faults.add(("folds",), found="column and file", allowed="one of the two")
    for name in ("column", "file"):
        if getattr(section, name) is not None:
            _only("folds", name, kind, "predefined", faults)
    return FoldsPlan(
        kind=kind,
        count=section.count,
        repeats=_repeats(section.repeats, kind, faults),
        inner=section.inner,
        gap=gap,
        window=section.window,
        column=section.column,
        file=section.file,
    )


def _repeats(written: Literal["auto"] | int, kind: FoldKind | None, faults: Faults) -> Literal["auto"] | int:
    at: Key = ("folds", "repeats")
    if written == "auto":
        return written
    if kind in UNREPEATED and written > 1 and not faults.broken(at, _KIND):
        hint = f"{kind[0].upper()}{kind[1:]} folds come out the same however often they are drawn"
        faults.add(at, found=short(written), allowed=f"1 or auto, with {kind} folds", hint=hint)
    elif written > MOST_REPEATS:
        hint = f"More than {MOST_REPEATS} draws of the same rows make an error bar at most 2 % shorter; more rows help"
        faults.add(at, found=short(written), allowed=f"auto, or a whole number from 1 to {MOST_REPEATS}", hint=hint)
    return int(written)


def _kind(config: Config, faults: Faults) -> FoldKind | None:
    """Take the kind as written, or as the roles of the columns have it; None leaves it to the task."""
    data, section = config.data, config.folds
    if faults.broken(_KIND, ("data", "time"), ("data", "group"), ("folds", "column"), ("folds", "file")):
        return None
    lacking = {
        "forward": data.time is None and "`data.time`, the column that orders the rows",
        "group": data.group is None and "`data.group`, the column of the entity",
        "predefined": section.column is None and section.file is None and "`folds.column` or `folds.file`",
        "stratified": config.task == "regression" and "a task with classes; for numbers write shuffled",
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
