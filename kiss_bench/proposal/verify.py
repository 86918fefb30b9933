"""Whether a result folder is what its run wrote: hashes exactly, scores and verdicts to 1e-9, from what is stored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.proposal.against_ledger import ledger_holds, plan_holds, vault_holds
from kiss_bench.proposal.rejudged import differences, read_table, rejudge
from kiss_bench.proposal.result_folder import NotHereError, ResultFolder, stored
from kiss_bench.records.frames import digest_of, trials_hash, trials_of
from kiss_bench.records.ledger import BOARD, NAME, seal_of
from kiss_bench.records.store import Damage, UnitStore
from kiss_bench.reports import board_reports, evidence_reports, tuning_reports
from kiss_bench.runs.result_files import SEALED, WRITTEN_FIRST
from kiss_bench.tasks.folds import folds_hash

State = Literal["ok", "differs", "not here"]
RENDERED = (".md", ".csv", ".html", ".svg")
"""Files rendered from the records, and asked for by themselves: a newer version may have rendered them anew."""
MALFORMED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a record raises that somebody has changed: a key that is gone, a number that is a word."""
MOST = 5
"""Differences of one check told one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One question, and what came of it."""

    name: str
    state: State
    told: tuple[str, ...] = ()
    """What differs, or why it could not be asked."""


def verify(path: Path, tell: Callable[[Check], None] = lambda _: None) -> tuple[Check, ...]:
    """Ask every question of a result folder, and change nothing in it; `tell` is called with each as it is answered.

    Raises RecordError for a folder that is none. A folder without predictions is checked as far as it goes.
    """
    if not path.is_dir() or not any((path / name).exists() for name in (BOARD, NAME, "plan.json")):
        raise RecordError(f"{path} is no result folder; one is what `kiss-bench run` writes, results/<project>")
    folder, checks = ResultFolder(path=path), []
    if not (path / BOARD).exists() and folder.ledger.lines and not folder.ledger.of("run"):
        raise RecordError(f"{path} holds a run that has not ended; kiss-bench run with its config goes on from there")
    for name, question in QUESTIONS.items():
        checks.append(_asked(name, question, folder))
        tell(checks[-1])
    return tuple(checks)


def _asked(name: str, question: Callable[[ResultFolder], Iterator[str]], folder: ResultFolder) -> Check:
    try:
        told = tuple(question(folder))
    except NotHereError as error:
        return Check(name=name, state="not here", told=(str(error),))
    except KissBenchError as error:
        told = (str(error),)
    except MALFORMED as error:
        told = (f"what is stored does not fit together: {type(error).__name__}: {error}",)
    more = (f"and {len(told) - MOST} more",) if len(told) > MOST else ()
    return Check(name=name, state="differs" if told else "ok", told=(*told[:MOST], *more))


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
    kept = [name for name in SEALED if Path(name).suffix not in RENDERED]  # what a newer version renders is asked below
    yield from (f"{name} was put in: no run wrote it" for name in kept if _is_new(folder, name, seals))


def _is_new(folder: ResultFolder, name: str, seals: Mapping[str, str]) -> bool:
    return bool(seals) and name not in seals and (folder.path / name).exists()


def _folds(folder: ResultFolder) -> Iterator[str]:
    """Whether the folds are those that were drawn."""
    if folder.pending:
        raise NotHereError("they are those of a run that has not ended")
    if folds_hash(folder.plan.folds.kind or "stratified", read_table(folder.path, "folds.parquet")) != (
        folder.board.folds_hash
    ):
        yield f"folds.parquet does not have the folds hash of {BOARD}"


def _digest(folder: ResultFolder) -> Iterator[str]:
    """Whether predictions, trials and verdicts have the digest of the board."""
    tables = stored(folder, "predictions.parquet"), stored(folder, "trials.parquet")
    if digest_of(folder.board, tables) != folder.board.digest:
        yield "predictions, trials and verdicts do not have the digest of the board"


def _scores(folder: ResultFolder) -> Iterator[str]:
    """Whether the predictions give these scores and verdicts, to 1e-9."""
    if folder.pending:
        raise NotHereError("plan and folds are those of a run that has not ended")
    stored(folder, "predictions.parquet")
    yield from differences(folder.board, rejudge(folder.path, folder.facts, folder.plan, folder.board))


def _trials(folder: ResultFolder) -> Iterator[str]:
    """Whether the trials are those that the tuning record was made of."""
    record = folder.record
    if record.digest != folder.board.digest:
        yield "tuning.json is of another run than the board"
    found = trials_of(stored(folder, "trials.parquet"))
    told = {
        (rung.rung, arm, study.repeat, study.fold): study.trials_hash
        for rung in record.rungs
        for arm, studies in (("tuned", rung.studies), ("random", rung.control))
        for study in studies
    }
    for place, hashed in told.items():
        if trials_hash(found.get(place, ())) != hashed:
            rung, arm, repeat, fold = place
            yield f"trials of {rung}/{arm} repeat {repeat} fold {fold} are not those of tuning.json"


def _reports(folder: ResultFolder) -> Iterator[str]:
    """Whether the texts say what the records say; those of another version may say it in other words, as sealed."""
    made = {name: render(folder.board) for name, render in board_reports().items() if name != BOARD}
    made |= {name: render(folder.record) for name, render in tuning_reports().items()}
    made |= {name: render(folder.evidence) or "" for name, render in evidence_reports().items()}
    for name, rendered in made.items():
        if (folder.path / name).exists():
            found = seal_of(name, folder.text(name).encode())  # another layout of JSON says the same
            if found != seal_of(name, rendered.encode()) and not folder.sealed_in_other_words(name):
                yield f"{name} is not what the records give"


def _units(folder: ResultFolder) -> Iterator[str]:
    """Whether stored units are whole; one that is not is run again by the next run, so it changes no result."""
    store = folder.path / ".units"
    paths = sorted(store.glob("*.parquet"))
    if not paths:
        raise NotHereError("the store of units is not here; it is never committed")
    damaged = [path.stem for path in paths if isinstance(UnitStore(store).load(path.stem), Damage)]
    if damaged:
        raise NotHereError(f"{len(damaged)} stored units are damaged, and will be run again: {damaged[0][:12]}…")
    yield from ()


QUESTIONS: Mapping[str, Callable[[ResultFolder], Iterator[str]]] = {
    "ledger": ledger_holds,
    "files": _files,
    "plan": plan_holds,
    "folds": _folds,
    "digest": _digest,
    "scores and verdicts": _scores,
    "trials": _trials,
    "vault": vault_holds,
    "reports": _reports,
    "stored units": _units,
}
