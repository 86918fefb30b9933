"""The leaderboard as columns of text: what every table shows, before any format's escaping."""

from collections.abc import Callable
from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.amounts import NOTHING_THERE
from kiss_bench.reports.escape import clean, shortened

SHORT_REASON = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    title: str
    cells: tuple[str, ...]
    """One a rung, in the board's order; plain text."""
    right: bool = True


def board_decimals(board: Board) -> int | None:
    """Use one number of decimals for scores and gains alike, since they are in the same unit."""
    return amounts.shared_decimals(row.score for row in board.rungs)


def is_recommended(board: Board, row: BoardRow) -> bool:
    return board.recommended is not None and board.recommended.rung == row.rung


def is_repeated(board: Board) -> bool:
    """Whether some gain rests on more than one repeat, so that the number is worth a column."""
    return any((row.gain_repeats or 0) > 1 for row in board.rungs)


def board_columns(board: Board) -> dict[str, Column]:
    """Fill every column there is; a report picks by key."""
    decimals = board_decimals(board)

    def column(title: str, cell: Callable[[BoardRow], str], *, right: bool = True) -> Column:
        return Column(title=title, cells=tuple(cell(row) for row in board.rungs), right=right)

    def score(row: BoardRow) -> str:
        return amounts.number(row.score, decimals)

    def gain(row: BoardRow) -> str:
        return amounts.number(row.gain, decimals, sign=True)

    def with_interval(text: str, low: float | None, high: float | None, *, sign: bool) -> str:
        return f"{text} {amounts.interval(low, high, decimals, sign=sign)}".strip()

    metric = clean(board.metric.name)
    return {
        "rung": column("rung", lambda row: clean(row.rung), right=False),
        "repeats": column("repeats", lambda row: str(row.gain_repeats or NOTHING_THERE)),
        "arm": column("arm", lambda row: clean(row.arm or NOTHING_THERE), right=False),
        "score": column(metric, score),
        "score_interval": column(
            f"{metric} (95 % interval)",
            lambda row: with_interval(score(row), row.score_low, row.score_high, sign=False),
        ),
        "skill": column("skill", lambda row: amounts.percent(row.skill)),
        "gain": column("gain", gain),
        "gain_interval": column(
            "gain (95 % interval)", lambda row: with_interval(gain(row), row.gain_low, row.gain_high, sign=True)
        ),
        "over": column("gain over", lambda row: clean(row.incumbent or NOTHING_THERE), right=False),
        "p": column("P(gain > margin)", lambda row: amounts.probability(row.p_gain)),
        "alpha": column("alpha", lambda row: amounts.level(row.alpha)),
        "verdict": column("verdict", verdict_cell, right=False),
        "fit": column("fit time", lambda row: amounts.seconds(row.fit_seconds)),
        "predict": column("predict µs/row", lambda row: amounts.microseconds(row.predict_us_per_row)),
        "size": column("size", lambda row: amounts.size(row.model_bytes)),
    }


def state(row: BoardRow) -> str:
    """Name the verdict, or what stands in for it while there is none."""
    if row.status == "failed":
        return "FAILED"
    if row.status in {"running", "skipped"}:
        return row.status
    verdict = clean(row.verdict or "") or "no verdict"
    return f"{verdict} (provisional)" if row.status == "provisional" else verdict


def verdict_cell(row: BoardRow) -> str:
    """Give the state with its reason, where the reason is short enough for a table."""
    reason = clean(row.reason)
    if not reason:
        return state(row)
    return f"{state(row)}: {reason}" if len(reason) <= SHORT_REASON else f"{state(row)}: see below"


def long_reasons(board: Board) -> list[tuple[BoardRow, str]]:
    """Collect the reasons that did not fit into the table."""
    return [(row, shortened(row.reason, 600)) for row in board.rungs if len(clean(row.reason)) > SHORT_REASON]
