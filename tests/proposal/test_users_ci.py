"""The workflow and the hook that ship: checked against GitHub's schema, and run as far as this machine can."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from proposals import WORDS, with_board
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow

pytest_plugins = ["handed_in"]

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "docs" / "github-workflow.yml"
TOOLS = Path(sys.executable).parent
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{TOOLS}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org",
    "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org",
}  # fmt: skip


def call(*words, cwd, **variables):
    return subprocess.run(
        words, cwd=cwd, env=ENVIRONMENT | variables, capture_output=True, text=True, timeout=300, check=False
    )


def committed(home):
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "a proposal"]):
        done = call("git", *words, cwd=home)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def proposal(project):
    """A proposal in a folder below, whose name a shell could trip over, with files beside it that carry no board."""
    (project.home / "README.md").write_text(WORDS, "utf8")
    (project.home / "about.md").write_text("Boards stand between `<!-- kiss-bench:begin … -->` and an end.\n", "utf8")
    return with_board(project, name="docs/$(touch ran) & 'late' payment.md")


def jobs():
    return YAML(typ="safe").load(WORKFLOW)["jobs"]


def script(name):
    (found,) = [step["run"] for step in jobs()["check"]["steps"] if step.get("name") == name]
    return found


# the workflow


def test_the_workflow_is_what_github_reads():
    words = ["--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    done = call(str(TOOLS / "check-jsonschema"), *words, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    words[1] = "custom.github-workflows-require-timeout"
    assert call(str(TOOLS / "check-jsonschema"), *words, cwd=ROOT).returncode == 0


def test_no_text_of_a_pull_request_reaches_a_shell():
    """A branch, a title or a file name in `${{ … }}` of a script would be run."""
    scripts = [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]
    assert len(scripts) == 3
    assert [each for each in scripts if "${{" in each] == []


def test_kiss_bench_comes_from_the_requirements_of_the_repository(tmp_path):
    """No index has it under its bare name; the step installs what the repository's own file says, and nothing else."""
    step = script("Install kiss-bench")
    assert "python -m pip install -r requirements.txt" in step
    package = tmp_path / "kiss_bench_stand_in"
    package.mkdir()
    (package / "pyproject.toml").write_text('[project]\nname = "kiss-bench"\nversion = "7.6.5"\n', "utf8")
    (tmp_path / "requirements.txt").write_text("./kiss_bench_stand_in\n", "utf8")
    named = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1"}
    done = call("bash", "-ec", step, cwd=tmp_path, **named)
    assert "Processing ./kiss_bench_stand_in" in done.stdout, done.stderr


def checked(proposal, tmp_path):
    """The step as GitHub would run it, in a clone; installing is left out, since the package is here already."""
    committed(proposal.project.home)
    clone, summary = tmp_path / "clone", tmp_path / "summary.md"
    assert call("git", "clone", "-q", str(proposal.project.home), str(clone), cwd=tmp_path).returncode == 0
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script("Check every board")]
    done = call(
        *shell, cwd=clone, GITHUB_STEP_SUMMARY=str(summary), GITHUB_REPOSITORY="o/r", GITHUB_REF="refs/pull/7/merge"
    )
    assert not (clone / "ran").exists()
    return done, summary.read_text("utf8")


def test_an_honest_proposal_passes_the_workflow(proposal, tmp_path):
    done, summary = checked(proposal, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Believe the board in" in summary
    assert "README.md" not in summary
    assert done.stdout == summary


def test_a_tampered_proposal_fails_the_workflow(proposal, tmp_path):
    proposal.change("JUSTIFIED", "UNJUST")
    done, summary = checked(proposal, tmp_path)
    assert done.returncode != 0
    assert "Do not believe the board in" in summary
    assert "the board is not what its record gives" in summary


def test_results_that_change_fail_the_boards_that_they_leave_behind(proposal, tmp_path):
    assert proposal.project.run(metric="{primary: log_loss, margin: 5%}") == 0
    done, summary = checked(proposal, tmp_path)
    assert done.returncode != 0
    assert "the board is stale" in summary


def test_a_repository_without_boards_passes_the_workflow(proposal, tmp_path):
    proposal.path.unlink()
    (proposal.project.home / "about.md").unlink()
    done, summary = checked(proposal, tmp_path)
    assert (done.returncode, summary) == (0, "No board is attached to any Markdown file.\n")


# the hook


@pytest.fixture
def hooks(tmp_path):
    """A repository with the hooks that ship, and nothing else: they run in the environment at hand."""
    repository = tmp_path / "hooks"
    repository.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", repository)
    committed(repository)
    return repository


def run_hook(proposal, hooks, tmp_path):
    committed(proposal.project.home)
    words = ["try-repo", str(hooks), "kiss-bench-check", "--all-files", "--verbose"]
    return call(str(TOOLS / "pre-commit"), *words, cwd=proposal.project.home, PRE_COMMIT_HOME=str(tmp_path / "cache"))


def test_the_hook_passes_an_honest_proposal_and_files_without_boards(proposal, hooks, tmp_path):
    done = run_hook(proposal, hooks, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the boards in proposals are genuine" in done.stdout
    assert "Believe the board in" in done.stdout
    assert not (proposal.project.home / "ran").exists()


def test_the_hook_stops_a_commit_with_a_tampered_board(proposal, hooks, tmp_path):
    proposal.change("JUSTIFIED", "UNJUST")
    done = run_hook(proposal, hooks, tmp_path)
    assert done.returncode == 1
    assert "Do not believe the board in" in done.stdout


def test_a_hook_installed_in_git_stops_the_commit_itself(proposal, hooks, tmp_path):
    home = proposal.project.home
    committed(home)
    head = call("git", "rev-parse", "HEAD", cwd=hooks).stdout.strip()
    (home / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {head}\n  hooks:\n  - id: kiss-bench-check\n", "utf8"
    )
    cache = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    assert call(str(TOOLS / "pre-commit"), "install", cwd=home, **cache).returncode == 0
    assert stat.S_IXUSR & (home / ".git" / "hooks" / "pre-commit").stat().st_mode
    proposal.change("JUSTIFIED", "UNJUST")
    assert call("git", "add", "-A", cwd=home).returncode == 0
    done = call("git", "commit", "-qm", "tampered", cwd=home, **cache)
    assert done.returncode == 1
    assert "Do not believe the board in" in done.stdout + done.stderr
    assert call("git", "log", "-1", "--format=%s", cwd=home).stdout == "a proposal\n"
