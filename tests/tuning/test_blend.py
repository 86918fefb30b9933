import itertools
from dataclasses import replace

import numpy as np
import pytest
from exam_tables import TASKS, exam_of, outcome_of, plain, unit_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kiss_bench.evaluation.exam import Unit
from kiss_bench.rungs._blend import learn_weights
from kiss_bench.tuning.blend import blend
from kiss_bench.tuning.unit import run_unit


def loss_of(task, actual, columns, weights):
    mixed = np.tensordot(weights, columns, axes=1)
    if task == "regression":
        return float(np.mean((mixed - actual) ** 2))
    return float(-np.mean(np.log(np.maximum(mixed[np.arange(len(actual)), actual], 1e-15))))


def simplex(count, steps):
    for cuts in itertools.product(range(steps + 1), repeat=count - 1):
        if sum(cuts) <= steps:
            yield np.array([*cuts, steps - sum(cuts)]) / steps


def bases(task, count, seed, rows=200, scale=1.0):
    """Predictions of differing skill, floored as stored."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        actual = rng.normal(size=rows) * scale
        return actual, np.stack([0.7 * actual + rng.normal(size=rows) * scale * (1 + k) / 2 for k in range(count)])
    labels = 2 if task == "binary" else 3
    actual = rng.integers(0, labels, rows)
    raw = np.stack([np.eye(labels)[actual] * (1.5 - k / 2) + rng.normal(size=(rows, labels)) for k in range(count)])
    chance = np.exp(2 * raw)
    chance = np.maximum(chance / chance.sum(axis=2, keepdims=True), 1 / (2 * rows))
    return actual, chance / chance.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("task", TASKS)
def test_weights_are_the_best_of_the_whole_simplex(task, count, seed):
    actual, columns = bases(task, count, seed)
    weights = learn_weights(task, actual, columns)
    grid = [(loss_of(task, actual, columns, point), point) for point in simplex(count, 200 if count == 2 else 60)]
    best, nearest = min(grid, key=lambda pair: pair[0])
    assert loss_of(task, actual, columns, weights) <= best + 1e-9
    np.testing.assert_allclose(weights, nearest, atol=0.03)


WILD = [
    pytest.param("regression", 1e12, id="numbers of 1e12"),
    pytest.param("regression", 1e-9, id="numbers of 1e-9"),
    pytest.param("binary", 1.0, id="two labels"),
    pytest.param("multiclass", 1.0, id="three labels"),
]


@pytest.mark.parametrize(("task", "scale"), WILD)
@given(seed=st.integers(0, 2**31), count=st.integers(1, 8), wild=st.sampled_from([1.0, 1e3, 1e8, 1e12]))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_weights_are_shares_and_never_worse_than_any_single_base(task, scale, seed, count, wild):
    actual, columns = bases(task, count, seed, rows=60, scale=scale)
    if task == "regression":
        columns[count // 2, 0] *= wild
    weights = learn_weights(task, actual, columns)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    singles = [loss_of(task, actual, columns, point) for point in np.eye(count)]
    assert loss_of(task, actual, columns, weights) <= min(singles) * (1 + 1e-6) + 1e-300


def test_raising_a_base_to_the_truth_gives_it_all_the_weight():
    actual, columns = bases("regression", 3, 0)
    columns[1] = actual
    np.testing.assert_allclose(learn_weights("regression", actual, columns), [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_equal_bases_are_no_reason_to_fail(task):
    actual, columns = bases(task, 1, 0)
    weights = learn_weights(task, actual, np.concatenate([columns] * 4))
    assert weights.sum() == pytest.approx(1.0)


def test_a_target_that_is_constant_on_the_inner_rows_is_no_reason_to_fail():
    weights = learn_weights("regression", np.full(30, 7.0), np.stack([np.full(30, 7.0), np.arange(30.0)]))
    np.testing.assert_allclose(weights, [1.0, 0.0], atol=1e-6)


LADDER = ["dummy", "stump", "linear", "tree", "stack"]


def stacked(task, arm="tuned", change=lambda step, found: found):
    """The stack of fold 0 with real bases, each changed on the way as said."""
    exam = exam_of(plain(task), ladder=LADDER, tuning={"trials": 3})
    stack = exam.plan.ladder[-1]
    found = []
    for step in exam.plan.ladder[:-1]:
        tuned = arm == "tuned" and step.trials > 0
        outcome = outcome_of(exam, step.name, "tuned" if tuned else "default")
        inner = outcome if tuned else run_unit(exam, replace(unit_of(exam, step.name), purpose="inner"))
        found.append((step, *change(step.name, (outcome, inner))))
    unit = Unit(step=stack, arm=arm, repeat=0, fold=0, purpose="blend")
    return exam, found, blend(exam, unit, found)


@pytest.mark.parametrize("task", TASKS)
def test_the_tuned_stack_weighs_all_rungs_below_by_their_inner_predictions(task):
    exam, found, outcome = stacked(task)
    weights = outcome.settings["weights"]
    assert list(weights) == LADDER[:-1]
    inner = np.stack([base.inner_prediction for _, _, base in found])
    actual = exam.task.y[found[0][2].inner_rows]
    np.testing.assert_array_equal(list(weights.values()), learn_weights(task, actual, inner))
    expected = sum(weight * base.prediction for weight, (_, base, _) in zip(weights.values(), found, strict=True))
    np.testing.assert_allclose(outcome.prediction, expected)
    for _, _, base in found:
        np.testing.assert_array_equal(base.inner_rows, found[0][2].inner_rows)
    singles = [loss_of(task, actual, inner, point) for point in np.eye(len(found))]
    assert loss_of(task, actual, inner, np.array(list(weights.values()))) <= min(singles) * (1 + 1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_the_default_stack_is_the_plain_mean_from_linear_up(task):
    _, found, outcome = stacked(task, "default")
    assert outcome.settings == {"weights": {"linear": 0.5, "tree": 0.5}}
    linear, tree = (base.prediction for step, base, _ in found if step.name in {"linear", "tree"})
    np.testing.assert_allclose(outcome.prediction, (linear + tree) / 2)


def test_the_stack_costs_what_its_parts_cost():
    _, found, outcome = stacked("binary")
    used = [base for step, base, _ in found if outcome.settings["weights"][step.name] > 0]
    assert outcome.costs.fit_seconds == pytest.approx(sum(base.costs.fit_seconds for base in used))
    assert outcome.costs.model_bytes == sum(base.costs.model_bytes for base in used)


def failed(outcome):
    return replace(outcome, status="failed", prediction=None, inner_prediction=None, reason="no luck")


BROKEN = [
    pytest.param("tuned", lambda step, pair: (failed(pair[0]), pair[1]) if step == "linear" else pair,
                 "it blends linear, which failed", id="a base failed"),
    pytest.param("default", lambda step, pair: (failed(pair[0]), pair[1]) if step in {"stump", "tree"} else pair,
                 "it blends stump, tree, which failed", id="two bases failed"),
    pytest.param("tuned", lambda step, pair: (None, pair[1]) if step == "tree" else pair,
                 "it blends tree, which failed", id="a base has no outcome"),
    pytest.param("tuned", lambda step, pair: (pair[0], failed(pair[1])) if step == "dummy" else pair,
                 "it learns from inner predictions of dummy, which failed", id="the inner folds of a base failed"),
]  # fmt: skip


@pytest.mark.parametrize(("arm", "change", "reason"), BROKEN)
def test_a_stack_on_a_failed_base_fails_naming_it(arm, change, reason):
    outcome = stacked("binary", arm, change)[2]
    assert (outcome.status, outcome.error, outcome.reason) == ("failed", "BaseFailed", reason)
    assert outcome.prediction is None


def test_a_default_stack_without_a_rung_from_linear_up_fails_saying_so():
    exam = exam_of(plain(), ladder=["dummy", "stump", "stack"], skip={"linear": "a test"}, tuning={"trials": 3})
    found = [(step, outcome_of(exam, step.name), None) for step in exam.plan.ladder[:-1]]
    unit = Unit(step=exam.plan.ladder[-1], arm="default", repeat=0, fold=0, purpose="blend")
    assert blend(exam, unit, found).reason == "there is no rung from `linear` up to blend"
