"""What a reviewer does: fit the pipeline that is handed back, and look whether it says what is stored."""

import json

import numpy as np
import pytest
from small_tables import write_config

from kiss_bench import estimator
from kiss_bench.cli import main
from kiss_bench.errors import RecordError

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

PROJECTS = ["binary", "ranked", "multiclass", "regression", "forward"]


def fitted_by_hand(pipeline, ran, train, test):
    """The fitted pipeline and the raw test rows."""
    raw, target = ran.raw(), ran.board["target"]
    features = raw.drop(columns=target)
    return pipeline.fit(features.iloc[train], raw[target].iloc[train]), features.iloc[test]


def by_hand(pipeline, ran, train, test):
    pipeline, rows = fitted_by_hand(pipeline, ran, train, test)
    return pipeline.predict(rows) if ran.board["task"] == "regression" else pipeline.predict_proba(rows)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_rung_and_arm_fitted_by_hand_gives_the_stored_predictions(project, finished):
    ran = finished(project)
    stored = ran.predictions.query("repeat == 0")
    values = [name for name in stored if name == "prediction" or name.startswith("p_")]
    units = stored[["rung", "arm"]].drop_duplicates().itertuples(index=False)
    fold = stored["fold"].max()
    train, test = ran.split(0, fold)
    for rung, arm in units:
        rows = stored[(stored["rung"] == rung) & (stored["arm"] == arm) & (stored["fold"] == fold)]
        made = by_hand(estimator(ran.folder, rung, arm, repeat=0, fold=fold), ran, train, test)
        expected = rows.set_index("row_id").loc[test, values].to_numpy().reshape(made.shape)
        np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-6, err_msg=f"{rung} {arm}")


def test_all_rungs_of_the_ladder_were_looked_at(finished):
    pairs = {tuple(pair) for pair in finished("binary").predictions[["rung", "arm"]].drop_duplicates().to_numpy()}
    tuned = {"linear", "additive", "tree", "forest", "boosting", "stack"}
    assert pairs == {("dummy", "default"), ("stump", "default")} | {
        (rung, arm) for rung in tuned for arm in ("default", "tuned")
    }
    assert "naive" in set(finished("forward").predictions["rung"])


@pytest.mark.parametrize("project", ["binary", "forward"])
def test_without_a_fold_it_is_for_all_rows_with_the_arm_that_climbed(project, finished):
    ran = finished(project)
    everything = np.arange(len(ran.raw()))
    chosen = ran.board["recommended"]
    for name, row in ran.rungs.items():
        made = by_hand(estimator(ran.folder, name), ran, everything, everything)
        arm = chosen["arm"] if chosen["rung"] == name else row["arm"]
        again = by_hand(estimator(ran.folder, name, arm), ran, everything, everything)
        assert len(made) == len(everything)
        assert np.isfinite(made).all()
        np.testing.assert_array_equal(made, again)


@pytest.fixture(scope="module")
def labelled(workshop):
    """A run graded by F1, whose labels follow from thresholds; the positive label is the first of the two."""
    from finished_runs import EFFORT, Ran  # once pytest knows it as a plugin

    text = f"target: late\npositive: 'no'\nmetric: f1\ndata: {{path: table.csv, drop: [kind, owed, week]}}\n{EFFORT}"
    config = write_config(workshop, "labelled", text)
    code = main(["run", str(config), "--results", str(workshop / "results"), "--engine", "inline"])
    return Ran(config=config, folder=workshop / "results" / "labelled", code=code)


def test_every_rung_and_arm_fitted_by_hand_gives_the_stored_labels(labelled):
    stored = labelled.predictions.query("repeat == 0")
    assert len(stored[["rung", "arm"]].drop_duplicates()) == 14
    for (rung, arm, fold), rows in stored.groupby(["rung", "arm", "fold"]):
        train, test = labelled.split(0, fold)
        pipeline, raw = fitted_by_hand(estimator(labelled.folder, rung, arm, fold=fold), labelled, train, test)
        labels = rows.set_index("row_id").loc[test, "predicted"].tolist()
        assert pipeline.predict(raw).tolist() == labels, (rung, arm, fold)


def test_stored_labels_follow_from_stored_probabilities_and_the_threshold_on_record(labelled):
    stored = labelled.predictions
    for unit in labelled.json("tuning.json")["units"]:
        place = np.all([stored[key] == unit[key] for key in ("rung", "arm", "repeat", "fold")], axis=0)
        rows = stored[place]
        assert 0.0 <= unit["threshold"] <= 1.0
        assert rows["predicted"].tolist() == np.where(rows["p_no"] >= unit["threshold"], "no", "yes").tolist()
    assert (stored["predicted"] != np.where(stored["p_no"] >= 0.5, "no", "yes")).any()


@pytest.mark.parametrize("rung", ["linear", "stack"])
def test_for_all_rows_the_threshold_is_the_median_of_the_folds(rung, labelled):
    units = [
        unit for unit in labelled.json("tuning.json")["units"] if (unit["rung"], unit["arm"]) == (rung, "tuned")
    ]  # fmt: skip
    found = estimator(labelled.folder, rung, "tuned")
    assert len({unit["threshold"] for unit in units}) > 1
    model = found if rung == "stack" else found[-1]
    assert (model.threshold, model.positive) == (np.median([unit["threshold"] for unit in units]), 0)


@pytest.mark.parametrize("project", ["binary", "multiclass"])
def test_without_a_threshold_labels_are_the_most_probable_ones(project, finished):
    ran = finished(project)
    stored = ran.predictions
    values = stored[[name for name in stored if name.startswith("p_")]]
    texts = values.columns.str.removeprefix("p_").to_numpy()
    assert stored["predicted"].astype(str).tolist() == texts[values.to_numpy().argmax(axis=1)].tolist()
    assert {unit["threshold"] for unit in ran.json("tuning.json")["units"]} == {None}
    train, test = ran.split(0, 1)
    for rung in ("linear", "stack"):
        pipeline, raw = fitted_by_hand(estimator(ran.folder, rung, "tuned", fold=1), ran, train, test)
        place = np.all([stored[key] == at for key, at in (("rung", rung), ("arm", "tuned"), ("repeat", 0))], axis=0)
        assert pipeline.predict(raw).tolist() == stored[place].set_index("row_id").loc[test, "predicted"].tolist()


def test_it_comes_unfitted_with_the_settings_and_seed_on_record(finished):
    ran = finished("binary")
    unit = next(
        unit for unit in ran.json("tuning.json")["units"]
        if (unit["rung"], unit["arm"], unit["fold"]) == ("forest", "tuned", 1)
    )  # fmt: skip
    model = estimator(ran.folder, "forest", "tuned", fold=1)[-1].classifier
    assert not hasattr(model, "estimators_")
    assert model.random_state == unit["seed"]
    assert {name: model.get_params()[name] for name in unit["settings"]} == unit["settings"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param(
            {"rung": "boosted"},
            "has no rung 'boosted'; it has: dummy, stump, linear, additive, tree, forest, boosting, stack",
            id="unknown rung",
        ),
        pytest.param(
            {"rung": "stump", "fold": 7},
            "stump has no unit default repeat 0 fold 7; it has: default repeat 0 fold 0, default repeat 0 fold 1, "
            "default repeat 0 fold 2",
            id="unknown fold",
        ),
        pytest.param(
            {"rung": "stump", "arm": "tuned", "fold": 0},
            "stump has no unit tuned repeat 0 fold 0; it has: default repeat 0 fold 0, default repeat 0 fold 1, "
            "default repeat 0 fold 2",
            id="an arm the rung does not have",
        ),
        pytest.param(
            {"rung": "stump", "arm": "best"},
            "stump has no unit best repeat 0 fold 0; it has: default repeat 0 fold 0, default repeat 0 fold 1, "
            "default repeat 0 fold 2",
            id="unknown arm",
        ),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(wanted, message, finished):
    with pytest.raises(RecordError) as caught:
        estimator(finished("binary").folder, **wanted)
    assert str(caught.value).endswith(message)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RecordError, match="is no folder; a result folder is what `kiss-bench run` writes"):
        estimator(tmp_path / "nowhere", "linear")


def damaged(folder, tmp_path, name, change):
    for file in ("plan.json", "leaderboard.json", "tuning.json"):
        content = json.loads((folder / file).read_text(encoding="utf8"))
        if file == name:
            change(content)
        (tmp_path / file).write_text(json.dumps(content), encoding="utf8")
    return tmp_path


def test_a_folder_from_before_thresholds_were_on_record_is_read_as_one_without(labelled, tmp_path):
    def forget(record):
        for unit in record["units"]:
            del unit["threshold"]

    folder = damaged(labelled.folder, tmp_path, "tuning.json", forget)
    assert estimator(folder, "linear", "tuned", fold=0)[-1].threshold is None
    assert estimator(folder, "stack", "tuned").threshold is None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("plan.json", lambda plan: plan.pop("understood"), "is not a result folder of this version: 'understood'"),
        ("tuning.json", lambda record: record.pop("units"), "is not a result folder of this version: 'units'"),
        (
            "plan.json",
            lambda plan: plan.update(plan_hash="0" * 64),
            "has the plan of a run that has not ended; `kiss-bench run` it to its end first",
        ),
    ],
)
def test_a_folder_whose_files_do_not_belong_together_is_refused(name, change, message, finished, tmp_path):
    folder = damaged(finished("binary").folder, tmp_path, name, change)
    with pytest.raises(RecordError) as caught:
        estimator(folder, "linear")
    assert str(caught.value) == f"{folder} {message}"
