"""What the docs show is what the project does."""

import json
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from kiss_bench.cli import app, main
from kiss_bench.plan.read import read_plan
from kiss_bench.records.board import Board
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.json import record_of
from kiss_bench.records.tuning import record_from_dict
from kiss_bench.reports import board_reports, tuning_reports
from kiss_bench.reports.terminal import leaderboard_text
from kiss_bench.runs.known import catalogue

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf8")
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(DECISIONS.glob("*.md"))]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
PROJECTS = [read_plan(config, catalogue()).project for config in CONFIGS]


def committed(path: str) -> str:
    """A file as it was committed: who ran `make bench` has other times in the working copy."""
    told = subprocess.run(
        ["git", "-C", ROOT, "show", f"HEAD:{path}"], capture_output=True, encoding="utf8", check=False
    )
    return told.stdout if told.returncode == 0 else (ROOT / path).read_text(encoding="utf8")


def test_the_readme_shows_the_leaderboard_that_is_committed():
    board = record_of(Board, json.loads(committed("results/german-credit/leaderboard.json")))
    shown = leaderboard_text(board, 120).rstrip()
    table, sentence = shown.rsplit("\n\n", 1)
    assert f"```text\n{table}\n```" in README
    assert f"> {sentence}" in README
    assert "Stay with" in sentence


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_every_config_names_the_schema_for_editors(config):
    assert config.read_text(encoding="utf8").startswith(
        "# yaml-language-server: $schema=../kiss_bench/plan/config.schema"
    )


@pytest.mark.parametrize("project", PROJECTS)
def test_every_config_has_its_results_and_they_are_rendered_from_their_record(project):
    folder = ROOT / "results" / project
    board, record = read_board(folder), record_from_dict(read_json(folder, "tuning.json"), str(folder))
    texts = {name: render(board) for name, render in board_reports().items()}
    texts |= {name: render(record) for name, render in tuning_reports().items()}
    for name, text in texts.items():
        assert (folder / name).read_text(encoding="utf8") == text, name


def test_the_example_of_a_proposal_is_believed_as_it_was_committed(tmp_path, capsys):
    subprocess.run(["git", "clone", "-q", ROOT, tmp_path / "clone"], check=True)
    assert main(["check", str(tmp_path / "clone" / "docs" / "proposal.md")]) == 0
    assert capsys.readouterr().out.startswith("**Believe the board in `proposal.md`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert page.name != "README.md" or len(links) > 5


def test_every_function_of_the_architecture_is_there():
    named = re.findall(r"`(kiss_bench[\w.]*:\w+)`", (ROOT / "docs" / "architecture.md").read_text(encoding="utf8"))
    assert len(named) >= 10
    for name in named:
        assert callable(pkgutil.resolve_name(name)), name


def test_every_topic_of_the_decisions_is_in_their_index():
    index = (DECISIONS / "README.md").read_text(encoding="utf8")
    topics = sorted(DECISIONS.glob("*.md"))
    assert len(topics) > 10
    assert [page.name for page in topics if f"({page.name})" not in index and page.name != "README.md"] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "config.md"], ids=lambda page: page.name)
def test_a_config_that_is_shown_has_no_fault(page, tmp_path):
    blocks = re.findall(r"```yaml\n(project: .*?)```", page.read_text(encoding="utf8"), re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "shown.yaml").write_text(block, encoding="utf8")
        assert read_plan(tmp_path / "shown.yaml", catalogue()).project == "my-loans"


@pytest.mark.parametrize("page", [ROOT / "docs" / "commands.md"], ids=lambda page: page.name)
def test_every_command_is_described(page):
    text = page.read_text(encoding="utf8")
    assert [name for name in get_command(app).commands if f"`{name}" not in text] == []


def test_every_command_is_in_the_changelog():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    commands = sorted(get_command(app).commands)
    assert commands
    assert [name for name in commands if f"`{name}`" not in changes] == []


def test_every_dependency_has_its_reason():
    decisions = (DECISIONS / "layout-and-dependencies.md").read_text(encoding="utf8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf8")
    block = project.split("dependencies = [", 1)[1].split("]", 1)[0]
    names = re.findall(r'"([a-z0-9.-]+)>=', block)
    assert len(names) > 10
    assert [name for name in names if name not in decisions] == []
