"""Small real estimators to be named as `fakes:Name`: each does one thing that estimators in the wild do."""

import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

LUCKLESS = "no luck with this setting"


class Constant(ClassifierMixin, BaseEstimator):
    """The training shares, whatever the row; `idle` changes nothing."""

    def __init__(self, idle=0.0):
        self.idle = idle

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X):
        return np.full(len(X), self.classes_[np.argmax(self.shares_)])


class Tilted(Constant):
    """Leans towards the last label by `quality` times the first column: right above 0, wrong below."""

    def __init__(self, quality=0.2):
        self.quality = quality

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-3 * self.quality * np.asarray(X)[:, 0]))
        return np.column_stack([1 - chance, chance])


class Failing(Constant):
    """Never fits."""

    def fit(self, X, y):
        raise ValueError(LUCKLESS)


class FailingAbove(Tilted):
    """Raises for a `quality` above `limit`: a KeyError for the very high ones, a ValueError for the rest."""

    def __init__(self, quality=0.2, limit=0.5):
        super().__init__(quality)
        self.limit = limit

    def fit(self, X, y):
        if self.quality > 0.8:
            raise KeyError(LUCKLESS)
        if self.quality > self.limit:
            raise ValueError(LUCKLESS)
        return super().fit(X, y)


class FailingWithoutRow(Constant):
    """Raises in the one fold whose training part lacks row 0; sees the raw column `row`."""

    def fit(self, X, y):
        if 0 not in np.asarray(X)[:, 0]:
            raise RuntimeError("row 0 is not here")
        return super().fit(X, y)


class NaNs(Constant):
    """Fits, and predicts no number."""

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), np.nan)


class NoProbabilities(ClassifierMixin, BaseEstimator):
    """Labels only."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class Noisy(Constant):
    """Random probabilities, decided by its seed alone."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def predict_proba(self, X):
        chance = np.random.default_rng(self.random_state).uniform(0.2, 0.8, len(X))
        return np.column_stack([1 - chance, chance])


class Sleeping(Constant):
    """Takes its time over every fit."""

    def __init__(self, seconds=0.0, idle=0.0):
        super().__init__(idle)
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        return super().fit(X, y)


class WritesIntoItsFeatures(Tilted):
    """Works in place, as estimators with `copy_X=False` do."""

    def fit(self, X, y):
        X[:] = 0.0
        return super().fit(X, y)


class Spy(Constant):
    """Writes the ids of every row it is fitted on, one line a fit; sees the raw column `row`."""

    def __init__(self, path="", idle=0.0):
        super().__init__(idle)
        self.path = path

    def fit(self, X, y):
        with Path(self.path).open("a") as file:
            print(*np.asarray(X)[:, 0].astype(int), file=file)
        return super().fit(X, y)


class Mean(RegressorMixin, BaseEstimator):
    """The training mean plus `shift`."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_ + self.shift)


class Table(Mean):
    """Predicts two columns where one is wanted."""

    def predict(self, X):
        return np.column_stack([super().predict(X)] * 2)


class LeaningNeedy(Tilted):
    """Has no default for `idle`, so that it cannot be built without one."""

    def __init__(self, idle, quality=0.2):
        super().__init__(quality)
        self.idle = idle


def by_row(model):
    """A pipeline that starts with its own ColumnTransformer, and so is given the columns as they are."""
    return Pipeline([("pick", ColumnTransformer([("row", "passthrough", ["row"])])), ("model", model)])


def spy(path="", idle=0.0):
    return by_row(Spy(path=path, idle=idle))


def failing_without_row():
    return by_row(FailingWithoutRow())


READY = Constant(idle=1.0)
"""An instance in place of a class."""


class Planted(Tilted):
    """Does what the word before the dash says: fits well, raises, or leans far to the wrong side."""

    def __init__(self, plan="default"):
        super().__init__(0.2)
        self.plan = plan

    def get_params(self, deep=True):
        return {"plan": self.plan}

    def fit(self, X, y):
        word = self.plan.partition("-")[0]
        if word in ("ValueError", "KeyError"):
            raise {"ValueError": ValueError, "KeyError": KeyError}[word]("planted")
        self.quality = -3.0 if word == "hopeless" else 0.2
        return super().fit(X, y)


class Idle(Constant):
    """Has two parameters, of which neither does anything."""

    def __init__(self, a=0.5, b=0.5):
        super().__init__()
        self.a, self.b = a, b
