"""Rank metrics against DeLong by mid-ranks, derivatives of scikit-learn's weighted scores, and plain bootstraps."""

import numpy as np
import pytest
from judge_examples import many_classes, stratified, terms_of
from scipy.stats import rankdata
from sklearn import metrics as sk

from kiss_bench.judge import Predictions
from kiss_bench.judge.contrasts import difference, measure, set_exam
from kiss_bench.judge.inference import spread
from kiss_bench.metrics.ranking import average_precision_of, roc_curve_area


def scored(n, positives, seed=0, ties=False, noises=(1.6, 1.2)):
    """Codes with so many positives, and the scores of two related models in [0, 1]."""
    rng = np.random.default_rng(seed)
    actual = np.r_[np.ones(positives, dtype=np.int64), np.zeros(n - positives, dtype=np.int64)]
    common = rng.normal(size=n)
    raw = [2.0 * actual + 0.7 * common + rng.normal(size=n) * noise for noise in noises]
    scores = [1.0 / (1.0 + np.exp(-one)) for one in raw]
    return actual, [one.round(1) if ties else one for one in scores]


def exam_of(metric, actual, folds=1, *, group=None, scheme="predefined"):
    fold = stratified(actual, folds, 1, 0)
    return set_exam(Predictions(actual=actual, fold=fold, group=group), terms_of(metric, scheme=scheme))


def delong_by_midranks(actual, scores):
    """(m, m) covariance of m areas on the same rows, from mid-ranks (Sun & Xu 2014, IEEE Signal Proc. Letters 21)."""
    one, none = actual == 1, actual == 0
    by_positive, by_negative = [], []
    for p in scores:
        ranks = rankdata(p)
        by_positive.append((ranks[one] - rankdata(p[one])) / none.sum())
        by_negative.append(1.0 - (ranks[none] - rankdata(p[none])) / one.sum())
    return np.cov(by_positive) / one.sum() + np.cov(by_negative) / none.sum()


@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
@pytest.mark.parametrize(("n", "positives"), [(60, 30), (200, 11), (300, 280)])
def test_on_one_fold_the_variance_of_an_area_and_of_a_gap_is_delongs(n, positives, ties):
    actual, scores = scored(n, positives, ties=ties)
    exam = exam_of("roc_auc", actual)
    covariance = delong_by_midranks(actual, scores)
    arms = [measure(exam, p[None]) for p in scores]
    for number, arm in enumerate(arms):
        assert arm.score.value == pytest.approx(sk.roc_auc_score(actual, scores[number]), abs=1e-12)
        assert spread(arm.score, exam.layout).se ** 2 == pytest.approx(covariance[number, number], abs=1e-9)
    gap = spread(difference(exam, *arms), exam.layout).se ** 2
    assert gap == pytest.approx(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1], abs=1e-9)


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_over_folds_the_variance_is_the_sum_of_delongs_over_k_squared(folds):
    actual, scores = scored(420, 140, ties=True)
    exam = exam_of("roc_auc", actual, folds)
    parts = [exam.layout.fold[0] == k for k in range(folds)]
    expected = 0.0
    for part in parts:
        covariance = delong_by_midranks(actual[part], [p[part] for p in scores])
        expected += (covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]) / folds**2
    gap = difference(exam, *(measure(exam, p[None]) for p in scores))
    assert spread(gap, exam.layout).by_rows.se ** 2 == pytest.approx(expected * folds / (folds - 1), abs=1e-9)
    np.testing.assert_allclose(
        gap.folds[0], [sk.roc_auc_score(actual[p], scores[1][p]) - sk.roc_auc_score(actual[p], scores[0][p])
                       for p in parts], atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("curve", "theirs"),
    [(roc_curve_area, sk.roc_auc_score), (average_precision_of, sk.average_precision_score)],
    ids=["roc_auc", "average_precision"],
)
@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
def test_a_rows_effect_is_the_derivative_by_its_share_of_its_class(curve, theirs, ties):
    """Each row in turn gets a little more of its own class's weight, by scikit-learn's `sample_weight`."""
    actual, (p, _) = scored(60, 25, seed=3, ties=ties)
    value, effects = curve(actual == 1, p)
    assert value == pytest.approx(theirs(actual, p), abs=1e-12)
    for row in range(0, 60, 2):
        own = actual == actual[row]
        ends = []
        for step in (1e-6, -1e-6):
            weight = np.where(own, 1.0 - step, 1.0)
            weight[row] += step * own.sum()
            ends.append(theirs(actual, p, sample_weight=weight))
        assert effects[row] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def average_precisions(positive, negative, draws):
    """(B,) average precision of B samples of positives and negatives, by counting at each positive; no ties."""
    values = []
    for ones, nones in draws:
        a, b = np.sort(positive[ones]), np.sort(negative[nones])
        own = len(a) - np.searchsorted(a, a, side="left")
        values.append(np.mean(own / (own + len(b) - np.searchsorted(b, a, side="left"))))
    return np.array(values)


@pytest.mark.parametrize(
    ("n", "positives", "close"),
    [(100, 20, 0.2), (400, 20, 0.2), (2000, 20, 0.2), (400, 200, 0.06), (1500, 150, 0.06), (600, 420, 0.06)],
)
def test_average_precision_varies_as_a_stratified_paired_bootstrap_says(n, positives, close):
    """Monte-Carlo error of 1500 draws is 2 %; with 20 positives the first order is right to a fifth, no better."""
    actual, (first, second) = scored(n, positives, seed=n + positives)
    exam = exam_of("average_precision", actual)
    gap = difference(exam, measure(exam, first[None]), measure(exam, second[None]))
    rng = np.random.default_rng(0)
    draws = [
        (rng.integers(0, positives, positives), rng.integers(0, n - positives, n - positives)) for _ in range(1500)
    ]
    values = [average_precisions(p[actual == 1], p[actual == 0], draws) for p in (first, second)]
    assert gap.value == pytest.approx(
        sk.average_precision_score(actual, second) - sk.average_precision_score(actual, first), abs=1e-12
    )
    assert spread(gap, exam.layout).se == pytest.approx(np.std(values[1] - values[0]), rel=close)


def test_the_macro_area_varies_as_a_paired_bootstrap_says():
    actual, (_, first, second) = many_classes(n=450, noises=(2.0, 1.6))
    exam = exam_of("roc_auc_ovr", actual)
    gap = difference(exam, measure(exam, first), measure(exam, second))
    rng = np.random.default_rng(1)

    def macro(y, p):
        areas = []
        for code in range(3):
            ranks, own = rankdata(p[:, code]), y == code
            areas.append((ranks[own].sum() - own.sum() * (own.sum() + 1) / 2) / (own.sum() * (~own).sum()))
        return np.mean(areas)

    draws = [rng.integers(0, 450, 450) for _ in range(1200)]
    values = [macro(actual[d], second[0][d]) - macro(actual[d], first[0][d]) for d in draws]
    assert gap.value == pytest.approx(macro(actual, second[0]) - macro(actual, first[0]), abs=1e-12)
    assert macro(actual, first[0]) == pytest.approx(sk.roc_auc_score(actual, first[0], multi_class="ovr"), abs=1e-12)
    assert spread(gap, exam.layout).se == pytest.approx(np.std(values), rel=0.08)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_with_one_fold_a_group_the_variance_is_that_of_the_groups_values(metric):
    actual, scores = scored(600, 240, ties=True)
    group = stratified(actual, 8, 1, 0)[0]
    exam = exam_of(metric, actual, 8, group=group, scheme="group")
    gap = difference(exam, *(measure(exam, p[None]) for p in scores))
    area = sk.roc_auc_score if metric == "roc_auc" else sk.average_precision_score
    values = [area(actual[g], scores[1][g]) - area(actual[g], scores[0][g]) for g in (group == k for k in range(8))]
    assert gap.value == pytest.approx(np.mean(values), abs=1e-12)
    assert spread(gap, exam.layout).se ** 2 == pytest.approx(np.var(values, ddof=1) / 8, rel=1e-9)


def test_forward_in_time_the_rows_of_a_fold_sum_to_that_folds_deviation():
    actual, (p, _) = scored(500, 200)
    fold = np.arange(500) * 7 % 5
    time = np.random.default_rng(0).permutation(500)
    exam = set_exam(Predictions(actual=actual, fold=fold[None], time=time), terms_of("roc_auc", scheme="forward"))
    score = measure(exam, p[None]).score
    values = [sk.roc_auc_score(actual[fold == k], p[fold == k]) for k in range(5)]
    sums = np.bincount(fold, weights=score.rows[0] - score.value)
    np.testing.assert_allclose(sums, (np.array(values) - np.mean(values)) * 500 / 5, atol=1e-9)
    assert score.rows.mean() == pytest.approx(np.mean(values), abs=1e-12)
