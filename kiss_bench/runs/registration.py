"""Lines of the ledger, written: the plan, its amendments, looks, runs; and read: what they say of a board."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy.special import ndtri

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Plan
from kiss_bench.records.board import (
    AmendmentFacts,
    Board,
    ChangeFacts,
    HonestyFacts,
    LedgerFacts,
    LuckFacts,
    PastRunFacts,
    VaultFacts,
)
from kiss_bench.records.folder import read_board, read_json, write_whole
from kiss_bench.records.json import plain_json, record_json, record_of
from kiss_bench.records.keys import canonical_json, library_versions, own_sources, sha256_of
from kiss_bench.records.ledger import BOARD, NAME, Event, Ledger, Line, append, core_seal, faults_on_record, read_ledger
from kiss_bench.reports import amounts
from kiss_bench.reports.checks import amendment_words
from kiss_bench.reports.phrases import margin_words, recommended_row
from kiss_bench.runs.board import plan_hash
from kiss_bench.runs.plan_facts import asked_of

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


def note_run(folder: Path, exam: Exam, board: Board, files: Mapping[str, str]) -> Board:
    """Put a run that ended on record, with its verdicts and the seals of its files; gives its board as `note` does."""
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
    return note(folder, exam, "run", facts, board) or board


def note(folder: Path, exam: Exam, event: str, facts: Mapping[str, Any], board: Board | None = None) -> Board | None:
    """Put an event on record, and let the board that lies in the folder name it as the ledger's end.

    `board` is that board, where it is at hand; else it is read. Gives it as it lies there then; None where there is
    none of this version. Raises RecordError where something cannot be written.
    """
    board = _board_there(folder) if board is None else board
    before = None if board is None else board.honesty.ledger
    hashes = {"plan_hash": plan_hash(exam), "data_hash": exam.task.data_hash, "code_hash": own_sources()}
    whole = {**facts, "asked_hash": asked_hash(exam), "sealed": sealed_hash(exam)}
    append(folder, Event(event=event, **hashes, facts=whole), anchor=before.head if before else "")
    if board is None or before is None:
        return board
    board = replace(board, honesty=replace(board.honesty, ledger=ledger_facts(folder)))
    write_whole(folder / BOARD, record_json(board))  # its seal leaves the ledger's end out
    return board


def ledger_facts(folder: Path) -> LedgerFacts:
    ledger = read_ledger(folder)
    return LedgerFacts(lines=len(ledger.lines), head=ledger.head, faults=faults_on_record(ledger))


def _board_there(folder: Path) -> Board | None:
    try:
        return read_board(folder)
    except RecordError:
        return None


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


INTERVAL = 2.0 * float(ndtri(0.975))
"""Standard errors from one end of a 95 % interval to the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledgers:
    """That of a result folder, and those of the other projects in the same place."""

    own: Ledger
    others: tuple[Ledger, ...] = ()

    def on(self, data_hash: str, *events: str) -> list[Line]:
        """Lines of all of them on the same rows: another name for the same rows is no fresh look.

        A line that stands in several, since a folder was copied, counts once.
        """
        every = [line for ledger in (self.own, *self.others) for line in ledger.of(*events)]
        return list({line.hash: line for line in every if line.data_hash == data_hash}.values())


def read_ledgers(folder: Path) -> Ledgers:
    """The ledgers of a folder and its neighbours; one of those that cannot be read counts as none."""
    return Ledgers(own=read_ledger(folder), others=tuple(_neighbours(folder)))


def honesty_of(folder: Path, exam: Exam, board: Board) -> HonestyFacts:
    """Everything that the ledgers say of a board that is about to be written."""
    ledgers = read_ledgers(folder)
    registered = ledgers.own.of("registered")
    facts = HonestyFacts(
        registered=registered[0].at if registered else "",
        amendments=tuple(amendment_of(line) for line in ledgers.own.of("amended")),
        history=_history(ledgers.own, board),
        luck=_luck(ledgers, exam, board),
        vault=vault_facts(ledgers, exam),
    )
    return replace(facts, stamps=stamps_of(ledgers, facts, exam, board))


def vault_facts(ledgers: Ledgers, exam: Exam) -> VaultFacts | None:
    """The vault as the ledgers have it; None for a plan without one that never opened one."""
    count = len(openings(ledgers, exam.task.data_hash))
    opened = vault_opened(ledgers.own)
    if opened is not None:
        return replace(opened, openings=count)
    if exam.task.sealed is None:
        return None
    fresh = not readers(ledgers, exam)
    return VaultFacts(rows=len(exam.task.sealed), how=exam.task.sealed_how, openings=count, fresh=fresh)


def vault_opened(ledger: Ledger) -> VaultFacts | None:
    """What the last opening said; None where none ended."""
    opened = ledger.of("vault opened")
    if not opened:
        return None
    last = opened[-1]
    told = {"at": last.at, "plan_hash": last.plan_hash, "asked_hash": last.facts["asked_hash"]}
    return record_of(VaultFacts, {**last.facts["vault"], **told})


def openings(ledgers: Ledgers, data_hash: str) -> list[Line]:
    """Every look into the vault: in this project all, in its neighbours those on the same rows.

    An opening that did not end has shown nothing and may be finished, but not against another plan: then it counts.
    """
    found = list(_looks(ledgers.own))
    for ledger in ledgers.others:
        found += [line for line in _looks(ledger) if line.data_hash == data_hash]
    return found


def unfinished(ledger: Ledger) -> Line | None:
    """An opening that was begun last and did not end; None where there is none."""
    found = ledger.of("vault opening", "vault opened")
    return found[-1] if found and found[-1].event == "vault opening" else None


def _looks(ledger: Ledger) -> Iterator[Line]:
    pending: Line | None = None
    for line in ledger.of("vault opening", "vault opened", "amended"):
        if line.event == "vault opened":
            pending = None
            yield line
        elif pending is not None and _target(line) != _target(pending):
            yield pending
            pending = None
        if line.event == "vault opening":
            pending = line


def _target(line: Line) -> object:
    """What an opening is held against."""
    return line.facts.get("asked_hash")


def readers(ledgers: Ledgers, exam: Exam) -> list[Line]:
    """Runs and looks at the same rows that had other ones sealed: they may have read what is sealed now."""
    now = sealed_hash(exam)
    if not now:
        return []
    return [line for line in ledgers.on(exam.task.data_hash, "seen", "run") if line.facts.get("sealed") != now]


def stamps_of(ledgers: Ledgers, facts: HonestyFacts, exam: Exam, board: Board) -> tuple[str, ...]:
    """What no report may be without: changes after a look, a vault that is no fresh look, a broken ledger, a leak."""
    said = amendment_stamps(facts.amendments)
    said += _vault_stamps(ledgers, facts.vault, exam)
    said += [f"TAMPERED: of the ledger, {fault}" for fault in faults_on_record(ledgers.own)]
    said += [f"CLOCK SET BACK: of the ledger, {told}" for told in ledgers.own.clock]
    placebos = [line for line in ledgers.own.of("checked") if line.facts.get("what") == "placebo"]
    if placebos and placebos[-1].facts.get("leaking") and board.placebo is None:
        names = ", ".join(placebos[-1].facts["leaking"])
        said.append(f"LEAKING: the last placebo ({placebos[-1].day}) found a leak by {names}; none was run since")
    return tuple(said)


def amendment_stamps(amendments: Sequence[AmendmentFacts]) -> list[str]:
    """One for each change after a look."""
    return [f"AMENDED: {amendment_words(each)}" for each in amendments if each.seen != BEFORE]


def _vault_stamps(ledgers: Ledgers, vault: VaultFacts | None, exam: Exam) -> Iterator[str]:
    if vault is None:
        return
    if vault.openings > 1:
        yield f"BURNED: the vault was opened {vault.openings} times, so it is no fresh look any more"
    opened = ledgers.own.of("vault opened")
    if opened and opened[-1].facts.get("asked_hash") != asked_hash(exam):
        yield f"AMENDED: the vault was opened on {opened[-1].day} against another plan than this one"
    elif not opened and vault.openings:
        yield "BURNED: the vault of these rows was opened already, by another project here or against another plan"
    if early := readers(ledgers, exam):
        yield f"NOT FRESH: rows of this vault were read by runs that had others sealed, or none (first {early[0].day})"


def amendment_of(line: Line) -> AmendmentFacts:
    """What a line of the ledger says was changed."""
    facts = line.facts
    return record_of(AmendmentFacts, {"at": line.at, "seen": facts["seen"], "changes": facts["changes"]})


def _history(ledger: Ledger, board: Board) -> tuple[PastRunFacts, ...]:
    """The last run of every digest but the board's own; first looks at default settings are left out."""
    found: dict[str, PastRunFacts] = {}
    for line in ledger.of("run"):
        facts = line.facts
        if facts.get("quick") or facts.get("digest") in ("", None, board.digest):
            continue
        told = {name: facts[name] for name in ("digest", "metric", "margin", "recommended", "verdicts", "scores")}
        found.pop(facts["digest"], None)
        found[facts["digest"]] = PastRunFacts(at=line.at, plan_hash=line.plan_hash, **told)
    return tuple(found.values())


def _luck(ledgers: Ledgers, exam: Exam, board: Board) -> LuckFacts:
    """Count the runs, the one that ends now included, and the luck to be expected of so many.

    A try is a plan or a seed whose scores were seen, whether its run ended or not; the same one again is the same
    answer again. sqrt(2 ln K) standard errors are the most that the best of K equal ones has on average, whatever the
    dependence between them (Boucheron, Lugosi & Massart 2013, Concentration Inequalities, theorem 2.5).
    """
    runs = ledgers.on(board.data_hash, "run")
    seen = {line.facts.get("asked_hash") for line in ledgers.on(board.data_hash, "seen", "run")}
    count = len((seen | {asked_hash(exam)}) - {None})
    return LuckFacts(runs=len(runs) + 1, tries=count, se=(se := _gain_error(board)), luck=_expected(se, count))


def _expected(se: float | None, tries: int) -> float | None:
    return None if se is None or tries < 2 else se * math.sqrt(2.0 * math.log(tries))


def _gain_error(board: Board) -> float | None:
    """Standard error of the recommended rung's gain; of the best challenger's where the baseline stays."""
    row = recommended_row(board)
    if row is None or row.gain is None:
        judged = [each for each in board.rungs if each.gain is not None]
        row = max(judged, key=lambda each: each.gain or 0.0, default=None)
    if row is None or row.gain_low is None or row.gain_high is None:
        return None
    return (row.gain_high - row.gain_low) / INTERVAL


def _neighbours(folder: Path) -> Iterator[Ledger]:
    here = folder.resolve()
    found: Sequence[Path] = sorted(here.parent.glob(f"*/{NAME}"))
    for path in found:
        if path.parent != here:
            try:
                yield read_ledger(path.parent)
            except RecordError:
                continue
