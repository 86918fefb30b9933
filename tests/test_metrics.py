"""The table of metrics against scikit-learn's own functions."""

import math
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as sk

from kiss_bench.errors import FoldError, KissBenchError
from kiss_bench.metrics import (
    ALIASES,
    LATER,
    METRICS,
    find_metric,
    label_score,
    objective_metric,
    placements,
    row_losses,
    score,
)
from kiss_bench.metrics.labels import confusion
from kiss_bench.metrics.table import QUANTILES

REFERENCE = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=np.arange(p.shape[1])),
    "brier": lambda y, p: sk.brier_score_loss(y, p if p.shape[1] > 2 else p[:, 1], labels=np.arange(p.shape[1])),
    "accuracy": lambda y, p: sk.accuracy_score(y, p.argmax(axis=1)),
    "roc_auc": lambda y, p: sk.roc_auc_score(y, p[:, 1]),
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "r2": sk.r2_score,
    "roc_auc_ovr": lambda y, p: sk.roc_auc_score(y, p, multi_class="ovr", average="macro"),
    "average_precision": lambda y, p: sk.average_precision_score(y, p[:, 1]),
    "balanced_accuracy": lambda y, p: sk.balanced_accuracy_score(y, p.argmax(axis=1)),
    "f1": lambda y, p: sk.f1_score(y, p.argmax(axis=1)),
    "f1_macro": lambda y, p: sk.f1_score(y, p.argmax(axis=1), average="macro"),
    "mcc": lambda y, p: sk.matthews_corrcoef(y, p.argmax(axis=1)),
    "rmsle": sk.root_mean_squared_log_error,
    "poisson_deviance": sk.mean_poisson_deviance,
    "gamma_deviance": sk.mean_gamma_deviance,
    "pinball": sk.mean_pinball_loss,
    **{f"pinball_{q:g}": partial(sk.mean_pinball_loss, alpha=q) for q in QUANTILES},
}
CASES = [(name, task) for name, metric in METRICS.items() for task in metric.tasks]


def example(task, seed=0, n=211):
    """Targets above 0 and predictions of them, or class codes and probabilities with ties."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        actual = rng.gamma(2.0, 10.0, n)
        return actual, actual * rng.gamma(5.0, 0.2, n)
    k = 2 if task == "binary" else 4
    actual = rng.integers(0, k, n)
    weights = rng.random((n, k)).round(1) + 0.1 + np.eye(k)[actual] * 0.4
    return actual, weights / weights.sum(axis=1, keepdims=True)


def tidy_binary():
    """Sixteenths: p and 1 - p are exact, so that ties in one column are ties in the other."""
    actual, prediction = example("binary", seed=3)
    chance = (prediction[:, 1] * 16).round() / 16
    return actual, np.column_stack([1.0 - chance, chance])


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_metric_equals_scikit_learn(name, task, seed):
    actual, prediction = example(task, seed)
    assert score(METRICS[name], actual, prediction) == pytest.approx(REFERENCE[name](actual, prediction), abs=1e-12)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_every_score_and_row_loss_lies_in_its_range(name, task):
    metric = METRICS[name]
    actual, prediction = example(task)
    losses = metric.row_loss(actual, prediction)
    assert losses.shape == actual.shape
    assert losses.min() >= 0.0
    assert metric.low <= score(metric, actual, prediction) <= metric.high


@pytest.mark.parametrize("name", [name for name, task in CASES if task == "binary"])
def test_one_column_of_probabilities_is_that_of_code_1(name):
    actual, prediction = tidy_binary()
    two, one = (score(METRICS[name], actual, p) for p in (prediction, prediction[:, 1]))
    assert one == pytest.approx(two, abs=1e-12)


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_says_what_it_is_in_one_sentence(name):
    assert METRICS[name].summary.endswith(".")
    assert METRICS[name].name == name
    assert set(METRICS[name].tasks) <= set(objective_metric(name).tasks)


def test_roc_auc_is_the_mean_over_folds_of_any_numbering():
    actual, prediction = tidy_binary()
    fold = np.random.default_rng(0).integers(0, 4, len(actual)) * 7
    expected = np.mean([sk.roc_auc_score(actual[fold == k], prediction[fold == k, 1]) for k in np.unique(fold)])
    assert score(METRICS["roc_auc"], actual, prediction, fold) == pytest.approx(expected, abs=1e-12)
    assert score(METRICS["roc_auc"], actual, prediction, fold, positive=0) == pytest.approx(expected, abs=1e-12)
    assert score(METRICS["roc_auc"], actual, prediction[:, 1], fold, positive=0) == pytest.approx(expected, abs=1e-12)


def test_placements_equal_the_pairwise_definition():
    actual, prediction = example("binary", seed=5, n=60)
    p = prediction[:, 1]
    wins = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    expected = np.where(actual == 1, wins[:, actual == 0].mean(axis=1), 1.0 - wins[:, actual == 1].mean(axis=1))
    np.testing.assert_allclose(placements(actual, p).value, expected, atol=1e-12)


def test_roc_auc_refuses_a_fold_with_one_class():
    with pytest.raises(FoldError, match="both classes in every fold"):
        score(METRICS["roc_auc"], np.array([0, 1, 1, 1]), np.full(4, 0.5), np.array([0, 0, 1, 1]))


@pytest.mark.parametrize("prediction", [np.full(5, 2.0), np.arange(5.0)], ids=["perfect", "wrong"])
def test_r2_of_a_constant_target_is_scikit_learns(prediction):
    actual = np.full(5, 2.0)
    assert score(METRICS["r2"], actual, prediction) == sk.r2_score(actual, prediction)


def test_a_probability_of_zero_stays_finite():
    assert math.isfinite(score(METRICS["log_loss"], np.array([1, 0]), np.array([0.0, 1.0])))


@pytest.mark.parametrize(("alias", "name"), list(ALIASES.items()))
def test_aliases_lead_to_their_metric(alias, name):
    assert find_metric(alias) is METRICS[name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((name, f"'{name}' is not built yet; available: {', '.join(METRICS)}") for name in LATER),
        ("neg_log_loss", f"'neg_log_loss' is not a metric; available: {', '.join(METRICS)}"),
    ],
)
def test_other_names_are_refused_by_name(name, message):
    with pytest.raises(KissBenchError) as caught:
        find_metric(name)
    assert str(caught.value) == message


def test_names_built_and_names_for_later_do_not_overlap():
    assert not {*METRICS, *ALIASES} & set(LATER)


@pytest.mark.parametrize(
    ("name", "objective"), [("accuracy", "log_loss"), ("roc_auc", "roc_auc"), ("r2", "r2"), ("brier_score", "brier")]
)
def test_the_tuner_optimises_no_threshold(name, objective):
    assert objective_metric(name).name == objective


def test_rows_that_prune_a_rank_metric_are_log_losses():
    actual, prediction = example("binary")
    np.testing.assert_array_equal(row_losses("roc_auc", actual, prediction), row_losses("log_loss", actual, prediction))


def test_importing_the_table_is_cheap():
    code = "import sys, kiss_bench.metrics; print([m for m in ('sklearn', 'scipy', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


OF_LABELS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1_macro": lambda y, p, **others: sk.f1_score(y, p, average="macro", zero_division=0, **others),
    "mcc": sk.matthews_corrcoef,
}


@pytest.mark.parametrize("metric", list(OF_LABELS))
@pytest.mark.parametrize(
    ("actual", "given"),
    [
        ([0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 0, 1]),
        ([0, 1, 2, 3, 0, 1], [1, 2, 3, 0, 1, 0]),
        ([0, 1, 2, 3, 0, 1], [2, 2, 2, 2, 2, 2]),
        ([0, 0, 3, 3, 0, 3], [0, 3, 3, 1, 0, 3]),
        ([0, 1, 1, 0, 0, 1], [3, 3, 3, 3, 3, 3]),
        ([0, 1, 2, 3, 3, 3], [0, 1, 1, 3, 3, 3]),
    ],
    ids=["all right", "all wrong", "always the same", "a class only given", "never right", "a class never given"],
)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_labels_at_their_limits_are_scored_as_scikit_learn_does(metric, actual, given):
    expected = OF_LABELS[metric](actual, given)
    assert label_score(METRICS[metric], np.array(actual), np.array(given)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", list(OF_LABELS))
@pytest.mark.parametrize("classes", [2, 4])
def test_weighted_labels_are_scored_as_scikit_learn_does(metric, classes):
    rng = np.random.default_rng(classes)
    actual, given = rng.integers(0, classes, (2, 150))
    weight = rng.gamma(1.0, size=150)
    shares = confusion(actual, given, classes, weight)
    theirs = sk.confusion_matrix(actual, given, sample_weight=weight, normalize="all")
    np.testing.assert_allclose(shares, theirs, atol=1e-12)
    expected = OF_LABELS[metric](actual, given, sample_weight=weight)
    assert METRICS[metric].of_shares(shares, 1)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("weighted", [False, True])
def test_f1_is_scikit_learns_for_either_label(positive, weighted):
    rng = np.random.default_rng(0)
    actual, given = rng.integers(0, 2, (2, 150))
    weight = rng.gamma(1.0, size=150) if weighted else None
    value, _ = METRICS["f1"].of_shares(confusion(actual, given, 2, weight), positive)
    assert value == pytest.approx(sk.f1_score(actual, given, pos_label=positive, sample_weight=weight), abs=1e-12)


@pytest.mark.parametrize("positive", [0, 1])
def test_average_precision_is_scikit_learns_mean_over_folds_for_either_label(positive):
    actual, prediction = tidy_binary()
    fold = np.random.default_rng(0).integers(0, 3, len(actual))
    expected = np.mean(
        [
            sk.average_precision_score(actual[fold == k], prediction[fold == k, positive], pos_label=positive)
            for k in range(3)
        ]
    )
    for given in (prediction, prediction[:, 1]):
        found = score(METRICS["average_precision"], actual, given, fold, positive=positive)
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("chance", [np.full(40, 0.3), np.linspace(0.0, 1.0, 40), np.linspace(1.0, 0.0, 40)])
def test_ranks_at_their_limits_are_scored_as_scikit_learn_does(name, chance):
    actual = (np.arange(40) >= 25).astype(int)
    prediction = np.column_stack([1.0 - chance, chance])
    assert score(METRICS[name], actual, prediction) == pytest.approx(REFERENCE[name](actual, prediction), abs=1e-12)


@pytest.mark.parametrize("factor", [-1.0, 0.0])
@pytest.mark.parametrize("name", ["poisson_deviance", "gamma_deviance"])
def test_rates_that_cannot_be_are_dear_and_finite(name, factor):
    """They count as half an event spread over all rows, which scikit-learn prices the same."""
    actual, prediction = example("regression")
    floor = actual.mean() / (2 * len(actual))
    theirs = {"poisson_deviance": sk.mean_poisson_deviance, "gamma_deviance": sk.mean_gamma_deviance}[name]
    expected = theirs(actual, np.full(len(actual), floor))
    assert score(METRICS[name], actual, prediction * factor) == pytest.approx(expected)
    assert expected > score(METRICS[name], actual, prediction)
