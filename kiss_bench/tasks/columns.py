"""The canonical form: four kinds of columns, whatever file, database or frame they came from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.tasks.cells import dense, iso_dates, kind_of, text_of
from kiss_bench.tasks.names import listed, nearest, unique_names
from kiss_bench.tasks.task import Column, ColumnKind

BOOLEANS: Final = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
SHOWN: Final = 3
"""Row numbers given as examples in a message."""


LARGEST = 1e150
"""Beyond this the square of a number is no number any more: as good as infinite to every metric and every rung."""


def canonical(frame: pd.DataFrame, kinds: tuple[Column, ...] | None = None) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """Bring every column of `frame` into the canonical form of its kind (see Table); also return the kinds.

    Without `kinds`: all columns, their kinds inferred from their values. With `kinds`: exactly those columns in that
    order, each coerced to its known kind; a frame that is canonical already comes back equal. Row index and number of
    rows stay. Levels of a category are just those present.

    Raises DataError for values that have no kind, and with `kinds` for missing columns, values that do not fit the
    kind, and infinite numbers.
    """
    names = unique_names(frame.columns)
    if kinds is None:
        columns = [dense(frame.iloc[:, position]) for position in range(len(names))]
        kinds = tuple(
            Column(name=name, kind=kind_of(values, name)) for name, values in zip(names, columns, strict=True)
        )
        return _assemble(columns, kinds, frame.index), kinds
    positions = {name: position for position, name in enumerate(names)}
    _refuse_missing(kinds, names)
    columns = [dense(frame.iloc[:, positions[column.name]]) for column in kinds]
    made = _assemble(columns, kinds, frame.index)
    refuse_infinite(made, kinds)
    return made, kinds


def refuse_infinite(frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Raise DataError naming all number columns of a canonical frame that hold infinite values, with the first rows."""
    faults = []
    for column in columns:
        if column.kind != "number":
            continue
        infinite = np.flatnonzero(np.abs(frame[column.name].to_numpy(dtype=np.float64)) > LARGEST)
        if infinite.size:
            rows = ", ".join(str(row) for row in infinite[:SHOWN]) + (", ..." if infinite.size > SHOWN else "")
            faults.append(f"{column.name!r}: {infinite.size} (row_id {rows})")
    if faults:
        raise DataError(
            f"infinite values in {len(faults)} column(s), rows counted from 0: {'; '.join(faults)}; "
            f"make them missing or finite (at most 1e150 in size), or drop the column with data.drop"
        )


def in_single_precision(frame: pd.DataFrame) -> pd.DataFrame:
    """A canonical frame with its numbers and booleans as float32."""
    return frame.astype(dict.fromkeys(frame.columns[frame.dtypes == np.float64], np.float32))


def _assemble(columns: Sequence[pd.Series], kinds: Sequence[Column], index: pd.Index) -> pd.DataFrame:
    made = {}
    for values, column in zip(columns, kinds, strict=True):
        try:
            made[column.name] = TO_KIND[column.kind](values)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"column {column.name!r} is a {column.kind}, but holds a value that cannot be read as one: {error}"
            ) from error
    return pd.DataFrame({name: pd.Series(values, index=index) for name, values in made.items()}, index=index)


def _to_number(values: pd.Series) -> NDArray[np.float64]:
    types = pd.api.types
    if values.isna().all():
        return np.full(len(values), np.nan)
    if types.is_numeric_dtype(values.dtype):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if types.is_datetime64_any_dtype(values.dtype):
        msg = f"found the date {values.dropna().iloc[0]}"
        raise ValueError(msg)
    if types.is_timedelta64_dtype(values.dtype) or types.infer_dtype(values, skipna=True).startswith("timedelta"):
        return np.asarray(pd.to_timedelta(values).dt.total_seconds(), dtype=np.float64)
    if _is_text(values):
        return _by_level(values, lambda text: float(text) if text.strip() else np.nan)
    cells = values.to_numpy(dtype=object, copy=True)
    cells[values.isna().to_numpy()] = np.nan
    return np.array([_number(cell) for cell in cells]) if _has_text(values) else cells.astype(np.float64)


def _to_boolean(values: pd.Series) -> NDArray[np.float64]:
    if _is_text(values):
        return _by_level(values, _boolean)
    numbers = _to_number(values)
    odd = numbers[~np.isnan(numbers) & (numbers != 0) & (numbers != 1)]
    if odd.size:
        msg = f"found {odd[0]:g}; allowed are true, false, 1 and 0"
        raise ValueError(msg)
    return numbers


def _to_category(values: pd.Series) -> pd.Categorical:
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = values.cat.categories
        if isinstance(levels.dtype, pd.StringDtype) and levels.is_monotonic_increasing:
            return pd.Categorical(values).remove_unused_categories().as_unordered()
        codes, found = values.cat.codes.to_numpy(), list(levels)
    elif _is_text(values):
        codes, uniques = pd.factorize(values)
        found = list(uniques)
    else:  # 1, 1.0 and True are equal keys but different texts, so cells are made text before they are told apart
        texts = [None if gone else text_of(cell) for cell, gone in zip(values, values.isna(), strict=True)]
        codes, uniques = pd.factorize(pd.Series(texts, dtype="str"))
        found = list(uniques)
    return _sorted_levels(np.asarray(codes, dtype=np.int64), [text_of(level) for level in found])


def _to_date(values: pd.Series) -> pd.Series:
    types = pd.api.types
    if values.isna().all():
        return pd.Series(np.full(len(values), np.datetime64("NaT", "us")), index=values.index)
    if isinstance(values.dtype, pd.CategoricalDtype) or _is_text(values):
        codes, levels = pd.factorize(values)
        dates = iso_dates(pd.Index(levels, dtype="str"))
        if dates.isna().any():
            odd = levels[int(np.flatnonzero(dates.isna())[0])]
            msg = f"found {odd!r}; dates are read as 2024-05-31 or ISO-8601 stamps"
            raise ValueError(msg)
        known = np.append(dates.to_numpy(), np.datetime64("NaT", "us"))  # code -1, missing, picks the last
        return pd.Series(known[codes], index=values.index)
    if types.is_numeric_dtype(values.dtype):
        msg = f"found the number {values.dropna().iloc[0]}"
        raise ValueError(msg)
    stamps = values if isinstance(values.dtype, pd.DatetimeTZDtype) else pd.to_datetime(values, utc=True)
    return stamps.dt.tz_convert("UTC").dt.tz_localize(None).dt.as_unit("us")


TO_KIND: Final[Mapping[ColumnKind, Callable[[pd.Series], NDArray[np.float64] | pd.Categorical | pd.Series]]] = {
    "number": _to_number,
    "boolean": _to_boolean,
    "category": _to_category,
    "date": _to_date,
}


def _sorted_levels(codes: NDArray[np.int64], texts: list[str]) -> pd.Categorical:
    """Categories from codes into `texts`, which may repeat and of which some may be absent."""
    present = np.bincount(codes[codes >= 0], minlength=len(texts)) > 0
    levels = sorted({text for text, is_here in zip(texts, present, strict=True) if is_here})
    position = {level: number for number, level in enumerate(levels)}
    lookup = np.array([*(position.get(text, -1) for text in texts), -1], dtype=np.int64)
    return pd.Categorical.from_codes(lookup[codes], categories=pd.Index(levels, dtype="str"))


def _is_text(values: pd.Series) -> bool:
    if isinstance(values.dtype, pd.StringDtype):
        return True
    return values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "string"


def _has_text(values: pd.Series) -> bool:
    return any(isinstance(cell, str) for cell in values)


def _number(cell: object) -> float:
    if isinstance(cell, str):
        return float(cell) if cell.strip() else np.nan
    return float(cell)  # type: ignore[arg-type]


def _boolean(text: str) -> float:
    if not text.strip():
        return np.nan
    if text.strip().lower() not in BOOLEANS:
        msg = f"found {text!r}; allowed are true, false, 1 and 0"
        raise ValueError(msg)
    return BOOLEANS[text.strip().lower()]


def _by_level(values: pd.Series, parse: Callable[[str], float]) -> NDArray[np.float64]:
    codes, levels = pd.factorize(values)
    return np.array([*(parse(level) for level in levels), np.nan])[codes]


def _refuse_missing(kinds: Sequence[Column], names: Sequence[str]) -> None:
    known = set(names)
    missing = [column.name for column in kinds if column.name not in known]
    if missing:
        near = nearest(missing[0], names) if len(missing) == 1 else ""
        raise DataError(f"{len(missing)} column(s) are not in this table: {listed(missing)}{near}")
