"""What may not pass from scored rows into a model: their groups, their future, their ids, their values."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, exam_of, outcome_of, plain, unit_of
from sklearn.metrics import r2_score, roc_auc_score

from kiss_bench.rungs import shipped_rungs
from kiss_bench.tuning.unit import run_unit

pytestmark = pytest.mark.slow

SMALL_FOREST = {"name": "forest", "settings": {"n_estimators": 20}}
TUNED = [(rung.name, task) for rung in shipped_rungs().values() for task in rung.tasks if rung.space(task)]


def scores(exam, rung, arm, score):
    """One score a fold."""
    found = [(split, outcome_of(exam, rung, arm, split.fold)) for split in exam.folds.of(0)]
    assert [outcome.reason for _, outcome in found if outcome.status != "ok"] == []
    return [score(exam.task.y[split.test], outcome.prediction) for split, outcome in found]


def auc(actual, prediction):
    return roc_auc_score(actual, prediction[:, 1])


def grouped(seed):
    """60 customers of 10 rows, each with features and a label of his own; the labels are drawn by lot."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(60), 10)
    signature = rng.normal(size=(60, 4))[customer] + 0.05 * rng.normal(size=(600, 4))
    label = rng.permutation(np.arange(60) % 2)[customer]
    return pd.DataFrame(signature, columns=list("abcd")).assign(customer=customer, y=label)


@pytest.mark.parametrize(("rung", "arm"), [("boosting", "tuned"), ("forest", "default")])
def test_new_customers_cannot_be_told_by_the_labels_of_old_ones(rung, arm):
    ladder = ["dummy", "linear", SMALL_FOREST, "boosting"]
    told = {"folds": {"count": 3, "inner": 3}, "tuning": {"trials": 2}, "metric": "roc_auc", "ladder": ladder}
    honest, inner = [], []
    for seed in range(5):
        exam = exam_of(grouped(seed), data={"group": "customer"}, **told)
        assert exam.folds.kind == "group"
        honest += scores(exam, rung, arm, auc)
        inner += [trial.value for trial in outcome_of(exam, rung, "tuned").trials[:1]] if arm == "tuned" else []
    leaky = scores(exam_of(grouped(0).drop(columns="customer"), **told), rung, arm, auc)
    assert abs(np.mean(honest) - 0.5) < 0.1
    assert np.mean(leaky) > 0.97
    assert arm == "default" or abs(np.mean(inner) - 0.5) < 0.15, "inner folds keep customers together, too"


def walks(seed, rows=300):
    """Four random walks that have nothing to do with the fifth, the target; a day a row."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 5)).cumsum(axis=0), columns=["a", "b", "c", "d", "y"])
    return frame.assign(day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="D"))


@pytest.mark.parametrize(
    ("rung", "arm"),
    [("linear", "tuned"), ("additive", "default"), ("tree", "tuned"), ("forest", "default"), ("boosting", "tuned")],
)
def test_the_future_of_a_random_walk_is_not_foretold(rung, arm):
    """Fold by fold: pooled over folds, R2 credits whoever knows the level of the last past, which is no leak."""
    ladder = ["dummy", "linear", "additive", "tree", SMALL_FOREST, "boosting"]
    told = {"ladder": ladder, "tuning": {"trials": 2}, "metric": "r2", "folds": {"count": 4, "inner": 2}}
    found = []
    for seed in range(5):
        exam = exam_of(walks(seed), data={"time": "day"}, **told)
        assert exam.folds.kind == "forward"
        found += scores(exam, rung, arm, r2_score)
    assert np.median(found) < 0.1
    if rung in {"forest", "boosting"}:
        shuffled = exam_of(walks(0).drop(columns="day"), **told)
        assert np.median(scores(shuffled, rung, arm, r2_score)) > 0.8, "shuffled, it is"


KINDS = [
    pytest.param({}, "stratified", id="stratified"),
    pytest.param({"group": "customer"}, "group", id="group"),
    pytest.param({"time": "day"}, "forward", id="forward"),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_no_fit_of_a_study_ever_sees_a_row_that_is_scored(data, kind, tmp_path):
    """The estimator writes down every row it is fitted on: in trials inner training parts, at the end the outer one."""
    frame = plain(rows=120).assign(row=np.arange(120.0), customer=np.arange(120) // 4)
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(120), unit="D")
    for fold in range(3):
        path = tmp_path / f"fold {fold}"
        entry = {"name": "spy", "level": 8, "estimator": "fakes:spy", "settings": {"path": str(path)},
                 "space": {"idle": "float(0, 1)"}, "trials": 4}  # fmt: skip
        exam = exam_of(frame, data=data, ladder=["dummy", "linear", entry], folds={"count": 3, "inner": 3})
        assert exam.folds.kind == kind
        outcome, split = run_unit(exam, unit_of(exam, "spy", "tuned", fold)), exam.split(0, fold)
        assert (outcome.status, outcome.reason) == ("ok", "")
        fits = [set(map(int, line.split())) for line in path.read_text().splitlines()]
        train, test = set(split.train.tolist()), set(split.test.tolist())
        assert len(fits) == 4 * 3 + 1
        assert all(not rows & test for rows in fits)
        assert all(rows < train for rows in fits[:-1])
        assert fits[-1] == train
        assert set(outcome.inner_rows) <= train


@pytest.mark.parametrize(("name", "task"), TUNED)
def test_nothing_of_a_study_changes_with_the_rows_that_are_scored(name, task):
    """Other features, other targets in the test part: the same trials, settings and inner predictions, to the byte."""
    frame = plain(task, 120).assign(town=[f"t{number % 40}" for number in range(120)])
    ladder = ["dummy", "linear", "additive", "tree", SMALL_FOREST, "boosting"]
    exam = exam_of(frame, ladder=ladder, tuning={"trials": 3})
    test = exam.split(0, 0).test
    other, y = exam.task.frame.copy(), exam.task.y.copy()
    other.loc[test, ["first", "second"]] = 1e6
    other.loc[test, "home"] = None
    other.loc[test, "town"] = other["town"].cat.categories[0]
    y[test] = y[test][::-1] * 0 + y[test[0]]
    changed = replace(exam, task=replace(exam.task, frame=other, y=y))
    one, two = (run_unit(each, unit_of(each, name, "tuned")) for each in (exam, changed))
    assert (one.status, two.status) == ("ok", "ok")
    assert timeless(one) == timeless(two)
    assert one.settings == two.settings
    assert one.inner_prediction.tobytes() == two.inner_prediction.tobytes()
    assert not np.array_equal(one.prediction, two.prediction)


def timeless(outcome):
    return [replace(trial, seconds=0.0, started=0.0) for trial in outcome.trials]


@pytest.mark.parametrize("task", TASKS)
def test_the_targets_of_scored_rows_change_no_prediction(task):
    exam = exam_of(plain(task, 120), ladder=["dummy", "stump", "linear", "tree", SMALL_FOREST, "boosting"])
    y = exam.task.y.copy()
    y[exam.split(0, 0).test] = y[0]
    changed = replace(exam, task=replace(exam.task, y=y))
    for step in exam.plan.ladder:
        one, two = (outcome_of(each, step.name) for each in (exam, changed))
        assert one.prediction.tobytes() == two.prediction.tobytes()


def test_early_stopping_gains_nothing_on_noise_but_its_own_opinion():
    """Rounds chosen where the inner curve is best: that best looks better than chance, the scored rows do not."""
    nested, inner = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(300, 5)), columns=list("abcde")).assign(
            y=rng.permutation(np.arange(300) % 2)
        )
        exam = exam_of(frame, metric="roc_auc", ladder=["dummy", "linear", "boosting"], tuning={"trials": 4},
                       folds={"count": 3, "inner": 2})  # fmt: skip
        for split in exam.folds.of(0):
            outcome = outcome_of(exam, "boosting", "tuned", split.fold)
            nested.append(auc(exam.task.y[split.test], outcome.prediction))
            inner.append(max(trial.value for trial in outcome.trials))
    assert abs(np.mean(nested) - 0.5) < 0.05
    assert np.mean(inner) > np.mean(nested) + 0.02
