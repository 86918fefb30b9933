"""Encodings: from typed columns to what an estimator can fit. Everything learnt here is learnt from the rows of `fit`.

Three shapes are enough for the ladder. `onehot`: scaled, imputed numbers, one-hot levels, cross-fitted target encoding
where a column has many levels. `ordinal`: numbers with their gaps, level codes, target encoding for many levels.
`native`: numbers with their gaps and pandas categories. Dates become numbers first, in all three.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import Encoding
from kiss_bench.tasks.columns import canonical, in_single_precision
from kiss_bench.tasks.task import Column

MANY_LEVELS = 20
"""Categories with more levels than this in the training part are target-encoded: one column instead of dozens."""
RARE = 10
"""One-hot levels seen less often than this in the training part share one column, which unseen levels join."""
BLOCK_ROWS = 100_000
"""Rows that are encoded, or predicted, at a time where each stands for itself."""
DAY = np.timedelta64(1, "D")


class TypedColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Picks the task's columns out of a raw frame and brings each into the canonical form of its kind."""

    def __init__(self, columns: tuple[Column, ...], *, single: bool = False) -> None:
        self.columns = columns
        self.single = single

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        self.n_features_in_ = len(self.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        made = canonical(X, self.columns)[0]
        return in_single_precision(made) if self.single else made

    def __sklearn_is_fitted__(self) -> bool:
        return True


DATE_PARTS = ("days", "month", "day", "weekday", "hour")


def date_parts(dates: pd.Series) -> dict[str, NDArray[np.float64]]:
    """Elapsed days since 1970 and the calendar's cycles, as floats; a missing date is missing in all of them."""
    calendar = dates.dt
    elapsed = (dates.to_numpy() - np.datetime64("1970-01-01")) / DAY
    parts = {"days": elapsed, "month": calendar.month, "day": calendar.day, "weekday": calendar.day_of_week}
    return {name: np.asarray(part, dtype=np.float64) for name, part in {**parts, "hour": calendar.hour}.items()}


def precision_of(frame: pd.DataFrame) -> type[np.floating[Any]]:
    """What a feature matrix of this frame holds: single precision where the frame's numbers are, else double."""
    return np.float32 if (frame.dtypes == np.float32).any() else np.float64


def numbers_of(frame: pd.DataFrame, columns: tuple[Column, ...]) -> NDArray[np.floating[Any]]:
    """(n, m) matrix of all numbers, booleans and date parts, column by column, in the frame's precision."""
    numeric = [column for column in columns if column.kind != "category"]
    width = sum(len(DATE_PARTS) if column.kind == "date" else 1 for column in numeric)
    matrix = np.empty((len(frame), width), dtype=precision_of(frame))
    place = 0
    for column in numeric:
        values = date_parts(frame[column.name]).values() if column.kind == "date" else [frame[column.name].to_numpy()]
        for each in values:
            matrix[:, place] = each
            place += 1
    return matrix


class Levels:
    """The levels of each category column in the training part, in sorted order, and codes for any rows after that."""

    def __init__(self, frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
        self.names = [column.name for column in columns if column.kind == "category"]
        self.levels = [frame[name].cat.remove_unused_categories().cat.categories for name in self.names]

    def codes(self, frame: pd.DataFrame) -> NDArray[np.floating[Any]]:
        """(n, c) level positions; -1 for a level never seen in training, NaN for missing."""
        codes = np.empty((len(frame), len(self.names)), dtype=precision_of(frame))
        for position, (name, levels) in enumerate(zip(self.names, self.levels, strict=True)):
            values = frame[name].cat
            lookup = np.append(levels.get_indexer(values.categories), 0).astype(np.float64)
            lookup[-1] = np.nan  # pandas codes a missing value as -1, which picks the last entry
            codes[:, position] = lookup[values.codes]
        return codes

    def categories(self, frame: pd.DataFrame) -> dict[str, pd.Categorical]:
        """Each column as pandas categories of the training levels; unseen levels become missing."""
        known = zip(self.names, self.levels, strict=True)
        return {name: frame[name].cat.set_categories(levels).array for name, levels in known}


class Encode(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Typed columns in, what the rung's estimator wants out: a float matrix, or a frame for `native`.

    Parameters
    ----------
    encoding: "onehot", "ordinal", "native", or "time" (one column, a date as elapsed days).
    columns: the typed columns, as `TypedColumns` delivers them.
    task: decides what the target encoder averages.
    seed: of the target encoder's cross-fitting folds.
    """

    def __init__(self, encoding: Encoding, columns: tuple[Column, ...], task: TaskKind, seed: int) -> None:
        self.encoding = encoding
        self.columns = columns
        self.task = task
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None) -> Any:
        self._learn(X)
        if self.encoding == "native":
            return self._frame(X, self._numbers(X))
        self.parts_ = self._parts(y)
        if self.encoding in {"ordinal", "time"} and not len(self.many_):  # a row's code depends on that row alone
            return self._in_blocks(X)
        blocks = self._blocks(X, self._numbers(X))
        if y is not None and self.task != "regression":
            y = np.unique(y, return_inverse=True)[1]  # labels that are not whole numbers are no classes to scikit-learn
        made = [part.fit_transform(blocks[name], y) for name, part in self.parts_.items() if blocks[name].shape[1]]
        return _beside(made, blocks["numbers"])

    def _learn(self, X: pd.DataFrame) -> None:
        """Which numbers are there, and the levels of each category."""
        numbers = self._numbers(X)
        present = ~np.all(np.isnan(numbers), axis=0)
        if self.encoding == "onehot":  # a constant tells a linear model nothing; a tree never splits on it anyway
            spread = np.zeros(numbers.shape[1], dtype=bool)
            spread[present] = np.nanmin(numbers[:, present], axis=0) < np.nanmax(numbers[:, present], axis=0)
            present &= spread | np.isnan(numbers).any(axis=0)
        self.present_ = present
        self.levels_ = Levels(X, self.columns)
        counts = np.array([len(levels) for levels in self.levels_.levels], dtype=int)
        self.few_, self.many_ = np.flatnonzero(counts <= MANY_LEVELS), np.flatnonzero(counts > MANY_LEVELS)

    def _in_blocks(self, X: pd.DataFrame) -> Any:
        """As `transform`, some rows at a time, so that of millions of rows nothing is held twice."""
        first = self.transform(X.iloc[:BLOCK_ROWS])
        if len(X) <= BLOCK_ROWS:
            return first
        made = np.empty((len(X), first.shape[1]), dtype=first.dtype)
        made[:BLOCK_ROWS] = first
        for start in range(BLOCK_ROWS, len(X), BLOCK_ROWS):
            made[start : start + BLOCK_ROWS] = self.transform(X.iloc[start : start + BLOCK_ROWS])
        return made

    def transform(self, X: pd.DataFrame) -> Any:
        if self.encoding == "native":
            return self._frame(X, self._numbers(X))
        blocks = self._blocks(X, self._numbers(X))
        made = [part.transform(blocks[name]) for name, part in self.parts_.items() if blocks[name].shape[1]]
        return _beside(made, blocks["numbers"])

    def _numbers(self, X: pd.DataFrame) -> NDArray[np.floating[Any]]:
        numbers = numbers_of(X, self.columns)
        return numbers[:, :1] if self.encoding == "time" else numbers  # of a date only the elapsed days

    def _frame(self, X: pd.DataFrame, numbers: NDArray[np.floating[Any]]) -> pd.DataFrame:
        """Columns get plain names (n0, c0, ...): LightGBM refuses the characters people use in theirs."""
        kept = numbers[:, self.present_]
        blocks: dict[str, Any] = {f"n{i}": kept[:, i] for i in range(kept.shape[1])}
        categories = self.levels_.categories(X)
        for i, (name, levels) in enumerate(zip(categories, self.levels_.levels, strict=True)):
            if len(levels):
                # codes as names: LightGBM compares the category lists, and short integers compare fastest
                blocks[f"c{i}"] = pd.Categorical.from_codes(
                    categories[name].codes, categories=pd.RangeIndex(len(levels))
                )
        return pd.DataFrame(blocks if blocks else {"n0": np.zeros(len(X))}, index=X.index)

    def _blocks(self, X: pd.DataFrame, numbers: NDArray[np.floating[Any]]) -> Mapping[str, NDArray[np.floating[Any]]]:
        codes = self.levels_.codes(X)
        few, many = _columns(codes, self.few_), codes[:, self.many_]
        if self.encoding == "ordinal":
            few[few < 0] = np.nan
        return {"numbers": _columns(numbers, np.flatnonzero(self.present_)), "few": few, "many": many}

    def _parts(self, y: Any) -> dict[str, Any]:
        # a training part may hold two labels of many, and scikit-learn's encoder must then not be told of more
        classes = "multiclass" if self.task == "multiclass" and len(np.unique(y)) > 2 else "binary"
        kind = "continuous" if self.task == "regression" else classes
        means = TargetEncoder(target_type=kind, cv=KFold(5, shuffle=True, random_state=self.seed))
        if self.encoding in {"ordinal", "time"}:
            return {"numbers": Unchanged(), "few": Unchanged(), "many": means}
        filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
        onehot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE, sparse_output=False)
        return {"numbers": filled, "few": onehot, "many": make_pipeline(means, StandardScaler())}


def _columns(matrix: NDArray[np.floating[Any]], which: NDArray[np.intp]) -> NDArray[np.floating[Any]]:
    """These columns, ascending; the matrix itself where they are all, since of millions of rows each copy counts."""
    return matrix if len(which) == matrix.shape[1] else matrix[:, which]


def _beside(blocks: list[NDArray[Any]], like: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Blocks side by side in the precision of `like`, which gives the rows; a column of zeros where there is none."""
    if not blocks:
        return np.zeros((len(like), 1), dtype=like.dtype)
    if len(blocks) == 1 and blocks[0].dtype == like.dtype:
        return blocks[0]
    return np.concatenate(blocks, axis=1, dtype=like.dtype, casting="same_kind")


class Unchanged(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Hands a block on as it is."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        return self

    def transform(self, X: Any) -> Any:
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True
