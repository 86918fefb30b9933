"""The result folder, written: which file is whose, every file whole, the leaderboard last."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.records.environment import environment
from kiss_bench.records.evidence import DIAGNOSTICS, Evidence, evidence_of
from kiss_bench.records.folder import read_board, read_json, write_whole
from kiss_bench.records.frames import digest_of, write_frame
from kiss_bench.records.json import dotted, plain_json, record_json, told_faults
from kiss_bench.records.ledger import BOARD, board_seal, read_ledger, seals_of
from kiss_bench.records.tuning import (
    EnvironmentFacts,
    ReplayFacts,
    TuningRecord,
    faults_of,
    record_from_dict,
)
from kiss_bench.reports import board_reports, evidence_reports, tuning_reports
from kiss_bench.reports.phrases import stamps
from kiss_bench.runs.board import Tables, withdrawn
from kiss_bench.runs.plan_facts import plan_facts, roles_frame
from kiss_bench.runs.registration import (
    honesty_of,
    ledger_facts,
    note,
    note_run,
    read_ledgers,
    register,
    stamps_of,
    vault_facts,
)
from kiss_bench.runs.tuning_record import Circumstances, tuning_record
from kiss_bench.runs.units import Progress
from kiss_bench.tasks.folds import folds_frame

COMMITTABLE = 1_000_000
"""Bytes up to which a table of predictions or trials is meant to be committed with the rest."""
BULKY = ("predictions.parquet", "trials.parquet")
"""In the order of `Tables`."""
ROLES = "rows.parquet"
WRITTEN_FIRST = ("plan.json", "folds.parquet", ROLES)
"""Before anything is fitted: while a run is under way they are its own, and all else is of the run before."""
BY_RUNS_ALONE = (*WRITTEN_FIRST, *BULKY, "environment.json", DIAGNOSTICS, ".gitignore")
"""Nothing writes them again once the run has ended."""
VAULT = "vault.parquet"
"""Sealed by the opening that wrote it, not by runs."""
SEALED = (
    *BY_RUNS_ALONE,
    *(name for name in (*board_reports(), *tuning_reports(), *evidence_reports()) if name != BOARD),
)
"""Files whose seals a run notes in the ledger, beside that of the board."""


def ignored(folder: Path) -> list[str]:
    """What the folder keeps from being committed: its store, and tables too large for a repository."""
    large = [name for name in BULKY if (folder / name).exists() and (folder / name).stat().st_size > COMMITTABLE]
    return [".units/", *large]


def write_plan(folder: Path, exam: Exam) -> None:
    """Plan, folds and roles of rows, before anything is fitted; and the plan's registration."""
    register(folder, exam)
    _json(folder / "plan.json", plan_facts(exam))
    write_frame(folder / "folds.parquet", folds_frame(exam.folds, exam.task))
    roles = roles_frame(exam)
    if roles is not None:
        write_frame(folder / ROLES, roles)
    else:
        (folder / ROLES).unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a run came to, before it is written."""

    board: Board
    tables: Tables
    diagnostics: Diagnostics


def write_results(folder: Path, progress: Progress, findings: Findings, facts: Mapping[str, Any]) -> Board:
    """Everything else; returns the board as it was written, without rungs whose tuning record is not whole.

    `facts`, for `environment.json`: command, engine, jobs, and `ran`, the number of units that were run.
    """
    tables = findings.tables
    for name, table in zip(BULKY, tables, strict=True):
        write_frame(folder / name, table)
    around = _environment(folder, facts)
    _json(folder / "environment.json", around)
    write_whole(folder / DIAGNOSTICS, record_json(findings.diagnostics))
    circumstances = Circumstances(environment=around, replay=_replay_of(folder, findings.board.digest))
    board = replace(findings.board, honesty=honesty_of(folder, progress.exam, findings.board))
    board, record = _whole(board, tuning_record(progress, board, circumstances), tables)
    write_whole(folder / ".gitignore", "".join(f"{line}\n" for line in ignored(folder)))
    for name, render in tuning_reports().items():
        write_whole(folder / name, render(record))
    return write_board(folder, progress.exam, board, record)


def write_board(folder: Path, exam: Exam, board: Board, record: TuningRecord) -> Board:
    """The reports of a board and the board itself; last the run is noted in the ledger, whose end the board then names.

    In this order a process that is killed leaves no run on record without its board.
    """
    seals = _board_texts(folder, board, record)
    return note_run(folder, exam, _written(folder, board), seals)


def seal_again(folder: Path, exam: Exam, event: str, facts: Mapping[str, Any], names: Iterable[str]) -> Board:
    """Put what was done with finished results on record, with these files of it, and write what the reports now say.

    The event comes first: a process that is stopped in between has shown nothing that is not on record.
    """
    board = note(folder, exam, event, {**facts, "files": seals_of(folder, names)})
    return rewrite(folder, exam, board or read_board(folder))


def rewrite(folder: Path, exam: Exam, board: Board) -> Board:
    """Write the reports of finished results that have more to say than before, with what the ledger says by now."""
    ledgers = read_ledgers(folder)
    told = replace(board.honesty, vault=vault_facts(ledgers, exam))
    board = replace(board, honesty=replace(told, stamps=stamps_of(ledgers, told, exam, board)))
    record = record_from_dict(read_json(folder, "tuning.json"), str(folder / "tuning.json"))
    record = replace(record, stamps=tuple(stamps(board)))
    for name, render in tuning_reports().items():
        write_whole(folder / name, render(record))
    seals = _board_texts(folder, board, record)
    board = _written(folder, board)
    return note(folder, exam, "sealed", {"files": seals}, board) or board


def _board_texts(folder: Path, board: Board, record: TuningRecord) -> dict[str, str]:
    """Write all reports of a board but the board itself; give the seals of every file, the board's included."""
    for name, render in board_reports().items():
        if name != BOARD:
            write_whole(folder / name, render(board))
    write_evidence(folder, evidence_of(folder, board, record, read_ledger(folder).lines))
    return {**seals_of(folder, SEALED), BOARD: board_seal({"schema": board.schema, **plain_json(board)})}


def write_evidence(folder: Path, evidence: Evidence) -> list[str]:
    """Write the reports of all records together, and take away those that have nothing to show; gives their names."""
    texts = {name: render(evidence) for name, render in evidence_reports().items()}
    for name, text in texts.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_whole(folder / name, text)
    return [name for name, text in texts.items() if text is not None]


def _written(folder: Path, board: Board) -> Board:
    """The board as it is written: naming the ledger's end."""
    board = replace(board, honesty=replace(board.honesty, ledger=ledger_facts(folder)))
    write_whole(folder / BOARD, board_reports()[BOARD](board))
    return board


def _whole(board: Board, record: TuningRecord, tables: Tables) -> tuple[Board, TuningRecord]:
    """Takes rungs whose part of the record is not whole off both; raises RecordError where the rest of it is not."""
    faults = faults_of(plain_json(record))
    places = {place[1]: f"{dotted(place[2:])} {fault}" for place, fault in faults.items() if place[0] == "rungs"}
    rest = {place: fault for place, fault in faults.items() if place[0] != "rungs"}
    if rest:
        raise RecordError(f"the tuning record is not whole: {'; '.join(told_faults(rest))}")
    lacking = {
        record.rungs[int(index)].rung: f"its tuning record is incomplete: {why}" for index, why in places.items()
    }
    whole = tuple(rung for rung in record.rungs if rung.rung not in lacking)
    if lacking:
        board = withdrawn(board, lacking)
        board = replace(board, digest=digest_of(board, tables))
    return board, replace(record, rungs=whole, digest=board.digest)


def _environment(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where the units ran: that of the run before, where this one took all of them from the store."""
    if not facts["ran"]:
        with contextlib.suppress(RecordError):
            before = read_json(folder, "environment.json")
            if set(before) == {field.name for field in fields(EnvironmentFacts)}:
                return before
    return environment(list(facts["command"]), int(facts["jobs"]), facts["engine"], facts["arithmetic"])


def _replay_of(folder: Path, digest: str) -> ReplayFacts | None:
    """What a replay of these very results has found; None where there was none."""
    try:
        before = record_from_dict(read_json(folder, "tuning.json"), str(folder))
    except RecordError:
        return None
    return before.replay if before.digest == digest else None


def _json(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
