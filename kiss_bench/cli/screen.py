"""Where words go, a terminal with a person before it or a log, and the one shape of an error.

`error:`, where, what was found, what is allowed, what to do next: a screen gets a block a fault, wrapped to its width;
a pipe gets a line a fault, to be searched.
"""

import os
import platform
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

import typer
from typer.exceptions import TyperException

from kiss_bench import __version__
from kiss_bench.errors import Fault, KissBenchError, PlanError

if TYPE_CHECKING:
    from rich.console import Console

LOG_WIDTH = 120
"""Columns of a log or a pipe, whatever the terminal that started it."""
STORING = {"run", "selftest", "vault"}
"""Commands that keep what they have finished when they are stopped."""
_PARTS = re.compile(r"; (?=allowed\b)|[.] (?=did you mean)")
"""Where the sentence of a fault goes on in a line of its own."""


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


def complaint(error: KissBenchError, *, screen: bool) -> str:
    """Say what is wrong with what was asked for: all of it, in the shape of the place it is read in."""
    if not screen:
        return f"error: {error}"
    if isinstance(error, PlanError):
        count = f"{len(error.faults)} faults" if len(error.faults) > 1 else "1 fault"
        return "\n".join([f"error: {count} in the config", *(line for fault in error.faults for line in _block(fault))])
    first, *others = str(error).split("\n")
    told = "\n  ".join(_PARTS.split(first))
    return "\n".join([f"error: {told}", *others])


def misuse(error: TyperException) -> str:
    """Say which word of the command line means nothing, and where the others are listed."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "kiss-bench"
    return f"error: {error.format_message()}\n  what there is: {command} --help"


def our_fault(error: Exception, words: Sequence[str]) -> str:
    """Say that the fault is ours, what to report, and that nothing finished is lost."""
    again = shlex.join(["kiss-bench", "--debug", *words])
    kept = f"\n  {kept_words(words)}" if kept_words(words) else ""
    system = f"kiss-bench {__version__}, Python {platform.python_version()}, {platform.system()}"
    return (
        f"error: an error of ours, not of your input: {type(error).__name__}: {error}{kept}\n"
        f"  please report what this prints: {again}\n  with: {system}"
    )


def kept_words(words: Sequence[str]) -> str:
    """Say where the result folder stands after a command that stores was ended; empty for one that stores nothing."""
    return "Every finished unit is stored; the same command goes on from there." if STORING & {*words} else ""


def _block(fault: Fault) -> Iterator[str]:
    yield f"  {fault.place}: {fault.key}" if fault.key else f"  {fault.place}"
    yield f"    found {fault.found}"
    yield f"    allowed: {fault.allowed}"
    if fault.hint:
        yield f"    {fault.hint}"
