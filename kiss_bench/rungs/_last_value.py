"""The last known value as a scikit-learn regressor."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin


class LastValue(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts the target at the last training time, or at the same place in the last whole season before it.

    X is one column, the time as a number; rows of equal times are averaged. With `season` = s, a row that lies h
    steps after the end of training gets the value ceil(h / s) seasons earlier, a step being the median distance
    between distinct training times; the nearest training time at or before that moment is used.
    """

    def __init__(self, season: int | None = None) -> None:
        self.season = season

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        times, inverse = np.unique(np.asarray(X, dtype=np.float64).ravel(), return_inverse=True)
        counts = np.bincount(inverse)
        self.times_ = times
        self.values_ = np.bincount(inverse, weights=np.asarray(y, dtype=np.float64)) / counts
        self.step_ = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        moments = np.asarray(X, dtype=np.float64).ravel()
        if self.season is None:
            return np.full(len(moments), self.values_[-1])
        length = self.season * self.step_
        seasons = np.maximum(np.ceil((moments - self.times_[-1]) / length - 1e-9), 0)
        place = np.searchsorted(self.times_, moments - seasons * length + 0.5 * self.step_, side="right") - 1
        return np.asarray(self.values_[np.clip(place, 0, None)])
