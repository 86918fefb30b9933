"""One 64-bit number a cell, which add up to one a row: equal rows have equal sums.

A column can be taken out of a sum again. Two different rows among a million share a sum in one of 30 million tables.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.strength import as_numbers
from kiss_bench.tasks.task import Column

Hashes = NDArray[np.uint64]
GOLDEN = 0x9E3779B97F4A7C15
"""2**64 over the golden ratio: what the constants of splitmix64 (Steele et al. 2014) start from."""


def cell_hashes(values: pd.Series, column: Column, place: int) -> Hashes:
    """Hash one canonical column; equal values in different places differ. All gaps are equal, as are 0 and -0."""
    if column.kind == "category":
        plain = values.cat.codes.to_numpy().astype(np.int64)
        return _spread(pd.util.hash_array(plain), place)
    numbers = as_numbers(values, column.kind) + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return _spread(pd.util.hash_array(numbers), place)


def target_hashes(y: NDArray[np.float64] | NDArray[np.int64]) -> Hashes:
    return _spread(pd.util.hash_array(y.astype(np.float64) + 0.0), 0)


def placed(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Iterator[tuple[Column, Hashes]]:
    """Hash every column in turn, so that no more than one is held."""
    for place, column in enumerate(columns, start=1):
        yield column, cell_hashes(frame[column.name], column, place)


def _spread(hashes: Hashes, place: int) -> Hashes:
    odd = np.uint64((GOLDEN * (2 * place + 1)) % 2**64 | 1)
    return hashes.astype(np.uint64) * odd
