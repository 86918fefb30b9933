"""`verify` finds whatever was changed in a result folder, and nothing where nothing was."""

import json
import os
import shutil

import pandas as pd
import pytest
from tampering import dropped_rows, edits, flattered, meaning, resealed, shortened, unburned

from kiss_bench.cli import main
from kiss_bench.errors import RecordError
from kiss_bench.proposal.verify import QUESTIONS, verify
from kiss_bench.runs import result_files

pytest_plugins = ["finished_runs", "handed_in"]
RUNS = ["binary", "multiclass", "forward"]
EDITS = int(os.environ.get("KISS_BENCH_EDITS", "80"))
"""`make tamper` tries 1,000."""


def states(folder):
    return {check.name: check.state for check in verify(folder)}


@pytest.mark.parametrize("run", RUNS)
def test_a_folder_that_nobody_touched_is_as_it_was_written(run, finished, capsys):
    ran = finished(run)
    assert states(ran.folder) == {**dict.fromkeys(QUESTIONS, "ok")}
    assert main(["verify", str(ran.folder)]) == 0
    assert "as it was written" in capsys.readouterr().out


ONCE = """
from pathlib import Path
from sklearn.dummy import DummyClassifier

class Once(DummyClassifier):
    def fit(self, X, y, sample_weight=None):
        Path("fitted").touch(exist_ok=False)
        return super().fit(X, y)

def build():
    return Once()
"""


def test_a_rung_that_failed_in_some_folds_and_predicted_in_another_is_verified_with_the_rest(project):
    """Its predictions are on record as far as they go, and no whole repeat of them is there."""
    (project.home / "once.py").write_text(ONCE, encoding="utf8")
    assert project.run(ladder="[dummy, linear, tree, {name: once, level: 8, estimator: 'once:build'}]") == 1
    table = pd.read_parquet(project.folder / "predictions.parquet")
    assert len(set(table[table["rung"] == "once"]["fold"])) == 1
    assert set(states(project.folder).values()) == {"ok"}


def test_tables_too_large_to_be_committed_may_be_absent_and_it_says_what_it_could_not_ask(project, monkeypatch, capsys):
    monkeypatch.setattr(result_files, "COMMITTABLE", 1000)
    assert project.run() == 0
    shutil.rmtree(project.folder / ".units")
    (project.folder / "predictions.parquet").unlink()
    found = states(project.folder)
    assert {name for name, state in found.items() if state == "not here"} == {
        "digest", "scores and verdicts", "stored units",
    }  # fmt: skip
    capsys.readouterr()
    assert project.verify() == 0
    assert "as far as that can be told; not asked: digest, scores and verdicts" in capsys.readouterr().out


def test_a_table_that_was_committed_may_not_be_absent(project):
    (project.folder / "predictions.parquet").unlink()
    assert project.verify() == 1


def test_a_folder_that_is_none_is_invalid_input(tmp_path):
    with pytest.raises(RecordError, match="is no result folder"):
        verify(tmp_path)
    assert main(["verify", str(tmp_path / "nowhere")]) == 2


def test_a_run_that_has_not_ended_is_told_in_one_line(project, capsys):
    (project.folder / "leaderboard.json").unlink()
    ledger = project.folder / "ledger.jsonl"
    ledger.write_text(ledger.read_text("utf8").partition("\n")[0] + "\n", "utf8")
    assert main(["verify", "results/loans"]) == 2
    assert (
        "results/loans holds a run that has not ended; kiss-bench run with its config goes on"
        in capsys.readouterr().err
    )


def of_an_older_version(project, monkeypatch):
    """A finished run of a version that rendered no charts, with those that this one adds."""
    sealed = tuple(name for name in result_files.SEALED if not name.endswith((".svg", ".html")))
    with monkeypatch.context() as older:
        older.setattr(result_files, "SEALED", sealed)
        assert project.run() == 0
    assert (project.folder / "ladder.svg").exists()


def test_reports_that_a_newer_version_adds_are_no_difference(project, monkeypatch):
    of_an_older_version(project, monkeypatch)
    assert project.verify() == 0


def test_but_those_that_say_something_else_are(project, monkeypatch):
    of_an_older_version(project, monkeypatch)
    path = project.folder / "leaderboard.html"
    path.write_text(path.read_text("utf8").replace("NOT JUSTIFIED", "JUSTIFIED"), "utf8")
    assert states(project.folder)["reports"] == "differs"


def test_it_changes_nothing(project):
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    assert project.verify() == 0
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_other_line_ends_and_another_layout_change_no_meaning(project):
    for name in ("leaderboard.md", "tuning.md", "leaderboard.csv"):
        path = project.folder / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    for name in ("leaderboard.json", "tuning.json", "plan.json", "environment.json"):
        path = project.folder / name
        path.write_text(json.dumps(json.loads(path.read_text("utf8"))), "utf8")
    assert project.verify() == 0


@pytest.mark.slow
def test_random_edits_of_single_bytes_are_found_wherever_they_change_a_meaning(project):
    assert project.open_vault() == 0
    missed, changed = [], 0
    for edit in edits(project.folder, EDITS, seed=0):
        before = meaning(project.folder / edit.name)
        edit.apply(project.folder)
        if meaning(project.folder / edit.name) != before:
            changed += 1
            if all(check.state != "differs" for check in verify(project.folder)):
                missed.append(edit)
        edit.undo(project.folder)
    assert missed == []
    assert changed > 0.7 * EDITS
    assert project.verify() == 0


CHEATS = {
    "a burned vault, sealed again": (unburned, "vault"),
    "a better score, sealed again": (resealed, "scores and verdicts"),
    "rows taken out of the predictions": (dropped_rows, "scores and verdicts"),
    "predictions that know the target": (flattered, "scores and verdicts"),
    "a trial taken out": (shortened, "trials"),
    "a report with another number": (
        lambda p: (p.folder / "leaderboard.md").write_text(
            (p.folder / "leaderboard.md").read_text("utf8").replace("NOT JUSTIFIED", "JUSTIFIED"), "utf8"
        ),
        "reports",
    ),
    "folds of another draw": (
        lambda p: (
            pd.read_parquet(p.folder / "folds.parquet")
            .assign(fold=lambda f: (f["fold"] + (f["row_id"] == 3)) % 3)
            .to_parquet(p.folder / "folds.parquet")
        ),
        "folds",
    ),
    "a file taken away": (lambda p: (p.folder / "environment.json").unlink(), "files"),
    "a board that is no JSON": (lambda p: (p.folder / "leaderboard.json").write_text("{", "utf8"), "ledger"),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_it_names_what_differs_after(cheat, project, capsys):
    spoil, question = CHEATS[cheat]
    spoil(project)
    assert states(project.folder)[question] == "differs"
    assert project.verify() == 1
    assert "differs in" in capsys.readouterr().out


def test_a_damaged_unit_in_the_store_is_told_and_is_no_difference(project):
    unit = next((project.folder / ".units").glob("*.parquet"))
    content = bytearray(unit.read_bytes())
    content[len(content) // 2] ^= 1
    unit.write_bytes(content)
    (told,) = [check.told for check in verify(project.folder) if check.name == "stored units"]
    assert "1 stored units are damaged" in told[0]
    assert project.verify() == 0


@pytest.mark.slow
def test_a_replay_is_noted_in_the_ledger_and_the_folder_is_still_whole(project):
    assert main(["replay", str(project.folder), "--jobs", "2"]) == 0
    (line,) = [line for line in project.ledger if line["event"] == "checked"]
    assert line["facts"]["equal"] is True
    assert project.verify() == 0
