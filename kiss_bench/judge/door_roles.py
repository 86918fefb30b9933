"""What rows are besides predicted: their group, their place in time, their weight, by row_id."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.judge.door_frames import Exhibit, is_sortable, listed_some


def values_by_row(role: str, given: Any, frame: pd.DataFrame, one: Exhibit) -> NDArray[Any]:
    """(n,) values of a role in the order of the exhibit's rows, from a column, a value a line, or a mapping."""
    by_row = _by_row(role, given, frame)
    if not (is_sortable(by_row) and is_sortable(by_row.index.to_series())):
        raise DataError(f"{role}: must be numbers, texts or dates, not a mixture nor anything else")
    if role == "weights":
        by_row = _numbers(role, by_row)
    distinct = pd.DataFrame({"id": by_row.index, "value": by_row.to_numpy()}).drop_duplicates()
    if distinct["id"].duplicated().any():
        raise DataError(f"{role}: a row_id has two different values; a row has one in all repeats")
    by_row = by_row[~by_row.index.duplicated()]
    lacking = by_row.reindex(one.row_id[0]).isna().to_numpy()
    if lacking.any():
        rows = listed_some(one.row_id[0][lacking])
        raise DataError(f"{role}: missing for {int(lacking.sum())} of {len(lacking)} rows, such as row_id {rows}")
    return np.asarray(by_row.loc[one.row_id[0]].to_numpy())


def _by_row(role: str, given: Any, frame: pd.DataFrame) -> pd.Series:
    if isinstance(given, str):
        if given not in frame:
            raise DataError(f"{role}: incumbent has no column {given!r}; it has {', '.join(map(str, frame.columns))}")
        given = frame[given]
    if isinstance(getattr(given, "dtype", None), pd.CategoricalDtype) and role == "order":
        given = _places(given)
    if isinstance(given, Mapping) and not given:
        raise DataError(f"{role}: found an empty mapping; allowed: a value for each row_id")
    if isinstance(given, Mapping):
        return pd.Series(list(given.values()), index=list(given))
    values = np.asarray(given)
    if values.shape != (len(frame),):
        raise DataError(f"{role}: found {values.shape} values; allowed: one for each of incumbent's {len(frame)} lines")
    return pd.Series(values, index=frame["row_id"].to_numpy())


def _numbers(role: str, values: pd.Series) -> pd.Series:
    try:
        found = None if pd.api.types.is_string_dtype(values) else pd.to_numeric(values).astype(np.float64)
    except (TypeError, ValueError):
        found = None
    if found is None:
        raise DataError(f"{role}: found values such as {values.iloc[0]!r}; allowed: numbers of at least 0")
    return found


def _places(given: Any) -> NDArray[Any]:
    """Categories by their place where they have an order, which need not be that of their names."""
    codes = pd.Categorical(given)
    return np.where(codes.codes < 0, np.nan, codes.codes) if codes.ordered else np.asarray(given)
