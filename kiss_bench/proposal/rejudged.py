"""The judgement of a result folder, made again from its predictions, folds and plan, and nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.judgement import Candidate, Judgement
from kiss_bench.judge.ladder import judge
from kiss_bench.judge.predictions import Predictions
from kiss_bench.plan.plan import Plan, Step
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.frames import frame_of
from kiss_bench.runs.board import judged_row
from kiss_bench.runs.judging import comparable, ladder_of, terms_of
from kiss_bench.runs.pipelines import exam_without_rows
from kiss_bench.runs.result_files import ROLES

TOLERANCE = 1e-9
"""How far a recomputed number may lie from the stored one, as a share of the larger of it and 1."""
JUDGED = (
    *("arm", "repeats", "score", "score_low", "score_high", "skill", "also", "default_score", "default_skill"),
    *("default_gain", "default_gain_low", "default_gain_high", "default_p_gain", "default_verdict"),
    *("tuning_gain", "tuning_verdict", "p_default_enough", "incumbent", "verdict", "gain", "gain_low", "gain_high"),
    *("margin", "p_gain", "p_equal", "p_harm", "alpha", "min_detectable_gain", "rows_needed", "repeats_needed"),
    *("method", "gain_repeats", "fold_wins"),
)
"""Fields of a row that follow from predictions alone."""


def rejudge(folder: Path, facts: Mapping[str, Any], plan: Plan, board: Board) -> Judgement:
    """Judge the stored predictions again.

    `facts` is `plan.json`, `plan` what it says. Raises RecordError where a file is missing or does not belong to the
    others, KissBenchError where the judge refuses what it is given.
    """
    exam = exam_without_rows(plan, facts["understood"], int(facts["root_seed"]))
    quick = any(row.status == "provisional" for row in board.rungs)
    by_rung = {row.rung: row for row in board.rungs}
    ladder = [_candidate(exam, step, by_rung.get(step.name), quick=quick) for step in plan.ladder]
    fine = [candidate.rung for candidate in ladder if candidate.status == "ok"]
    predictions = Predictions.of_record(
        read_table(folder, "predictions.parquet"),
        read_table(folder, "folds.parquet"),
        kind=exam.folds.kind,
        labels=exam.task.labels,
        roles=read_table(folder, ROLES) if (folder / ROLES).exists() else None,
        rungs=fine,
    )
    if lacking := [rung for rung in fine if "default" not in predictions.of(rung)]:
        raise RecordError(f"predictions.parquet has no predictions of {lacking[0]} (default)")
    repeated = plan.folds.repeats == "auto" and len(predictions.fold) > 1
    return judge(ladder_of(plan, ladder), predictions, replace(terms_of(exam), escalates=repeated and not quick))


def differences(board: Board, judgement: Judgement) -> list[str]:
    """Every number and verdict of a board that is not what was recomputed, one sentence each."""
    again = {entry.rung: judged_row(entry) for entry in judgement.entries}
    told = [f"{name} is on the ladder, but not on the board" for name in again if name not in _names(board)]
    for row in board.rungs:
        told += _row_differences(row, again.get(row.rung))
    chosen = board.recommended
    pairs = {
        "recommended": ((chosen.rung, chosen.arm) if chosen else None, _recommended(judgement)),
        "also_consider": (board.also_consider, judgement.also_consider),
        "metric.margin_abs": (board.metric.margin_abs, judgement.margin_abs),
        "ladder_error": (board.ladder_error, judgement.ladder_error),
    }
    return told + [
        f"{name} is {then!r}, recomputed {now!r}" for name, (then, now) in pairs.items() if not same(then, now)
    ]


def same(then: Any, now: Any) -> bool:
    """Equal, numbers to 1e-9; a number that is none (NaN) is stored as nothing."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        return set(then) == set(now) and all(same(then[name], now[name]) for name in then)
    if isinstance(now, float) and not np.isfinite(now):
        now = None
    if isinstance(then, bool) or isinstance(now, bool) or not _are_numbers(then, now):
        return bool(then == now)
    return bool(abs(then - now) <= TOLERANCE * max(1.0, abs(then), abs(now)))


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Raises RecordError for a table that is not there or cannot be read."""
    path = folder / name
    if not path.exists():
        raise RecordError(f"{path} is not there")
    try:
        return frame_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from None


def _candidate(exam: Exam, step: Step, row: BoardRow | None, *, quick: bool) -> Candidate:
    """A rung that failed on the board failed here."""
    if row is None:
        raise RecordError(f"{step.name} is on the ladder, but not on the board")
    if row.status not in ("ok", "provisional"):
        return Candidate(rung=step.name, level=step.level, status="failed", reason=row.reason)
    return Candidate(rung=step.name, level=step.level, comparable=comparable(exam, step, quick=quick))


def _row_differences(row: BoardRow, again: BoardRow | None) -> list[str]:
    if again is None:
        return [f"{row.rung} is on the board, but not on the ladder of plan.json"]
    told = [
        f"{row.rung}: {name} is {getattr(row, name)!r}, recomputed {getattr(again, name)!r}"
        for name in JUDGED
        if not same(getattr(row, name), getattr(again, name))
    ]
    lost = [flag for flag in again.flags if flag not in row.flags]
    return told + [f"{row.rung}: the board does not say {flag!r}" for flag in lost]


def _recommended(judgement: Judgement) -> tuple[str, str] | None:
    """What the judgement recommends; None where that rung could not be judged."""
    chosen = judgement.recommended
    judged = any(entry.rung == chosen.rung and entry.status == "ok" for entry in judgement.entries)
    return (chosen.rung, chosen.arm) if judged else None


def _names(board: Board) -> set[str]:
    return {row.rung for row in board.rungs}


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
