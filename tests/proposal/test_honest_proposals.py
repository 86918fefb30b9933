"""Proposals that nobody has tampered with, whatever editors, version control and people did around the board."""

import shutil
import subprocess

import pytest
from proposals import WORDS, override, with_board

from kiss_bench.cli import main
from kiss_bench.runs import result_files

pytestmark = pytest.mark.slow

pytest_plugins = ["handed_in"]

ARABIC = "هذا نموذج يقترح للمراجعة"
TABLE = "| a | b |\n|---|---|\n| 1 | `x` |\n"


def text(words):
    """A file with these words, and the board at its end."""
    return lambda project, monkeypatch: with_board(project, words)


def around(before, after):
    """The board between these words."""

    def make(project, monkeypatch):
        proposal = with_board(project, before)
        proposal.write(proposal.text + after)
        return proposal

    return make


def then(act):
    """The usual file, with something done to it, or to its folder."""

    def make(project, monkeypatch):
        proposal = with_board(project)
        return act(proposal) or proposal

    return make


def named(name):
    return lambda project, monkeypatch: with_board(project, name=name)


def crlf(proposal):
    proposal.write(proposal.text.replace("\n", "\r\n"))


def elsewhere(project, monkeypatch):
    proposal = with_board(project)
    monkeypatch.chdir("/")
    return proposal


def reached_by_a_relative_path(project, monkeypatch):
    proposal = with_board(project, name="docs/deep/proposal.md")
    monkeypatch.chdir(proposal.path.parent)
    return type(proposal)(project=project, path=proposal.path.relative_to(proposal.path.parent))


def reported(proposal):
    assert main(["report", str(proposal.project.folder)]) == 0


def vault_opened(proposal):
    assert proposal.project.open_vault() == 0
    proposal.attach()


def replayed(proposal):
    assert main(["replay", str(proposal.project.folder), "--jobs", "2"]) == 0


def moved(proposal):
    home = proposal.project.home
    target = home.parent / "somewhere else"
    shutil.move(home, target)
    return type(proposal)(project=type(proposal.project)(home=target), path=target / "proposal.md")


def linked(proposal):
    link = proposal.project.home / "links" / "to-it.md"
    link.parent.mkdir()
    link.symlink_to(proposal.path)
    return type(proposal)(project=proposal.project, path=link)


def attached_through_a_link(proposal):
    linked(proposal).attach()
    assert not proposal.path.is_symlink()


def link_to_the_folder(proposal):
    place = proposal.project.home / "kept"
    shutil.move(proposal.project.folder, place)
    proposal.project.folder.symlink_to(place, target_is_directory=True)
    proposal.attach()


def cloned(proposal):
    """As a Windows checkout has it: every text file with other line ends."""
    home = proposal.project.home
    clone = home.parent / "clone"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "results"]):
        subprocess.run([*git, *words], cwd=home, check=True, capture_output=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", str(home), str(clone)], check=True)
    assert b"\r\n" in (clone / "proposal.md").read_bytes()
    assert b"\r\n" in (clone / "results" / "loans" / "ledger.jsonl").read_bytes()
    assert not (clone / "results" / "loans" / ".units").exists()
    return type(proposal)(project=type(proposal.project)(home=clone), path=clone / "proposal.md")


def without_predictions(project, monkeypatch):
    """Too large to commit, and so not there."""
    monkeypatch.setattr(result_files, "COMMITTABLE", 1000)
    assert project.run() == 0
    proposal = with_board(project)
    for name in ("predictions.parquet", "trials.parquet"):
        (project.folder / name).unlink()
    return proposal


def without_the_store(proposal):
    shutil.rmtree(proposal.project.folder / ".units")


def run_again(proposal):
    assert proposal.project.run() == 0
    proposal.attach()


def overridden(project, monkeypatch):
    return with_board(project, f"{WORDS}\n{override('tree')}", rung="tree")


def overridden_for_nothing(proposal):
    proposal.write(f"{override('linear')}\n{proposal.text}")
    proposal.attach()


def in_several_lines(project, monkeypatch):
    told = '<!-- kiss-bench:override\n  rung=tree\n  by="Łukasz 中村"\n  reason="They\n  read trees alone."\n-->\n'
    return with_board(project, f"{told}\n{WORDS}", rung="tree")


def written_by_propose(project, monkeypatch):
    assert main(["propose", str(project.folder)]) == 0
    proposal = with_board(project, name="other.md")
    return type(proposal)(project=project, path=project.folder / "proposal.md")


def answered(project, monkeypatch):
    proposal = written_by_propose(project, monkeypatch)
    proposal.change("*to be answered by the author*", "Clerks, since 2019 | and `nobody` else.", count=30)
    proposal.change("Conditions:", "Conditions: none.\n\n- 3 of 4 said yes")
    return proposal


OWN = "**NOTE**: read it.\n\n# Appendix\n\n| rung | who knows it |\n|---|---|\n| linear | all |\n| tree | A |\n\n"


def with_own_tables(proposal):
    """The author's own lines, headings and tables under every heading, rungs in the first column included."""
    lines = proposal.text.split("## The board")
    proposal.write(lines[0].replace("\n## ", f"\n{OWN}## ") + "## The board" + lines[1])


def signed(proposal):
    row = next(line for line in proposal.text.splitlines() if line.startswith("| author "))
    proposal.change(row, "| author | Ann Other | 2026-11-28 | A. O. |")


def extended(change):
    """Written by `propose`, and then worked on; nothing to tell even under --strict."""

    def make(project, monkeypatch):
        proposal = answered(project, monkeypatch)
        change(proposal)
        assert proposal.check(strict=True).doubts == ()
        return proposal

    return make


def renamed(project, monkeypatch):
    proposal = written_by_propose(project, monkeypatch)
    path = proposal.path.rename(proposal.path.with_name("a `name` of it.md"))
    proposal = type(proposal)(project=project, path=path)
    assert proposal.check(strict=True).doubts == ()
    return proposal


HONEST = {
    "the usual file": text(WORDS),
    "an empty file": text(""),
    "one line": text("# Proposal\n"),
    "no line end at the end": text("# Proposal"),
    "CRLF from the start": text(WORDS.replace("\n", "\r\n")),
    "CRLF since": then(crlf),
    "a byte-order mark": text(f"\ufeff{WORDS}"),
    "a byte-order mark since": then(lambda p: p.write(f"\ufeff{p.text}")),
    "the last line end taken away": then(lambda p: p.write(p.text.rstrip("\n"))),
    "empty lines at the end": then(lambda p: p.write(f"{p.text}\n\n\n")),
    "blanks at the ends of lines": then(lambda p: p.write(p.text.replace("\n", " \t\n"))),
    "words before": around("Read this.\n\n", ""),
    "words after": around("", "\nThat was all.\n"),
    "words before and after": around("# One\n\nWords.\n", "\n# Two\n\nMore words.\n"),
    "words right behind the end": around("# One\n", "And more.\n"),
    "emoji": around("# \U0001f680 Launch \U0001f469\u200d\U0001f52c\n\n", "\n\U0001f389\n"),
    "right to left": around(f"# {ARABIC}\n", f"\n{ARABIC}\n"),
    "front matter": text(f"---\ntitle: Late payment\ntags: [credit]\n---\n\n{WORDS}"),
    "tables and code around": around(
        f"{TABLE}\n```python\nprint('<!-- not ours -->')\n```\n", f"\n~~~\ncode\n~~~\n\n{TABLE}"
    ),
    "lists, quotes and HTML around": around(
        "- a\n  - b\n\n> quote\n\n<details>\n<summary>Board</summary>\n\n", "\n</details>\n"
    ),
    "comments of others": around("<!-- prettier-ignore -->\n\n", "\n<!-- end of it\n in two lines -->\n"),
    "several headings of one name": around("## Board\n\n## Board\n", "\n## Board\n"),
    "a Setext heading above": around("Proposal\n========\n\n", "\nEnd\n---\n"),
    "a marker that is indented by three": then(lambda p: p.change("<!-- kiss-bench:begin", "   <!-- kiss-bench:begin")),
    "a folder below": named("docs/proposals/late.md"),
    "blanks and signs in the path": named("our proposals/late & (final) 100%.md"),
    "another suffix": named("PROPOSAL.markdown"),
    "from another working directory": elsewhere,
    "from its own folder": reached_by_a_relative_path,
    "rendered again": then(reported),
    "its vault opened, and attached again": then(vault_opened),
    "its studies replayed": then(replayed),
    "attached twice": then(lambda p: p.attach()),
    "run again, and attached again": then(run_again),
    "file and folder moved together": then(moved),
    "read-only": then(lambda p: p.path.chmod(0o444)),
    "a link to the file": then(linked),
    "attached through a link": then(attached_through_a_link),
    "a link to the folder": then(link_to_the_folder),
    "a clone with other line ends": then(cloned),
    "predictions too large to commit": without_predictions,
    "the store of units left out": then(without_the_store),
    "a simpler rung than justified": then(lambda p: p.attach("dummy")),
    "an override": overridden,
    "an override in several lines": in_several_lines,
    "an override that nobody needs": then(overridden_for_nothing),
    "an override of another rung": then(lambda p: p.write(f"{override('tree')}\n{p.text}")),
    "written by propose": written_by_propose,
    "written by propose, and answered": answered,
    "written by propose, with the author's own headings and tables": extended(with_own_tables),
    "written by propose, and signed": extended(signed),
    "written by propose, and saved with other line ends": extended(crlf),
    "written by propose, with words right below the verdict": extended(
        lambda p: p.change("is proposed; it must beat `dummy`.\n", "is proposed; it must beat `dummy`.\nWe like it.\n")
    ),
    "written by propose, and called otherwise": renamed,
}
"""What was done -> how the file comes about; gives the proposal to check."""


def test_there_are_thirty_and_more():
    assert len(HONEST) > 40


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_proposal_passes(case, project, monkeypatch, capsys):
    proposal = HONEST[case](project, monkeypatch)
    checked = proposal.check()
    assert checked.refused == ()
    assert checked.believed
    capsys.readouterr()
    assert proposal.command() == 0
    said = capsys.readouterr().out
    assert said.startswith(("**Believe the board in", "**Genuine, and not justified"))
    assert len(said.splitlines()) <= 25
