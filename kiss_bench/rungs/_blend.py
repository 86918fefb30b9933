"""A weighted mean of pipelines, and how its weights are learnt."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from kiss_bench.plan.plan import TaskKind


class Blend(BaseEstimator):  # type: ignore[misc]
    """Weighted mean of what its pipelines predict: probabilities for classes, numbers for regression.

    Parameters
    ----------
    pipelines: (name, unfitted pipeline) of the rungs below; classifiers must share one order of labels.
    weights: one per pipeline, >= 0, summing to 1; a pipeline of weight 0 is not fitted.
    """

    def __init__(self, pipelines: Sequence[tuple[str, Any]], weights: Sequence[float]) -> None:
        self.pipelines = pipelines
        self.weights = weights

    def fit(self, X: Any, y: ArrayLike) -> Self:
        used = [(pipe, weight) for (_, pipe), weight in zip(self.pipelines, self.weights, strict=True) if weight > 0]
        self.fitted_ = [(clone(pipe).fit(X, y), weight) for pipe, weight in used]
        if hasattr(self.fitted_[0][0], "classes_"):
            self.classes_ = self.fitted_[0][0].classes_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(sum(weight * pipe.predict_proba(X) for pipe, weight in self.fitted_))

    def predict(self, X: Any) -> NDArray[Any]:
        if hasattr(self, "classes_"):
            return np.asarray(self.classes_[np.argmax(self.predict_proba(X), axis=1)])
        return np.asarray(sum(weight * pipe.predict(X) for pipe, weight in self.fitted_))


def learn_weights(task: TaskKind, actual: NDArray[Any], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights >= 0 summing to 1 that minimise log-loss or squared error of the blend (Breiman 1996).

    `actual` is (n,) codes or numbers; `columns` is (m, n, k) probabilities or (m, n) predictions of the m rungs below
    on rows that none of them was fitted on. Returns (m,).
    """
    from scipy.optimize import minimize

    count = len(columns)
    if task == "regression":
        scale = float(np.std(actual)) or 1.0
        parts, goal = (columns / scale).T, np.asarray(actual, dtype=np.float64) / scale
        gram, pull = parts.T @ parts / len(goal), parts.T @ goal / len(goal)

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            return float(weights @ gram @ weights - 2 * pull @ weights), 2 * (gram @ weights - pull)
    else:
        parts = columns[:, np.arange(len(actual)), np.asarray(actual, dtype=np.int64)].T

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            blend = np.maximum(parts @ weights, 1e-15)
            return float(-np.mean(np.log(blend))), -np.mean(parts / blend[:, None], axis=0)

    found = minimize(
        loss,
        np.full(count, 1.0 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1.0,
            "jac": np.ones_like,
        },
        options={"maxiter": 200, "ftol": 1e-12},
    )
    weights = np.where(found.x < 1e-6, 0.0, found.x)  # the solver leaves crumbs where the answer is none
    return np.asarray(weights / weights.sum())
