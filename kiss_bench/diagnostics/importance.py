"""Permutation importance on rows that the models were not fitted on (Breiman 2001, Machine Learning 45:5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.slices import Draws, Floats, draws_of, part_means
from kiss_bench.diagnostics.wording import short
from kiss_bench.errors import RungError
from kiss_bench.evaluation.exam import Exam, Positions
from kiss_bench.metrics import Metric
from kiss_bench.records.diagnostics import ColumnImportance, Importance
from kiss_bench.tasks.audit.strength import Goal, as_numbers, bins, strength
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Column, Fold

MOST_COLUMNS = 200
"""Columns that are dealt anew; of more, those that say most of the target by themselves."""
MOST_ROWS, FEWEST_ROWS, MOST_SHUFFLES = 2_000, 50, 5
"""Test rows of a fold, and how often each column is dealt anew among them."""
MOST_PREDICTED = 50_000
"""Predictions of a fold, as far as the fewest rows and one shuffle allow."""
MOST_CELLS = 6_000_000
"""Cells of a fold, likewise: in wide tables they cost more than predictions, about a second of so many."""
AT_ONCE, CELLS_AT_ONCE = 50_000, 2_000_000
"""Rows, and cells, that are predicted in one call: a call costs more than its rows, and memory bounds them."""
STRENGTH_ROWS = 5_000
SAME, SAME_IN_SINGLE = 1e-9, 1e-5
"""How far off a prediction may be when a model is fitted again; the second where numbers are in single precision."""
ROW_LOSSES = {"rmse": "squared error", "rmsle": "squared error of log(1 + y)"}
"""Of metrics that are roots; all others are means of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refit:
    """One fold, the unfitted pipeline of its unit, and its stored predictions, in the order of the fold's test rows."""

    split: Fold
    pipeline: Any
    stored: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class _Effort:
    columns: tuple[Column, ...]
    rows: int
    shuffles: int
    copies: int
    """Of these rows in one call."""


def strongest_columns(exam: Exam, rows: Positions) -> tuple[Column, ...]:
    """All columns of a task, or the 200 that alone say most of the target, in the task's order."""
    columns = exam.task.columns
    if len(columns) <= MOST_COLUMNS:
        return columns
    seed = seed_of(exam.root, "estimator", arm="strength")
    some = np.sort(np.random.default_rng(seed).permutation(rows)[:STRENGTH_ROWS])
    y = exam.task.y[some]
    ranks = np.argsort(np.argsort(y, kind="stable")) / max(len(y) - 1, 1)
    goal = Goal(
        classes=len(exam.task.labels),
        target=ranks if exam.task.kind == "regression" else y.astype(np.int64),
        group=None if exam.task.group is None else exam.task.group[some],
    )
    told = [
        strength(bins(as_numbers(exam.task.frame[one.name].iloc[some], one.kind), one.kind), goal) for one in columns
    ]
    kept = np.sort(np.argsort(-np.asarray(told), kind="stable")[:MOST_COLUMNS])
    return tuple(columns[place] for place in kept)


def importance(exam: Exam, metric: Metric, refits: Sequence[Refit], columns: tuple[Column, ...]) -> Importance:
    """How much the row loss of `metric` grows when a column's values are dealt out anew among the test rows of a fold.

    Every fold's pipeline is fitted again, and is to predict its test rows as they are stored. Interval: over rows, or
    groups or blocks in time where declared, of each row's mean over shuffles, as in `part_means`. Columns that tell the
    same share what they are worth, or hide it.

    Raises RungError where a fold is predicted otherwise; whatever a pipeline raises passes through.
    """
    effort = _effort(exam, refits, columns)
    rows, grown = [], []
    for refit in refits:
        drawn, more = _of_fold(exam, metric, refit, effort)
        rows.append(drawn)
        grown.append(more)
    everything, losses = np.concatenate(rows), np.concatenate(grown)
    draws = draws_of(exam.task, everything)
    told = [_of_column(column, losses[:, place], draws) for place, column in enumerate(columns)]
    return Importance(
        loss=ROW_LOSSES.get(metric.name, metric.name),
        folds=len(refits),
        rows=len(everything),
        shuffles=effort.shuffles,
        columns=tuple(sorted(told, key=lambda one: -one.loss)),
    )


def _effort(exam: Exam, refits: Sequence[Refit], columns: tuple[Column, ...]) -> _Effort:
    width, largest = len(exam.task.columns), max(len(refit.split.test) for refit in refits)
    affordable = min(MOST_PREDICTED // len(columns), MOST_CELLS // (len(columns) * width))
    rows = min(largest, MOST_ROWS, max(affordable, FEWEST_ROWS))
    shuffles = int(np.clip(affordable // rows, 1, MOST_SHUFFLES))
    copies = max(1, min(AT_ONCE, CELLS_AT_ONCE // width) // rows)
    return _Effort(columns=columns, rows=rows, shuffles=shuffles, copies=copies)


def _of_fold(exam: Exam, metric: Metric, refit: Refit, effort: _Effort) -> tuple[Positions, Floats]:
    """The rows that were drawn, (m,), and how much their losses grow, (m, columns), means over shuffles."""
    split = refit.split
    seed = seed_of(exam.root, "estimator", arm="importance", repeat=split.repeat, fold=split.fold)
    rng = np.random.default_rng(seed)
    places = np.sort(rng.permutation(len(split.test))[: effort.rows])
    rows = split.test[places]
    fitted = refit.pipeline.fit(features_of(exam, split.train), exam.targets[split.train])
    actual, plain = exam.task.y[rows], _said(exam, fitted, features_of(exam, rows))
    off = float(np.abs(plain - refit.stored[places]).max())
    allowed = SAME_IN_SINGLE if exam.task.single else SAME
    if not off <= allowed * max(1.0, float(np.abs(plain).max())):
        raise RungError(f"fitted again on fold {split.fold} it predicts other than what is stored, by up to {off:.3g}")
    before = metric.row_loss(actual, plain)
    grown = np.zeros((len(rows), len(effort.columns)))
    jobs = [(place, rng.permutation(rows)) for _ in range(effort.shuffles) for place in range(len(effort.columns))]
    for start in range(0, len(jobs), effort.copies):
        some = jobs[start : start + effort.copies]
        said = _said(exam, fitted, _dealt_anew(exam, rows, [(effort.columns[at].name, order) for at, order in some]))
        for number, (place, _) in enumerate(some):
            after = metric.row_loss(actual, said[number * len(rows) : (number + 1) * len(rows)])
            grown[:, place] += (after - before) / effort.shuffles
    return rows, grown


def features_of(exam: Exam, rows: Positions) -> pd.DataFrame:
    """What pipelines are given of these rows: all features, and the time that the rung `naive` goes by."""
    return pd.DataFrame({name: values.take(rows) for name, values in _arrays(exam)}, copy=False)


def _arrays(exam: Exam) -> Iterator[tuple[str, Any]]:
    task = exam.task
    yield from ((column.name, task.frame[column.name].array) for column in task.columns)
    if task.time_frame is not None and task.time_column is not None and task.time_column.name not in task.frame:
        yield task.time_column.name, task.time_frame[task.time_column.name].array


def _dealt_anew(exam: Exam, rows: Positions, jobs: Sequence[tuple[str, Positions]]) -> pd.DataFrame:
    """These rows once a job, one below the other, each time with one column's values taken from rows in its order."""
    plain = np.tile(rows, len(jobs))
    blocks: dict[str, NDArray[np.int64]] = {}
    for number, (name, order) in enumerate(jobs):
        blocks.setdefault(name, plain.copy())[number * len(rows) : (number + 1) * len(rows)] = order
    return pd.DataFrame({name: values.take(blocks.get(name, plain)) for name, values in _arrays(exam)}, copy=False)


def _said(exam: Exam, fitted: Any, features: pd.DataFrame) -> Floats:
    said = fitted.predict(features) if exam.task.kind == "regression" else fitted.predict_proba(features)
    return np.asarray(said, dtype=np.float64)


def _of_column(column: Column, grown: Floats, draws: Draws) -> ColumnImportance:
    mean = part_means(grown, np.zeros(len(grown), dtype=np.int64), 1, draws)
    return ColumnImportance(
        column=short(column.name), loss=float(mean.mean[0]), low=float(mean.low[0]), high=float(mean.high[0])
    )
