"""Prediction intervals without refitting: do they cover what they say, and whose residuals do they use."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from kiss_bench.judge.reliability import LEAST_RESIDUALS, LEVEL, OutOfFold, half_widths, prediction_intervals


def normal(n=300, seed=0, folds=5, spread=None, **others):
    """Predictions that run from 0 to 1, and errors that are normal with sd `spread` (n,), 1 unless given."""
    rng = np.random.default_rng(seed)
    predicted = rng.permutation(np.linspace(0.0, 1.0, n))
    sd = np.ones(n) if spread is None else spread(predicted)
    return OutOfFold(
        **{
            "actual": predicted + sd * rng.normal(size=n),
            "predicted": predicted,
            "fold": rng.permutation(np.arange(n) % folds),
            "scheme": "shuffled",
        }
        | others
    )


def coverage_over(draws, **others):
    return np.mean([prediction_intervals(normal(seed=seed, **others)).coverage for seed in range(draws)])


@pytest.mark.parametrize(("n", "folds"), [(60, 3), (100, 5), (1000, 5), (1000, 10)])
def test_intervals_of_normal_errors_cover_nine_in_ten(n, folds):
    assert coverage_over(200, n=n, folds=folds) == pytest.approx(0.9, abs=0.02)


def test_new_rows_are_covered_as_well():
    """Half widths learnt on these rows hold for 50,000 rows that had no say in them."""
    fresh = np.abs(np.random.default_rng(9).normal(size=50_000))
    seen = [np.mean(fresh <= half_widths(normal(n=100, seed=seed))[0]) for seed in range(200)]
    assert np.mean(seen) == pytest.approx(0.9, abs=0.02)


def test_width_and_score_are_those_of_the_normal_distribution():
    found = prediction_intervals(normal(n=40_000))
    assert found.mean_width == pytest.approx(2 * 1.6449, rel=0.02)
    assert found.interval_score == pytest.approx(2 * 10 * 2 * 0.10314, rel=0.02)  # 4 phi(1.645) / alpha


def test_errors_that_grow_are_covered_on_the_whole_and_the_thirds_say_so():
    found = prediction_intervals(normal(n=9000, spread=lambda predicted: 0.2 + 2.0 * predicted))
    assert found.coverage == pytest.approx(0.9, abs=0.01)
    low, middle, high = found.coverage_by_third
    assert low > 0.99
    assert low > middle > high
    assert high < 0.8
    assert np.mean(found.coverage_by_third) == pytest.approx(found.coverage)


@pytest.mark.parametrize("n", [25, 49, 50, 99, 100, 101, 249, 250])
def test_half_the_width_is_the_order_statistic_of_the_other_folds(n):
    rows = normal(n=n, folds=5)
    size = np.abs(rows.actual - rows.predicted)
    for fold in range(5):
        others = np.sort(size[rows.fold != fold])
        rank = -(-9 * (len(others) + 1) // 10)  # ceil in whole numbers
        assert half_widths(rows)[rows.fold == fold] == pytest.approx(others[rank - 1])


def test_the_score_is_the_pinball_loss_of_both_ends():
    rows = normal(spread=lambda predicted: 0.2 + predicted)
    half, alpha = half_widths(rows), 1.0 - LEVEL
    low = mean_pinball_loss(rows.actual, rows.predicted - half, alpha=alpha / 2)
    high = mean_pinball_loss(rows.actual, rows.predicted + half, alpha=1 - alpha / 2)
    assert prediction_intervals(rows).interval_score == pytest.approx(2 / alpha * (low + high), rel=1e-12)


def test_a_row_has_no_say_in_its_own_interval():
    rows = normal()
    wild = replace(rows, actual=np.where(rows.fold == 2, 1e6, rows.actual))
    own = rows.fold == 2
    np.testing.assert_array_equal(half_widths(rows)[own], half_widths(wild)[own])
    assert (half_widths(rows)[~own] < half_widths(wild)[~own]).all()


class TestForwardInTime:
    rows = normal(n=500, scheme="forward", fold=np.repeat(np.arange(5), 100))

    def test_the_first_fold_has_no_interval(self):
        assert np.isnan(half_widths(self.rows)[:100]).all()
        assert np.isfinite(half_widths(self.rows)[100:]).all()
        assert prediction_intervals(self.rows).rows == 400

    def test_later_folds_have_no_say(self):
        later = replace(self.rows, actual=np.where(self.rows.fold >= 3, -1e6, self.rows.actual))
        np.testing.assert_array_equal(half_widths(self.rows)[:400], half_widths(later)[:400])

    def test_errors_that_grow_with_time_are_covered_too_seldom_and_nothing_is_promised(self):
        grown = replace(self.rows, actual=self.rows.actual * np.geomspace(1, 30, 500))
        found = prediction_intervals(grown)
        assert found.coverage < 0.75
        assert found.note.startswith("not guaranteed")

    def test_early_folds_that_are_too_short_are_passed_over(self):
        fold = np.repeat([0, 1, 2], [LEAST_RESIDUALS - 5, 10, 475])
        rows = replace(self.rows, fold=fold)
        assert np.isnan(half_widths(rows)[: LEAST_RESIDUALS + 5]).all()
        assert prediction_intervals(rows).rows == 475


def test_rows_of_groups_are_said_not_to_be_exchangeable():
    assert "rows of one group are not exchangeable" in prediction_intervals(normal(grouped=True)).note
    assert "80 %" in prediction_intervals(normal()).note
    assert "dealt at random" in prediction_intervals(normal(scheme="predefined")).note


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (normal(n=23, folds=5), "the other folds hold fewer than 20 residuals"),
        (normal(n=300, folds=1), "with a single fold there are no residuals of other folds"),
        (normal(n=30, folds=2, scheme="forward"), "earlier folds hold fewer than 20 residuals"),
    ],
)
def test_too_few_residuals_give_a_sentence_and_no_figures(rows, why):
    found = prediction_intervals(rows)
    assert (found.coverage, found.mean_width, found.interval_score, found.rows) == (None, None, None, 0)
    assert found.coverage_by_third == ()
    assert why in found.note


class TestWeights:
    def test_equal_ones_change_nothing(self):
        rows = normal()
        np.testing.assert_array_equal(half_widths(rows), half_widths(replace(rows, weight=np.full(300, 7.0))))

    def test_rows_that_stand_for_many_are_covered_like_many(self):
        def drawn(seed):
            weight = np.random.default_rng(seed).choice([1.0, 5.0], 600)
            rows = normal(n=600, seed=seed)
            # Heavy rows have about three times the error, so that plain ranks would cover too few of what counts.
            return replace(rows, actual=rows.predicted + (rows.actual - rows.predicted) * weight**0.7, weight=weight)

        assert np.mean([prediction_intervals(drawn(seed)).coverage for seed in range(100)]) == pytest.approx(
            0.9, abs=0.01
        )

    def test_a_row_that_counts_nothing_calibrates_nothing(self):
        rows = normal()
        weight = np.where(np.arange(300) < 200, 1.0, 0.0)
        kept = OutOfFold(
            actual=rows.actual[:200], predicted=rows.predicted[:200], fold=rows.fold[:200], scheme="shuffled"
        )  # fmt: skip
        found, expected = prediction_intervals(replace(rows, weight=weight)), prediction_intervals(kept)
        assert (found.rows, found.coverage) == (expected.rows, pytest.approx(expected.coverage))
        assert found.mean_width == pytest.approx(expected.mean_width)

    def test_a_row_that_outweighs_all_others_gets_the_largest_residual(self):
        rows = normal()
        weight = np.where(np.arange(300) == 0, 1e6, 1.0)
        others = rows.fold != rows.fold[0]
        largest = np.abs(rows.actual - rows.predicted)[others].max()
        assert half_widths(replace(rows, weight=weight))[0] == largest
