"""One 64-bit number a cell, which add up to one a row: equal rows have equal sums.

A column can be taken out of a sum again. Two different rows among a million share a sum in one of 30 million tables.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.strength import Numbers

Hashes = NDArray[np.uint64]
GOLDEN = 0x9E3779B97F4A7C15
"""2**64 over the golden ratio: what the constants of splitmix64 (Steele et al. 2014) start from."""


def cell_hashes(numbers: Numbers, place: int) -> Hashes:
    """Hash the cells of the column at `place`, of which no two hash alike. All gaps are equal, as are 0 and -0."""
    plain = numbers + 0.0
    plain[np.isnan(plain)] = np.nan
    odd = np.uint64((GOLDEN * (2 * place + 1)) % 2**64 | 1)
    return np.asarray(pd.util.hash_array(plain).astype(np.uint64) * odd, dtype=np.uint64)
