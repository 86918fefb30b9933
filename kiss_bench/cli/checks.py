"""Commands that hold results against what was registered: verified, and scored on rows nobody has seen."""

import sys
from typing import Annotated

import typer

from kiss_bench.cli.app import DONE, NO, Folder, Jobs, SameRows, app, set_level_as_in
from kiss_bench.cli.help import App
from kiss_bench.cli.screen import say


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
    from kiss_bench.reports.honesty import shift_words, vault_words

    options = Options(burn=burn, data=data, jobs=jobs, command=tuple(sys.argv))
    board = open_vault(folder, options, lambda line: say(line, err=True))
    assert board.honesty.vault is not None
    say(f"{vault_words(board, board.honesty.vault)}.\n{shift_words(board.honesty.vault)}.")
    say(f"\nwritten to {folder}: vault.parquet, the ledger, and every report")
    raise typer.Exit(DONE)
