"""The leak audit of an exam, and of the function that prepared its rows."""

from dataclasses import replace

from kiss_bench.evaluation.exam import Exam
from kiss_bench.tasks.audit import Audit, audit
from kiss_bench.tasks.audit.prepared import CHECK, prepare_findings
from kiss_bench.tasks.audit.run import RANK
from kiss_bench.tasks.task import Table


def audit_of(exam: Exam, table: Table) -> Audit:
    """Everything found before anything is fitted, worst first; `table` is what the exam was made of."""
    found, plan = audit(exam.task, exam.folds, exam.plan), exam.plan
    if plan.data.prepare is None and plan.data.loader is None:
        return found
    probed = prepare_findings(plan, table, exam.root)
    together = sorted((*probed, *found.findings), key=lambda finding: RANK[finding.level])
    return replace(found, findings=tuple(together), checks=(*found.checks, CHECK))
