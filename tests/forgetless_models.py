"""A rung that leaks as in the wild: by a cache that outlives the fit. Named as `forgetless_models:remembers`."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import Pipeline

SEEN = {}
"""Row -> label, of every fit of this process: in the next fold these are the rows that are scored."""


class Remembers(ClassifierMixin, BaseEstimator):
    """Looks a row up among all that any fit has seen; the training shares for the others."""

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        SEEN.update(zip(map(bytes, np.asarray(X, dtype=float)), y, strict=True))
        return self

    def predict_proba(self, X):
        known = [SEEN.get(bytes(row)) for row in np.asarray(X, dtype=float)]
        return np.array([self.shares_ if label is None else self._sure_of(label) for label in known])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _sure_of(self, label):
        return np.where(self.classes_ == label, 0.9, 0.1 / (len(self.classes_) - 1))


def remembers():
    """It takes the numbers as they are in the table: scaled by fold, a row would not be the same row again."""
    numbers = ColumnTransformer([("numbers", "passthrough", make_column_selector(dtype_include="number"))])
    return Pipeline([("numbers", numbers), ("model", Remembers())])
