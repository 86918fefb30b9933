"""Runs one unit, whatever its purpose, and turns what happened into an Outcome. Touches no disk."""

import hashlib
import random
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kiss_bench.evaluation.attempt import Failure, attempt
from kiss_bench.evaluation.clock import MODELS
from kiss_bench.evaluation.exam import Costs, Exam, Outcome, Positions, Unit
from kiss_bench.evaluation.fit import fit_inner, fit_outer
from kiss_bench.evaluation.pipeline import rows_used
from kiss_bench.evaluation.thresholds import learn_threshold, threshold_metric
from kiss_bench.rungs import Rung, rung_of
from kiss_bench.tasks.folds import draw_inner
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tuning.search import search


def run_unit(exam: Exam, unit: Unit) -> Outcome:
    """The outcome of a unit; an exception of the rung becomes a failed outcome with its class and message."""
    started = time.time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence notices of single trials: the score says what they cost
        _seed_global_generators(estimator_seed(exam, unit))
        MODELS.reset()
        tried = attempt(lambda: _run(exam, unit))
    outcome = tried.found or _failed(_blank(unit), tried.failure)
    return replace(outcome, costs=replace(outcome.costs, model_seconds=MODELS.seconds), started=started)


def _failed(outcome: Outcome, failure: Failure | None) -> Outcome:
    """The same outcome without predictions; what was tried until then stays on record."""
    error, reason = (failure.error, failure.reason) if failure else ("", "")
    return replace(outcome, status="failed", error=error, reason=reason)


def _run(exam: Exam, unit: Unit) -> Outcome:
    rung = rung_of(unit.step)
    if unit.purpose == "search":
        return _search(exam, rung, unit)
    settings = default_settings(exam, rung, unit)
    seed = estimator_seed(exam, unit)
    if unit.purpose == "inner":
        rows, prediction = fit_inner(exam, rung, settings, seed, _splits(exam, unit))
        return replace(_blank(unit), inner_rows=rows, inner_prediction=prediction, settings=settings)
    fitted = fit_outer(exam, rung, settings, seed, exam.split(unit.repeat, unit.fold))
    outcome = replace(
        _blank(unit),
        prediction=fitted.prediction,
        clipped=fitted.clipped,
        settings=settings,
        costs=fitted.costs,
        seeds={"estimator": seed},
    )
    return outcome if threshold_metric(exam) is None else _with_threshold(exam, rung, unit, outcome)


def _with_threshold(exam: Exam, rung: Rung, unit: Unit, outcome: Outcome) -> Outcome:
    """The default arm's outcome with a threshold, for which its settings are fitted on the inner folds as well."""
    splits = _splits(exam, unit)
    rows, prediction = fit_inner(exam, rung, outcome.settings, outcome.seeds["estimator"], splits)
    return replace(
        outcome,
        inner_rows=rows,
        inner_prediction=prediction,
        threshold=learn_threshold(exam, rows, prediction),
        seeds={**outcome.seeds, "inner": inner_seed(exam, unit)},
    )


def _search(exam: Exam, rung: Rung, unit: Unit) -> Outcome:
    started, cpu, splits = time.perf_counter(), time.process_time(), _splits(exam, unit)
    found = search(exam, rung, unit, splits)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    seed = estimator_seed(exam, unit)
    studied = replace(
        _blank(unit),
        settings=found.settings or {},
        costs=Costs(tuning_seconds=seconds, cpu_seconds=cpu),
        trials=found.trials,
        seeds={"estimator": seed, "study": found.seed, "inner": inner_seed(exam, unit)},
        stopped_by=found.stopped_by,
        inner_hash=splits_hash(splits),
        studied_rows=len(tuned_rows(exam, unit)),
    )
    settings = found.settings
    if settings is None:
        last = found.trials[-1]
        told = f"all {len(found.trials)} trials failed; the last one with {last.error}: {last.reason}"
        return _failed(studied, Failure(error="RungError", reason=told))
    tried = attempt(lambda: fit_outer(exam, rung, settings, seed, exam.split(unit.repeat, unit.fold)))
    if tried.found is None:
        return _failed(studied, tried.failure)
    return replace(
        studied,
        prediction=tried.found.prediction,
        clipped=tried.found.clipped,
        inner_rows=found.rows,
        inner_prediction=found.prediction,
        threshold=learn_threshold(exam, found.rows, found.prediction),
        costs=replace(tried.found.costs, tuning_seconds=seconds, cpu_seconds=cpu),
    )


def _seed_global_generators(seed: int) -> None:
    """For estimators that draw from them instead of taking a `random_state`: such a unit, too, can be replayed."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (the legacy generator is the one that such estimators use)


def default_settings(exam: Exam, rung: Rung, unit: Unit) -> dict[str, Any]:
    """The rung's own defaults under those of the ladder entry."""
    settings: Mapping[str, Any] = rung.defaults(exam.task.kind)
    return {**settings, **unit.step.settings}


def estimator_seed(exam: Exam, unit: Unit) -> int:
    return seed_of(exam.root, "estimator", rung=unit.step.name, arm=unit.arm, repeat=unit.repeat, fold=unit.fold)


def inner_seed(exam: Exam, unit: Unit) -> int:
    """Shared by all rungs: inner folds, too, are identical."""
    return seed_of(exam.root, "inner", repeat=unit.repeat, fold=unit.fold)


def tuned_rows(exam: Exam, unit: Unit) -> Positions:
    """The rows of a training part that studies and other inner fits use: all, or the same draw for every rung."""
    train, most = exam.split(unit.repeat, unit.fold).train, exam.plan.tuning.rows
    used = rows_used(exam.task.y[train], most, inner_seed(exam, unit), labels=exam.task.kind != "regression")
    return train if used is None else train[used]


def splits_hash(splits: Sequence[tuple[Positions, Positions]]) -> str:
    """SHA-256 over the positions of the training and validation rows of every inner fold."""
    digest = hashlib.sha256()
    for rows in (rows for split in splits for rows in split):
        digest.update(len(rows).to_bytes(8, "big") + rows.astype("<i8").tobytes())
    return digest.hexdigest()


def _splits(exam: Exam, unit: Unit) -> Any:
    return draw_inner(exam.task, exam.plan, tuned_rows(exam, unit), inner_seed(exam, unit))


def _blank(unit: Unit) -> Outcome:
    return Outcome(rung=unit.step.name, arm=unit.arm, repeat=unit.repeat, fold=unit.fold, purpose=unit.purpose)
