"""Frames of predictions from anywhere, checked and laid out as arrays; every fault at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.metrics import Metric
from kiss_bench.plan.plan import TaskKind

KEYS = ["repeat", "row_id"]
PREFIX = "p_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhibit:
    """One model's predictions, rows in order of row_id within each of r repeats."""

    task: TaskKind
    labels: tuple[Any, ...]
    """Classes in sorted order; empty for numbers."""
    row_id: NDArray[Any]
    """(r, n)."""
    fold: Codes
    actual: NDArray[Any]
    """(r, n) numbers or class codes."""
    prediction: Floats
    """(r, n) or (r, n, k)."""
    predicted: Codes | None

    @property
    def ragged(self) -> bool:
        """Whether repeats test different rows."""
        return bool((self.row_id != self.row_id[0]).any())

    @property
    def copied(self) -> tuple[int, int] | None:
        """Two repeats of the same rows in the same folds, whatever the folds are called."""
        seen: dict[tuple[str, bytes], int] = {}
        for repeat, (row_id, fold) in enumerate(zip(self.row_id, self.fold, strict=True)):
            _, first, codes = np.unique(fold, return_index=True, return_inverse=True)
            key = (str(row_id.tolist()), first[codes].tobytes())
            if key in seen:
                return seen[key], repeat
            seen[key] = repeat
        return None

    @property
    def others(self) -> float:
        """How many of all rows a repeat does not test."""
        return float(len(np.unique(self.row_id)) - self.row_id.shape[1])

    def code_of(self, positive: Any) -> int | None:
        """Position of the positive label; DataError for one that is not there."""
        if len(self.labels) != 2:
            return None
        if positive is None:
            return 1
        names = [text_of(label) for label in self.labels]
        if text_of(positive) not in names:
            raise DataError(f"positive: found {positive!r}; allowed: {', '.join(names)}")
        return names.index(text_of(positive))


def text_of(label: Any) -> str:
    """A label as in column names: integral floats without their point, as text too (`p_1.0`)."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return re.sub(r"^(-?\d+)\.0$", r"\1", str(label))


def exhibits(metric: Metric, frames: Mapping[str, pd.DataFrame]) -> dict[str, Exhibit]:
    """Lay out all frames alike; the first one sets rows, folds and targets.

    Raises DataError with every fault of every frame.
    """
    faults: list[str] = []
    tidy = {name: _tidy(name, frame, metric, faults) for name, frame in frames.items()}
    _raise(faults)
    first = next(iter(tidy))
    for name, frame in tidy.items():
        if name != first:
            _same_rows(first, tidy[first], name, frame, faults)
    _raise(faults)
    found = {name: _exhibit(name, frame, metric, faults) for name, frame in tidy.items()}
    _raise(faults)
    for name, one in found.items():
        if one is not None and (base := found[first]) is not None and one.labels != base.labels:
            faults.append(f"{name}: p_ of {_listed(one.labels)}, but {first} has p_ of {_listed(base.labels)}")
    _raise(faults)
    return {name: one for name, one in found.items() if one is not None}


def _tidy(name: str, frame: pd.DataFrame, metric: Metric, faults: list[str]) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{name}: found {type(frame).__name__}; allowed: a pandas DataFrame")
    if not frame.columns.is_unique:
        again = map(str, frame.columns[frame.columns.duplicated()].unique())
        raise DataError(f"{name}: more than one column is called {', '.join(again)}")
    filled = frame.reset_index(drop=True).assign(**{key: 0 for key in ("repeat", "fold") if key not in frame})
    for key in (*KEYS, "fold"):  # categories sort by their own order, which need not be the other frame's
        if key in filled and isinstance(filled[key].dtype, pd.CategoricalDtype):
            filled[key] = filled[key].astype(filled[key].cat.categories.dtype)
    lacking = [column for column in ("row_id", "actual") if column not in frame]
    numbers = "regression" in metric.tasks
    if numbers and "prediction" not in frame:
        lacking.append("prediction")
    if not numbers and sum(str(column).startswith(PREFIX) for column in frame) < 2:
        lacking.append("p_<class> for each of two or more classes")
    if lacking:
        has = ", ".join(map(str, frame.columns))
        faults.append(f"{name}: {metric.name} needs the column(s) {', '.join(lacking)}; it has {has}")
        return filled
    if not len(frame):
        faults.append(f"{name}: there are no rows")
    gaps = filled[["row_id", "repeat", "fold", "actual"]].isna().sum()
    faults += [
        f"{name}: {column} is missing in {count} of {len(frame)} lines" for column, count in gaps.items() if count
    ]
    return _ordered(name, filled, faults)


def _ordered(name: str, frame: pd.DataFrame, faults: list[str]) -> pd.DataFrame:
    odd = [key for key in (*KEYS, "fold") if not is_sortable(frame[key])]
    if odd:
        faults.append(f"{name}: {', '.join(odd)} must hold numbers, texts or dates, not a mixture nor anything else")
        return frame
    if (twice := int(frame.duplicated(KEYS).sum())) > 0:
        faults.append(f"{name}: {twice} line(s) repeat a row_id within a repeat; each row is tested once a repeat")
    elif frame["row_id"].duplicated().any():
        targets = pd.DataFrame({"row_id": frame["row_id"], "actual": frame["actual"].map(text_of)}).drop_duplicates()
        if (changed := int(targets["row_id"].duplicated().sum())) > 0:
            faults.append(f"{name}: {changed} row(s) have another actual in another repeat; a row has one target")
    return frame.sort_values(KEYS, kind="stable", ignore_index=True)


def is_sortable(values: pd.Series) -> bool:
    try:
        np.unique(np.asarray(values.dropna().unique()))
    except TypeError:
        return False
    return True


def _same_rows(first: str, one: pd.DataFrame, name: str, other: pd.DataFrame, faults: list[str]) -> None:
    keys = [set(zip(frame["repeat"], frame["row_id"], strict=True)) for frame in (one, other)]
    if keys[0] != keys[1]:
        lone = [len(keys[0] - keys[1]), len(keys[1] - keys[0])]
        faults.append(
            f"{name}: other rows than {first}: {lone[0]} (row_id, repeat) are in {first} alone, {lone[1]} in {name} "
            f"alone; a comparison needs identical rows"
        )
        return
    if (one["fold"].to_numpy() != other["fold"].to_numpy()).any():
        faults.append(f"{name}: other folds than {first}; a comparison needs identical folds")
    if (one["actual"].map(text_of).to_numpy() != other["actual"].map(text_of).to_numpy()).any():
        faults.append(f"{name}: other values of actual than {first}; a comparison needs identical targets")


def _exhibit(name: str, frame: pd.DataFrame, metric: Metric, faults: list[str]) -> Exhibit | None:
    before = len(faults)
    sizes = frame.groupby("repeat").size()
    if sizes.min() < sizes.max():
        faults.append(f"{name}: repeats test {sizes.min()} to {sizes.max()} rows; allowed: the same number in each")
        return None
    shape = (len(sizes), int(sizes.iloc[0]))
    numbers = "regression" in metric.tasks
    named = [str(column).removeprefix(PREFIX) for column in frame if str(column).startswith(PREFIX)]
    by_label = {} if numbers else {text_of(label): f"{PREFIX}{label}" for label in named}
    if not numbers and len(by_label) < len(named):
        faults.append(f"{name}: two p_ columns stand for one class, as p_1 and p_1.0 do")
        return None
    labels = _in_order(tuple(by_label))
    columns = ["prediction"] if numbers else [by_label[label] for label in labels]
    values = _floats(name, frame, columns, faults)
    codes = None if numbers else _codes(name, "actual", frame["actual"], labels, faults)
    actual = _floats(name, frame, ["actual"], faults)[:, 0] if numbers else codes
    if actual is None or len(faults) > before:
        return None
    if not numbers and (values.min() < 0.0 or np.abs(values.sum(axis=1) - 1.0).max() > 1e-5):
        faults.append(f"{name}: probabilities are negative, or do not sum to 1 in each line")
    task: TaskKind = "regression" if numbers else "binary" if len(labels) == 2 else "multiclass"
    if task not in metric.tasks:
        faults.append(f"{name}: {metric.name} is for {' and '.join(metric.tasks)}; there are {len(labels)} classes")
        return None
    predicted = None
    if metric.pooling == "labels" and "predicted" in frame:
        predicted = _codes(name, "predicted", frame["predicted"], labels, faults)
    return Exhibit(
        task=task,
        labels=labels,
        row_id=frame["row_id"].to_numpy().reshape(shape),
        fold=np.unique(frame["fold"].to_numpy(), return_inverse=True)[1].reshape(shape),
        actual=np.asarray(actual).reshape(shape),
        prediction=values[:, 0].reshape(shape) if numbers else values.reshape(*shape, -1),
        predicted=None if predicted is None else predicted.reshape(shape),
    )


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Sort labels as the labels sort: numbers by value."""
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def _floats(name: str, frame: pd.DataFrame, columns: list[str], faults: list[str]) -> Floats:
    try:
        values = None if _holds_no_numbers(frame[columns]) else frame[columns].to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        values = None
    if values is None:
        faults.append(f"{name}: {', '.join(columns)} must hold numbers")
        return np.zeros((len(frame), len(columns)))
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        where = listed_some(frame["row_id"].to_numpy()[bad])
        what = columns[0] if len(columns) == 1 else "probability"
        hint = "" if what == "actual" else "; a model that fails on rows cannot be compared on others"
        faults.append(
            f"{name}: {what} is no finite number in {int(bad.sum())} of {len(frame)} lines, such as row_id "
            f"{where}{hint}"
        )
    return values


def _holds_no_numbers(frame: pd.DataFrame) -> bool:
    """Dates, spans of time and complex numbers, which all turn into floats without a word."""
    return any(dtype.kind in "mMc" for dtype in frame.dtypes)


def _codes(name: str, column: str, values: pd.Series, labels: tuple[str, ...], faults: list[str]) -> Codes | None:
    texts = values.map(text_of)
    unknown = sorted(set(texts) - set(labels))
    if unknown:
        faults.append(
            f"{name}: {column} holds {', '.join(unknown[:5])}, which has no p_ column; there is p_ of {_listed(labels)}"
        )
        return None
    return np.asarray(texts.map({label: code for code, label in enumerate(labels)}).to_numpy(dtype=np.int64))


def _listed(labels: tuple[Any, ...]) -> str:
    return ", ".join(map(str, labels))


def listed_some(values: NDArray[Any]) -> str:
    return ", ".join(map(str, values[:3])) + (", …" if len(values) > 3 else "")


def _raise(faults: list[str]) -> None:
    if faults:
        raise DataError("\n".join(dict.fromkeys(faults)))
