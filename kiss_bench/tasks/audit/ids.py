"""Columns that number or name the rows: useless to a model at best, and a trace of how the table was made at worst."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import as_numbers
from kiss_bench.tasks.audit.words import percent, remedy, skill_words
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.task import Column

UNIQUE_TEXT = 0.95
"""Share of distinct values from which text names rows rather than describes them."""
SEQUENCE_SPAN = 3
"""A unique whole number is a sequence where its range is at most this many times the rows, as serial numbers are."""
PREDICTS_FROM = 0.05
"""Skill of a sequence alone from which the order in which rows were written says something of the target."""


def ids(scene: Scene) -> Iterator[Finding]:
    named = []
    for column in scene.task.columns:
        values = scene.frame[column.name].dropna()
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


def _is_unique(values: pd.Series, column: Column) -> bool:
    if len(values) < 20:
        return False
    if column.kind == "category":
        return bool(values.nunique() >= UNIQUE_TEXT * len(values))
    if column.kind != "number":
        return False
    numbers = as_numbers(values, column.kind)
    return bool((numbers == np.floor(numbers)).all()) and bool(values.is_unique)


def _is_sequence(values: pd.Series, scene: Scene) -> bool:
    numbers = as_numbers(values, "number")
    steps = np.diff(numbers)
    span = float(numbers.max() - numbers.min())
    return span <= SEQUENCE_SPAN * len(scene.task.y) or bool((steps > 0).all() or (steps < 0).all())
