"""The shape of a user's benchmark: all that a simulated table takes over from the real one, and nothing of its columns.

Rows, class counts or numeric target, groups, points in time, weights, folds, metric, margin and level.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.power import Outlook, dummy_loss, smallest_gain
from kiss_bench.metrics import find_metric
from kiss_bench.plan.plan import FoldsPlan, MetricPlan, Multiplicity, TaskKind
from kiss_bench.records.keys import sha256_of
from kiss_bench.runs.judging import terms_of
from kiss_bench.tasks.task import Fold, Folds

MOST_ROWS = 20_000
"""A simulated table has no more rows than this unless asked to: beyond it a hundred draws take hours."""
FEWEST_COLUMNS, MOST_COLUMNS = 4, 10
MEMBERS_A_FOLD = 3
"""A class keeps this many members a fold, if it has them, when rows are left out."""

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What every draw of a self-test shares; n simulated rows."""

    project: str
    kind: TaskKind
    target: Codes | Floats
    """(n,) class codes or numbers of the user's rows, ascending: which row had which is not taken over."""
    labels: int
    positive: int | None
    columns: int
    """Simulated features: as many as the table has, but an even number within 4 and 10."""
    group: Codes | None
    time: Codes | None
    """(n,) rank among the distinct times; forward folds only, since no other scheme looks at time."""
    weight: Floats | None
    whole_groups: bool
    """Whether the user's folds keep every group on one side."""
    metric: MetricPlan
    margin_share: float
    """The margin as a share of the dummy's loss."""
    folds: FoldsPlan
    fixed: Folds | None
    """Predefined folds, the same in every draw; None where each draw draws its own."""
    alpha: float
    multiplicity: Multiplicity
    rows_of_table: int
    rows_asked: int | None
    """The cap that was asked for; None: the usual one."""

    @property
    def rows(self) -> int:
        return len(self.target)


def shape_of(exam: Exam, rows: int | None = None) -> Shape:
    """Take the shape of a user's exam; `rows` caps the simulated rows (None: 20,000).

    Raises KissBenchError for more rows than the table has, or fewer than its folds need.
    """
    plan, task = exam.plan, exam.task
    kept = _kept(exam, rows)
    forward = exam.folds.kind == "forward"
    return Shape(
        project=plan.project,
        kind=task.kind,
        target=_target(exam, len(kept)),
        labels=len(task.labels),
        positive=task.positive,
        columns=_columns(len(task.columns)),
        group=None if task.group is None else _ranked(task.group[kept]),
        time=_ranked(task.time[kept]) if task.time is not None and forward else None,
        weight=None if task.weight is None else task.weight[kept],
        whole_groups=_whole_groups(exam),
        metric=replace(plan.metric, also=()),  # described, never judged
        margin_share=margin_share(exam),
        folds=plan.folds,
        fixed=_thinned(exam.folds, kept) if exam.folds.kind == "predefined" else None,
        alpha=plan.alpha,
        multiplicity=plan.multiplicity,
        rows_of_table=len(task.row_id),
        rows_asked=rows,
    )


def shape_hash(shape: Shape) -> str:
    """SHA-256 over everything that a draw depends on; the project's name is not part of it."""
    arrays = (shape.target, shape.group, shape.time, shape.weight)
    fixed = () if shape.fixed is None else ((fold.train, fold.test) for fold in shape.fixed.splits)
    metric, folds = shape.metric, shape.folds
    return sha256_of(
        {
            "task": [shape.kind, shape.labels, shape.positive, shape.columns, shape.whole_groups],
            "metric": [metric.primary, metric.margin, metric.margin_unit],
            "folds": [folds.kind, folds.count, folds.repeats, folds.gap, folds.window],
            "level": [shape.alpha, shape.multiplicity],
            "arrays": [_hash_of((array,)) for array in arrays],
            "fixed": [_hash_of(pair) for pair in fixed],
        }
    )


def margin_share(exam: Exam) -> float:
    """Give the margin as the share of the dummy's row loss that a rung has to remove."""
    terms, rows = terms_of(exam), exam.tested
    metric, actual = find_metric(terms.metric), exam.task.y[rows]
    margin = smallest_gain(actual, terms, Outlook(rows=len(rows), folds=2, repeats=1, rungs=1, spread=0.0))
    if metric.pooling == "ratio":
        return margin
    loss = dummy_loss(actual, terms.metric, 1 if terms.positive is None else terms.positive)
    if loss <= 0.0:
        return 0.0
    if metric.pooling != "root":
        return margin / loss
    return 1.0 - (1.0 - min(margin / math.sqrt(loss), 1.0)) ** 2


def _kept(exam: Exam, asked: int | None) -> Codes:
    """Ascending positions of the rows whose groups, times and weights are taken over."""
    group, found = exam.task.group, len(exam.task.row_id)
    least = 2 * exam.plan.folds.count
    if asked is not None and not least <= asked <= found:
        raise KissBenchError(f"--rows: found {asked}; allowed: {least} to {found}, the rows of the table")
    limit = min(found, asked or MOST_ROWS)
    if limit == found:
        return np.arange(found)
    if group is not None:
        return _whole(group, limit, least)
    # At random, not every so many: rows of a table often come in turns, of shops, hours or folds.
    return np.sort(np.random.default_rng(0).permutation(found)[:limit])


def _whole(group: Codes, limit: int, least: int) -> Codes:
    """Keep whole groups in a fixed random order until there are `limit` rows: sizes stay as they are."""
    sizes = np.bincount(group)
    order = np.random.default_rng(0).permutation(len(sizes))
    enough = max(int(np.searchsorted(np.cumsum(sizes[order]), limit)) + 1, least)
    return np.flatnonzero(np.isin(group, order[:enough]))


def _evenly(found: int, limit: int) -> Codes:
    return np.asarray((np.arange(limit) + 0.5) * found / limit, dtype=np.int64)


def _target(exam: Exam, rows: int) -> Codes | Floats:
    """The target's values in ascending order; where rows are left out, class shares stay, and so do quantiles."""
    whole: NDArray[Any] = np.sort(exam.task.y)
    if rows == len(whole):
        return whole
    if exam.task.kind == "regression":
        return whole[_evenly(len(whole), rows)]
    found = np.bincount(exam.task.y.astype(np.int64))
    wanted = np.maximum(np.rint(found * rows / found.sum()), np.minimum(found, MEMBERS_A_FOLD * exam.plan.folds.count))
    wanted[found.argmax()] += rows - wanted.sum()
    return np.repeat(np.arange(len(found), dtype=np.int64), wanted.astype(np.int64))


def _thinned(folds: Folds, kept: Codes) -> Folds:
    """Folds of the kept rows alone, numbered anew."""
    splits = tuple(
        Fold(repeat=each.repeat, fold=each.fold, train=_renumbered(each.train, kept), test=_renumbered(each.test, kept))
        for each in folds.splits
    )
    return Folds(kind=folds.kind, splits=splits, hash=folds.hash)


def _renumbered(part: Codes, kept: Codes) -> Codes:
    return np.flatnonzero(np.isin(kept, part))


def _whole_groups(exam: Exam) -> bool:
    group = exam.task.group
    if group is None:
        return False
    return not any(np.isin(group[each.train], group[each.test]).any() for each in exam.folds.splits)


def _columns(found: int) -> int:
    return min(max(found, FEWEST_COLUMNS), MOST_COLUMNS) // 2 * 2


def _ranked(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _hash_of(arrays: Iterable[Codes | Floats | None]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(b"none" if array is None else f"{array.dtype} {len(array)} ".encode() + array.tobytes())
    return digest.hexdigest()
