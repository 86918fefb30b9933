"""The command line: the only place that prints, and that turns errors into exit codes.

0 done, or yes · 1 a no that was asked for (a failed rung) · 2 invalid input · 3 an error of ours · 130 interrupted.
Heavy libraries are imported inside commands, so that `--help` and a faulty config are answered at once.
"""

import errno
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from kiss_bench.cli import bench, init, results
from kiss_bench.cli.app import DONE, INTERNAL, INTERRUPTED, INVALID, NO, app
from kiss_bench.cli.screen import complaint, kept_words, misuse, our_fault, say, seated
from kiss_bench.errors import KissBenchError, RefusedError
from kiss_bench.evaluation.arithmetic import set_level
from kiss_bench.runs.stopping import terminable

__all__ = ["app", "bench", "init", "main", "results"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code; the console script exits with it."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    debug = "--debug" in words
    set_level()
    try:
        with terminable():
            code = app(words, standalone_mode=False, prog_name="kiss-bench")
    except KissBenchError as error:
        _complain(complaint(error, screen=seated(err=True)), debug=debug)
        code = NO if isinstance(error, RefusedError) else INVALID
    except TyperException as error:
        _complain(misuse(error))
        code = INVALID
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        full = error.errno == errno.ENOSPC and error.filename is None  # no file of ours: it is the output itself
        told = (
            "error: the output cannot be written: no space is left on the device" if full else our_fault(error, words)
        )
        _complain(told, debug=debug)
        code = INVALID if full else INTERNAL
    except Exception as error:  # noqa: BLE001  (the edge: whatever is left is our fault, and must not look like a "no")
        _complain(our_fault(error, words), debug=debug)
        code = INTERNAL
    if code == INTERRUPTED:  # typer itself answers Ctrl-C with the bare code
        _complain(f"\nkiss-bench: interrupted. {kept_words(words)}".rstrip())
    return int(code or DONE)


def _complain(text: str, *, debug: bool = False) -> None:
    """On a screen wrapped; in a pipe a fault is one line, however long, so that it can be searched."""
    if debug:
        traceback.print_exc()
    if seated(err=True):
        say(text, err=True)
    else:
        typer.echo(text, err=True)
