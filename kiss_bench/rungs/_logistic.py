"""Logistic regression by the solver that suits the table's shape."""

from collections.abc import Mapping
from typing import Any, Self

from sklearn.utils.validation import _num_features, _num_samples

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._double import DoubleLogisticRegression

NEWTON, GRADIENTS = "newton-cholesky", "lbfgs"
MOST_COLUMNS = 1_000
"""Newton's method solves a system of this size in each step; of 5,000 columns and 300 rows a fit took 17 s, by
gradients 0.01 s."""
NEWTON_STEPS, GRADIENT_STEPS = 100, 300
"""Most of them: a gradient step costs little and does little."""


class ShapedLogisticRegression(DoubleLogisticRegression):
    """scikit-learn's, but `newton-cholesky` gives way to `lbfgs` where columns outnumber rows, or are thousands.

    For where nobody asked for a solver: one that is named in the config is used as it is.
    """

    solver: Any
    max_iter: Any

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        asked = self.solver, self.max_iter
        if self.solver == NEWTON and _num_features(X) > min(_num_samples(X), MOST_COLUMNS):
            self.solver = GRADIENTS
            self.max_iter = GRADIENT_STEPS if self.max_iter == NEWTON_STEPS else self.max_iter
        try:
            super().fit(X, y, sample_weight)
        finally:
            self.solver, self.max_iter = asked
        return self


def logistic_regression(task: TaskKind, settings: Mapping[str, Any]) -> DoubleLogisticRegression:
    """Unfitted, by our choice of solver unless `settings` name one.

    Newton's method needs a handful of steps on tall data; with many labels its system grows too large.
    """
    solver, steps = (NEWTON, NEWTON_STEPS) if task == "binary" else (GRADIENTS, GRADIENT_STEPS)
    model = DoubleLogisticRegression if "solver" in settings else ShapedLogisticRegression
    return model(**{"solver": solver, "max_iter": steps, **settings})
