"""What a plan leaves open until the data is known: task, positive label, metric, kind of folds and gap."""

from dataclasses import replace
from types import MappingProxyType

from kiss_bench.errors import Fault, FoldError, PlanError
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import UNREPEATED, FoldKind, FoldsPlan, Plan
from kiss_bench.tasks.target import Target


def resolve(plan: Plan, target: Target) -> tuple[Plan, tuple[str, ...]]:
    """Fill in what the plan leaves open; also return notes on what is odd in it.

    Raises PlanError for metrics that do not suit the task, FoldError for folds that do not suit roles or task.
    """
    primary = plan.metric.primary or ("rmse" if target.kind == "regression" else "log_loss")
    _check_metrics(plan, target, (("metric.primary", primary), *(("metric.also", name) for name in plan.metric.also)))
    kind = _fold_kind(plan, target)
    gap = plan.folds.gap
    if gap is None:
        gap = (plan.data.horizon or 0) if kind == "forward" else 0
    resolved = replace(
        plan,
        task=target.kind,
        positive=None if target.positive is None else target.labels[target.positive],
        metric=replace(plan.metric, primary=primary),
        folds=replace(plan.folds, kind=kind, gap=gap),
    )
    return _without_naive(resolved), _oddities(resolved)


def _check_metrics(plan: Plan, target: Target, named: tuple[tuple[str, str], ...]) -> None:
    suited = ", ".join(metric.name for metric in METRICS.values() if target.kind in metric.tasks)
    faults = [
        Fault(
            place=plan.source or "the plan",
            key=key,
            found=f"{name}, which is not a metric for {target.kind}",
            allowed=suited,
            hint=target.why,
        )
        for key, name in named
        if name not in METRICS or target.kind not in METRICS[name].tasks
    ]
    if faults:
        raise PlanError(faults)


def _fold_kind(plan: Plan, target: Target) -> FoldKind:
    folds, data = plan.folds, plan.data
    kind = folds.kind
    if kind is None:
        kind = _kind_from_roles(plan, target)
    if kind == "stratified" and target.kind == "regression":
        raise FoldError(f"folds.kind: stratified needs classes, but the task is regression; use shuffled. {target.why}")
    if kind == "forward" and data.time is None:
        raise FoldError("folds.kind: forward needs data.time, the column that orders the rows")
    if kind == "group" and data.group is None:
        raise FoldError("folds.kind: group needs data.group, the column whose values stay together")
    if kind == "predefined" and (folds.column is None) == (folds.file is None):
        raise FoldError("folds.kind: predefined needs either folds.column or folds.file")
    if kind != "predefined" and (folds.column is not None or folds.file is not None):
        key = "folds.column" if folds.column is not None else "folds.file"
        raise FoldError(f"{key} is set, but folds.kind is {kind}; it is used with predefined only")
    _check_repeats(folds, kind)
    return kind


def _kind_from_roles(plan: Plan, target: Target) -> FoldKind:
    data = plan.data
    if plan.folds.column is not None or plan.folds.file is not None:
        return "predefined"
    if data.time is not None and data.group is not None:
        raise FoldError(
            f"folds.kind is not set, but data.time and data.group are; choose one:\n"
            f"  forward: later rows of the same {data.group!r} are to be predicted\n"
            f"  group: rows of a new {data.group!r} are to be predicted, and time is ignored"
        )
    if data.time is not None:
        return "forward"
    if data.group is not None:
        return "group"
    return "shuffled" if target.kind == "regression" else "stratified"


def _check_repeats(folds: FoldsPlan, kind: FoldKind) -> None:
    if kind in UNREPEATED and folds.repeats not in ("auto", 1):
        raise FoldError(
            f"folds.repeats: found {folds.repeats}; {kind} folds are the same in every repeat, "
            f"so only 1 or auto is allowed"
        )


def _oddities(plan: Plan) -> tuple[str, ...]:
    data, folds, notes = plan.data, plan.folds, []
    if data.time is not None and folds.kind in ("stratified", "shuffled", "group"):
        notes.append(f"Folds are {folds.kind} although {data.time!r} orders the rows: not valid for forecasting.")
    if data.group is not None and folds.kind in ("stratified", "shuffled"):
        notes.append(
            f"Folds are {folds.kind} although rows share a {data.group!r}: not valid for a new {data.group!r}, "
            f"since rows of one are on both sides."
        )
    if folds.kind == "forward" and data.horizon is not None and (folds.gap or 0) < data.horizon:
        notes.append(
            f"folds.gap is {folds.gap}, less than data.horizon {data.horizon}: "
            f"training targets overlap with the time in which predictions are made."
        )
    return tuple(notes)


def _without_naive(plan: Plan) -> Plan:
    """Skip the last known value where it is no model: anywhere but forward in time, of a number."""
    reason = ""
    if plan.task != "regression":
        reason = f"needs a number to predict; the task is {plan.task}"
    elif plan.folds.kind != "forward":
        reason = f"needs folds forward in time; these are {plan.folds.kind}"
    elif plan.data.season is None and plan.data.horizon is None:
        reason = "needs data.season or data.horizon"
    if not reason or all(step.name != "naive" for step in plan.ladder):
        return plan
    ladder = tuple(step for step in plan.ladder if step.name != "naive")
    return replace(plan, ladder=ladder, skip=MappingProxyType({**plan.skip, "naive": reason}))
