"""From outcomes to the judgement: what the judge is shown, and in which order."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kiss_bench.engines.mapping import each
from kiss_bench.evaluation.arithmetic import level_here
from kiss_bench.evaluation.exam import Exam, Outcome, Place
from kiss_bench.judge.climb import contested, judge
from kiss_bench.judge.contrasts import set_exam
from kiss_bench.judge.judgement import Candidate, Codes, Floats, Judged, Judgement, Rows, Terms
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.runs.units import Progress, arms_of, escalates, is_controlled, repeats_drawn, rung_facts
from kiss_bench.tasks.labels import labels_of
from kiss_bench.tuning.record.complete import lacks

FIRST = 0


def judge_progress(progress: Progress) -> Judgement:
    """The judgement of all arms that are complete; wants every default arm to have ended on the first repeat."""
    return judge(candidates_of(progress), judged_rows(progress.exam, tested_rows(progress.exam)), terms_in(progress))


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
    exam = progress.exam
    rows = tested_rows(exam)
    candidates = [_candidate(progress, step, rows) for step in exam.plan.ladder]
    skipped = [
        Candidate(rung=name, level=level_of(name), status="skipped", reason=why) for name, why in exam.plan.skip.items()
    ]
    return sorted([*candidates, *skipped], key=lambda candidate: candidate.level)


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
    set_exam(judged_rows(exam, tested_rows(exam)), terms_of(exam))


def tested_rows(exam: Exam) -> NDArray[np.int64]:
    """Ascending positions of all rows that are in some test part of the first repeat."""
    return np.sort(np.concatenate([split.test for split in exam.folds.of(FIRST)]))


def judged_rows(exam: Exam, rows: NDArray[np.int64]) -> Rows:
    """What the judge is told of the rows: they are the same in every repeat, in other folds."""
    task, splits = exam.task, exam.folds.splits
    fold = np.empty((repeats_drawn(exam), len(task.row_id)), dtype=np.int64)
    for split in splits:
        fold[split.repeat, split.test] = split.fold
    return Rows(
        actual=task.y[rows],
        fold=fold[:, rows],
        group=task.group[rows] if task.group is not None and exam.folds.kind != "forward" else None,
        time=task.time[rows] if task.time is not None and exam.folds.kind == "forward" else None,
        n_train=float(np.mean([len(split.train) for split in splits])),
        weight=task.weight[rows] if task.weight is not None else None,
    )


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


def _candidate(progress: Progress, step: Step, rows: NDArray[np.int64]) -> Candidate:
    """One rung with the repeats that all its arms have completed, of those that have completed any."""
    exam = progress.exam
    arms: dict[Arm, list[tuple[Outcome, ...]]] = {}
    reason = ""
    for arm in arms_of(exam, step, quick=progress.quick):
        outcomes = progress.found(step, arm)
        reason = reason or failure_of(outcomes) or incomplete(exam, step, outcomes)
        if whole := whole_repeats(exam, outcomes):
            arms[arm] = whole
    if is_controlled(exam, step, quick=progress.quick):  # one that failed is told in the record, and is no rung's fault
        ended = [found for found in progress.found(step, "random") if found is not None and found.status == "ok"]
        reason = reason or incomplete(exam, step, ended)
    if reason or "default" not in arms:
        return Candidate(rung=step.name, level=step.level, status="failed", reason=reason or "still running")
    shared = min(len(repeats) for repeats in arms.values())
    seen = {arm: whole[:shared] for arm, whole in arms.items()}
    cut = {arm: whole for arm, whole in seen.items() if whole[0][0].threshold is not None}
    return Candidate(
        rung=step.name,
        level=step.level,
        comparable=comparable(exam, step, quick=progress.quick),
        predictions={arm: np.stack([pooled(exam, one, rows) for one in whole]) for arm, whole in seen.items()},
        predicted={arm: np.stack([pooled_labels(exam, one, rows) for one in whole]) for arm, whole in cut.items()},
    )


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


def whole_repeats(exam: Exam, outcomes: Sequence[Outcome | None]) -> list[tuple[Outcome, ...]]:
    """The outcomes of an arm by repeat, from the first on, as far as every fold is there."""
    folds = len(exam.folds.of(FIRST))
    fine = [outcome for outcome in outcomes if outcome is not None and outcome.prediction is not None]
    by_repeat = [tuple(one for one in fine if one.repeat == repeat) for repeat in range(len(outcomes) // folds)]
    return list(itertools.takewhile(lambda repeat: len(repeat) == folds, by_repeat))


def pooled(exam: Exam, outcomes: Sequence[Outcome], rows: NDArray[np.int64]) -> Floats:
    """Predictions of one arm in one repeat for `rows`, (n,) or (n, k)."""
    found = [(outcome, outcome.prediction) for outcome in outcomes if outcome.prediction is not None]
    whole = np.full((len(exam.task.row_id), *found[0][1].shape[1:]), np.nan)
    for outcome, values in found:
        whole[exam.split(outcome.repeat, outcome.fold).test] = values
    return np.asarray(whole[rows])


def pooled_labels(exam: Exam, outcomes: Sequence[Outcome], rows: NDArray[np.int64]) -> Codes:
    """(n,) class codes of the same, after each fold's own threshold."""
    whole = np.full(len(exam.task.row_id), -1, dtype=np.int64)
    for outcome in outcomes:
        assert outcome.prediction is not None
        codes = labels_of(outcome.prediction, outcome.threshold, exam.task.positive)
        whole[exam.split(outcome.repeat, outcome.fold).test] = codes
    return whole[rows]


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
