"""Lines of the ledger: the plan on record before anything is fitted, what was changed of it since, looks and runs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Plan
from kiss_bench.records.atomic import write_whole
from kiss_bench.records.board import Board
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.honesty import ChangeFacts, LedgerFacts
from kiss_bench.records.keys import canonical_json, library_versions, own_sources, sha256_of
from kiss_bench.records.ledger import NAME, Event, Ledger, Line, append, faults_on_record, read_ledger
from kiss_bench.records.seals import BOARD, core_seal
from kiss_bench.reports import amounts
from kiss_bench.reports.json import leaderboard_json, plain_json
from kiss_bench.reports.words import margin_words
from kiss_bench.runs.asked import asked_of
from kiss_bench.runs.board import plan_hash

BEFORE, SEEN, OPENED = "before any result was seen", "after results were seen", "after the vault was opened"
SHARES = {"skill": " %", "relative": " % of the incumbent's loss", "absolute": ""}
DATA, FOLDS = "the data", "the folds"
"""Keys of what is registered that stand for the rows, and for folds that came with them."""


def registered_of(exam: Exam) -> dict[str, Any]:
    """What is registered of an exam: all that its plan asks, and which rows it asks of; as JSON gives it back."""
    return registered_in(asked_of(exam), exam.plan, exam.task.data_hash, exam.folds.hash)


def registered_in(asked: Mapping[str, Any], plan: Plan, data_hash: str, folds_hash: str) -> dict[str, Any]:
    """The same from what is written; folds that come with the data are registered by what they are."""
    given = {FOLDS: folds_hash[:12]} if plan.folds.kind == "predefined" else {}
    whole: dict[str, Any] = json.loads(canonical_json({**asked, DATA: data_hash[:12], **given}))
    return whole


def asked_hash(exam: Exam) -> str:
    return sha256_of(registered_of(exam))


def sealed_hash(exam: Exam) -> str:
    """Of the rows in the vault; empty where there is none."""
    return "" if exam.task.sealed is None else sha256_of(exam.task.sealed.tolist())


def register(folder: Path, exam: Exam) -> None:
    """Put the plan on record: as registered where it is the first, as an amendment where it asks anything else.

    A run of the plan in force is noted as begun: what is wrong with the ledger by then is on record before it goes on.
    Raises RecordError where it cannot be written.
    """
    asked, ledger = registered_of(exam), read_ledger(folder)
    last, gone = registered_last(ledger), _what_is_gone(folder, ledger)
    if last is None:
        note(folder, exam, "registered", {"asked": asked, **gone})
    elif last.facts.get("asked") != asked:
        changes = [_plain(change) for change in _changes(last.facts.get("asked", {}), asked)]
        note(folder, exam, "amended", {"seen": _seen(ledger), "changes": changes, "asked": asked, **gone})
    else:
        note(folder, exam, "begun", gone)


def _what_is_gone(folder: Path, ledger: Ledger) -> dict[str, list[str]]:
    """Faults of a folder whose ledger and board do not tell of each other, since one was taken away."""
    gone = []
    try:
        of_our_time = "stamps" in read_json(folder, "tuning.json")
    except RecordError:
        of_our_time = False
    if of_our_time and not ledger.count:
        gone.append(f"results lay here that no line of {NAME} tells of")
    if ledger.of("run") and not (folder / BOARD).exists():
        gone.append(f"a run had ended, but {BOARD} was gone")
    return {"faults": gone} if gone else {}


def note_seen(folder: Path, exam: Exam) -> None:
    """Put on record that scores of this plan were shown: whatever is changed now is changed after a look."""
    last = read_ledger(folder).lines[-1:]
    if not last or last[0].event != "seen" or last[0].plan_hash != plan_hash(exam):
        note(folder, exam, "seen", {})


def note_run(folder: Path, exam: Exam, board: Board, files: Mapping[str, str]) -> None:
    """Put a run that ended on record, with its verdicts and the seals of its files."""
    facts = {
        "digest": board.digest,
        "folds_hash": board.folds_hash,
        "root_seed": exam.root,
        "quick": any(row.status == "provisional" for row in board.rungs),
        "metric": board.metric.name,
        "margin": margin_words(board.metric),
        "recommended": board.recommended.rung if board.recommended else None,
        "verdicts": {row.rung: row.verdict or row.status for row in board.rungs},
        "scores": {row.rung: row.score for row in board.rungs},
        "level": exam.level,
        "libraries": dict(library_versions()),
        "files": dict(files),
        "core": core_seal(plain_json(board)),
    }
    note(folder, exam, "run", facts)


def note(folder: Path, exam: Exam, event: str, facts: Mapping[str, Any]) -> Line:
    """Put an event on record, and let the board of before name it as the ledger's end.

    Raises RecordError where it cannot be written.
    """
    hashes = {"plan_hash": plan_hash(exam), "data_hash": exam.task.data_hash, "code_hash": own_sources()}
    whole = {**facts, "asked_hash": asked_hash(exam), "sealed": sealed_hash(exam)}
    line = append(folder, Event(event=event, **hashes, facts=whole), anchor=anchor_of(folder))
    _anchor(folder)
    return line


def ledger_facts(folder: Path) -> LedgerFacts:
    ledger = read_ledger(folder)
    return LedgerFacts(lines=len(ledger.lines), head=ledger.head, faults=faults_on_record(ledger))


def anchor_of(folder: Path) -> str:
    """The line that the board names as the last; empty where no board of this version is there."""
    try:
        told = read_board(folder).honesty.ledger
    except RecordError:
        return ""
    return told.head if told else ""


def _anchor(folder: Path) -> None:
    """Name the ledger's end in the board that is there, which its seal leaves out."""
    try:
        board = read_board(folder)
    except RecordError:
        return
    if board.honesty.ledger is not None:
        told = replace(board.honesty, ledger=ledger_facts(folder))
        write_whole(folder / BOARD, leaderboard_json(replace(board, honesty=told)))


def registered_last(ledger: Ledger) -> Line | None:
    """The line that holds the plan in force; None where none was registered."""
    found = ledger.of("registered", "amended")
    return found[-1] if found else None


def _seen(ledger: Ledger) -> str:
    if ledger.of("vault opening", "vault opened"):
        return OPENED
    return SEEN if ledger.of("seen", "run") else BEFORE


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangeFacts]:
    """Every key that is otherwise; the margin and its unit as one, and the budget of all rungs once."""
    old, new = _with_margin(before), _with_margin(after)
    budget = (old.get("tuning.trials"), new.get("tuning.trials"))
    for key in dict.fromkeys([*old, *new]):
        is_budget = key.endswith(".trials") and key != "tuning.trials" and (old.get(key), new.get(key)) == budget
        if old.get(key) != new.get(key) and not is_budget:
            yield ChangeFacts(key=key, before=old.get(key), after=new.get(key))


def _with_margin(asked: Mapping[str, Any]) -> dict[str, Any]:
    margin, unit = asked.get("metric.margin"), str(asked.get("metric.margin_unit"))
    share = unit in ("skill", "relative") and isinstance(margin, int | float)
    told = f"{amounts.exact(100.0 * float(margin or 0.0)) if share else margin}{SHARES.get(unit, '')}"
    rest = {key: value for key, value in asked.items() if key not in ("metric.margin", "metric.margin_unit")}
    return {**rest, "margin": told}


def _plain(change: ChangeFacts) -> dict[str, Any]:
    return {"key": change.key, "before": change.before, "after": change.after}
