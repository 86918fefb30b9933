"""An estimator that oversamples as SMOTE does, where it belongs: inside its fit."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier


class Oversampled(ClassifierMixin, BaseEstimator):
    """Fills the rarer class up with rows between two of its own, then fits a model that knows neighbours by heart."""

    def __init__(self, neighbours=1, linear=False, random_state=None):
        self.neighbours, self.linear, self.random_state = neighbours, linear, random_state

    def fit(self, X, y):
        X, y = np.asarray(X), np.asarray(y)
        rng = np.random.default_rng(self.random_state)
        self.classes_, counts = np.unique(y, return_counts=True)
        rare = X[y == self.classes_[counts.argmin()]]
        lacking = counts.max() - counts.min()
        ends = rare[rng.integers(len(rare), size=(2, lacking))]
        between = ends[0] + rng.random((lacking, 1)) * (ends[1] - ends[0])
        model = LogisticRegression() if self.linear else KNeighborsClassifier(self.neighbours)
        labels = np.full(lacking, self.classes_[counts.argmin()])
        self.model_ = model.fit(np.vstack([X, between]), np.concatenate([y, labels]))
        self.rows_ = len(X) + lacking
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(np.asarray(X))

    def predict(self, X):
        return self.model_.predict(np.asarray(X))


def twice(frame):
    """What oversampling before the split would be: every positive row ten times."""
    import pandas as pd

    return pd.concat([frame, *[frame[frame["y"] == 1]] * 9])
