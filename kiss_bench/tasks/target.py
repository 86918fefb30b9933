"""The target: which rows have one, what kind of task it makes, and its labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Plan, TaskKind
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.columns import refuse_infinite
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.table import is_integral
from kiss_bench.tasks.task import Column, ColumnKind, Label, Table

FEW_VALUES: Final = 10
"""Whole numbers with at most this many distinct values are taken as classes."""
ROWS_PER_LABEL: Final = 5
"""More than one label in this many rows looks like an id or free text."""
NUMBERS: Final = ("integer", "floating", "mixed-integer-float", "decimal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The target of the rows that have one; arrays have n rows, as in Task."""

    kind: TaskKind
    why: str
    y: NDArray[np.float64] | NDArray[np.int64]
    actual: pd.Series
    labels: tuple[Label, ...]
    positive: int | None
    notes: tuple[str, ...]


def rows_with_target(plan: Plan, table: Table) -> NDArray[np.int64]:
    """Positions of the rows whose target is known.

    Raises DataError where some are missing and `drop_missing_target` is off, and where all are.
    """
    assert table.raw_target is not None
    known = table.raw_target.notna().to_numpy()
    missing = int((~known).sum())
    if missing == len(known):
        raise DataError(f"target {plan.target!r} is missing in all {missing} rows")
    if missing and not plan.drop_missing_target:
        raise DataError(
            f"target {plan.target!r} is missing in {missing} of {len(known)} rows; "
            f"`drop_missing_target: true` leaves these rows out and reports their number"
        )
    return np.flatnonzero(known)


def make_target(plan: Plan, table: Table, rows: NDArray[np.int64]) -> Target:
    """Turn the target of `rows` into numbers or class codes. Raises DataError for what nothing can be fitted to."""
    assert table.raw_target is not None
    column = next(each for each in table.columns if each.name == plan.target)
    if column.kind == "date":
        raise DataError(f"target {plan.target!r} is a date; predict a number of days, or a class, made from it")
    raw = table.raw_target.iloc[rows].reset_index(drop=True)
    numbers = table.frame[plan.target].iloc[rows].reset_index(drop=True)
    if column.kind == "number":
        refuse_infinite(table.frame, [column])
    codes, labels = _codes_and_labels(raw, column.kind)
    if len(labels) == 1:
        raise DataError(f"target {plan.target!r} has one value only ({labels[0]!r} in all {len(rows)} rows)")
    kind, why = _task_kind(plan, column, labels)
    if kind == "regression":
        if plan.positive is not None:
            raise DataError(f"positive: {plan.positive!r} is given, but the task is regression. {why}")
        values = numbers.to_numpy(dtype=np.float64)
        plain = pd.api.types.is_numeric_dtype(raw.dtype) and not pd.api.types.is_extension_array_dtype(raw.dtype)
        actual = raw if plain else pd.Series(values, name=plan.target)
        return Target(kind=kind, why=why, y=values, actual=actual, labels=(), positive=None, notes=())
    _check_label_count(plan, kind, labels, len(rows))
    positive, notes = _positive(plan, kind, labels)
    actual = _actual(raw, codes, labels)
    return Target(kind=kind, why=why, y=codes, actual=actual, labels=labels, positive=positive, notes=notes)


def _codes_and_labels(raw: pd.Series, kind: ColumnKind) -> tuple[NDArray[np.int64], tuple[Label, ...]]:
    """Class codes and sorted labels of any target; a number target's labels are all its distinct values."""
    cells = raw.astype(object)
    found = pd.api.types.infer_dtype(cells, skipna=True)
    numeric = kind in ("number", "boolean") or found in NUMBERS
    if pd.api.types.is_timedelta64_dtype(raw.dtype):
        cells = raw.dt.total_seconds()
    if not numeric and found != "string":
        cells = cells.map(text_of)
    appeared, distinct = pd.factorize(cells)
    values = [_natural(value) if numeric else str(value) for value in distinct]
    order = sorted(range(len(values)), key=lambda position: values[position])
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    return rank[appeared], tuple(values[position] for position in order)


def _natural(value: Any) -> Any:
    """Turn a number or boolean into the plain Python scalar; integral floats as integers."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    number = float(value)
    return int(number) if number.is_integer() else number


def _task_kind(plan: Plan, column: Column, labels: Sequence[Label]) -> tuple[TaskKind, str]:
    name, count = plan.target, len(labels)
    if plan.task is not None:
        _check_asked(plan, column, count)
        return plan.task, f"`task: {plan.task}` is set in the config."
    classes: TaskKind = "binary" if count == 2 else "multiclass"
    other = "multiclass" if classes == "binary" else "binary"
    if column.kind != "number":
        what = "true or false" if column.kind == "boolean" else f"text with {count} distinct values"
        return classes, f"{classes}: target {name!r} is {what}."
    whole = is_integral(np.array(labels, dtype=np.float64))
    if whole and count <= FEW_VALUES:
        return classes, (
            f"{classes}: target {name!r} holds whole numbers with {count} distinct values, taken as classes; "
            f"`task: regression` takes them as quantities."
        )
    what = f"{count} distinct values" if whole else "numbers that are not whole"
    ask = other if count == 2 and other == "binary" else "binary" if count == 2 else "multiclass"
    return "regression", f"regression: target {name!r} holds {what}; `task: {ask}` takes each value as a class."


def _check_asked(plan: Plan, column: Column, count: int) -> None:
    if plan.task == "regression" and column.kind != "number":
        what = "true or false" if column.kind == "boolean" else "text"
        raise DataError(f"task: regression needs numbers, but target {plan.target!r} is {what}")
    if plan.task == "binary" and count != 2:
        raise DataError(
            f"task: binary needs 2 labels, but target {plan.target!r} has {count}; "
            f"allowed for it: multiclass{', regression' if column.kind == 'number' else ''}"
        )
    if plan.task == "multiclass" and count == 2:
        raise DataError(f"task: multiclass needs 3 labels or more, but target {plan.target!r} has 2; use binary")


def _check_label_count(plan: Plan, kind: TaskKind, labels: Sequence[Label], rows: int) -> None:
    if kind == "multiclass" and plan.task is None and len(labels) > rows / ROWS_PER_LABEL:
        numeric = all(isinstance(label, int | float) for label in labels)
        remedy = (
            "`task: regression` takes it as a quantity" if numeric else "name another target, or set `task: multiclass`"
        )
        raise DataError(
            f"target {plan.target!r} has {len(labels)} labels in {rows} rows, more than one in {ROWS_PER_LABEL}: "
            f"it looks like an id or free text ({listed(labels, most=5)}); {remedy}"
        )


def _positive(plan: Plan, kind: TaskKind, labels: Sequence[Label]) -> tuple[int | None, tuple[str, ...]]:
    asked = plan.positive
    if kind == "multiclass":
        if asked is not None:
            raise DataError(f"positive: {asked!r} is given, but target {plan.target!r} has {len(labels)} labels, not 2")
        return None, ()
    if asked is None:
        return 1, (f"positive is not set: {labels[1]!r}, the last of {listed(labels)} in sorted order, is taken.",)
    for same in (_same_typed, _same_text, _same_folded, _same_truth):
        found = [position for position, label in enumerate(labels) if same(label, asked)]
        if len(found) == 1:
            return found[0], ()
    raise DataError(f"positive: {asked!r} is not a label of target {plan.target!r}; its labels are {listed(labels)}")


def _same_typed(label: Label, asked: Label) -> bool:
    return isinstance(label, bool) == isinstance(asked, bool) and label == asked


def _same_text(label: Label, asked: Label) -> bool:
    return text_of(label) == text_of(asked).strip()


def _same_folded(label: Label, asked: Label) -> bool:
    return text_of(label).casefold() == text_of(asked).strip().casefold()


def _same_truth(label: Label, asked: Label) -> bool:
    """Take True for 1 and 1 for True: some databases have no booleans, YAML has."""
    truth = {"true": "1", "false": "0"}
    texts = [text_of(value).strip().casefold() for value in (label, asked)]
    return truth.get(texts[0], texts[0]) == truth.get(texts[1], texts[1])


def _actual(raw: pd.Series, codes: NDArray[np.int64], labels: Sequence[Label]) -> pd.Series:
    """As read where the column holds plain values, else the labels."""
    types = pd.api.types
    plain = types.is_numeric_dtype(raw.dtype) and not types.is_extension_array_dtype(raw.dtype)
    if plain or isinstance(raw.dtype, pd.StringDtype):
        return raw
    return pd.Series(list(labels), name=raw.name).take(codes).reset_index(drop=True)
