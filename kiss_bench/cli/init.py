"""The command that writes a first config."""

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kiss_bench.cli.app import app

PATIENCE = 2.0
"""Seconds after which somebody who waits is told for what."""


class Stages:
    """What is being done, told on stderr once it has taken a while."""

    def __init__(self, first: str) -> None:
        self._now, self._told = first, ""
        self._timer = threading.Timer(PATIENCE, self._tell)
        self._timer.daemon = True

    @contextmanager
    def shown(self) -> Iterator["Stages"]:
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()

    def __call__(self, stage: str) -> None:
        self._now = stage
        if self._told:
            self._tell()

    def _tell(self) -> None:
        if self._told != self._now:
            self._told = self._now
            typer.echo(f"{self._now} …", err=True)


@app.command()
def init(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A CSV or Parquet file, or the URL of a database (sqlite:///loans.db).",
            show_default=False,
        ),
    ],
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict.")] = None,
    positive: Annotated[str | None, typer.Option(metavar="LABEL", help="The label that counts as positive.")] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The config to write; default: PROJECT.yaml here; - shows it only."),
    ] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Of a database: the query that gives the rows.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a database: the table that holds the rows.")
    ] = None,
    project: Annotated[str | None, typer.Option(metavar="NAME", help="Default: made from the name of DATA.")] = None,
) -> None:
    """Write a short, commented config from a table.

    Task, roles of columns and margin, each with its reason.

    What is a guess is said so, and what would change the question is left to you, behind a #. Overwrites nothing.
    """
    from kiss_bench.runs.init import Options, check_place, place_of, write_draft
    from kiss_bench.runs.init import init as draft_config

    only_shown = out == "-"
    place = None if out is None or only_shown else Path(out)
    options = Options(data=data, target=target, positive=positive, sql=sql, table=table, project=project, out=place)
    if not only_shown:
        check_place(place_of(options))  # before a large table is read
    with Stages("reading the table").shown() as stage:
        draft = draft_config(options, stage)
    if only_shown:
        typer.echo(draft.text, nl=False)
        return
    write_draft(draft)
    typer.echo(f"written to {draft.path}: project {draft.project}\n\n{draft.text}")
    config = shlex.quote(str(draft.path))
    typer.echo(f"Next: kiss-bench plan {config}\n      kiss-bench run {config}")
