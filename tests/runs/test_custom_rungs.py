"""Rungs of the user's own: what works, what fails, and that failing is told and not dropped."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kiss_bench import estimator

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

MODELS = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import Pipeline

def build(C=0.5):
    return LogisticRegression(C=C)

ready = LogisticRegression(C=2.0)
own_columns = Pipeline([
    ("pick", ColumnTransformer([("numbers", SimpleImputer(), ["income", "ratio"])])),
    ("model", LogisticRegression()),
])

class Odd(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

class FailsInFoldThree(Odd):
    def fit(self, X, y):
        if len(X) == 70:  # only its training part has that many rows
            raise ValueError("the third fold is cursed")
        return super().fit(X, y)

class GivesNaN(Odd):
    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)

class TooFewRows(Odd):
    def predict_proba(self, X):
        return super().predict_proba(X)[:-1]

without_probabilities = RidgeClassifier()
"""
INSTALLED = "sklearn.ensemble:ExtraTreesClassifier"
TARGET = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\nfolds: {count: 3, inner: 2}\n"


def entry(name, level, reference, more=""):
    return f"  - {{name: {name}, level: {level}, estimator: 'own_models:{reference}'{more}}}\n"


@pytest.fixture
def models(tmp_path):
    (tmp_path / "own_models.py").write_text(MODELS, encoding="utf8")


@pytest.fixture
def every_kind(bench_at, models, tmp_path):
    """Default settings of all kinds of custom rungs, good and bad, in one run."""
    ladder = "".join(
        [
            "ladder:\n  - dummy\n  - linear\n  - stack\n",
            entry("factory", 3.1, "build", ", settings: {C: 0.7}"),
            entry("instance", 3.2, "ready"),
            entry("pipeline", 3.3, "own_columns"),
            f"  - {{name: installed, level: 3.4, estimator: '{INSTALLED}', settings: {{n_estimators: 5}}}}\n",
            entry("raises", 5, "FailsInFoldThree"),
            entry("not_finite", 8.1, "GivesNaN"),
            entry("no_proba", 8.2, "without_probabilities"),
            entry("too_few", 8.3, "TooFewRows"),
        ]
    )
    frame = pd.read_csv(tmp_path / "table.csv").assign(part=np.repeat([0, 1, 2], [30, 40, 50]))
    frame.to_csv(tmp_path / "table.csv", index=False)
    return bench_at(TARGET.replace("count: 3", "column: part") + ladder, "--quick", "--jobs", "2")


FAILED = {
    "raises": "ValueError: the third fold is cursed",
    "stack": "it blends raises, which failed",
    "not_finite": "predictions are not finite",
    "no_proba": "RidgeClassifier has no predict_proba; wrap it in sklearn.calibration.CalibratedClassifierCV",
    "too_few": "predicted an array of shape",
}


def test_bad_rungs_stay_in_the_table_with_their_reason_and_the_others_finish(every_kind):
    ran = every_kind
    assert ran.code == 1
    rungs = ran.rungs
    for name, row in rungs.items():
        if name in FAILED:
            assert (row["status"], row["verdict"], row["score"]) == ("failed", "FAILED", None), name
            assert FAILED[name] in row["reason"], (name, row["reason"])
            assert name in ran.out
        else:
            assert row["status"] == "provisional", name
            assert row["score"] > 0, name
    assert set(rungs) == {"dummy", "linear", "factory", "instance", "pipeline", "installed", *FAILED}
    assert rungs["raises"]["reason"] == "default arm, fold 2: ValueError: the third fold is cursed"
    assert "FAILED raises/default repeat 0 fold 2: ValueError: the third fold is cursed" in ran.err
    assert "Traceback" not in ran.err
    markdown = (ran.folder / "leaderboard.md").read_text(encoding="utf8")
    assert all(name in markdown for name in FAILED) or all(name.replace("_", r"\_") in markdown for name in FAILED)
    assert "the third fold is cursed" in markdown


def test_a_class_a_factory_an_instance_and_a_pipeline_can_be_fitted_by_hand(every_kind):
    ran = every_kind
    stored, raw = ran.predictions, ran.raw()
    train, test = ran.split(0, 1)
    for name in ("factory", "instance", "pipeline", "installed"):
        model = estimator(ran.folder, name, "default", repeat=0, fold=1)
        model.fit(raw.iloc[train].drop(columns="late"), raw["late"].iloc[train])
        rows = stored[(stored["rung"] == name) & (stored["fold"] == 1)].set_index("row_id").loc[test]
        made = model.predict_proba(raw.iloc[test].drop(columns="late"))
        np.testing.assert_allclose(made, rows[["p_no", "p_yes"]].to_numpy(), rtol=1e-6, atol=1e-6, err_msg=name)
    assert estimator(ran.folder, "factory", "default", fold=1)[-1].classifier.C == 0.7
    assert estimator(ran.folder, "instance", "default", fold=1)[-1].classifier.C == 2.0
    trees = estimator(ran.folder, "installed", "default", fold=1)[-1].classifier
    assert trees.random_state in ran.rungs["installed"]["seeds"]["estimator"]


def test_failed_units_are_tried_again_and_the_good_ones_are_not(every_kind, bench_at, tmp_path):
    first = every_kind
    kept = len(list((first.folder / ".units").glob("*.parquet")))
    fixed = MODELS.replace("len(X) == 70", "False")
    (tmp_path / "own_models.py").write_text(fixed, encoding="utf8")
    again = bench_at(first.config.read_text(encoding="utf8").split("\n", 1)[1], "--quick", "--jobs", "2")
    assert again.rungs["raises"]["status"] == "provisional"
    assert again.rungs["stack"]["status"] == "provisional"
    assert "dummy (default) is complete" not in again.err, "it was run again"
    assert len(list((again.folder / ".units").glob("*.parquet"))) > kept


def test_a_custom_rung_with_a_space_is_tuned_and_its_trials_recorded(bench_at, models):
    space = ", space: {C: 'float(0.01, 100, log)', fit_intercept: [true, false]}, trials: 4"
    ladder = f"ladder:\n  - dummy\n  - linear\n{entry('ours', 8, 'ready', space)}"
    ran = bench_at(f"{TARGET}tuning: {{trials: 4}}\n{ladder}", "--jobs", "2")
    assert ran.code == 0
    trials = ran.trials[ran.trials["rung"] == "ours"]
    assert trials.groupby("fold")["number"].apply(list).to_dict() == {fold: [0, 1, 2, 3] for fold in range(3)}
    for params in map(json.loads, trials[trials["number"] > 0]["params"]):
        assert 0.01 <= params["C"] <= 100
        assert params["fit_intercept"] in {True, False}
    row = ran.rungs["ours"]
    assert (row["arm"], row["status"]) == ("tuned", "ok")
    assert sum(row["trials"].values()) == 12
    record = next(rung for rung in ran.json("tuning.json")["rungs"] if rung["rung"] == "ours")
    assert [line["name"] for line in record["space"]] == ["C", "fit_intercept"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no_such_module:thing", "'no_such_module:thing': there is no module 'no_such_module', neither in "),
        (
            "__main__:Mine",
            "'__main__:Mine': workers do not run the script again; put the estimator into a module of its own",
        ),
    ],
)
def test_an_estimator_that_is_nowhere_is_refused_before_anything_is_written(reference, message, bench_at):
    ran = bench_at(f"{TARGET}ladder:\n  - dummy\n  - linear\n  - {{name: ours, level: 8, estimator: '{reference}'}}\n")
    assert ran.code == 2
    assert ran.err.startswith(f"error: {message}")
    assert not Path(ran.folder).exists()
