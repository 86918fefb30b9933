"""The threshold of a unit is learnt on the inner folds of its training part, and on nothing else."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of, outcome_of, plain, unit_of

from kiss_bench.evaluation.exam import Unit
from kiss_bench.evaluation.thresholds import best_threshold
from kiss_bench.metrics import METRICS, label_score
from kiss_bench.records.keys import Keys
from kiss_bench.runs.units import Progress
from kiss_bench.tasks.labels import labels_of
from kiss_bench.tuning.blend import blend

LADDER = ["dummy", "linear", "tree", "stack"]
ARMS = [("dummy", "default"), *[(rung, arm) for rung in LADDER[1:] for arm in ("default", "tuned")]]
FITTED = [pair for pair in ARMS if pair[0] != "stack"]


def graded(metric="f1", frame=None, ladder=LADDER, **keys):
    keys = {"positive": "yes", "tuning": {"trials": 2}, "folds": {"count": 3, "inner": 3}, **keys}
    return exam_of(plain() if frame is None else frame, metric=metric, ladder=ladder, **keys)


def outcome(exam, rung, arm="default", fold=0):
    """Any unit's outcome, the stack's with those it blends."""
    if rung != "stack":
        return outcome_of(exam, rung, arm, fold)
    bases = []
    for step in exam.plan.ladder[:-1]:
        found = outcome_of(exam, step.name, arm if step.name != "dummy" else "default", fold)
        bases.append((step, found, found))
    return blend(exam, Unit(step=exam.plan.ladder[-1], arm=arm, repeat=0, fold=fold, purpose="blend"), bases)


def with_test_targets_turned(exam, fold=0):
    """The same folds, and the other label for every row of one test part."""
    test, task = exam.split(0, fold).test, exam.task
    y, actual = task.y.copy(), task.actual.copy()
    y[test] = 1 - y[test]
    actual.iloc[test] = np.array(task.labels)[y[test]]
    return replace(exam, task=replace(task, y=y, actual=actual))


@pytest.mark.parametrize("metric", ["f1", "mcc"])
@pytest.mark.parametrize(("rung", "arm"), ARMS)
def test_other_labels_in_the_test_part_change_nothing(rung, arm, metric):
    exam = graded(metric)
    before, after = outcome(exam, rung, arm), outcome(with_test_targets_turned(exam), rung, arm)
    assert before.threshold is not None
    assert after.threshold == before.threshold
    np.testing.assert_array_equal(after.prediction, before.prediction)


@pytest.mark.parametrize("rung", ["linear", "tree"])
def test_other_labels_in_the_training_part_do_change_it(rung):
    """What the test above is worth."""
    exam = graded()
    assert outcome(with_test_targets_turned(exam, fold=1), rung).threshold != outcome(exam, rung).threshold


@pytest.mark.parametrize("positive", ["yes", "no"])
@pytest.mark.parametrize(("rung", "arm"), FITTED)
def test_it_is_the_best_one_on_out_of_fold_predictions_of_training_rows(rung, arm, positive):
    exam = graded("f1", positive=positive)
    found, code = outcome(exam, rung, arm), ["no", "yes"].index(positive)
    assert sorted(found.inner_rows) == exam.split(0, 0).train.tolist()
    actual, chance = exam.task.y[found.inner_rows], found.inner_prediction[:, code]
    assert found.threshold == best_threshold(METRICS["f1"], actual, chance, code)


@pytest.mark.parametrize("arm", ["default", "tuned"])
def test_that_of_the_stack_is_the_best_one_for_its_blend(arm):
    exam = graded("mcc")
    found = outcome(exam, "stack", arm)
    inner = {rung: outcome(exam, rung, arm if rung != "dummy" else "default") for rung in LADDER[:-1]}
    mixed = sum(weight * inner[rung].inner_prediction for rung, weight in found.settings["weights"].items())
    actual = exam.task.y[inner["dummy"].inner_rows]
    assert found.threshold == pytest.approx(best_threshold(METRICS["mcc"], actual, mixed[:, 1], 1), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("f1", {"yes"}), ("balanced_accuracy", {"no"}), ("mcc", {"no"})],
)
def test_the_dummy_says_one_label_for_all_rows_whichever_is_better(metric, expected):
    """Where neither is better, the more frequent one, here `no`."""
    frame = plain().assign(y=np.where(np.arange(150) % 3 == 0, "yes", "no"))
    exam = graded(metric, frame)
    found = outcome(exam, "dummy")
    assert {exam.task.labels[code] for code in labels_of(found.prediction, found.threshold, 1)} == expected


# plans that need none


def fitted_rows(tmp_path, metric):
    """The outcome of a rung that writes down what it is fitted on, and the number of rows of each fit."""
    log = tmp_path / metric
    ours = {"name": "ours", "level": 8, "estimator": "fakes:spy", "settings": {"path": str(log)}}
    exam = graded(metric, plain().assign(row=np.arange(150)), ["dummy", "linear", ours])
    return outcome_of(exam, "ours"), [set(map(int, line.split())) for line in log.read_text().splitlines()], exam


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "roc_auc"])
def test_without_need_there_is_no_threshold_and_no_extra_fit(tmp_path, metric):
    found, fits, exam = fitted_rows(tmp_path, metric)
    assert (found.threshold, found.inner_rows, found.inner_prediction) == (None, None, None)
    assert fits == [set(exam.split(0, 0).train)]


def test_with_need_there_is_one_more_fit_an_inner_fold_and_none_sees_a_test_row(tmp_path):
    found, fits, exam = fitted_rows(tmp_path, "f1")
    assert found.threshold is not None
    assert len(fits) == 1 + 3
    assert set.union(*fits) == set(exam.split(0, 0).train)


@pytest.mark.parametrize(("rung", "arm"), FITTED)
def test_probabilities_are_those_of_a_plan_without_a_threshold(rung, arm):
    with_one, without = outcome(graded("f1"), rung, arm), outcome(graded("log_loss"), rung, arm)
    assert with_one.prediction.tobytes() == without.prediction.tobytes()


@pytest.mark.parametrize("arm", ["default", "tuned"])
def test_a_stack_without_inner_predictions_of_a_base_fails_naming_it(arm):
    exam = graded("f1")
    bases = [(step, outcome_of(exam, step.name), None) for step in exam.plan.ladder[:-1]]
    found = blend(exam, Unit(step=exam.plan.ladder[-1], arm=arm, repeat=0, fold=0, purpose="blend"), bases)
    lacking = "linear, tree" if arm == "default" else "dummy, linear, tree"
    assert found.reason == f"it learns from inner predictions of {lacking}, which failed"


def test_a_rung_that_fails_on_an_inner_fold_has_no_threshold_and_fails():
    """Row 0 is in the outer training part, and out of that of one inner fold."""
    ours = {"name": "ours", "level": 8, "estimator": "fakes:failing_without_row"}
    exam = graded("f1", plain().assign(row=np.arange(150)), ["dummy", "linear", ours])
    fold = next(split.fold for split in exam.folds.of(0) if 0 in split.train)
    found = outcome_of(exam, "ours", fold=fold)
    assert (found.status, found.reason, found.threshold) == ("failed", "row 0 is not here", None)


def test_inner_predictions_are_not_made_a_second_time_for_the_stack():
    purposes = {
        metric: Counter(unit.purpose for unit in Progress(exam=graded(metric), quick=False).units())
        for metric in ("log_loss", "f1")
    }
    assert purposes["log_loss"]["inner"] > 0
    assert purposes["f1"] == {kind: count for kind, count in purposes["log_loss"].items() if kind != "inner"}


# which unit is which


def key(rung, arm="default", **plan):
    """The key under one root seed, which would otherwise follow from the positive label too."""
    exam = graded(seed=5, **plan)
    return Keys(exam).of(unit_of(exam, rung, arm))


@pytest.mark.parametrize(("rung", "arm"), [("linear", "default"), ("linear", "tuned")])
def test_a_unit_is_another_one_where_its_threshold_serves_another_metric_or_class(rung, arm):
    plans = [
        {"metric": "log_loss"}, {"metric": "f1"}, {"metric": "mcc"}, {"metric": "f1", "positive": "no"},
    ]  # fmt: skip
    assert len({key(rung, arm, **plan) for plan in plans}) == len(plans)
    same = {"metric": {"primary": "log_loss", "also": ["f1", "mcc"]}}
    assert key(rung, arm, **same) == key(rung, arm, metric="f1")


def test_a_class_that_no_threshold_depends_on_makes_no_other_unit():
    assert key("linear", metric="log_loss", positive="no") == key("linear", metric="log_loss")


# where there is nothing to find

SEEDS = range(10)


def noise(seed, rows=300):
    rng = np.random.default_rng(seed)
    numbers = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    return numbers.assign(y=rng.permutation(np.where(np.arange(rows) % 10 < 3, "yes", "no")))


def pooled_mcc(exam, rung, arm):
    """(with the learnt thresholds, with those that suit each test part best)"""
    actual, honest, peeked = [], [], []
    for split in exam.folds.of(0):
        found, truth = outcome(exam, rung, arm, split.fold), exam.task.y[split.test]
        best = best_threshold(METRICS["mcc"], truth, found.prediction[:, 1], 1)
        actual.append(truth)
        honest.append(labels_of(found.prediction, found.threshold, 1))
        peeked.append(labels_of(found.prediction, best, 1))
    truth = np.concatenate(actual)
    return [label_score(METRICS["mcc"], truth, np.concatenate(labels), 1) for labels in (honest, peeked)]


@pytest.mark.parametrize("metric", ["f1", "mcc"])
@pytest.mark.parametrize(("rung", "arm"), [("linear", "default"), ("tree", "tuned"), ("stack", "default")])
def test_learnt_thresholds_find_nothing_in_noise_where_peeking_ones_would(rung, arm, metric):
    found = np.array([pooled_mcc(graded(metric, noise(seed)), rung, arm) for seed in SEEDS])
    honest, peeked = found.mean(axis=0)
    assert abs(honest) < 0.05, found
    assert peeked > 0.05, found
