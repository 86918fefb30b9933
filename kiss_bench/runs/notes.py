"""What was done to the data and the ladder, one sentence each, as the board says it."""

from kiss_bench.evaluation.exam import Exam
from kiss_bench.runs.units import rung_facts


def notes_of(exam: Exam) -> tuple[str, ...]:
    seed = (f"The seed {exam.plan.seed} was set by hand.",) if exam.plan.seed is not None else ()
    return (*seed, *adapted_notes(exam), *exam.task.notes, *exam.folds.notes, *thinned_notes(exam))


def adapted_notes(exam: Exam) -> tuple[str, ...]:
    """Where the plan comes from, and who has another space than it ships with for no reason given."""
    parent = exam.plan.parent
    said = [f"Adapted from {parent.project}: what changed, and what it did, is in tuning.md."] if parent else []
    for step in exam.plan.ladder:
        if step.estimator is None and step.space and not step.reason:
            silent = [name for name, spec in step.space.items() if not spec.get("reason")]
            if silent:
                said.append(f"Nobody said why {step.name} has another space: {', '.join(silent)}; write a `reason`.")
    return tuple(said)


def thinned_notes(exam: Exam) -> tuple[str, ...]:
    """Who learns from fewer rows than there are, one sentence each."""
    longest = max(len(split.train) for split in exam.folds.splits)
    few: dict[int, list[str]] = {}
    for step in exam.plan.ladder:
        if 0 < (most := rung_facts(step).most_rows or 0) < longest:
            few.setdefault(most, []).append(step.name)
    said = [f"Of {longest:,} training rows {', '.join(few[most])} use {most:,}, drawn by seed." for most in sorted(few)]
    if exam.plan.tuning.rows is not None and exam.plan.tuning.rows < longest:
        said.append(f"Studies use {exam.plan.tuning.rows:,} of {longest:,} training rows, the same for every rung.")
    return tuple(said)
