"""When a trial is hopeless: its paired losses so far exceed the best complete trial's by more than two standard errors.

Optuna's own Wilcoxon pruner compares one number a fold and never fires with three folds; rows say more.
"""

import numpy as np
from numpy.typing import NDArray

from kiss_bench.metrics import Metric, placements

Floats = NDArray[np.float64]
STANDARD_ERRORS = 2.0
LOOKS = 2
"""A trial is looked at after this many inner folds at the most: later, there is little left to save."""
PRUNING = {
    "rule": "paired row losses against the best complete trial, same inner folds",
    "standard_errors": STANDARD_ERRORS,
    "after_inner_folds": LOOKS,
}


def excess(metric: Metric, actual: NDArray[np.generic], pair: tuple[Floats, Floats], fold: NDArray[np.int64]) -> float:
    """By how many standard errors the first of two predictions for the same rows is worse than the second.

    `actual` is (n,) codes or numbers, each of `pair` (n,) or (n, k), `fold` (n,) the inner fold of each row. For
    roc_auc the pairs are placements, whose variance adds up by class (DeLong, DeLong & Clarke-Pearson 1988).
    """
    trial, best = pair
    if metric.pooling == "ranks":
        gap = placements(actual, best, fold).value - placements(actual, trial, fold).value
        groups = [gap[np.asarray(actual) == code] for code in (0, 1)]
        mean = float(np.mean([group.mean() for group in groups]))
        variance = sum(float(group.var(ddof=1)) / len(group) for group in groups if len(group) > 1)
    else:
        gap = metric.row_loss(actual, trial) - metric.row_loss(actual, best)
        mean, variance = float(gap.mean()), float(gap.var(ddof=1)) / len(gap)
    return mean / np.sqrt(variance) if variance > 0 else (np.inf if mean > 0 else 0.0)
