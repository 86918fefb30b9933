"""What was really done about chance: how the level was shared, how often folds were drawn, which standard errors."""

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import Pen, listed

ENOUGH = 3
"""Repeats from which on a test is final and has its whole level."""
_FIFTH = "at a fifth of its level, since one or two draws would else be an easier exam than five"
_PER_GROUP = "cluster-robust"
"""The standard error of one fold a group, where there is nothing to draw again."""

_WHY = {
    "inflated": "Inflated: times K/(K − 1) in variance, since the K folds share training rows.",
    "by instability": "By instability: up to about 1.5 times instead, the more redrawing the folds moved single rows.",
}
"""Mark in the name of a standard error -> what it means."""
_FOLDS_ALONE = "Nadeau-Bengio"


def level_words(board: Board) -> str:
    """Say how the ladder's level was shared out among its tests."""
    level = amounts.exact(board.alpha)
    if board.multiplicity == "strict":
        return (
            f"Level: {level} for the whole ladder, strict. Any path is covered: simultaneous max-T over all ordered "
            f"pairs, so that whichever rung had become the incumbent, the level would hold."
        )
    if board.multiplicity == "per_step":
        return f"Level: {level} at each step, and not for the whole ladder. {ladder_error_words(board)}"
    return (
        f"Level: {level} for the whole ladder, by the fallback rule: each rung owns an equal share, and inherits the "
        f"level of the rung before it where that one was promoted."
    )


def ladder_error_words(board: Board) -> str:
    """Say what testing each step on its own costs; empty under a policy that holds the ladder's level."""
    if board.multiplicity != "per_step":
        return ""
    chance = "is not known" if board.ladder_error is None else f"is at most {amounts.percent(board.ladder_error)}"
    return f"The chance of at least one unjustified promotion along this ladder {chance}."


def repeat_words(board: Board, pen: Pen) -> str:
    """Say how often the folds were drawn and for whom; empty before anything ran."""
    drawn = {row.repeats for row in board.rungs if row.repeats}
    if not drawn:
        return ""
    if once := _once(board):
        return f"Repeats: none, {once}."
    if max(drawn) < ENOUGH and any(row.status == "provisional" for row in board.rungs):
        return f"Repeats: with --quick pairs that come close are not drawn again; each rung is tested {_FIFTH}."
    if board.folds.repeats == "auto":
        return _escalated(board, pen)
    times = listed(map(str, sorted(drawn)))
    if min(drawn) >= ENOUGH:
        return f"Repeats: {times} draws of the folds for every rung; each is tested at its whole level."
    draws = "1 draw" if times == "1" else f"{times} draws"
    return f"Repeats: {draws} of the folds and no further ones; each rung is tested {_FIFTH}."


def _once(board: Board) -> str:
    """Say why folds of this kind cannot be drawn again, and at which level that leaves each rung."""
    if board.folds.kind == "forward":
        return "time cannot be dealt again; each rung is tested once, at its whole level"
    if any(row.method == _PER_GROUP for row in board.rungs):
        return "one fold a group leaves nothing to deal again; each rung is tested once, at its whole level"
    if board.folds.kind == "predefined":
        return f"folds given in the config exist once; each rung is tested {_FIFTH}"
    return ""


def _escalated(board: Board, pen: Pen) -> str:
    again = [row for row in board.rungs if (row.gain_repeats or 0) >= ENOUGH]
    told = f"Repeats: auto. Each rung is first tested on one draw of the folds, {_FIFTH}"
    if not again and any(row.status == "running" for row in board.rungs):
        return f"{told}; those that come close are drawn again."
    if not again:
        return f"{told}; none came close enough to be drawn again."
    pairs = listed(
        f"{pen.name(row.rung)} over {pen.name(row.incumbent or '')} ({row.gain_repeats} draws)" for row in again
    )
    return f"{told}; those that came close were drawn again and tested at their whole level: {pairs}."


def method_words(board: Board, pen: Pen) -> str:
    """Name the standard error behind each verdict; empty where the board does not say."""
    by_method: dict[str, list[BoardRow]] = {}
    for row in board.rungs:
        if row.method:
            by_method.setdefault(row.method, []).append(row)
    if not by_method:
        return ""
    parts = (f"{pen.text(what)} ({listed(pen.name(row.rung) for row in rows)})" for what, rows in by_method.items())
    told = [why for mark, why in _WHY.items() if any(mark in what for what in by_method)]
    if _FOLDS_ALONE in by_method:
        told.append("Nadeau-Bengio alone: these folds scatter more than their rows explain; a fit may have gone wrong.")
    return " ".join([f"Standard errors: {'; '.join(parts)}.", *told])
