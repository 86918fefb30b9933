"""The tuning record of a run, made from the rungs, samplers and outcomes that ran."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kiss_bench.evaluation.exam import Exam, Outcome, Trial
from kiss_bench.metrics import objective_metric
from kiss_bench.plan.plan import Step
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.rungs import Parameter, Rung
from kiss_bench.runs.board import all_outcomes
from kiss_bench.runs.units import Progress, arms_of, rung_facts
from kiss_bench.tuning.pruning import RULE
from kiss_bench.tuning.record import ParameterFacts, RungTuning, StudyFacts, TuningRecord, UnitFacts
from kiss_bench.tuning.sampling import sampler_facts
from kiss_bench.tuning.search import missing_members, trial_settings_of

EDGE = 0.01
"""A best value within this share of the range (of its logarithm where searched so) from an end sits on the edge."""


def tuning_record(progress: Progress, board: Board) -> TuningRecord:
    exam, plan = progress.exam, progress.exam.plan
    objective = objective_metric(plan.metric.primary or "")
    rows = {row.rung: row for row in board.rungs}
    studied = [step for step in plan.ladder if _is_studied(progress, step)]
    spaces = [rung_facts(step).space(exam.task.kind) for step in studied]
    return TuningRecord(
        project=plan.project,
        objective=objective.name,
        greater_is_better=objective.greater_is_better,
        inner={
            "kind": exam.folds.kind,
            "count": plan.folds.inner,
            "gap": plan.folds.gap,
            "window": plan.folds.window,
            "rows": plan.tuning.rows,
        },
        budget=plan.tuning.trials,
        sampler=sampler_facts(plan.tuning.sampler, max(spaces, key=len, default=()), plan.tuning.trials),
        pruning={"enabled": plan.tuning.pruning, "rule": RULE},
        timeout=plan.tuning.timeout,
        rungs=tuple(_rung(progress, step, rows[step.name]) for step in studied),
        untuned={
            step.name: _settings(exam, step)
            for step in plan.ladder
            if "tuned" not in arms_of(exam, step, quick=progress.quick)
        },
        units=tuple(_unit(outcome) for outcome in all_outcomes(progress) if outcome.status == "ok"),
    )


def _extrapolated(rung: Rung, step: Step, defaults: Mapping[str, Any]) -> str:
    """How a trial of fewer members is valued, in words."""
    cheaper = {**defaults, **trial_settings_of(rung, step)}
    if not missing_members(rung, defaults, cheaper):
        return ""
    few, all_of_them = cheaper[rung.members], defaults[rung.members]
    return f"from {few} to {all_of_them} {rung.members}, by how much the two halves of the {few} differ"


def _is_studied(progress: Progress, step: Step) -> bool:
    return not rung_facts(step).blends and "tuned" in arms_of(progress.exam, step, quick=progress.quick)


def _settings(exam: Exam, step: Step) -> dict[str, Any]:
    return {**rung_facts(step).defaults(exam.task.kind), **step.settings}


def _unit(outcome: Outcome) -> UnitFacts:
    return UnitFacts(
        rung=outcome.rung,
        arm=outcome.arm,
        repeat=outcome.repeat,
        fold=outcome.fold,
        seed=outcome.seeds.get("estimator"),
        settings=dict(outcome.settings),
        threshold=outcome.threshold,
    )


def _rung(progress: Progress, step: Step, row: BoardRow) -> RungTuning:
    exam, rung = progress.exam, rung_facts(step)
    outcomes = [outcome for outcome in progress.found(step, "tuned") if outcome is not None]
    maximise = objective_metric(exam.plan.metric.primary or "").greater_is_better
    studies = tuple(_study(step, outcome, maximise=maximise) for outcome in outcomes)
    defaults = _settings(exam, step)
    return RungTuning(
        rung=step.name,
        level=step.level,
        arm="tuned",
        default_settings=defaults,
        trial_settings=trial_settings_of(rung, step),
        pruning=asdict(rung.pruning) if exam.plan.tuning.pruning else {},
        most_rows=rung.most_rows,
        extrapolated=_extrapolated(rung, step, defaults),
        space=tuple(_parameter(line, defaults, studies) for line in whole_space(rung, exam)),
        studies=studies,
        default_score=row.default_score,
        tuned_score=row.score if row.arm == "tuned" else None,
        tuning_gain=row.tuning_gain,
        tuning_verdict=row.tuning_verdict,
        note=step.reason,
    )


def whole_space(rung: Rung, exam: Exam) -> tuple[Parameter, ...]:
    """The space, and the number of rounds that the validation curve teaches, which is tuned like any other line."""
    space = rung.space(exam.task.kind)
    if rung.rounds is None:
        return space
    learnt = Parameter(
        name="n_estimators",
        kind="int",
        low=1,
        high=rung.round_cap,
        reason="found for free: the minimum of the mean inner validation curve of each trial",
    )
    return (*space, learnt)


def _study(step: Step, outcome: Outcome, *, maximise: bool) -> StudyFacts:
    states = Counter(trial.state for trial in outcome.trials)
    best = best_trial(outcome, maximise=maximise)
    first = outcome.trials[0] if outcome.trials else None
    return StudyFacts(
        repeat=outcome.repeat,
        fold=outcome.fold,
        seed=outcome.seeds.get("study", 0),
        asked=step.trials,
        complete=states["COMPLETE"],
        pruned=states["PRUNED"],
        failed=states["FAIL"],
        errors=dict(Counter(trial.error for trial in outcome.trials if trial.state == "FAIL")),
        seconds=outcome.costs.tuning_seconds,
        best_number=best.number if best else None,
        best_value=best.value if best else None,
        default_value=first.value if first else None,
        best_params=dict(best.params) if best else {},
        stopped_by=outcome.stopped_by or "trials",
    )


def best_trial(outcome: Outcome, *, maximise: bool) -> Trial | None:
    """The complete trial of the best value, the lowest number where several have it; None where none was completed."""
    complete = [trial for trial in outcome.trials if trial.state == "COMPLETE" and trial.value is not None]
    sign = -1.0 if maximise else 1.0
    return min(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)


def _parameter(line: Parameter, defaults: Mapping[str, Any], studies: Sequence[StudyFacts]) -> ParameterFacts:
    best = tuple(study.best_params.get(line.name) for study in studies)
    default = defaults.get(line.name)
    return ParameterFacts(
        name=line.name,
        kind=line.kind,
        low=line.low,
        high=line.high,
        log=line.log,
        choices=line.choices,
        default=default,
        default_inside=_inside(line, default),
        reason=line.reason,
        best=best,
        on_edge=sum(on_edge(line, value) for value in best),
    )


def _inside(line: Parameter, value: Any) -> bool:
    if line.kind == "choice":
        return value in line.choices
    if isinstance(value, bool) or not isinstance(value, (int, float)) or line.low is None or line.high is None:
        return False
    return line.low <= value <= line.high


def on_edge(line: Parameter, value: Any) -> bool:
    """Whether a best value sits at an end of its range, so that the range may be too narrow."""
    if line.kind == "choice" or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if line.low is None or line.high is None or not _inside(line, value):
        return False
    low, high, at = (math.log(end) if line.log else end for end in (line.low, line.high, value))
    return bool(min(at - low, high - at) <= EDGE * (high - low))
