"""What `diagnostics.json` says, put together from a run that has ended: described only, no verdict rests on it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kiss_bench.diagnostics.residuals import MOST_LABELS, Said, Truth, confusion, disagreements, residuals
from kiss_bench.diagnostics.slices import Cut, Scored, draws_of, feature_cuts, group_cut, overall, slices, time_cut
from kiss_bench.errors import RecordError
from kiss_bench.metrics import METRICS, Metric
from kiss_bench.plan.plan import Arm
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.diagnostics import Diagnostics, StudyTrials
from kiss_bench.records.evidence import DIAGNOSTICS, read_diagnostics
from kiss_bench.records.keys import own_sources
from kiss_bench.records.ledger import read_ledger, seals_of
from kiss_bench.reports.phrases import recommended_row, rungs_above
from kiss_bench.runs.execution import Watch
from kiss_bench.runs.judging import predicted_by
from kiss_bench.runs.refitted import Refitting
from kiss_bench.runs.units import Progress, rung_facts
from kiss_bench.tasks.make import group_names
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Table

MEANS = ("mean", "root")
"""How a metric pools where it is a mean over rows, so that any part of the rows has a score of its own."""


def known(folder: Path, digest: str) -> Diagnostics | None:
    """Those of the run before, where they are of these very results, by this very code, and as they were sealed."""
    ledger = read_ledger(folder)
    runs = ledger.of("run")
    if ledger.faults or not runs or runs[-1].code_hash != own_sources() or runs[-1].facts.get("digest") != digest:
        return None
    try:
        same = seals_of(folder, (DIAGNOSTICS,)).get(DIAGNOSTICS) == runs[-1].facts.get("files", {}).get(DIAGNOSTICS)
        return read_diagnostics(folder) if same else None
    except RecordError:
        return None


def diagnosed(progress: Progress, board: Board, table: Table, watch: Watch) -> Diagnostics:
    """Everything that is told of the recommended rung beside its verdict, and of what simple rungs learnt.

    `table` is the one that the task was made of: groups have their names there. A model that is fitted again and takes
    its time is told to the watcher.
    """
    chosen = recommended_row(board)
    simpler = None if chosen is None else _simpler(board, chosen)
    metric = _metric(progress)
    found = Diagnostics(
        digest=board.digest,
        rung=chosen.rung if chosen else None,
        arm=board.recommended.arm if board.recommended else None,
        simpler=simpler.rung if simpler else None,
        simpler_arm=simpler.arm if simpler else None,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        overall=None,
        trials=tuple(_trials(progress)),
    )
    said = _said(progress, found.rung, found.arm)
    if said is not None:
        found = _described(progress, table, found, said)
    looked = Refitting(progress, board, watch)
    importance, readings = looked.importance(metric), looked.readings()
    return replace(found, importance=importance, readings=readings, notes=(*found.notes, *looked.notes))


def _described(progress: Progress, table: Table, found: Diagnostics, said: Said) -> Diagnostics:
    """The parts that follow from stored predictions alone."""
    exam, rows, notes = progress.exam, progress.exam.tested, list(found.notes)
    task, metric = exam.task, METRICS[found.metric]
    simpler = _said(progress, found.simpler, found.simpler_arm)
    actual = task.y[rows]
    scored = Scored(
        metric=metric,
        losses=metric.row_loss(actual, said.prediction),
        simpler=None if simpler is None else metric.row_loss(actual, simpler.prediction),
        draws=draws_of(task, rows),
    )
    worst, looked_at = slices(_cuts(progress, table), scored)
    truth = Truth(row_id=task.row_id[rows], actual=actual, read=task.actual.to_numpy()[rows])
    apart = None if simpler is None else disagreements(truth, said, simpler, _labelling(progress, found))
    if simpler is None:
        notes.append("There is no simpler or more complex rung that the recommended one could be compared with.")
    table_of_labels = None if said.labels is None else confusion(task.labels, actual.astype(np.int64), said.labels)
    if said.labels is not None and table_of_labels is None:
        notes.append(f"No confusion table: {len(task.labels)} labels are more than {MOST_LABELS}.")
    if task.group is not None:
        told = (
            "Intervals of single groups take their rows as drawn one by one; they hang together, so they are too short."
        )
        notes.append(told)
    seed = seed_of(exam.root, "fold", arm="residuals")
    return replace(
        found,
        overall=overall(scored),
        slices=worst,
        slices_looked_at=looked_at,
        disagreements=apart,
        confusion=table_of_labels,
        residuals=residuals(actual.astype(np.float64), said.prediction, seed) if said.labels is None else None,
        notes=tuple(notes),
    )


def _said(progress: Progress, rung: str | None, arm: str | None) -> Said | None:
    """What an arm said of the tested rows in repeat 0; None where it is not there as a whole."""
    found = predicted_by(progress, rung, arm)
    if found is None:
        return None
    labels = None if progress.exam.task.kind == "regression" else found.labels(0)
    return Said(prediction=found.values[0], labels=labels)


def _cuts(progress: Progress, table: Table) -> Iterator[Cut]:
    """By every feature, and by group and time where these are declared."""
    exam, rows = progress.exam, progress.exam.tested
    task = exam.task
    for column in task.columns:
        yield from feature_cuts(task.frame[[column.name]].iloc[rows], (column,))
    if task.group is not None:
        yield group_cut(exam.plan.data.group or "", task.group[rows], group_names(exam.plan, table, task))
    if task.time_frame is not None and task.time_column is not None:
        yield time_cut(task.time_frame.iloc[rows], task.time_column)


def _labelling(progress: Progress, found: Diagnostics) -> str:
    """What makes a label, in words."""
    step = next(step for step in progress.exam.plan.ladder if step.name == found.rung)
    known: Arm = "tuned" if found.arm == "tuned" else "default"
    cut = any(outcome is not None and outcome.threshold is not None for outcome in progress.found(step, known))
    return "by the threshold that each fit learnt" if cut else "the most probable one"


def _simpler(board: Board, chosen: BoardRow) -> BoardRow | None:
    """The rung that the recommended one is compared with: its incumbent, or the best above where the baseline stays."""
    if chosen.incumbent is not None:
        return next((row for row in board.rungs if row.rung == chosen.incumbent), None)
    above = [row for row in rungs_above(board, chosen) if row.gain is not None]
    return max(above, key=lambda row: row.gain or 0.0, default=None)


def _metric(progress: Progress) -> Metric:
    """The primary metric where it is a mean over rows, else the default one of the task."""
    primary = METRICS[progress.exam.plan.metric.primary or ""]
    if primary.pooling in MEANS:
        return primary
    return METRICS["rmse" if progress.exam.task.kind == "regression" else "log_loss"]


def _trials(progress: Progress) -> Iterator[StudyTrials]:
    """The trials of every study of repeat 0."""
    for step in progress.exam.plan.ladder:
        if rung_facts(step).blends:
            continue
        for (rung, arm, repeat, fold, purpose), outcome in sorted(progress.outcomes.items()):
            if rung == step.name and purpose == "search" and repeat == 0 and outcome.trials:
                yield StudyTrials(
                    rung=rung,
                    arm=arm,
                    fold=fold,
                    values=tuple(trial.value for trial in outcome.trials),
                    states=tuple(trial.state for trial in outcome.trials),
                )
