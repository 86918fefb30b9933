"""Metrics of labels: the delta method against derivatives of scikit-learn's weighted scores and a plain bootstrap."""

import numpy as np
import pytest
from judge_examples import stratified, terms_of
from sklearn import metrics as sk

from kiss_bench.judge import Predictions
from kiss_bench.judge.contrasts import difference, measure, set_exam
from kiss_bench.judge.inference import spread

CASES = [
    ("accuracy", 2), ("balanced_accuracy", 2), ("f1", 2), ("mcc", 2),
    ("accuracy", 4), ("balanced_accuracy", 4), ("f1_macro", 4), ("mcc", 4),
]  # fmt: skip
THEIRS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": sk.f1_score,
    "f1_macro": lambda y, p, **weights: sk.f1_score(y, p, average="macro", **weights),
    "mcc": sk.matthews_corrcoef,
}


def labelled(classes, n=400, seed=0):
    """Codes of unequal classes, and the labels of two models that are right more often than not."""
    rng = np.random.default_rng(seed)
    actual = rng.choice(classes, n, p=np.arange(1, classes + 1)[::-1] / (classes * (classes + 1) / 2))
    chance = rng.random(n)
    return actual, [np.where(chance < share, actual, rng.integers(0, classes, n)) for share in (0.55, 0.7)]


def arms_of(metric, classes, actual, labels, folds=1):
    task = "binary" if classes == 2 else "multiclass"
    rows = Predictions(actual=actual, fold=stratified(actual, folds, 1, 0))
    exam = set_exam(rows, terms_of(metric, scheme="predefined", task=task))
    flat = np.full((1, len(actual), classes), 1.0 / classes)
    return exam, [measure(exam, flat, codes[None]) for codes in labels]


def textbook(metric, table):
    """(..., k, k) counts, actual by given -> the metric, from its definition by class."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    true, given, n = table.sum(axis=-1), table.sum(axis=-2), table.sum(axis=(-2, -1))
    if metric == "accuracy":
        return right.sum(axis=-1) / n
    if metric == "balanced_accuracy":
        return (right / true).mean(axis=-1)
    if metric == "mcc":
        across = n * right.sum(axis=-1) - (true * given).sum(axis=-1)
        return across / np.sqrt((n**2 - (true**2).sum(axis=-1)) * (n**2 - (given**2).sum(axis=-1)))
    f1 = 2 * right / (true + given)
    return f1[..., 1] if metric == "f1" else f1.mean(axis=-1)


@pytest.mark.parametrize(("metric", "classes"), CASES)
def test_a_rows_influence_is_the_derivative_by_its_weight(metric, classes):
    actual, labels = labelled(classes, n=120)
    _, arms = arms_of(metric, classes, actual, labels)
    for codes, arm in zip(labels, arms, strict=True):
        assert arm.score.value == pytest.approx(THEIRS[metric](actual, codes), abs=1e-12)
        for row in range(0, 120, 3):
            ends = []
            for step in (1e-6, -1e-6):
                weight = np.full(120, 1.0 - step)
                weight[row] += step * 120
                ends.append(THEIRS[metric](actual, codes, sample_weight=weight))
            effect = arm.score.rows[0, row] - arm.score.value
            assert effect == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize(("metric", "classes"), CASES)
def test_the_error_of_a_gain_is_that_of_a_paired_bootstrap(metric, classes):
    """Cells of the table actual x first x second are redrawn together; Monte-Carlo error of 4000 draws is 1 %."""
    actual, (first, second) = labelled(classes)
    exam, arms = arms_of(metric, classes, actual, (first, second))
    gap = difference(exam, *arms)
    cells = np.bincount((actual * classes + first) * classes + second, minlength=classes**3)
    draws = np.random.default_rng(0).multinomial(400, cells / 400, size=4000).reshape(-1, classes, classes, classes)
    gains = textbook(metric, draws.sum(axis=2)) - textbook(metric, draws.sum(axis=3))
    assert gap.value == pytest.approx(THEIRS[metric](actual, second) - THEIRS[metric](actual, first), abs=1e-12)
    assert spread(gap, exam.layout).se == pytest.approx(gains.std(), rel=0.06)


@pytest.mark.parametrize(("metric", "classes"), CASES)
def test_counts_are_pooled_over_folds(metric, classes):
    actual, labels = labelled(classes)
    one, many = (arms_of(metric, classes, actual, labels, folds)[1] for folds in (1, 5))
    for together, apart in zip(one, many, strict=True):
        assert apart.score.value == pytest.approx(together.score.value, abs=1e-12)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1", "mcc"])
@pytest.mark.parametrize("label", [0, 1])
def test_a_model_that_always_says_the_same_scores_as_scikit_learn_says(metric, label):
    actual, _ = labelled(2)
    same = np.full(400, label)
    _, (arm, _) = arms_of(metric, 2, actual, (same, actual))
    assert arm.score.value == pytest.approx(THEIRS[metric](actual, same), abs=1e-12)
    assert np.isfinite(arm.score.rows).all()
