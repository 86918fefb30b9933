"""The command line: the only place that prints, and that turns errors into exit codes.

0 done, or yes · 1 a no that was asked for (a failed rung) · 2 invalid input · 3 an error of ours · 130 interrupted.
Heavy libraries are imported inside commands, so that `--help` and a faulty config are answered at once.
"""

import shlex
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from kiss_bench import __version__
from kiss_bench.errors import KissBenchError
from kiss_bench.runs.stopping import terminable

DONE, NO, INVALID, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 130
STORING = {"run", "selftest"}
"""Commands that keep what they have finished when they are stopped."""

app = typer.Typer(
    name="kiss-bench",
    help="Is the complicated model worth it? A ladder of models, simplest first, on identical folds with equal tuning; "
    "a verdict for every rung.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file of the project.", show_default=False)]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A result folder, such as results/german-credit.", show_default=False)
]


@app.callback(invoke_without_command=True)
def top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,  # noqa: FBT002
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001, FBT002
) -> None:
    if version:
        typer.echo(f"kiss-bench {__version__}")
        raise typer.Exit(DONE)


@app.command()
def run(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    config: Config,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes; default: one a core.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Where the project's folder is written.")] = Path("results"),
    quick: Annotated[bool, typer.Option("--quick", help="Default settings only, no tuning; provisional.")] = False,  # noqa: FBT002
    engine: Annotated[
        str, typer.Option(help="Where units run: local, or dask (processes here, or --scheduler).")
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With dask: a running scheduler, such as tcp://10.0.0.5:8786, with the versions installed here.",
        ),
    ] = None,
) -> None:
    """Run the ladder of CONFIG, judge it, and write the leaderboard. A run that was stopped goes on where it was.

    Ends with 1 where a rung failed.
    """
    from kiss_bench.engines import Choice

    Choice(engine=engine, jobs=jobs, scheduler=scheduler)  # asked before the config is: raises for what is not there
    plan = _plan(config)
    from rich.console import Console

    from kiss_bench.engines.processes import workers_for
    from kiss_bench.reports.terminal import leaderboard_table, leaderboard_text
    from kiss_bench.reports.words import banners, verdict_sentence
    from kiss_bench.runs.run import Options
    from kiss_bench.runs.run import run as run_plan
    from kiss_bench.watching import watcher

    workers = workers_for(jobs)
    if jobs is not None and workers < jobs:
        typer.echo(f"--jobs {jobs} is more than the {workers} cores there are; {workers} workers it is", err=True)
    options = Options(
        results=results, jobs=jobs, engine=engine, scheduler=scheduler, quick=quick, finishing=True,
        command=tuple(sys.argv),
    )  # fmt: skip
    with watcher(Console(stderr=True), workers) as watch:
        board = run_plan(plan, options, watch)
    screen = Console()
    if screen.is_terminal:
        for banner in banners(board):
            screen.print(banner, style="bold", markup=False, highlight=False)
        screen.print(leaderboard_table(board, screen.width))
        screen.print(f"\n{verdict_sentence(board)}", markup=False, highlight=False)
    else:
        typer.echo(leaderboard_text(board, 120))
    for note in board.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"\nwritten to {results / plan.project}: leaderboard.md, tuning.md and what they rest on")
    raise typer.Exit(NO if any(row.status == "failed" for row in board.rungs) else DONE)


@app.command()
def plan(config: Config) -> None:
    """Show the ladder, the folds and the number of fits of CONFIG. Fits nothing, writes nothing."""
    found = _plan(config)
    from kiss_bench.runs.planned import planned_text
    from kiss_bench.runs.run import set_exam

    typer.echo(planned_text(set_exam(found)))


@app.command()
def report(folder: Folder) -> None:
    """Render the reports of a result folder again, from its record."""
    from kiss_bench.records.atomic import write_whole
    from kiss_bench.records.folder import read_board, read_json
    from kiss_bench.reports import board_reports, tuning_reports
    from kiss_bench.tuning.record.schema import record_from_dict

    board = read_board(folder)
    record = record_from_dict(read_json(folder, "tuning.json"), str(folder / "tuning.json"))
    texts = {name: render(board) for name, render in board_reports().items()}
    texts |= {name: render(record) for name, render in tuning_reports().items()}
    for name, text in texts.items():
        write_whole(folder / name, text)
    typer.echo(f"rendered {', '.join(sorted(texts))} in {folder}")


@app.command()
def replay(
    folder: Folder,
    rung: Annotated[str | None, typer.Option(help="Replay the studies of this rung only.")] = None,
    fold: Annotated[int | None, typer.Option(help="Replay the studies of this outer fold only.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The very same rows, where the config's place is not theirs.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes; default: one a core.")
    ] = None,
) -> None:
    """Run the studies of a result folder again, from its record, and compare them trial by trial.

    Ends with 1 where any trial differs. A replay of all studies is noted in tuning.json and tuning.md.
    """
    from kiss_bench.reports.replayed import replay_sentences
    from kiss_bench.runs.replay import Options
    from kiss_bench.runs.replay import replay as replay_studies

    options = Options(rung=rung, fold=fold, data=data, jobs=jobs, command=tuple(sys.argv))
    found = replay_studies(folder, options, lambda study: typer.echo(str(study), err=True))
    for sentence in replay_sentences(found):
        typer.echo(sentence)
    raise typer.Exit(DONE if found.equal else NO)


@app.command()
def export(
    folder: Folder,
    to: Annotated[str, typer.Option(help="The tracker: optuna (a journal for optuna-dashboard) or mlflow.")],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="TARGET",
            help="optuna: the file to write, studies.journal in DIR by default; mlflow: a tracking URI, "
            "MLFLOW_TRACKING_URI by default.",
        ),
    ] = None,
) -> None:
    """Hand a result folder on to a tracker, from its record."""
    from kiss_bench.runs.exported import export_folder

    typer.echo(f"exported {export_folder(folder, to, target)}")


@app.command()
def adapt(
    folder: Folder,
    out: Annotated[Path, typer.Option(metavar="CONFIG", help="The config to write.", show_default=False)],
    change: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="May be repeated: boosting.num_leaves='int(4, 512, log)' · boosting.settings.max_bin=63 · "
            "boosting.trials=60 · tuning.control=random · metric.margin=0.5%.",
            show_default=False,
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; it is printed with the rungs that are changed.")] = "",
    project: Annotated[str | None, typer.Option(help="Name of the child; default: that of the file.")] = None,
) -> None:
    """Write a config that is the plan of a result folder with changes, and a link to it.

    A run of it says what changed and what that did.
    """
    from kiss_bench.runs.adapt import Options
    from kiss_bench.runs.adapt import adapt as adapt_plan

    made = adapt_plan(folder, Options(changes=tuple(change), out=out, project=project, reason=reason))
    typer.echo(f"written to {out}: project {made.project}. Now: kiss-bench run {shlex.quote(str(out))}")


@app.command()
def rungs() -> None:
    """List the ladder that ships, with what is tuned of each rung."""
    from tabulate import tabulate

    from kiss_bench.rungs import shipped_rungs

    rows = [
        {
            "level": f"{rung.level:g}",
            "rung": rung.name,
            "what it is": rung.summary,
            "tuned": ", ".join(line.name for line in rung.space("binary")) or "–",
            "to explain it takes": rung.explain,
        }
        for rung in shipped_rungs().values()
    ]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=[None, None, 24, 24, 18]))


@app.command()
def metrics() -> None:
    """List the metrics, with the tasks they suit and the other names they go by."""
    from tabulate import tabulate

    from kiss_bench.metrics import METRICS

    rows = [
        {
            "metric": metric.name,
            "better": "higher" if metric.greater_is_better else "lower",
            "tasks": ", ".join(metric.tasks),
            "also called": ", ".join(metric.aliases) or "–",
            "what it is": metric.summary,
        }
        for metric in METRICS.values()
    ]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=[None, None, 11, 28, 28]))


@app.command()
def selftest(
    config: Config,
    draws: Annotated[int, typer.Option(min=2, help="Simulated benchmarks a scenario; there are four.")] = 100,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes; default: one a core.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Where the project's folder is written.")] = Path("results"),
    rows: Annotated[
        int | None, typer.Option(help="Simulated rows; default: those of the table, at most 20,000.", min=1)
    ] = None,
) -> None:
    """How often would the judge be wrong on data of CONFIG's shape? Simulates, fits and judges; minutes.

    Ends with 1 where needless rungs are promoted more often than alpha allows. What was stopped goes on where it was;
    another `seed:` in CONFIG simulates other tables.
    """
    found = _plan(config)
    from rich.console import Console
    from tabulate import tabulate

    from kiss_bench.selftest.report import rates_table, verdict_sentences
    from kiss_bench.selftest.run import Options
    from kiss_bench.selftest.run import selftest as run_selftest
    from kiss_bench.selftest.watching import watcher

    options = Options(results=results, draws=draws, jobs=jobs, rows=rows)
    with watcher(Console(stderr=True)) as watch:
        tested = run_selftest(found, options, watch)
    typer.echo(tabulate(rates_table(tested.rates), headers="keys", disable_numparse=True))
    typer.echo("\n" + "\n".join(verdict_sentences(tested.rates)))
    typer.echo(f"\nwritten to {results / found.project}: selftest.md, selftest.json")
    raise typer.Exit(DONE if tested.passed else NO)


def _plan(config: Path) -> Any:
    from kiss_bench.plan.read import read_plan
    from kiss_bench.runs.known import catalogue

    return read_plan(config, catalogue())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code; the console script exits with it."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    debug = "--debug" in words
    try:
        with terminable():
            code = app(words, standalone_mode=False, prog_name="kiss-bench")
    except KissBenchError as error:
        _complain(f"kiss-bench: {error}", debug=debug)
        code = INVALID
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
