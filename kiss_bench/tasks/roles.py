"""Which part each column plays, and every fault in that at once."""

from collections.abc import Iterator

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.findings import OF_ROWS
from kiss_bench.tasks.availability import as_of_columns, availability_faults
from kiss_bench.tasks.names import listed, nearest
from kiss_bench.tasks.task import Table


def named_columns(plan: Plan) -> tuple[tuple[str, str], ...]:
    """(key path, column name) of every column that the plan names."""
    return tuple(_named(plan))


def check_roles(plan: Plan, table: Table) -> None:
    """Raise DataError telling all faults: missing and ambiguous columns, and columns with two parts to play."""
    known = [column.name for column in table.columns]
    faults = []
    for key, name in named_columns(plan):
        if name not in known:
            faults.append(f"{key}: there is no column {name!r}{nearest(name, known)}")
        elif name in table.duplicated:
            faults.append(f"{key}: several columns are named {name!r}; give them names of their own")
    faults += dict.fromkeys(_conflicts(plan))
    faults += [*availability_faults(plan, table, feature_names(plan, table)), *_review_faults(plan, table)]
    absent = any("there is no column" in fault for fault in faults)
    if not faults and not feature_names(plan, table):
        faults.append("no column is left as a feature")
    if faults:
        columns = f"\n  the columns are {listed(known, most=30)}" if absent else ""
        count = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        raise DataError(f"{count} in the roles of columns:\n  " + "\n  ".join(faults) + columns)


def feature_names(plan: Plan, table: Table) -> tuple[str, ...]:
    """List the features: those in `data.features`, else all columns without another part, in table order."""
    data = plan.data
    if data.features is not None:
        return data.features
    names = [column.name for column in table.columns]
    taken = {plan.target, data.id, data.time, data.group, data.weight, plan.folds.column, *data.drop}
    taken |= as_of_columns(data, names)
    return tuple(name for name in names if name not in taken)


def _named(plan: Plan) -> Iterator[tuple[str, str]]:
    data = plan.data
    yield "target", plan.target
    for key, name in _roles(plan):
        if name is not None:
            yield f"data.{key}", name
    yield from (("data.drop", name) for name in data.drop)
    yield from (("data.features", name) for name in data.features or ())
    if plan.folds.column is not None:
        yield "folds.column", plan.folds.column


def _roles(plan: Plan) -> tuple[tuple[str, str | None], ...]:
    data = plan.data
    return ("id", data.id), ("time", data.time), ("group", data.group), ("weight", data.weight)


def _review_faults(plan: Plan, table: Table) -> Iterator[str]:
    known, features = [column.name for column in table.columns], feature_names(plan, table)
    for name, review in plan.reviewed.items():
        if name not in known and name not in OF_ROWS:
            yield f"reviewed.{name}: there is no column {name!r}{nearest(name, known)}"
        elif name in features and not review["answer"]:
            remedy = "take it out of data.features" if plan.data.features is not None else "put it into data.drop"
            yield f"reviewed.{name}: the answer is no, yet it is a feature; {remedy}"


def _conflicts(plan: Plan) -> Iterator[str]:
    data, features = plan.data, plan.data.features or ()
    for key, name in named_columns(plan):
        if name == plan.target and key != "target":
            yield f"{key}: {name!r} is the target and can play no other part"
    for name in data.drop:
        if name in features and name != plan.target:
            yield f"data.drop: {name!r} is also listed in data.features"
        for key, role in _roles(plan):
            if name == role:
                yield f"data.drop: {name!r} is also data.{key}, which is no feature anyway"
    if len(set(features)) < len(features):
        twice = sorted({name for name in features if features.count(name) > 1})
        yield f"data.features: listed more than once: {listed(twice)}"
    if plan.folds.column is not None and plan.folds.column in features:
        yield f"folds.column: {plan.folds.column!r} is also listed in data.features"
