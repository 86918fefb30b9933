"""When a trial is hopeless: its paired losses so far exceed the best complete trial's by too many standard errors.

How many these are is declared in each rung's file.

Optuna's own Wilcoxon pruner compares one number a fold and never fires with three folds; rows say more.
"""

import numpy as np
from numpy.typing import NDArray

from kiss_bench.metrics import Metric, placements

Floats = NDArray[np.float64]
RULE = "paired row losses against the best complete trial, same inner folds"


def row_losses(metric: Metric, actual: NDArray[np.generic], prediction: Floats, fold: NDArray[np.int64]) -> Floats:
    """What each row adds to a loss, lower is better: its loss, or for roc_auc minus its placement in its fold.

    `actual` is (n,) codes or numbers, `prediction` (n,) or (n, k), `fold` (n,) the inner fold of each row.
    """
    if metric.pooling == "ranks":
        return -placements(actual, prediction, fold).value
    return metric.row_loss(actual, prediction)


def excess(metric: Metric, actual: NDArray[np.generic], trial: Floats, best: Floats) -> float:
    """By how many standard errors the mean of the first (n,) row losses is above that of the second, same rows.

    The variance of placements adds up by class (DeLong, DeLong & Clarke-Pearson 1988).
    """
    gap = trial - best
    if metric.pooling == "ranks":
        groups = [gap[np.asarray(actual) == code] for code in (0, 1)]
        mean = float(np.mean([group.mean() for group in groups]))
        variance = sum(float(group.var(ddof=1)) / len(group) for group in groups if len(group) > 1)
    else:
        mean, variance = float(gap.mean()), float(gap.var(ddof=1)) / len(gap)
    return mean / np.sqrt(variance) if variance > 0 else (np.inf if mean > 0 else 0.0)
