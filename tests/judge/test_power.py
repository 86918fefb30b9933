"""What rows can show, before and after fitting."""

import numpy as np
import pytest
from judge_examples import rows_of, terms_of
from scipy import stats
from sklearn import metrics as sk

from kiss_bench.judge import Outlook, Predictions, Trio, compare_rows, dummy_loss, smallest_gain
from kiss_bench.judge.power import detectable, rows_needed
from kiss_bench.metrics import METRICS

CODES = np.repeat([0, 1], [140, 60])
NUMBERS = np.random.default_rng(0).gamma(2.0, 3.0, 200)
SHAPE = Outlook(rows=1000, folds=5, repeats=5, rungs=6)


def target(metric):
    return NUMBERS if METRICS[metric].tasks == ("regression",) else CODES


def test_rows_needed_is_where_the_detectable_excess_shrinks_to_the_observed_one():
    assert rows_needed(100, 0.5, 1.0) == 400
    assert rows_needed(100, 0.0, 1.0) is None
    assert rows_needed(100, -0.1, 1.0) is None
    assert rows_needed(100, 1e-300, 1.0) is None


def test_the_detectable_excess_is_found_in_four_tests_out_of_five():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        sample = rng.normal(detectable(1 / 10, 99, 0.05), 1.0, 100)
        hits += stats.ttest_1samp(sample, 0.0, alternative="greater").pvalue <= 0.05
    assert hits / 2000 == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("log_loss", sk.log_loss(CODES, np.full(200, 0.3))),
        ("brier", 0.21),
        ("accuracy", 0.3),
        ("roc_auc", 0.5),
        ("rmse", NUMBERS.var()),
        ("r2", NUMBERS.var()),
        ("mae", np.abs(NUMBERS - np.median(NUMBERS)).mean()),
    ],
)
def test_the_loss_of_a_constant(metric, expected):
    assert dummy_loss(target(metric), metric) == pytest.approx(expected)


@pytest.mark.parametrize("metric", list(METRICS))
@pytest.mark.parametrize("unit", ["skill", "relative", "absolute"])
def test_more_rows_and_fewer_rungs_show_smaller_gains(metric, unit):
    terms = terms_of(metric, 0.01, unit)
    gains = [
        smallest_gain(target(metric), terms, shape)
        for shape in (
            SHAPE,
            Outlook(rows=4000, folds=5, repeats=5, rungs=6),
            Outlook(rows=4000, folds=5, repeats=5, rungs=1),
            Outlook(rows=4000, folds=5, repeats=1, rungs=1, once=True),
            Outlook(rows=4000, folds=5, repeats=1, rungs=1, once=True, spread=0.0),
        )
    ]
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0.0
    assert smallest_gain(target(metric), terms, Outlook(rows=2, folds=2, repeats=1, rungs=9)) > gains[0]


def test_the_outlook_agrees_with_the_comparison_it_foresees():
    """A candidate whose loss differs from the dummy's with the sd assumed: within a quarter of what is then found."""
    rng = np.random.default_rng(0)
    actual = rng.normal(size=2000)
    rows, terms = rows_of(actual, repeats=1), terms_of("mse", 0.01, "skill")
    dummy = np.full((1, 2000), actual.mean())
    candidate = dummy + (actual - actual.mean()) * 0.2
    d = (actual - dummy[0]) ** 2 - (actual - candidate[0]) ** 2
    shape = Outlook(rows=2000, folds=5, repeats=1, rungs=1, spread=float(d.std() / actual.var()))
    found = compare_rows(rows, terms, Trio(dummy=dummy, incumbent=dummy, candidate=candidate), 0.05)
    assert smallest_gain(actual, terms, shape) == pytest.approx(found.min_detectable_gain, rel=0.35)


@pytest.mark.parametrize(
    ("statistic", "repeats"), [(1.5, None), (1.8, None), (1.85, 4), (1.95, 3), (2.2, 3), (-1.0, None)],
    ids=["too small", "just too small", "four", "three", "three with ease", "worse"],
)  # fmt: skip
def test_the_repeats_needed_are_those_that_pass_the_test_at_its_whole_level(statistic, repeats):
    """One draw of five folds, and rows whose t, inflated by 5/4, is the statistic."""
    fold = np.random.default_rng(0).permutation(200) % 5
    noise = np.random.default_rng(1).normal(size=200)
    noise -= np.array([noise[fold == k].mean() for k in range(5)])[fold]  # quiet folds, lest they take over
    gains = noise / noise.std(ddof=1) + statistic * np.sqrt(1.25 / 200)
    rows, old = Predictions(actual=np.zeros(200), fold=fold[None]), np.full((1, 200), 9.0)
    trio = Trio(dummy=old, incumbent=old, candidate=old - gains)
    found = compare_rows(rows, terms_of("mae", 0.0), trio, 0.05)
    assert found.verdict == "INCONCLUSIVE"
    assert found.p_gain == pytest.approx(stats.t.cdf(statistic, 199))
    assert found.repeats_needed == repeats
    by_hand = [r for r in range(3, 21) if stats.t.sf(statistic * np.sqrt(1.25 / max(1.25 + 1 / r, 1.5)), 199) <= 0.05]
    assert repeats == (by_hand[0] if by_hand else None)
