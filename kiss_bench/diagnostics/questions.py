"""The splits of a fitted tree as questions that a person can answer from the table."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.encoded import MISSING, Feature
from kiss_bench.diagnostics.wording import LONGEST, exact, listed, moments

DAY_US = 86_400_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Yes or no, for every row of a table."""

    feature: Feature
    asks: Literal["limit", "levels", "flag", "missing"]
    """Whether a value is `at_most` so much, is one of `levels`, is 1 where there are only 0 and 1, or is not there."""
    at_most: float = np.inf
    levels: tuple[str, ...] = ()
    missing: bool = False
    """Whether a missing value is a yes."""
    tells_missing: bool = False
    """Whether any row has one, so that it is worth saying."""

    def holds(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """(n,) the answers for the rows of a canonical frame."""
        values = self.feature.values(frame)
        if self.asks == "limit":
            yes = values <= self.at_most
        elif self.asks == "levels":
            yes = np.isin(values, [place for place, level in enumerate(self.feature.levels) if level in self.levels])
        else:
            yes = values > 0.5 if self.asks == "flag" else np.zeros(len(values), dtype=np.bool_)
        return np.asarray(np.where(gaps(self.feature, frame), self.missing, yes), dtype=np.bool_)

    @property
    def text(self) -> str:
        """As a sentence without its question mark; foreign text."""
        name, gone = self.feature.name, f" or {MISSING}" if self.missing and self.tells_missing else ""
        if self.asks == "limit":
            return f"{name} ≤ {self._limit}{gone}"
        if self.asks == "missing":
            return f"{name} is {MISSING}"
        if self.asks == "flag":
            return name if self.feature.kind in ("level", "missing") else f"{name} is true{gone}"
        if len(self.levels) == 1:
            return f"{name} is {self.levels[0]}{gone}"
        return f"{name} is one of: {listed(self.levels, max(LONGEST - len(name) - 30, 60))}{gone}"

    @property
    def _limit(self) -> str:
        if self.feature.part == "days":
            return moments(np.array([round(self.at_most * DAY_US)], dtype="datetime64[us]"))[0]
        return exact(self.at_most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """What a node of a tree does with the rows whose values it sees."""

    feature: Feature
    threshold: float
    """Encoded values up to it go left."""
    missing_left: bool


def gaps(feature: Feature, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) where a question is answered by `missing`: not where being missing is a level, or the question itself."""
    if feature.column is None or feature.kind not in ("value", "codes"):
        return np.zeros(len(frame), dtype=np.bool_)
    return frame[feature.column.name].isna().to_numpy()


def question(
    split: Split, left: NDArray[np.bool_], values: NDArray[np.float64], gone: NDArray[np.bool_]
) -> tuple[Question, bool]:
    """The question that a split asks, and whether its yes is the left child.

    `left` (n,) tells where rows go by this split alone; `values` (n,) and `gone` (n,) are their feature's, and `gaps`.
    """
    feature = split.feature
    tells = bool(gone.any())
    missing_left = bool(left[gone].all()) if tells else split.missing_left
    if feature.kind == "codes":
        return _of_codes(split, missing_left=missing_left, tells=tells)
    if np.isinf(split.threshold):
        return Question(feature=feature, asks="missing", missing=True, tells_missing=True), missing_left
    if feature.is_flag:
        return Question(feature=feature, asks="flag", missing=not missing_left, tells_missing=tells), False
    lower = float(values[left & ~gone].max(initial=-np.inf))
    upper = float(values[~left & ~gone].min(initial=np.inf))
    limit = _simplest(lower, upper, split.threshold)
    return Question(feature=feature, asks="limit", at_most=limit, missing=missing_left, tells_missing=tells), True


def _of_codes(split: Split, *, missing_left: bool, tells: bool) -> tuple[Question, bool]:
    """By whichever side has fewer levels."""
    levels = split.feature.levels
    left = np.arange(len(levels)) <= split.threshold
    if left.all():
        return Question(feature=split.feature, asks="missing", missing=True, tells_missing=True), missing_left
    by_left = bool(left.sum() <= (~left).sum())
    chosen = tuple(levels[place] for place in np.flatnonzero(left if by_left else ~left))
    missing = missing_left == by_left
    return Question(feature=split.feature, asks="levels", levels=chosen, missing=missing, tells_missing=tells), by_left


def _simplest(lower: float, upper: float, threshold: float) -> float:
    """The number of fewest digits in [lower, upper), near the threshold, which need not lie there itself.

    Where values are scaled it does not: it is in the encoded column's own units, and only the two ends count.
    """
    if np.isfinite(lower) and np.isfinite(upper):
        if lower.is_integer() and upper.is_integer():
            return lower
        middle = lower + (upper - lower) / 2
    else:
        middle = lower if np.isfinite(lower) else np.nextafter(upper, -np.inf) if np.isfinite(upper) else threshold
    for digits in range(1, 17):
        rounded = float(f"{middle:.{digits}g}")
        if lower <= rounded < upper:
            return rounded
    return lower if np.isfinite(lower) else float(middle)
