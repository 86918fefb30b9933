"""Ways round the vault that somebody thought of: a second name, another plan, an opening that was left."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loan_tables import loans

from kiss_bench.cli import main
from kiss_bench.proposal import vault
from kiss_bench.proposal.shift import shift_of
from kiss_bench.proposal.vault import Model
from kiss_bench.records.folder import read_board

pytestmark = pytest.mark.slow

pytest_plugins = ["handed_in"]


class LeftError(Exception):
    """Stands for a kill."""


def stop(*_, **__):
    raise LeftError


def left(project, monkeypatch, at):
    """An opening that is stopped where `at` is called."""
    with monkeypatch.context() as patched:
        patched.setattr(vault, at, stop)
        with pytest.raises(LeftError):
            vault.open_vault(project.folder, vault.Options(jobs=2))


def test_another_name_for_the_same_rows_is_no_second_vault(project, capsys):
    assert project.run(project="twin") == 0
    assert project.open_vault() == 0
    assert main(["vault", "open", "results/twin", "--jobs", "2"]) == 1
    assert "A second look is no fresh look" in capsys.readouterr().err
    assert main(["vault", "open", "results/twin", "--jobs", "2", "--burn"]) == 0
    twin = read_board(project.home / "results" / "twin")
    assert twin.honesty.stamps[0].startswith("BURNED: the vault was opened 2 times")


@pytest.mark.parametrize("at", ["outcomes_of", "write_frame", "seal_again"])
def test_an_opening_that_was_left_is_finished_with_the_same_plan(at, project, monkeypatch):
    left(project, monkeypatch, at)
    assert project.verify() == 0
    assert project.open_vault() == 0
    assert project.board["honesty"]["vault"]["openings"] == 1
    assert project.stamps == []
    assert project.verify() == 0


def test_an_opening_that_was_left_counts_once_the_plan_is_another(project, monkeypatch, capsys):
    left(project, monkeypatch, "seal_again")
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    assert project.verify() == 0
    assert project.open_vault() == 1
    assert "left before it ended" in capsys.readouterr().err
    assert project.open_vault("--burn") == 0
    assert any(stamp.startswith("BURNED: the vault was opened 2 times") for stamp in project.stamps)


def test_rows_that_were_read_before_they_were_sealed_are_not_fresh(project):
    assert project.run(project="open", vault=None) == 0
    assert project.run(project="shut", vault="20%") == 0
    board = json.loads((project.home / "results/shut/leaderboard.json").read_text("utf8"))
    assert any(stamp.startswith("NOT FRESH: rows of this vault were read") for stamp in board["honesty"]["stamps"])
    assert "Earlier runs have read rows of it" in (project.home / "results/shut/leaderboard.md").read_text("utf8")


def test_a_line_of_the_opening_that_is_cut_off_is_missed(project):
    assert project.open_vault() == 0
    path = project.folder / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"event":"vault' not in line and b'"sealed","' not in line))
    (project.folder / "vault.parquet").unlink()
    assert project.verify() == 1
    assert project.open_vault() == 1


def test_lines_of_a_run_that_was_stopped_cannot_be_cut_off_either(project, monkeypatch):
    from kiss_bench.runs import run as runs

    monkeypatch.setattr(runs, "write_results", stop)
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 3
    monkeypatch.undo()
    path = project.folder / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"amended"' in lines[-1]
    path.write_bytes(b"".join(lines[:-1]))
    assert project.verify() == 1


def test_an_answer_given_after_the_opening_changes_no_plan(project):
    assert project.open_vault() == 0
    assert project.run(reviewed="{town: {answer: yes, by: A. Person, reason: known}}") == 0
    assert project.stamps == []
    assert project.verify() == 0


def test_what_cannot_be_scored_is_refused_before_it_is_opened(project, capsys):
    """A label that only the vault holds."""
    frame = loans()
    table = pd.read_parquet(project.folder / "predictions.parquet")
    inside = np.setdiff1d(np.arange(len(frame)), table["row_id"].unique())
    frame.loc[inside[0], "late"] = "perhaps"
    assert project.run(frame=frame, project="other", task="binary") == 0
    assert main(["vault", "open", "results/other", "--jobs", "2"]) == 1
    assert "its rows cannot be scored" in capsys.readouterr().err
    assert b"vault opening" not in (project.home / "results/other/ledger.jsonl").read_bytes()


@pytest.mark.parametrize("below", ["default", "tuned"])
@pytest.mark.parametrize("arm", ["default", "tuned"])
def test_a_stack_can_be_opened_in_either_arm_over_either(arm, below, project, monkeypatch):
    assert project.run(project="stacked", ladder="[dummy, linear, tree, stack]") == 0
    models = (
        Model(rung="dummy", arm="default"), Model(rung="linear", arm=below), Model(rung="stack", arm=arm),
    )  # fmt: skip
    monkeypatch.setattr(vault, "_models", lambda *_: models)
    assert main(["vault", "open", "results/stacked", "--jobs", "2"]) == 0
    found = read_board(project.home / "results" / "stacked").honesty.vault
    assert (found.rung, found.arm, set(found.scores)) == ("stack", arm, {"dummy", "linear", "stack"})


def test_prepare_is_not_given_what_is_sealed(project):
    (project.home / "tidy.py").write_text(
        "def scaled(frame):\n"
        "    return frame.assign(income=(frame['income'] - frame['income'].mean()) / frame['income'].std())\n", "utf8",
    )  # fmt: skip
    usual = {"data": "{path: loans.csv, prepare: 'tidy:scaled'}", "seed": "3"}
    frame = loans()
    assert project.run(frame=frame, project="one", **usual) == 0
    one = pd.read_parquet(project.home / "results/one/predictions.parquet")
    inside = np.setdiff1d(np.arange(len(frame)), one["row_id"].unique())
    frame.loc[inside, "income"] = 1e6
    assert project.run(frame=frame, project="two", **usual) == 0
    two = pd.read_parquet(project.home / "results/two/predictions.parquet")
    pd.testing.assert_frame_equal(one, two)
    assert main(["vault", "open", "results/one", "--jobs", "2"]) == 1, "the data are others by now"
    assert main(["vault", "open", "results/two", "--jobs", "2"]) == 0
    assert main(["verify", "results/two"]) == 0


# shift


def drawn(seed, shift=0.0, rows=600):
    rng = np.random.default_rng(seed)
    sealed = rng.random(rows) < 0.25
    return pd.DataFrame(rng.normal(size=(rows, 4)) + shift * sealed[:, None], columns=list("abcd")), sealed


@pytest.mark.parametrize("seed", range(4))
def test_rows_by_lot_show_no_shift_and_other_rows_do(seed):
    frame, sealed = drawn(seed)
    assert shift_of(frame, sealed, None, seed).auc < 0.6
    frame, sealed = drawn(seed, shift=1.0)
    found = shift_of(frame, sealed, None, seed)
    assert found.auc > 0.7
    assert 0.0 <= found.low < found.auc < found.high <= 1.0


@pytest.mark.parametrize("seed", range(4))
def test_groups_that_are_known_by_their_features_are_no_shift(seed):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(80), 8)
    frame = pd.DataFrame(rng.normal(size=(80, 4))[group], columns=list("abcd"))
    assert shift_of(frame, rng.permutation(np.arange(80) < 20)[group], group, seed).low < 0.6
    assert shift_of(frame, rng.permutation(np.arange(80) < 20)[group], None, seed).low > 0.9, "without their folds"


def test_the_columns_that_give_the_vault_away_are_named():
    frame, sealed = drawn(0)
    frame = frame.assign(b=frame["b"] + 3.0 * sealed, city=pd.Categorical(np.where(sealed, "new", "old")))
    assert shift_of(frame, sealed, None, 0).columns[0] in {"b", "city"}


def test_a_custom_rungs_code_is_part_of_what_is_registered(project):
    code = "from sklearn.linear_model import LogisticRegression\n\n\n"
    code += "def build(C={C}):\n    return LogisticRegression(C=C)\n"
    ladder = "[dummy, linear, {name: mine, level: 8, estimator: 'mine:build'}]"
    Path("mine.py").write_text(code.format(C=1.0), "utf8")
    assert project.run(project="own", ladder=ladder) == 0
    Path("mine.py").write_text(code.format(C=2.0), "utf8")
    assert project.run(project="own", ladder=ladder) == 0
    board = json.loads((project.home / "results/own/leaderboard.json").read_text("utf8"))
    assert "mine.code changed from" in board["honesty"]["stamps"][0]
    assert main(["verify", "results/own"]) == 0
