"""The application that the commands of this folder join, the arguments they share, and the exit codes."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from kiss_bench import __version__
from kiss_bench.cli.help import HOW, App
from kiss_bench.evaluation.arithmetic import set_level

DONE, NO, INVALID, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 130

app = App(
    name="kiss-bench",
    help="Is the complicated model worth it? A ladder of models, simplest first, on identical folds with equal tuning; "
    "a verdict for every rung.",
)
Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file of the project.", show_default=False)]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A result folder, such as results/german-credit.", show_default=False)
]

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, help="Worker processes; default: one a core.", rich_help_panel=HOW
    ),
]
Results = Annotated[
    Path, typer.Option(metavar="DIR", help="Where the project's folder is written.", rich_help_panel=HOW)
]
SameRows = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", help="The very same rows, where the config's place is not theirs."),
]


@app.callback(invoke_without_command=True)
def top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,  # noqa: FBT002
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001, FBT002
) -> None:
    if version:
        typer.echo(f"kiss-bench {__version__}")
        raise typer.Exit(DONE)


def plan_of(config: Path) -> Any:
    from kiss_bench.plan.read import arithmetic_of, read_plan

    set_level(arithmetic_of(config))
    from kiss_bench.runs.known import catalogue  # brings NumPy, which chooses its kernels as it loads

    return read_plan(config, catalogue())


def set_level_as_in(folder: Path) -> None:
    """Computes at the level of arithmetic that the plan of a result folder asks for."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # the command itself tells what is wrong there
        plan = json.loads((folder / "plan.json").read_text(encoding="utf8"))
        set_level("native" if plan.get("arithmetic") == "native" else "v3")
