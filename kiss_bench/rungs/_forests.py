"""Random forests of which a tree draws at most so many rows, however few there are, and looks at no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import _num_samples


class _DrawnRows:
    """Leaves out the rows that a forest's tree did not draw, which scikit-learn hands to it with a weight of zero.

    They change nothing in the tree, yet every tree sorts the labels of them all: of 2,400,000 rows that took more than
    half of a forest's fit.
    """

    min_samples_leaf: Any
    min_samples_split: Any

    def _fit(self, X: Any, y: Any, sample_weight: Any = None, **rest: Any) -> Any:
        counts = isinstance(self.min_samples_leaf, Integral) and isinstance(self.min_samples_split, Integral)
        if sample_weight is None or not counts:  # a share is one of all rows
            return super()._fit(X, y, sample_weight, **rest)  # type: ignore[misc]
        kept = np.asarray(sample_weight) > 0
        if is_classifier(self):
            kept[_one_of_each_class_without(y.ravel(), kept)] = True
        return super()._fit(X[kept], y[kept], sample_weight[kept], **rest)  # type: ignore[misc]


def _one_of_each_class_without(codes: Any, kept: Any) -> Any:
    """One row of each class that no kept row has: all trees of a forest know the same classes."""
    classes = int(codes.max()) + 1
    missing = np.flatnonzero(np.bincount(codes[kept].astype(np.intp), minlength=classes) == 0)
    if not len(missing):
        return missing
    row_of = np.zeros(classes, dtype=np.intp)
    row_of[codes.astype(np.intp)] = np.arange(len(codes))
    return row_of[missing]


class _TreeClassifier(_DrawnRows, DecisionTreeClassifier):  # type: ignore[misc]
    pass


class _TreeRegressor(_DrawnRows, DecisionTreeRegressor):  # type: ignore[misc]
    pass


@contextmanager
def _drawing(forest: Any, tree: Any, X: Any) -> Iterator[None]:
    """scikit-learn refuses a whole number `max_samples` above the number of rows; here it is an upper limit."""
    asked, forest.estimator = forest.max_samples, tree
    if isinstance(asked, int):
        forest.max_samples = min(asked, _num_samples(X))
    try:
        yield
    finally:
        forest.max_samples = asked


class ForestClassifier(RandomForestClassifier):  # type: ignore[misc]
    """scikit-learn's, but a whole number as `max_samples` is the most rows a tree draws, not the exact number."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        with _drawing(self, _TreeClassifier(), X):
            super().fit(X, y, sample_weight)
        return self


class ForestRegressor(RandomForestRegressor):  # type: ignore[misc]
    """As ForestClassifier, for numbers."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        with _drawing(self, _TreeRegressor(), X):
            super().fit(X, y, sample_weight)
        return self
