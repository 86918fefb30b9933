"""The folds: drawn once, before anything is fitted, and hashed."""

import hashlib
from typing import Final

import numpy as np
import pandas as pd

from kiss_bench.errors import FoldError
from kiss_bench.plan.plan import UNREPEATED, FoldKind, Plan
from kiss_bench.tasks.fold_checks import check_before, check_drawn, check_inner, check_weights, leaves_one_group_out
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.splitters import Rows, Split, cut_of, split
from kiss_bench.tasks.task import Fold, Folds, Task

ORDERED: Final = UNREPEATED
"""Kinds whose training rows are not simply all others, so that both parts are on record."""
REPEATS: Final = 5
"""What `auto` draws: the first is for every rung, the others for pairs that it leaves contested."""


def draw_folds(task: Task, plan: Plan, root: int) -> Folds:
    """All outer splits of a resolved plan, from the root seed alone; `auto` draws 5 repeats where repeats differ.

    Raises FoldError, saying what would work, for folds that these rows cannot give, inner ones included.
    """
    kind = plan.folds.kind
    assert kind is not None
    check_before(task, plan)
    rows = np.arange(len(task.row_id), dtype=np.int64)
    splits = tuple(
        Fold(repeat=repeat, fold=number, train=train, test=test)
        for repeat in range(repeats_of(task, plan))
        for number, (train, test) in enumerate(split(task, rows, cut_of(plan, seed_of(root, "fold", repeat=repeat))))
    )
    notes = check_drawn(task, plan, splits)
    check_weights(task, splits)
    check_inner(task, plan, splits, root)
    unhashed = Folds(kind=kind, splits=splits, hash="", notes=notes)
    return Folds(kind=kind, splits=splits, hash=folds_hash(kind, folds_frame(unhashed, task)), notes=notes)


def draw_inner(task: Task, plan: Plan, train: Rows, seed: int) -> tuple[Split, ...]:
    """Inner (training, test) splits of one training part, of the outer kind, as ascending positions into the task.

    Predefined folds can give fewer than `folds.inner` splits: no more than labels are left. Raises FoldError.
    """
    return split(task, np.sort(train), cut_of(plan, seed, inner=True))


def repeats_of(task: Task, plan: Plan) -> int:
    """How many repeats a resolved plan draws; one where every draw gives the same folds."""
    if plan.folds.kind in UNREPEATED or leaves_one_group_out(task, plan):
        return 1
    return REPEATS if plan.folds.repeats == "auto" else plan.folds.repeats


def folds_frame(folds: Folds, task: Task) -> pd.DataFrame:
    """`row_id, repeat, fold` (int64) and `part` (`test`; also `train` for forward and predefined), a line a row."""
    blocks = []
    for each in folds.splits:
        parts = {"train": each.train, "test": each.test} if folds.kind in ORDERED else {"test": each.test}
        for part, rows in parts.items():
            blocks.append((task.row_id[rows], each.repeat, each.fold, part))
    lengths = [len(ids) for ids, *_ in blocks]
    return pd.DataFrame(
        {
            "row_id": np.concatenate([ids for ids, *_ in blocks]),
            "repeat": np.repeat(np.array([block[1] for block in blocks], dtype=np.int64), lengths),
            "fold": np.repeat(np.array([block[2] for block in blocks], dtype=np.int64), lengths),
            "part": pd.Series(np.repeat(np.array([block[3] for block in blocks], dtype=object), lengths), dtype="str"),
        }
    )


def folds_hash(kind: FoldKind, frame: pd.DataFrame) -> str:
    """SHA-256 (64 hex digits) over the kind and the row ids of every part; the order of lines does not count.

    `frame` has the columns of `folds_frame`, so that a stored record can be hashed again.
    """
    needed = {"row_id", "repeat", "fold", "part"}
    if missing := sorted(needed - set(frame.columns)):
        raise FoldError(f"folds lack the column(s) {', '.join(missing)}")
    digest = hashlib.sha256(f"kiss_bench folds 1: {kind}\n".encode())
    for (repeat, fold, part), block in frame.groupby(["repeat", "fold", "part"], sort=True):
        ids = np.sort(block["row_id"].to_numpy(dtype="<i8"))
        digest.update(f"{repeat} {fold} {part} {len(ids)}\n".encode())
        digest.update(ids.tobytes())
    return digest.hexdigest()
