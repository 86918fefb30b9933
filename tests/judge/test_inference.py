"""Standard errors against independent implementations: baycomp, statsmodels, and textbook loops."""

import baycomp
import numpy as np
import pytest
import statsmodels.api as sm
from judge_examples import classes, rows_of, terms_of
from scipy import stats

from kiss_bench.errors import FoldError
from kiss_bench.judge.comparison import chance_positive
from kiss_bench.judge.contrasts import measure, pooled, set_exam
from kiss_bench.judge.inference import (
    Spread,
    block_variance,
    lay_out,
    level_applied,
    long_run_variance,
    nadeau_bengio,
    spread,
)
from kiss_bench.judge.predictions import Predictions


def estimate_of(rows, values, scheme="shuffled"):
    layout = lay_out(rows, scheme)
    return pooled(layout, np.atleast_2d(values)), layout


def textbook_delong(actual, first, second):
    """Variance of a difference of two AUCs on the same rows, by loops over all pairs (DeLong et al. 1988)."""
    positives, negatives = np.flatnonzero(actual == 1), np.flatnonzero(actual == 0)

    def kernel(p, i, j):
        return 1.0 if p[i] > p[j] else (0.5 if p[i] == p[j] else 0.0)

    gaps = [[kernel(first, i, j) - kernel(second, i, j) for j in negatives] for i in positives]
    by_positive = [sum(row) / len(negatives) for row in gaps]
    by_negative = [sum(row[j] for row in gaps) / len(positives) for j in range(len(negatives))]
    return np.var(by_positive, ddof=1) / len(positives) + np.var(by_negative, ddof=1) / len(negatives)


@pytest.mark.parametrize("rope", [0.0, 0.02])
def test_nadeau_bengio_with_a_flat_prior_is_baycomps_correlated_t_test(rope):
    rng = np.random.default_rng(1)
    rows = rows_of(np.zeros(100), count=5, repeats=4)
    gain, layout = estimate_of(rows, rng.normal(0.03, 0.4, (4, 100)))
    sure = Spread(se=np.sqrt(nadeau_bengio(gain.folds, layout.test_over_train)), df=gain.folds.size - 1, method="")
    ours = 1.0 - chance_positive(gain * -1.0 - rope, sure), chance_positive(gain - rope, sure)
    theirs = baycomp.CorrelatedTTest(np.zeros(20), gain.folds.ravel(), rope=rope, runs=4).probs()
    assert ours[1] == pytest.approx(theirs[-1], abs=1e-9)
    assert 1.0 - ours[0] == pytest.approx(theirs[0], abs=1e-9)


def test_auc_rows_give_delongs_variance_exactly():
    actual, (_, first, second) = classes(n=80, seed=4)
    first, second = first.round(1), second.round(1)
    rows = Predictions(actual=actual, fold=np.zeros((1, 80), dtype=np.int64), n_train=80.0)
    exam = set_exam(rows, terms_of("roc_auc", scheme="predefined"))
    gap = measure(exam, first).loss - measure(exam, second).loss
    assert spread(gap, exam.layout).se ** 2 == pytest.approx(textbook_delong(actual, first[0], second[0]), abs=1e-9)


def test_auc_variance_over_folds_is_the_mean_of_delongs():
    actual, (_, first, second) = classes(n=150, seed=2)
    rows = rows_of(actual, count=3)
    exam = set_exam(rows, terms_of("roc_auc"))
    gap = measure(exam, first).loss - measure(exam, second).loss
    parts = [rows.fold[0] == k for k in range(3)]
    expected = sum(textbook_delong(actual[k], first[0, k], second[0, k]) for k in parts) / 9
    assert spread(gap, exam.layout).se ** 2 == pytest.approx(1.5 * expected, abs=1e-9)


@pytest.mark.parametrize("groups", [3, 12, 40])
def test_the_group_variance_is_statsmodels_cluster_robust_variance_of_a_mean(groups):
    rng = np.random.default_rng(groups)
    group = np.r_[np.arange(groups), rng.integers(0, groups, 300 - groups)]
    values = rng.normal(size=300) + rng.normal(size=groups)[group]
    gain, layout = estimate_of(rows_of(np.zeros(300), count=2, group=group), values, "group")
    fit = sm.OLS(values, np.ones(300)).fit()
    robust = fit.get_robustcov_results("cluster", groups=group, use_correction=False)
    sure = spread(gain, layout)
    expected = robust.bse[0] ** 2 * groups / (groups - 1) * layout.inflation
    assert sure.se**2 == pytest.approx(expected, rel=1e-9)
    assert sure.df == pytest.approx(300**2 / np.square(np.bincount(group)).sum() - 1)


@pytest.mark.parametrize("periods", [100, 101, 337])
def test_the_long_run_variance_is_its_formula(periods):
    series = np.random.default_rng(periods).normal(size=periods).cumsum()
    count = max(4, int(0.4 * periods ** (2 / 3)))
    t = np.arange(1, periods + 1)
    weights = [
        np.sqrt(2 / periods) * sum(series * np.cos(np.pi * j * (t - 0.5) / periods)) for j in range(1, count + 1)
    ]
    variance, df = long_run_variance(series)
    assert df == count
    assert variance == pytest.approx(np.mean(np.square(weights)) / periods, rel=1e-9)


def test_block_means_are_ten_plain_means_where_they_divide_the_series():
    series = np.random.default_rng(0).normal(size=60)
    means = series.reshape(10, 6).mean(axis=1)
    assert block_variance(series) == (pytest.approx(means.var(ddof=1) / 10), 9)


@pytest.mark.parametrize(
    ("periods", "method", "df"), [(7, "means of 7 blocks in time", 6), (50, "means of 10 blocks in time", 9)]
)
def test_short_series_use_block_means(periods, method, df):
    values = np.random.default_rng(0).normal(size=periods)
    rows = rows_of(np.zeros(periods), count=2, time=np.arange(periods)[::-1].copy())
    sure = spread(*estimate_of(rows, values, "forward"))
    assert (sure.method, sure.df) == (method, df)


def test_a_panel_is_averaged_over_entities_first():
    rng = np.random.default_rng(0)
    series = rng.normal(size=120)
    panel = np.repeat(series, 3) + np.tile([-1.0, 0.0, 1.0], 120)
    shuffle = rng.permutation(360)
    time = np.repeat(np.arange(120), 3)[shuffle]
    many = spread(*estimate_of(rows_of(np.zeros(360), time=time), panel[shuffle], "forward"))
    one = spread(*estimate_of(rows_of(np.zeros(120), time=np.arange(120)), series, "forward"))
    assert many.se == pytest.approx(one.se, rel=1e-9)
    assert many.df == one.df


def test_the_long_run_test_keeps_its_size_under_autocorrelation():
    """AR(1) with phi 0.5 and T = 300: .052 in the literature's own simulation; plain row variance gives about .17."""
    rng = np.random.default_rng(7)
    layout = lay_out(rows_of(np.zeros(300), time=np.arange(300)), "forward")
    hits = 0
    for _ in range(600):
        noise = rng.normal(size=320)
        for t in range(1, 320):
            noise[t] += 0.5 * noise[t - 1]
        gain = pooled(layout, noise[None, 20:])
        hits += chance_positive(gain, spread(gain, layout)) >= 0.95
    assert 0.03 <= hits / 600 <= 0.08


def redrawn(shaken, n=200, repeats=5, seed=0):
    """(r, n) contributions: a part of each row that stays, and one that every draw of the folds makes anew."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + shaken * rng.normal(size=(repeats, n))


@pytest.mark.parametrize(
    ("shaken", "repeats", "factor"),
    [(0.0, 5, 1.25), (0.1, 5, 1.25), (0.36, 5, None), (1.0, 5, 1.5), (1.0, 3, 1.25 + 1 / 3), (1.0, 20, 1.5)],
    ids=["stable", "all but stable", "between", "shaken", "three draws", "twenty draws"],
)
def test_from_three_repeats_on_the_row_variance_grows_with_what_redrawing_the_folds_does(shaken, repeats, factor):
    values = redrawn(shaken, repeats=repeats)
    sure = spread(*estimate_of(rows_of(np.zeros(200), repeats=repeats), values))
    plain = values.var(axis=1, ddof=1).mean()
    if factor is None:
        factor = 1 + 3 * values.var(axis=0, ddof=1).mean() / plain
        assert 1.3 < factor < 1.45
    assert sure.se == pytest.approx(np.sqrt(factor * plain / 200))
    assert (sure.df, sure.method) == (199, "row variance, inflated by instability")


def test_fits_that_fail_as_a_whole_are_seen_by_the_folds():
    """One fold in five is bad from end to end: its rows are one draw, not forty."""
    rng = np.random.default_rng(0)
    rows = rows_of(np.zeros(200), count=5, repeats=5)
    bad = (rng.random((5, 5)) < 0.2).astype(float)
    loud = np.stack([bad[r][rows.fold[r]] for r in range(5)]) + rng.normal(size=(5, 200)) * 0.1
    gain, layout = estimate_of(rows, loud)
    sure = spread(gain, layout)
    assert (sure.df, sure.method) == (24, "Nadeau-Bengio")
    assert sure.se == pytest.approx(np.sqrt((1 / 25 + 1 / 4) * gain.folds.var(ddof=1)))
    assert sure.se > bad.std(ddof=1) / 5


@pytest.mark.parametrize(("repeats", "level"), [(1, 0.1), (2, 0.1), (3, 0.01), (5, 0.01)])
def test_the_folds_take_over_where_they_scatter_more_than_chance_allows_and_no_sooner(repeats, level):
    """Of rows without any fold in them they do so as often as the level says; three Monte-Carlo errors let pass."""
    rng, rows = np.random.default_rng(0), rows_of(np.zeros(200), count=5, repeats=repeats)
    taken = {0.0: 0, 1.0: 0}
    for effect in taken:
        for _ in range(300):
            by_fold = effect * rng.normal(size=(repeats, 5))
            values = np.stack([by_fold[r][rows.fold[r]] for r in range(repeats)]) + rng.normal(size=200)
            gain, layout = estimate_of(rows, values)
            scatter = gain.folds.var(axis=1, ddof=1).mean() / (values.var(axis=1, ddof=1).mean() / 40)
            beyond = stats.chi2.sf(scatter * 4 * repeats, 4 * repeats) < level
            assert (spread(gain, layout).method == "Nadeau-Bengio") == beyond
            taken[effect] += beyond
    assert abs(taken[0.0] / 300 - level) <= 3 * np.sqrt(level * (1 - level) / 300)
    assert taken[1.0] / 300 >= 0.97


def test_from_three_repeats_on_groups_take_the_larger_error():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    fold = np.stack([rng.permutation(20)[group] % 5 for _ in range(3)])
    rows = Predictions(actual=np.zeros(200), fold=fold, group=group, n_train=160.0)
    loud = np.stack([rng.normal(size=5)[one] for one in fold]) + rng.normal(size=(3, 200)) * 0.1
    gain, layout = estimate_of(rows, loud, "group")
    sure = spread(gain, layout)
    assert (sure.se, sure.df) == (pytest.approx(np.sqrt((1 / 15 + 1 / 4) * gain.folds.var(ddof=1))), 14)
    quiet = rng.normal(size=20)[group] * np.ones((3, 1))
    quiet = quiet - np.stack([pooled(layout, quiet).folds[r][fold[r]] for r in range(3)])
    sure = spread(*estimate_of(rows, quiet, "group"))
    sums = np.stack([np.bincount(group, weights=row - row.mean()) for row in quiet])
    assert sure.se == pytest.approx(np.sqrt(1.25 * np.square(sums).sum(axis=1).mean() * 20 / 19) / 200)


def test_two_repeats_average_variances_and_not_rows():
    values = np.random.default_rng(0).normal(size=(2, 100))
    sure = spread(*estimate_of(rows_of(np.zeros(100), repeats=2), values))
    assert sure.se == pytest.approx(np.sqrt(1.25 * values.var(axis=1, ddof=1).mean() / 100))
    assert sure.df == 99


def test_one_fold_a_group_is_tested_once_without_inflation():
    group = np.repeat(np.arange(12), 10)
    rows = Predictions(actual=np.zeros(120), fold=group[None], group=group, n_train=110.0)
    values = np.random.default_rng(0).normal(size=120)
    gain, layout = estimate_of(rows, values, "group")
    sums = values.reshape(12, 10).sum(axis=1) - 10 * values.mean()
    assert layout.once
    assert spread(gain, layout).se == pytest.approx(np.sqrt((sums**2).sum() * 12 / 11) / 120)


@pytest.mark.parametrize(
    ("repeats", "once", "level"),
    [(1, False, 0.01), (2, False, 0.01), (3, False, 0.05), (5, False, 0.05), (1, True, 0.05)],
)
def test_the_level_applied(repeats, once, level):
    assert level_applied(0.05, repeats, once=once) == pytest.approx(level)


@pytest.mark.parametrize(
    ("rows", "scheme", "message"),
    [
        (rows_of(np.zeros(1), count=1), "shuffled", "the judge needs at least two rows that were tested, found 1"),
        (
            rows_of(np.zeros(9), group=np.zeros(9)),
            "group",
            "the judge needs at least two groups that were tested, found 1",
        ),
        (
            rows_of(np.zeros(9), time=np.zeros(9)),
            "forward",
            "the judge needs at least two points in time that were tested, found 1",
        ),
        (
            Predictions(actual=np.zeros(4), fold=np.array([[0, 0, 1, 1], [0, 1, 2, 2]])),
            "shuffled",
            "repeats with different numbers of folds cannot be compared",
        ),
    ],
    ids=["one row", "one group", "one moment", "uneven repeats"],
)
def test_too_little_to_judge_is_refused_in_a_sentence(rows, scheme, message):
    with pytest.raises(FoldError) as caught:
        lay_out(rows, scheme)
    assert str(caught.value) == message
