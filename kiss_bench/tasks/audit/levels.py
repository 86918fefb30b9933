"""Single levels that nearly fix the class: a value that is only ever written down once the answer is known."""

from collections.abc import Iterator

import numpy as np

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.purity import pure_levels
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.words import percent, remedy
from kiss_bench.tasks.task import Column

FEW_VALUES = 10
"""Distinct values up to which the values of a number are looked at as levels, as codes are."""


def levels(scene: Scene) -> Iterator[Finding]:
    if not scene.goal.classes:
        return
    found = [finding for column in scene.task.columns if (finding := _finding(scene, column))]
    yield from sorted(found, key=lambda finding: (-finding.figures["odds"], finding.columns))


def _finding(scene: Scene, column: Column) -> Finding | None:
    values = scene.cells[column.name]
    gone = np.isnan(values)
    if column.kind == "date" or gone.all():
        return None
    known, found = np.unique(values[~gone], return_inverse=True)
    if column.kind == "number" and len(known) > FEW_VALUES:
        return None
    codes = np.full(len(values), len(known), dtype=np.int64)  # gaps are told of by `missingness`
    codes[~gone] = found
    labels = scene.goal.target.astype(np.int64)
    pure = [level for level in pure_levels(codes, labels, scene.goal.classes) if level.code < len(known)]
    if not pure:
        return None
    first, name = pure[0], column.name
    level = _level(scene, column, float(known[first.code]))
    more = f" ({len(pure)} levels of it are as telling)" if len(pure) > 1 else ""
    return Finding(
        check="levels",
        level="question",
        columns=(name,),
        sentence=(
            f"Of {first.rows:,} rows with {name!r} = {level}, {first.hits:,} are {scene.label(first.label)!r}, "
            f"which {percent(first.base)} of all rows are{more}. {remedy(name)}"
        ),
        figures={
            "rows": float(first.rows),
            "share": first.hits / first.rows,
            "base": first.base,
            "odds": first.odds,
            "levels": float(len(pure)),
        },
    )


def _level(scene: Scene, column: Column, value: float) -> str:
    if column.kind == "category":
        return repr(str(scene.task.frame[column.name].cat.categories[int(value)]))
    return f"{value:g}"
