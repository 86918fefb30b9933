"""Columns that number or name the rows: useless to a model at best, and a trace of how the table was made at worst."""

from collections.abc import Iterator

import numpy as np

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import Numbers
from kiss_bench.tasks.audit.words import percent, remedy, skill_words
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.task import Column

FEWEST_VALUES = 20
"""Values below which all of them differ by accident."""
UNIQUE_TEXT = 0.95
"""Share of distinct values from which text names rows rather than describes them."""
SEQUENCE_SPAN = 3
"""A unique whole number is a sequence where its range is at most this many times the rows, as serial numbers are."""
PREDICTS_FROM = 0.05
"""Skill of a sequence alone from which the order in which rows were written says something of the target."""


def ids(scene: Scene) -> Iterator[Finding]:
    named = []
    for column in scene.task.columns:
        values = scene.cells[column.name]
        values = values[~np.isnan(values)]
        if not _is_unique(values, column):
            continue
        skill = scene.strengths[column.name]
        if column.kind == "number" and skill >= PREDICTS_FROM and _is_sequence(values, scene):
            yield Finding(
                check="ids",
                level="question",
                columns=(column.name,),
                sentence=(
                    f"{column.name!r} numbers the rows, and alone tells {percent(skill)} "
                    f"{skill_words(scene.goal.classes)}: rows were written down in an order that knows the answer. "
                    f"{remedy(column.name)}"
                ),
                figures={"skill": skill},
            )
        else:
            named.append(column.name)
    if named:
        several = len(named) > 1
        yield Finding(
            check="ids",
            level="note",
            columns=tuple(named),
            sentence=(
                f"{listed(named)} {'have' if several else 'has'} another value in (nearly) every row, as an id has; "
                f"no model learns from that: put {'them' if several else 'it'} into data.drop, or data.id."
            ),
            figures={"columns": float(len(named))},
        )


def _is_unique(values: Numbers, column: Column) -> bool:
    if len(values) < FEWEST_VALUES or column.kind not in ("number", "category"):
        return False
    if column.kind == "number" and not (values == np.floor(values)).all():
        return False
    share = len(np.unique(values)) / len(values)
    return share == 1 or (column.kind == "category" and share >= UNIQUE_TEXT)


def _is_sequence(values: Numbers, scene: Scene) -> bool:
    steps = np.diff(values)
    span = float(values.max() - values.min())
    return span <= SEQUENCE_SPAN * len(scene.task.y) or bool((steps > 0).all() or (steps < 0).all())
