"""Whether the place of a row in the table tells its target: a table sorted by the answer, or written in blocks."""

from collections.abc import Iterator

import numpy as np

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import MOST_BINS, ROWS_PER_BIN, strength
from kiss_bench.tasks.audit.words import percent, skill_words

NOTED_FROM = 0.05
"""Skill of a row's neighbourhood from which the order is worth a word. Always a note: no rung is told the order, folds
are drawn at random over it, a column that gives it away is named by `ids` or `times`. Measured: 0.71 on
tissue_genes, 0.66 on diamonds."""


def row_order(scene: Scene) -> Iterator[Finding]:
    rows = len(scene.rows)
    blocks = int(np.clip(rows // ROWS_PER_BIN, 2, MOST_BINS))
    skill = strength(np.arange(rows, dtype=np.int64) * blocks // max(rows, 1), scene.goal)
    if skill >= NOTED_FROM:
        yield Finding(
            check="row_order",
            level="note",
            sentence=(
                f"The place of a row in the table tells {percent(skill)} {skill_words(scene.goal.classes)}, in "
                f"{blocks} blocks: rows are sorted, or were collected in batches. If the order is one of time, set "
                f"data.time; if batches belong together, name a column of theirs in data.group."
            ),
            figures={"skill": skill, "blocks": float(blocks)},
        )
