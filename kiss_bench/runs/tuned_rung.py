"""One rung's part of the tuning record."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import prod
from typing import Any

import numpy as np

from kiss_bench.evaluation.exam import Exam, Outcome, Trial
from kiss_bench.metrics import METRICS, Metric, objective_metric
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.records.board import BoardRow
from kiss_bench.records.frames import trials_hash
from kiss_bench.records.keys import rung_sources, searched, sha256_of
from kiss_bench.rungs import Parameter, Rung
from kiss_bench.runs.tuned_arms import Arms, outer_score, scores_of
from kiss_bench.runs.tuned_space import fixed_parameters, parameter_facts, whole_space
from kiss_bench.runs.units import Progress, rung_facts
from kiss_bench.tuning.record.adaptation import rung_commands
from kiss_bench.tuning.record.complete import trials_outside
from kiss_bench.tuning.record.curve import best_at_half, budget_curve, enough_trials, random_curve
from kiss_bench.tuning.record.importance import importance_of
from kiss_bench.tuning.record.rung import BudgetPoint, RungTuning, StudyFacts, TopTrial
from kiss_bench.tuning.sampling import grid_of
from kiss_bench.tuning.search import missing_members, trial_settings_of

TOP = 5
"""So many of a study's best trials are named."""


def rung_tuning(progress: Progress, arms: Arms, step: Step, row: BoardRow) -> RungTuning:
    exam, rung = progress.exam, rung_facts(step)
    objective = objective_metric(exam.plan.metric.primary or "")
    maximise = objective.greater_is_better
    outcomes, random = (_ended(progress, step, arm) for arm in ("tuned", "random"))
    studies = tuple(_study(progress, step, outcome, objective) for outcome in outcomes)
    control = tuple(_study(progress, step, outcome, objective) for outcome in random)
    trials, drawn = ([outcome.trials for outcome in found] for found in (outcomes, random))
    defaults, own = settings_of(exam, step), rung.space(exam.task.kind)
    space = tuple(parameter_facts(exam, step, line, defaults, studies) for line in whole_space(rung, exam))
    curve = budget_curve(trials, step.trials, maximise=maximise)
    measured = arms.measured(step)
    optimism = [study.optimism for study in studies if study.optimism is not None]
    return RungTuning(
        rung=step.name,
        level=step.level,
        note=step.reason,
        left_alone=rung.left_alone,
        encoding=rung.encoding,
        source=rung_sources([step])[step.name],
        trials=step.trials,
        default_settings=defaults,
        fixed=fixed_parameters(exam, step, space),
        trial_settings=trial_settings_of(rung, step),
        extrapolated=_extrapolated(rung, step, defaults),
        early_stopping=_early_stopping(rung, own),
        pruning=asdict(rung.pruning) if exam.plan.tuning.pruning else {},
        most_rows=rung.most_rows,
        space=space,
        space_hash=sha256_of([searched(asdict(line)) for line in own]),
        space_points=_points(own),
        outside=sum(len(trials_outside(own, each)) for each in (*trials, *drawn)),
        grid={name: tuple(values) for name, values in grid_of(own, step.trials).items()}
        if exam.plan.tuning.sampler == "grid"
        else {},
        studies=studies,
        control=control,
        scores=scores_of(measured),
        gains=arms.gains(measured, row.gain_repeats),
        tuning_verdict=row.tuning_verdict,
        p_default_enough=row.p_default_enough,
        optimism=float(np.mean(optimism)) if optimism else None,
        importance=importance_of(
            own, drawn or trials, maximise=maximise, sampled="random" if drawn else exam.plan.tuning.sampler
        ),
        budget_curve=curve,
        control_curve=random_curve(drawn, step.trials, maximise=maximise),
        enough_trials=_enough(exam, curve, row, objective),
        adaptation=rung_commands(step.name, step.trials, own, space),
    )


def _enough(exam: Exam, curve: Sequence[BudgetPoint], row: BoardRow, objective: Metric) -> int | None:
    """The margin is one of the primary metric: of another it says nothing."""
    comparable = objective.name == METRICS[exam.plan.metric.primary or ""].name
    return enough_trials(curve, row.margin) if curve and comparable and row.margin is not None else None


def settings_of(exam: Exam, step: Step) -> dict[str, Any]:
    """The settings of a rung's default arm."""
    return {**rung_facts(step).defaults(exam.task.kind), **step.settings}


def _ended(progress: Progress, step: Step, arm: Arm) -> list[Outcome]:
    if arm == "random" and progress.exam.plan.tuning.control is None:
        return []
    return [outcome for outcome in progress.found(step, arm) if outcome is not None]


def _points(space: Sequence[Parameter]) -> int | None:
    """How many points a space has; None where it is continuous, or has conditions."""
    if any(line.kind == "float" or line.when for line in space):
        return None
    return prod(len(line.choices) or int((line.high or 0) - (line.low or 0)) + 1 for line in space)


def _early_stopping(rung: Rung, space: Sequence[Parameter]) -> str:
    if rung.rounds is None or any(line.name == "n_estimators" for line in space):
        return ""
    return (
        f"a trial grows on each inner fold until {rung.round_patience} more trees bring nothing on its validation "
        f"rows, at most {rung.round_cap:,}, and takes the minimum of the mean curve; no outer test row has a say"
    )


def _extrapolated(rung: Rung, step: Step, defaults: Mapping[str, Any]) -> str:
    """How a trial of fewer members is valued, in words."""
    cheaper = {**defaults, **trial_settings_of(rung, step)}
    if not missing_members(rung, defaults, cheaper):
        return ""
    few, all_of_them = cheaper[rung.members], defaults[rung.members]
    return f"from {few} to {all_of_them} {rung.members}, by how much the two halves of the {few} differ"


def _study(progress: Progress, step: Step, outcome: Outcome, objective: Metric) -> StudyFacts:
    trials, maximise = outcome.trials, objective.greater_is_better
    states = Counter(trial.state for trial in trials)
    ranked = best_trials(trials, maximise=maximise)
    best = ranked[0] if ranked else None
    outer = outer_score(progress, outcome, objective)
    better = (best.value or 0.0) - outer if best is not None and outer is not None else None
    return StudyFacts(
        **_identity(progress, outcome),
        asked=step.trials,
        spent=len(trials),
        complete=states["COMPLETE"],
        pruned=states["PRUNED"],
        failed=states["FAIL"],
        duplicates=sum(trial.duplicate_of is not None for trial in trials),
        duplicate_of={str(trial.number): trial.duplicate_of for trial in trials if trial.duplicate_of is not None},
        begun=tuple(round(trial.started - outcome.started, 3) for trial in trials),
        trial_fits=tuple(trial.fits for trial in trials),
        errors=dict(Counter(trial.error for trial in trials if trial.state == "FAIL")),
        fits=sum(trial.fits for trial in trials),
        seconds=outcome.costs.tuning_seconds,
        cpu_seconds=outcome.costs.cpu_seconds,
        peak_bytes=outcome.costs.peak_bytes,
        stopped_by=outcome.stopped_by or outcome.error or "trials",
        resumed=0,
        best_number=best.number if best else None,
        best_value=best.value if best else None,
        default_value=trials[0].value if trials else None,
        best_params=dict(best.params) if best else {},
        best_settings=dict(outcome.settings),
        top=tuple(_top(trial) for trial in ranked[:TOP]),
        best_at_half=best_at_half(trials, best.number if best else None),
        outer_score=outer,
        optimism=None if better is None else better * (1.0 if maximise else -1.0),
        trials_hash=trials_hash(trials),
    )


def _identity(progress: Progress, outcome: Outcome) -> dict[str, Any]:
    """Which study it is, and when it ran on what; null where the whole unit was ended, and no study came back."""
    project, came_back = progress.exam.plan.project, bool(outcome.trials)
    return {
        "study": f"{project}/{outcome.rung}/{outcome.arm}/{outcome.repeat}/{outcome.fold}",
        "purpose": f"tuning inside the training part of repeat {outcome.repeat}, outer fold {outcome.fold}",
        "repeat": outcome.repeat,
        "fold": outcome.fold,
        "status": outcome.status,
        "error": outcome.error,
        "reason": outcome.reason,
        "seed": outcome.seeds.get("study"),
        "inner_seed": outcome.seeds.get("inner"),
        "inner_hash": outcome.inner_hash or None,
        "rows": outcome.studied_rows if came_back else None,
        "started": utc(outcome.started) if came_back else None,
        "ended": utc(outcome.started + outcome.costs.tuning_seconds) if came_back else None,
    }


def best_trials(trials: Sequence[Trial], *, maximise: bool) -> list[Trial]:
    """The complete trials, best first, the lowest number where several have one value."""
    complete = [trial for trial in trials if trial.state == "COMPLETE" and trial.value is not None]
    sign = -1.0 if maximise else 1.0
    return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


def _top(trial: Trial) -> TopTrial:
    return TopTrial(number=trial.number, value=trial.value or 0.0, params=dict(trial.params))


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
