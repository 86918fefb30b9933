"""What the ledgers say of a board: amendments, earlier verdicts, looks at the same rows, openings of the vault."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scipy.special import ndtri

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.records.board import Board
from kiss_bench.records.honesty import AmendmentFacts, HonestyFacts, LuckFacts, PastRunFacts, VaultFacts
from kiss_bench.records.ledger import NAME, Ledger, Line, faults_on_record, read_ledger
from kiss_bench.records.plain import from_plain
from kiss_bench.reports.honesty import amendment_words
from kiss_bench.reports.words import recommended_row
from kiss_bench.runs.registration import BEFORE, asked_hash, sealed_hash

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
    return from_plain(VaultFacts, {**last.facts["vault"], **told})


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
    return from_plain(AmendmentFacts, {"at": line.at, "seen": facts["seen"], "changes": facts["changes"]})


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
