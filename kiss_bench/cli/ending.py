"""The last screen of a run: table, what the table has no room for, the verdict, and what comes next."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kiss_bench.records.board import Board
from kiss_bench.reports.checks import checked
from kiss_bench.reports.escape import PLAIN
from kiss_bench.reports.phrases import banners, verdict_parts
from kiss_bench.reports.terminal import leaderboard_table, leaderboard_text, legend, reasons, title
from kiss_bench.reports.wrapping import wrapped


def show(board: Board, console: Console, config: Path, results: Path) -> None:
    """Print a finished board; on a screen the verdict comes last, next to the prompt."""
    notes = [f"note: {PLAIN.text(note)}" for note in board.notes]
    written = f"written to {results / board.project}: leaderboard.html, leaderboard.md, tuning.md and their record"
    if not console.is_terminal:  # a line stays a line, to be searched for
        lines = [leaderboard_text(board, console.width), *notes, *([""] if notes else []), written]
        console.print(Text("\n".join(lines)), soft_wrap=True)
        return
    for banner in banners(board):
        console.print(Text(banner, style="bold"))
    console.print(Text(title(board)))
    console.print()
    console.print(leaderboard_table(board, console.width))
    console.print(Text(legend(board), style="dim"))
    told = [*reasons(board), *notes]
    _lines(console, ["", *told] if told else [])
    decision, numbers = verdict_parts(board, PLAIN)
    console.print()
    console.print(Text.assemble((decision, "bold"), f" — {numbers}."))
    _lines(console, [*checked(board), "", written])
    for command, why in next_steps(board, config, results):
        console.print(Text(f"next: {command}"), soft_wrap=True)  # in one piece, to be copied
        console.print(Text(f"      {why}", style="dim"))


def next_steps(board: Board, config: Path, results: Path) -> Iterator[tuple[str, str]]:
    """Give the command a person runs now, and why; the first thing first, at most two."""
    folder = shlex.quote(str(results / board.project))
    elsewhere = [] if results == Path("results") else ["--results", str(results)]
    again = shlex.join(["kiss-bench", "run", str(config), *elsewhere])
    vault = board.honesty.vault
    if any(row.status == "failed" for row in board.rungs):
        yield again, "once the cause of the failure is gone; runs only what is missing"
    elif any(row.status == "provisional" for row in board.rungs):
        yield again, "tunes every rung with the same effort; what is done is kept"
    else:
        if vault is not None and not vault.at:
            yield f"kiss-bench vault open {folder}", "once, when nothing is to change any more"
        yield f"kiss-bench propose {folder}", "writes the model proposal that this goes into"


def _lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(Text(wrapped(line, console.width)), soft_wrap=True)
