"""Whole comparisons against baycomp, scipy and hand-written formulas, and numbers that must agree with each other."""

import baycomp
import numpy as np
import pytest
from judge_examples import example, numbers, rows_of, terms_of
from scipy import stats
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor

from kiss_bench.judge import Predictions, Trio, compare_rows, dummy_loss
from kiss_bench.judge.comparison import HARMLESS, TWINS
from kiss_bench.metrics import METRICS


def of(*models):
    return Trio(dummy=models[0], incumbent=models[1], candidate=models[2])


def restless_folds(seed, repeats=4, shift=0.03):
    """Absolute errors whose gains move fold by fold more than their rows say; errors of about 6."""
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=200)
    rows = rows_of(actual, repeats=repeats, seed=seed)
    by_fold = rng.normal(shift, 0.5, (repeats, 5))
    gains = np.stack([by_fold[r][rows.fold[r]] for r in range(repeats)]) + rng.normal(size=(repeats, 200)) * 0.2
    old = np.tile(actual + 6.0, (repeats, 1))
    return rows, gains, of(np.zeros((repeats, 200)), old, old - gains)


@pytest.mark.parametrize("rope", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_where_the_folds_decide_the_probabilities_are_baycomps(rope, seed):
    rows, gains, trio = restless_folds(seed)
    found = compare_rows(rows, terms_of("mae", rope), trio, 0.05)
    means = np.array([[gains[r][rows.fold[r] == k].mean() for k in range(5)] for r in range(4)])
    assert found.se == pytest.approx(np.sqrt((1 / 20 + 1 / 4) * means.var(ddof=1)), abs=1e-12)
    assert found.df == 19
    theirs = baycomp.CorrelatedTTest(np.zeros(20), means.ravel(), rope=rope, runs=4).probs()
    assert (found.p_harm, found.p_gain) == (pytest.approx(theirs[0], abs=1e-9), pytest.approx(theirs[-1], abs=1e-9))
    assert found.p_equal == pytest.approx(theirs[1] if rope else 0.0, abs=1e-9)


def test_where_the_rows_decide_the_error_is_theirs_times_what_redrawing_did():
    actual, models = numbers(repeats=5)
    rows = rows_of(actual, repeats=5)
    found = compare_rows(rows, terms_of("mae"), of(*models), 0.05)
    d = np.abs(actual - models[1]) - np.abs(actual - models[2])
    plain = d.var(axis=1, ddof=1).mean()
    factor = min(max(1 + 3 * d.var(axis=0, ddof=1).mean() / plain, 1.25), 1.5)
    assert found.se == pytest.approx(np.sqrt(factor * plain / 200), abs=1e-12)
    assert found.p_gain == pytest.approx(stats.t.cdf(d.mean() / found.se, 199), abs=1e-12)


@pytest.mark.parametrize("sizes", [[20] * 10, [61, 5, 9, 30, 12, 20, 33, 8, 7, 15]], ids=["equal", "unequal"])
def test_groups_by_a_textbook_loop(sizes):
    actual, models = numbers(n=200)
    group = np.repeat(np.arange(10), sizes)
    rows = Predictions(actual=actual, fold=(group % 5)[None], group=group)
    found = compare_rows(rows, terms_of("mae", 0.01, scheme="group"), of(*models), 0.05)
    d = np.abs(actual - models[1][0]) - np.abs(actual - models[2][0]) - 0.01
    total = sum(sum(d[i] - d.mean() for i in np.flatnonzero(group == g)) ** 2 for g in range(10))
    assert found.se == pytest.approx(np.sqrt(1.25 * total * 10 / 9) / 200, abs=1e-12)
    assert found.df == pytest.approx(200**2 / np.square(sizes).sum() - 1.0)
    assert found.p_gain == pytest.approx(stats.t.cdf(d.mean() / found.se, found.df), abs=1e-9)


def test_as_many_folds_as_groups_is_not_yet_one_fold_a_group():
    actual, models = numbers()
    group = np.arange(200) % 5
    fold = np.random.default_rng(0).permutation(group)
    apart, crossed = (
        compare_rows(
            Predictions(actual=actual, fold=f[None], group=group), terms_of("mae", scheme="group"), of(*models), 0.05
        )
        for f in (group, fold)
    )
    assert crossed.se == pytest.approx(apart.se * np.sqrt(1.25))
    assert (apart.alpha, crossed.alpha) == (0.05, 0.01)


def near_nothing(metric, repeats, unit, seed):
    actual, models = example(metric, repeats, seed)
    rng = np.random.default_rng(seed)
    models[2] = models[1] + (actual - models[1]) * rng.uniform(-0.02, 0.04) + rng.normal(size=models[1].shape) * 0.12
    rows = rows_of(actual, repeats=repeats, seed=seed)
    return compare_rows(rows, terms_of(metric, 0.0, unit), of(*models), 0.05)


@pytest.mark.parametrize("metric", ["rmse", "rmsle", "mae", "mse"])
@pytest.mark.parametrize("unit", ["skill", "relative", "absolute"])
@pytest.mark.parametrize("repeats", [1, 2, 5])
def test_the_interval_of_a_gain_leaves_out_0_exactly_where_the_test_at_margin_0_does(metric, unit, repeats):
    apart = 0
    for seed in range(30):
        found = near_nothing(metric, repeats, unit, seed)
        assert found.low <= found.gain <= found.high
        assert (found.low > 0.0) == (found.p_gain > 0.975)
        assert (found.high < 0.0) == (found.p_gain < 0.025)
        apart += not found.low <= 0.0 <= found.high
    assert 0 < apart < 30


def test_so_it_does_where_one_repeat_is_far_noisier_than_the_other():
    """The mean of two gains in RMSE is then not the mean gain in squares over the sum of the roots."""
    apart = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        actual = rng.normal(size=100)
        old = actual + rng.normal(size=(2, 100)) * np.array([[3.0], [0.7]])
        new = actual + (old - actual) * np.array([[0.99], [0.94]]) + rng.normal(size=(2, 100)) * 0.2
        rows = rows_of(actual, repeats=2, seed=seed)
        found = compare_rows(rows, terms_of("rmse", 0.0, "skill"), of(np.zeros((2, 100)), old, new), 0.05)
        assert (found.low > 0.0, found.high < 0.0) == (found.p_gain > 0.975, found.p_gain < 0.025)
        squares = np.mean((actual - old) ** 2 - (actual - new) ** 2)
        roots = sum(np.mean([sk.root_mean_squared_error(actual, p) for p in model]) for model in (old, new))
        half = stats.t.isf(0.025, 99) * found.se / roots
        apart += (found.gain - half > 0.0) != (squares / roots - half > 0.0)
    assert apart > 0


@pytest.mark.parametrize("metric", ["rmse", "rmsle"])
def test_the_interval_of_a_root_is_that_of_the_squares_over_the_sum_of_the_roots(metric):
    actual, models = example(metric)
    found = compare_rows(rows_of(actual), terms_of(metric, 0.0, "skill"), of(*models), 0.05)
    before, after = (METRICS[metric].row_loss(actual, model[0]) for model in models[1:])
    low, high = stats.t.interval(
        0.95, len(actual) - 1, np.mean(before - after), stats.sem(before - after) * np.sqrt(1.25)
    )
    roots = np.sqrt(before.mean()) + np.sqrt(after.mean())
    assert (found.low, found.high) == (pytest.approx(low / roots), pytest.approx(high / roots))


@pytest.mark.parametrize("metric", list(METRICS))
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_verdict_can_be_recomputed_from_p_and_alpha(metric, repeats):
    for seed in range(3):
        actual, models = example(metric, repeats, seed)
        rows, terms = rows_of(actual, repeats=repeats, seed=seed), terms_of(metric, 0.02, "skill")
        for trio in (of(*models), of(models[0], models[2], models[1]), of(models[0], models[1], models[1] * 0.999)):
            found = compare_rows(rows, terms, trio, 0.05)
            assert (found.verdict == "JUSTIFIED") == (found.p_gain >= 1.0 - found.alpha)
            assert (found.verdict == "NOT JUSTIFIED") == (found.p_gain < HARMLESS)
            assert found.p_gain + found.p_equal + found.p_harm == pytest.approx(1.0, abs=1e-12)


def test_a_margin_of_near_twins_is_cut_at_its_95th_percent_in_their_favour_alone():
    """Twins on a target with heavy tails: the test is the stricter of the plain contrast's and the cut one's."""
    rng = np.random.default_rng(2)
    actual = rng.standard_t(2.1, 400)
    old = actual * 0.5
    new = old + rng.normal(size=400) * 1e-3
    assert np.std((actual - old) ** 2 - (actual - new) ** 2) < TWINS * np.std((actual - old) ** 2)
    trio = of(np.zeros((1, 400)), old[None], new[None])
    found = compare_rows(rows_of(actual), terms_of("mse", 0.01, "skill"), trio, 0.05)
    gain, dummy = (actual - old) ** 2 - (actual - new) ** 2, actual**2
    chances = []
    for yardstick in (dummy, np.minimum(dummy, np.quantile(dummy, 0.95))):
        d = gain - 0.01 * yardstick
        chances.append(stats.t.cdf(stats.ttest_1samp(d, 0.0).statistic / np.sqrt(1.25), 399))
    assert found.p_gain == pytest.approx(min(chances), abs=1e-12)


NUMBERS = np.random.default_rng(0).gamma(2.0, 3.0, 301)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.tasks == ("regression",)])
def test_the_dummys_loss_is_what_scikit_learns_best_constant_scores(metric):
    x, quantile = np.zeros((301, 1)), METRICS[metric].best_constant
    if metric == "rmsle":
        constant = np.expm1(DummyRegressor().fit(x, np.log1p(NUMBERS)).predict(x))
    elif isinstance(quantile, float):
        constant = DummyRegressor(strategy="quantile", quantile=quantile).fit(x, NUMBERS).predict(x)
    else:
        constant = DummyRegressor(strategy="median" if metric == "mae" else "mean").fit(x, NUMBERS).predict(x)
    theirs = {
        "rmse": sk.mean_squared_error,
        "mse": sk.mean_squared_error,
        "r2": sk.mean_squared_error,
        "mae": sk.mean_absolute_error,
        "rmsle": sk.mean_squared_log_error,
        "poisson_deviance": sk.mean_poisson_deviance,
        "gamma_deviance": sk.mean_gamma_deviance,
    }.get(metric, lambda y, p: sk.mean_pinball_loss(y, p, alpha=quantile))
    assert dummy_loss(NUMBERS, metric) == pytest.approx(theirs(NUMBERS, constant), abs=1e-12)
    for other in np.quantile(NUMBERS, [0.01, 0.03, 0.2, 0.3, 0.45, 0.55, 0.7, 0.8, 0.93, 0.97]):
        assert dummy_loss(NUMBERS, metric) <= theirs(NUMBERS, np.full(301, other)) + 1e-12


BEST_OF_LABELS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
    "f1": sk.f1_score,
    "mcc": sk.matthews_corrcoef,
}


@pytest.mark.parametrize(
    ("metric", "task"),
    [(name, task) for name, metric in METRICS.items() for task in metric.tasks if task != "regression"],
)
def test_the_dummys_loss_is_what_scikit_learns_dummy_classifier_scores(metric, task):
    actual = np.repeat([0, 1, 2], [120, 90, 60 if task == "multiclass" else 0])
    x = np.zeros((len(actual), 1))
    shares = DummyClassifier(strategy="prior").fit(x, actual).predict_proba(x)
    if metric in BEST_OF_LABELS:
        same = [DummyClassifier(strategy="constant", constant=c).fit(x, actual).predict(x) for c in np.unique(actual)]
        expected = 1.0 - max(BEST_OF_LABELS[metric](actual, labels) for labels in same)
    else:
        expected = {
            "log_loss": lambda: sk.log_loss(actual, shares),
            "brier": lambda: sk.brier_score_loss(actual, shares[:, 1] if task == "binary" else shares),
            "roc_auc": lambda: 1.0 - sk.roc_auc_score(actual, shares[:, 1]),
            "roc_auc_ovr": lambda: 1.0 - sk.roc_auc_score(actual, shares, multi_class="ovr"),
            "average_precision": lambda: 1.0 - sk.average_precision_score(actual, shares[:, 1]),
        }[metric]()
    assert dummy_loss(actual, metric) == pytest.approx(expected, abs=1e-12)
