"""The one shape of an error: `error:`, where, what was found, what is allowed, what to do next.

A screen gets a block a fault, wrapped to its width; a pipe gets a line a fault, to be searched.
"""

import platform
import re
import shlex
from collections.abc import Iterator, Sequence

from typer.exceptions import TyperException

from kiss_bench import __version__
from kiss_bench.errors import Fault, KissBenchError, PlanError

STORING = {"run", "selftest", "vault"}
"""Commands that keep what they have finished when they are stopped."""
_PARTS = re.compile(r"; (?=allowed\b)|[.] (?=did you mean)")
"""Where the sentence of a fault goes on in a line of its own."""


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
