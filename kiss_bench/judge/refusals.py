"""What cannot be judged, said with the reason and what to use instead, before a number could mislead."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import DataError, FoldError, KissBenchError
from kiss_bench.judge.judgement import Terms
from kiss_bench.judge.layout import Layout
from kiss_bench.judge.predictions import Predictions
from kiss_bench.metrics import Metric

ROUNDING = 1e-12


def refuse_unmeasurable(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """Ask whether the metric has a value, and a valid error bar, on these rows.

    Raises:
        DataError: a target outside the metric's domain, or that does not vary where it must.
        FoldError: too few members of a class in a fold, or a scheme with too few splits.
        KissBenchError: a pair of metric and scheme, or of metric and weights, without a valid method.
    """
    _refuse_targets(rows, terms, metric)
    if metric.pooling == "labels":
        _refuse_labels(rows, terms, metric, layout)
    if metric.pooling == "ranks":
        _refuse_ranks(rows, terms, metric, layout)
    if terms.scheme == "repeated_holdout":
        _refuse_holdouts(metric, layout)
    if terms.scheme == "holdout" and layout.folds > 1:
        raise FoldError(f"a holdout is one fold, and there are {layout.folds}; say how they were made, as in 'kfold'")


def _refuse_targets(rows: Predictions, terms: Terms, metric: Metric) -> None:
    lowest = float(np.min(rows.actual))
    if metric.above is not None and (lowest < metric.above or (lowest == metric.above and not metric.closed)):
        limit = f"of at least {metric.above:g}" if metric.closed else f"above {metric.above:g}"
        raise DataError(f"{metric.name} is for targets {limit}, and the smallest is {lowest:g}; use rmse or mae")
    actual = rows.actual if rows.weight is None else rows.actual[..., rows.weight > 0]
    if metric.pooling == "ratio" and not _varies(actual):
        raise DataError(f"{metric.name} is undefined for a target that never varies; use rmse")
    if metric.pooling not in {"labels", "ranks"} or metric.name == "accuracy":
        return
    if float(np.ptp(actual)) == 0.0:
        raise DataError(f"{metric.name} needs rows of two classes, and all are of one; use log_loss or more rows")
    if metric.tasks == ("binary",) and not (actual == (1 if terms.positive is None else terms.positive)).any():
        raise DataError(f"{metric.name} needs rows of the positive class, and there are none")


def _refuse_labels(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """A class of few members decides alone, and says little of how much it varies.

    Equal models passed as JUSTIFIED at level 1 % in 2 to 7 of 100 draws with two to five members, in 1 to 2 with ten.
    """
    fewest, _ = fewest_members(rows, terms, metric, layout)
    if fewest < metric.fewest:
        what = "positive rows" if metric.positive_alone else "rows of each class"
        raise DataError(
            f"{metric.name} needs at least {metric.fewest} {what}, and there are {fewest}; use log_loss, or more rows"
        )


def _varies(actual: NDArray[Any]) -> bool:
    """Whether numbers differ by more than rounding, and their squares can be told from 0."""
    spread = float(np.ptp(actual))
    return spread > ROUNDING * float(np.abs(actual).max()) and spread**2 > 0.0


def _refuse_ranks(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """Few members say little of how much their rank varies.

    Random scores passed as JUSTIFIED at level 1 % in 32 of 100 draws with one positive a fold, in 2.7 with two.
    """
    if layout.weight is not None:
        raise KissBenchError(f"{metric.name} has no error bar for weighted rows; use log_loss or brier, or no weights")
    fewest, where = fewest_members(rows, terms, metric, layout)
    if fewest < metric.fewest:
        what = "positive rows" if metric.positive_alone else "rows of each class"
        raise FoldError(
            f"{metric.name} needs at least {metric.fewest} {what} in every test fold, and fold {where} has {fewest}; "
            f"use fewer folds, or log_loss"
        )


def fewest_members(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> tuple[int, int]:
    """Find the smallest number of members of a class in a test fold, and that fold; all are one for labels."""
    positive = 1 if terms.positive is None else terms.positive
    found = []
    for repeat, fold in enumerate(layout.fold):
        actual = np.asarray(rows.actual[repeat] if rows.actual.ndim == 2 else rows.actual, dtype=np.int64)
        classes = max(int(actual.max()) + 1, 2)
        weighs = None if rows.weight is None else rows.weight > 0
        counts = np.bincount(fold * classes + actual, weights=weighs, minlength=layout.folds * classes)
        counts = counts.reshape(layout.folds, classes)
        counts = counts.sum(axis=0, keepdims=True) if metric.pooling == "labels" else counts
        counts = counts[:, [positive]] if metric.positive_alone else counts
        found.append((int(counts.min()), int(counts.min(axis=1).argmin())))
    return min(found)


def _refuse_holdouts(metric: Metric, layout: Layout) -> None:
    if len(layout.fold) < 2:
        raise FoldError("repeated holdouts need two splits or more; of one split say scheme='holdout'")
    if layout.group is not None:
        raise KissBenchError("repeated holdouts of groups have no valid error bar here; use group folds")
    if layout.weight is not None or metric.pooling == "ratio":
        what = "row weights" if layout.weight is not None else metric.name
        raise KissBenchError(f"{what} and repeated holdouts have no error bar here; use folds that test each row once")
