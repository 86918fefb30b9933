"""Tables in Markdown, which several reports share."""

from collections.abc import Iterable, Sequence

import tabulate as tabulating
from tabulate import tabulate

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import escape
from kiss_bench.reports.columns import Column, is_recommended

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
