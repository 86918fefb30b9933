"""How much one column alone says of the target: binned, every row predicted from the other rows of its bin.

No model is fitted. A row never helps to predict itself, and with groups declared neither does its group, so that a
column of noise stays at 0 or below.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.task import ColumnKind

MOST_BINS = 64
"""Bins of a column of numbers: fine enough for a cut-off, coarse enough for some hundred rows a bin in large tables."""
ROWS_PER_BIN = 20
"""Fewest rows a bin is made for: a class share from 20 rows is off by 0.11 at most (one standard error)."""
PRIOR_PER_CLASS = 0.5
"""Rows of the base rate that each bin starts with, per class (Krichevsky & Trofimov 1981): no bin is certain."""
PRIOR_MEAN = 1.0
"""The same for a mean: one row at the mean of all others."""

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The target of the sampled rows, in the form that skills are counted in."""

    classes: int
    """0: a quantity, held as ranks from 0 to 1, so that one extreme value does not decide."""
    target: NDArray[np.float64] | NDArray[np.int64]
    group: Codes | None


def as_numbers(values: pd.Series, kind: ColumnKind) -> Numbers:
    """Any canonical column as numbers, missing as NaN: dates in microseconds, levels by their codes."""
    if kind == "category":
        levels = values.cat.codes.to_numpy().astype(np.float64)
        levels[levels < 0] = np.nan
        return np.asarray(levels, dtype=np.float64)
    if kind == "date":
        stamps = values.to_numpy().astype("datetime64[us]")
        return np.asarray(np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64)), dtype=np.float64)
    return np.asarray(values.to_numpy(dtype=np.float64), dtype=np.float64)


def bins(numbers: Numbers, kind: ColumnKind) -> Codes:
    """Code of each row's bin: a level, a distinct value, or a range of about equally many rows; missing is a bin."""
    gone = np.isnan(numbers)
    known = numbers[~gone]
    codes = np.zeros(len(numbers), dtype=np.int64)
    if not known.size:
        return codes
    if kind == "category":
        codes[~gone] = known.astype(np.int64)
    else:
        codes[~gone] = np.searchsorted(_edges(np.sort(known)), known, side="right")
    codes[gone] = codes.max() + 1
    return codes


def _edges(known: Numbers) -> Numbers:
    """First value of every bin but the lowest; a value that fills a bin by itself shares it with no other."""
    most = int(np.clip(len(known) // ROWS_PER_BIN, 2, MOST_BINS))
    distinct = known[np.append(True, known[1:] != known[:-1])]
    if len(distinct) <= most:
        return np.asarray(distinct[1:], dtype=np.float64)
    cuts = known[np.arange(1, most) * len(known) // most]
    atoms = cuts[1:][cuts[1:] == cuts[:-1]]
    return np.unique(np.concatenate([cuts, np.nextafter(atoms, np.inf)]))


def strength(codes: Codes, goal: Goal) -> float:
    """Skill of predicting each row from the other rows with its code: 0 says nothing, 1 says everything.

    Classes: 1 - log loss / log loss of the class shares (McFadden 1974). Quantities: 1 - squared error / squared error
    of the mean, of the target's ranks. Both leave the row, or its group, out of its own prediction.
    """
    if not goal.classes:
        return _of_ranks(codes, goal)
    labels = goal.target.astype(np.int64)
    cell = codes * goal.classes + labels
    prior = PRIOR_PER_CLASS * goal.classes
    others = len(labels) - _own(np.zeros_like(codes), goal.group)
    of_class = _count(labels) - _own(labels, goal.group)
    base = np.clip(of_class / np.maximum(others, 1), 0.5 / len(labels), 1.0)
    in_cell, in_bin = _count(cell) - _own(cell, goal.group), _count(codes) - _own(codes, goal.group)
    told, untold = np.log((in_cell + prior * base) / (in_bin + prior)).sum(), np.log(base).sum()
    return float(1 - told / untold) if untold < 0 else 0.0


def _of_ranks(codes: Codes, goal: Goal) -> float:
    ranks = goal.target.astype(np.float64)
    everything = np.zeros_like(codes)
    others = np.maximum(len(ranks) - _own(everything, goal.group), 1)
    base = (ranks.sum() - _own_sum(everything, ranks, goal.group)) / others
    in_bin = _count(codes) - _own(codes, goal.group)
    total = np.bincount(codes, weights=ranks)[codes] - _own_sum(codes, ranks, goal.group)
    told = (total + PRIOR_MEAN * base) / (in_bin + PRIOR_MEAN)
    untold = ((ranks - base) ** 2).sum()
    return float(1 - ((ranks - told) ** 2).sum() / untold) if untold > 0 else 0.0


def _count(codes: Codes) -> Numbers:
    return np.asarray(np.bincount(codes)[codes], dtype=np.float64)


def _own(codes: Codes, group: Codes | None) -> Numbers:
    """Rows that a row may not learn from, of those that share its code."""
    return np.ones(len(codes)) if group is None else _count(_pairs(codes, group))


def _own_sum(codes: Codes, values: Numbers, group: Codes | None) -> Numbers:
    if group is None:
        return values
    pairs = _pairs(codes, group)
    return np.asarray(np.bincount(pairs, weights=values)[pairs], dtype=np.float64)


def _pairs(codes: Codes, group: Codes) -> Codes:
    pairs = codes * (int(group.max()) + 1) + group
    return np.asarray(np.unique(pairs, return_inverse=True)[1], dtype=np.int64)
