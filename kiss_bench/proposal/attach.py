"""The board put between two markers of a Markdown file; all else in the file stays as it is, to the byte."""

from dataclasses import dataclass
from pathlib import Path

from kiss_bench.errors import RecordError, RefusedError
from kiss_bench.proposal.files import read_proposal, way_to, write_proposal
from kiss_bench.proposal.markers import Document, document_of, override_for
from kiss_bench.proposal.page import refresh_page
from kiss_bench.records.board import Board
from kiss_bench.records.folder import read_board
from kiss_bench.reports.attached import Placed, attached_block
from kiss_bench.reports.proposal_parts.reading import proposal_in
from kiss_bench.reports.standing import Proposed, proposal_of, standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    placed: Placed
    refreshed: bool
    """Whether a board was there before."""
    changed: bool
    remark: str
    """What `check` will have against it, or say of it; empty where it will say nothing."""


def attach(path: Path, folder: Path, rung: str | None = None) -> Attached:
    """Put the board of a result folder into a proposal, or put it there anew.

    Without `rung` the proposal keeps the one it names, else it is the recommended one. Raises RecordError for a file
    that cannot be read or written or whose markers are broken (all faults at once), and for a rung that is not on the
    board; RefusedError where nothing is recommended. Whatever is raised, nothing was changed.
    """
    text, board = read_proposal(path), read_board(folder)
    document = document_of(text)
    if document.faults or document.in_code:
        raise RecordError(f"{path} is left as it is: {told_faults(document)}")
    placed = _placed(path, folder, board, document, rung)
    new = with_board(document, attached_block(board, placed))
    if new != text:
        write_proposal(path.resolve(), new)
    refresh_page(path.resolve(), new)
    found = standing(board, placed.proposed)
    speaks = [*found.refusals, found.above, *found.remarks, _left_behind(path, document, placed, board)]
    return Attached(
        placed=placed, refreshed=document.begin is not None, changed=new != text, remark="; ".join(filter(None, speaks))
    )


def _left_behind(path: Path, document: Document, placed: Placed, board: Board) -> str:
    """Say that `propose` wrote the text around the board of something else; empty where it did not."""
    before = document.placed
    same = before is not None and before.proposed == placed.proposed and document.digest == board.digest
    if before is None or same or not proposal_in(document.outside).by_propose:
        return ""
    what = "other results" if before.proposed == placed.proposed else f"{before.proposed.rung} ({before.proposed.arm})"
    return (
        f"the text around the board is still that of {what}: kiss-bench check {path} names its lines; kiss-bench "
        f"propose with another --out writes them anew, with the answers to be carried over"
    )


def with_board(document: Document, block: str) -> str:
    """The text with this block in place of its board, or below all else."""
    lines = block.replace("\n", document.newline)
    before, after = document.around
    if document.begin is not None:
        return f"{before}{lines}{after}"
    body = before.removeprefix("\ufeff")
    gap = "" if not body.strip() else document.newline if body.endswith(("\n", "\r")) else 2 * document.newline
    return f"{before}{gap}{lines}{document.newline}"


def told_faults(document: Document) -> str:
    """All faults of its markers in one line, markers in code included."""
    in_code = [f"line {line}: a marker in code is shown and marks nothing; take it out" for line in document.in_code]
    return "; ".join([*document.faults, *(in_code if not document.faults else ())])


def _placed(path: Path, folder: Path, board: Board, document: Document, rung: str | None) -> Placed:
    before = document.placed
    if rung is None and before is not None:
        proposed: Proposed | None = _kept(board, before.proposed)
    else:
        proposed = proposal_of(board, rung)
    if proposed is None and rung is None:
        raise RefusedError(
            f"{folder} recommends no rung, so there is nothing to propose; --rung names one all the same"
        )
    if proposed is None:
        there = ", ".join(row.rung for row in board.rungs) or "none"
        raise RecordError(f"{rung} is no rung of {folder}; there are: {there}")
    return Placed(folder=way_to(folder, path), proposed=proposed, override=override_for(document, proposed.rung))


def _kept(board: Board, before: Proposed) -> Proposed | None:
    """The rung that the file names; its arm as well, where the board still has it."""
    row = next((each for each in board.rungs if each.rung == before.rung), None)
    if row is None:
        raise RecordError(
            f"the proposed rung {before.rung} is not on this board any more; --rung names another one of: "
            f"{', '.join(each.rung for each in board.rungs)}"
        )
    return before if before.arm in ("default", row.arm) else proposal_of(board, before.rung)
