"""Ladders on which not every rung had the same chance say so."""

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

DATA = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\nfolds: {count: 2, inner: 2}\n"


def test_more_trials_than_a_lower_rung_is_not_comparable(bench_at):
    ran = bench_at(f"{DATA}tuning: {{trials: 2}}\nladder: [dummy, linear, {{name: tree, trials: 3}}]\n")
    assert ran.code == 0
    verdicts = {name: row["verdict"] for name, row in ran.rungs.items()}
    assert verdicts["tree"] == "NOT COMPARABLE"
    assert verdicts["linear"] != "NOT COMPARABLE"
    assert "NOT COMPARABLE" in ran.out
    assert ran.board["recommended"]["rung"] != "tree"


def test_fewer_trials_than_a_lower_rung_is_fair_to_the_simple_ones(bench_at):
    ran = bench_at(f"{DATA}tuning: {{trials: 3}}\nladder: [dummy, linear, {{name: tree, trials: 2}}]\n")
    assert "NOT COMPARABLE" not in {row["verdict"] for row in ran.board["rungs"]}


def test_a_skipped_rung_stays_in_the_table_and_in_a_banner(bench_at):
    ran = bench_at(f"{DATA}ladder: [dummy, tree]\nskip: {{linear: no lawyer allowed it}}\n", "--quick")
    assert ran.code == 0
    row = ran.rungs["linear"]
    assert (row["status"], row["reason"], row["verdict"], row["score"]) == (
        "skipped",
        "no lawyer allowed it",
        None,
        None,
    )
    markdown = (ran.folder / "leaderboard.md").read_text(encoding="utf8")
    banners = [line for line in markdown.splitlines() if line.startswith("> **") and "linear" in line]
    assert len(banners) == 1
    assert "no lawyer allowed it" in banners[0]
    assert "no lawyer allowed it" in ran.out
    assert list(ran.rungs) == ["dummy", "linear", "tree"]


def test_quick_runs_default_arms_and_is_provisional(bench_at):
    ran = bench_at(f"{DATA}ladder: [dummy, linear, tree, stack]\n", "--quick")
    assert ran.code == 0
    assert {row["status"] for row in ran.board["rungs"]} == {"provisional"}
    assert {row["arm"] for row in ran.board["rungs"]} == {"default"}
    assert len(ran.trials) == 0
    assert "rovisional" in ran.out
    assert {row["verdict"] for row in ran.board["rungs"]} <= {"BASELINE", "JUSTIFIED", "NOT JUSTIFIED", "INCONCLUSIVE"}


def test_a_whole_run_after_a_quick_one_is_no_longer_provisional(bench_at):
    text = f"{DATA}tuning: {{trials: 2}}\nladder: [dummy, linear, stack]\n"
    quick = bench_at(text, "--quick").board
    whole = bench_at(text)
    assert {row["status"] for row in whole.board["rungs"]} == {"ok"}
    assert whole.board["digest"] != quick["digest"]
    assert "linear (default) is complete" not in whole.err


@pytest.mark.parametrize("seconds", ["0.0001"])
def test_a_study_stopped_by_the_clock_is_not_replayable(seconds, bench_at):
    ran = bench_at(f"{DATA}tuning: {{trials: 50, timeout: {seconds}}}\nladder: [dummy, linear]\n")
    assert ran.board["replayable"] is False
    assert len(ran.trials) < 100
    assert ran.json("tuning.json")["rungs"][0]["studies"][0]["stopped_by"] == "timeout"
