"""Row losses: what one prediction costs; (n,) values of at least 0, smaller is better.

With n rows and k classes, `actual` is (n,) numbers or class codes 0..k-1; `prediction` is (n,) numbers, (n, k) class
probabilities in the order of the codes, floored already, or (n,) probabilities of code 1 (binary).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Values = NDArray[Any]
RowLoss = Callable[[Values, Floats], Floats]


def squared_error(actual: Values, prediction: Floats) -> Floats:
    return np.asarray(np.square(actual - prediction), dtype=np.float64)


def absolute_error(actual: Values, prediction: Floats) -> Floats:
    return np.asarray(np.abs(actual - prediction), dtype=np.float64)


def squared_log_error(actual: Values, prediction: Floats) -> Floats:
    """(log(1 + y) - log(1 + p))^2 for targets above -1; predictions below 0 and below every target count as that."""
    lowest = min(0.0, float(np.min(actual, initial=0.0)))
    return np.asarray(np.square(np.log1p(actual) - np.log1p(np.maximum(prediction, lowest))), dtype=np.float64)


def pinball(quantile: float) -> RowLoss:
    """Loss whose minimum is the quantile in (0, 1) (Koenker & Bassett 1978): an error costs q below, 1 - q above."""

    def loss(actual: Values, prediction: Floats) -> Floats:
        error = np.asarray(actual - prediction, dtype=np.float64)
        return np.maximum(quantile * error, (quantile - 1.0) * error)

    return loss


def poisson_deviance(actual: Values, prediction: Floats) -> Floats:
    """2 (y log(y / p) - y + p) for counts of at least 0 (McCullagh & Nelder 1989, ch. 2)."""
    from scipy.special import xlogy  # here, since a faulty config is to be answered without loading scipy

    rate = _floored(actual, prediction)
    return np.asarray(np.maximum(2.0 * (xlogy(actual, actual / rate) - actual + rate), 0.0), dtype=np.float64)


def gamma_deviance(actual: Values, prediction: Floats) -> Floats:
    """2 (log(p / y) + y / p - 1) for amounts above 0 (McCullagh & Nelder 1989, ch. 2)."""
    rate = _floored(actual, prediction)
    return np.asarray(np.maximum(2.0 * (np.log(rate / actual) + actual / rate - 1.0), 0.0), dtype=np.float64)


def _floored(actual: Values, prediction: Floats) -> Floats:
    """Raise rates to half an event spread over all rows, as probabilities are: a rate of 0 would be infinitely wrong.

    A ridge regression predicts negative counts as a matter of course; it is to pay for them, not to leave the table.
    """
    return np.maximum(prediction, float(np.mean(actual)) / (2.0 * len(actual)))


def log_loss(actual: Values, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        chance = np.where(actual == 1, prediction, 1.0 - prediction)
    else:
        chance = prediction[np.arange(len(actual)), actual]
    floor = float(np.finfo(np.float64).eps)  # scikit-learn's own; only reached where the caller did not floor
    return np.asarray(-np.log(np.clip(chance, floor, 1.0 - floor)))


def brier(actual: Values, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        return squared_error(actual, prediction)
    truth = np.zeros_like(prediction)
    truth[np.arange(len(actual)), actual] = 1.0
    spread = np.square(prediction - truth).sum(axis=1)
    # Two classes: half the sum over classes, which is Brier's (p - y)^2 and scikit-learn's convention.
    return np.asarray(0.5 * spread if prediction.shape[1] == 2 else spread, dtype=np.float64)
