"""Commands that run, say what a run would do, or list what ships."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kiss_bench.cli.app import DONE, NO, Config, Jobs, Results, app, plan_of
from kiss_bench.cli.help import HOW, WHAT
from kiss_bench.cli.screen import LOG_WIDTH, console, say, width

Quick = Annotated[
    bool, typer.Option("--quick", help="Default settings only, no tuning; provisional.", rich_help_panel=WHAT)
]
Placebo = Annotated[bool, typer.Option("--placebo", help="On targets that cannot be known, too.", rich_help_panel=WHAT)]


@app.command()
def run(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    config: Config,
    jobs: Jobs = None,
    results: Results = Path("results"),
    quick: Quick = False,  # noqa: FBT002
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where units run: local (processes), inline (this one), or dask (processes here, or --scheduler).",
            rich_help_panel=HOW,
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With dask: a running scheduler, such as tcp://10.0.0.5:8786, with the versions installed here.",
            rich_help_panel=HOW,
        ),
    ] = None,
    placebo: Placebo = False,  # noqa: FBT002
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|A,B,…",
            help="Again under other root seeds: N of them in all, or those named.",
            rich_help_panel=WHAT,
        ),
    ] = None,
) -> None:
    """Run the ladder, judge every rung, write the leaderboard.

    A run that was stopped goes on where it was. Ctrl-C once finishes the units under way, twice stops at once.
    """
    from kiss_bench.engines import Choice

    Choice(engine=engine, jobs=jobs, scheduler=scheduler)  # asked before the config is: raises for what is not there
    plan = plan_of(config)
    from kiss_bench.cli.ending import show
    from kiss_bench.engines.processes import workers_for
    from kiss_bench.runs.run import Options
    from kiss_bench.runs.run import run as run_plan
    from kiss_bench.runs.stability import seeds_read
    from kiss_bench.watching import watcher

    workers = workers_for(jobs)
    if jobs is not None and workers < jobs:
        say(f"--jobs {jobs} is more than the {workers} cores there are; {workers} workers it is", err=True)
    options = Options(
        results=results, jobs=jobs, engine=engine, scheduler=scheduler, quick=quick, finishing=True,
        placebo=placebo, seeds=None if seeds is None else seeds_read(seeds), command=tuple(sys.argv),
    )  # fmt: skip
    with watcher(console(err=True), workers) as watch:
        board = run_plan(plan, options, watch)
    show(board, console(), config, results)
    leaking = board.placebo is not None and bool(board.placebo.leaking)
    raise typer.Exit(NO if leaking or any(row.status == "failed" for row in board.rungs) else DONE)


@app.command()
def plan(config: Config) -> None:
    """Say what a run would do, and the smallest gain the rows can show.

    The ladder, the folds, the number of fits, and what the leak audit finds. Fits nothing, writes nothing.
    """
    found = plan_of(config)
    from kiss_bench.runs.exam import audit_of, check_buildable, set_exam
    from kiss_bench.runs.planned import planned_text
    from kiss_bench.tasks.read import read_table

    table = read_table(found)
    exam = set_exam(found, table)
    check_buildable(exam)
    say(planned_text(exam, audit_of(exam, table)))


@app.command()
def selftest(
    config: Config,
    draws: Annotated[
        int, typer.Option(metavar="N", min=2, help="Simulated benchmarks a scenario; there are four.")
    ] = 100,
    jobs: Jobs = None,
    results: Results = Path("results"),
    rows: Annotated[
        int | None,
        typer.Option(metavar="N", help="Simulated rows; default: those of the table, at most 20,000.", min=1),
    ] = None,
) -> None:
    """Say how often the judge would be wrong on data of this shape.

    Simulates tables like that of CONFIG, fits and judges them, which takes minutes. What was stopped goes on where it
    was; another `seed:` in CONFIG simulates other tables.
    """
    found = plan_of(config)
    from tabulate import tabulate

    from kiss_bench.selftest.report import rates_table, verdict_sentences
    from kiss_bench.selftest.run import Options, Watcher
    from kiss_bench.selftest.run import selftest as run_selftest

    options = Options(results=results, draws=draws, jobs=jobs, rows=rows)
    with Watcher(console(err=True)) as watch:
        rates = run_selftest(found, options, watch)
    typer.echo(tabulate(rates_table(rates), headers="keys", disable_numparse=True))
    say("\n" + "\n".join(verdict_sentences(rates)))
    say(f"\nwritten to {results / found.project}: selftest.md, selftest.json")
    raise typer.Exit(NO if any(one.too_many for one in rates) else DONE)


@app.command()
def rungs() -> None:
    """List the ladder that ships, with what is tuned of each rung."""
    from kiss_bench.rungs import shipped_rungs

    rows = [
        {
            "level": f"{rung.level:g}",
            "rung": rung.name,
            "what it is": rung.summary,
            "tuned": ", ".join(line.name for line in rung.space("binary")) or "–",
            "to explain it": rung.explain,
        }
        for rung in shipped_rungs().values()
    ]
    _show(rows, {"what it is": 10, "tuned": 9, "to explain it": 8})


@app.command()
def metrics() -> None:
    """List the metrics, the tasks they suit, and their other names."""
    from kiss_bench.metrics import METRICS

    rows = [
        {
            "metric": metric.name,
            "better": "higher" if metric.greater_is_better else "lower",
            "tasks": ", ".join(metric.tasks),
            "what it is": f"{metric.summary}{_also(metric.aliases)}",
        }
        for metric in METRICS.values()
    ]
    _show(rows, {"tasks": 10, "what it is": 39})


def _also(names: tuple[str, ...]) -> str:
    return f" Also: {', '.join(names)}." if names else ""


def _show(rows: list[dict[str, str]], shares: dict[str, int]) -> None:
    """Print a table as wide as the screen; the columns of `shares` break their text and share what the others leave."""
    from tabulate import tabulate

    gap, padding = 2, 2  # tabulate gives a header two columns more than it has letters
    words = {key: [len(key) + padding, *(len(word) for row in rows for word in row[key].split())] for key in shares}
    fixed = {key: max(len(key) + padding, *(len(row[key]) for row in rows)) for key in rows[0] if key not in shares}
    room = min(width(), LOG_WIDTH) - sum(fixed.values()) - gap * (len(rows[0]) - 1)
    most = [None if key in fixed else max(room * shares[key] // sum(shares.values()), *words[key]) for key in rows[0]]
    typer.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=most))
