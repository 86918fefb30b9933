"""One splitter a kind, for outer and inner folds alike: rows in, (training, test) rows out, both ascending."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import FoldError
from kiss_bench.plan.plan import FoldKind, Plan
from kiss_bench.tasks.stratified_groups import deal_groups
from kiss_bench.tasks.task import Task

Rows = NDArray[np.int64]
Split = tuple[Rows, Rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """How rows are to be cut."""

    kind: FoldKind
    count: int
    seed: int
    gap: int = 0
    rolling: bool = False
    key: str = "folds.count"
    """The config key that says how many, for messages."""


def cut_of(plan: Plan, seed: int, *, inner: bool = False) -> Cut:
    """Say which cut a resolved plan asks for."""
    folds = plan.folds
    assert folds.kind is not None
    return Cut(
        kind=folds.kind,
        count=folds.inner if inner else folds.count,
        seed=seed,
        gap=folds.gap or 0,
        rolling=folds.window == "rolling",
        key="folds.inner" if inner else "folds.count",
    )


def split(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:
    """Cut `rows` (ascending positions into the task) into `cut.count` splits, as positions into the task.

    Raises FoldError where the rows cannot be cut so; the message says what would work.
    """
    parts = SPLITTERS[cut.kind](task, rows, cut)
    for number, (train, test) in enumerate(parts):
        if not len(train) or not len(test):
            part = "test" if len(train) else "training"
            raise FoldError(f"{cut.key}: fold {number} of {cut.count} has no {part} rows; use fewer folds")
    return parts


def forward_blocks(times: Rows, count: int, gap: int) -> Rows | None:
    """Find edges of count + 1 blocks of distinct times, balanced by rows (0 to their number); None: impossible.

    `times` are ranks; equal ones share a block. The first block is longer than `gap`, so that fold 0 can train.
    """
    per_time = np.unique(times, return_counts=True)[1]
    blocks = count + 1
    if len(per_time) < blocks + gap:
        return None
    wanted = np.arange(1, blocks) * (len(times) / blocks)
    total = np.cumsum(per_time)
    after = np.searchsorted(total, wanted)
    before = np.maximum(after - 1, 0)
    nearest = np.where(wanted - total[before] < total[after] - wanted, before, after) + 1
    steps = np.arange(count)
    edges = np.maximum.accumulate(np.maximum(nearest, gap + 1 + steps) - steps) + steps
    edges = np.minimum(edges, len(per_time) - (count - steps))
    return np.concatenate([[0], edges, [len(per_time)]]).astype(np.int64)


def _stratified(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:
    from sklearn.model_selection import StratifiedKFold

    largest = int(np.bincount(task.y[rows].astype(np.int64)).max())
    _need(largest, cut, f"members of the largest class in {len(rows)} rows")
    return _by(StratifiedKFold(cut.count, shuffle=True, random_state=cut.seed), rows, y=task.y[rows])


def _shuffled(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:  # noqa: ARG001  (one signature for all)
    from sklearn.model_selection import KFold

    _need(len(rows), cut, "rows")
    return _by(KFold(cut.count, shuffle=True, random_state=cut.seed), rows)


def _grouped(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:
    assert task.group is not None
    return _by_group(task, rows, task.group[rows], cut)


def _by_group(task: Task, rows: Rows, groups: Rows, cut: Cut) -> tuple[Split, ...]:
    from sklearn.model_selection import GroupKFold

    _need(len(np.unique(groups)), cut, f"groups in {len(rows)} rows")
    if task.kind == "regression":
        return _by(GroupKFold(cut.count, shuffle=True, random_state=cut.seed), rows, groups=groups)
    largest = int(np.bincount(task.y[rows].astype(np.int64)).max())
    _need(largest, cut, f"members of the largest class in {len(rows)} rows")
    fold = deal_groups(task.y[rows].astype(np.int64), groups, cut.count, cut.seed)
    return tuple((rows[fold != number], rows[fold == number]) for number in range(cut.count))


def _forward(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:
    assert task.time is not None
    ranks = np.unique(task.time[rows], return_inverse=True)[1].astype(np.int64)
    edges = forward_blocks(ranks, cut.count, cut.gap)
    if edges is None:
        raise _too_few_times(ranks, cut)
    first = int(edges[1]) - cut.gap
    parts = []
    for start, end in pairwise(edges[1:].tolist()):
        last = start - cut.gap
        train = ranks < last
        if cut.rolling:
            train &= ranks >= last - first
        parts.append((rows[train], rows[(ranks >= start) & (ranks < end)]))
    return tuple(parts)


def _predefined(task: Task, rows: Rows, cut: Cut) -> tuple[Split, ...]:
    """Take outer folds as given. Inner ones: whole predefined folds stay together where two or more are left."""
    assert task.fold_column is not None
    codes = task.fold_column[rows]
    if cut.key == "folds.count":
        tests = [np.flatnonzero(codes == number) for number in range(cut.count)]
        listed = task.fold_train
        trains = listed or tuple(np.flatnonzero(codes != number) for number in range(cut.count))
        return tuple(zip(trains, tests, strict=True))
    given = rows[codes >= 0]
    labels = len(np.unique(codes[codes >= 0]))
    if labels >= 2:
        from sklearn.model_selection import GroupKFold

        splitter = GroupKFold(min(cut.count, labels), shuffle=True, random_state=cut.seed)
        parts = _by(splitter, given, groups=codes[codes >= 0])
        return tuple((np.setdiff1d(rows, test, assume_unique=True), test) for _, test in parts)
    if task.group is not None:
        return _grouped(task, rows, cut)
    return _shuffled(task, rows, cut) if task.kind == "regression" else _stratified(task, rows, cut)


SPLITTERS: Final[Mapping[FoldKind, Callable[[Task, Rows, Cut], tuple[Split, ...]]]] = MappingProxyType(
    {
        "stratified": _stratified,
        "shuffled": _shuffled,
        "group": _grouped,
        "forward": _forward,
        "predefined": _predefined,
    }
)


def _by(splitter: Any, rows: Rows, *, y: Any = None, groups: Rows | None = None) -> tuple[Split, ...]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return tuple((rows[train], rows[test]) for train, test in splitter.split(rows, y, groups))


def _need(found: int, cut: Cut, what: str) -> None:
    if found < cut.count:
        remedy = f"{cut.key}: {found} would work" if found >= 2 else "no number of folds would work"
        raise FoldError(f"{cut.key}: {cut.count} folds need at least {cut.count} {what}; there are {found}; {remedy}")


def _too_few_times(ranks: Rows, cut: Cut) -> FoldError:
    distinct = int(ranks.max()) + 1
    works = [count for count in range(2, cut.count) if forward_blocks(ranks, count, cut.gap) is not None]
    remedy = f"{cut.key}: {works[-1]} would work" if works else "no number of folds of 2 or more would work"
    gap = f" and a gap of {cut.gap}" if cut.gap else ""
    return FoldError(
        f"{cut.key}: {cut.count} forward folds{gap} need at least {cut.count + 1 + cut.gap} distinct times; "
        f"there are {distinct}; {remedy}"
    )
