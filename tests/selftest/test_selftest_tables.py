"""Simulated tables have the user's shape, and what is said to be true in them is."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from shapes import CASES, KINDS, exam, shape, table
from sklearn.linear_model import LinearRegression, LogisticRegression

from kiss_bench.errors import KissBenchError
from kiss_bench.metrics import METRICS
from kiss_bench.selftest.draws import Place, generator, simulated_exam
from kiss_bench.selftest.scenarios import (
    GATE,
    PERSISTENCE,
    SCENARIOS,
    WITHIN_GROUP,
    Aim,
    acting,
    bounded,
    centres,
    distance,
    explained,
    removed_share,
    simulated_frame,
)
from kiss_bench.selftest.shape import MOST_ROWS, margin_share, shape_hash, shape_of
from kiss_bench.tasks.splitters import SPLITTERS

MANY = 20_000


def frame_of(shape, scenario, number=0):
    place = Place(scenario=scenario, number=number)
    return simulated_frame(shape, SCENARIOS[scenario], generator(place))


def large(kind, **keys):
    """The shape of many rows, so that a fit comes near to what is true."""
    return shape(kind, "shuffled", rows=MANY, metric={"primary": {"regression": "rmse"}.get(kind, "log_loss")}, **keys)


def test_every_kind_of_folds_is_covered():
    assert {folds for _, folds in CASES} - {"weighted"} == set(SPLITTERS)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("kind", "folds"), CASES)
def test_every_scenario_makes_an_exam_of_the_users_shape(kind, folds, scenario):
    own = exam(kind, folds)
    simulated = simulated_exam(shape_of(own), SCENARIOS[scenario], Place(scenario=scenario, number=3))
    task, like = simulated.task, own.task
    assert (task.kind, len(task.row_id), len(task.columns)) == (like.kind, len(like.row_id), 4)
    if kind != "regression":
        assert np.bincount(task.y).tolist() == np.bincount(like.y).tolist()
        assert task.positive == like.positive
    assert (simulated.folds.kind, len(simulated.folds.splits)) == (own.folds.kind, len(own.folds.splits))
    for name in ("group", "time", "weight"):
        found, wanted = getattr(task, name), getattr(like, name)
        assert (found is None) == (wanted is None)
        if wanted is not None:
            assert np.array_equal(found, wanted)
    plan, asked = simulated.plan, own.plan
    assert (plan.metric.primary, plan.metric.margin) == (asked.metric.primary, asked.metric.margin)
    assert (plan.alpha, plan.multiplicity) == (asked.alpha, asked.multiplicity)
    if folds != "predefined":
        assert plan.folds == asked.folds


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_the_users_own_target_dealt_anew(kind):
    drawn = frame_of(shape(kind), "noise")["target"]
    assert sorted(drawn.map(str).value_counts()) == sorted(table(kind)["target"].map(str).value_counts())


def test_draws_differ_and_are_the_same_again():
    first, again, other = (frame_of(shape("binary"), "linear", number) for number in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first["x0"], other["x0"])


# linear is the truth


def test_a_hand_fit_recovers_the_logistic_coefficients():
    drawn = large("binary")
    frame = frame_of(drawn, "linear")
    acts = acting(SCENARIOS["linear"], 4)
    fit = LogisticRegression(C=1e6).fit(frame[["x0", "x1", "x2", "x3"]], frame["target"] == "class 1")
    aim = Aim(counts=tuple(np.bincount(drawn.target)), columns=2, metric="log_loss", positive=1, gated=False)
    slope = distance(aim, removed_share(SCENARIOS["linear"], drawn)) * (centres(2, 2)[1] - centres(2, 2)[0])
    assert (acts.start, acts.stop) == (0, 2)
    assert fit.coef_[0] == pytest.approx([*slope, 0.0, 0.0], abs=0.08)


def test_a_hand_fit_recovers_the_softmax_coefficients():
    drawn = large("multiclass")
    frame = frame_of(drawn, "linear")
    fit = LogisticRegression(C=1e6).fit(frame[["x0", "x1", "x2", "x3"]], frame["target"])
    aim = Aim(counts=tuple(np.bincount(drawn.target)), columns=2, metric="log_loss", positive=None, gated=False)
    means = distance(aim, removed_share(SCENARIOS["linear"], drawn)) * centres(3, 2)
    assert fit.coef_[1:] - fit.coef_[0] == pytest.approx(
        np.column_stack([means[1:] - means[0], np.zeros((2, 2))]), abs=0.15
    )


def test_a_hand_fit_recovers_the_share_of_the_variance():
    drawn = large("regression")
    frame = frame_of(drawn, "linear")
    columns = frame[["x0", "x1", "x2", "x3"]]
    fit = LinearRegression().fit(columns, frame["target"])
    share = explained(SCENARIOS["linear"], drawn)
    slope = drawn.target.std() * np.sqrt(share / 2)
    assert share == pytest.approx(0.26, abs=1e-6)
    assert fit.coef_ == pytest.approx([slope, slope, 0.0, 0.0], abs=0.05 * drawn.target.std())
    assert fit.score(columns, frame["target"]) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_best_model_removes_the_share_of_log_loss_that_is_printed(kind):
    drawn = large(kind)
    frame = frame_of(drawn, "linear")
    columns = frame[["x0", "x1"]]
    fit = LogisticRegression(C=1e6).fit(columns, frame["target"])
    chances = fit.predict_proba(columns)[np.arange(len(frame)), frame["target"].factorize(sort=True)[0]]
    shares = np.bincount(drawn.target) / len(frame)
    blind = -(shares * np.log(shares)).sum()
    assert 1 + np.log(chances).mean() / blind == pytest.approx(0.26, abs=0.015)


@pytest.mark.parametrize("kind", KINDS)
def test_either_half_of_the_columns_is_worth_the_same(kind):
    drawn = large(kind)
    frame = frame_of(drawn, "equal")
    model = LinearRegression() if kind == "regression" else LogisticRegression(C=1e6)
    scores = [model.fit(frame[names], frame["target"]).score(frame[names], frame["target"])
              for names in (["x0", "x1"], ["x2", "x3"])]  # fmt: skip
    assert scores[0] == pytest.approx(scores[1], abs=0.015)


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_an_interaction_turns_the_effect_round(kind):
    drawn = large(kind)
    frame = frame_of(drawn, "interactions")
    target = frame["target"] if kind == "regression" else (frame["target"] == "class 1").astype(float)
    slopes = []
    for part in (frame["x0"] > 0, frame["x0"] <= 0):
        model = LinearRegression() if kind == "regression" else LogisticRegression(C=1e6)
        slopes.append(np.ravel(model.fit(frame.loc[part, ["x1", "x2"]], target[part]).coef_).mean())
    assert slopes[1] / slopes[0] == pytest.approx(GATE[1] / GATE[0], abs=0.06)


@pytest.mark.parametrize(("metric", "kind"), [(name, kind) for name in METRICS for kind in METRICS[name].tasks])
def test_every_metric_has_a_linear_world(metric, kind):
    drawn = shape(kind, rows=400, metric={"primary": metric, "margin": "2%"})
    assert 0.0 < drawn.margin_share < 0.1
    noise, linear = (frame_of(drawn, scenario) for scenario in ("noise", "linear"))
    if kind == "regression":
        assert abs(linear["x0"].corr(linear["target"])) > 0.2
        assert not bounded(drawn) or linear["target"].min() >= noise["target"].min() > 0
    else:
        means = linear.groupby("target")["x0"].mean()
        assert means.max() - means.min() > 0.2


# groups and time


def test_rows_of_a_group_hang_together_in_columns_and_errors():
    drawn = dataclasses.replace(large("regression"), group=np.arange(MANY) // 2, whole_groups=True)
    frame = frame_of(drawn, "noise")
    assert np.corrcoef(frame["x0"][::2], frame["x0"][1::2])[0, 1] == pytest.approx(WITHIN_GROUP, abs=0.03)
    rank = frame["target"].rank()
    assert np.corrcoef(rank[::2], rank[1::2])[0, 1] == pytest.approx(WITHIN_GROUP, abs=0.04)


def test_where_folds_part_groups_the_columns_do_not_know_them():
    drawn = dataclasses.replace(large("regression"), group=np.arange(MANY) // 2, whole_groups=False)
    frame = frame_of(drawn, "noise")
    found = [np.corrcoef(frame[name][::2], frame[name][1::2])[0, 1] for name in ("x0", "x1", "x2", "x3")]
    assert np.mean(found) == pytest.approx(0.0, abs=0.03)


def test_columns_and_errors_are_persistent_along_time():
    drawn = dataclasses.replace(large("regression"), time=np.arange(MANY))
    frame = frame_of(drawn, "noise")
    for series in (frame["x0"], frame["target"].rank()):
        assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(PERSISTENCE, abs=0.04)


# the shape


def test_too_many_rows_are_capped_and_keep_their_classes_and_groups():
    own = exam("multiclass", "group", rows=600)
    capped = shape_of(own, rows=200)
    whole, kept = np.bincount(own.task.y), np.bincount(capped.target)
    assert kept / kept.sum() == pytest.approx(whole / whole.sum(), abs=0.01)
    assert 200 <= capped.rows == len(capped.group) < 300
    assert set(np.bincount(capped.group)) <= set(np.bincount(own.task.group))
    assert (capped.rows_of_table, capped.rows_asked) == (600, 200)
    assert shape_of(own).rows == 600 < MOST_ROWS


def test_a_cap_keeps_predefined_folds():
    own = exam("regression", "predefined", rows=300)
    capped = shape_of(own, rows=100)
    sizes = [len(fold.test) for fold in capped.fixed.splits]
    assert sum(sizes) == 100
    assert min(sizes) > 20
    assert all(len(fold.train) + len(fold.test) == 100 for fold in capped.fixed.splits)


def test_a_cap_that_cannot_be_is_refused():
    with pytest.raises(KissBenchError, match="--rows: found 500; allowed: 8 to 120"):
        shape_of(exam("binary", "shuffled"), rows=500)


@pytest.mark.parametrize(
    ("kind", "metric", "share"),
    [
        ("binary", {"primary": "log_loss", "margin": "2%"}, 0.02),
        ("binary", {"primary": "roc_auc", "margin": 0.01}, 0.02),
        ("regression", {"primary": "rmse", "margin": "3%"}, 0.03),
        ("regression", {"primary": "r2", "margin": 0.05}, 0.05),
    ],
)
def test_margins_are_shares_of_the_dummys_loss(kind, metric, share):
    assert margin_share(exam(kind, "shuffled", metric=metric)) == pytest.approx(share)


def test_whatever_a_draw_depends_on_is_in_the_hash():
    first = shape("binary", "stratified")
    others = [
        shape("binary", "stratified", **keys)
        for keys in ({"alpha": 0.1}, {"metric": {"margin": "2%"}}, {"folds": {"count": 4}}, {"positive": "late"})
    ]
    assert len({shape_hash(one) for one in (first, *others)}) == 5
    assert shape_hash(first) == shape_hash(shape("binary", "stratified"))
