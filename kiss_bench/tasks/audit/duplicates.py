"""Exact and near copies of test rows among the rows that train for them: answers that need only be remembered."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.row_hashes import Hashes, cell_hashes
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import Numbers
from kiss_bench.tasks.audit.twins import NEAR, Flags, tested, with_near_twins, with_twins
from kiss_bench.tasks.audit.words import yes

ASKED_SHARE = 0.05
"""Share of tested rows with a twin that chance does not explain, from which it is a question: where one row in five is
predicted wrong, remembering one row in twenty is worth a point, as much as the margin that a gain must exceed."""
BY_CHANCE = 1e-4
"""Rows equal to this one that chance would make, columns being independent, below which a twin is a copy. They are not
quite independent: measured, 1.3 % of the rows of adult have so unlikely a twin, and they are other people."""
NEAR_CELLS = 100_000_000
"""Cells of numbers that are searched for near twins; in larger tables, the strongest columns alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Twins:
    tested: Flags
    exact: Flags
    same_target: Flags
    near: Flags
    """Near twins in one number, of rows without an exact one."""
    jitter: NDArray[np.int64]
    """Place of the column that a near twin differs in; -1 for none."""


def duplicates(scene: Scene) -> Iterator[Finding]:
    found = find_twins(scene)
    rows, exact, near = int(found.tested.sum()), int(found.exact.sum()), int(found.near.sum())
    if not exact and not near:
        return
    same = int(found.same_target.sum())
    share = (exact + near) / rows
    unlikely = _unlikely(scene, found) if share >= ASKED_SHARE else None
    yield Finding(
        check="duplicates",
        level="question" if unlikely is not None and unlikely >= ASKED_SHARE else "note",
        sentence=_sentence(found, rows, unlikely),
        figures={
            "tested": float(rows),
            "exact": float(exact),
            "same_target": float(same),
            "near": float(near),
            "share": share,
            **({} if unlikely is None else {"unlikely": unlikely}),
        },
    )


def find_twins(scene: Scene) -> Twins:
    """Find the tested rows of repeat 0 that equal a row of their training part, in all features or all but a number."""
    splits, task = scene.folds.of(0), scene.task
    rows = len(task.y)
    total: Hashes = np.zeros(rows, dtype=np.uint64)
    for place, column in enumerate(task.columns, start=1):
        total += cell_hashes(scene.whole(column), place)
    exact = with_twins(total, splits)
    same = exact & with_twins(total + cell_hashes(task.y.astype(np.float64), 0), splits) if exact.any() else exact
    jitter = np.full(rows, -1, dtype=np.int64)
    searched = _searched(scene)
    for place, column in enumerate(task.columns, start=1):
        if column.name in searched:
            numbers = scene.whole(column)
            near = with_near_twins(total - cell_hashes(numbers, place), numbers, splits) & ~exact
            jitter[near & (jitter < 0)] = place
    return Twins(tested=tested(rows, splits), exact=exact, same_target=same, near=jitter >= 0, jitter=jitter)


def _searched(scene: Scene) -> set[str]:
    numbers = [name for name in scene.strengths if scene.kinds[name].kind in ("number", "date")]
    return set(numbers[: max(1, NEAR_CELLS // len(scene.task.y))]) if len(scene.task.columns) > 1 else set()


def _unlikely(scene: Scene, found: Twins) -> float:
    """Share of tested rows with a twin that chance does not explain, of the screened rows."""
    rows = scene.rows
    expected = np.full(len(rows), np.log(len(scene.task.y)))
    for place, column in enumerate(scene.task.columns, start=1):
        expected += np.where(found.jitter[rows] == place, 0.0, _log_share(scene.cells[column.name]))
    twin = (found.exact | found.near)[rows]
    return float((twin & (expected < np.log(BY_CHANCE))).sum() / max(1, found.tested[rows].sum()))


def _log_share(values: Numbers) -> NDArray[np.float64]:
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    return np.log(np.bincount(codes)[codes] / len(codes))


def _sentence(found: Twins, rows: int, unlikely: float | None) -> str:
    exact, near, same = int(found.exact.sum()), int(found.near.sum()), int(found.same_target.sum())
    told = (
        f"{exact:,} of {rows:,} tested rows equal, in every feature, a row that trains for them ({same:,} of these "
        f"in the target too); {near:,} more do so but for one number that differs by at most {NEAR:.0%} of its "
        f"column's spread."
    )
    if unlikely is None:
        return told
    if unlikely < ASKED_SHARE:
        return f"{told} With so few distinct values, most of that is what chance makes."
    return (
        f"{told} For {unlikely:.0%} of rows chance does not explain it. If they are copies, keep one of each, or give "
        f"those that belong together the same value in a column and name it in data.group; if not, say so: "
        f"{yes('duplicates')}."
    )
