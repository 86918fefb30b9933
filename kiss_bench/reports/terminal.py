"""The leaderboard on a screen: a rich table for terminals, plain text for logs and pipes."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from kiss_bench.records.board import Board
from kiss_bench.reports.checks import checked
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.reports.phrases import banners, verdict_sentence
from kiss_bench.reports.table import Column, board_columns, is_recommended, state
from kiss_bench.reports.wrapping import shortened_middle

_LAYOUTS = (
    ("rung", "arm", "score_interval", "skill", "gain_interval", "over", "p", "verdict", "fit", "predict", "size"),
    ("rung", "arm", "score", "skill", "gain_interval", "over", "p", "verdict", "fit", "size"),
    ("rung", "arm", "score", "gain_interval", "over", "p", "verdict", "fit"),
    ("rung", "arm", "score", "gain_interval", "over", "p", "verdict"),
    ("rung", "arm", "score", "gain", "over", "p", "verdict"),
    ("rung", "arm", "score", "gain", "p", "verdict"),
    ("rung", "gain", "p", "verdict"),
    ("rung", "verdict"),
)
"""Richest first; the first that fits is taken. Gain, P and verdict are the last to go."""
_NAME_WIDTH, _NARROW = 24, 12
"""Cells of a name at the most: where there is room, and where there is none."""
_GAP = 2
_VERDICT_WIDTH = len("NOT JUSTIFIED")
"""Kept free from the start, so that a live table does not move when the first of them comes."""
_STYLES = {
    "JUSTIFIED": "bold green",
    "INCONCLUSIVE": "magenta",
    "FAILED": "bold red",
    "NOT COMPARABLE": "magenta",
    "BASELINE": "dim",
    "running": "dim",
    "skipped": "dim",
}
"""Colour repeats what the word says, and is read on black and on white: yellow and cyan are not."""


def leaderboard_table(
    board: Board, width: int, *, working: Mapping[str, str] | None = None, rows: int | None = None
) -> Table:
    """Build a table for so many columns of screen: intervals and costs come in where there is room.

    `working` says of running rungs how far they are. `rows` is how many rungs there is room for, at the most: those at
    the top of the ladder and the recommended one are kept.
    """
    working = working or {}
    columns = _layout(board, width, marked=3, titles=0)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", width=1)
    for key, column in columns.items():
        least = _VERDICT_WIDTH if key == "verdict" else None
        table.add_column(Text(column.title), justify="right" if column.right else "left", no_wrap=True, min_width=least)
    for index in _kept(board, rows):
        row, verdict = board.rungs[index], columns["verdict"].cells[index]
        ahead = working.get(row.rung, verdict) if row.status == "running" else verdict
        cells = [column.cells[index] for key, column in columns.items() if key != "verdict"]
        styled: list[str | Text] = [Text(cell) for cell in cells]
        styled.insert(list(columns).index("verdict"), Text(ahead, style=_STYLES.get(verdict, "")))
        chosen = is_recommended(board, row)
        table.add_row(">" if chosen else "", *styled, style="bold" if chosen else "")
    return table


def leaderboard_text(board: Board, width: int = 80) -> str:
    """Write banners, table, reasons and verdict without colour, for a log or a pipe.

    The table fits; sentences are one line each, to be wrapped by whoever knows where they are read.
    """
    blocks = [
        "\n".join(banners(board)),
        table_text(board, width),
        "\n".join(reasons(board)),
        "\n".join([verdict_sentence(board), *checked(board)]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def table_text(board: Board, width: int) -> str:
    """Write title and table alone."""
    marked = 2 if board.recommended is not None else 0
    shown = _layout(board, width, marked=marked, titles=2)
    rungs = zip(board.rungs, shown["rung"].cells, strict=True)
    marks = tuple(f"> {name}" if is_recommended(board, row) else name for row, name in rungs)
    shown["rung"] = Column(title="rung", cells=marks, right=False)
    columns = list(shown.values())
    table = tabulate(
        list(zip(*(column.cells for column in columns), strict=True)),
        headers=[column.title for column in columns],
        tablefmt="simple",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in columns] if board.rungs else None,
    )
    return f"{title(board)}; {legend(board)}\n\n{table}"


def title(board: Board) -> str:
    """Say what is ranked, and by what."""
    better = "higher" if board.metric.greater_is_better else "lower"
    return f"{clean(board.project)}: {clean(board.metric.name)}, {better} is better"


def legend(board: Board) -> str:
    """Say what the signs in the table mean."""
    notes = ["P: that the gain exceeds the margin"]
    notes += ["> recommended"] if board.recommended is not None else []
    notes += ["provisional"] if any(row.status == "provisional" for row in board.rungs) else []
    return "; ".join(notes)


def reasons(board: Board) -> list[str]:
    """Say what the table has no room for: names in full, and why a rung failed or was not asked."""
    told = [f"{clean(row.rung)} {state(row)}: {shortened(row.reason, 300)}" for row in board.rungs if clean(row.reason)]
    named = {clean(row.rung) for row in board.rungs if clean(row.reason)}
    names = short_names(board, _NAME_WIDTH)
    return [f"{short}: {name}" for name, short in names.items() if short != name and name not in named] + told


def short_names(board: Board, width: int) -> dict[str, str]:
    """Give every rung's name in at most so many cells (at least 12), no two alike."""
    found: dict[str, str] = {}
    for name in (clean(row.rung) for row in board.rungs):
        short = shortened_middle(name, width)
        if short in found.values():
            short = f"{shortened_middle(name, width - 4)}~{len(found)}"
        found[name] = short
    return found


def _layout(board: Board, width: int, *, marked: int, titles: int) -> dict[str, Column]:
    """The columns that fit; `marked` cells for the mark, and `titles` more for each title (tabulate wants two)."""
    tries = [(keys, _NAME_WIDTH) for keys in _LAYOUTS] + [(keys, _NARROW) for keys in _LAYOUTS[-2:]]
    found: dict[str, Column] = {}
    for keys, cells in tries:
        everything = _named(board, cells)
        found = {key: everything[key] for key in keys}
        wide = sum(_width(column, titles) for column in found.values())
        if marked + wide + _GAP * (len(found) - 1) <= width:
            break
    return found


def _named(board: Board, cells: int) -> dict[str, Column]:
    """All columns as a screen shows them: short names, one word a verdict."""
    everything, names = board_columns(board), short_names(board, cells)
    verdicts = tuple(state(row).removesuffix(" (provisional)") for row in board.rungs)
    rungs = tuple(names[clean(row.rung)] for row in board.rungs)
    over = tuple(names.get(name, shortened_middle(name, cells)) for name in everything["over"].cells)
    metric = shortened_middle(everything["score"].title, _NAME_WIDTH)
    return everything | {
        "rung": Column(title="rung", cells=rungs, right=False),
        "over": Column(title="gain over", cells=over, right=False),
        "score": Column(title=metric, cells=everything["score"].cells),
        "verdict": Column(title="verdict", cells=verdicts, right=False),
        "p": Column(title="P", cells=everything["p"].cells),
    }


def _width(column: Column, titles: int) -> int:
    least = _VERDICT_WIDTH if column.title == "verdict" else 0
    return max(least, cell_len(column.title) + titles, *map(cell_len, column.cells))


def _kept(board: Board, rows: int | None) -> Sequence[int]:
    """Which rungs are shown where there is room for so many only."""
    every = range(len(board.rungs))
    if rows is None or rows >= len(every):
        return every
    chosen = [index for index in every if is_recommended(board, board.rungs[index])][:rows]
    rest = [index for index in reversed(every) if index not in chosen][: max(rows - len(chosen), 0)]
    return sorted([*chosen, *rest])
