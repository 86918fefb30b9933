"""Where a proposed rung stands on a board: justified, simpler than that, or above it, and what speaks against it."""

from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports.escape import MARKDOWN, Pen, listed, shortened
from kiss_bench.reports.phrases import more_complex, over_simpler, recommended_row

ARMS = ("default", "tuned")


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A person's word for a rung above what is justified; foreign text."""

    rung: str
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """The rung and arm that a proposal names; foreign text."""

    rung: str
    arm: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    row: BoardRow | None
    """None: there is no such rung."""
    ceiling: BoardRow | None
    """The most complex rung that is justified; None: none is."""
    refusals: tuple[str, ...] = ()
    """Why it cannot be proposed at all, whoever wants it."""
    above: str = ""
    """That it is above what is justified, which an override lifts; empty where it is not."""
    why: str = ""
    """The figures behind that."""
    remarks: tuple[str, ...] = ()


def standing(board: Board, proposed: Proposed, pen: Pen = MARKDOWN) -> Standing:
    """Hold a proposed rung against what the board recommends, and what the vault left of that."""
    row = next((each for each in board.rungs if each.rung == proposed.rung), None)
    ceiling = _ceiling(board)
    refusals = _refusals(board, row, proposed, pen)
    if row is None or refusals:
        return Standing(row=row, ceiling=ceiling, refusals=tuple(refusals))
    if ceiling is None:
        return Standing(row=row, ceiling=None, above="the board recommends no rung, so none is justified")
    places = [each.rung for each in board.rungs]
    if places.index(row.rung) > places.index(ceiling.rung):
        above, why = _above(board, row, ceiling, pen), more_complex(board, row, pen).rstrip(".")
        return Standing(row=row, ceiling=ceiling, above=above, why="" if row is recommended_row(board) else why)
    return Standing(row=row, ceiling=ceiling, remarks=tuple(_remarks(board, row, proposed, pen)))


def is_contradicted(board: Board) -> bool:
    """Tell whether the opened vault speaks against the very gain that the recommendation rests on."""
    vault, chosen = board.honesty.vault, board.recommended
    return bool(vault and chosen and vault.verdict == "contradicted" and vault.rung == chosen.rung)


def proposal_of(board: Board, rung: str | None) -> Proposed | None:
    """The recommended rung and arm, or another rung with the arm that it climbed with; None where there is none."""
    chosen = board.recommended
    if chosen is not None and rung in (None, chosen.rung):
        return Proposed(rung=chosen.rung, arm=chosen.arm)
    row = next((each for each in board.rungs if each.rung == rung), None)
    return Proposed(rung=row.rung, arm=row.arm or "default") if row is not None else None


def _ceiling(board: Board) -> BoardRow | None:
    chosen = recommended_row(board)
    if chosen is None or not is_contradicted(board):
        return chosen
    assert board.honesty.vault is not None
    below = board.honesty.vault.incumbent or chosen.incumbent
    return next((row for row in board.rungs if row.rung == below), None)


def _refusals(board: Board, row: BoardRow | None, proposed: Proposed, pen: Pen) -> list[str]:
    if row is None:
        there = listed(pen.name(shortened(each.rung, 40)) for each in board.rungs) if board.rungs else "none"
        return [f"{pen.name(shortened(proposed.rung, 40))} is no rung of this board; there are {there}"]
    told, name = [], pen.name(shortened(row.rung, 40))
    if row.status == "provisional":
        told.append(f"{name} is provisional: nothing was tuned under --quick; run it without, then it has a verdict")
    elif row.status != "ok":
        why = f": {pen.text(shortened(row.reason, 120))}" if row.reason else ""
        told.append(f"{name} has no verdict, it is {pen.text(row.status)}{why}")
    if proposed.arm not in ARMS:
        told.append(f"{pen.name(shortened(proposed.arm, 40))} is no arm; there are default and tuned")
    elif proposed.arm == "tuned" and row.arm == "default" and row.status == "ok":
        told.append(f"{name} has no tuned arm on this board")
    return told


def _above(board: Board, row: BoardRow, ceiling: BoardRow, pen: Pen) -> str:
    name, top = pen.name(shortened(row.rung, 40)), pen.name(shortened(ceiling.rung, 40))
    vault = board.honesty.vault
    if row.rung == (board.recommended.rung if board.recommended else "") and vault is not None:
        return f"{name} is above what is justified: the opened vault contradicts its gain, which leaves {top}"
    return f"{name} is above what is justified, {top}"


def _remarks(board: Board, row: BoardRow, proposed: Proposed, pen: Pen) -> list[str]:
    chosen = recommended_row(board)
    if chosen is None or board.recommended is None:
        return []
    if row.rung != chosen.rung:
        gives_up = over_simpler(board, chosen, row, pen).rstrip(".")
        kind = "simpler than what is justified; given up"
        return [f"{pen.name(shortened(row.rung, 40))} is {kind}: {gives_up}"]
    if proposed.arm == board.recommended.arm:
        return []
    if proposed.arm == "tuned":
        return [f"tuned settings are proposed where default ones are enough: {pen.text(_tuning(row))}"]
    return [f"default settings are proposed where tuned ones are recommended: {pen.text(_tuning(row))}"]


def _tuning(row: BoardRow) -> str:
    return f"tuning is {row.tuning_verdict}" if row.tuning_verdict else "tuning is not judged"
