"""Columns that look like a person, a machine or a street whose rows belong together, while no group is declared."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.words import percent
from kiss_bench.tasks.task import Column

FEWEST_LEVELS = 30
"""Distinct values below which a column describes rather than names."""
ROWS_PER_LEVEL = (2.0, 60.0)
"""Rows a value of the column has on average: at least a pair, and few enough to tell levels apart by heart."""
EVEN = 0.5
"""Least ratio of the effective number of levels (1 / sum of squared shares, Simpson 1949) to their number: groups are of
like size, while the levels of an attribute have a few large ones. Measured: 0.97 on US states, 0.4 and less on titles,
agents and countries."""
SMOOTH = 0.7
"""Least ratio (von Neumann 1941) of how the counts of neighbouring numbers differ to how all counts differ: 1 where
the order of the numbers means nothing. Measured on ages and counts: 0.4 at most."""
EQUAL_COUNTS = 2.0
"""Variance of the counts over their mean up to which numbers are handed out evenly, as no measured quantity is."""


def groups(scene: Scene) -> Iterator[Finding]:
    found = [finding for column in scene.task.columns if (finding := _finding(scene, column))]
    yield from sorted(found, key=lambda finding: (-finding.figures["levels"], finding.columns))


def _finding(scene: Scene, column: Column) -> Finding | None:
    counts = _counts(scene.task.frame[column.name], column)
    if counts is None or len(counts) < FEWEST_LEVELS:
        return None
    mean = float(counts.mean())
    even = float(counts.sum() ** 2 / (counts**2).sum() / len(counts))
    if not ROWS_PER_LEVEL[0] <= mean <= ROWS_PER_LEVEL[1] or even < EVEN:
        return None
    if column.kind == "number" and not _is_nominal(counts):
        return None
    name = column.name
    return Finding(
        check="groups",
        level="question",
        columns=(name,),
        sentence=(
            f"{name!r} looks group-like: {len(counts):,} values, each in {mean:.1f} rows on average, evenly "
            f"(as {percent(even)} of them equally large). Where rows of one value belong together, folds that part them "
            f"let a model recognise instead of predict: set data.group: {name}. If they do not, say so: "
            f"reviewed: {{{name}: {{answer: yes, by: ..., reason: ...}}}}."
        ),
        figures={"levels": float(len(counts)), "rows_per_level": mean, "even": even},
    )


def _counts(values: pd.Series, column: Column) -> NDArray[np.float64] | None:
    """Rows of each value, in the order of the values; None for what is neither text nor whole numbers."""
    if column.kind == "category":
        codes = values.cat.codes.to_numpy()
        found = np.bincount(codes[codes >= 0])
        return found[found > 0].astype(np.float64)
    if column.kind != "number":
        return None
    known = values.to_numpy(dtype=np.float64)
    known = known[~np.isnan(known)]
    if not (known == np.floor(known)).all():
        return None
    return np.unique(known, return_counts=True)[1].astype(np.float64)


def _is_nominal(counts: NDArray[np.float64]) -> bool:
    """Whether numbers are names: handed out evenly, or with counts that do not rise and fall along them."""
    variance = float(counts.var())
    if variance <= EQUAL_COUNTS * counts.mean():
        return True
    return float((np.diff(counts) ** 2).mean() / 2) >= SMOOTH * variance
