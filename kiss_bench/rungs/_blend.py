"""A weighted mean of pipelines, and how its weights are learnt."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from kiss_bench.plan.plan import TaskKind
from kiss_bench.tasks.labels import labels_of


class Blend(BaseEstimator):  # type: ignore[misc]
    """Weighted mean of what its pipelines predict.

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
        return self


class BlendedRegressor(RegressorMixin, Blend):  # type: ignore[misc]
    """Blends numbers."""

    def predict(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(sum(weight * pipe.predict(X) for pipe, weight in self.fitted_))


class BlendedClassifier(ClassifierMixin, Blend):  # type: ignore[misc]
    """Blends probabilities.

    Parameters
    ----------
    pipelines, weights: as of any blend.
    threshold: of two labels, the least probability at which `predict` says the positive one; None: the more probable.
    positive: position of the positive label in the pipelines' order; needed with a threshold.
    """

    def __init__(
        self,
        pipelines: Sequence[tuple[str, Any]],
        weights: Sequence[float],
        threshold: float | None = None,
        positive: int | None = None,
    ) -> None:
        super().__init__(pipelines, weights)
        self.threshold = threshold
        self.positive = positive

    @property
    def classes_(self) -> NDArray[Any]:
        return np.asarray(self.fitted_[0][0].classes_)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(sum(weight * pipe.predict_proba(X) for pipe, weight in self.fitted_))

    def predict(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.classes_[labels_of(self.predict_proba(X), self.threshold, self.positive)])


def learn_weights(task: TaskKind, actual: NDArray[Any], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights >= 0 summing to 1 that minimise log-loss or squared error of the blend (Breiman 1996).

    `actual` is (n,) codes or numbers; `columns` is (m, n, k) probabilities or (m, n) predictions of the m rungs below
    on rows that none of them was fitted on. Returns (m,).
    """
    if task == "regression":
        found = _least_squares((columns - actual).T)
    else:
        found = _least_log_loss(columns[:, np.arange(len(actual)), np.asarray(actual, dtype=np.int64)].T)
    weights = np.where(found < 1e-6, 0.0, found)  # solvers leave crumbs where the answer is none
    return np.asarray(weights / weights.sum())


def _least_squares(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point of least norm among the blends of (n, m) residuals (Lawson & Hanson 1974, least distance).

    As shares sum to one, a blend's residual is the blend of residuals; the row of ones fixes no more than the length
    of the answer. A base with one wild row is no trouble, which it is for solvers that follow gradients.
    """
    from scipy.optimize import nnls

    scale = float(np.linalg.norm(residuals, axis=0).min()) or 1.0
    triangle = np.linalg.qr(residuals / scale, mode="r")
    found = nnls(np.vstack([triangle, np.ones(residuals.shape[1])]), np.append(np.zeros(len(triangle)), 1.0))[0]
    return np.asarray(found / found.sum())


def _least_log_loss(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """`chances` is (n, m), the probabilities given to what came true."""
    from scipy.optimize import minimize

    count = chances.shape[1]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        blend = np.maximum(chances @ weights, 1e-15)
        return float(-np.mean(np.log(blend))), -np.mean(chances / blend[:, None], axis=0)

    found = minimize(
        loss,
        np.full(count, 1.0 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0, "jac": np.ones_like},
        options={"maxiter": 200, "ftol": 1e-12},
    )
    return np.asarray(found.x)
