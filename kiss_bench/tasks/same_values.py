"""Are two columns the same, cell by cell? Numbers to nine digits, gaps like gaps, everything else exactly."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.cells import dense, text_of

RELATIVE: Final = 1e-9
OF_THE_LARGEST: Final = 1e-12
"""Rounding near zero, as a share of the column's largest number."""


def differing(one: pd.Series, other: pd.Series) -> tuple[NDArray[np.bool_], float | None]:
    """Which cells differ, position by position, and the largest difference of two numbers (None: there is none)."""
    one, other = dense(one), dense(other)
    gone = one.isna().to_numpy(), other.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(one.dtype) and pd.api.types.is_numeric_dtype(other.dtype):
        return _numbers(one, other)
    if one.dtype == other.dtype and pd.api.types.is_datetime64_any_dtype(one.dtype):
        unequal = one.to_numpy() != other.to_numpy()
    else:
        unequal = _texts(one, other, gone[0] | gone[1])
    return np.where(gone[0] | gone[1], gone[0] != gone[1], unequal), None


def _numbers(one: pd.Series, other: pd.Series) -> tuple[NDArray[np.bool_], float | None]:
    a, b = (values.to_numpy(dtype=np.float64, na_value=np.nan) for values in (one, other))
    with np.errstate(invalid="ignore"):
        largest = max((float(np.abs(each[np.isfinite(each)]).max(initial=0)) for each in (a, b)), default=0.0)
        unequal = ~np.isclose(a, b, rtol=RELATIVE, atol=OF_THE_LARGEST * largest, equal_nan=True)
        sizes = np.abs(a - b)[unequal]
    sizes = sizes[np.isfinite(sizes)]
    return unequal, float(sizes.max()) if sizes.size else None


def _texts(one: pd.Series, other: pd.Series, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells as the texts that they become; equal objects need not be written out."""
    a, b = (values.to_numpy(dtype=object, copy=True) for values in (one.astype(object), other.astype(object)))
    a[gone], b[gone] = None, None
    unequal = np.asarray(a != b, dtype=bool)
    places = np.flatnonzero(unequal)
    unequal[places] = [text_of(a[place]) != text_of(b[place]) for place in places]
    return unequal
