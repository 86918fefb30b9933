"""What the rest of the house sees of a table: the rows that count, their target and their roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.plan.plan import FoldKind, TaskKind

ColumnKind = Literal["number", "boolean", "category", "date"]
Label = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column's name in the table and the one of four kinds that its values are treated as."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table as read, every column in the canonical form of its kind.

    number: float64 (missing is NaN) · boolean: float64 of 0/1/NaN · category: pandas Categorical of str levels, sorted
    · date: datetime64[us] without a zone (zoned stamps are turned to UTC). Column names are unique (`a`, `a.1`, ... as
    pandas does).
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    raw_target: pd.Series | None
    """The target column as the reader gave it, before it was made canonical."""
    data_hash: str
    notes: tuple[str, ...] = ()
    """What was done to columns on the way in, one sentence each."""
    exact: Mapping[str, pd.Series] = field(default_factory=lambda: MappingProxyType({}))
    """Integer columns that float64 cannot hold (beyond 2**53), as read: for hashes, ids, groups and times."""
    duplicated: tuple[str, ...] = ()
    """Names that several columns of the table had before they were told apart."""
    raw: pd.DataFrame | None = None
    """The table as read, where `data.prepare` made this one of it: what its probes start from."""
    sealed: NDArray[np.int64] | None = None
    """Positions in `raw` of rows that were put away before it was prepared; they are not in `frame`."""
    sealed_how: str = ""
    row_id: NDArray[np.int64] | None = None
    """Where each row stands in the table as read; None: the rows are the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Rows with a target, in table order. All arrays have n rows; positions 0..n-1 are what folds refer to."""

    kind: TaskKind
    why: str
    """One sentence: why this kind of task was inferred, and how to override it."""
    frame: pd.DataFrame
    """Feature columns only, canonical; plus nothing else."""
    columns: tuple[Column, ...]
    """One per feature, in the order of `frame`."""
    y: NDArray[np.float64] | NDArray[np.int64]
    """Class codes 0..k-1 (positions in `labels`), or the numeric target."""
    actual: pd.Series
    """The target as read (labels as the user knows them)."""
    labels: tuple[Label, ...]
    """Class labels in sorted order; empty for regression. Integral floats are ints."""
    positive: int | None
    """Position of the positive label in `labels`; None unless binary."""
    row_id: NDArray[np.int64]
    """0-based position of each row in the table as read."""
    group: NDArray[np.int64] | None
    """Group codes, or None where no group column is declared."""
    time: NDArray[np.int64] | None
    """Rank of each row's time value among the distinct values (0 = oldest), or None."""
    weight: NDArray[np.float64] | None = None
    """What each row counts in scores and verdicts, at least 0, or None where no weight column is declared."""
    fold_column: NDArray[np.int64] | None
    """Predefined fold of each row (-1: never tested), or None."""
    fold_train: tuple[NDArray[np.int64], ...] | None = None
    """Positions that train each predefined fold, where a folds file lists them; None: all rows it does not test."""
    data_hash: str
    rows_read: int
    rows_dropped: int
    notes: tuple[str, ...] = ()
    time_column: Column | None = None
    """The declared time column, for the rung that predicts from time alone."""
    time_frame: pd.DataFrame | None = None
    """That one column in canonical form, n rows; None where no time column is declared."""
    sealed: NDArray[np.int64] | None = None
    """Row ids that lie in the vault, ascending; they are in no other field. None: no vault."""
    sealed_how: str = ""
    """How they were chosen, in words."""
    single: bool = False
    """Whether `frame` holds its numbers in single precision, as large tables do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """One outer or inner split, as positions into the task's rows, ascending."""

    repeat: int
    fold: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Folds:
    """All outer splits, drawn once. `hash` is the SHA-256 over kind and the row ids of every part."""

    kind: FoldKind
    splits: tuple[Fold, ...]
    hash: str
    notes: tuple[str, ...] = ()
    """What is odd about these folds but can be lived with, one sentence each."""

    def of(self, repeat: int) -> tuple[Fold, ...]:
        return tuple(split for split in self.splits if split.repeat == repeat)
