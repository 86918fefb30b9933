"""A study whose trials are known beforehand is reported exactly so."""

import json

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

FINE = [f"fine-{number}" for number in range(7)]
BROKEN = [f"{error}-{number}" for error in ("ValueError", "KeyError") for number in range(4)]
HOPELESS = [f"hopeless-{number}" for number in range(4)]
PLANS = ", ".join([*FINE, *BROKEN, *HOPELESS])
PLANTED = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 3}\ntuning: {trials: 20, sampler: grid}\nladder:\n- dummy\n- linear\n"
    f"- {{name: ours, level: 8, estimator: 'fakes:Planted', space: {{plan: [{PLANS}]}}}}\n"
)


@pytest.fixture
def planted(bench_at):
    ran = bench_at(PLANTED)
    assert ran.code == 0, ran.err
    return ran


def test_eight_complete_eight_failed_and_four_pruned_trials_are_reported_so(planted):
    record = next(rung for rung in planted.json("tuning.json")["rungs"] if rung["rung"] == "ours")
    assert len(record["studies"]) == 3
    for study in record["studies"]:
        assert (study["asked"], study["spent"]) == (20, 20)
        assert (study["complete"], study["failed"], study["pruned"]) == (8, 8, 4)
        assert study["errors"] == {"ValueError": 4, "KeyError": 4}
        assert study["duplicates"] == 0
        assert study["fits"] == 8 * 3 + 8 * 1 + 4 * 1
    assert planted.rungs["ours"]["trials"] == {"complete": 24, "failed": 24, "pruned": 12}
    trials = planted.trials[planted.trials["rung"] == "ours"]
    by_state = {state: {json.loads(text).get("plan", "default") for text in own["params"]}
                for state, own in trials.groupby("state")}  # fmt: skip
    assert by_state == {"COMPLETE": {"default", *FINE}, "FAIL": {*BROKEN}, "PRUNED": {*HOPELESS}}
    assert set(trials.loc[trials["state"] == "FAIL", "reason"]) == {"planted", "'planted'"}


def test_the_page_tells_them_by_state_and_exception_class(planted):
    page = (planted.folder / "tuning.md").read_text(encoding="utf8")
    section = page.partition("## `ours`")[2].partition("\n## ")[0]
    assert section.count("8/4/8") == 3
    assert "Failed trials: KeyError 12×, ValueError 12×." in section
    assert "Space: 19 points" in section
