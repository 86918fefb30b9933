"""Questions of `verify` that the ledger answers: about itself, the board's past, the plan, and the vault."""

from collections.abc import Iterator
from dataclasses import replace

from kiss_bench.proposal.holdout import vault_differences
from kiss_bench.proposal.result_folder import ResultFolder, stored
from kiss_bench.records.json import plain_json
from kiss_bench.records.keys import sha256_of
from kiss_bench.records.ledger import BOARD, NAME, Ledger, anchored, core_seal, faults_on_record
from kiss_bench.reports.phrases import stamps
from kiss_bench.runs.plan_facts import asked_in
from kiss_bench.runs.registration import (
    Ledgers,
    amendment_of,
    amendment_stamps,
    openings,
    registered_in,
    registered_last,
    vault_opened,
)
from kiss_bench.runs.result_files import VAULT


def ledger_holds(folder: ResultFolder) -> Iterator[str]:
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


def plan_holds(folder: ResultFolder) -> Iterator[str]:
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


def vault_holds(folder: ResultFolder) -> Iterator[str]:
    """Whether the vault's predictions give what the board says of it, to 1e-9."""
    told = folder.board.honesty.vault
    opened = folder.ledger.of("vault opened")
    looks = len(openings(Ledgers(own=folder.ledger), folder.board.data_hash))
    if told is not None and told.openings < looks and not folder.pending:
        yield f"{BOARD} tells of {told.openings} openings of the vault, the ledger of {looks}"
    if told is None or not told.openings:
        if opened:
            yield f"the ledger says that the vault was opened, {BOARD} does not"
        return
    by_ledger = vault_opened(folder.ledger)
    if by_ledger is None:  # opened by a neighbour of then: there are no rows of it here
        return
    if told != replace(by_ledger, openings=told.openings):
        yield f"{BOARD} says otherwise of the vault than the ledger does"
    table, last = stored(folder, VAULT), registered_last(folder.ledger)
    if last is not None and told.asked_hash == sha256_of(last.facts.get("asked")):  # else that margin is gone
        yield from vault_differences(table, folder.facts, folder.plan, told)
