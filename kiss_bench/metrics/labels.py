"""Metrics of hard labels, as functions of the confusion matrix, each with its gradient.

`shares` is (k, k): the share of rows of each actual class (row) that was given each label (column); it sums to 1. A
measure gives its value and the (k, k) derivative by the shares, from which a row's influence follows (delta method):
gradient[actual, predicted] - sum(gradient * shares). Counts are pooled over folds: averaging F1 over folds is biased
under imbalance (Forman & Scholz 2010, SIGKDD Explorations 12:49). Undefined ratios are 0, as in scikit-learn.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Measure = Callable[[Floats, int], tuple[float, Floats]]
"""(shares, code of the positive class) -> (value, gradient)."""


def most_probable(prediction: Floats) -> Codes:
    """(n,) codes from (n, k) probabilities, or from (n,) probabilities of code 1."""
    return (prediction > 0.5).astype(np.int64) if prediction.ndim == 1 else prediction.argmax(axis=1).astype(np.int64)


def confusion(actual: Codes, predicted: Codes, classes: int, weight: Floats | None = None) -> Floats:
    """(k, k) shares of (n,) codes, rows weighted by (n,) `weight`."""
    cells = np.bincount(actual * classes + predicted, weights=weight, minlength=classes * classes)
    return np.asarray(cells.reshape(classes, classes) / cells.sum(), dtype=np.float64)


def accuracy(shares: Floats, positive: int) -> tuple[float, Floats]:  # noqa: ARG001  (one signature for all)
    return float(np.trace(shares)), np.eye(len(shares))


def balanced_accuracy(shares: Floats, positive: int) -> tuple[float, Floats]:  # noqa: ARG001
    """Mean over the classes that occur of the share of a class that is found."""
    size = shares.sum(axis=1)
    there = size > 0
    recall = np.divide(np.diag(shares), size, out=np.zeros_like(size), where=there)
    per_row = np.divide(1.0, size, out=np.zeros_like(size), where=there)
    gradient = (np.eye(len(shares)) - recall[:, None]) * per_row[:, None]
    return float(recall.sum() / there.sum()), gradient / there.sum()


def f1(shares: Floats, positive: int) -> tuple[float, Floats]:
    """2 TP / (2 TP + FP + FN)."""
    involved = np.zeros_like(shares)
    involved[:, positive] += 1.0
    involved[positive] += 1.0
    return _share(shares, 2.0 * _hit(shares, positive), involved)


def f1_macro(shares: Floats, positive: int) -> tuple[float, Floats]:  # noqa: ARG001
    """Plain mean of F1 over the classes that occur or were predicted."""
    there = np.flatnonzero(shares.sum(axis=0) + shares.sum(axis=1))
    parts = [f1(shares, int(code)) for code in there]
    return float(np.mean([value for value, _ in parts])), np.mean([gradient for _, gradient in parts], axis=0)


def mcc(shares: Floats, positive: int) -> tuple[float, Floats]:  # noqa: ARG001
    """Matthews' correlation, for any number of classes (Gorodkin 2004, Comp. Biology & Chemistry 28:367)."""
    true, claimed = shares.sum(axis=1), shares.sum(axis=0)
    spread_true, spread_claimed = 1.0 - float(true @ true), 1.0 - float(claimed @ claimed)
    if min(spread_true, spread_claimed) <= 1e-15:
        return 0.0, np.zeros_like(shares)
    scale = np.sqrt(spread_true * spread_claimed)
    value = (float(np.trace(shares)) - float(true @ claimed)) / scale
    agreement = np.eye(len(shares)) - true[None, :] - claimed[:, None]
    slope = agreement / scale + value * (claimed[None, :] / spread_claimed + true[:, None] / spread_true)
    return float(value), slope


def _hit(shares: Floats, positive: int) -> Floats:
    hit = np.zeros_like(shares)
    hit[positive, positive] = 1.0
    return hit


def _share(shares: Floats, part: Floats, whole: Floats) -> tuple[float, Floats]:
    """Ratio of two sums over cells, with its gradient; 0 where the whole is empty."""
    total = float((whole * shares).sum())
    if total <= 0.0:
        return 0.0, np.zeros_like(shares)
    value = float((part * shares).sum()) / total
    return value, (part - value * whole) / total
