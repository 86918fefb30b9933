"""What `check` says of genuine boards that still are no plain yes, and how it ends."""

import json
import shutil
import time

import numpy as np
import pytest
from loan_tables import loans
from proposals import WORDS, override, with_board

from kiss_bench.cli import main
from kiss_bench.proposal import check as checking
from kiss_bench.proposal import result_folder
from kiss_bench.proposal.propose import propose
from kiss_bench.reports.attached import body
from kiss_bench.runs import result_files

pytest_plugins = ["handed_in"]


def test_it_ends_with_2_for_what_is_no_proposal(project, capsys):
    (project.home / "words.md").write_text(WORDS, "utf8")
    assert main(["check", "words.md"]) == 2
    assert "words.md carries no board; kiss-bench attach words.md DIR puts one into it" in capsys.readouterr().err
    assert main(["check", "nowhere.md"]) == 2
    assert main(["check", "results"]) == 2
    assert main(["check"]) == 2


def test_with_if_attached_files_without_a_board_are_passed_over(project, capsys):
    proposal = with_board(project)
    (project.home / "words.md").write_text(WORDS, "utf8")
    (project.home / "code.md").write_text("```\n<!-- kiss-bench:end -->\n```\n", "utf8")
    assert main(["check", "--if-attached", "words.md", "code.md"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["check", "--if-attached", "words.md", str(proposal.path), "code.md"]) == 0
    assert capsys.readouterr().out.startswith("**Believe the board in `proposal.md`")


def test_of_several_files_the_worst_decides_and_each_has_its_say(project, capsys):
    good, bad = with_board(project, name="good.md"), with_board(project, name="bad.md")
    bad.change("JUSTIFIED", "FINE")
    assert main(["check", "good.md", "bad.md"]) == 1
    said = capsys.readouterr().out
    assert "**Believe the board in `good.md`" in said
    assert "\n---\n\n**Do not believe the board in `bad.md`" in said
    assert main(["check", "bad.md", "nowhere.md", "good.md"]) == 2
    assert "there is no nowhere.md" in capsys.readouterr().err
    assert main(["check", "good.md", "bad.md", "--rung", "tree"]) == 2
    assert good.command() == 0


def test_all_faults_are_told_at_once(project):
    proposal = with_board(project, rung="tree")
    proposal.change("JUSTIFIED", "FINE")
    proposal.change_marker("digest", "0" * 64)
    (project.folder / "environment.json").unlink()
    told = " | ".join(proposal.check().refused)
    parts = [
        "the marker has digest",
        "not what its record gives",
        "environment.json is gone",
        "above what is justified",
    ]
    for part in parts:
        assert part in told


def test_another_rung_may_be_asked_about(project, capsys):
    proposal = with_board(project)
    assert proposal.command("--rung", "dummy") == 0
    assert "`dummy` (default) is simpler than what is justified, `linear`" in capsys.readouterr().out
    assert proposal.command("--rung", "tree") == 1
    said = capsys.readouterr().out
    assert "tree is above what is justified, linear" in said
    assert "**tree** (proposed)" in said
    assert proposal.command("--rung", "magic") == 1


def test_what_a_simpler_rung_gives_up_is_told(project):
    proposal = with_board(project, rung="dummy")
    (told,) = proposal.check().remarks
    assert told.startswith("dummy is simpler than what is justified; given up: dummy scores 0.")
    assert "a gain of +0." in told


def test_an_override_lifts_the_verdict_and_stands_in_the_answer(project, capsys):
    proposal = with_board(
        project, f"{WORDS}\n{override('tree', by='A. Person', reason='Nurses read trees.')}", rung="tree"
    )
    assert proposal.command() == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "**Genuine, and not justified: the board is what its run wrote; `tree` (tuned) is overridden by A. Person.**"
    )
    assert "- **override** by A. Person: Nurses read trees." in said
    assert "- overridden: tree is above what is justified, linear." in said


def test_an_override_that_is_changed_has_to_be_attached_again(project):
    proposal = with_board(project, f"{WORDS}\n{override('tree')}", rung="tree")
    proposal.change("The regulator asks", "Nobody asks")
    assert "was edited" in proposal.check().refused[0]
    proposal.attach()
    assert proposal.check().believed


def test_scores_that_cannot_be_recomputed_are_told_and_fail_under_strict(project, monkeypatch, capsys):
    monkeypatch.setattr(result_files, "COMMITTABLE", 1000)
    assert project.run() == 0
    proposal = with_board(project)
    (project.folder / "predictions.parquet").unlink()
    capsys.readouterr()
    assert proposal.command() == 0
    said = capsys.readouterr().out
    assert "Scores not recomputed." in said.splitlines()[0]
    assert "not asked: digest, scores and verdicts" in said
    assert proposal.command("--strict") == 1
    assert capsys.readouterr().out.startswith("**Not under --strict: `proposal.md` is genuine as far as can be told")


def nearly_told(frame):
    """A column that is the target in nine rows of ten."""
    late = (frame["late"] == "yes").to_numpy()
    return late ^ (np.arange(len(frame)) % 10 == 3)


DOUBTS = {
    "a margin changed after a look": (
        lambda p: p.run(metric="{primary: log_loss, margin: 2%}"),
        "AMENDED: margin changed",
    ),
    "a vault opened twice": (
        lambda p: p.open_vault() or p.open_vault("--burn"),
        "BURNED: the vault was opened 2 times",
    ),
    "a column that nobody has spoken for": (
        lambda p: p.run(frame=loans().assign(told=nearly_told)),
        "UNREVIEWED",
    ),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_what_a_reader_must_know_is_told_and_fails_under_strict(case, project, capsys):
    happen, told = DOUBTS[case]
    assert happen(project) in (0, 1)
    proposal = with_board(project)
    checked = proposal.check()
    assert any(told in doubt for doubt in checked.doubts), (checked.doubts, checked.refused)
    capsys.readouterr()
    assert proposal.command() == 0
    said = capsys.readouterr().out
    assert "Mind what is told below." in said.splitlines()[0]
    assert f"- **take care:** {told}" in said
    assert proposal.command("--strict") == 1


def test_a_board_in_the_words_of_another_version_is_genuine_and_told_as_such(project, monkeypatch):
    proposal = with_board(project)
    monkeypatch.setattr(checking, "body", reworded)
    assert "was edited" in proposal.check().refused[0]  # one version has one wording
    monkeypatch.setattr(result_folder, "__version__", "99.0")
    checked = proposal.check()
    assert checked.believed
    assert checked.doubts == (
        "the board is in the words of another version, as the ledger sealed them; kiss-bench attach renews them",
    )
    assert not proposal.check(strict=True).believed


def reworded(board, placed, text=None):
    """What a version to come may write."""
    found = body(board, placed, text)
    return found if text is not None else found.replace("JUSTIFIED", "WORTH IT")


def test_a_plain_yes_is_one_under_strict_as_well(project, capsys):
    assert with_board(project).command("--strict") == 0
    assert capsys.readouterr().out.startswith("**Believe the board")


def test_a_contradicted_gain_is_not_justified_any_more(project):
    """The vault is held against the registered plan; here the record is made to say what it would."""
    assert project.open_vault() == 0
    path = project.folder / "leaderboard.json"
    plain = json.loads(path.read_text("utf8"))
    plain["honesty"]["vault"]["verdict"] = "contradicted"
    path.write_text(json.dumps(plain), "utf8")
    proposal = with_board(project)
    told = "linear is above what is justified: the opened vault contradicts its gain, which leaves dummy"
    assert any(told in one for one in proposal.check().refused)


# figures outside the board


def written_proposal(project):
    path, _ = propose(project.folder)
    return with_board(project, path.read_text("utf8"), name="results/loans/proposal.md")


FIGURES = {
    "a gain": ("- A gain of +0.", "- A gain of +9."),
    "a count of folds": (" rows, 3 folds", " rows, 30 folds"),
}


@pytest.mark.parametrize("case", FIGURES)
def test_figures_that_cite_the_record_and_are_others_are_told(case, project):
    proposal = written_proposal(project)
    assert proposal.check(strict=True).doubts == ()
    before, after = FIGURES[case]
    line = proposal.text[: proposal.text.index(before)].count("\n") + 1
    proposal.change(before, after)
    (told,) = proposal.check().doubts
    assert told.startswith(f"outside the board, line {line}: the record is cited for figures that it does not give")


def test_words_around_figures_may_be_others(project):
    proposal = written_proposal(project)
    proposal.change("- A gain of ", "- Look: a gain of ")
    assert proposal.check(strict=True).believed


# a reviewer's minute


def test_a_clone_is_checked_within_a_minute_and_nothing_is_written(project, capsys):
    proposal = with_board(project)
    shutil.rmtree(project.folder / ".units")
    before = {path: path.read_bytes() for path in project.home.rglob("*") if path.is_file()}
    started = time.perf_counter()
    assert proposal.command() == 0
    assert time.perf_counter() - started < 60
    assert {path: path.read_bytes() for path in project.home.rglob("*") if path.is_file()} == before
    said = capsys.readouterr().out
    assert (
        "Asked and found well: ledger, files, plan, folds, digest, scores and verdicts, trials, vault, reports." in said
    )
