"""Whether the board in a proposal is genuine, and the proposed rung justified: every question, all faults at once."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.proposal.claims import misjudged, misquoted, overruled, redrawn, retitled, retold
from kiss_bench.proposal.files import folder_of, read_proposal
from kiss_bench.proposal.markers import Document, document_of, override_for
from kiss_bench.proposal.result_folder import ResultFolder
from kiss_bench.proposal.subject import subject_of
from kiss_bench.proposal.verify import Check, verify
from kiss_bench.records.board import Board
from kiss_bench.reports.attached import Placed, body
from kiss_bench.reports.escape import PLAIN, listed
from kiss_bench.reports.phrases import luck_words, stamps
from kiss_bench.reports.proposal_parts import proposal_markdown
from kiss_bench.reports.proposal_parts.reading import proposal_in
from kiss_bench.reports.proposal_parts.subject import TO_ANSWER
from kiss_bench.reports.pull_request import OUTSIDE, Checked, pull_request_text
from kiss_bench.reports.standing import Proposed, proposal_of, standing

FATAL = ("LEAKING", "LEAK", "TAMPERED")
"""Stamps of a board that nobody should believe; all others are told, and fail where `strict` is asked for."""
_MOST = 8
_HIDING = re.compile(
    r"<(base|del|details|div|font|iframe|noscript|object|span|style|svg|table|template|xmp)\b|^\s*\{%", re.IGNORECASE
)
_MARKUP = "HTML that may hide or move what a reader sees; look at the file as it is shown"
_RENEW = "kiss-bench propose with another --out writes them as they are"
_ANOTHER = f"title or verdict is not what the record gives; {_RENEW}, with answers to be carried over"
_CITED = f"the record is cited for figures that it does not give (any more); {_RENEW}"
STORE = "stored units"
"""The question of `verify` whose files are never committed."""


def check(path: Path, rung: str | None = None, *, strict: bool = False) -> Checked | None:
    """Ask every question of a proposal and its result folder, and change nothing; None where it carries no board.

    `rung` is asked about in place of the proposed one. Raises RecordError for a file that cannot be read.
    """
    return check_text(path, read_proposal(path), rung, strict=strict)


def check_text(path: Path, text: str, rung: str | None = None, *, strict: bool = False) -> Checked | None:
    """The same for a text that would be that file's."""
    document = document_of(text)
    if not document.faults and document.begin is None:
        return None
    found = Checked(
        name=path.name, strict=strict, refused=tuple(document.faults), missing=document.outside.count(TO_ANSWER)
    )
    if document.begin is None or document.placed is None:
        return found
    placed = document.placed
    found = replace(found, digest=document.digest, folder=placed.folder, proposed=placed.proposed)
    folder = ResultFolder(path=folder_of(path, placed.folder))
    try:
        checks, board = verify(folder.path), folder.board
    except KissBenchError as error:
        why = f"no board to compare with: {_homely(error, folder)}"
        if not folder.path.is_dir():
            why += f"; where it was moved to, kiss-bench attach {path.name} DIR has it found again"
        return replace(found, refused=(*found.refused, why))
    found = replace(found, board=board, refused=(*found.refused, *_genuine(document, placed, folder)))
    found = _stamped(_verified(found, checks), board)
    if not found.refused:  # else the records may not be readable
        found = replace(found, doubts=(*found.doubts, *_reworded(document, placed, folder)))
        found = _outside(found, document, folder)
    if rung is not None:
        found = replace(found, proposed=_asked(board, placed.proposed, rung))
    return _stands(found, document, board)


def _asked(board: Board, written: Proposed, rung: str) -> Proposed:
    if rung == written.rung:
        return written
    return proposal_of(board, rung) or Proposed(rung=rung, arm="default")


def _genuine(document: Document, placed: Placed, folder: ResultFolder) -> Iterator[str]:
    """Whether the board between the markers is that of the folder, word for word."""
    board = folder.board
    if document.digest != board.digest:
        yield (
            f"the marker has digest {document.digest[:12]}, leaderboard.json {board.digest[:12]}: the board is "
            "stale or of another run; kiss-bench attach puts in the one that is there"
        )
    told = _lines(document.board)
    if told not in (_lines(body(board, placed)), _lines(body(board, placed, _older_text(folder)))):
        first = _first_difference(told, _lines(body(board, placed)))
        line = (document.begin.last if document.begin else 0) + first + 1
        yield (
            f"the board is not what its record gives, from about line {line} on: it was edited, or something was run "
            "since; kiss-bench attach puts it in anew"
        )


def _reworded(document: Document, placed: Placed, folder: ResultFolder) -> Iterator[str]:
    """Whether the board is in the words of another version: a doubt, since nothing but the ledger vouches for them."""
    if _lines(document.board) != _lines(body(folder.board, placed)):
        yield "the board is in the words of another version, as the ledger sealed them; kiss-bench attach renews them"


def _outside(found: Checked, document: Document, folder: ResultFolder) -> Checked:
    """Lines around the board that say otherwise than the record: another title or verdict is refused, all else a doubt.

    They are no board, so that no digest covers them, and the author may have added to them.
    """
    board, placed = folder.board, document.placed
    if placed is None or all(row.rung != placed.proposed.rung for row in board.rungs):
        return found
    written = proposal_markdown(subject_of(folder, placed), "")
    wrong, refused = misquoted(document.outside, written), misjudged(document.outside, written)
    here, expected = proposal_in(document.outside), proposal_in(written)
    gone: list[str] = []
    if here.by_propose:
        refused = sorted({*refused, *retitled(here, expected), *overruled(here, expected)})
        gone = [heading for heading in expected.parts if heading not in here.parts]
        plain = replace(found, strict=False)
        as_told = (replace(document, overrides=()), document)
        comments = [pull_request_text(_stands(plain, each, board)) for each in as_told]
        wrong = sorted({*wrong, *redrawn(here, expected), *retold(here, comments)})
    wrong, markup = [line for line in wrong if line not in refused], _markup(document)
    doubts = [f"{OUTSIDE}, {_places(wrong)}: {_CITED}"] if wrong else []
    doubts += [f"{OUTSIDE}, {_places(markup)}: {_MARKUP}"] if markup else []
    doubts += [f"parts that every proposal has are not in this one: {listed(gone)}"] if gone else []
    around = [f"{OUTSIDE}, {_places(refused)}: {_ANOTHER}"] if refused else []
    return replace(found, refused=(*found.refused, *around), doubts=(*found.doubts, *doubts))


def _markup(document: Document) -> list[int]:
    """Lines outside the board with HTML that may change how what stands around it is shown."""
    first, last = document.begin, document.end
    inside = range(first.line, last.last + 1) if first is not None and last is not None else range(0)
    lines = enumerate(re.split(r"\r\n|\n|\r", document.text), start=1)
    return [number for number, line in lines if number not in inside and _HIDING.search(line)]


def _places(wrong: list[int]) -> str:
    return f"line {', '.join(map(str, wrong[:_MOST]))}{f' and {len(wrong) - _MOST} more' if len(wrong) > _MOST else ''}"


def _older_text(folder: ResultFolder) -> str | None:
    """The leaderboard in the words of another version, where the ledger has its seal; None: there is no such text."""
    name = "leaderboard.md"
    try:
        return folder.text(name) if folder.sealed_in_other_words(name) else None
    except RecordError:
        return None


def _lines(text: str) -> list[str]:
    """What is compared: other line ends and blanks at the end of a line change nothing."""
    return [line.rstrip(" \t") for line in re.split(r"\r\n|\n|\r", text.strip(" \t\r\n"))]


def _first_difference(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (mine, yours) in enumerate(pairs) if mine != yours), min(len(one), len(other)))


def _verified(found: Checked, checks: tuple[Check, ...]) -> Checked:
    wrong = [f"{check.name}: {'; '.join(check.told)}" for check in checks if check.state == "differs"]
    unasked = tuple(check.name for check in checks if check.state == "not here" and check.name != STORE)
    asked = tuple(check.name for check in checks if check.state == "ok" and check.name != STORE)
    return replace(found, refused=(*found.refused, *wrong), asked=asked, unasked=unasked)


def _stamped(found: Checked, board: Board) -> Checked:
    said = stamps(board)
    fatal = [stamp for stamp in said if stamp.partition(":")[0] in FATAL]
    doubts = [stamp for stamp in said if stamp not in fatal]
    luck = board.honesty.luck
    doubts += [luck_words(board, luck)] if luck is not None and luck.tries > 1 else []
    doubts += [] if board.replayable else ["a wall clock or a limit had a say, so these results cannot be replayed"]
    return replace(found, refused=(*found.refused, *fatal), doubts=tuple(doubts))


def _stands(found: Checked, document: Document, board: Board) -> Checked:
    assert found.proposed is not None
    stand = standing(board, found.proposed, PLAIN)
    override = override_for(document, found.proposed.rung)
    idle = [
        f"the override on line {marker.line} is for {marker.values['rung']}, which is not proposed"
        for marker in document.overrides if marker.values["rung"] != found.proposed.rung
    ]  # fmt: skip
    if override is not None and not stand.above:
        idle.append(f"the override by {override.by} is not needed")
    refused = (*found.refused, *stand.refusals)
    if stand.above and override is None:
        refused = (*refused, f"{stand.above}; an override with a name and a reason lifts this. {stand.why}".rstrip())
    overridden = ". ".join(filter(None, (stand.above, stand.why)))
    return replace(
        found,
        refused=refused,
        unjustified=bool(stand.above) and override is None,
        overridden=overridden if override is not None else "",
        override=override if stand.above else None,
        ceiling=stand.ceiling.rung if stand.ceiling else None,
        remarks=(*stand.remarks, *idle),
    )


def _homely(error: KissBenchError, folder: ResultFolder) -> str:
    """The message with the folder as the marker names it, not as this machine does."""
    return str(error).replace(str(folder.path), folder.path.name)
