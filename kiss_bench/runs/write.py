"""The result folder, written: every file whole, the leaderboard last."""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Step
from kiss_bench.plan.written import plan_as_dict
from kiss_bench.records.atomic import write_whole
from kiss_bench.records.board import Board
from kiss_bench.records.environment import environment
from kiss_bench.records.folder import read_json
from kiss_bench.reports import board_reports, tuning_reports
from kiss_bench.reports.json import plain_json
from kiss_bench.runs.board import Tables, plan_hash, withdrawn
from kiss_bench.runs.tuned import Circumstances, tuning_record
from kiss_bench.runs.units import Progress, rung_facts
from kiss_bench.tasks.folds import folds_frame
from kiss_bench.tuning.record.facts import EnvironmentFacts, ReplayFacts, TuningRecord
from kiss_bench.tuning.record.schema import dotted, faults_of, record_from_dict, told
from kiss_bench.tuning.search import trial_settings_of

COMMITTABLE = 1_000_000
"""Bytes up to which a table of predictions or trials is meant to be committed with the rest."""
BULKY = ("predictions.parquet", "trials.parquet")
"""In the order of `Tables`."""


def write_plan(folder: Path, exam: Exam) -> None:
    """Plan and folds, before anything is fitted."""
    _json(folder / "plan.json", plan_facts(exam))
    _parquet(folder / "folds.parquet", folds_frame(exam.folds, exam.task))


def write_results(folder: Path, progress: Progress, board: Board, tables: Tables, facts: Mapping[str, Any]) -> Board:
    """Everything else; returns the board as it was written, without rungs whose tuning record is not whole.

    `facts`, for `environment.json`: command, engine, jobs, and `ran`, the number of units that were run.
    """
    for name, table in zip(BULKY, tables, strict=True):
        _parquet(folder / name, table)
    around = _environment(folder, facts)
    _json(folder / "environment.json", around)
    circumstances = Circumstances(environment=around, replay=_replay_of(folder, board.digest))
    board, record = _whole(board, tuning_record(progress, board, circumstances))
    for name, text in {name: render(record) for name, render in tuning_reports().items()}.items():
        write_whole(folder / name, text)
    write_board(folder, board)
    write_whole(folder / ".gitignore", "".join(f"{line}\n" for line in ignored(folder)))
    return board


def write_board(folder: Path, board: Board) -> None:
    """The leaderboard in every format."""
    for name, text in {name: render(board) for name, render in board_reports().items()}.items():
        write_whole(folder / name, text)


def _whole(board: Board, record: TuningRecord) -> tuple[Board, TuningRecord]:
    """Takes rungs whose part of the record is not whole off both; raises RecordError where the rest of it is not."""
    faults = faults_of(plain_json(record))
    places = {place[1]: f"{dotted(place[2:])} {fault}" for place, fault in faults.items() if place[0] == "rungs"}
    rest = {place: fault for place, fault in faults.items() if place[0] != "rungs"}
    if rest:
        raise RecordError(f"the tuning record is not whole: {'; '.join(told(rest))}")
    lacking = {
        record.rungs[int(index)].rung: f"its tuning record is incomplete: {why}" for index, why in places.items()
    }
    whole = tuple(rung for rung in record.rungs if rung.rung not in lacking)
    return withdrawn(board, lacking), replace(record, rungs=whole)


def _environment(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where the units ran: that of the run before, where this one took all of them from the store."""
    if not facts["ran"]:
        with contextlib.suppress(RecordError):
            before = read_json(folder, "environment.json")
            if set(before) == {field.name for field in fields(EnvironmentFacts)}:
                return before
    return environment(list(facts["command"]), int(facts["jobs"]), facts["engine"])


def _replay_of(folder: Path, digest: str) -> ReplayFacts | None:
    """What a replay of these very results has found; None where there was none."""
    try:
        before = record_from_dict(read_json(folder, "tuning.json"), str(folder))
    except RecordError:
        return None
    return before.replay if before.digest == digest else None


def ignored(folder: Path) -> list[str]:
    """What the folder keeps from being committed: its store, and tables too large for a repository."""
    large = [name for name in BULKY if (folder / name).exists() and (folder / name).stat().st_size > COMMITTABLE]
    return [".units/", *large]


def plan_facts(exam: Exam) -> dict[str, Any]:
    """The resolved plan under the config's own keys, and what was understood of the table."""
    task, time = exam.task, exam.task.time_column
    return {
        "schema": "kiss-bench/plan/1",
        "plan_hash": plan_hash(exam),
        "root_seed": exam.root,
        **plan_as_dict(exam.plan),
        "understood": {
            "task": task.kind,
            "why": task.why,
            "labels": list(task.labels),
            "positive": task.positive,
            "columns": {column.name: column.kind for column in task.columns},
            "time_column": {time.name: time.kind} if time else None,
            "rows_read": task.rows_read,
            "rows_dropped": task.rows_dropped,
            "single_precision": task.single,
            "data_hash": task.data_hash,
            "folds_hash": exam.folds.hash,
            "notes": [*task.notes, *exam.folds.notes],
        },
        "rungs": {step.name: _rung_facts(exam, step) for step in exam.plan.ladder},
    }


def _rung_facts(exam: Exam, step: Step) -> dict[str, Any]:
    """What a rung brings along: its settings in force, and the space its studies search."""
    rung = rung_facts(step)
    return {
        "summary": rung.summary,
        "settings": {**rung.defaults(exam.task.kind), **step.settings},
        "most_rows": rung.most_rows,
        "settings_in_trials": trial_settings_of(rung, step),
        "space": [asdict(line) for line in rung.space(exam.task.kind)] if step.trials else [],
    }


def _json(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _parquet(path: Path, frame: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    write_whole(path, buffer.getvalue())
