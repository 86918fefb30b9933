"""Probabilities as they are stored: one column per label of the task, none below a floor, summing to one."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from kiss_bench.errors import RungError
from kiss_bench.tasks.labels import label_text, labels_of
from kiss_bench.tasks.task import Label

ROUNDING = 1e-5
"""How far from summing to one single-precision probabilities may be."""


def floor_of(n_train: int) -> float:
    """The smallest probability n_train rows can speak for: 1 / (2 n_train)."""
    return 1.0 / (2.0 * n_train)


def floored(probabilities: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """(n, k) probabilities raised to at least `floor`, each row renormalised to sum to one."""
    raised = np.maximum(probabilities, floor)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def checked(found: Any, labels: int) -> NDArray[np.float64]:
    """The (n, k) probabilities a classifier gave, or RungError where they are none: repairing them would hide a fault.

    Values that are not finite pass; they are told with their count where predictions are made.
    """
    probabilities = np.asarray(found, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] != labels:
        raise RungError(
            f"predict_proba gave an array of shape {probabilities.shape}; wanted one column a label, {labels}"
        )
    finite = probabilities[np.isfinite(probabilities).all(axis=1)]
    if finite.size and (finite.min() < -ROUNDING or np.abs(finite.sum(axis=1) - 1.0).max() > ROUNDING):
        raise RungError("predict_proba gave values that are no probabilities: negative, or rows that do not sum to 1")
    return probabilities


def fitted_classes(labels: Sequence[Label], *, by_name: bool) -> NDArray[Any]:
    """(k,) what a classifier is fitted on: the labels by their names, or their places 0..k-1.

    scikit-learn takes labels that are not whole numbers for a regression target: they go by their places.
    """
    named = np.array(list(labels))
    return named if by_name and named.dtype.kind != "f" else np.arange(len(named))


class FlooredClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose `predict_proba` has a column for every label of the task and never says never.

    Without the floor an unsmoothed tree that emits one wrong 0 would have an infinite log-loss for the wrong reason.

    Parameters
    ----------
    classifier: any scikit-learn classifier with `predict_proba`.
    labels: every label of the task in sorted order; those absent from a training part get the floor.
    threshold: of two labels, the least probability at which `predict` says the positive one; None: the more probable.
    positive: position of the positive label in `labels`; needed with a threshold.
    by_name: whether the classifier learns the labels themselves, as one that knows them by name wants, or their
        positions, which of millions of rows take a fraction of the memory.
    """

    def __init__(
        self,
        classifier: Any,
        labels: Sequence[Label],
        threshold: float | None = None,
        positive: int | None = None,
        *,
        by_name: bool = True,
    ) -> None:
        self.classifier = classifier
        self.labels = labels
        self.threshold = threshold
        self.positive = positive
        self.by_name = by_name

    def fit(self, X: Any, y: ArrayLike) -> Self:
        return self.fit_codes(X, self.codes_of(y))

    def fit_codes(self, X: Any, codes: NDArray[np.int64]) -> Self:
        """As `fit`, with each row's label given as its position in `labels`: names of a million rows cost seconds."""
        self.classes_ = np.array(list(self.labels))
        if not hasattr(self.classifier, "predict_proba"):
            name = type(self.classifier).__name__
            raise RungError(f"{name} has no predict_proba; wrap it in sklearn.calibration.CalibratedClassifierCV")
        self.named_ = fitted_classes(self.labels, by_name=self.by_name)
        self.classifier_ = clone(self.classifier).fit(X, self.named_[codes])
        self.floor_ = floor_of(len(codes))
        return self

    def with_fitted(self, classifier: Any) -> Self:
        """The same around another classifier, fitted on the same rows."""
        other = copy(self)
        other.classifier_ = classifier
        return other

    def codes_of(self, y: ArrayLike) -> NDArray[np.int64]:
        """Positions of y's labels in `labels`; raises RungError for a label that is not one of them."""
        values = np.asarray(y)
        own = np.array(list(self.labels))
        if values.dtype == own.dtype and np.isin(values, own).all():
            return np.searchsorted(own, values).astype(np.int64)
        positions = {label_text(label): position for position, label in enumerate(self.labels)}
        texts, inverse = np.unique(np.asarray(pd.Series(y).map(label_text), dtype=str), return_inverse=True)
        unknown = [str(text) for text in texts if text not in positions]
        if unknown:
            raise RungError(f"labels {unknown} are not labels of the task: {list(positions)}")
        return np.array([positions[text] for text in texts], dtype=np.int64)[inverse]

    def raw_proba(self, X: Any) -> NDArray[np.float64]:
        """(n, k) probabilities before the floor, a zero column where a label was absent in training."""
        check_is_fitted(self)
        found = checked(self.classifier_.predict_proba(X), len(self.classifier_.classes_))
        columns = np.searchsorted(self.named_, self.classifier_.classes_)
        probabilities = np.zeros((len(found), len(self.classes_)))
        probabilities[:, columns] = found
        return probabilities

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return floored(self.raw_proba(X), self.floor_)

    def predict(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.classes_[labels_of(self.predict_proba(X), self.threshold, self.positive)])
