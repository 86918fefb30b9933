"""Labels: as text, and from probabilities, by the one rule that the record, the judge and pipelines share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.metrics.labels import most_probable


def labels_of(prediction: NDArray[np.float64], threshold: float | None, positive: int | None) -> NDArray[np.int64]:
    """(n,) class codes of (n, k) probabilities: the most probable class, or what a threshold says of two classes.

    With a threshold, a row is of class `positive` (0 or 1) where that class has at least this probability. Without
    one, the lowest code wins where classes tie. Raises ValueError for a threshold without a positive class.
    """
    if threshold is None:
        return most_probable(prediction)
    if positive is None:
        raise ValueError("a threshold needs to know the positive class")
    return np.where(prediction[:, positive] >= threshold, positive, 1 - positive).astype(np.int64)


def label_text(label: Any) -> str:
    """A label as column names and messages show it: integral floats without their point."""
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return str(int(label))
    return str(label)
