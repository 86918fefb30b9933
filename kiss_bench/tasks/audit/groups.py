"""Columns that look like a person, a machine or a street whose rows belong together, while no group is declared."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import Numbers, strength
from kiss_bench.tasks.audit.words import key, percent, yes
from kiss_bench.tasks.task import Column

FEWEST_LEVELS = 30
"""Distinct values below which a column describes rather than names."""
ROWS_PER_LEVEL = (2.0, 60.0)
"""Rows a value has on average: at least a pair, and few enough to know each by heart."""
EVEN = 0.5
"""Least ratio of the effective number of levels (1 / sum of squared shares, Simpson 1949) to their number: groups are
of like size, an attribute has a few large levels. Measured: 0.97 on US states; 0.4 at most on titles and agents."""
KNOWN_BY_HEART = 15.0
"""Rows a level of a text has on average up to which it is a name by that alone; US states have more in most tables."""
EQUAL_COUNTS = 0.5
"""Variance of the counts over their mean, which is 1 for numbers drawn at random, up to which numbers were handed out
evenly. Measured on honest whole numbers of that shape: 9 at least."""
TOGETHER = 0.5
"""Share of neighbouring rows with the same value from which rows of one value were written down together. Measured on
honest columns of that shape: 0.04 at most."""
RECOGNISED = 0.1
"""Skill that single values have beyond ranges of them, from which a value stands for its own rows. Measured on honest
numbers of that shape: 0.002 at most."""
RANGES = 10
"""Ranges of about equally many rows that single values are held against."""


def groups(scene: Scene) -> Iterator[Finding]:
    found = [finding for column in scene.task.columns if (finding := _finding(scene, column))]
    yield from sorted(found, key=lambda finding: (-finding.figures["levels"], finding.columns))


def _finding(scene: Scene, column: Column) -> Finding | None:
    codes = _codes(scene.whole(column), column)
    if codes is None or not (codes >= 0).any():
        return None
    counts = np.bincount(codes[codes >= 0]).astype(np.float64)
    mean = float(counts.mean())
    even = float(counts.sum() ** 2 / (counts**2).sum() / len(counts))
    if len(counts) < FEWEST_LEVELS or not ROWS_PER_LEVEL[0] <= mean <= ROWS_PER_LEVEL[1] or even < EVEN:
        return None
    is_name = column.kind == "category" and mean <= KNOWN_BY_HEART
    if not is_name and not _belong_together(scene, codes, counts):
        return None
    name = column.name
    return Finding(
        check="groups",
        level="question",
        columns=(name,),
        sentence=(
            f"{name!r} looks group-like: {len(counts):,} values, each in {mean:.1f} rows on average, as evenly as if "
            f"{percent(even)} of them were equally large. Where rows of one value belong together, folds that part "
            f"them let a model recognise instead of predict: set data.group: {key(name)}. If they do not, say so: "
            f"{yes(name)}."
        ),
        figures={"levels": float(len(counts)), "rows_per_level": mean, "even": even},
    )


def _codes(values: Numbers, column: Column) -> NDArray[np.int64] | None:
    """Code of each row's value, in the order of the values, -1 where missing; None for no text and no whole numbers."""
    known = ~np.isnan(values)
    if column.kind not in ("number", "category") or not (values[known] == np.floor(values[known])).all():
        return None
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known] = pd.factorize(values[known], sort=True)[0]
    return codes


def _belong_together(scene: Scene, codes: NDArray[np.int64], counts: NDArray[np.float64]) -> bool:
    """Whether values are handed out evenly, written down together, or tell one by one what ranges of them do not."""
    known = codes[codes >= 0]
    if counts.var() <= EQUAL_COUNTS * counts.mean() or (np.diff(known) == 0).mean() >= TOGETHER:
        return True
    seen = codes[scene.rows] + 1
    before = np.concatenate([[0.0], np.cumsum(counts)[:-1]]) / counts.sum()
    ranges = np.concatenate([[0], 1 + (before * RANGES).astype(np.int64)])
    return strength(seen, scene.goal) - strength(ranges[seen], scene.goal) >= RECOGNISED
