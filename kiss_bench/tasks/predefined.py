"""Folds that come with the data: a column of the table, or a file of row ids."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import FoldError
from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.read import read_file
from kiss_bench.tasks.task import Table

NEVER: Final = "-1"
PARTS: Final = ("test", "train")


@dataclass(frozen=True, kw_only=True, slots=True)
class Predefined:
    """Codes 0..K-1 in the order of the sorted fold values (-1: never tested), one a row that counts."""

    codes: NDArray[np.int64]
    count: int
    train: tuple[NDArray[np.int64], ...] | None
    """Positions among the rows that count which train each fold; None: all rows it does not test."""


def predefined_folds(plan: Plan, table: Table, rows: NDArray[np.int64]) -> Predefined:
    """Read the predefined folds of `rows` (positions in the table).

    Raises FoldError for fewer than 2 folds, several repeats, unknown rows, and rows tested twice.
    """
    if plan.folds.column is not None:
        values = table.frame[plan.folds.column].iloc[rows]
        codes, count = _codes(values)
        place, train = f"folds.column {plan.folds.column!r}", None
    else:
        assert plan.folds.file is not None
        path = Path(plan.folder) / Path(plan.folds.file).expanduser()
        place = f"folds.file {path}"
        codes, count, train = _from_file(path, plan, table, rows)
    if count < 2:
        raise FoldError(f"{place}: names {count} test fold(s); at least 2 are needed to tell luck from skill")
    return Predefined(codes=codes, count=count, train=train)


def _codes(values: pd.Series) -> tuple[NDArray[np.int64], int]:
    """Code in sorted order of the values; missing and -1 are -1."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("str").mask(values.isna())
        known = (values.notna() & (values != NEVER)).to_numpy()
    elif pd.api.types.is_numeric_dtype(values.dtype):
        known = (values.notna() & (values != -1)).to_numpy()
    else:
        known = values.notna().to_numpy()
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known], levels = pd.factorize(values[known], sort=True)
    return codes, len(levels)


def _from_file(
    path: Path, plan: Plan, table: Table, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, tuple[NDArray[np.int64], ...] | None]:
    frame, _ = canonical(read_file(path)[0])
    if "fold" not in frame:
        raise FoldError(f"folds.file {path}: has no column 'fold'; its columns are {listed(frame.columns)}")
    if "repeat" in frame and len(frame["repeat"].unique()) > 1:
        raise FoldError(f"folds.file {path}: holds several repeats; predefined folds have one, keep the lines of one")
    row = _rows_of(path, frame, plan, table)
    fold, count = _codes(frame["fold"])
    part = _parts(path, frame)
    tested = (part == "test") & (fold >= 0)
    if len(np.unique(row[tested])) < tested.sum():
        twice = pd.Series(row[tested]).duplicated().to_numpy()
        raise FoldError(f"folds.file {path}: row {row[tested][twice][0]} is tested more than once")
    by_row = np.full(len(table.frame), -1, dtype=np.int64)
    by_row[row[tested]] = fold[tested]
    position = np.full(len(table.frame), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    if not (part == "train").any():
        return by_row[rows], count, None
    train = []
    for number in range(count):
        places = position[np.unique(row[(part == "train") & (fold == number)])]
        train.append(places[places >= 0])
        if (by_row[rows][train[-1]] == number).any():
            raise FoldError(f"folds.file {path}: a row both trains and tests fold {number}")
    return by_row[rows], count, tuple(train)


def _parts(path: Path, frame: pd.DataFrame) -> NDArray[np.object_]:
    if "part" not in frame:
        return np.full(len(frame), "test", dtype=object)
    parts = frame["part"].astype(object).to_numpy()
    odd = sorted({str(part) for part in parts if part not in PARTS})
    if odd:
        raise FoldError(f"folds.file {path}: part holds {listed(odd)}; allowed are 'test' and 'train'")
    return parts


def _rows_of(path: Path, frame: pd.DataFrame, plan: Plan, table: Table) -> NDArray[np.int64]:
    """Find the position in the table of every line of the file."""
    if "row_id" in frame:
        ids, known = frame["row_id"], pd.Series(range(len(table.frame)) if table.row_id is None else table.row_id)
    elif plan.data.id is not None and plan.data.id in frame:
        ids, known = frame[plan.data.id], table.exact.get(plan.data.id, table.frame[plan.data.id])
    else:
        wanted = "row_id" if plan.data.id is None else f"row_id or {plan.data.id}"
        raise FoldError(f"folds.file {path}: has no column {wanted}; its columns are {listed(frame.columns)}")
    positions = {text_of(value): position for position, value in enumerate(known)}
    found = [positions.get(text_of(value), -1) for value in ids]
    unknown = [text_of(value) for value, position in zip(ids, found, strict=True) if position < 0]
    if unknown:
        raise FoldError(f"folds.file {path}: {len(unknown)} row(s) are not in the table: {listed(unknown, most=5)}")
    return np.array(found, dtype=np.int64)
