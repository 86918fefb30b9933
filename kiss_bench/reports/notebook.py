"""The leaderboard as one piece of HTML for a notebook cell: no scripts, no style sheet, no fixed colours."""

from kiss_bench.records.board import Board
from kiss_bench.reports.checks import checked
from kiss_bench.reports.escape import PLAIN, markup
from kiss_bench.reports.phrases import banners, verdict_parts
from kiss_bench.reports.table import Column, board_columns, is_recommended, is_repeated, long_reasons, state

_SHOWN = ("rung", "arm", "score_interval", "skill", "gain_interval", "over", "repeats", "p", "verdict", "fit", "size")
# Only inherited and half-transparent colours, so that the table reads on a light and on a dark page.
_CELL = "padding:.25em .7em;border-bottom:1px solid rgba(128,128,128,.35)"
_CHOSEN = "font-weight:bold;background:rgba(128,128,128,.18)"


def leaderboard_html_fragment(board: Board) -> str:
    """Render banners, verdict and table; everything that is not ours is escaped."""
    decision, numbers = verdict_parts(board, PLAIN)
    columns = [board_columns(board)[key] for key in _SHOWN if key != "repeats" or is_repeated(board)]
    head = "".join(f'<th scope="col" style="{_style(column)}">{markup(column.title)}</th>' for column in columns)
    lines = [
        '<div class="kiss-bench" style="overflow-x:auto;color:inherit">',
        *(f"<p><strong>{markup(line)}.</strong></p>" for line in banners(board)),
        f"<p><strong>{markup(decision)}</strong> — {markup(numbers)}.</p>",
        '<table style="border-collapse:collapse;color:inherit">',
        f"<thead><tr>{head}</tr></thead>",
        "<tbody>",
        *(_row(board, columns, index) for index in range(len(board.rungs))),
        "</tbody>",
        "</table>",
        *(f"<p>{markup(row.rung)} {markup(state(row))}: {markup(why)}</p>" for row, why in long_reasons(board)),
        *(f"<p>{markup(line)}</p>" for line in checked(board)),
        "</div>",
    ]
    return "\n".join(lines) + "\n"


def _row(board: Board, columns: list[Column], index: int) -> str:
    chosen = is_recommended(board, board.rungs[index])
    cells = [markup(column.cells[index]) for column in columns]
    if chosen:
        cells[0] += " (recommended)"
    body = "".join(f'<td style="{_style(column)}">{cell}</td>' for column, cell in zip(columns, cells, strict=True))
    return f'<tr style="{_CHOSEN if chosen else "background:transparent"}">{body}</tr>'


def _style(column: Column) -> str:
    side = "right" if column.right else "left"
    return f"text-align:{side};{_CELL}" + (";white-space:nowrap" if column.right else "")
