"""What a run would do, said before it does it."""

from tabulate import tabulate

from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.power import Outlook, smallest_gain
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import Step
from kiss_bench.runs.judging import terms_of, tested_rows
from kiss_bench.runs.units import arms_of, rung_facts


def planned_text(exam: Exam) -> str:
    """Ladder, folds, number of fits, and the smallest gain that these rows can show."""
    plan, task = exam.plan, exam.task
    splits = exam.folds.of(0)
    table = [_line(exam, step) for step in plan.ladder]
    skipped = [f"skipped: {name}: {reason}" for name, reason in plan.skip.items()]
    sizes = f"{min(len(split.train) for split in splits):,}–{max(len(split.train) for split in splits):,}"
    tests = f"{min(len(split.test) for split in splits):,}–{max(len(split.test) for split in splits):,}"
    notes = [f"note: {note}" for note in (*task.notes, *exam.folds.notes)]
    return "\n".join(
        [
            f"{plan.project}: {len(task.row_id):,} rows, {len(task.columns)} columns, target {plan.target!r}",
            task.why,
            *notes,
            f"metric: {plan.metric.primary}; margin {plan.metric.margin:g} ({plan.metric.margin_unit})",
            f"folds: {len(splits)} {exam.folds.kind}, training on {sizes} rows, testing on {tests}",
            f"tuning: on {plan.folds.inner} inner folds; folds hash {exam.folds.hash[:12]}, root seed {exam.root}",
            "",
            tabulate(table, headers="keys", disable_numparse=True, maxcolwidths=[None, 16, None, None, 36]),
            *skipped,
            "",
            f"fits: {fits_of(exam):,} at the most (pruning saves some)",
            _power(exam),
        ]
    )


def _line(exam: Exam, step: Step) -> dict[str, str]:
    rung = rung_facts(step)
    space = ", ".join(line.name for line in rung.space(exam.task.kind))
    return {
        "level": f"{step.level:g}",
        "rung": step.name,
        "arms": " + ".join(arms_of(exam, step, quick=False)),
        "trials": str(step.trials) if step.trials else "–",
        "tuned": space or "–",
    }


def fits_of(exam: Exam) -> int:
    """Estimators fitted by a run in which nothing is pruned; the stack fits none."""
    folds, total = len(exam.folds.of(0)), 0
    for step in exam.plan.ladder:
        if rung_facts(step).blends:
            continue
        tuned = "tuned" in arms_of(exam, step, quick=False)
        total += folds * (2 + step.trials * exam.plan.folds.inner if tuned else 1)
    return total


def _power(exam: Exam) -> str:
    terms, rows = terms_of(exam), tested_rows(exam)
    once = exam.folds.kind == "forward"
    outlook = Outlook(
        rows=len(rows), folds=len(exam.folds.of(0)), repeats=1, rungs=max(len(exam.plan.ladder) - 1, 1), once=once
    )
    gain = smallest_gain(exam.task.y[rows], terms, outlook)
    name = METRICS[terms.metric].name
    return (
        f"smallest gain these rows can show: about {gain:.3g} {name} (four times in five; assumes that "
        f"the losses of two rungs differ from row to row by {outlook.spread:g} of the dummy's mean loss)"
    )
