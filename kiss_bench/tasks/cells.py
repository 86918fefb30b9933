"""Which of the four kinds the values of one raw column are: a question of its cells, not of its file format."""

import datetime as dt
from decimal import Decimal
from numbers import Real
from typing import Any, Final

import numpy as np
import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.tasks.task import ColumnKind

ISO: Final = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
SAMPLE: Final = 50
"""Text levels looked at before all of them are matched against ISO-8601."""
NESTED: Final = (list, dict, set, tuple, np.ndarray)
OF_OBJECTS: Final[dict[str, ColumnKind]] = {
    "boolean": "boolean",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "timedelta": "number",
    "timedelta64": "number",
    "date": "date",
    "datetime": "date",
    "datetime64": "date",
}
"""What pandas finds in a column of Python objects -> the kind of the column."""
REFUSED: Final = ("complex", "period", "interval")


def dense(values: pd.Series) -> pd.Series:
    """Give the same values without Arrow or sparse storage, so that no other function need know of either."""
    if isinstance(values.dtype, pd.ArrowDtype):
        return values.astype(object)
    if isinstance(values.dtype, pd.SparseDtype):
        return pd.Series(values.array.to_dense(), index=values.index, name=values.name)
    return values


def kind_of(values: pd.Series, name: str) -> ColumnKind:
    """Infer the kind of a dense column; one without any value is a number.

    Raises DataError for cells that hold lists, dicts, complex numbers, periods or intervals.
    """
    types = pd.api.types
    if values.isna().all():
        return "number"
    if isinstance(values.dtype, pd.CategoricalDtype):
        return "date" if _are_iso(values.cat.remove_unused_categories().cat.categories) else "category"
    if isinstance(values.dtype, pd.PeriodDtype | pd.IntervalDtype) or types.is_complex_dtype(values):
        raise _refused(name, str(values.dtype))
    if types.is_bool_dtype(values.dtype):
        return "boolean"
    if types.is_numeric_dtype(values.dtype) or types.is_timedelta64_dtype(values.dtype):
        return "number"
    if types.is_datetime64_any_dtype(values.dtype):
        return "date"
    return _kind_of_objects(values, name)


def text_of(value: Any) -> str:
    """Write a level as text: integral floats and decimals as integers, everything else as `str` has it."""
    if isinstance(value, float | Decimal | np.floating) and np.isfinite(float(value)) and value == int(value):
        return str(int(value))
    return str(value)


def _kind_of_objects(values: pd.Series, name: str) -> ColumnKind:
    found = "string" if isinstance(values.dtype, pd.StringDtype) else pd.api.types.infer_dtype(values, skipna=True)
    if found in OF_OBJECTS:
        return OF_OBJECTS[found]
    if found in REFUSED:
        raise _refused(name, found)
    if found == "string":
        return "date" if _are_iso(pd.Index(values.dropna().unique())) else "category"
    cells = values.dropna()
    for cell in cells:
        if isinstance(cell, NESTED):
            raise _refused(name, type(cell).__name__)
    if all(isinstance(cell, Real | Decimal) and not isinstance(cell, bool) for cell in cells):
        return "number"
    return "date" if all(isinstance(cell, dt.date) for cell in cells) else "category"


def _are_iso(levels: pd.Index) -> bool:
    if pd.api.types.infer_dtype(levels, skipna=False) != "string":
        return False
    for part in (levels[:SAMPLE], levels):
        texts = pd.Series(part, dtype="str")
        if not texts.str.fullmatch(ISO).all():
            return False
    return not iso_dates(levels).isna().any()


def iso_dates(levels: pd.Index) -> pd.Series:
    """ISO-8601 texts as datetime64[us] in UTC without a zone; NaT for a text that is no such date."""
    stamps = pd.Series(pd.to_datetime(levels, format="ISO8601", errors="coerce", utc=True))
    return stamps.dt.tz_localize(None).dt.as_unit("us")


def _refused(name: str, found: str) -> DataError:
    return DataError(
        f"column {name!r} holds values of type {found}, which no model here can use; "
        f"turn them into numbers or text, or leave the column out of the table"
    )
