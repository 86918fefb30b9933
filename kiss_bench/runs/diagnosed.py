"""What `diagnostics.json` says, put together from a run that has ended: described only, no verdict rests on it."""

from collections.abc import Iterator

from kiss_bench.metrics import METRICS, Metric
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.diagnostics import Diagnostics, StudyTrials
from kiss_bench.reports.words import recommended_row, rungs_above
from kiss_bench.runs.units import Progress, rung_facts

MEANS = ("mean", "root")
"""How a metric pools where it is a mean over rows, so that any part of the rows has a score of its own."""


def diagnosed(progress: Progress, board: Board) -> Diagnostics:
    """Everything that is told of the recommended rung beside its verdict."""
    chosen = recommended_row(board)
    simpler = None if chosen is None else _simpler(board, chosen)
    metric = _metric(progress)
    return Diagnostics(
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
