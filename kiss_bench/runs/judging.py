"""From outcomes to the judgement: what the judge is shown, and in which order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kiss_bench.evaluation.exam import Exam, Outcome
from kiss_bench.judge.climb import judge
from kiss_bench.judge.contrasts import set_exam
from kiss_bench.judge.judgement import Candidate, Judgement, Rows, Terms
from kiss_bench.plan.plan import Step
from kiss_bench.runs.units import Progress, arms_of, rung_facts

REPEAT = 0


def judge_progress(progress: Progress) -> Judgement:
    """The judgement of all arms that are complete; wants every default arm to have ended."""
    exam = progress.exam
    rows = tested_rows(exam)
    candidates = [_candidate(progress, step, rows) for step in exam.plan.ladder]
    skipped = [
        Candidate(rung=name, level=_level(name), status="skipped", reason=why) for name, why in exam.plan.skip.items()
    ]
    ladder = sorted([*candidates, *skipped], key=lambda candidate: candidate.level)
    return judge(ladder, judged_rows(exam, rows), terms_of(exam))


def check_judgeable(exam: Exam) -> None:
    """Raises what the judge would raise after all the work: FoldError, DataError for rows that decide nothing."""
    set_exam(judged_rows(exam, tested_rows(exam)), terms_of(exam))


def tested_rows(exam: Exam) -> NDArray[np.int64]:
    """Ascending positions of all rows that are in some test part of the first repeat."""
    return np.sort(np.concatenate([split.test for split in exam.folds.of(REPEAT)]))


def judged_rows(exam: Exam, rows: NDArray[np.int64]) -> Rows:
    task, splits = exam.task, exam.folds.of(REPEAT)
    fold = np.empty(len(task.row_id), dtype=np.int64)
    for split in splits:
        fold[split.test] = split.fold
    return Rows(
        actual=task.y[rows],
        fold=fold[rows][None, :],
        group=task.group[rows] if task.group is not None and exam.folds.kind != "forward" else None,
        time=task.time[rows] if task.time is not None and exam.folds.kind == "forward" else None,
        n_train=float(np.mean([len(split.train) for split in splits])),
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
    )


def _candidate(progress: Progress, step: Step, rows: NDArray[np.int64]) -> Candidate:
    exam = progress.exam
    predictions, reason = {}, ""
    for arm in arms_of(exam, step, quick=progress.quick):
        outcomes = progress.found(step, arm)
        reason = reason or failure_of(outcomes)
        whole = pooled(exam, outcomes, rows)
        if whole is not None:
            predictions[arm] = whole[None, :]
    if reason or "default" not in predictions:
        return Candidate(rung=step.name, level=step.level, status="failed", reason=reason or "still running")
    return Candidate(
        rung=step.name,
        level=step.level,
        comparable=comparable(exam, step, quick=progress.quick),
        predictions=predictions,
    )


def failure_of(outcomes: Sequence[Outcome | None]) -> str:
    """Why an arm failed, naming the first failed fold and counting the rest; empty where none did."""
    failed = [outcome for outcome in outcomes if outcome is not None and outcome.status == "failed"]
    if not failed:
        return ""
    first = failed[0]
    more = f" (and {len(failed) - 1} more of {len(outcomes)} folds)" if len(failed) > 1 else ""
    where = f"{first.arm} arm, fold {first.fold}{more}"
    return f"{where}: {first.reason}" if first.error == "BaseFailed" else f"{where}: {first.error}: {first.reason}"


def pooled(exam: Exam, outcomes: Sequence[Outcome | None], rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Predictions of one arm for `rows`, (n,) or (n, k); None unless every fold is there."""
    parts = [outcome for outcome in outcomes if outcome is not None and outcome.prediction is not None]
    if len(parts) < len(outcomes):
        return None
    found = [outcome.prediction for outcome in parts if outcome.prediction is not None]
    whole = np.full((len(exam.task.row_id), *found[0].shape[1:]), np.nan)
    for outcome, values in zip(parts, found, strict=True):
        whole[exam.split(outcome.repeat, outcome.fold).test] = values
    return np.asarray(whole[rows])


def comparable(exam: Exam, step: Step, *, quick: bool) -> bool:
    """False where this rung, or one it blends, had more trials than a tuned rung below it: that proves nothing."""
    below = [other for other in exam.plan.ladder if other.level < step.level]
    if rung_facts(step).blends:
        return all(comparable(exam, other, quick=quick) for other in below)
    if quick or not rung_facts(step).space(exam.task.kind):
        return True
    tuned = [other for other in below if rung_facts(other).space(exam.task.kind)]
    return all(other.trials >= step.trials for other in tuned)


def _level(name: str) -> float:
    from kiss_bench.rungs import shipped_rungs

    rungs = shipped_rungs()
    return rungs[name].level if name in rungs else float("inf")
