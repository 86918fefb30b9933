"""What columns are worth, against scikit-learn's own permutation importance of the same pipelines."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, exam_of, messy, outcome_of
from sklearn.inspection import permutation_importance

import kiss_bench.diagnostics.importance as module
from kiss_bench.diagnostics.importance import Refit, importance, strongest_columns
from kiss_bench.errors import RungError
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.metrics import METRICS
from kiss_bench.runs.units import rung_facts


def refit_of(exam, rung, fold=0):
    outcome = outcome_of(exam, rung, fold=fold)
    facts = rung_facts(next(step for step in exam.plan.ladder if step.name == rung))
    pipeline = pipeline_of(exam, facts, outcome.settings, outcome.seeds["estimator"])
    return Refit(split=exam.split(0, fold), pipeline=pipeline, stored=outcome.prediction)


def metric_of(exam):
    return METRICS["mse" if exam.task.kind == "regression" else "log_loss"]


def found_of(exam, refits, metric=None):
    return importance(exam, metric or metric_of(exam), refits, exam.task.columns)


@pytest.fixture(scope="module", params=TASKS)
def exam(request):
    return exam_of(messy(request.param, rows=300).drop(columns="part"), folds={"count": 3})


def test_it_is_scikit_learns_within_the_noise_of_shuffling(exam):
    refit = refit_of(exam, {"binary": "boosting", "multiclass": "linear", "regression": "additive"}[exam.task.kind])
    found = {one.column: one.loss for one in found_of(exam, [refit]).columns}
    train, test = (exam.task.frame.iloc[rows] for rows in (refit.split.train, refit.split.test))
    fitted = refit.pipeline.fit(train, exam.targets[refit.split.train])

    def score(model, X, y):
        said = model.predict(X) if exam.task.kind == "regression" else model.predict_proba(X)
        return -metric_of(exam).row_loss(exam.task.y[refit.split.test], said).mean()

    theirs = permutation_importance(fitted, test, None, scoring=score, n_repeats=10, random_state=0)
    for place, name in enumerate(test.columns):
        noise = theirs.importances[place].std() * np.sqrt(1 / 5 + 1 / 10)
        assert abs(found[name] - theirs.importances_mean[place]) <= 5 * noise + 1e-9, name


def test_columns_come_largest_first_and_those_that_say_nothing_are_worth_nothing(exam):
    found = found_of(exam, [refit_of(exam, "linear", fold) for fold in range(3)])
    assert [one.loss for one in found.columns] == sorted((one.loss for one in found.columns), reverse=True)
    assert (found.folds, found.rows, found.shuffles) == (3, 300, 5)
    by_name = {one.column: one for one in found.columns}
    assert set(by_name) == {column.name for column in exam.task.columns}
    for name in ("constant", "one level", "nothing"):
        assert (by_name[name].loss, by_name[name].low, by_name[name].high) == (0.0, 0.0, 0.0)
    assert found.columns[0].low > 0.0
    assert all(one.low <= one.loss <= one.high for one in found.columns)


def test_the_same_folds_give_the_same_numbers_whatever_fits_into_one_call(exam, monkeypatch):
    refits = [refit_of(exam, "tree", fold) for fold in range(2)]
    once = found_of(exam, refits)
    monkeypatch.setattr(module, "AT_ONCE", 100)
    assert found_of(exam, refits) == once


def test_a_model_that_does_not_say_what_is_stored_is_refused(exam):
    refit = refit_of(exam, "linear")
    with pytest.raises(
        RungError, match=r"fitted again on fold 0 it predicts other than what is stored, by up to 0\.001"
    ):
        found_of(exam, [replace(refit, stored=refit.stored + 0.001)])
    with pytest.raises(RungError, match="other than what is stored"):
        found_of(exam, [replace(refit, stored=refit.stored * np.nan)])


def test_a_root_is_told_by_the_loss_under_it():
    exam = exam_of(messy("regression", rows=120).drop(columns="part"))
    refit = refit_of(exam, "linear")
    rooted, squared = found_of(exam, [refit], METRICS["rmse"]), found_of(exam, [refit], METRICS["mse"])
    assert (rooted.loss, squared.loss) == ("squared error", "mse")
    assert rooted.columns == squared.columns


def test_intervals_are_those_of_groups_where_there_are_any():
    base = messy("binary", rows=60).drop(columns="part")
    copies = pd.concat([base] * 5, ignore_index=True)
    copies["who"] = np.tile(np.arange(60), 5)
    exam = exam_of(copies, data={"group": "who"}, folds={"kind": "group", "count": 3})
    alone = exam_of(copies.drop(columns="who"), folds={"kind": "shuffled", "count": 3})
    widths = [
        max(one.high - one.low for one in found_of(each, [refit_of(each, "linear")]).columns) for each in (exam, alone)
    ]
    assert widths[0] > 1.3 * widths[1]


@pytest.mark.parametrize(
    ("rows", "columns", "drawn", "shuffles"),
    [(100, 10, 100, 5), (3_000, 10, 2_000, 2), (3_000, 20, 2_000, 1), (3_000, 100, 500, 1), (3_000, 200, 150, 1)],
)
def test_the_effort_is_bounded_whatever_the_table(rows, columns, drawn, shuffles):
    frame = pd.DataFrame(np.zeros((2 * rows, columns)), columns=[f"c{i}" for i in range(columns)])
    frame["y"] = np.arange(2 * rows) / 7
    exam = exam_of(frame, folds={"count": 2})
    refit = Refit(split=exam.split(0, 0), pipeline=None, stored=np.empty(0))
    effort = module._effort(exam, [refit], exam.task.columns)
    assert (effort.rows, effort.shuffles) == (drawn, shuffles)
    assert effort.rows * columns * effort.shuffles <= module.MOST_PREDICTED


@pytest.mark.parametrize("task", TASKS)
def test_of_very_many_columns_those_that_say_most_alone_are_taken(task):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(150, 300)), columns=[f"c{i}" for i in range(300)])
    signal = frame["c250"] + frame["c299"]
    frame["y"] = {"binary": np.where(signal > 0, "b", "a"), "regression": signal}.get(
        task, np.array(["a", "b", "c"])[np.searchsorted([-0.5, 0.5], signal)]
    )
    exam = exam_of(frame)
    taken = [column.name for column in strongest_columns(exam, np.arange(150))]
    assert len(taken) == 200
    assert {"c250", "c299"} <= set(taken)
    assert taken == sorted(taken, key=lambda name: int(name[1:]))
