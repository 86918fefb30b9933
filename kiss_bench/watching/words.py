"""What the events of a run have to say, wherever it is read."""

from kiss_bench.evaluation.exam import Outcome, Unit
from kiss_bench.plan.plan import Step
from kiss_bench.reports.checks import asked_lines
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.runs.board import notes_of
from kiss_bench.runs.execution import Event
from kiss_bench.runs.units import Progress, repeats_drawn, repeats_of_all

LONGEST_REASON = 240


def opening(progress: Progress, todo: int) -> list[str]:
    """What was understood, before anything is fitted."""
    exam, total = progress.exam, len(progress.units())
    plan, task = exam.plan, exam.task
    splits, repeats = exam.folds.of(0), repeats_of_all(exam)
    often = f" drawn {repeats} times" if repeats > 1 else ""
    studies = [step for step in plan.ladder if step.trials and not progress.quick]
    tuned = f"{_rungs(len(studies))} tuned, with {plan.tuning.trials} trials on {plan.folds.inner} inner folds"
    lines = [
        f"{plan.project}: {len(task.row_id):,} rows, {len(task.columns)} columns, target {plan.target!r}. {task.why}",
        f"{len(splits)} {exam.folds.kind} folds{often}, metric {plan.metric.primary}, {len(plan.ladder)} rungs",
        tuned if studies else "default settings only, nothing is tuned",
    ]
    lines += [f"note: {note}" for note in notes_of(exam)]
    lines += asked_lines(progress.audit)
    if todo < total:
        lines.append(f"{total - todo} of {total} units are in the store already, {todo} to do")
    return [clean(line) for line in lines]


def contested_line(event: Event) -> str:
    """Which pair is repeated, and how much work that is."""
    entry, units = event.contested, len(event.todo) + event.stored
    assert entry is not None
    more = repeats_drawn(event.progress.exam) - repeats_of_all(event.progress.exam)
    stored = f", {event.stored} of them in the store already" if event.stored else ""
    draws = f"{more} more draws of the folds, {units} units{stored}"
    return f"{entry.rung} against {entry.incumbent} is contested: {draws}"


def beside_line(event: Event) -> str:
    """Which exam beside the real one begins, and how much work that is."""
    stored = f", {event.stored} more are in the store already" if event.stored else ""
    return f"{event.reason}: {len(event.todo)} units to do{stored}"


def told_line(event: Event) -> str | None:
    """What an event has to say for itself, wherever the run stands; None for one that is shown otherwise."""
    if event.kind == "damaged" and event.unit is not None:
        return f"unit {event.unit.name} in .units is damaged ({event.reason}); it is run again"
    if event.kind in ("exported", "warning"):
        return clean(f"{event.kind}: {event.reason}")
    if event.kind == "rerun":
        return clean(event.reason)
    if event.kind == "looking":
        return clean(f"looking at {event.reason}")
    if event.kind == "stopping":
        units = "unit" if event.under_way == 1 else f"{event.under_way} units"
        return f"finishing the {units} under way; Ctrl-C again stops at once"
    return None


class Failures:
    """Tells of each failure once: the same error of the same rung in its other folds is not news."""

    def __init__(self) -> None:
        self.told: set[tuple[str, str, str]] = set()

    def line(self, unit: Unit | None, found: Outcome | None) -> str | None:
        """A line for a failed unit; None for one that did not fail, or failed as another one has."""
        if unit is None or found is None or found.status == "ok":
            return None
        reason = shortened(f"{found.error}: {found.reason}", LONGEST_REASON)
        if (unit.step.name, unit.arm, reason) in self.told:
            return None
        self.told.add((unit.step.name, unit.arm, reason))
        return f"FAILED {unit.name}: {reason}"


def ended_words(progress: Progress, step: Step, arm: str, *, failures_told: bool) -> str:
    """How an arm of a rung ended whose units are all in; to fail on a placebo target is no failure of the run."""
    ended = [one for one in progress.outcomes.values() if one.rung == step.name and one.arm == arm]
    failed = sum(one.status != "ok" for one in ended)
    word = "FAILED" if failures_told else "has no score"
    how = f"{word} in {failed} of {len(ended)} units" if failed else "is complete"
    return f"{clean(step.name)} ({arm}) {how}"


def _rungs(count: int) -> str:
    return "1 rung is" if count == 1 else f"{count} rungs are"
