"""Rows that have a twin among the rows that train for them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.row_hashes import Hashes
from kiss_bench.tasks.audit.strength import Numbers
from kiss_bench.tasks.task import Fold

Flags = NDArray[np.bool_]
NEAR = 0.05
"""How far a number may lie from its twin's, in spreads of its column, to count as near: less than rounding does."""


def tested(rows: int, splits: Sequence[Fold]) -> Flags:
    """Rows that are tested at all."""
    found = np.zeros(rows, dtype=bool)
    for split in splits:
        found[split.test] = True
    return found


def with_twins(keys: Hashes, splits: Sequence[Fold]) -> Flags:
    """Tested rows whose key occurs among the rows that their fold trains on."""
    again = np.flatnonzero(pd.Series(keys).duplicated(keep=False).to_numpy())
    codes = np.full(len(keys), -1, dtype=np.int64)
    codes[again] = pd.factorize(keys[again])[0]
    return _meeting(codes, splits)


def with_near_twins(keys: Hashes, numbers: Numbers, splits: Sequence[Fold]) -> Flags:
    """Tested rows with a training row that is equal in `keys` and near, or equal, in `numbers`.

    Near is transitive here: rows are chained along the numbers, each link at most NEAR spreads long.
    """
    codes = np.full(len(keys), -1, dtype=np.int64)
    again = np.flatnonzero(pd.Series(keys).duplicated(keep=False).to_numpy() & ~np.isnan(numbers))
    width = NEAR * spread(numbers) if again.size else 0.0
    if width > 0:
        order = again[np.lexsort((numbers[again], keys[again]))]
        apart = (keys[order][1:] != keys[order][:-1]) | (np.diff(numbers[order]) > width)
        codes[order] = np.concatenate([[0], np.cumsum(apart)])
    return _meeting(codes, splits)


def spread(numbers: Numbers) -> float:
    """Half of what lies between the 16th and the 84th percentile, the standard deviation of a normal column.

    Where that is nothing, a quarter of what lies between the 2.5th and the 97.5th.
    """
    known = np.sort(numbers[~np.isnan(numbers)])
    if not known.size:
        return 0.0
    low, bottom, top, high = known[((len(known) - 1) * np.array([0.16, 0.025, 0.975, 0.84])).astype(np.int64)]
    return float((high - low) / 2 or (top - bottom) / 4)


def _meeting(codes: NDArray[np.int64], splits: Sequence[Fold]) -> Flags:
    """Tested rows whose code (-1: none) occurs in training."""
    found = np.zeros(len(codes), dtype=bool)
    if not len(codes) or codes.max() < 0:
        return found
    for split in splits:
        seen = np.zeros(int(codes.max()) + 2, dtype=bool)
        seen[codes[split.train]] = True
        seen[-1] = False  # the place of -1
        found[split.test] |= seen[codes[split.test]]
    return found
