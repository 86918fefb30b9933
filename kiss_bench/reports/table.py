"""The leaderboard as columns of text before any format's escaping, and tables in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import tabulate as tabulating
from tabulate import tabulate

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.diagnostics import Slice
from kiss_bench.reports import amounts, escape
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


tabulating.WIDE_CHARS_MODE = False
"""Else the spaces in a cell, and so the bytes of a report, would depend on whether `wcwidth` is installed."""


def markdown_table(columns: Sequence[Column]) -> str:
    """Render a pipe table whose cells are already escaped; empty where there are no rows."""
    if not columns or not columns[0].cells:
        return ""
    return tabulate(
        list(zip(*(column.cells for column in columns), strict=True)),
        headers=[column.title for column in columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in columns],
    )


def rung_column(board: Board, rows: Iterable[BoardRow]) -> Column:
    """Name the rungs, the recommended one in bold."""
    cells = tuple(
        f"**{escape.inline(row.rung)}** (recommended)" if is_recommended(board, row) else escape.inline(row.rung)
        for row in rows
    )
    return Column(title="rung", cells=cells, right=False)


def kept_slices(slices: Sequence[Slice], most: int) -> list[Slice]:
    """At most `most` of them, in their order; single groups and spans of time have a third of the room each.

    There are often more bad groups than there is room for, and what can be acted on is what a column says.
    """
    crowds = [place for kind in ("group", "time") for place in _places(slices, (kind,))[: most // 3]]
    of_columns = _places(slices, ("level", "range", "missing"))[: most - len(crowds)]
    return [slices[place] for place in sorted([*crowds, *of_columns])]


def _places(slices: Sequence[Slice], kinds: Sequence[str]) -> list[int]:
    return [place for place, each in enumerate(slices) if each.kind in kinds]
