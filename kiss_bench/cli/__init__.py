"""The command line: the only place that prints, and that turns errors into exit codes.

0 done, or yes · 1 a no that was asked for (a failed rung) · 2 invalid input · 3 an error of ours · 130 interrupted.
Heavy libraries are imported inside commands, so that `--help` and a faulty config are answered at once.
"""

import shlex
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from kiss_bench.cli import bench, checks, proposals, records, tables
from kiss_bench.cli.app import DONE, INTERNAL, INTERRUPTED, INVALID, NO, app
from kiss_bench.errors import KissBenchError, RefusedError
from kiss_bench.runs.stopping import terminable

__all__ = ["app", "bench", "checks", "main", "proposals", "records", "tables"]
STORING = {"run", "selftest", "vault"}
"""Commands that keep what they have finished when they are stopped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code; the console script exits with it."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    debug = "--debug" in words
    try:
        with terminable():
            code = app(words, standalone_mode=False, prog_name="kiss-bench")
    except KissBenchError as error:
        _complain(f"kiss-bench: {error}", debug=debug)
        code = NO if isinstance(error, RefusedError) else INVALID
    except TyperException as error:
        _complain(f"kiss-bench: {error.format_message()} (kiss-bench --help lists what there is)")
        code = INVALID
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  (the edge: whatever is left is our fault, and must not look like a "no")
        again = shlex.join(["kiss-bench", "--debug", *words])
        _complain(
            f"kiss-bench: an error of ours: {type(error).__name__}: {error}\nPlease report what this prints: {again}",
            debug=debug,
        )
        code = INTERNAL
    if code == INTERRUPTED:  # typer itself answers Ctrl-C with the bare code
        kept = " Every finished unit is stored; the same command goes on from there." if STORING & {*words} else ""
        _complain(f"\nkiss-bench: interrupted.{kept}")
    return int(code or DONE)


def _complain(text: str, *, debug: bool = False) -> None:
    if debug:
        traceback.print_exc()
    typer.echo(text, err=True)
