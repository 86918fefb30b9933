"""The tuning record of a run, made from the rungs, samplers and outcomes that ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiss_bench.evaluation.exam import Exam, Outcome
from kiss_bench.metrics import objective_metric
from kiss_bench.plan.plan import Step
from kiss_bench.records.board import Board
from kiss_bench.records.folder import homeless
from kiss_bench.reports.stamps import stamps
from kiss_bench.runs.board import all_outcomes
from kiss_bench.runs.parent import parent_facts
from kiss_bench.runs.tuned_arms import Arms, arms_of_record
from kiss_bench.runs.tuned_rung import rung_tuning, settings_of
from kiss_bench.runs.units import Progress, arms_of, rung_facts
from kiss_bench.tasks.labels import label_text
from kiss_bench.tuning.pruning import RULE
from kiss_bench.tuning.record.adaptation import record_commands
from kiss_bench.tuning.record.facts import (
    SCHEMA,
    DataFacts,
    EnvironmentFacts,
    InnerFacts,
    ObjectiveFacts,
    PruningFacts,
    ReplayFacts,
    SamplerFacts,
    TuningRecord,
    UnitFacts,
)
from kiss_bench.tuning.sampling import SamplerChoice, sampler_facts

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
        target={"name": exam.plan.target, **_spread(exam)},
        vault="none",
    )


def _spread(exam: Exam) -> dict[str, Any]:
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
