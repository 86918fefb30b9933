"""Where words go: a terminal with a person before it, or a log. The one place that asks which."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

LOG_WIDTH = 120
"""Columns of a log or a pipe, whatever the terminal that started it."""


def seated(*, err: bool = False) -> bool:
    """Tell whether a person reads this stream on a screen that can be drawn on.

    Not so in a pipe, where TERM is `dumb`, and in CI, which keeps every frame of a live table, terminal or not; what
    FORCE_COLOR says does not matter.
    """
    stream = sys.stderr if err else sys.stdout
    drawn = os.environ.get("TERM", "") not in {"dumb", "unknown"}
    return _is_terminal(stream) and drawn and os.environ.get("CI", "").lower() in {"", "0", "false"}


def console(*, err: bool = False) -> "Console":
    """The stream as rich writes to it: colour on a screen alone, none of it under NO_COLOR, no codes anywhere else."""
    from rich.console import Console

    screen = seated(err=err)
    return Console(
        stderr=err,
        force_terminal=screen,
        force_interactive=screen,
        color_system="auto" if screen and not os.environ.get("NO_COLOR") else None,
        width=width(err=err),
        markup=False,
        highlight=False,
        emoji=False,
    )


def width(*, err: bool = False) -> int:
    """Columns there are: those of the screen, else 120."""
    stream = sys.stderr if err else sys.stdout
    if not _is_terminal(stream):
        return LOG_WIDTH
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return os.get_terminal_size(stream.fileno()).columns or 80


def say(text: str, *, err: bool = False) -> None:
    """Print prose, wrapped to the screen; in a pipe or a log a line stays a line, to be searched for."""
    stream = sys.stderr if err else sys.stdout
    if _is_terminal(stream):
        from kiss_bench.reports.wrapping import wrapped

        text = wrapped(text, width(err=err))
    typer.echo(text, err=err)


def _is_terminal(stream: TextIO | None) -> bool:
    """Python has no stream at all where it was closed before the start."""
    return stream is not None and stream.isatty()
