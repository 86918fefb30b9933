"""Random forests of which a tree draws at most so many rows, however few there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.utils.validation import _num_samples


@contextmanager
def _drawable(forest: Any, X: Any) -> Iterator[None]:
    """scikit-learn refuses a whole number `max_samples` above the number of rows; here it is an upper limit."""
    asked = forest.max_samples
    if isinstance(asked, int):
        forest.max_samples = min(asked, _num_samples(X))
    try:
        yield
    finally:
        forest.max_samples = asked


class ForestClassifier(RandomForestClassifier):  # type: ignore[misc]
    """scikit-learn's, but a whole number as `max_samples` is the most rows a tree draws, not the exact number."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        with _drawable(self, X):
            super().fit(X, y, sample_weight)
        return self


class ForestRegressor(RandomForestRegressor):  # type: ignore[misc]
    """As ForestClassifier, for numbers."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        with _drawable(self, X):
            super().fit(X, y, sample_weight)
        return self
