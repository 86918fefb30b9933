"""How rows are cut into slices: by levels, ranges of numbers, spans of time, groups, and what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.scored import Codes
from kiss_bench.diagnostics.wording import figures, moments, short
from kiss_bench.records.diagnostics import SliceKind
from kiss_bench.tasks.audit.strength import as_numbers
from kiss_bench.tasks.task import Column

MOST_LEVELS = 12
"""Levels of a category with a slice of their own, the most frequent ones; the others share one."""
FEW_VALUES = 10
"""Numbers with at most so many distinct values are cut into these, others into ranges."""
RANGES = (0.25, 0.5, 0.75)
"""Quantiles at which numbers and dates are cut."""
SPANS = 5
"""Equally long spans of the declared time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One way to cut n rows: the part of each row, -1 for none, and what the parts are."""

    column: str
    codes: Codes
    parts: tuple[tuple[SliceKind, str], ...]
    """Kind and label."""


def feature_cuts(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Iterator[Cut]:
    """A cut by each column of a canonical frame."""
    for column in columns:
        yield _by_level(frame[column.name], column) if column.kind == "category" else _by_size(frame, column)


def group_cut(column: str, codes: Codes, names: list[str]) -> Cut:
    """A part for every group; `names` by code."""
    return Cut(column=column, codes=codes, parts=tuple(("group", short(name)) for name in names))


def time_cut(frame: pd.DataFrame, column: Column) -> Cut:
    """Five spans of time of the same length, from the first of these rows to the last."""
    numbers = as_numbers(frame[column.name], column.kind)
    edges = np.linspace(numbers.min(), numbers.max(), SPANS + 1)
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, SPANS - 1).astype(np.int64)
    texts = _texts(edges, column)
    labels = [f"{start} to {end}" for start, end in pairwise(texts)]
    return Cut(column=short(column.name), codes=codes, parts=tuple(("time", label) for label in labels))


def _by_level(values: pd.Series, column: Column) -> Cut:
    """The most frequent levels, all others together, and the missing values."""
    codes, names = values.cat.codes.to_numpy(), [str(name) for name in values.cat.categories]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    shown = order if len(order) <= MOST_LEVELS + 1 else order[:MOST_LEVELS]
    parts: list[tuple[SliceKind, str]] = [("level", short(names[place])) for place in shown]
    lookup = np.full(len(names) + 1, len(shown), dtype=np.int64)  # code -1, missing, picks the last
    lookup[shown] = np.arange(len(shown))
    if len(shown) < len(order):
        parts.append(("level", f"any of {len(order) - len(shown)} other levels"))
    lookup[-1] = len(parts)
    return Cut(column=short(column.name), codes=lookup[codes], parts=(*parts, ("missing", "missing")))


def _by_size(frame: pd.DataFrame, column: Column) -> Cut:
    """Numbers, booleans and dates: their values where they are few, else ranges of about equally many rows."""
    numbers = as_numbers(frame[column.name], column.kind)
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    ranged = len(distinct) > FEW_VALUES
    edges = np.unique(np.quantile(numbers[known], RANGES, method="lower")) if ranged else distinct[:-1]
    codes = np.searchsorted(edges, numbers, side="left").astype(np.int64)
    starts = np.r_[0, np.searchsorted(distinct, edges, side="right")]
    ends = np.r_[starts[1:], len(distinct)] - 1
    lasting = starts <= ends  # no value lies above an edge that is the largest
    kind: SliceKind = "range" if ranged else "level"
    labels = _labels(distinct[starts[lasting]], distinct[ends[lasting]], column) if len(distinct) else []
    codes[~known] = len(labels)
    return Cut(
        column=short(column.name),
        codes=codes,
        parts=(*((kind, label) for label in labels), ("missing", "missing")),
    )


def _labels(first: NDArray[np.float64], last: NDArray[np.float64], column: Column) -> list[str]:
    """`250 to 1365`, or the one value that there is."""
    if column.kind == "boolean":
        return ["true" if value else "false" for value in first]
    texts = _texts(np.r_[first, last], column)
    return [
        low if low == high else f"{low} to {high}"
        for low, high in zip(texts[: len(first)], texts[len(first) :], strict=True)
    ]


def _texts(numbers: NDArray[np.float64], column: Column) -> list[str]:
    if column.kind == "date":
        return moments(numbers.astype(np.int64).astype("datetime64[us]"))
    return figures(numbers.tolist())
