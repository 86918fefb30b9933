"""The plan is on record before anything is fitted; what is changed after a look is said on every report, for ever."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from loan_tables import loans

from kiss_bench.records import ledger as ledgers

pytest_plugins = ["handed_in"]
TEXTS = ("leaderboard.md", "tuning.md", "leaderboard.json", "tuning.json")


def test_the_first_run_registers_its_plan_before_the_first_score_is_seen(finished_loans):
    events = [line["event"] for line in finished_loans.ledger]
    assert events == ["registered", "seen", "run"]
    asked = finished_loans.ledger[0]["facts"]["asked"]
    assert asked["metric.margin"] == 0.01
    assert asked["linear.C"].startswith("float(")
    assert asked["vault"] == 0.25
    assert len(finished_loans.ledger[0]["code_hash"]) == 64


def test_the_same_plan_again_is_no_amendment(project):
    digest = project.board["digest"]
    assert project.run() == 0
    assert [line["event"] for line in project.ledger] == ["registered", "seen", "run", "begun", "run"]
    assert project.stamps == []
    assert project.board["digest"] == digest
    assert project.board["honesty"]["luck"]["runs"] == 2
    assert project.board["honesty"]["luck"]["tries"] == 1, "the same plan gives the same answer"


@pytest.mark.parametrize("words", [{"question": "why?"}, {"population": "all loans"}])
def test_a_question_that_is_worded_anew_is_an_amendment(words, project):
    assert project.run(**words) == 0
    (stamp,) = project.stamps
    assert next(iter(words)) in stamp


@pytest.mark.parametrize("key", [{"limits": "{unit_seconds: 3000}"}, {"data": "{path: ./loans.csv}"}])
def test_what_asks_nothing_is_no_amendment(key, project):
    assert project.run(**key) == 0
    assert project.stamps == []


def test_a_margin_that_is_changed_after_a_look_is_stamped_on_every_report(project, capsys):
    today = datetime.now(UTC).date().isoformat()
    before = project.board
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    told = f"AMENDED: margin changed from 1 % to 0.2 % after results were seen ({today})"
    assert project.stamps == [told]
    assert told in capsys.readouterr().out
    for name in TEXTS:
        assert "margin changed from 1 % to 0.2 % after results were seen" in (project.folder / name).read_text("utf8")
    (past,) = project.board["honesty"]["history"]
    assert past["digest"] == before["digest"]
    assert past["verdicts"] == {row["rung"]: row["verdict"] for row in before["rungs"]}
    assert "Verdicts of earlier runs" in (project.folder / "leaderboard.md").read_text("utf8")
    assert project.verify() == 0


def test_an_amendment_that_is_taken_back_stays_on_record(project):
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    assert project.run() == 0
    assert [stamp.partition(" after")[0] for stamp in project.stamps] == [
        "AMENDED: margin changed from 1 % to 0.2 %", "AMENDED: margin changed from 0.2 % to 1 %",
    ]  # fmt: skip


CHANGES = {
    "the metric": ({"metric": "{primary: brier, margin: 1%}"}, "metric.primary changed from log_loss to brier"),
    "a rung": ({"ladder": "[dummy, linear]"}, "tree taken off the ladder"),
    "a space": (
        {"ladder": "[dummy, {name: linear, space: {C: 'float(0.1, 10, log)'}}, tree]"},
        "linear.C changed from",
    ),
    "the folds": ({"folds": "{count: 4, inner: 2}"}, "folds.count changed from 3 to 4"),
    "the budget": ({"tuning": "{trials: 3}"}, "tuning.trials changed from 2 to 3 after"),
    "an exclusion": ({"data": "{path: loans.csv, drop: [town]}"}, "data.drop changed from nothing to [town]"),
    "the seed": ({"seed": "7"}, "seed changed from nothing to 7"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_amendment_names_what_changed(what, project):
    keys, told = CHANGES[what]
    assert project.run(**keys) == 0
    assert told in project.stamps[0]
    assert project.verify() == 0


def test_what_is_changed_before_any_result_was_seen_is_kept_but_not_stamped(project):
    lines = (project.folder / "ledger.jsonl").read_text("utf8").splitlines(keepends=True)
    (project.folder / "ledger.jsonl").write_text(lines[0], "utf8")
    (project.folder / "leaderboard.json").unlink()  # as if the run had been stopped in its first second
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    assert project.stamps == []
    assert project.board["honesty"]["amendments"][0]["seen"] == "before any result was seen"


def test_two_runs_that_differ_in_the_seed_alone_are_two_tries_and_say_so(project, capsys):
    assert project.run(seed="7") == 0
    luck = project.board["honesty"]["luck"]
    assert (luck["runs"], luck["tries"]) == (2, 2)
    assert luck["luck"] == pytest.approx(luck["se"] * 1.17741, rel=1e-4)
    out = capsys.readouterr().out
    assert "2 runs on these rows so far, of 2 different plans or seeds" in out
    assert "The seed 7 was set by hand" in out


def test_the_same_rows_under_another_name_count_as_well(project):
    assert project.run(project="fresh-start", seed="8") == 0
    board = json.loads((project.home / "results/fresh-start/leaderboard.json").read_text("utf8"))
    assert (board["honesty"]["luck"]["runs"], board["honesty"]["luck"]["tries"]) == (2, 2)


def test_a_copy_of_the_folder_beside_it_is_no_further_look(project):
    shutil.copytree(project.folder, project.folder.with_name("backup"))
    assert project.run(seed="8") == 0
    assert (project.board["honesty"]["luck"]["runs"], project.board["honesty"]["luck"]["tries"]) == (2, 2)


def test_a_replaced_data_file_is_stamped(project):
    assert project.run(frame=loans(seed=1)) == 0
    assert "the data changed from" in project.stamps[0]


def test_a_clock_that_was_set_back_is_stamped(project, monkeypatch):
    monkeypatch.setattr(ledgers, "now", lambda: datetime.now(UTC) - timedelta(days=3))
    assert project.run() == 0
    assert project.stamps[0].startswith("CLOCK SET BACK: of the ledger, line 4 is dated")


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_deleted_line_is_stamped_by_the_next_run_and_for_ever(gone, project):
    path = project.folder / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    assert project.verify() == 1
    for _ in range(2):
        assert project.run() == 0
        assert any(stamp.startswith("TAMPERED: of the ledger") for stamp in project.stamps), project.stamps
        assert project.verify() == 1


def test_a_ledger_that_was_thrown_away_is_stamped(project):
    (project.folder / "ledger.jsonl").unlink()
    assert project.verify() == 1
    assert project.run() == 0
    assert any("is gone" in stamp for stamp in project.stamps)


def test_stamps_survive_rendering_again(project):
    from kiss_bench.cli import main

    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    before = {name: (project.folder / name).read_text("utf8") for name in TEXTS}
    assert main(["report", str(project.folder)]) == 0
    assert {name: (project.folder / name).read_text("utf8") for name in TEXTS} == before
    assert pd.read_csv(project.folder / "leaderboard.csv")["stamps"].str.contains("AMENDED").all()
