"""Whether a result folder is what its run wrote: hashes exactly, scores and verdicts to 1e-9, from what is stored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.proposal.rejudged import differences, read_table, rejudge
from kiss_bench.proposal.result_folder import ResultFolder
from kiss_bench.proposal.vault_again import vault_differences
from kiss_bench.records.frames import digest_of, trials_hash, trials_of
from kiss_bench.records.keys import sha256_of
from kiss_bench.records.ledger import NAME, Ledger, anchored, faults_on_record
from kiss_bench.records.seals import BOARD, core_seal, seal_of
from kiss_bench.records.store import Damage, UnitStore
from kiss_bench.reports import board_reports, tuning_reports
from kiss_bench.reports.json import plain_json
from kiss_bench.reports.stamps import stamps
from kiss_bench.runs.asked import asked_in
from kiss_bench.runs.looks import amendment_of, amendment_stamps, vault_opened
from kiss_bench.runs.registration import registered_in, registered_last
from kiss_bench.runs.write import SEALED, VAULT, WRITTEN_FIRST
from kiss_bench.tasks.folds import folds_hash

State = Literal["ok", "differs", "not here"]
RENDERED = (".md", ".csv")
"""Files rendered from the records, and asked for by themselves: a newer version may have rendered them anew."""
MALFORMED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a record raises that somebody has changed: a key that is gone, a number that is a word."""
MOST = 5
"""Differences of one check told one by one."""
UNSEALED = (NAME, "selftest.json", "selftest.md")
"""Files of the folder that no run seals: the ledger has a chain, a self-test can be run again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One question, and what came of it."""

    name: str
    state: State
    told: tuple[str, ...] = ()
    """What differs, or why it could not be asked."""


def verify(path: Path) -> tuple[Check, ...]:
    """Ask every question of a result folder, and change nothing in it.

    Raises RecordError for a folder that is none. A folder without predictions is checked as far as it goes.
    """
    if not path.is_dir() or not any((path / name).exists() for name in (BOARD, NAME, "plan.json")):
        raise RecordError(f"{path} is no result folder; one is what `kiss-bench run` writes, results/<project>")
    folder = ResultFolder(path=path)
    return tuple(_asked(name, question, folder) for name, question in QUESTIONS.items())


def _asked(name: str, question: Callable[[ResultFolder], Iterator[str]], folder: ResultFolder) -> Check:
    try:
        told = tuple(question(folder))
    except _NotHereError as error:
        return Check(name=name, state="not here", told=(str(error),))
    except KissBenchError as error:
        told = (str(error),)
    except MALFORMED as error:
        told = (f"what is stored does not fit together: {type(error).__name__}: {error}",)
    more = (f"and {len(told) - MOST} more",) if len(told) > MOST else ()
    return Check(name=name, state="differs" if told else "ok", told=(*told[:MOST], *more))


class _NotHereError(KissBenchError):
    """A file that need not be there, without which a question cannot be asked."""


def _ledger(folder: ResultFolder) -> Iterator[str]:
    """Whether every line is there, whole and in order, and the last one is that which the board names."""
    ledger = folder.ledger
    if not ledger.lines and not ledger.faults:
        yield f"there is no {NAME}: it was taken away, or the folder is of a version that wrote none"
        return
    yield from faults_on_record(ledger)
    told = folder.board.honesty.ledger
    if told is None:
        yield f"{BOARD} does not name the ledger's last line"
        return
    yield from (fault for fault in anchored(ledger, told.head) if fault not in ledger.faults)
    places = [place for place, line in enumerate(ledger.lines, start=1) if line.hash == told.head]
    place = places[0] if places else 0
    if place != told.lines or tuple(told.faults) != faults_on_record(_until(ledger, place)):
        yield f"{BOARD} says otherwise of the ledger than the ledger does"
    yield from _honesty(folder)


def _honesty(folder: ResultFolder) -> Iterator[str]:
    """What the board says of its past that the ledger has otherwise."""
    said, ledger = folder.board.honesty, folder.ledger
    amendments = tuple(amendment_of(line) for line in ledger.of("amended"))
    if folder.pending:  # of a run that has not ended no report can tell yet
        amendments = amendments[: len(said.amendments)]
    registered = ledger.of("registered")
    if said.registered != (registered[0].at if registered else "") or said.amendments != amendments:
        yield f"{BOARD} says otherwise of what was registered and amended than the ledger does"
    lacking = [stamp for stamp in amendment_stamps(amendments) if stamp not in said.stamps]
    if lacking:
        yield f"{BOARD} lacks a stamp: {lacking[0]}"
    ended = ledger.of("run")
    if ended and ended[-1].facts.get("core") != core_seal(plain_json(folder.board)):
        yield f"{BOARD} is not what the last run found, whatever was sealed after it"
    if not folder.pending and tuple(stamps(folder.board)) != folder.record.stamps:
        yield f"tuning.json has other stamps than {BOARD}"


def _until(ledger: Ledger, count: int) -> Ledger:
    return replace(ledger, lines=ledger.lines[:count])


def _files(folder: ResultFolder) -> Iterator[str]:
    """Whether every file is what it was when it was sealed."""
    seals = folder.seals
    if not seals:
        yield "the ledger holds no run that ended"
    for name, sealed in seals.items():
        path = folder.path / name
        if folder.pending and name in WRITTEN_FIRST:
            continue
        if not path.exists():
            if name not in folder.left_out:
                yield f"{name} is gone"
            continue
        try:
            found = seal_of(name, path.read_bytes())
        except (RecordError, OSError) as error:
            yield str(error)
            continue
        if found != sealed and path.suffix not in RENDERED:
            yield f"{name} is not what the run wrote"
    yield from (f"{name} was put in: no run wrote it" for name in SEALED if _is_new(folder, name, seals))


def _is_new(folder: ResultFolder, name: str, seals: Mapping[str, str]) -> bool:
    return bool(seals) and name not in seals and (folder.path / name).exists()


def _plan(folder: ResultFolder) -> Iterator[str]:
    """Whether the plan is the one that its hash, the board and the last registration say."""
    if folder.pending:
        yield "a run of another plan was begun and has not ended; `kiss-bench run` it to its end first"
        return
    found = folder.plan_hash
    if found != folder.facts.get("plan_hash"):
        yield "plan.json is not what its own hash was taken of"
    if found != folder.board.plan_hash:
        yield f"plan.json is not the plan that {BOARD} rests on"
    last = registered_last(folder.ledger)
    if last is None:
        yield "the ledger registers no plan"
        return
    try:
        asked = registered_in(asked_in(folder.facts), folder.plan, folder.board.data_hash, folder.board.folds_hash)
    except (KeyError, TypeError, AttributeError) as error:
        yield f"plan.json is no plan of this version ({type(error).__name__}: {error})"
        return
    if asked != last.facts.get("asked"):
        yield "plan.json asks otherwise than the plan that is registered"


def _folds(folder: ResultFolder) -> Iterator[str]:
    """Whether the folds are those that were drawn."""
    if folder.pending:
        raise _NotHereError("they are those of a run that has not ended")
    if folds_hash(folder.plan.folds.kind or "stratified", read_table(folder.path, "folds.parquet")) != (
        folder.board.folds_hash
    ):
        yield f"folds.parquet does not have the folds hash of {BOARD}"


def _digest(folder: ResultFolder) -> Iterator[str]:
    """Whether predictions, trials and verdicts have the digest of the board."""
    tables = _stored(folder, "predictions.parquet"), _stored(folder, "trials.parquet")
    if digest_of(folder.board, tables) != folder.board.digest:
        yield "predictions, trials and verdicts do not have the digest of the board"


def _stored(folder: ResultFolder, name: str) -> Any:
    if not (folder.path / name).exists():
        if name not in folder.left_out:
            raise RecordError(f"{name} is gone")
        raise _NotHereError(f"{name} is not here: it is too large to be committed")
    return read_table(folder.path, name)


def _scores(folder: ResultFolder) -> Iterator[str]:
    """Whether the predictions give these scores and verdicts, to 1e-9."""
    if folder.pending:
        raise _NotHereError("plan and folds are those of a run that has not ended")
    _stored(folder, "predictions.parquet")
    yield from differences(folder.board, rejudge(folder.path, folder.facts, folder.plan, folder.board))


def _trials(folder: ResultFolder) -> Iterator[str]:
    """Whether the trials are those that the tuning record was made of."""
    record = folder.record
    if record.digest != folder.board.digest:
        yield "tuning.json is of another run than the board"
    stored = trials_of(_stored(folder, "trials.parquet"))
    told = {
        (rung.rung, arm, study.repeat, study.fold): study.trials_hash
        for rung in record.rungs
        for arm, studies in (("tuned", rung.studies), ("random", rung.control))
        for study in studies
    }
    for place, hashed in told.items():
        if trials_hash(stored.get(place, ())) != hashed:
            rung, arm, repeat, fold = place
            yield f"trials of {rung}/{arm} repeat {repeat} fold {fold} are not those of tuning.json"


def _vault(folder: ResultFolder) -> Iterator[str]:
    """Whether the vault's predictions give what the board says of it, to 1e-9."""
    told = folder.board.honesty.vault
    opened = folder.ledger.of("vault opened")
    if told is None or not told.openings:
        if opened:
            yield f"the ledger says that the vault was opened, {BOARD} does not"
        return
    by_ledger = vault_opened(folder.ledger)
    if by_ledger is None:  # opened by a neighbour of then: there are no rows of it here
        return
    if told != replace(by_ledger, openings=told.openings):
        yield f"{BOARD} says otherwise of the vault than the ledger does"
    table, last = _stored(folder, VAULT), registered_last(folder.ledger)
    if last is not None and told.asked_hash == sha256_of(last.facts.get("asked")):  # else that margin is gone
        yield from vault_differences(table, folder.facts, folder.plan, told)


def _reports(folder: ResultFolder) -> Iterator[str]:
    """Whether the texts say what the records say; one that is as it was sealed may be in another version's words."""
    seals = folder.seals
    made = {name: render(folder.board) for name, render in board_reports().items() if name != BOARD}
    made |= {name: render(folder.record) for name, render in tuning_reports().items()}
    for name, rendered in made.items():
        if (folder.path / name).exists():
            text = folder.text(name)
            if text != rendered and seals.get(name) != seal_of(name, text.encode()):
                yield f"{name} is not what the records give"


def _units(folder: ResultFolder) -> Iterator[str]:
    """Whether stored units are whole; one that is not is run again by the next run, so it changes no result."""
    store = folder.path / ".units"
    paths = sorted(store.glob("*.parquet"))
    if not paths:
        raise _NotHereError("the store of units is not here; it is never committed")
    damaged = [path.stem for path in paths if isinstance(UnitStore(store).load(path.stem), Damage)]
    if damaged:
        raise _NotHereError(f"{len(damaged)} stored units are damaged, and will be run again: {damaged[0][:12]}…")
    yield from ()


QUESTIONS: Mapping[str, Callable[[ResultFolder], Iterator[str]]] = {
    "ledger": _ledger,
    "files": _files,
    "plan": _plan,
    "folds": _folds,
    "digest": _digest,
    "scores and verdicts": _scores,
    "trials": _trials,
    "vault": _vault,
    "reports": _reports,
    "stored units": _units,
}
