"""`attach` puts a board into a Markdown file, and touches nothing else in it."""

import os
import re
import stat

import pytest
from loan_tables import loans
from proposals import WORDS, override, with_board

from kiss_bench.cli import main
from kiss_bench.errors import RecordError, RefusedError
from kiss_bench.proposal.attach import attach
from kiss_bench.proposal.markers import document_of
from kiss_bench.records.folder import read_board
from kiss_bench.reports.markdown import leaderboard_markdown

pytest_plugins = ["handed_in"]

BEGIN = "<!-- kiss-bench:begin dir=old rung=linear arm=default digest=0 -->"
END = "<!-- kiss-bench:end -->"
AROUND = {
    "words": ("Before.\n\n", "\n\nAfter.\n"),
    "no line end behind it": ("Before.\n", ""),
    "nothing before it": ("", "\nAfter."),
    "CRLF": ("\ufeffBefore.\r\n\r\n", "\r\n\r\nAfter.\r\n"),
    "mixed line ends": ("One.\r\nTwo.\n\n", "\n\r\nThree.\rFour.\n"),
    "trailing blanks": ("Before.  \n\t\n", "\n  \nAfter.   \n\n\n\n"),
    "old line ends alone": ("Before.\r\r", "\rAfter.\r"),
    "characters that some call line ends": ("A\u2028B\x0bC\x85D\n\n", "\nE\u2029F\x0c\n"),
    "a byte-order mark right before it": ("\ufeff", "\n"),
}


@pytest.mark.parametrize("case", AROUND)
def test_all_around_the_markers_stays_to_the_byte(case, project):
    before, after = AROUND[case]
    newline = (
        "\r\n" if "\r\n" in before and "mixed" not in case else "\r" if "\r" in before and "\n" not in before else "\n"
    )
    path = project.home / "p.md"
    path.write_bytes(f"{before}{BEGIN}{newline}Old.{newline}{END}{after}".encode())
    attach(path, project.folder)
    written = path.read_bytes().decode()
    assert written.startswith(f"{before}<!-- kiss-bench:begin dir=results/loans rung=linear arm=default digest=")
    assert written.endswith(f"{END}{after}")
    assert "Old." not in written


def test_a_file_without_markers_gets_the_board_at_its_end_and_the_same_again_changes_nothing(project, capsys):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")
    assert main(["attach", str(path), "results/loans"]) == 0
    once = path.read_text("utf8")
    assert once.startswith(f"{WORDS}\n<!-- kiss-bench:begin ")
    assert once.endswith(f"{END}\n")
    assert main(["attach", str(path), "results/loans"]) == 0
    assert path.read_text("utf8") == once
    assert capsys.readouterr().out.splitlines() == [
        f"attached in {path}: linear (default) of results/loans",
        f"already in {path}: linear (default) of results/loans",
    ]


def test_the_board_is_the_leaderboard_with_smaller_headings(project):
    proposal = with_board(project)
    board = leaderboard_markdown(read_board(project.folder))
    assert "](ladder.svg)" in board
    moved = re.sub(r"^##(##+ )", r"\1", board_text(proposal), flags=re.MULTILINE).replace("](results/loans/", "](")
    assert moved.strip().endswith(board.strip())


def board_text(proposal):
    return document_of(proposal.text).board


def test_the_rung_that_is_named_is_kept_unless_another_is_asked_for(project):
    proposal = with_board(project, rung="tree")
    proposal.attach()
    assert "rung=tree" in proposal.text
    assert "which is **not justified** by this board" in proposal.text
    proposal.attach("linear")
    assert "rung=linear arm=default" in proposal.text


def test_it_says_what_check_will_have_against_it(project, capsys):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")
    assert main(["attach", str(path), "results/loans", "--rung", "tree"]) == 0
    assert "mind: `tree` is above what is justified, `linear`" in capsys.readouterr().err


def test_it_says_that_the_text_around_the_board_is_of_something_else(project, capsys):
    assert main(["propose", "results/loans", "--out", "p.md"]) == 0
    assert main(["attach", "p.md", "results/loans"]) == 0
    assert "the text around" not in capsys.readouterr().err
    assert main(["attach", "p.md", "results/loans", "--rung", "dummy"]) == 0
    told = capsys.readouterr().err
    assert "the text around the board is still that of linear (default): kiss-bench check p.md names its lines" in told
    assert main(["check", "p.md"]) == 1
    assert capsys.readouterr().out.startswith("**Do not believe the text of `p.md`: its board is what its run wrote")


def test_another_run_refreshes_the_board(project):
    proposal = with_board(project)
    before = proposal.text
    assert project.run(metric="{primary: log_loss, margin: 2%}") == 0
    assert not proposal.check().believed
    proposal.attach()
    assert proposal.text != before
    assert proposal.check().refused == ()
    assert "AMENDED: margin changed from 1 % to 2 %" in proposal.text


BROKEN = {
    "no such file": (None, "there is no .*p.md"),
    "a begin without an end": (f"{BEGIN}\n", "one begin and one end below it make a board; there are begin on line 1"),
    "an end without a begin": (f"\n{END}\n", "there are end on line 2"),
    "two pairs": (
        f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n",
        "begin on line 1, end on line 2, begin on line 3, end on line 4",
    ),
    "the end first": (f"{END}\n{BEGIN}\n", "there are end on line 1, begin on line 2"),
    "in fenced code": (f"a\n\n```\n{BEGIN}\n{END}\n```\n", "line 4: a marker in code.*line 5: a marker in code"),
    "in indented code": (f"a\n\n    {BEGIN}\n", "line 3: a marker in code"),
    "in a span of code": (f"Put `{END}` there.\n", "line 1: a marker in code"),
    "in a sentence": (f"Put {END} there.\n", "line 1: end does not stand alone"),
    "in a list": (f"- {BEGIN}\n", "line 1: begin does not stand alone"),
    "in a quote": (f"> {BEGIN}\n", "line 1: begin does not stand alone"),
    "in other HTML": (f"<div>\n{BEGIN}\n</div>\n", "line 2: begin does not stand alone"),
    "in capitals": ("<!-- KISS-BENCH:BEGIN -->\n", "line 1: no marker; there are"),
    "of another name": ("<!-- kiss-bench:start -->\n", "line 1: no marker; there are"),
    "without its keys": ("<!-- kiss-bench:begin dir=x -->\n", "line 1: begin has no rung, no arm, no digest"),
    "with a key of its own": (f"{BEGIN[:-4]} by=me -->\n{END}\n", "line 1: begin has the unknown key by"),
    "with words": (f"{BEGIN[:-4]} and more -->\n{END}\n", "line 1: begin holds 'and more'"),
    "with what is no text": (BEGIN.replace("dir=old", "dir=%ff") + f"\n{END}\n", "line 1: begin has no dir"),
    "with an invisible sign": (BEGIN.replace("dir=old", "dir=o\u200bld") + f"\n{END}\n", "line 1: begin holds"),
    "all faults at once": (
        f"> {END}\n\n{BEGIN}\n\n{override('x', by='-')}",
        "line 1.*; line 5.*; one begin and one end",
    ),
    "an override without a reason": (override("tree", reason=""), "line 1: override has no reason"),
    "no UTF-8": (b"\xff\xfeW\x00", "is no text in UTF-8"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_it_cannot_trust_is_left_as_it_is(case, project, capsys):
    content, told = BROKEN[case]
    path = project.home / "p.md"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes() if path.exists() else None
    assert main(["attach", str(path), "results/loans"]) == 2
    assert re.search(told, capsys.readouterr().err)
    assert (path.read_bytes() if path.exists() else None) == before


def test_what_it_cannot_know_is_refused_and_nothing_is_changed(project):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")
    with pytest.raises(RecordError, match="magic is no rung of results/loans; there are: dummy, linear, tree"):
        attach(path, project.folder.relative_to(project.home), "magic")
    with pytest.raises(RecordError, match="is no folder"):
        attach(path, project.home / "nowhere")
    assert project.run(frame=loans(), ladder="[dummy]", vault=None, skip="{linear: too few rows}") in (0, 2)
    assert path.read_text("utf8") == WORDS


def test_a_board_that_recommends_nothing_is_refused_unless_a_rung_is_named(project):
    path, board = project.home / "p.md", project.folder / "leaderboard.json"
    path.write_text(WORDS, "utf8")
    board.write_text(re.sub(r'"recommended": \{[^}]*\}', '"recommended": null', board.read_text("utf8")), "utf8")
    with pytest.raises(RefusedError, match="recommends no rung"):
        attach(path, project.folder)
    assert main(["attach", str(path), str(project.folder)]) == 1
    assert path.read_text("utf8") == WORDS


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_the_permissions_of_the_file_stay(mode, project):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")
    path.chmod(mode)
    attach(path, project.folder)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_read_only_file_is_not_written_over(project):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")
    path.chmod(0o444)
    with pytest.raises(RecordError, match="is read-only, and nothing was changed"):
        attach(path, project.folder)
    assert path.read_text("utf8") == WORDS


def test_a_disk_that_is_full_leaves_the_file_whole(project, monkeypatch):
    path = project.home / "p.md"
    path.write_text(WORDS, "utf8")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="cannot be written, and nothing was changed: No space left"):
        attach(path, project.folder)
    assert path.read_text("utf8") == WORDS
    assert [each.name for each in project.home.iterdir() if each.suffix == ".part"] == []


def test_an_override_is_a_banner_in_the_board_and_goes_with_it(project):
    proposal = with_board(
        project, f"{override('tree', by='A. | Person', reason='Regulators *read* trees.')}\n{WORDS}", rung="tree"
    )
    banner = (
        "**OVERRIDE: `tree` is proposed by A. &#124; Person, whatever the verdict says: Regulators \\*read\\* trees.**"
    )
    assert f"> {banner}" in proposal.text
    proposal.attach("linear")
    assert "OVERRIDE" not in board_text(proposal)
