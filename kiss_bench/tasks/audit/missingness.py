"""Columns whose gaps tell the target: filled in only once the answer was known, or for one class alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.purity import PureLevel, pure_levels
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import strength
from kiss_bench.tasks.audit.words import percent, remedy, skill_words

LEAK_FROM = 0.9
"""Skill of the gaps alone from which there is no innocent reading. Measured: 0.88 to 0.999 where it was planted."""
ASKED_FROM = 0.5
"""Skill of the gaps alone that is asked about. Measured on honest columns: 0.16 at most (ames, Mas_Vnr_Type)."""


def missingness(scene: Scene) -> Iterator[Finding]:
    found = []
    for column in scene.task.columns:
        gone = np.isnan(scene.cells[column.name])
        if gone.any() and not gone.all():
            finding = _finding(scene, column.name, gone)
            if finding:
                found.append(finding)
    yield from sorted(found, key=lambda finding: (-finding.figures["skill"], finding.columns))


def _finding(scene: Scene, name: str, gone: NDArray[np.bool_]) -> Finding | None:
    codes = gone.astype(np.int64)
    skill = strength(codes, scene.goal)
    pure = (
        next(pure_levels(codes, scene.goal.target.astype(np.int64), scene.goal.classes), None)
        if (scene.goal.classes)
        else None
    )
    if skill < ASKED_FROM and pure is None:
        return None
    share = float(gone.mean())
    told = _told(scene, pure) if pure else ""
    figures = {"skill": skill, "missing": share}
    if pure:
        figures |= {"rows": float(pure.rows), "share": pure.hits / pure.rows, "base": pure.base}
    return Finding(
        check="missingness",
        level="leak" if skill >= LEAK_FROM else "question",
        columns=(name,),
        sentence=(
            f"Whether {name!r} is missing ({percent(share)} of rows) tells {percent(max(skill, 0.0))} "
            f"{skill_words(scene.goal.classes)}{told}. {remedy(name)}"
        ),
        figures=figures,
    )


def _told(scene: Scene, pure: PureLevel) -> str:
    where = "missing" if pure.code else "filled in"
    return (
        f": where it is {where}, {pure.hits:,} of {pure.rows:,} rows are {scene.label(pure.label)!r}, "
        f"against {percent(pure.base)} of all rows"
    )
