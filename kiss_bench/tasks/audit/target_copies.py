"""Columns that are the target in another dress: the same labels, the same order, a cut-off, or an exact sum."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.tasks.audit.exact_sums import exact_sums
from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.strength import Numbers
from kiss_bench.tasks.audit.words import remedy

KAPPA_ASKED = 0.7
"""Agreement of few levels with the classes that is asked about. A copy with 10 % of its labels changed has 0.8;
measured on honest columns: 0.27 at most (credit_scoring, Records)."""
KAPPA_LEAK = 0.99
"""Agreement beyond which only slips of the pen are left."""
EXTRA_LEVELS = 2
"""Levels beyond the number of classes that a copy may have: a gap, and a rest."""
FIVE_SIGMA = 5.0
"""Agreement times the root of the rows, from which chance is out of the question in tables of any width."""
ORDER_LEAK = 0.999
"""Rank correlation with the target from which a column is the target, bent. Measured on honest columns: 0.96."""
CUT_LEAK = 0.999
"""Area under the ROC curve from which a cut-off separates two classes. Measured on honest columns: 0.95 at most."""
WORTH_A_LOOK = 0.5
"""Skill alone below which neither order nor cut-off can be that good."""


def target_copies(scene: Scene) -> Iterator[Finding]:
    found = list(_agreeing(scene) if scene.goal.classes else _ordered(scene))
    if scene.goal.classes == 2:
        known = {finding.columns for finding in found}
        found += [finding for finding in _cut(scene) if finding.columns not in known]
    if not scene.goal.classes:
        found += exact_sums(scene, {name for finding in found for name in finding.columns})
    yield from sorted(found, key=lambda finding: (finding.level != "leak", -next(iter(finding.figures.values()))))


def agreement(codes: NDArray[np.int64], labels: NDArray[np.int64], classes: int) -> float:
    """Cohen's kappa (1960) between the classes and the majority class of each code."""
    table = np.zeros((int(codes.max()) + 1, classes))
    np.add.at(table, (codes, labels), 1)
    said = np.bincount(table.argmax(axis=1), weights=table.sum(axis=1), minlength=classes) / len(labels)
    expected = float((said * table.sum(axis=0)).sum() / len(labels))
    return 0.0 if expected >= 1 else float((table.max(axis=1).sum() / len(labels) - expected) / (1 - expected))


def _agreeing(scene: Scene) -> Iterator[Finding]:
    labels = scene.goal.target.astype(np.int64)
    for column in scene.task.columns:
        if (np.bincount(scene.codes[column.name]) > 0).sum() > scene.goal.classes + EXTRA_LEVELS:
            continue  # bins are never more than values
        distinct, codes = np.unique(scene.cells[column.name], return_inverse=True)
        values = len(distinct)
        if values > scene.goal.classes + EXTRA_LEVELS:
            continue
        kappa = agreement(codes, labels, scene.goal.classes)
        if kappa >= KAPPA_ASKED and kappa * np.sqrt(len(labels)) >= FIVE_SIGMA:
            yield Finding(
                check="target_copies",
                level="leak" if kappa >= KAPPA_LEAK else "question",
                columns=(column.name,),
                sentence=(
                    f"The {values} values of {column.name!r} stand for the classes of the target, with "
                    f"an agreement of {kappa:.3f} (1 is a copy, 0 is chance). {remedy(column.name)}"
                ),
                figures={"kappa": kappa},
            )


def _numbers(scene: Scene, least: float) -> Iterator[tuple[str, Numbers]]:
    """Columns of numbers that say at least so much, strongest first."""
    for name, skill in scene.strengths.items():
        if skill < least:
            return
        if scene.kinds[name].kind in ("number", "date"):
            yield name, scene.cells[name]


def _ordered(scene: Scene) -> Iterator[Finding]:
    for name, values in _numbers(scene, WORTH_A_LOOK):
        known = ~np.isnan(values)
        ranks = pd.Series(values[known]).rank().to_numpy()
        target = pd.Series(scene.goal.target[known]).rank().to_numpy()
        if 2 * known.sum() < len(known) or not ranks.std() or not target.std():
            continue
        rho = float(np.corrcoef(ranks, target)[0, 1])
        if abs(rho) >= ORDER_LEAK:
            yield Finding(
                check="target_copies",
                level="leak",
                columns=(name,),
                sentence=(
                    f"{name!r} {'rises' if rho > 0 else 'falls'} with the target, row for row (rank correlation "
                    f"{rho:.4f}): it is the target in another unit. {remedy(name)}"
                ),
                figures={"rank_correlation": abs(rho)},
            )


def _cut(scene: Scene) -> Iterator[Finding]:
    for name, values in _numbers(scene, WORTH_A_LOOK):
        known = ~np.isnan(values)
        one = scene.goal.target[known] == 1
        ones, noughts = int(one.sum()), int((~one).sum())
        if 2 * known.sum() < len(known) or not ones or not noughts:
            continue
        ranks = pd.Series(values[known]).rank().to_numpy()
        area = (ranks[one].sum() - ones * (ones + 1) / 2) / (ones * noughts)
        area = float(max(area, 1 - area))
        if area >= CUT_LEAK:
            yield Finding(
                check="target_copies",
                level="leak",
                columns=(name,),
                sentence=(
                    f"A cut-off in {name!r} separates the two classes (area under the ROC curve {area:.4f}). "
                    f"{remedy(name)}"
                ),
                figures={"roc_auc": area},
            )
