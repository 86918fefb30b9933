"""Splines for the columns that have a shape to bend."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import SplineTransformer

FEW_VALUES = 5
"""A column with no more distinct values than this has no shape to bend; it stays linear."""


class SplineColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Cubic B-splines with knots at quantiles for every column that has enough distinct values; others as they are.

    Outside the training range a curve stays at its end value, so that one wild row cannot send a prediction away.
    """

    def __init__(self, n_knots: int = 5) -> None:
        self.n_knots = n_knots

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        matrix = np.asarray(X)
        self.splines_: dict[int, SplineTransformer] = {}
        for position in range(matrix.shape[1]):
            column = matrix[:, [position]].astype(np.float64)
            knots = self._knots(column[:, 0])
            if knots is not None:
                spline = SplineTransformer(degree=3, knots=knots, extrapolation="constant", include_bias=False)
                self.splines_[position] = spline.fit(column)
        self.plain_ = [position for position in range(matrix.shape[1]) if position not in self.splines_]
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        matrix = np.asarray(X)
        width = len(self.plain_) + sum(spline.n_features_out_ for spline in self.splines_.values())
        columns = np.empty((len(matrix), width))  # filled a column at a time: of many rows nothing is held twice
        place = len(self.plain_)
        columns[:, :place] = matrix[:, self.plain_]
        for position, spline in self.splines_.items():
            curves = spline.transform(matrix[:, [position]].astype(np.float64))
            columns[:, place : place + curves.shape[1]] = curves
            place += curves.shape[1]
        return columns

    def _knots(self, column: NDArray[np.float64]) -> NDArray[np.float64] | None:
        if len(np.unique(column)) <= FEW_VALUES:
            return None
        knots = np.unique(np.quantile(column, np.linspace(0, 1, self.n_knots)))
        # ties put several quantiles on one value; knots nearer than rounding apart would divide by nothing
        apart = np.diff(knots, prepend=-np.inf) > 1e-9 * max(1.0, float(np.abs(knots).max()))
        knots = knots[apart]
        return knots.reshape(-1, 1) if len(knots) > 2 else None
