"""Commands about a result folder: rendered again, replayed, handed on, adapted."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kiss_bench.cli.app import DONE, NO, Folder, Jobs, SameRows, app, set_level_as_in
from kiss_bench.cli.screen import say


@app.command()
def report(folder: Folder) -> None:
    """Render the reports of a result folder again, from its record."""
    from kiss_bench.records.evidence import evidence_of, lines_at_writing
    from kiss_bench.records.folder import read_board, read_json, write_whole
    from kiss_bench.records.ledger import read_ledger
    from kiss_bench.records.tuning import record_from_dict
    from kiss_bench.reports import board_reports, tuning_reports
    from kiss_bench.runs.result_files import write_evidence

    board = read_board(folder)
    record = record_from_dict(read_json(folder, "tuning.json"), str(folder / "tuning.json"))
    texts = {name: render(board) for name, render in board_reports().items()}
    texts |= {name: render(record) for name, render in tuning_reports().items()}
    for name, text in texts.items():
        write_whole(folder / name, text)
    more = write_evidence(folder, evidence_of(folder, board, record, lines_at_writing(read_ledger(folder))))
    say(f"rendered {', '.join(sorted([*texts, *more]))} in {folder}")


@app.command()
def replay(
    folder: Folder,
    rung: Annotated[str | None, typer.Option(metavar="RUNG", help="Replay the studies of this rung only.")] = None,
    fold: Annotated[int | None, typer.Option(metavar="N", help="Replay the studies of this outer fold only.")] = None,
    data: SameRows = None,
    jobs: Jobs = None,
) -> None:
    """Run the studies again from the record; compare trial by trial.

    A replay of all studies is noted in tuning.json and tuning.md.
    """
    set_level_as_in(folder)
    from kiss_bench.reports.tuning import replay_sentences
    from kiss_bench.runs.replay import Options
    from kiss_bench.runs.replay import replay as replay_studies

    options = Options(rung=rung, fold=fold, data=data, jobs=jobs, command=tuple(sys.argv))
    found, unwritten = replay_studies(folder, options, lambda study: say(str(study), err=True))
    for sentence in replay_sentences(found):
        say(sentence)
    if unwritten:
        say(f"not noted in {folder}: {unwritten}", err=True)
    raise typer.Exit(DONE if found.equal else NO)


@app.command()
def export(
    folder: Folder,
    to: Annotated[
        str, typer.Option(metavar="TRACKER", help="The tracker: optuna (a journal for optuna-dashboard) or mlflow.")
    ],
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
    from kiss_bench.runs.recorded import export_folder

    say(f"exported {export_folder(folder, to, target)}")


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
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is printed with the rungs that are changed.")
    ] = "",
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the child; default: that of the file.")
    ] = None,
) -> None:
    """Write a child config: the plan of a result folder, with changes.

    It keeps a link to its parent, and a run of it says what changed and what that did.
    """
    from kiss_bench.runs.adapt import Options
    from kiss_bench.runs.adapt import adapt as adapt_plan

    made = adapt_plan(folder, Options(changes=tuple(change), out=out, project=project, reason=reason))
    say(f"written to {out}: project {made.project}. Now: kiss-bench run {shlex.quote(str(out))}")
