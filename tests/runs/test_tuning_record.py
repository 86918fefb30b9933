"""The numbers of the tuning record, recomputed from the tables of trials and predictions with scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, root_mean_squared_error

from kiss_bench.rungs import Parameter
from kiss_bench.runs import result_files
from kiss_bench.runs.tuning_record import on_edge

pytest_plugins = ["finished_runs"]

PROJECTS = ["binary", "multiclass", "regression"]


def score_of(ran, rows):
    """The objective of the project on some rows of predictions.parquet."""
    if ran.folder.name == "regression":
        return root_mean_squared_error(rows["actual"], rows["prediction"])
    columns = [name for name in rows if name.startswith("p_")]
    labels = [name.removeprefix("p_") for name in columns]
    actual = [str(value).removesuffix(".0") for value in rows["actual"]]
    if ran.folder.name == "binary":
        return log_loss(actual, rows[columns].to_numpy(), labels=labels)
    return brier_score_loss(actual, rows[columns].to_numpy(), labels=labels, scale_by_half=False)


def studies_of(ran):
    for rung in ran.json("tuning.json")["rungs"]:
        for study in rung["studies"]:
            trials = ran.trials
            own = trials[(trials["rung"] == rung["rung"]) & (trials["repeat"] == study["repeat"])]
            yield rung, study, own[own["fold"] == study["fold"]].sort_values("number")


@pytest.mark.parametrize("project", PROJECTS)
def test_counts_best_trials_and_outer_scores_are_those_of_the_tables(finished, project):
    ran = finished(project)
    for rung, study, trials in studies_of(ran):
        assert study["spent"] == len(trials) == rung["trials"]
        for state, word in (("complete", "COMPLETE"), ("pruned", "PRUNED"), ("failed", "FAIL")):
            assert study[state] == (trials["state"] == word).sum()
        complete = trials[trials["state"] == "COMPLETE"]
        best = complete.loc[complete["value"].idxmin()]
        assert (study["best_number"], study["best_value"]) == (best["number"], best["value"])
        assert study["best_params"] == json.loads(best["params"])
        assert study["default_value"] == trials.iloc[0]["value"]
        assert study["top"][0]["value"] == study["best_value"]
        rows = ran.predictions
        rows = rows[(rows["rung"] == rung["rung"]) & (rows["arm"] == "tuned") & (rows["repeat"] == study["repeat"])]
        outer = score_of(ran, rows[rows["fold"] == study["fold"]])
        assert study["outer_score"] == pytest.approx(outer, abs=1e-9)
        assert study["optimism"] == pytest.approx(outer - study["best_value"], abs=1e-9), "lower is better"
        assert study["fits"] == sum(study["trial_fits"])
        assert len(study["begun"]) == len(trials)


@pytest.mark.parametrize("project", PROJECTS)
def test_what_tuning_gained_is_what_the_board_says(finished, project):
    ran = finished(project)
    for rung in ran.json("tuning.json")["rungs"]:
        row = ran.rungs[rung["rung"]]
        (gain,) = rung["gains"]
        assert (gain["arm"], gain["over"]) == ("tuned", "default")
        assert gain["gain"] == row["tuning_gain"]
        assert gain["p_gain"] == pytest.approx(1.0 - row["p_default_enough"])
        assert gain["low"] <= gain["gain"] <= gain["high"]
        assert rung["scores"] == {"default": row["default_score"], "tuned": row["score"]}
        assert rung["tuning_verdict"] == row["tuning_verdict"]


@pytest.mark.parametrize("project", PROJECTS)
def test_the_budget_curve_ends_at_what_the_studies_found(finished, project):
    for rung in finished(project).json("tuning.json")["rungs"]:
        gains = [study["default_value"] - study["best_value"] for study in rung["studies"]]
        last = rung["budget_curve"][-1]
        assert last["trials"] == rung["trials"]
        assert last["gain"] == pytest.approx(np.mean(gains))
        assert (last["low"], last["high"]) == (pytest.approx(min(gains)), pytest.approx(max(gains)))


def test_what_a_parameter_sets_is_found_by_building(finished):
    rungs = {rung["rung"]: rung for rung in finished("binary").json("tuning.json")["rungs"]}
    sets = {line["name"]: set(line["sets"]) for line in rungs["linear"]["space"]}
    assert "C" in sets["C"]
    assert {"l1_ratio", "solver"} <= sets["penalty"]
    assert rungs["tree"]["fixed"]["criterion"] == "gini"
    assert "max_depth" not in rungs["tree"]["fixed"]
    assert rungs["boosting"]["fixed"]["deterministic"] is True


@pytest.mark.parametrize(
    ("line", "value", "hit"),
    [
        (Parameter(name="x", kind="float", low=0.0, high=1.0), 0.009, True),
        (Parameter(name="x", kind="float", low=0.0, high=1.0), 0.5, False),
        (Parameter(name="x", kind="float", low=1e-4, high=1e4, log=True), 9e3, True),
        (Parameter(name="x", kind="float", low=1e-4, high=1e4, log=True), 5e3, False),
        (Parameter(name="x", kind="int", low=1, high=8), 8, True),
        (Parameter(name="x", kind="int", low=1, high=8), 9, False),
        (Parameter(name="x", kind="choice", choices=(1, 2)), 1, False),
    ],
)
def test_an_edge_is_one_hundredth_of_the_range(line, value, hit):
    assert on_edge(line, value) is hit


CONTROLLED = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 2, repeats: 1}\nladder: [dummy, linear, tree, stack]\n"
)


def test_a_random_search_changes_no_verdict_and_no_stack(bench_at):
    plain = bench_at(f"{CONTROLLED}tuning: {{trials: 4}}\n").board
    ran = bench_at(f"{CONTROLLED}tuning: {{trials: 4, control: random}}\n")
    times = {"fit_seconds", "predict_us_per_row", "tuning_seconds", "model_bytes"}
    for one, other in zip(plain["rungs"], ran.board["rungs"], strict=True):
        assert {k: v for k, v in one.items() if k not in times} == {k: v for k, v in other.items() if k not in times}
    assert plain["recommended"] == ran.board["recommended"]
    assert set(ran.predictions["arm"]) == {"default", "tuned", "random"}
    assert set(ran.trials["arm"]) == {"tuned", "random"}
    for rung in ran.json("tuning.json")["rungs"]:
        assert [(gain["arm"], gain["over"]) for gain in rung["gains"]] == [
            ("tuned", "default"), ("tuned", "random"), ("random", "default"),
        ]  # fmt: skip
        assert len(rung["control"]) == len(rung["studies"]) == 3
        assert {study["purpose"] for study in rung["control"]} == {study["purpose"] for study in rung["studies"]}
        assert not {study["seed"] for study in rung["control"]} & {study["seed"] for study in rung["studies"]}
        assert [study["inner_hash"] for study in rung["control"]] == [study["inner_hash"] for study in rung["studies"]]
        assert rung["control_curve"][-1]["gain"] == pytest.approx(
            np.mean([study["default_value"] - study["best_value"] for study in rung["control"]])
        )


def test_a_rung_whose_record_is_not_whole_is_not_on_the_board(bench_at, monkeypatch):
    def forgetful(*words):
        record = whole(*words)
        rungs = tuple(_without_space_hash(rung) if rung.rung == "linear" else rung for rung in record.rungs)
        return replace(record, rungs=rungs)

    whole = result_files.tuning_record
    monkeypatch.setattr(result_files, "tuning_record", forgetful)
    ran = bench_at(f"{CONTROLLED}tuning: {{trials: 2}}\n")
    assert ran.code == 1
    row = ran.rungs["linear"]
    assert (row["status"], row["verdict"], row["score"]) == ("failed", "FAILED", None)
    assert row["reason"].startswith("its tuning record is incomplete: space_hash ")
    assert [rung["rung"] for rung in ran.json("tuning.json")["rungs"]] == ["tree"]
    recommended = ran.board["recommended"]
    assert recommended is None or recommended["rung"] != "linear"


def _without_space_hash(rung):
    return replace(rung, space_hash="")


def test_where_nothing_was_run_the_environment_stays_that_of_the_run(bench_at):
    first = bench_at(f"{CONTROLLED}tuning: {{trials: 2}}\n").json("environment.json")
    again = bench_at(f"{CONTROLLED}tuning: {{trials: 2}}\n", "--jobs", "1").json("environment.json")
    assert again == first
    more = bench_at(f"{CONTROLLED}tuning: {{trials: 3}}\n", "--jobs", "1").json("environment.json")
    assert more["workers"] == 1


def test_the_record_says_how_many_rows_are_sealed(bench_at, finished):
    assert finished("binary").json("tuning.json")["data"]["vault"] == "none"
    ran = bench_at(
        "target: late\ndata: {path: table.csv, drop: [kind, owed, week]}\nvault: 25%\nladder: [dummy, linear]\n"
        "tuning: {trials: 2}\nfolds: {count: 2, inner: 2, repeats: 1}\n"
    )
    told = ran.json("tuning.json")["data"]["vault"]
    assert told.startswith(f"{ran.board['rows_vault']} rows, ")
