"""From any frame to a Table: names told apart, columns made canonical, content hashed."""

from types import MappingProxyType

import numpy as np
import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.tasks.cells import dense
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.hashing import data_hash
from kiss_bench.tasks.names import duplicated_names, listed, unique_names
from kiss_bench.tasks.task import Table

EXACT = 2**53
"""Up to here float64 holds every integer."""


def make_table(frame: pd.DataFrame, target: str, notes: tuple[str, ...] = ()) -> Table:
    """Make a Table of all rows and columns of `frame`; its index is left out.

    `target` names the column kept as read in `raw_target`, which is None where there is no such column.
    Raises DataError for a frame without rows or columns, and for cells that hold lists, dicts or the like.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"the data must be a pandas DataFrame, not {type(frame).__module__}.{type(frame).__name__}")
    if not len(frame.columns):
        raise DataError("the table has no columns")
    if not len(frame):
        raise DataError(f"the table has a header ({listed(map(str, frame.columns))}) but no rows")
    names, duplicated = unique_names(frame.columns), duplicated_names(frame.columns)
    if duplicated:
        later = f"the later ones are called {f'{duplicated[0]}.1'!r} and so on"
        notes = (*notes, f"several columns are named {listed(duplicated)}; {later}")
    raw = frame.reset_index(drop=True).set_axis(list(names), axis=1)
    made, columns = canonical(raw)
    exact = {name: raw[name] for name in names if _beyond_float(dense(raw[name]))}
    return Table(
        frame=made,
        columns=columns,
        raw_target=raw[target] if target in names else None,
        data_hash=data_hash(made, columns, exact),
        notes=notes,
        exact=MappingProxyType(exact),
        duplicated=duplicated,
    )


def table_from_frame(frame: pd.DataFrame, target: str) -> Table:
    """Open the Python door: `make_table` without notes. Raises DataError as `make_table` does."""
    return make_table(frame, target)


def _beyond_float(values: pd.Series) -> bool:
    types = pd.api.types
    if types.is_bool_dtype(values.dtype):
        return False
    if types.is_integer_dtype(values.dtype):
        known = values.dropna()
    elif values.dtype == object and types.infer_dtype(values, skipna=True) == "integer":
        known = pd.Series([int(cell) for cell in values.dropna()], dtype=object)
    else:
        return False
    return bool(len(known)) and (int(known.max()) > EXACT or int(known.min()) < -EXACT)


def is_integral(values: np.ndarray) -> bool:
    """Tell whether all finite numbers are whole."""
    finite = values[np.isfinite(values)]
    return bool((finite == np.floor(finite)).all())
