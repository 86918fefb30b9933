"""Commands about results: rendered again, replayed, handed on, adapted, verified, opened, proposed and checked."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kiss_bench.cli.app import DONE, INVALID, NO, Folder, Jobs, SameRows, app, set_level_as_in
from kiss_bench.cli.help import App
from kiss_bench.cli.screen import complaint, say
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


@app.command()
def verify(folder: Folder) -> None:
    """Say whether a result folder is what its run wrote.

    Recomputes hashes exactly, scores and verdicts to 1e-9, from what is stored. Nothing is fitted and nothing changed.
    """
    from kiss_bench.proposal.verify import verify as verify_folder
    from kiss_bench.records.ledger import read_ledger, rerun_told

    checks = verify_folder(
        folder,
        lambda one: say(f"{one.state:>8}  {one.name}{': ' if one.told else ''}{'; '.join(one.told)}"),
    )
    if told := rerun_told(read_ledger(folder)):
        say(told)
    wrong = [check.name for check in checks if check.state == "differs"]
    unasked = [check.name for check in checks if check.state == "not here" and check.name != "stored units"]
    so_far = f" as far as that can be told; not asked: {', '.join(unasked)}" if unasked else ""
    say(f"\n{folder}: {'differs in ' + ', '.join(wrong) if wrong else f'as it was written{so_far}'}")
    raise typer.Exit(NO if wrong else DONE)


vault = App(help="The rows that no run has read: opened once.")
app.add_typer(vault, name="vault")


@vault.command("open")
def open_(
    folder: Folder,
    burn: Annotated[bool, typer.Option("--burn", help="Open it again; every report will say so for ever.")] = False,  # noqa: FBT002
    data: SameRows = None,
    jobs: Jobs = None,
) -> None:
    """Score the sealed rows, once, against the registered plan.

    The recommended rung, the incumbent below it and the dummy are fitted on all other rows. Says whether the gain is
    confirmed, contradicted or not contradicted.
    """
    set_level_as_in(folder)
    from kiss_bench.proposal.vault import Options, open_vault
    from kiss_bench.reports.checks import shift_words, vault_words

    options = Options(burn=burn, data=data, jobs=jobs, command=tuple(sys.argv))
    board = open_vault(folder, options, lambda line: say(line, err=True))
    assert board.honesty.vault is not None
    say(f"{vault_words(board, board.honesty.vault)}.\n{shift_words(board.honesty.vault)}.")
    say(f"\nwritten to {folder}: vault.parquet, the ledger, and every report")
    raise typer.Exit(DONE)


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
    from kiss_bench.reports.proposal_parts.subject import TO_ANSWER

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
