"""When the values of columns are known: what is known only after its row's time is missing, or the run is refused."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Data, Plan
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.names import listed, nearest
from kiss_bench.tasks.task import Column, Table

SHOWN = 3
"""Late rows that a refusal shows."""
NAMED = 5
"""Undeclared columns that a note names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """When the values of one column are known: at the moment in another column, or a lag after the row's time."""

    name: str
    written: str
    as_of: str | None = None
    late: str = "refused"
    never: bool = False
    """Whether the lag is above 0: it is known too late in every row."""


def as_of_columns(data: Data, names: Collection[str]) -> set[str]:
    """The columns that hold a moment at which another one became known."""
    return {column for value in data.available_after.values() if (column := _as_of(value, names)) is not None}


def _as_of(value: object, names: Collection[str]) -> str | None:
    if isinstance(value, Mapping):
        return str(value["as_of"])
    return value if isinstance(value, str) and value in names else None


def availability_faults(plan: Plan, table: Table, features: Sequence[str]) -> Iterator[str]:
    """What is wrong with `data.available_after`, seen against the table; one sentence each."""
    kinds = {column.name: column for column in table.columns}
    time = kinds.get(plan.data.time or "")
    for name, value in plan.data.available_after.items():
        key, as_of = f"data.available_after.{name}", _as_of(value, kinds)
        if name not in kinds:
            yield f"{key}: there is no column {name!r}{nearest(name, list(kinds))}"
        elif name not in features:
            yield f"{key}: {name!r} is no feature, so nothing depends on when it is known; leave it out"
        if plan.data.time is None:
            yield f"{key}: needs data.time, the moment of each row's prediction"
        elif as_of is not None:
            yield from _as_of_faults(key, name, as_of, (plan, kinds))
        elif time is not None and (fault := _lag_fault(value, time)):
            yield f"{key}: {fault}{nearest(str(value), list(kinds)) if isinstance(value, str) else ''}"


def _as_of_faults(key: str, name: str, as_of: str, known: tuple[Plan, Mapping[str, Column]]) -> Iterator[str]:
    plan, kinds = known
    time = kinds.get(plan.data.time or "")
    if as_of not in kinds:
        yield f"{key}: there is no column {as_of!r}{nearest(as_of, list(kinds))}"
    elif as_of in (name, plan.target):
        yield f"{key}: {as_of!r} is the {'target' if as_of == plan.target else 'column itself'}, not when it was known"
    elif time is not None and time.kind in ("date", "number") and kinds[as_of].kind != time.kind:
        yield f"{key}: {as_of!r} is a {kinds[as_of].kind}, but {time.name!r} is a {time.kind}; both must be one kind"


def _lag_fault(value: object, time: Column) -> str:
    """What keeps `value` from being a lag after this time; nothing where it is one."""
    if isinstance(value, str) and (time.kind == "number" or _duration(value) is None):
        wanted = "a number" if time.kind == "number" else "a lag such as '1 day' or '3 h', 0"
        return f"found {value!r}; allowed is {wanted}, or the name of a column"
    if isinstance(value, int | float) and value and time.kind == "date":
        return f"found {value:g} of what? {time.name!r} holds dates; write '{value:g} days', or 0"
    return ""


def _duration(text: str) -> pd.Timedelta | None:
    """A lag in words; a bare number has no unit, and is none."""
    if not any(letter.isalpha() for letter in text):
        return None
    try:
        found = pd.Timedelta(text)
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, pd.Timedelta) else None


def known_in_time(
    plan: Plan, table: Table, rows: NDArray[np.int64], features: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The features of `rows` without what is known too late, and what is to be said of that.

    Raises DataError telling every column with late values that nobody said are to be missing.
    """
    names = [column.name for column in table.columns]
    notes, refused, blanked = [], [], {}
    for known in (_known(name, value, names) for name, value in plan.data.available_after.items()):
        present = features[known.name].notna().to_numpy()
        if known.never:
            blanked[known.name] = features[known.name].where(np.zeros(len(rows), dtype=bool))
            notes.append(
                f"column {known.name!r} is known {known.written} after the row's time, so it is missing in every row."
            )
        elif known.as_of is not None and (late := present & _late(plan, table, rows, known.as_of)).any():
            if known.late == "refused":
                refused.append(_refusal(plan, table, rows[late], known))
            blanked[known.name] = features[known.name].where(~late)
            notes.append(
                f"{int(late.sum())} of {int(present.sum())} values of {known.name!r} are known only after the row's "
                f"time, by {known.as_of!r}, and are missing."
            )
    if refused:
        raise DataError("\n".join(refused))
    return features.assign(**blanked), (*notes, *_undeclared(plan, features.columns))


def _known(name: str, value: object, names: Collection[str]) -> _Known:
    as_of = _as_of(value, names)
    if as_of is not None:
        late = str(value["late"]) if isinstance(value, Mapping) else "refused"
        return _Known(name=name, written=as_of, as_of=as_of, late=late)
    if isinstance(value, str):
        return _Known(name=name, written=value.strip(), never=(_duration(value) or pd.Timedelta(0)) > pd.Timedelta(0))
    assert isinstance(value, int | float)
    return _Known(name=name, written=f"{value:g}", never=value > 0)


def _moments(table: Table, rows: NDArray[np.int64], name: str) -> pd.Series:
    """A column of moments, without the loss that float64 means for large integers."""
    return table.exact.get(name, table.frame[name]).iloc[rows]


def _late(plan: Plan, table: Table, rows: NDArray[np.int64], as_of: str) -> NDArray[np.bool_]:
    """Which rows are known after their time; without a moment, nobody knew."""
    known, time = _moments(table, rows, as_of), _moments(table, rows, plan.data.time or "")
    in_time = (known <= time).to_numpy(dtype=bool, na_value=False) & known.notna().to_numpy()
    return ~in_time


def _refusal(plan: Plan, table: Table, rows: NDArray[np.int64], known: _Known) -> str:
    assert known.as_of is not None
    first, time = rows[:SHOWN], plan.data.time or ""
    stamps = zip(
        first if table.row_id is None else table.row_id[first], _moments(table, first, known.as_of),
        _moments(table, first, time), strict=True,
    )  # fmt: skip
    shown = "; ".join(f"row {row}: {known.as_of} {_stamp(late)}, {time} {_stamp(made)}" for row, late, made in stamps)
    more = f"; and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return (
        f"data.available_after: column {known.name!r} is known too late in {len(rows)} rows, by {known.as_of!r}, "
        f"since a row's time is when its prediction is made ({shown}{more}). Leave the column out (data.drop), correct "
        f"the stamps, or make late values missing: {{{known.name}: {{as_of: {known.as_of}, late: missing}}}}"
    )


def _stamp(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "missing"
    return str(value).removesuffix(" 00:00:00") if isinstance(value, pd.Timestamp) else text_of(value)


def _undeclared(plan: Plan, features: Collection[str]) -> tuple[str, ...]:
    if plan.data.time is None or plan.folds.kind != "forward":
        return ()
    names = [name for name in features if name not in plan.data.available_after and name != plan.data.time]
    if not names:
        return ()
    told = f"UNDECLARED: nobody said when the values of {listed(names, most=NAMED)} are known"
    return (f"{told}; available_after: {{{names[0]}: 0}} says that they are known by the row's time.",)
