"""From a judgement to the board: costs, seeds, trial counts, hashes and notes put beside the verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kiss_bench.evaluation.arithmetic import is_v3
from kiss_bench.evaluation.exam import Costs, Exam, Outcome
from kiss_bench.evaluation.fit import middle
from kiss_bench.evaluation.thresholds import threshold_metric
from kiss_bench.judge.judgement import Comparison, Judged, Judgement
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import Arm, Step, plan_as_dict
from kiss_bench.records.board import (
    Board,
    BoardRow,
    FoldFacts,
    MetricFacts,
    RecommendedFacts,
    TrialCounts,
)
from kiss_bench.records.frames import digest_of, predictions_frame, trials_frame
from kiss_bench.records.keys import sha256_of
from kiss_bench.runs.judging import still_contested
from kiss_bench.runs.uncertain import interval_facts, reliability_facts
from kiss_bench.runs.units import Progress, arms_of, is_controlled, repeats_of_all, rung_facts
from kiss_bench.tasks.labels import label_text


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


Tables = tuple[pd.DataFrame, pd.DataFrame]
"""Predictions and trials, as the result folder holds them."""
STOPPED = ("TimeLimit", "MemoryLimit", "WorkerDied")
"""Errors of units that were ended from outside: another machine may well end them otherwise."""
SHOWN = ("ok", "provisional")
"""Status of a rung whose predictions are described: all there, and not those of one that failed."""


def board_of(
    progress: Progress, judgement: Judgement, tables: Tables | None = None, seconds: float | None = None
) -> Board:
    """The board as far as the run has come; the digest is empty until it is complete and `tables` are given."""
    exam, plan = progress.exam, progress.exam.plan
    steps = {step.name: step for step in plan.ladder}
    rows = [_row(progress, steps.get(entry.rung), entry) for entry in judgement.entries]
    ended = all(row.status != "running" for row in rows)
    complete = ended and still_contested(progress, judgement) is None
    chosen = judgement.recommended
    judged = any(entry.rung == chosen.rung and entry.status == "ok" for entry in judgement.entries)
    board = Board(
        project=plan.project,
        question=plan.question,
        target=plan.target,
        task=exam.task.kind,
        task_why=exam.task.why,
        positive=None if exam.task.positive is None else label_text(exam.task.labels[exam.task.positive]),
        plan_hash=plan_hash(exam),
        data_hash=exam.task.data_hash,
        folds_hash=exam.folds.hash,
        digest="",
        rows_read=exam.task.rows_read,
        rows=len(exam.task.row_id),
        rows_vault=0 if exam.task.sealed is None else len(exam.task.sealed),
        rows_dropped=exam.task.rows_dropped,
        features=len(exam.task.columns),
        metric=_metric(exam, judgement),
        folds=_folds(progress),
        alpha=plan.alpha,
        replayable=replayable(progress),
        recommended=RecommendedFacts(rung=chosen.rung, arm=chosen.arm, why=chosen.why) if complete and judged else None,
        also_consider=judgement.also_consider if complete else None,
        rungs=tuple(rows),
        notes=notes_of(exam),
        cautions=judgement.notes,
        seconds=seconds,
        multiplicity=plan.multiplicity,
        ladder_error=judgement.ladder_error,
        audit=progress.audit,
    )
    return replace(board, digest=digest_of(board, tables)) if complete and tables is not None else board


def _metric(exam: Exam, judgement: Judgement) -> MetricFacts:
    plan = exam.plan.metric
    metric, served = METRICS[plan.primary or ""], threshold_metric(exam)
    return MetricFacts(
        name=metric.name,
        greater_is_better=metric.greater_is_better,
        margin=plan.margin,
        margin_unit=plan.margin_unit,
        margin_abs=judgement.margin_abs,
        threshold_for=served.name if served is not None else None,
    )


def _folds(progress: Progress) -> FoldFacts:
    """`repeats` is what was done: `auto` only where contested pairs were repeated, which a first look does without."""
    exam = progress.exam
    return FoldFacts(
        kind=exam.folds.kind,
        count=len(exam.folds.of(0)),
        inner=exam.plan.folds.inner,
        repeats="auto" if progress.escalates else repeats_of_all(exam),
    )


def plan_hash(exam: Exam) -> str:
    """SHA-256 over the whole resolved plan; it seeds nothing."""
    return sha256_of(plan_as_dict(exam.plan))


def withdrawn(board: Board, lacking: Mapping[str, str]) -> Board:
    """The board with these rungs FAILED for these reasons, and nothing recommended that rests on one of them."""
    if not lacking:
        return board
    rows = tuple(_failed(row, lacking[row.rung]) if row.rung in lacking else row for row in board.rungs)
    leant_on = {board.recommended.rung if board.recommended else "", *(row.incumbent for row in rows)}
    chosen = None if leant_on & set(lacking) else board.recommended
    return replace(board, rungs=rows, recommended=chosen, also_consider=None, stability=None)


def _failed(row: BoardRow, reason: str) -> BoardRow:
    return BoardRow(
        rung=row.rung, level=row.level, status="failed", reason=reason, verdict="FAILED", summary=row.summary
    )


def tables_of(progress: Progress) -> Tables:
    """All predictions and all trials; of a million rows they take seconds to make, so they are made once a run."""
    outcomes = all_outcomes(progress)
    return predictions_frame(progress.exam, outcomes), trials_frame(outcomes)


def all_outcomes(progress: Progress) -> list[Outcome]:
    """Every outcome that belongs on record, the stack's included, in the order of the ladder."""
    return [
        outcome
        for step in progress.exam.plan.ladder
        for arm in arms_on_record(progress, step)
        for outcome in progress.found(step, arm)
        if outcome is not None
    ]


def arms_on_record(progress: Progress, step: Step) -> tuple[Arm, ...]:
    """The arms that climb, and the random search that controls the tuner, which does not."""
    arms = arms_of(progress.exam, step, quick=progress.quick)
    return (*arms, "random") if is_controlled(progress.exam, step, quick=progress.quick) else arms


def replayable(progress: Progress) -> bool:
    """False where a wall clock, a limit or a dead worker had a say in what ran."""
    return not any(found.stopped_by == "timeout" or found.error in STOPPED for found in progress.outcomes.values())


def _row(progress: Progress, step: Step | None, entry: Judged) -> BoardRow:
    row = judged_row(entry)
    if step is None:
        return row
    row = replace(row, summary=rung_facts(step).summary)
    arms = arms_of(progress.exam, step, quick=progress.quick)
    found: dict[Arm, tuple[Outcome | None, ...]] = {arm: progress.found(step, arm) for arm in arms}
    if entry.status == "ok":
        pending = any(outcome is None for outcomes in found.values() for outcome in outcomes)
        status = "running" if pending else "provisional" if progress.quick else "ok"
        row = replace(row, status=status)
    arm: Arm = entry.arm or arms[-1]
    outcomes = [outcome for outcome in found.get(arm, ()) if outcome is not None]
    fine = [outcome for outcome in outcomes if outcome.status == "ok"]
    studied = any(outcome.trials for outcome in outcomes)
    row = replace(row, trials=_trials(outcomes) if studied else None, seeds=_seeds(outcomes))
    if not fine:
        return row
    row = replace(row, flags=(*row.flags, *_idle_studies(outcomes)))
    costs: Costs = middle([outcome.costs for outcome in fine])
    return replace(
        row,
        clipped=None if progress.exam.task.kind == "regression" else sum(outcome.clipped for outcome in fine),
        fit_seconds=costs.fit_seconds,
        predict_us_per_row=costs.predict_us_per_row,
        model_bytes=costs.model_bytes,
        tuning_seconds=costs.tuning_seconds if arm == "tuned" else None,
        reliability=reliability_facts(progress, step, arm) if row.status in SHOWN else None,
        prediction_intervals=interval_facts(progress, step, arm) if row.status in SHOWN else None,
    )


def judged_row(entry: Judged) -> BoardRow:
    """The part of a row that follows from predictions alone."""
    found = entry.comparison
    row = BoardRow(
        rung=entry.rung,
        level=entry.level,
        arm=entry.arm,
        status=entry.status,
        reason=entry.reason,
        repeats=entry.repeats,
        score=entry.score,
        score_low=entry.score_low,
        score_high=entry.score_high,
        skill=entry.skill,
        also=dict(entry.also),
        default_score=entry.default_score,
        default_skill=entry.default_skill,
        default_verdict=entry.default_verdict,
        tuning_gain=entry.tuning_gain,
        tuning_verdict=entry.tuning_verdict,
        p_default_enough=entry.p_default_enough,
        incumbent=entry.incumbent,
        verdict=entry.verdict,
    )
    row = _with_default(row, entry.default_comparison)
    if found is None:
        return row
    return replace(
        row,
        gain=found.gain,
        gain_low=found.low,
        gain_high=found.high,
        margin=found.margin,
        p_gain=found.p_gain,
        p_equal=found.p_equal,
        p_harm=found.p_harm,
        alpha=found.alpha,
        min_detectable_gain=found.min_detectable_gain,
        rows_needed=found.rows_needed if entry.verdict == "INCONCLUSIVE" else None,
        repeats_needed=found.repeats_needed if entry.verdict == "INCONCLUSIVE" else None,
        method=found.method,
        gain_repeats=found.repeats,
        fold_wins=found.fold_wins,
        flags=found.flags,
    )


def _with_default(row: BoardRow, found: Comparison | None) -> BoardRow:
    """With what its default settings gain over the same incumbent, where it climbed with tuned ones."""
    if found is None:
        return row
    return replace(
        row,
        default_gain=found.gain,
        default_gain_low=found.low,
        default_gain_high=found.high,
        default_p_gain=found.p_gain,
    )


def _idle_studies(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Said aloud where no sampled trial of a study could be fitted: what is tuned then is the default settings."""
    idle = [one for one in outcomes if len(one.trials) > 1 and all(trial.state == "FAIL" for trial in one.trials[1:])]
    if not idle:
        return ()
    last = idle[0].trials[-1]
    count = sum(bool(outcome.trials) for outcome in outcomes)
    why = f"{last.error}: {last.reason}"
    return (f"in {len(idle)} of {count} studies every sampled trial failed, so tuned is the default settings ({why})",)


def _trials(outcomes: Sequence[Outcome]) -> TrialCounts:
    states = [trial.state for outcome in outcomes for trial in outcome.trials]
    return TrialCounts(complete=states.count("COMPLETE"), pruned=states.count("PRUNED"), failed=states.count("FAIL"))


def _seeds(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """Per purpose the seed of every repeat and fold, in that order."""
    names = sorted({name for outcome in outcomes for name in outcome.seeds})
    return {name: [outcome.seeds.get(name) for outcome in outcomes] for name in names}
