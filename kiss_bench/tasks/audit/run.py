"""The leak audit: every check once, on what is known before anything is fitted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.duplicates import duplicates
from kiss_bench.tasks.audit.findings import Answer, Audit, Finding
from kiss_bench.tasks.audit.groups import groups
from kiss_bench.tasks.audit.ids import ids
from kiss_bench.tasks.audit.levels import levels
from kiss_bench.tasks.audit.missingness import missingness
from kiss_bench.tasks.audit.row_order import row_order
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.single_columns import single_columns
from kiss_bench.tasks.audit.target_copies import target_copies
from kiss_bench.tasks.audit.times import times
from kiss_bench.tasks.task import Folds, Task

Check = Callable[[Scene], Iterator[Finding]]

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "target_copies": target_copies,
        "missingness": missingness,
        "levels": levels,
        "single_columns": single_columns,
        "duplicates": duplicates,
        "groups": groups,
        "times": times,
        "ids": ids,
        "row_order": row_order,
    }
)
"""Check -> how it is made. The order is that of findings within a level."""
SCREEN: Final = ("target_copies", "missingness", "levels", "single_columns")
"""The screen of single columns: a column is told of by the first of these that finds it, the most direct evidence."""
RANK: Final = {"leak": 0, "question": 1, "note": 2}


def audit(task: Task, folds: Folds, plan: Plan) -> Audit:
    """Look for leaks in the rows of `folds`; nothing is fitted but a quick model of at most 5,000 rows.

    Pure and deterministic: samples are drawn with fixed seeds. `plan.reviewed` answers questions. What is no feature is
    not looked at: it can leak nothing.
    """
    scene = Scene(task=task, folds=folds, plan=plan)
    skipped = _skipped(scene)
    found = [
        _answered(finding if scene.enough else _of_few_rows(finding, len(task.y)), plan.reviewed)
        for name, check in CHECKS.items()
        if name not in skipped
        for finding in scene.found(check)
    ]
    return Audit(
        findings=tuple(sorted(_once(found), key=lambda finding: RANK[finding.level])),
        checks=tuple(name for name in CHECKS if name not in skipped),
        skipped=MappingProxyType(skipped),
    )


def _skipped(scene: Scene) -> dict[str, str]:
    data, skipped = scene.plan.data, {}
    if scene.task.group is not None:
        skipped["groups"] = f"data.group: {data.group} is declared, and folds keep its rows together."
    if scene.task.time is not None:
        declared = f"data.time: {data.time} is declared"
        skipped["times"] = f"{declared}, and folds that respect it are drawn."
        skipped["row_order"] = f"{declared}, so that rows are expected to be in an order that means something."
    return skipped


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Tell of a column once within the screen, by the strongest evidence."""
    known: set[str] = set()
    for finding in findings:
        if finding.check in SCREEN:
            if known.issuperset(finding.columns):
                continue
            known.update(finding.columns)
        yield finding


def _of_few_rows(finding: Finding, rows: int) -> Finding:
    if finding.level == "note":
        return finding
    told = f"{finding.sentence} With {rows} rows chance alone does this, so it is no question."
    return replace(finding, level="note", sentence=told)


def _answered(finding: Finding, reviewed: Mapping[str, Any]) -> Finding:
    """Attach the answer to a question: of its columns, where all have one; a `no` counts before a `yes`."""
    if finding.level == "note":
        return finding
    keys = finding.columns or (finding.check,)
    given = [reviewed[key] for key in keys if key in reviewed]
    if len(given) < len(keys):
        return finding
    said = next((each for each in given if not each["answer"]), given[0])
    answer = Answer(answer=bool(said["answer"]), by=str(said["by"]), reason=str(said["reason"]))
    return replace(finding, answer=answer)
