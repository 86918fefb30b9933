"""What was done to the data and the ladder, one sentence each, as the board says it."""

from kiss_bench.evaluation.arithmetic import is_v3
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Step
from kiss_bench.runs.units import rung_facts


def notes_of(exam: Exam) -> tuple[str, ...]:
    seed = (f"The seed {exam.plan.seed} was set by hand.",) if exam.plan.seed is not None else ()
    told = (*adapted_notes(exam), *exam.task.notes, *exam.folds.notes, *thinned_notes(exam))
    return (*seed, *told, *level_notes(exam))


def level_notes(exam: Exam) -> tuple[str, ...]:
    """At which level of arithmetic the digest holds, where that is not the one of every x86-64 processor."""
    if not exam.level or is_v3(exam.level):
        return ()
    return (f"The digest holds at the level of arithmetic {exam.level}; another level changes last digits.",)


def adapted_notes(exam: Exam) -> tuple[str, ...]:
    """Where the plan comes from, and which shipped rung is tuned otherwise than it ships for no reason given."""
    parent = exam.plan.parent
    said = [f"Adapted from {parent.project}: what changed, and what it did, is in tuning.md."] if parent else []
    for step in exam.plan.ladder:
        changed = [] if step.estimator is not None or step.reason else _changes(step, exam.plan.tuning.trials)
        if changed:
            said.append(f"Nobody said why {step.name} is not as it ships: {', '.join(changed)}; write a `reason`.")
    return tuple(said)


def _changes(step: Step, budget: int) -> list[str]:
    """What a ladder entry has of its own, and not explained in place."""
    space = [f"space of {name}" for name, spec in (step.space or {}).items() if not spec.get("reason")]
    trials = [f"{step.trials} trials"] if step.trials not in (0, budget) else []
    return [*space, *(f"setting {name}" for name in step.settings), *trials]


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
