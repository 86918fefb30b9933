"""Weighted rows: statsmodels' robust weighted mean, scikit-learn's `sample_weight`, and what weights cannot do."""

import dataclasses
from functools import partial

import numpy as np
import pytest
import statsmodels.api as sm
from judge_examples import example, numbers, rows_of, stratified, terms_of
from sklearn import metrics as sk

from kiss_bench.errors import DataError, FoldError, KissBenchError
from kiss_bench.judge import Predictions, Trio, compare_rows
from kiss_bench.judge.contrasts import measure, set_exam
from kiss_bench.metrics import METRICS

WEIGHTABLE = [name for name, metric in METRICS.items() if metric.pooling != "ranks"]
FIGURES = ("gain", "low", "high", "margin", "se", "df", "p_gain", "p_equal", "p_harm", "min_detectable_gain")


def labels_of(p):
    return p.argmax(axis=1) if p.ndim == 2 else (p > 0.5).astype(int)


THEIRS = {
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
    "accuracy": lambda y, p, **w: sk.accuracy_score(y, labels_of(p), **w),
    "balanced_accuracy": lambda y, p, **w: sk.balanced_accuracy_score(y, labels_of(p), **w),
    "f1": lambda y, p, **w: sk.f1_score(y, labels_of(p), **w),
    "f1_macro": lambda y, p, **w: sk.f1_score(y, labels_of(p), average="macro", **w),
    "mcc": lambda y, p, **w: sk.matthews_corrcoef(y, labels_of(p), **w),
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "rmsle": sk.root_mean_squared_log_error,
    "r2": sk.r2_score,
    "poisson_deviance": sk.mean_poisson_deviance,
    "gamma_deviance": sk.mean_gamma_deviance,
    **{
        name: partial(sk.mean_pinball_loss, alpha=metric.best_constant)
        for name, metric in METRICS.items()
        if name.startswith("pinball")
    },
}


def weights(n, seed=0):
    return np.random.default_rng(seed).gamma(2.0, 1.0, n) + 0.1


def weighed(metric, weight, unit="skill", repeats=1, margin=0.01):
    actual, (dummy, old, new) = example(metric, repeats)
    trio = Trio(dummy=dummy, incumbent=old, candidate=new)
    return compare_rows(rows_of(actual, repeats=repeats, weight=weight), terms_of(metric, margin, unit), trio, 0.05)


def same(one, other, rel=1e-12):
    left, right = ([getattr(found, name) for name in FIGURES] for found in (one, other))
    assert left == pytest.approx(right, rel=rel, abs=1e-12)
    assert (one.verdict, one.flags, one.method) == (other.verdict, other.flags, other.method)


@pytest.mark.parametrize("metric", WEIGHTABLE)
def test_a_weighted_score_is_scikit_learns(metric):
    actual, models = example(metric)
    weight = weights(len(actual))
    exam = set_exam(rows_of(actual, weight=weight), terms_of(metric))
    for model in models:
        expected = THEIRS[metric](actual, model[0], sample_weight=weight)
        assert measure(exam, model).score.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("folds", [2, 5])
def test_the_error_of_a_weighted_mean_is_statsmodels_wls_with_hc1(folds):
    """HC1: n/(n-1) sum w^2 e^2 / (sum w)^2; times K/(K-1) since folds share training rows."""
    actual, (dummy, old, new) = numbers()
    weight, trio = weights(200), Trio(dummy=dummy, incumbent=old, candidate=new)
    found = compare_rows(rows_of(actual, count=folds, weight=weight), terms_of("mae"), trio, 0.05)
    d = np.abs(actual - old[0]) - np.abs(actual - new[0])
    fit = sm.WLS(d, np.ones(200), weights=weight).fit(cov_type="HC1")
    assert found.gain == pytest.approx(fit.params[0], abs=1e-12)
    assert found.se == pytest.approx(fit.bse[0] * np.sqrt(folds / (folds - 1)), abs=1e-9)


@pytest.mark.parametrize("groups", [6, 40])
def test_the_error_of_a_weighted_mean_of_groups_is_statsmodels_clustered_wls(groups):
    rng = np.random.default_rng(groups)
    actual, (dummy, old, new) = numbers()
    weight, group = weights(200), np.r_[np.arange(groups), rng.integers(0, groups, 200 - groups)]
    rows, trio = rows_of(actual, weight=weight, group=group), Trio(dummy=dummy, incumbent=old, candidate=new)
    found = compare_rows(rows, terms_of("mae", scheme="group"), trio, 0.05)
    d = np.abs(actual - old[0]) - np.abs(actual - new[0])
    plain = {"groups": group, "use_correction": False}
    fit = sm.WLS(d, np.ones(200), weights=weight).fit(cov_type="cluster", cov_kwds=plain)
    assert found.se**2 == pytest.approx(fit.bse[0] ** 2 * groups / (groups - 1) * 1.25, abs=1e-9)


@pytest.mark.parametrize("metric", WEIGHTABLE)
@pytest.mark.parametrize("unit", ["skill", "relative", "absolute"])
@pytest.mark.parametrize("repeats", [1, 3])
def test_equal_weights_change_nothing(metric, unit, repeats):
    n = len(example(metric)[0])
    same(weighed(metric, np.full(n, 3.7), unit, repeats), weighed(metric, None, unit, repeats))


@pytest.mark.parametrize("metric", WEIGHTABLE)
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_scale_of_weights_does_not_matter(metric, factor):
    weight = weights(len(example(metric)[0]))
    same(weighed(metric, weight * factor), weighed(metric, weight), rel=1e-9)


@pytest.mark.parametrize("metric", WEIGHTABLE)
def test_a_weight_of_two_scores_as_the_row_written_twice(metric):
    """The scores are the same; the error is not: a row seen twice is no second row."""
    actual, models = example(metric)
    count = np.random.default_rng(0).integers(1, 4, len(actual))
    weighted = set_exam(rows_of(actual, weight=count.astype(float)), terms_of(metric))
    written = set_exam(rows_of(np.repeat(actual, count)), terms_of(metric))
    for model in models:
        one, many = measure(weighted, model), measure(written, np.repeat(model, count, axis=1))
        assert one.score.value == pytest.approx(many.score.value, abs=1e-12)


@pytest.mark.parametrize("metric", [name for name in WEIGHTABLE if METRICS[name].above is None])
@pytest.mark.parametrize("unit", ["skill", "relative", "absolute"])
def test_rows_of_weight_0_are_as_good_as_left_out(metric, unit):
    actual, models = example(metric)
    fold = stratified(actual, 5, 1, 0) if actual.dtype.kind == "i" else np.arange(len(actual))[None] % 5
    keep = np.random.default_rng(9).random(len(actual)) < 0.4
    weight = np.where(keep, weights(len(actual)), 0.0)
    terms = terms_of(metric, 0.01, unit)
    whole = compare_rows(Predictions(actual=actual, fold=fold, weight=weight), terms, trio_of(models), 0.05)
    short = Predictions(actual=actual[keep], fold=fold[:, keep], weight=weight[keep])
    same(whole, compare_rows(short, terms, trio_of([model[:, keep] for model in models]), 0.05), rel=1e-9)


def test_groups_of_weight_0_are_as_good_as_left_out():
    actual, models = numbers()
    group, keep = np.arange(200) // 5, np.arange(200) // 5 % 2 == 0
    weight, terms = np.where(keep, weights(200), 0.0), terms_of("mae", 0.01, "skill", scheme="group")
    fold = group[None] // 2 % 5
    whole = compare_rows(
        Predictions(actual=actual, fold=fold, group=group, weight=weight), terms, trio_of(models), 0.05
    )
    short = Predictions(actual=actual[keep], fold=fold[:, keep], group=group[keep], weight=weight[keep])
    same(whole, compare_rows(short, terms, trio_of([model[:, keep] for model in models]), 0.05), rel=1e-9)


def trio_of(models):
    return Trio(dummy=models[0], incumbent=models[1], candidate=models[2])


def test_unequal_weights_leave_fewer_degrees_of_freedom():
    """(sum w)^2 / sum w^2 - 1, as of groups of unequal size; n - 1 would let few heavy rows pass for many."""
    weight = np.r_[np.full(10, 50.0), np.ones(190)]
    assert weighed("mae", weight).df == pytest.approx(690.0**2 / (10 * 2500 + 190) - 1.0)
    assert weighed("mae", None).df == 199


def test_with_heavy_weights_the_test_keeps_its_size():
    """Of 1000 null draws with Pareto weights, 1 % nominal: n - 1 degrees of freedom would reject 5 %."""
    rng, hits = np.random.default_rng(0), 0
    zeros, fold = np.zeros(100), np.zeros((1, 100), dtype=np.int64)
    for _ in range(1000):
        d, weight = rng.normal(size=(1, 100)) * 0.1, rng.pareto(1.2, 100) + 1.0
        trio = Trio(dummy=zeros[None], incumbent=1.0 + d, candidate=np.ones((1, 100)))
        rows = Predictions(actual=zeros, fold=fold, weight=weight)
        hits += compare_rows(rows, terms_of("mae", scheme="holdout"), trio, 0.01).p_gain >= 0.99
    assert hits / 1000 <= 0.02


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.r_[-1.0, np.ones(199)], "finite numbers of at least 0"),
        (np.r_[np.nan, np.ones(199)], "finite numbers of at least 0"),
        (np.r_[np.inf, np.ones(199)], "finite numbers of at least 0"),
        (np.zeros(200), "two or more of them above 0"),
        (np.r_[1.0, np.zeros(199)], "two or more of them above 0"),
        (np.r_[1e300, np.ones(199)], "one row holds all but all of the weight"),
    ],
    ids=["negative", "NaN", "infinite", "all zero", "one row", "one row outweighs all"],
)
def test_weights_that_are_none_are_refused(weight, message):
    with pytest.raises(DataError, match=message):
        weighed("mae", weight)


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_fold_without_weight_is_refused_in_a_sentence(repeats):
    actual, models = numbers(repeats=repeats)
    rows = rows_of(actual, repeats=repeats)
    rows = dataclasses.replace(rows, weight=np.where(rows.fold[-1] == 3, 0.0, 1.0))
    with pytest.raises(FoldError, match="fold 3 holds only rows of weight 0; leave such rows out, or use fewer folds"):
        compare_rows(rows, terms_of("mae"), trio_of(models), 0.05)


@pytest.mark.parametrize("metric", ["r2", "f1", "mcc"])
def test_targets_that_vary_only_where_the_weight_is_0_do_not_vary(metric):
    actual, models = example(metric)
    weight = (actual == 0) * 1.0 if actual.dtype.kind == "i" else np.ones(len(actual))
    actual = actual if metric != "r2" else np.where(np.arange(len(actual)) < 100, 5.0, actual)
    weight = weight if metric != "r2" else (np.arange(len(actual)) < 100) * 1.0
    with pytest.raises(DataError, match=f"{metric} (is undefined for a target that never varies|needs rows of two)"):
        compare_rows(rows_of(actual, weight=weight), terms_of(metric), trio_of(models), 0.05)


def test_one_group_with_weight_is_one_group():
    actual, models = numbers()
    group = np.arange(200) // 20
    rows = Predictions(actual=actual, fold=np.arange(200)[None] % 5, group=group, weight=(group == 3) * 1.0)
    with pytest.raises(FoldError, match="at least two groups that were tested, found 1"):
        compare_rows(rows, terms_of("mae", scheme="group"), trio_of(models), 0.05)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.pooling == "ranks"])
def test_ranks_have_no_weights(metric):
    actual, models = example(metric)
    with pytest.raises(KissBenchError, match=f"{metric} has no error bar for weighted rows"):
        compare_rows(rows_of(actual, weight=np.ones(len(actual))), terms_of(metric), trio_of(models), 0.05)
