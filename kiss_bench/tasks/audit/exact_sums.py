"""Targets that are an exact weighted sum, or product of powers, of a few columns: parts that are known only with it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene, sampled
from kiss_bench.tasks.audit.strength import Numbers
from kiss_bench.tasks.audit.words import remedy
from kiss_bench.tasks.names import listed

ADDENDS = 20
"""Strongest columns of numbers that are tried together."""
FEW_PARTS = 3
"""Columns up to which a sum has no innocent reading; one of many may be a formula that is known beforehand."""
ROWS_PER_ADDEND = 20
"""Rows a column tried needs, so that no sum fits by its freedom alone."""
ADDEND_ROWS = 5_000
MOST_GAPS = 0.05
"""Share of missing cells beyond which a column is no part of an exact sum."""
EXACT = 1e-6
"""Share of the target's variance that an exact sum may leave, as rounding does."""
CONSTANT = 1e-12
"""Standard deviation of a column of largest size 1 that rounding alone makes."""
COUNTS_FROM = 1e-2
"""Size of a column's share in the sum, in standard deviations of the target, below which it is no part of it."""


def exact_sums(scene: Scene, known: set[str]) -> Iterator[Finding]:
    """Find the columns, but those known already, that make up the target exactly."""
    rows = sampled(len(scene.rows), ADDEND_ROWS)
    y = scaled(scene.task.y[scene.rows][rows].astype(np.float64))
    columns = {
        name: scaled(scene.cells[name][rows])
        for name in scene.strengths
        if scene.kinds[name].kind == "number" and name not in known
    }
    for what, way in (("weighted sum", np.positive), ("product of powers", _logarithm)):
        made = {name: way(values) for name, values in columns.items()}
        parts, unexplained = _parts(made, way(y))
        if parts:
            yield Finding(
                check="target_copies",
                level="leak" if len(parts) <= FEW_PARTS else "question",
                columns=parts,
                sentence=(
                    f"The target is a {what} of {listed(parts)}, which leave {unexplained:.1g} of its variance. "
                    f"{remedy(parts[0])}"
                ),
                figures={"explained": 1 - unexplained, "columns": float(len(parts))},
            )
            return


def scaled(values: Numbers) -> Numbers:
    """Divide by the largest size, so that no square leaves the range of numbers."""
    largest = np.nanmax(np.abs(values), initial=0.0)
    return values / largest if largest > 0 else values


def _logarithm(values: Numbers) -> Numbers:
    return np.log(values, where=values > 0, out=np.full(len(values), np.nan))


def _parts(columns: dict[str, Numbers], y: Numbers) -> tuple[tuple[str, ...], float]:
    """Names of the columns that y is a sum of, strongest first, and the share of variance they leave; none: no sum."""
    names = [name for name, values in columns.items() if np.isnan(values).mean() <= MOST_GAPS]
    names = names[: min(ADDENDS, len(y) // ROWS_PER_ADDEND)]
    for _ in range(2):  # all of them, then those alone that count
        shares, unexplained = _sum_of([columns[name] for name in names], y)
        names = [name for name, share in zip(names, shares, strict=True) if share >= COUNTS_FROM]
        if unexplained > EXACT or not names:
            return (), 1.0
    return tuple(names), unexplained


def _sum_of(columns: list[Numbers], y: Numbers) -> tuple[NDArray[np.float64], float]:
    """Size of each column's share in the least-squares sum, in deviations of y, and the variance it leaves."""
    nothing = np.zeros(len(columns)), 1.0
    if not columns:
        return nothing
    design = np.column_stack(columns)
    known = ~(np.isnan(design).any(axis=1) | np.isnan(y))
    if 2 * known.sum() < len(y) or known.sum() < ROWS_PER_ADDEND * len(columns) / 2:
        return nothing
    design, aim = design[known] - design[known].mean(axis=0), y[known] - y[known].mean()
    deviations, deviation = design.std(axis=0), float(aim.std())
    if deviation <= CONSTANT:
        return nothing
    design = np.where(deviations > CONSTANT, design / np.maximum(deviations, CONSTANT), 0.0)
    weights = np.linalg.lstsq(design, aim / deviation, rcond=None)[0]
    return np.abs(weights), float(((aim / deviation - design @ weights) ** 2).mean())
