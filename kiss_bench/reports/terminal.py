"""The leaderboard on a screen: a rich table for terminals, plain text for logs and pipes."""

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from kiss_bench.records.board import Board
from kiss_bench.reports.checks import checked
from kiss_bench.reports.columns import Column, board_columns, is_recommended, state
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.reports.words import banners, verdict_sentence

_LAYOUTS = (
    ("rung", "arm", "score_interval", "skill", "gain_interval", "over", "p", "verdict", "fit", "predict", "size"),
    ("rung", "arm", "score", "skill", "gain_interval", "over", "p", "verdict", "fit", "size"),
    ("rung", "arm", "score", "gain_interval", "over", "p", "verdict", "fit"),
    ("rung", "arm", "score", "gain", "p", "verdict"),
)
"""Richest first; the first that fits is taken, the last one folds its names."""
_NAME_WIDTH = 24
_STYLES = {
    "JUSTIFIED": "green",
    "INCONCLUSIVE": "yellow",
    "FAILED": "red",
    "NOT COMPARABLE": "magenta",
    "BASELINE": "dim",
    "running": "cyan",
    "skipped": "dim",
}
"""Colour repeats what the word says; it never says anything alone."""


def leaderboard_table(board: Board, width: int) -> Table:
    """Build a table for so many columns of screen: intervals and costs come in where there is room."""
    columns = _layout(board, width)
    table = Table(
        title=Text(_title(board), style="italic"), title_justify="left",
        caption=Text("\n".join(_reasons(board))), caption_justify="left",
    )  # fmt: skip
    for key, column in columns.items():
        name = key in {"rung", "over"}
        limit = _NAME_WIDTH if name else None
        table.add_column(
            Text(column.title), justify="right" if column.right else "left",
            overflow="fold", no_wrap=not name, max_width=limit,
        )  # fmt: skip
    for index, row in enumerate(board.rungs):
        word = _STYLES.get(columns["verdict"].cells[index], "")
        cells = [Text(column.cells[index], style=word if key == "verdict" else "") for key, column in columns.items()]
        table.add_row(*cells, style="bold" if is_recommended(board, row) else "")
    return table


def leaderboard_text(board: Board, width: int = 80) -> str:
    """Write banners, table, reasons and verdict without colour, for a log or a pipe."""
    columns = list(_layout(board, width).values())
    table = tabulate(
        list(zip(*(column.cells for column in columns), strict=True)),
        headers=[column.title for column in columns],
        tablefmt="simple",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in columns] if board.rungs else None,
    )
    blocks = [
        "\n".join(banners(board)),
        f"{_title(board)}\n\n{table}",
        "\n".join(_reasons(board)),
        "\n".join([verdict_sentence(board), *checked(board)]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _layout(board: Board, width: int) -> dict[str, Column]:
    everything = board_columns(board)
    rungs = tuple(f"> {clean(row.rung)}" if is_recommended(board, row) else clean(row.rung) for row in board.rungs)
    verdicts = tuple(state(row).removesuffix(" (provisional)") for row in board.rungs)
    everything["rung"] = Column(title="rung", cells=rungs, right=False)
    everything["verdict"] = Column(title="verdict", cells=verdicts, right=False)
    everything["p"] = Column(title="P", cells=everything["p"].cells)
    layouts = [{key: everything[key] for key in keys} for keys in _LAYOUTS]
    return next((each for each in layouts if sum(map(_width, each.values())) + 1 <= width), layouts[-1])


def _width(column: Column) -> int:
    natural = max(map(cell_len, (column.title, *column.cells)))
    return 3 + (natural if column.right else min(natural, _NAME_WIDTH))


def _reasons(board: Board) -> list[str]:
    return [f"{clean(row.rung)} {state(row)}: {shortened(row.reason, 300)}" for row in board.rungs if clean(row.reason)]


def _title(board: Board) -> str:
    better = "higher" if board.metric.greater_is_better else "lower"
    notes = [f"{clean(board.metric.name)}, {better} is better", "P: that the gain exceeds the margin"]
    notes += ["> recommended"] if board.recommended is not None else []
    notes += ["provisional"] if any(row.status == "provisional" for row in board.rungs) else []
    return f"{clean(board.project)}: {'; '.join(notes)}"
