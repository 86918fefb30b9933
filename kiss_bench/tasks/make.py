"""From a plan and a table to the task: roles checked, target understood, the plan resolved."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError, FoldError
from kiss_bench.plan.plan import FoldsPlan, Plan
from kiss_bench.tasks.availability import known_in_time
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.columns import LARGEST, canonical, in_single_precision
from kiss_bench.tasks.doubts import doubts
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.predefined import Predefined, predefined_folds
from kiss_bench.tasks.resolve import resolve
from kiss_bench.tasks.roles import check_roles, feature_names
from kiss_bench.tasks.table import is_integral
from kiss_bench.tasks.target import make_target, rows_with_target
from kiss_bench.tasks.task import Column, Table, Task
from kiss_bench.tasks.vault import vault_of

SINGLE_FROM = 500_000
"""Rows from which numbers are held in single precision: half the memory in every worker. Trees never see more."""
EXACT_SINGLE = 2**24
"""Up to here single precision holds every whole number."""


def make_task(plan: Plan, table: Table) -> tuple[Plan, Task]:
    """Resolve the plan, so that nothing is left open, and make the task of all rows that have a target.

    Raises DataError for columns and values, PlanError for metrics that do not suit the task, FoldError for kinds of
    folds that do not suit roles or task.
    """
    check_roles(plan, table)
    rows, sealed, how = _without_vault(plan, table, rows_with_target(plan, table))
    target = make_target(plan, table, rows)
    plan, oddities = resolve(plan, target)
    _check_ids(plan, table)
    names = feature_names(plan, table)
    kinds = {column.name: column for column in table.columns}
    kept = table.frame.iloc[rows].reset_index(drop=True)
    rows_read = len(table.frame if table.raw is None else table.raw)
    in_time, availability = known_in_time(plan, table, rows, kept[list(names)])
    frame, columns = canonical(in_time, tuple(kinds[name] for name in names))
    frame, rounded = _in_precision(frame, columns)
    plan, predefined = _predefined(plan, table, rows)
    timed = (kinds[plan.data.time],) if plan.data.time is not None else ()
    task = Task(
        kind=target.kind,
        why=target.why,
        frame=frame,
        columns=columns,
        y=target.y,
        actual=target.actual,
        labels=target.labels,
        positive=target.positive,
        row_id=_row_ids(table, rows),
        group=_groups(plan, table, rows),
        time=_times(plan, table, rows),
        weight=_weights(plan, table, rows),
        fold_column=predefined.codes if predefined else None,
        fold_train=predefined.train if predefined else None,
        data_hash=table.data_hash,
        rows_read=rows_read,
        rows_dropped=rows_read - len(rows) - (0 if sealed is None else len(sealed)),
        sealed=sealed,
        sealed_how=how,
        notes=(
            *table.notes,
            *target.notes,
            *oddities,
            *availability,
            *doubts(frame, columns),
            *_left_out(plan, table, rows),
            *rounded,
        ),
        time_column=timed[0] if timed else None,
        time_frame=kept[[plan.data.time]] if timed else None,
        single=bool(rounded),
    )
    return plan, task


def _without_vault(
    plan: Plan, table: Table, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, str]:
    """Positions of the rows that runs may read; row ids of the sealed ones, and how these were chosen."""
    if table.sealed is not None:
        return rows, table.sealed, table.sealed_how
    vault = vault_of(plan, table, rows)
    if vault is None:
        return rows, None, ""
    return np.setdiff1d(rows, vault.rows, assume_unique=True), _row_ids(table, vault.rows), vault.how


def _row_ids(table: Table, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions in the table as read, before anything was prepared."""
    return rows if table.row_id is None else table.row_id[rows]


def _in_precision(frame: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The frame, in single precision where it is large; and what is said of that, with the whole numbers it rounds."""
    if len(frame) < SINGLE_FROM:
        return frame, ()
    numbers = [column.name for column in columns if column.kind == "number"]
    large = [name for name in numbers if is_integral(frame[name].to_numpy()) and frame[name].abs().max() > EXACT_SINGLE]
    beyond = f"; it rounds the large whole numbers of {listed(large)}" if large else ""
    told = f"From {SINGLE_FROM:,} rows on, numbers are held in single precision, about seven digits{beyond}."
    return in_single_precision(frame), (told,)


def _predefined(plan: Plan, table: Table, rows: NDArray[np.int64]) -> tuple[Plan, Predefined | None]:
    """The plan with the number of folds that there are, and these, where they come with the data."""
    if plan.folds.kind != "predefined":
        return plan, None
    found = predefined_folds(plan, table, rows)
    if plan.folds.count not in (FoldsPlan().count, found.count):
        raise FoldError(
            f"folds.count: found {plan.folds.count}, but the predefined folds are {found.count}; leave it out"
        )
    return replace(plan, folds=replace(plan.folds, count=found.count)), found


def _left_out(plan: Plan, table: Table, rows: NDArray[np.int64]) -> tuple[str, ...]:
    """What some rows, and some steps, do without: a target, and the weights."""
    notes = []
    if missing := int(table.raw_target.isna().sum()) if table.raw_target is not None else 0:
        notes.append(f"{missing} of {len(table.frame)} rows have no {plan.target!r} and are left out.")
    if (name := plan.data.weight) is not None:
        idle = int((table.frame[name].iloc[rows] == 0).sum())
        none = f" {idle} of {len(rows)} rows weigh 0 and count in no score." if idle else ""
        notes.append(
            f"Rows count in scores and verdicts by their weight, {name!r}. Fits, tuning and thresholds do not use it: "
            f"every rung learns from all rows alike.{none}"
        )
    return tuple(notes)


def _exactly(table: Table, name: str) -> pd.Series:
    """Pick a column without the loss that float64 means for large integers."""
    return table.exact.get(name, table.frame[name])


def _check_ids(plan: Plan, table: Table) -> None:
    if plan.data.id is None:
        return
    ids = _exactly(table, plan.data.id)
    _refuse_gaps(ids, "data.id", plan.data.id)
    again = ids.duplicated().to_numpy()
    if again.any():
        value = ids[again].iloc[0]
        at = [str(row) for row in np.flatnonzero((ids == value).to_numpy())[:3]]
        raise DataError(
            f"data.id: column {plan.data.id!r} is not unique: {int(again.sum())} row(s) repeat an earlier id, "
            f"such as {text_of(value)!r} in rows {', '.join(at)} (from 0); "
            f"if an id stands for many rows, make it data.group"
        )


def _groups(plan: Plan, table: Table, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    if plan.data.group is None:
        return None
    groups = _exactly(table, plan.data.group).iloc[rows]
    _refuse_gaps(groups, "data.group", plan.data.group)
    codes, _ = pd.factorize(groups, sort=True)
    return codes.astype(np.int64)


def group_names(plan: Plan, table: Table, task: Task) -> list[str]:
    """What the groups of a task are called in its table, by code."""
    assert plan.data.group is not None
    assert task.group is not None
    rows = task.row_id if table.row_id is None else pd.Index(table.row_id).get_indexer(pd.Index(task.row_id))
    _, first = np.unique(task.group, return_index=True)
    return [text_of(value) for value in _exactly(table, plan.data.group).iloc[rows[first]]]


def _times(plan: Plan, table: Table, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    if plan.data.time is None:
        return None
    kind = next(column.kind for column in table.columns if column.name == plan.data.time)
    if kind not in ("date", "number"):
        examples = listed(table.frame[plan.data.time].dropna().unique()[:3].tolist())
        raise DataError(
            f"data.time: column {plan.data.time!r} is a {kind} ({examples}); "
            f"it must hold dates (2024-05-31, or ISO-8601 stamps) or numbers"
        )
    times = _exactly(table, plan.data.time).iloc[rows]
    _refuse_gaps(times, "data.time", plan.data.time)
    codes, _ = pd.factorize(times, sort=True)
    return codes.astype(np.int64)


def _weights(plan: Plan, table: Table, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    name = plan.data.weight
    if name is None:
        return None
    kind = next(column.kind for column in table.columns if column.name == name)
    weights = table.frame[name].iloc[rows]
    if kind != "number":
        examples = listed(weights.dropna().unique()[:3].tolist())
        raise DataError(
            f"data.weight: column {name!r} is a {kind} ({examples}); it must hold numbers of at least 0, "
            f"what each row counts in scores"
        )
    _refuse_gaps(weights, "data.weight", name)
    values = weights.to_numpy(dtype=np.float64)
    faults = [
        f"{what} in {int(odd.sum())} of {len(values)} rows (row_id {listed(weights.index[odd].tolist(), most=3)})"
        for what, odd in (("negative", values < 0), ("infinite", np.abs(values) > LARGEST))
        if odd.any()
    ]
    if not faults and not values.any():
        faults = [f"0 in all {len(values)} rows"]
    if faults:
        raise DataError(
            f"data.weight: column {name!r} is {' and '.join(faults)}; a weight is a finite number of at least 0, "
            f"above 0 somewhere; correct it, or leave these rows out of the table"
        )
    return values


def _refuse_gaps(values: pd.Series, key: str, name: str) -> None:
    missing = np.flatnonzero(values.isna().to_numpy())
    if missing.size:
        shown = listed(values.index[missing].tolist(), most=3)
        raise DataError(
            f"{key}: column {name!r} is missing in {missing.size} of {len(values)} rows (row_id {shown}); "
            f"fill it in, or leave these rows out of the table"
        )
