"""From a plan's data source to a Table: CSV, Parquet, SQL or a Python object."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.csv_file import read_csv
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.prepare import table_of
from kiss_bench.tasks.table import EXACT
from kiss_bench.tasks.task import Table
from kiss_bench.tasks.user_code import USER_CODE_FAILS, importable_from, imported

Reading = tuple[pd.DataFrame, tuple[str, ...]]


def read_table(plan: Plan) -> Table:
    """All rows of the plan's data source, prepared, canonical and hashed; relative paths start at `plan.folder`.

    Raises DataError, with one message and no secrets in it, for whatever cannot be read.
    """
    frame, notes = _source(plan)
    return table_of(plan, frame, notes)


def read_file(path: Path) -> Reading:
    """Raw frame and notes of a CSV or Parquet file. Raises DataError where there is none or it cannot be read."""
    reader = next((read for ending, read in READERS.items() if path.name.lower().endswith(ending)), None)
    if not path.exists():
        raise DataError(_no_such_file(path))
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file{_tables_in(path)}")
    if reader is None:
        raise DataError(f"{path}: unknown kind of file {path.suffix or path.name!r}; read are {', '.join(READERS)}")
    try:
        return reader(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror or error})") from error


def _source(plan: Plan) -> Reading:
    data, folder = plan.data, Path(plan.folder)
    if data.path is not None:
        return read_file(folder / Path(data.path).expanduser())
    if data.sql is not None and data.url is not None:
        from kiss_bench.tasks.sql import read_sql

        return read_sql(data.sql, data.url, folder)
    if data.loader is not None:
        return _load(data.loader, folder)
    raise DataError("no data source: data needs a path, sql with url, or a loader")


def _read_parquet(path: Path) -> Reading:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path).read()
        frame = table.to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    exact = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
    for position, name in enumerate(table.column_names):
        column = table.column(position)
        gaps = column.type in exact and column.null_count and name in frame.columns
        if gaps and frame.columns.is_unique and frame[name].abs().max() >= EXACT:
            frame[name] = pd.Series(column.to_pandas(types_mapper=exact.get).array, index=frame.index)
    named = [name for name in frame.index.names if name is not None]
    if named:
        return frame.reset_index(), (f"the index of the file ({listed(named)}) is read as columns",)
    return frame, ()


READERS: Final[Mapping[str, Callable[[Path], Reading]]] = MappingProxyType(
    {
        ".csv": read_csv,
        ".csv.gz": read_csv,
        ".tsv": read_csv,
        ".tsv.gz": read_csv,
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
    }
)


def _load(loader: str, folder: Path) -> Reading:
    with importable_from(folder):
        found = imported("data.loader", loader)
        if callable(found):
            try:
                found = found()
            except USER_CODE_FAILS as error:
                raise DataError(f"data.loader: {loader} raised {type(error).__name__}: {error}") from error
    if not isinstance(found, pd.DataFrame):
        raise DataError(f"data.loader: {loader} gives a {type(found).__name__}; it must give a pandas DataFrame")
    return found, ()


def _no_such_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no file {path}: the folder {folder} does not exist"
    names = sorted(each.name for each in folder.iterdir() if each.is_file())
    if near := get_close_matches(path.name, names, n=3, cutoff=0.5):
        return f"there is no file {path}; near it: {listed(near)}"
    return f"there is no file {path}{_tables_in(folder)}"


def _tables_in(folder: Path) -> str:
    names = sorted(each.name for each in folder.iterdir() if each.name.lower().endswith(tuple(READERS)))
    return f"; tables in it: {listed(names)}" if names else "; no table that can be read is in it"
