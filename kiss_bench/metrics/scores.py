"""One repeat's score, in the metric's own sign; equal to scikit-learn's function where there is one."""

import math

import numpy as np

from kiss_bench.metrics.labels import Codes, confusion, most_probable
from kiss_bench.metrics.losses import Floats, Values
from kiss_bench.metrics.ranking import Ranked, by_class, ranked, two_sides
from kiss_bench.metrics.table import Metric, find_metric


def row_losses(name: str, actual: Values, prediction: Floats) -> Floats:
    """(n,) losses by which trials are compared row by row; squared error for rmse and r2, log-loss for ranks, labels.

    `actual` is (n,) numbers or class codes, `prediction` (n,) numbers, (n, k) probabilities or (n,) of code 1.
    """
    return find_metric(name).row_loss(actual, prediction)


def score(
    metric: Metric, actual: Values, prediction: Floats, fold: Values | None = None, positive: int | None = None
) -> float:
    """Score (n,) rows of one repeat; labels are the most probable ones.

    `fold` (n,) matters to rank metrics alone, which are means over folds (None: one fold). `positive` is the code of
    the positive class (None: 1).

    Raises:
        FoldError: a rank metric on a fold that holds a single class.
    """
    if metric.pooling == "labels":
        return label_score(metric, actual, most_probable(prediction), positive)
    if metric.pooling == "ranks":
        whole = np.zeros(len(prediction), dtype=np.int64) if fold is None else fold
        return float(rank_rows(metric, actual, prediction, whole, 1 if positive is None else positive).folds.mean())
    loss = float(metric.row_loss(actual, prediction).mean())
    if metric.pooling == "root":
        return math.sqrt(loss)
    if metric.pooling == "ratio":
        total = float(np.var(np.asarray(actual, dtype=np.float64)))
        return 1.0 - loss / total if total > 0.0 else float(loss == 0.0)  # scikit-learn's answer for a constant target
    return loss


def label_score(metric: Metric, actual: Codes, predicted: Codes, positive: int | None = None) -> float:
    """Score (n,) class codes against (n,) codes given; `positive` is the code of the positive class (None: 1)."""
    assert metric.of_shares is not None
    code = 1 if positive is None else positive
    classes = max(int(np.max(actual)), int(np.max(predicted)), code) + 1
    shares = confusion(np.asarray(actual, dtype=np.int64), np.asarray(predicted, dtype=np.int64), classes)
    return metric.of_shares(shares, code)[0]


def rank_rows(metric: Metric, actual: Values, prediction: Floats, fold: Values, positive: int) -> Ranked:
    """Rank one repeat: macro one versus rest where the task has more than two classes; see `ranking.ranked`.

    Raises:
        FoldError: a fold that lacks a class.
    """
    assert metric.curve is not None
    if "multiclass" in metric.tasks:
        return by_class(metric.curve, actual, prediction, fold)
    return ranked(metric.curve, *two_sides(actual, prediction, positive), fold)
