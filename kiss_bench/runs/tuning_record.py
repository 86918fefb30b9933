"""The tuning record of a run, made from the rungs, samplers and outcomes that ran."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam, Outcome, Trial
from kiss_bench.evaluation.pipeline import model_of
from kiss_bench.metrics import METRICS, Metric, objective_metric
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.folder import homeless
from kiss_bench.records.frames import trials_hash
from kiss_bench.records.keys import rung_sources, searched, sha256_of
from kiss_bench.records.tuning import (
    SCHEMA,
    BudgetPoint,
    DataFacts,
    EnvironmentFacts,
    InnerFacts,
    ObjectiveFacts,
    ParameterFacts,
    PruningFacts,
    ReplayFacts,
    RungTuning,
    SamplerFacts,
    StudyFacts,
    TopTrial,
    TuningRecord,
    UnitFacts,
    range_text,
)
from kiss_bench.reports.phrases import stamps
from kiss_bench.rungs import Parameter, Rung, shipped_rungs
from kiss_bench.runs.arm_gains import Arms, arms_of_record, outer_score, scores_of
from kiss_bench.runs.board import all_outcomes
from kiss_bench.runs.parent import parent_facts
from kiss_bench.runs.trials import (
    best_at_half,
    best_trials,
    budget_curve,
    enough_trials,
    importance_of,
    random_curve,
    trials_outside,
)
from kiss_bench.runs.units import Progress, arms_of, rung_facts
from kiss_bench.tasks.labels import label_text
from kiss_bench.tuning.pruning import RULE
from kiss_bench.tuning.sampling import SamplerChoice, distribution_of, grid_of, holds, sampler_facts
from kiss_bench.tuning.search import missing_members, trial_settings_of

FOLDER, CHILD = "DIR", "CHILD.yaml"
"""Stand in for the result folder and the file to write."""
WIDER = 4.0
"""On a log scale either end of a range whose edge was hit is suggested so many times as far out."""


def command(setting: str, value: str) -> str:
    return f"kiss-bench adapt {FOLDER} --set {shlex.quote(f'{setting}={value}')} --out {CHILD}"


def rung_commands(
    rung: str, trials: int, space: Sequence[Parameter], found: Sequence[ParameterFacts]
) -> tuple[str, ...]:
    """Commands for each range of which half of the studies hit an end, or else for the first line; and for the budget.

    `space` are the lines that are searched, without what a validation curve teaches.
    """
    facts = {line.name: line for line in found}
    hit = [line for line in space if 2 * facts[line.name].on_edge >= len(facts[line.name].best) > 0]
    wider = [(line, _wider(line, facts[line.name].best)) for line in hit]
    told = [(line, other) for line, other in wider if range_text(line) != range_text(other)]
    lines = [other for _, other in told] or list(space[:1])
    return (
        *(command(f"{rung}.{line.name}", range_text(line)) for line in lines),
        command(f"{rung}.trials", str(2 * trials)),
    )


def _wider(line: Parameter, best: Sequence[Any]) -> Parameter:
    """The same line with its range made longer where best values sat at its end, no further than makes sense.

    Choices, and numbers on a plain scale without known ends, are left for the reader.
    """
    if line.kind == "choice" or line.low is None or line.high is None:
        return line
    values = [value for value in best if isinstance(value, int | float)]
    middle = math.sqrt(line.low * line.high) if line.log else (line.low + line.high) / 2
    low, high = line.low, line.high
    step = (high - low) / 2
    if any(value < middle for value in values) and (line.log or line.kind == "int"):
        low = low / WIDER if line.log else low - step
    if any(value > middle for value in values) and (line.log or line.kind == "int"):
        high = high * WIDER if line.log else high + step
    low = max(low, line.least) if line.least is not None else low
    high = min(high, line.most) if line.most is not None else high
    if line.kind == "int":
        low, high = max(math.floor(low), 1) if line.log else math.floor(low), math.ceil(high)
    return replace(line, low=low, high=high)


def record_commands() -> tuple[str, ...]:
    """What can be changed of every tuning: range, new parameter, budget, sampler, metric; each gives a child plan."""
    return (
        command("RUNG.PARAMETER", "float(0.001, 10, log)"),
        command("RUNG.settings.PARAMETER", "VALUE"),
        command("tuning.trials", "100"),
        command("tuning.sampler", "random"),
        command("tuning.control", "random"),
        command("metric.primary", "METRIC"),
    )


EDGE = 0.01
"""A best value within this share of the range (of its logarithm where searched so) from an end sits on the edge."""
LONGEST = 200
"""Characters of a setting that is no plain value, such as an estimator inside another."""


def whole_space(rung: Rung, exam: Exam) -> tuple[Parameter, ...]:
    """The space, and the number of rounds that the validation curve teaches, which is tuned like any other line."""
    space = rung.space(exam.task.kind)
    if rung.rounds is None or any(line.name == "n_estimators" for line in space):
        return space
    learnt = Parameter(
        name="n_estimators",
        kind="int",
        low=1,
        high=rung.round_cap,
        meaning="trees",
        reason="found for free: the minimum of the mean inner validation curve of each trial",
    )
    return (*space, learnt)


def parameter_facts(
    exam: Exam, step: Step, line: Parameter, defaults: Mapping[str, Any], studies: Sequence[StudyFacts]
) -> ParameterFacts:
    best = tuple(study.best_params.get(line.name) for study in studies)
    default = defaults.get(line.name)
    return ParameterFacts(
        name=line.name,
        meaning=line.meaning,
        kind=line.kind,
        low=line.low,
        high=line.high,
        step=1 if line.kind == "int" else None,
        log=line.log,
        choices=line.choices,
        when=line.when,
        sets=_sets(exam, step, line, defaults),
        default=default,
        default_inside=holds(distribution_of(line), default),
        reason=line.reason,
        shipped=_shipped(exam, step, line),
        best=best,
        spread=_spread(line, [value for value in best if value is not None]),
        on_edge=sum(on_edge(line, value) for value in best),
    )


def fixed_parameters(exam: Exam, step: Step, space: Sequence[ParameterFacts]) -> dict[str, Any]:
    """Every parameter of the estimator in its default arm that no line of the space sets.

    What is no plain value is given as its text.
    """
    settings = {**rung_facts(step).defaults(exam.task.kind), **step.settings}
    moved = {name for line in space for name in (line.name, *line.sets)} | set(settings)
    found = _parameters(exam, step, settings)
    return {name: _plain(value) for name, value in found.items() if name not in moved}


def _parameters(exam: Exam, step: Step, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What `get_params` says of the estimator that these settings build, its class included; empty without one."""
    built = attempt(lambda: model_of(exam, rung_facts(step), settings, 0)).found
    model = getattr(built, "classifier", built)
    if model is None or not hasattr(model, "get_params"):
        return {}
    found = {name: value for name, value in model.get_params().items() if name.split("__")[-1] != "random_state"}
    return {"class": type(model).__name__, **found}


def _sets(exam: Exam, step: Step, line: Parameter, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the parameters of the estimator that differ between two values of a line."""
    ends: tuple[Any, ...] = (line.choices[0], line.choices[-1]) if line.kind == "choice" else (line.low, line.high)
    if line.kind == "int":
        ends = tuple(int(end) for end in ends)
    parents = {name: values[0] for name, values in line.when.items()}
    one, other = (_parameters(exam, step, {**defaults, **parents, line.name: end}) for end in ends)
    return tuple(name for name in one if name in other and _is_plain(one[name]) and one[name] != other[name])


def _is_plain(value: Any) -> bool:
    """Not so an estimator inside another, which differs because something inside it does."""
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    if _is_plain(value):
        return value
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _shipped(exam: Exam, step: Step, line: Parameter) -> str | None:
    """The range that a shipped rung has without the ladder entry; `none` where the entry adds the parameter."""
    if step.estimator is not None or not step.space or line.name not in step.space:
        return None
    own = {one.name: one for one in shipped_rungs()[step.name].space(exam.task.kind)}
    return range_text(own[line.name]) if line.name in own else "none"


def _spread(line: Parameter, best: Sequence[Any]) -> float | None:
    if not best:
        return None
    if line.kind == "choice" or line.low is None or line.high is None:
        return 1.0 - Counter(map(repr, best)).most_common(1)[0][1] / len(best)
    inside = [float(value) for value in best if holds(distribution_of(line), value)]
    if not inside:
        return None
    low, high, first, last = (
        math.log(at) if line.log else at for at in (line.low, line.high, min(inside), max(inside))
    )
    return (last - first) / (high - low)


def on_edge(line: Parameter, value: Any) -> bool:
    """Whether a best value sits at an end of its range, so that the range may be too narrow."""
    if line.kind == "choice" or line.low is None or line.high is None or not holds(distribution_of(line), value):
        return False
    low, high, at = (math.log(end) if line.log else end for end in (line.low, line.high, value))
    return bool(min(at - low, high - at) <= EDGE * (high - low))


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


def _top(trial: Trial) -> TopTrial:
    return TopTrial(number=trial.number, value=trial.value or 0.0, params=dict(trial.params))


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


SEEDS = (
    "seed = first 4 bytes, mod 2^31, of SHA-256 over the JSON list [root, purpose, rung, arm, repeat, fold, trial], "
    "unused places null; purposes: fold (outer folds), inner (inner folds, shared by rungs), estimator, study, trial "
    "(the sampler of one trial). Rows of a training part that a rung or a study does not use all of are drawn by "
    "estimator and inner seeds; importance, intervals and curves draw nothing"
)
AGGREGATION = "mean over inner folds; of a pruned trial over those it reached"
TIES = "the best value wins, of equal ones the lowest number"
NOT_A_NUMBER = "a trial whose fit raises, or whose value is not finite, is FAIL; it counts against the budget"
ENQUEUED = "trial 0 is the default settings, as far as the space holds them; no other trial is given"


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What a record says of a run beside its outcomes."""

    environment: Mapping[str, Any]
    replay: ReplayFacts | None = None


def tuning_record(progress: Progress, board: Board, around: Circumstances) -> TuningRecord:
    exam, plan = progress.exam, progress.exam.plan
    rows = {row.rung: row for row in board.rungs}
    studied = [step for step in plan.ladder if _is_studied(progress, step)]
    # measuring looks at all rows: not where there is nothing to compare, as in a first look at default settings
    arms = arms_of_record(progress) if studied or plan.parent is not None else Arms(progress=progress, exam=None)
    sampler = SamplerChoice(name=plan.tuning.sampler, settings=plan.tuning.sampler_settings)
    return TuningRecord(
        schema=SCHEMA,
        project=plan.project,
        plan_hash=board.plan_hash,
        digest=board.digest,
        config=_config(plan.source),
        command=tuple(around.environment["command"]),
        replayable=board.replayable,
        stamps=tuple(stamps(board)),
        objective=_objective(exam),
        data=_data(exam),
        root_seed=exam.root,
        seeds=SEEDS,
        budget=plan.tuning.trials,
        timeout=plan.tuning.timeout,
        sampler=SamplerFacts(**sampler_facts(sampler)),
        control=_control(exam),
        pruning=PruningFacts(enabled=plan.tuning.pruning, rule=RULE),
        enqueued=ENQUEUED,
        rungs=tuple(rung_tuning(progress, arms, step, rows[step.name]) for step in studied),
        untuned={
            step.name: settings_of(exam, step)
            for step in plan.ladder
            if "tuned" not in arms_of(exam, step, quick=progress.quick)
        },
        units=tuple(unit_facts(outcome) for outcome in all_outcomes(progress) if outcome.status == "ok"),
        environment=EnvironmentFacts(**{**around.environment, **_tuples(around.environment)}),
        parent=parent_facts(board, arms),
        replay=around.replay,
        adaptation=record_commands(),
    )


def _control(exam: Exam) -> SamplerFacts | None:
    name = exam.plan.tuning.control
    return None if name is None else SamplerFacts(**sampler_facts(SamplerChoice(name=name)))


def _tuples(environment: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(value) for name, value in environment.items() if isinstance(value, list)}


def _is_studied(progress: Progress, step: Step) -> bool:
    return not rung_facts(step).blends and "tuned" in arms_of(progress.exam, step, quick=progress.quick)


def _config(source: str) -> str | None:
    """The config file, its home folder not named."""
    return homeless(("", source))[1] if source and Path(source).suffix in {".yaml", ".yml"} else None


def _objective(exam: Exam) -> ObjectiveFacts:
    plan = exam.plan
    metric = objective_metric(plan.metric.primary or "")
    return ObjectiveFacts(
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        sign="the metric's own",
        aggregation=AGGREGATION,
        tie_rule=TIES,
        not_a_number=NOT_A_NUMBER,
        inner=InnerFacts(
            kind=exam.folds.kind,
            count=plan.folds.inner,
            gap=plan.folds.gap,
            window=plan.folds.window,
            rows=plan.tuning.rows,
        ),
    )


def _data(exam: Exam) -> DataFacts:
    task = exam.task
    return DataFacts(
        data_hash=task.data_hash,
        folds_hash=exam.folds.hash,
        rows_read=task.rows_read,
        rows=len(task.row_id),
        columns={column.name: column.kind for column in task.columns},
        target={"name": exam.plan.target, **_target_spread(exam)},
        vault="none" if task.sealed is None else f"{len(task.sealed):,} rows, {task.sealed_how}",
    )


def _target_spread(exam: Exam) -> dict[str, Any]:
    """Rows a label, or mean, deviation and ends of a number."""
    y = exam.task.y
    if exam.task.kind == "regression":
        return {"mean": float(y.mean()), "sd": float(y.std()), "min": float(y.min()), "max": float(y.max())}
    counts = np.bincount(y.astype(np.int64), minlength=len(exam.task.labels))
    return {"rows": {label_text(label): int(count) for label, count in zip(exam.task.labels, counts, strict=True)}}


def unit_facts(outcome: Outcome) -> UnitFacts:
    return UnitFacts(
        rung=outcome.rung,
        arm=outcome.arm,
        repeat=outcome.repeat,
        fold=outcome.fold,
        seed=outcome.seeds.get("estimator"),
        settings=dict(outcome.settings),
        threshold=outcome.threshold,
    )
