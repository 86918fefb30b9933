"""Whoever has predictions.parquet and scikit-learn comes to the same numbers as the leaderboard."""

import math

import numpy as np
import pytest
from sklearn import metrics

pytest_plugins = ["finished_runs"]

PROJECTS = ["binary", "ranked", "multiclass", "regression", "forward"]
FIRST = "p_False"  # of the booleans in `ranked`, the positive label is the last one: True


def probabilities(rows):
    return rows[[name for name in rows if name.startswith("p_")]].to_numpy()


def labels(rows):
    """Class labels in the order of the columns, as strings."""
    return [name.removeprefix("p_") for name in rows if name.startswith("p_")]


def text(values):
    return values.map(lambda one: str(int(one)) if isinstance(one, float) else str(one))


def brier(rows):
    if len(labels(rows)) == 2:
        return metrics.brier_score_loss(text(rows["actual"]) == labels(rows)[1], probabilities(rows)[:, 1])
    return metrics.brier_score_loss(text(rows["actual"]), probabilities(rows), labels=labels(rows), scale_by_half=False)


def over_folds(score):
    """Mean over folds of a score of (is positive, probability of the positive label)."""

    def mean(rows):
        positive = labels(rows)[1]
        parts = [part for _, part in rows.groupby("fold")]
        return np.mean([score(text(part["actual"]) == positive, part[f"p_{positive}"]) for part in parts])

    return mean


def one_versus_rest(rows):
    parts = [part for _, part in rows.groupby("fold")]
    asked = {"multi_class": "ovr", "labels": labels(rows)}
    return np.mean([metrics.roc_auc_score(text(part["actual"]), probabilities(part), **asked) for part in parts])


SCIKIT_LEARN = {
    "log_loss": lambda rows: metrics.log_loss(text(rows["actual"]), probabilities(rows), labels=labels(rows)),
    "brier": brier,
    "accuracy": lambda rows: metrics.accuracy_score(rows["actual"], rows["predicted"]),
    "roc_auc": over_folds(metrics.roc_auc_score),
    "average_precision": over_folds(metrics.average_precision_score),
    "roc_auc_ovr": one_versus_rest,
    "balanced_accuracy": lambda rows: metrics.balanced_accuracy_score(rows["actual"], rows["predicted"]),
    "f1": lambda rows: metrics.f1_score(text(rows["actual"]), text(rows["predicted"]), pos_label=labels(rows)[1]),
    "f1_macro": lambda rows: metrics.f1_score(rows["actual"], rows["predicted"], average="macro"),
    "mcc": lambda rows: metrics.matthews_corrcoef(rows["actual"], rows["predicted"]),
    "rmse": lambda rows: metrics.root_mean_squared_error(rows["actual"], rows["prediction"]),
    "mae": lambda rows: metrics.mean_absolute_error(rows["actual"], rows["prediction"]),
    "mse": lambda rows: metrics.mean_squared_error(rows["actual"], rows["prediction"]),
    "pinball_0.9": lambda rows: metrics.mean_pinball_loss(rows["actual"], rows["prediction"], alpha=0.9),
    "r2": lambda rows: metrics.r2_score(rows["actual"], rows["prediction"]),
}


def score(rows, metric):
    return SCIKIT_LEARN[metric](rows)


def test_every_metric_of_these_runs_is_recomputed_here(finished):
    """All others are held to scikit-learn in tests/test_metrics.py, on arrays."""
    from kiss_bench.metrics import METRICS

    used = set()
    for project in PROJECTS:
        board = finished(project).board
        used |= {board["metric"]["name"], *board["rungs"][0]["also"]}
    assert used == set(SCIKIT_LEARN) <= set(METRICS)


@pytest.mark.parametrize("project", PROJECTS)
def test_scores_agree_with_scikit_learn(project, finished):
    ran = finished(project)
    metric, stored = ran.board["metric"]["name"], ran.predictions
    assert ran.code == 0
    for name, row in ran.rungs.items():
        rows = stored[(stored["rung"] == name) & (stored["arm"] == row["arm"]) & (stored["repeat"] == 0)]
        assert row["score"] == pytest.approx(score(rows, metric), abs=1e-9, rel=1e-9), name
        for other, value in row["also"].items():
            assert value == pytest.approx(score(rows, other), abs=1e-9, rel=1e-9), (name, other)
        default = stored[(stored["rung"] == name) & (stored["arm"] == "default") & (stored["repeat"] == 0)]
        if row["arm"] == "tuned":
            assert row["default_score"] == pytest.approx(score(default, metric), abs=1e-9, rel=1e-9), name
        else:
            assert row["default_score"] is None


@pytest.mark.parametrize("project", PROJECTS)
def test_gains_and_skill_follow_from_the_scores(project, finished):
    ran = finished(project)
    metric, sign = ran.board["metric"]["name"], 1 if ran.board["metric"]["greater_is_better"] else -1
    rungs, stored = ran.rungs, ran.predictions
    for row in rungs.values():
        if row["incumbent"] is not None:
            below = rungs[row["incumbent"]]
            both = [
                [score(rows[rows["repeat"] == repeat], metric) for repeat in range(row["gain_repeats"])]
                for one in (row, below)
                for rows in [stored[(stored["rung"] == one["rung"]) & (stored["arm"] == one["arm"])]]
            ]
            assert row["gain"] == pytest.approx(sign * (np.mean(both[0]) - np.mean(both[1])), abs=1e-9)
            assert row["p_gain"] + row["p_equal"] + row["p_harm"] == pytest.approx(1.0)
        if ran.board["metric"]["name"] in {"log_loss", "brier", "mae"}:
            assert row["skill"] == pytest.approx(1 - row["score"] / rungs["dummy"]["score"], abs=1e-9)


@pytest.mark.parametrize("project", PROJECTS)
def test_verdicts_follow_from_p_gain_and_alpha(project, finished):
    ran = finished(project)
    incumbent = "dummy"
    for row in ran.board["rungs"]:
        if row["rung"] == "dummy":
            assert row["verdict"] == "BASELINE"
            continue
        expected = "INCONCLUSIVE"
        if row["p_gain"] >= 1 - row["alpha"]:
            expected = "JUSTIFIED"
        elif row["p_gain"] < 0.05:
            expected = "NOT JUSTIFIED"
        assert (row["verdict"], row["incumbent"]) == (expected, incumbent), row["rung"]
        incumbent = row["rung"] if expected == "JUSTIFIED" else incumbent
    assert ran.board["recommended"]["rung"] == incumbent


def test_some_verdict_here_promotes_and_some_does_not(finished):
    verdicts = {row["verdict"] for project in PROJECTS for row in finished(project).board["rungs"]}
    assert {"BASELINE", "JUSTIFIED"} < verdicts


@pytest.mark.parametrize("project", ["binary", "multiclass"])
def test_probabilities_are_floored_and_sum_to_one(project, finished):
    ran = finished(project)
    stored = ran.predictions
    values = probabilities(stored)
    train = len(ran.split(0, 0)[0])
    assert np.allclose(values.sum(axis=1), 1.0)
    assert values.min() >= 0.9 / (2 * train)
    assert all(isinstance(row["clipped"], int) for row in ran.rungs.values())


def test_the_multiclass_scores_differ_between_rungs(finished):
    scores = {round(row["score"], 6) for row in finished("multiclass").rungs.values()}
    assert len(scores) == len(finished("multiclass").rungs)
    assert not any(math.isnan(value) for value in scores)
