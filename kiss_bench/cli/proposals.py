"""Commands about a model proposal: written, given its board, checked."""

from pathlib import Path
from typing import Annotated

import typer

from kiss_bench.cli.app import DONE, INVALID, NO, Folder, app
from kiss_bench.cli.complaints import complaint
from kiss_bench.errors import KissBenchError, RecordError

Proposal = Annotated[Path, typer.Argument(metavar="PROPOSAL", help="A Markdown file.", show_default=False)]
AskedRung = Annotated[
    str | None, typer.Option("--rung", metavar="RUNG", help="Ask about this rung, not the one in it.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="A no also where anything was amended, is unreviewed or was not recomputed.")
]
IfAttached = Annotated[bool, typer.Option("--if-attached", help="Pass over files that carry no board: for hooks.")]


@app.command()
def propose(
    folder: Folder,
    rung: Annotated[
        str | None, typer.Option(metavar="RUNG", help="Propose this rung; default: the recommended one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The Markdown file to write; default: proposal.md in DIR.")
    ] = None,
) -> None:
    """Write a model proposal from a result folder.

    Markdown, and a page beside it that prints well.

    What the record holds is filled in, what only a person knows is marked; the sign-off stays empty. A file that is
    there already is never written over.
    """
    from kiss_bench.proposal.propose import propose as write_proposal
    from kiss_bench.reports.proposal_parts.writing import TO_ANSWER

    path, page = write_proposal(folder, rung, out)
    missing = path.read_text(encoding="utf8").count(TO_ANSWER)
    typer.echo(f"written to {path} and {page}: {missing} answers are still missing. Then: kiss-bench check {path}")
    raise typer.Exit(DONE)


@app.command()
def attach(
    proposal: Proposal,
    folder: Folder,
    rung: Annotated[
        str | None,
        typer.Option(
            metavar="RUNG", help="The rung that is proposed; default: the one in the file, else the recommended one."
        ),
    ] = None,
) -> None:
    """Put the leaderboard of a folder into a Markdown file.

    A board that is there already is refreshed.

    It stands between two markers, with its digest; at the end of a file that has none. Nothing else in the file is
    changed. A page that propose wrote beside it is written anew.
    """
    from kiss_bench.proposal.attach import attach as put_board

    done = put_board(proposal, folder, rung)
    what = f"{'refreshed' if done.refreshed else 'attached'} in" if done.changed else "already in"
    typer.echo(f"{what} {proposal}: {done.placed.proposed.rung} ({done.placed.proposed.arm}) of {done.placed.folder}")
    if done.remark:
        typer.echo(f"mind: {done.remark}", err=True)
    raise typer.Exit(DONE)


@app.command()
def check(
    proposals: Annotated[list[Path], typer.Argument(metavar="PROPOSAL…", help="Markdown files.", show_default=False)],
    rung: AskedRung = None,
    strict: Strict = False,  # noqa: FBT002
    if_attached: IfAttached = False,  # noqa: FBT002
) -> None:
    """Say whether a board is genuine and its proposed rung justified.

    Prints a comment for a pull request.

    Recomputes what `verify` does; nothing is fitted and nothing changed. Ends with
    1 where the board was edited, is stale or is not that of its folder, and where the rung is above what is justified
    without an override.
    """
    from kiss_bench.proposal.check import check as check_proposal
    from kiss_bench.reports.pull_request import pull_request_text

    if rung is not None and len(proposals) > 1:
        raise RecordError("--rung asks about one proposal; there are several")
    codes, rule = [DONE], ""
    for path in proposals:
        try:
            found = check_proposal(path, rung, strict=strict)
        except KissBenchError as error:
            typer.echo(complaint(error, screen=False), err=True)
            codes.append(INVALID)
            continue
        if found is None:
            codes.append(DONE if if_attached else INVALID)
            if not if_attached:
                typer.echo(f"error: {path} carries no board; kiss-bench attach {path} DIR puts one into it", err=True)
            continue
        typer.echo(rule + pull_request_text(found), nl=False)
        rule = "\n---\n\n"
        codes.append(DONE if found.believed else NO)
    raise typer.Exit(max(codes))
