"""The plan on record before anything is fitted, what was changed of it since, and how often the rows were looked at."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy.special import ndtri

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.records.board import Board
from kiss_bench.records.folder import read_board
from kiss_bench.records.honesty import (
    AmendmentFacts,
    ChangeFacts,
    HonestyFacts,
    LedgerFacts,
    LuckFacts,
    PastRunFacts,
    VaultFacts,
)
from kiss_bench.records.keys import canonical_json, own_sources
from kiss_bench.records.ledger import NAME, Event, Ledger, Line, append, faults_on_record, read_ledger
from kiss_bench.records.plain import from_plain
from kiss_bench.reports import amounts
from kiss_bench.reports.honesty import amendment_words
from kiss_bench.reports.words import margin_words, recommended_row
from kiss_bench.runs.asked import asked_of
from kiss_bench.runs.board import plan_hash

BEFORE, SEEN, OPENED = "before any result was seen", "after results were seen", "after the vault was opened"
SHARES = {"skill": " %", "relative": " % of the incumbent's loss", "absolute": ""}
INTERVAL = 2.0 * float(ndtri(0.975))
"""Standard errors from one end of a 95 % interval to the other."""


def event_of(exam: Exam, event: str, facts: Mapping[str, Any]) -> Event:
    """An event with the hashes of what is being done."""
    return Event(
        event=event,
        plan_hash=plan_hash(exam),
        data_hash=exam.task.data_hash,
        code_hash=own_sources(),
        facts=facts,
    )


def register(folder: Path, exam: Exam) -> None:
    """Put the plan on record: as registered where it is the first, as an amendment where it asks anything else.

    A run of the plan in force is noted as begun: what is wrong with the ledger by then is on record before it goes on.
    Raises RecordError where it cannot be written.
    """
    asked = json.loads(canonical_json({**asked_of(exam), "the data": exam.task.data_hash[:12]}))
    ledger = read_ledger(folder)
    last = registered_last(ledger)
    if last is None:
        append(folder, event_of(exam, "registered", {"asked": asked}), anchor=anchor_of(folder))
    elif last.facts.get("asked") != asked:
        facts = {
            "seen": _seen(ledger),
            "changes": [_plain(change) for change in _changes(last.facts.get("asked", {}), asked)],
            "asked": asked,
        }
        append(folder, event_of(exam, "amended", facts), anchor=anchor_of(folder))
    else:
        append(folder, event_of(exam, "begun", {}), anchor=anchor_of(folder))


def note_seen(folder: Path, exam: Exam) -> None:
    """Put on record that scores of this plan were shown: whatever is changed now is changed after a look."""
    last = read_ledger(folder).lines[-1:]
    if not last or last[0].event != "seen" or last[0].plan_hash != plan_hash(exam):
        append(folder, event_of(exam, "seen", {}), anchor=anchor_of(folder))


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
        "files": dict(files),
    }
    append(folder, event_of(exam, "run", facts), anchor=anchor_of(folder))


def note(folder: Path, exam: Exam, event: str, facts: Mapping[str, Any]) -> Line:
    """Put anything else on record; raises RecordError where it cannot be written."""
    return append(folder, event_of(exam, event, facts), anchor=anchor_of(folder))


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


def registered_last(ledger: Ledger) -> Line | None:
    """The line that holds the plan in force; None where none was registered."""
    found = ledger.of("registered", "amended")
    return found[-1] if found else None


def honesty_of(folder: Path, exam: Exam, board: Board) -> HonestyFacts:
    """Everything that the ledger says of a board that is about to be written."""
    ledger = read_ledger(folder)
    registered = ledger.of("registered")
    facts = HonestyFacts(
        registered=registered[0].at if registered else "",
        amendments=tuple(_amendment(line) for line in ledger.of("amended")),
        history=_history(ledger, board),
        luck=_luck(folder, ledger, board),
        vault=vault_facts(ledger, exam),
    )
    return replace(facts, stamps=stamps_of(ledger, facts, plan_hash(exam)))


def vault_facts(ledger: Ledger, exam: Exam) -> VaultFacts | None:
    """The vault as the ledger has it; None for a plan without one that never opened one."""
    opened = vault_opened(ledger)
    if opened is not None:
        return opened
    if exam.task.sealed is None:
        return None
    return VaultFacts(rows=len(exam.task.sealed), how=exam.task.sealed_how)


def vault_opened(ledger: Ledger) -> VaultFacts | None:
    """What the last opening said; None where it was never opened."""
    opened = ledger.of("vault opened")
    if not opened:
        return None
    last = opened[-1]
    told = {**last.facts["vault"], "openings": len(opened), "at": last.at, "plan_hash": last.plan_hash}
    return from_plain(VaultFacts, told)


def stamps_of(ledger: Ledger, facts: HonestyFacts, now: str) -> tuple[str, ...]:
    """What no report may be without: amendments after a look, a burned vault, a broken ledger, a clock set back."""
    said = [f"AMENDED: {amendment_words(each)}" for each in facts.amendments if each.seen != BEFORE]
    if facts.vault is not None and facts.vault.openings > 1:
        said.append(f"BURNED: the vault was opened {facts.vault.openings} times, so it is no fresh look any more")
    if facts.vault is not None and facts.vault.openings and facts.vault.plan_hash != now:
        said.append(f"AMENDED: the vault was opened on {facts.vault.at[:10]} against another plan than this one")
    said += [f"TAMPERED: of the ledger, {fault}" for fault in faults_on_record(ledger)]
    said += [f"CLOCK SET BACK: of the ledger, {told}" for told in ledger.clock]
    return tuple(said)


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


def _amendment(line: Line) -> AmendmentFacts:
    facts = line.facts
    return from_plain(AmendmentFacts, {"at": line.at, "seen": facts["seen"], "changes": facts["changes"]})


def _history(ledger: Ledger, board: Board) -> tuple[PastRunFacts, ...]:
    """The last run of every digest but the board's own; first looks at default settings are left out."""
    found: dict[str, PastRunFacts] = {}
    for line in _finished(ledger):
        facts = line.facts
        if facts["digest"] != board.digest:
            found.pop(facts["digest"], None)
            told = {name: facts[name] for name in ("digest", "metric", "margin", "recommended", "verdicts", "scores")}
            found[facts["digest"]] = PastRunFacts(at=line.at, plan_hash=line.plan_hash, **told)
    return tuple(found.values())


def _finished(ledger: Ledger) -> Sequence[Line]:
    return [line for line in ledger.of("run") if not line.facts.get("quick") and line.facts.get("digest")]


def _luck(folder: Path, ledger: Ledger, board: Board) -> LuckFacts:
    """Count the runs, the one that ends now included, and the luck to be expected of so many.

    sqrt(2 ln K) standard errors are the most that the best of K equal ones has on average, whatever the dependence
    between them (Boucheron, Lugosi & Massart 2013, Concentration Inequalities, theorem 2.5).
    """
    ledgers = [ledger, *_neighbours(folder)]
    runs = [line for each in ledgers for line in each.of("run") if line.data_hash == board.data_hash]
    tries = {line.facts.get("digest") for line in runs if not line.facts.get("quick")}
    provisional = any(row.status == "provisional" for row in board.rungs)
    count = len((tries if provisional else tries | {board.digest}) - {"", None})
    row = recommended_row(board)
    se = None
    if row is not None and row.gain_low is not None and row.gain_high is not None:
        se = (row.gain_high - row.gain_low) / INTERVAL
    luck = None if se is None or count < 2 else se * math.sqrt(2.0 * math.log(count))
    return LuckFacts(runs=len(runs) + 1, tries=count, se=se, luck=luck)


def _neighbours(folder: Path) -> Iterator[Ledger]:
    """Ledgers of the other projects in the results folder: another name for the same rows is no fresh look."""
    for path in sorted(folder.resolve().parent.glob(f"*/{NAME}")):
        if path.parent != folder.resolve():
            try:
                yield read_ledger(path.parent)
            except RecordError:
                continue
