"""Two rungs that are equally good by construction: one linear model each on one half of exchangeable columns."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline


class HalfOfColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the `first` or the `second` half of the columns."""

    def __init__(self, which: str) -> None:
        self.which = which

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        columns = np.asarray(X, dtype=np.float64)
        middle = columns.shape[1] // 2
        return columns[:, :middle] if self.which == "first" else columns[:, middle:]


def half(which: str, task: str) -> Pipeline:
    """Build the rung that sees the `first` or the `second` half of the columns."""
    model = Ridge() if task == "regression" else LogisticRegression()
    return make_pipeline(HalfOfColumns(which), model)
