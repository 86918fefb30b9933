"""Whether folds can carry a comparison, asked before anything is fitted."""

import math
from collections.abc import Sequence

import numpy as np

from kiss_bench.errors import FoldError
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.splitters import Cut, cut_of, split
from kiss_bench.tasks.task import Fold, Label, Task


def check_before(task: Task, plan: Plan) -> None:
    """Raise FoldError for repeats that would repeat nothing, and a class with fewer members than stratified folds."""
    if plan.folds.repeats not in ("auto", 1) and leaves_one_group_out(task, plan):
        raise FoldError(
            f"folds.repeats: found {plan.folds.repeats}, but {plan.folds.count} folds of {plan.folds.count} groups "
            f"leave one group out each, however often they are drawn; use 1 or auto, or fewer folds"
        )
    if plan.folds.kind != "stratified":
        return
    count = plan.folds.count
    counts = members(task)
    small = [(label, number) for label, number in counts.items() if number < count]
    if not small:
        return
    told = ", ".join(f"class {label!r} has {number} member(s)" for label, number in small[:5])
    sizes = sorted(counts.values())
    works = [fewer for fewer in range(2, sizes[0] + 1) if _leaves_two_classes(sizes, fewer, plan)]
    remedy = "merge or drop the class" if len(task.labels) > 2 else "more rows of it are needed"
    hint = f"folds.count: {works[-1]} would work, or " if works else ""
    raise FoldError(f"folds.count: {count} stratified folds, but {told}; {hint}{remedy}")


def members(task: Task) -> dict[Label, int]:
    """Count the rows of each label; of numbers there are none to count."""
    counts = np.bincount(task.y.astype(np.int64), minlength=len(task.labels)) if task.labels else ()
    return {label: int(count) for label, count in zip(task.labels, counts, strict=True)}


def leaves_one_group_out(task: Task, plan: Plan) -> bool:
    """Tell whether there are as many folds as groups, so that there is one way to draw them."""
    return plan.folds.kind == "group" and task.group is not None and len(np.unique(task.group)) == plan.folds.count


def check_weights(task: Task, splits: Sequence[Fold]) -> None:
    """Raise FoldError for a test part without any weight: it has no score."""
    if task.weight is None:
        return
    empty = next((each for each in splits if not task.weight[each.test].any()), None)
    if empty is not None:
        raise FoldError(
            f"fold {empty.fold} of repeat {empty.repeat}: all its {len(empty.test)} test rows weigh 0, "
            f"so it has no score; use fewer folds, or leave rows without weight out of the table"
        )


def check_drawn(task: Task, plan: Plan, splits: Sequence[Fold]) -> tuple[str, ...]:
    """Raise FoldError for training parts with one class and tests that cannot be ranked; notes for absent classes."""
    if task.kind == "regression":
        return ()
    ranked = [name for name in (plan.metric.primary, *plan.metric.also) if name and METRICS[name].pooling == "ranks"]
    absent: dict[int, int] = {}
    for each in splits:
        where = f"fold {each.fold} of repeat {each.repeat}"
        train, test = (_members(task, rows) for rows in (each.train, each.test))
        if (train > 0).sum() < 2:
            only = task.labels[int(train.argmax())]
            raise FoldError(f"{where}: all its training rows are of class {only!r}; {_remedy(plan)}")
        if ranked and (test == 0).any():
            gone = task.labels[int((test == 0).argmax())]
            raise FoldError(
                f"{where}: no test row is of class {gone!r}, so {ranked[0]} has no value there; {_remedy(plan)}, "
                f"or a metric such as log_loss"
            )
        for code in np.flatnonzero(train == 0):
            absent[int(code)] = absent.get(int(code), 0) + 1
    return tuple(
        f"Class {task.labels[code]!r} is absent from the training part of {number} of {len(splits)} folds."
        for code, number in absent.items()
    )


def check_inner(task: Task, plan: Plan, splits: Sequence[Fold], root: int) -> None:
    """Draw the inner folds of the training part that has least to give. Raises FoldError where that fails."""
    if not _has_studies(plan):
        return
    hardest = min(splits, key=lambda each: _room(task, each))
    seed = seed_of(root, "inner", repeat=hardest.repeat, fold=hardest.fold)
    fault = _inner_fault(task, hardest, cut_of(plan, seed, inner=True))
    if fault is None:
        return
    works = [
        count
        for count in range(plan.folds.inner - 1, 1, -1)
        if _inner_fault(task, hardest, _with_count(cut_of(plan, seed, inner=True), count)) is None
    ]
    remedy = f"folds.inner: {works[0]} would work" if works else "use more rows, or fewer folds"
    raise FoldError(
        f"inner folds are impossible in the {len(hardest.train)} training rows of fold {hardest.fold}, "
        f"repeat {hardest.repeat} ({fault}); {remedy}"
    )


def _leaves_two_classes(sizes: Sequence[int], count: int, plan: Plan) -> bool:
    """Tell whether training parts, and those of inner folds where there are any, can hold two classes.

    `sizes` are the numbers of rows of each, smallest first.
    """
    second = sizes[-2]
    return second - math.ceil(second / count) >= (2 if _has_studies(plan) else 1)


def _has_studies(plan: Plan) -> bool:
    return any(step.trials for step in plan.ladder)


def _inner_fault(task: Task, outer: Fold, cut: Cut) -> str | None:
    try:
        parts = split(task, outer.train, cut)
    except FoldError as error:
        return str(error).rpartition("; ")[0]  # the remedy follows from what works further out
    if task.kind != "regression" and len(task.labels) > 1:
        for number, (train, _) in enumerate(parts):
            members = _members(task, train)
            if (members > 0).sum() < 2:
                return f"inner fold {number} trains on class {listed([task.labels[int(members.argmax())]])} alone"
    return None


def _room(task: Task, each: Fold) -> tuple[int, int]:
    """Measure what inner folds run out of first: members of the second largest class, or groups, then rows."""
    if task.group is not None:
        return len(np.unique(task.group[each.train])), len(each.train)
    if task.kind != "regression":
        return int(np.sort(_members(task, each.train))[-2]), len(each.train)
    return len(each.train), 0


def _with_count(cut: Cut, count: int) -> Cut:
    return Cut(kind=cut.kind, count=count, seed=cut.seed, gap=cut.gap, rolling=cut.rolling, key=cut.key)


def _members(task: Task, rows: np.ndarray) -> np.ndarray:
    return np.bincount(task.y[rows].astype(np.int64), minlength=len(task.labels))


def _remedy(plan: Plan) -> str:
    kind = plan.folds.kind
    if kind == "predefined":
        return "assign its rows to folds that hold every class"
    if kind == "group":
        return "use fewer folds, or groups that hold more classes"
    return "use fewer folds"
