"""Dates, and numbers that only ever rise from row to row, while no time column is declared."""

from collections.abc import Iterator

import numpy as np

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.words import key, percent, yes
from kiss_bench.tasks.task import Column

FEWEST_STEPS = 10
"""Rises from row to row below which a sorted column may be an accident."""
IN_ORDER = 0.995
"""Share of steps that go one way, or stay, from which rows are in the order of the column. Measured: 1.0 for years in
tables that are written in order, 0.96 at most where an hour of the day starts anew."""


def times(scene: Scene) -> Iterator[Finding]:
    for column in scene.task.columns:
        if column.kind in ("number", "date") and (finding := _finding(scene, column)):
            yield finding


def _finding(scene: Scene, column: Column) -> Finding | None:
    values = scene.cells[column.name]
    known = values[~np.isnan(values)]
    steps = np.diff(known)
    rises, falls = int((steps > 0).sum()), int((steps < 0).sum())
    trend = max(rises, falls) / max(1, rises + falls)
    is_sorted = max(rises, falls) >= FEWEST_STEPS and trend >= IN_ORDER
    if not is_sorted and column.kind != "date":
        return None
    if column.kind == "number" and bool((np.abs(steps) == 1).all()):
        return None  # a serial number, which `ids` tells of
    name = column.name
    in_order = f"Rows are in the order of {name!r} ({percent(trend)} of its steps go one way)"
    told = in_order if is_sorted else f"{name!r} holds dates"
    return Finding(
        check="times",
        level="question" if is_sorted else "note",
        columns=(name,),
        sentence=(
            f"{told}, and no time is declared. Where a model is to predict what comes later, folds must not train on "
            f"it: set data.time: {key(name)}. If the order of time does not matter, say so: {yes(name)}."
        ),
        figures={"trend": trend, "rises": float(max(rises, falls))},
    )
