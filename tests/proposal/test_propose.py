"""`propose` writes what the record holds, asks for what only people know, and signs nothing."""

import json
import re
import shutil
from pathlib import Path

import pytest
from proposals import Proposal

from kiss_bench.cli import main
from kiss_bench.proposal.check import check
from kiss_bench.proposal.propose import propose
from kiss_bench.reports.proposal_parts import TITLES
from kiss_bench.reports.proposal_parts.subject import TO_ANSWER
from kiss_bench.reports.pull_request import pull_request_text

pytest_plugins = ["handed_in"]

ROOT = Path(__file__).parents[2]
RESULTS = sorted(path.parent for path in (ROOT / "results").glob("*/leaderboard.json"))
CITED = re.compile(r"`([a-z_.]+\.(?:json|jsonl|parquet|md))(?:: ([^`]+))?`")


def parts(text):
    """Title -> body."""
    found = re.split(r"^## (?:\d+\. )?(.*)$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


@pytest.fixture(scope="module", params=RESULTS, ids=lambda folder: folder.name)
def committed(request, tmp_path_factory):
    """A copy of results that are in the repository, with a proposal of them; tests read it and change nothing."""
    home = tmp_path_factory.mktemp("committed")
    folder = home / "results" / request.param.name
    shutil.copytree(request.param, folder)
    path, page = propose(folder, out=home / "proposal.md")
    return folder, path, page


def at(record, place):
    """What stands at `rungs[2].gain` or `stability.margins` of a JSON file; raises where nothing does."""
    for name, index in re.findall(r"([\w ]+)|\[(\d+)\]", place):
        record = record[int(index)] if index else record[name]
    return record


def places(text):
    """(file, place) of everything that is cited; `.x` behind a place is its sibling."""
    for file, cited in CITED.findall(text):
        before = ""
        for place in filter(None, cited.split(", ")):
            before = f"{before.rpartition('.')[0]}{place}" if place.startswith(".") else place
            yield file, before


@pytest.mark.slow
def test_every_place_that_is_cited_is_there(committed):
    folder, path, _ = committed
    cited = list(places(path.read_text("utf8")))
    assert len(cited) > 60
    for file, place in cited:
        assert (folder / file).exists()
        at(json.loads((folder / file).read_text("utf8")), place)


@pytest.mark.slow
def test_figures_are_those_of_the_record(committed):
    folder, path, _ = committed
    board = json.loads((folder / "leaderboard.json").read_text("utf8"))
    row = next(row for row in board["rungs"] if row["rung"] == board["recommended"]["rung"])
    found = parts(path.read_text("utf8"))
    assert f"**{row['verdict']}**" in found["Verdict"]
    assert f"over `{row['incumbent']}`" in found["Verdict"]
    assert f"{board['rows']:,} rows" in found["Verdict"]
    assert f"to take `{row['incumbent']}` gives up" in found["Why not simpler"]
    assert f"Fallback: `{row['incumbent']}`. To fall back on it costs" in found["Limits, assumptions, fallback"]
    assert board["digest"] in found["To build it again"]


@pytest.mark.slow
def test_the_committed_results_make_proposals_that_check_believes(committed, capsys):
    _, path, _ = committed
    text = path.read_text("utf8")
    assert [title for title in parts(text) if title in TITLES] == list(TITLES)
    assert f"**{text.count(TO_ANSWER)} answers are a person's to give**" in text
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"- {text.count(TO_ANSWER)} answers are still missing" in said
    assert said.strip() in text


def test_it_is_written_into_the_folder_and_never_over_answers(project, capsys):
    assert main(["propose", "results/loans"]) == 0
    path = project.folder / "proposal.md"
    assert path.exists()
    assert path.with_suffix(".html").exists()
    assert project.verify() == 0
    path.write_text(path.read_text("utf8").replace(TO_ANSWER, "an answer"), "utf8")
    before = path.read_bytes()
    capsys.readouterr()
    assert main(["propose", "results/loans"]) == 2
    told = capsys.readouterr().err
    assert "is there already, and answers may be in it" in told
    assert "--out writes another one" in told
    assert path.read_bytes() == before


def test_a_page_of_that_name_is_not_written_over_either(project):
    (project.home / "p.html").write_text("mine", "utf8")
    assert main(["propose", "results/loans", "--out", "p.md"]) == 2
    assert (project.home / "p.html").read_text("utf8") == "mine"
    assert not (project.home / "p.md").exists()


@pytest.mark.parametrize("name", ["p.html", "p.txt", "p"])
def test_a_proposal_is_a_markdown_file(name, project, capsys):
    assert main(["propose", "results/loans", "--out", name]) == 2
    assert "give --out a name that ends in .md" in capsys.readouterr().err


def test_a_rung_above_what_is_justified_is_written_down_and_told_at_the_top(project):
    path, _ = propose(project.folder, "tree", project.home / "tree.md")
    head = parts(path.read_text("utf8"))["Verdict"]
    assert "> **Not justified:** `tree` is above what is justified, `linear`" in head
    assert "kiss-bench:override rung=tree" in head
    checked = check(path)
    assert checked is not None
    assert len(checked.refused) == 1
    assert "above what is justified" in checked.refused[0]


def test_and_passes_once_a_person_has_overridden_it(project):
    path, _ = propose(project.folder, "tree", project.home / "tree.md")
    proposal = Proposal(project=project, path=path)
    proposal.write(
        f'<!-- kiss-bench:override rung=tree by="A. Person" reason="Nurses read trees." -->\n\n{proposal.text}'
    )
    proposal.attach()
    checked = proposal.check()
    assert checked.believed
    assert "not justified" in pull_request_text(checked)


def test_a_simpler_rung_may_be_proposed(project):
    path, _ = propose(project.folder, "dummy", project.home / "dummy.md")
    found = parts(path.read_text("utf8"))
    assert "Nothing on this ladder is simpler than `dummy`" in found["Why not simpler"]
    assert "Fallback: none is simpler than `dummy`" in found["Limits, assumptions, fallback"]
    checked = check(path)
    assert checked is not None
    assert checked.believed


def without_recommendation(project):
    path = project.folder / "leaderboard.json"
    path.write_text(re.sub(r'"recommended": \{[^}]*\}', '"recommended": null', path.read_text("utf8")), "utf8")


def quick(project):
    shutil.rmtree(project.folder)
    assert project.run("--quick") == 0


REFUSED = {
    "nothing is recommended": (without_recommendation, [], 1, "recommends no rung, so there is nothing to propose"),
    "made with --quick": (quick, [], 1, "is provisional: nothing was tuned under --quick; run it without"),
    "no such rung": (
        lambda project: None,
        ["--rung", "magic"],
        2,
        "magic is no rung of results/loans; there are: dummy",
    ),
    "a folder that is none": (lambda project: shutil.rmtree(project.folder), [], 2, "is no folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_proposed_is_refused_with_its_reason(case, project, capsys):
    spoil, words, code, told = REFUSED[case]
    spoil(project)
    capsys.readouterr()
    assert main(["propose", "results/loans", *words, "--out", "p.md"]) == code
    assert told in capsys.readouterr().err
    assert not (project.home / "p.md").exists()


def test_the_folder_above_names_the_result_folders_in_it(project, capsys):
    assert main(["propose", "results"]) == 2
    assert "results is no result folder, and holds some: loans; name one" in capsys.readouterr().err


def test_a_folder_is_no_file_to_write(project, capsys):
    (project.home / "p.md").mkdir()
    assert main(["propose", "results/loans", "--out", "p.md"]) == 2
    assert "p.md is a folder; give --out the name of a file" in capsys.readouterr().err


def test_attach_writes_the_page_anew_with_the_answers(project):
    path, page = propose(project.folder, out=project.home / "p.md")
    proposal = Proposal(project=project, path=path)
    proposal.change(f"*{TO_ANSWER}*", "Clerks of one branch.")
    assert "Clerks of one branch." not in page.read_text("utf8")
    proposal.attach()
    text = page.read_text("utf8")
    assert "Clerks of one branch." in text
    assert "kiss-bench:begin" not in text


def test_a_page_of_somebody_else_is_left_alone(project):
    path, page = propose(project.folder, out=project.home / "p.md")
    page.write_text("<p>mine</p>", "utf8")
    Proposal(project=project, path=path).attach()
    assert page.read_text("utf8") == "<p>mine</p>"


def test_the_page_has_the_charts_inside(project):
    (project.folder / "ladder.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf8")
    path, page = propose(project.folder, out=project.home / "docs" / "p.md")
    proposal = Proposal(project=project, path=path)
    proposal.change("## 2. ", "![The ladder](../results/loans/ladder.svg)\n\n## 2. ")
    proposal.attach()
    assert 'alt="The ladder" src="data:image/svg+xml;base64,' in page.read_text("utf8")


def test_the_same_record_gives_the_same_text(project):
    one, _ = propose(project.folder, out=project.home / "one" / "p.md")
    two, _ = propose(project.folder, out=project.home / "two" / "p.md")
    assert one.read_bytes() == two.read_bytes()
