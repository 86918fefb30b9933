"""From outcomes to the judgement: what the judge is shown, and in which order."""

from collections.abc import Sequence
from dataclasses import replace

from kiss_bench.engines.local import each
from kiss_bench.evaluation.arithmetic import level_here
from kiss_bench.evaluation.exam import Exam, Outcome, Place
from kiss_bench.judge.contrasts import set_exam
from kiss_bench.judge.judgement import Candidate, Judged, Judgement, Terms
from kiss_bench.judge.ladder import contested, judge
from kiss_bench.judge.predictions import Predicted, Predictions, whole_repeats
from kiss_bench.plan.plan import Arm, Plan, Step
from kiss_bench.runs.trials import lacks
from kiss_bench.runs.units import Progress, arms_of, escalates, is_controlled, repeats_drawn, rung_facts


def judge_progress(progress: Progress) -> Judgement:
    """The judgement of all arms that are complete; wants every default arm to have ended on the first repeat."""
    return judge(candidates_of(progress), predictions_of(progress), terms_in(progress))


def judge_at_level(progress: Progress) -> Judgement:
    """The same at the level of arithmetic of the units: in a process of its own where this one has another.

    A notebook has loaded NumPy before, and its digest is to be that of the command line.
    """
    if progress.exam.level in {"", level_here()}:
        return judge_progress(progress)
    fitted = {place: outcome for place, outcome in progress.outcomes.items() if outcome.purpose != "blend"}
    [(_, (blended, judgement))] = each(_judged, replace(progress, outcomes=fitted), (None,), jobs=1)
    progress.outcomes.update(blended)
    return judgement


def _judged(progress: Progress, _: None) -> tuple[dict[Place, Outcome], Judgement]:
    """What the stack came to in this process, and the judgement of all."""
    progress = replace(progress, outcomes=dict(progress.outcomes))
    judgement = judge_progress(progress)
    return {place: one for place, one in progress.outcomes.items() if one.purpose == "blend"}, judgement


def terms_in(progress: Progress) -> Terms:
    """The terms of the exam as this run of it has them."""
    return replace(terms_of(progress.exam), escalates=progress.escalates)


def candidates_of(progress: Progress) -> list[Candidate]:
    """The ladder as the judge is shown it, simplest rung first."""
    plan = progress.exam.plan
    return ladder_of(plan, [_candidate(progress, step) for step in plan.ladder])


def ladder_of(plan: Plan, candidates: Sequence[Candidate]) -> list[Candidate]:
    """These and the rungs that the plan skips, simplest first."""
    skipped = [
        Candidate(rung=name, level=level_of(name), status="skipped", reason=why) for name, why in plan.skip.items()
    ]
    return sorted([*candidates, *skipped], key=lambda candidate: candidate.level)


def predictions_of(progress: Progress) -> Predictions:
    """What every arm that climbs has said so far."""
    exam = progress.exam
    arms = [(step, arm) for step in exam.plan.ladder for arm in arms_of(exam, step, quick=progress.quick)]
    return Predictions.of_outcomes(exam, {(step.name, arm): progress.found(step, arm) for step, arm in arms})


def predicted_by(progress: Progress, rung: str | None, arm: str | None) -> Predicted | None:
    """What one arm said in the repeats it has whole; None while it has none, or of no rung of this ladder."""
    step = next((step for step in progress.exam.plan.ladder if step.name == rung), None)
    if step is None:
        return None
    known: Arm = "tuned" if arm == "tuned" else "default"
    found = {(step.name, known): progress.found(step, known)}
    return Predictions.of_outcomes(progress.exam, found).of(step.name).get(known)


def still_contested(progress: Progress, judgement: Judgement) -> Judged | None:
    """The first rung that more repeats could promote over its incumbent, where the plan has some left for them."""
    entry = contested(judgement) if progress.escalates else None
    if entry is None or entry.comparison is None:
        return None
    return entry if entry.comparison.repeats < repeats_drawn(progress.exam) else None


def ask_again(progress: Progress, judgement: Judgement) -> Judged | None:
    """The first contested rung, once its repeats and its incumbent's are asked for; None where nothing is left to ask.

    One pair at a time, since its outcome decides whom the later rungs meet.
    """
    entry = still_contested(progress, judgement)
    if entry is None or entry.incumbent is None:
        return None
    return entry if progress.repeat((entry.rung, entry.incumbent)) else None


def check_judgeable(exam: Exam) -> None:
    """Raises what the judge would raise after all the work; asks it of every repeat, since any may be needed.

    That is FoldError and DataError for rows that decide nothing, KissBenchError for a metric without an error bar.
    """
    set_exam(Predictions.of_outcomes(exam, {}), terms_of(exam))


def terms_of(exam: Exam) -> Terms:
    plan = exam.plan
    return Terms(
        task=exam.task.kind,
        metric=plan.metric.primary or "",
        margin=plan.metric.margin,
        margin_unit=plan.metric.margin_unit,
        scheme=exam.folds.kind,
        alpha=plan.alpha,
        also=plan.metric.also,
        positive=exam.task.positive,
        multiplicity=plan.multiplicity,
        escalates=escalates(exam),
    )


def _candidate(progress: Progress, step: Step) -> Candidate:
    """One rung: failed where a unit of it did, or its record is not whole."""
    exam, reason, ended = progress.exam, "", True
    for arm in arms_of(exam, step, quick=progress.quick):
        outcomes = progress.found(step, arm)
        reason = reason or failure_of(outcomes) or incomplete(exam, step, outcomes)
        ended = ended and (arm != "default" or bool(whole_repeats(exam, outcomes)))
    if is_controlled(exam, step, quick=progress.quick):  # one that failed is told in the record, and is no rung's fault
        random = [found for found in progress.found(step, "random") if found is not None and found.status == "ok"]
        reason = reason or incomplete(exam, step, random)
    if reason or not ended:
        return Candidate(rung=step.name, level=step.level, status="failed", reason=reason or "still running")
    fair = comparable(exam, step, quick=progress.quick)
    return Candidate(rung=step.name, level=step.level, comparable=fair)


def incomplete(exam: Exam, step: Step, outcomes: Sequence[Outcome | None]) -> str:
    """What the tuning record of an arm lacks: without it the rung is not judged. Empty where it is whole."""
    space = rung_facts(step).space(exam.task.kind)
    for outcome in outcomes:
        if outcome is not None and outcome.purpose == "search" and (told := lacks(space, step.trials, outcome)):
            return f"its tuning record is incomplete: repeat {outcome.repeat}, fold {outcome.fold} lacks {told}"
    return ""


def failure_of(outcomes: Sequence[Outcome | None]) -> str:
    """Why an arm failed, naming the first failed fold and counting the rest; empty where none did."""
    failed = [outcome for outcome in outcomes if outcome is not None and outcome.status == "failed"]
    if not failed:
        return ""
    first = failed[0]
    more = f" (and {len(failed) - 1} more of {len(outcomes)} folds)" if len(failed) > 1 else ""
    repeat = f"repeat {first.repeat}, " if any(outcome and outcome.repeat for outcome in outcomes) else ""
    where = f"{first.arm} arm, {repeat}fold {first.fold}{more}"
    return f"{where}: {first.reason}" if first.error == "BaseFailed" else f"{where}: {first.error}: {first.reason}"


def comparable(exam: Exam, step: Step, *, quick: bool) -> bool:
    """False where this rung, or one it blends, had more trials than a tuned rung below it: that proves nothing."""
    below = [other for other in exam.plan.ladder if other.level < step.level]
    if rung_facts(step).blends:
        return all(comparable(exam, other, quick=quick) for other in below)
    if quick or not rung_facts(step).space(exam.task.kind):
        return True
    tuned = [other for other in below if rung_facts(other).space(exam.task.kind)]
    return all(other.trials >= step.trials for other in tuned)


def level_of(name: str) -> float:
    """The level of a rung that ships; above all others for any other name."""
    from kiss_bench.rungs import shipped_rungs

    rungs = shipped_rungs()
    return rungs[name].level if name in rungs else float("inf")
