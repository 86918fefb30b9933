"""The user's own `data.prepare`: a function of the rows as read that hands back those rows, or fewer of them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.table import make_table
from kiss_bench.tasks.task import Table
from kiss_bench.tasks.user_code import USER_CODE_FAILS, importable_from, imported
from kiss_bench.tasks.vault import Vault, vault_of

Prepare = Callable[[pd.DataFrame], pd.DataFrame]

ONLY_ROWS: Final = (
    "resampling belongs into a rung's fit, where it touches training rows alone; "
    "a join must find one line at most for each row"
)


def table_of(plan: Plan, frame: pd.DataFrame, notes: tuple[str, ...] = ()) -> Table:
    """The table of a raw frame: as it is, or as `data.prepare` makes it. Raises DataError.

    Prepared, its hash is one of both, the rows as read and as they came out. Rows of a vault are put away before that,
    so that nothing is learnt from them.
    """
    as_read = make_table(frame, plan.target, notes)
    if plan.data.prepare is None:
        return as_read
    name, given = f"data.prepare: {plan.data.prepare}", frame.reset_index(drop=True)
    vault = _sealed_before(plan, as_read)
    seen = np.arange(len(given)) if vault is None else np.setdiff1d(np.arange(len(given)), vault.rows)
    part, prepare = given.iloc[seen].reset_index(drop=True), prepare_of(plan)
    made = prepare(part.copy())
    rows = kept_rows(made, len(part), name)
    _refuse_reset_index(prepare, part, rows, name)
    gone = len(part) - len(rows)
    left_out = f"; it left out {gone} of {len(part)} rows" if gone else ""
    table = make_table(made, plan.target, (*notes, f"The rows are prepared by {plan.data.prepare}{left_out}."))
    both = hashlib.sha256(f"{as_read.data_hash} {table.data_hash}".encode()).hexdigest()
    table = replace(table, data_hash=both, raw=given, row_id=seen[rows] if gone or vault else None)
    return table if vault is None else replace(table, sealed=vault.rows, sealed_how=vault.how)


def rows_prepared(table: Table) -> pd.DataFrame:
    """The raw rows that `data.prepare` was given."""
    assert table.raw is not None
    return table.raw if table.sealed is None else table.raw.drop(index=pd.Index(table.sealed)).reset_index(drop=True)


def _sealed_before(plan: Plan, as_read: Table) -> Vault | None:
    """The vault of the rows as read; the column that chooses them has to be there before anything is prepared."""
    for key, column in (("time", plan.data.time), ("group", plan.data.group), ("id", plan.data.id)):
        if plan.vault is not None and column is not None and column not in as_read.frame:
            raise DataError(
                f"data.{key}: {column!r} is made by data.prepare, but the vault is put away before that; it must be in "
                f"the table as read"
            )
    return vault_of(plan, as_read, np.arange(len(as_read.frame), dtype=np.int64))


def prepare_of(plan: Plan) -> Prepare:
    """The function that `data.prepare` names; what it raises comes as a DataError."""
    reference, folder = plan.data.prepare or "", Path(plan.folder)
    with importable_from(folder):
        function = imported("data.prepare", reference)
    if not callable(function):
        raise DataError(
            f"data.prepare: {reference} is a {type(function).__name__}; it must be a function of a DataFrame"
        )

    def prepare(frame: pd.DataFrame) -> pd.DataFrame:
        try:
            with importable_from(folder):
                made: pd.DataFrame = function(frame)
        except USER_CODE_FAILS as error:
            raise DataError(f"data.prepare: {reference} raised {type(error).__name__}: {error}") from error
        return made

    return prepare


def kept_rows(made: object, count: int, name: str) -> NDArray[np.int64]:
    """Which of the rows 0..count-1 came out; raises DataError where there are others, or not each once and in order."""
    if not isinstance(made, pd.DataFrame):
        raise DataError(f"{name} gives a {type(made).__name__}; it must give a pandas DataFrame")
    if not len(made):
        raise DataError(f"{name} leaves no row of {count}")
    rows = pd.RangeIndex(count).get_indexer(made.index)
    if (rows < 0).any():
        found = listed(made.index[rows < 0][:3])
        raise DataError(
            f"{name} gives {int((rows < 0).sum())} rows that the table does not have (index {found}); it may leave out "
            f"rows, and must keep the index of the others; {ONLY_ROWS}"
        )
    again = pd.Index(rows).duplicated()
    if again.any():
        raise DataError(f"{name} repeats {int(again.sum())} rows (such as row {rows[again][0]}); {ONLY_ROWS}")
    if (np.diff(rows) < 0).any():
        raise DataError(f"{name} gives the rows in another order; end it with `.sort_index()`")
    return rows.astype(np.int64)


def _refuse_reset_index(prepare: Prepare, given: pd.DataFrame, rows: NDArray[np.int64], name: str) -> None:
    """Ask again under other row names where 0, 1, 2 … came out: they may be the rows that are left, counted anew."""
    count = len(given)
    if len(rows) == count or rows[-1] != len(rows) - 1:
        return
    others = pd.RangeIndex(count, 2 * count)
    try:
        again = prepare(given.set_axis(others))
    except DataError:  # it works with the names 0, 1, 2 … alone: then it knows them
        return
    if (others.get_indexer(again.index) < 0).any():
        raise DataError(
            f"{name} leaves out {count - len(rows)} rows and counts the others anew, so that nobody can tell which "
            "they are; it must keep their index (no `reset_index`)"
        )
