"""Reliability tables against scikit-learn and statsmodels, and a Brier score that adds up."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from statsmodels.stats.proportion import proportion_confint

from kiss_bench.judge.reliability import BINS, LEAST, reliability, wilson


def binary(n=1000, seed=0, sharpen=1.0):
    """Class codes and (n, 2) probabilities; honest where `sharpen` is 1, overconfident above."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(0.6, 2.0, n)
    actual = (rng.random(n) < truth).astype(np.int64)
    told = truth**sharpen / (truth**sharpen + (1.0 - truth) ** sharpen)
    return actual, np.column_stack([1.0 - told, told])


def several(n=900, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.7), n)
    actual = np.array([rng.choice(classes, p=row) for row in probabilities])
    return actual, np.clip(probabilities, 1e-9, None) / np.clip(probabilities, 1e-9, None).sum(axis=1, keepdims=True)


def parts(found):
    return found.reliability - found.resolution + found.uncertainty + found.within


def murphy_by_hand(event, chance):
    """Brier score in Stephenson's five terms, bin by bin, with plain loops over scikit-learn's quantile bins."""
    edges = np.percentile(chance, np.linspace(0, 100, min(BINS, len(chance) // LEAST) + 1))
    bins = np.searchsorted(edges[1:-1], chance)
    rel = res = within_variance = within_covariance = 0.0
    for place in set(bins):
        p, y = chance[bins == place], event[bins == place]
        rel += len(p) / len(chance) * (p.mean() - y.mean()) ** 2
        res += len(p) / len(chance) * (y.mean() - event.mean()) ** 2
        within_variance += ((p - p.mean()) ** 2).sum() / len(chance)
        within_covariance += 2 * ((y - y.mean()) * (p - p.mean())).sum() / len(chance)
    return rel, res, event.var(), within_variance - within_covariance


@pytest.mark.parametrize("sharpen", [1.0, 3.0])
@pytest.mark.parametrize("n", [45, 350, 1000])
def test_the_table_is_scikit_learns_calibration_curve(n, sharpen):
    actual, probabilities = binary(n, sharpen=sharpen)
    found = reliability(actual, probabilities)
    observed, told = calibration_curve(
        actual, probabilities[:, 1], n_bins=min(BINS, n // LEAST), strategy="quantile"
    )  # fmt: skip
    np.testing.assert_allclose([line.observed for line in found.bins], observed)
    np.testing.assert_allclose([line.probability for line in found.bins], told)
    counts = [line.count for line in found.bins]
    assert sum(counts) == n
    assert max(counts) - min(counts) <= 1


def test_intervals_of_observed_shares_are_wilsons():
    found = reliability(*binary())
    for line in found.bins:
        expected = proportion_confint(round(line.observed * line.count), line.count, method="wilson")
        np.testing.assert_allclose((line.low, line.high), expected, rtol=1e-9)
    assert [wilson(0.0, 20)[0], wilson(1.0, 20)[1]] == [0.0, 1.0]


def test_the_brier_score_of_two_classes_adds_up_and_is_scikit_learns():
    actual, probabilities = binary(sharpen=2.0)
    found = reliability(actual, probabilities)
    assert found.brier == pytest.approx(brier_score_loss(actual, probabilities[:, 1]), rel=1e-12)
    assert parts(found) == pytest.approx(found.brier, rel=1e-12)
    by_hand = murphy_by_hand(actual, probabilities[:, 1])
    np.testing.assert_allclose((found.reliability, found.resolution, found.uncertainty, found.within), by_hand)


def test_the_brier_score_of_several_classes_is_the_sum_over_them():
    actual, probabilities = several()
    found = reliability(actual, probabilities)
    assert found.brier == pytest.approx(np.square(probabilities - np.eye(4)[actual]).sum(axis=1).mean(), rel=1e-12)
    assert parts(found) == pytest.approx(found.brier, rel=1e-12)
    by_class = [murphy_by_hand((actual == code).astype(float), probabilities[:, code]) for code in range(4)]
    expected = np.sum(by_class, axis=0)
    np.testing.assert_allclose((found.reliability, found.resolution, found.uncertainty, found.within), expected)


def test_several_classes_are_shown_by_the_most_probable_one():
    actual, probabilities = several()
    found = reliability(actual, probabilities)
    observed, told = calibration_curve(
        probabilities.argmax(axis=1) == actual, probabilities.max(axis=1), n_bins=BINS, strategy="quantile"
    )  # fmt: skip
    assert found.top_label
    np.testing.assert_allclose([line.observed for line in found.bins], observed)
    np.testing.assert_allclose([line.probability for line in found.bins], told)


def test_ece_is_the_mean_distance_of_bins_weighted_by_their_rows():
    found = reliability(*binary(950, sharpen=3.0))
    by_hand = sum(line.count * abs(line.observed - line.probability) for line in found.bins) / 950
    assert found.ece == pytest.approx(by_hand, rel=1e-12)


def test_the_positive_class_may_have_either_code():
    actual, probabilities = binary()
    turned = reliability(1 - actual, probabilities[:, ::-1], positive=0)
    assert turned == reliability(actual, probabilities, positive=1)


def test_honest_probabilities_show_the_ece_of_chance_on_average():
    found = [reliability(*binary(seed=seed)) for seed in range(200)]
    seen, told = np.mean([[each.ece, each.ece_by_chance] for each in found], axis=0)
    assert told == pytest.approx(seen, rel=0.05)


def test_overconfidence_shows_as_ece_and_as_reliability_but_not_as_resolution():
    honest, loud = reliability(*binary(5000)), reliability(*binary(5000, sharpen=3.0))
    assert loud.ece > 4 * loud.ece_by_chance
    assert loud.reliability > 10 * honest.reliability
    assert loud.resolution == pytest.approx(honest.resolution, rel=1e-9)


def test_a_weight_is_so_many_rows():
    actual, probabilities = binary(600, sharpen=2.0)
    same = reliability(actual, probabilities, weight=np.full(600, 3.5))
    plain = reliability(actual, probabilities)
    assert [same.ece, same.brier, same.bins[3].low] == pytest.approx([plain.ece, plain.brier, plain.bins[3].low])
    weight = np.random.default_rng(1).integers(0, 4, 600)
    weighted = reliability(actual, probabilities, weight=weight.astype(float))
    repeated = reliability(np.repeat(actual, weight), np.repeat(probabilities, weight, axis=0))
    assert weighted.brier == pytest.approx(repeated.brier, rel=1e-12)
    assert parts(weighted) == pytest.approx(weighted.brier, rel=1e-12)
    assert sum(line.count for line in weighted.bins) == (weight > 0).sum()


def test_unequal_weights_make_for_longer_intervals():
    """Half of the rows count three times: 200 rows are worth 400^2 / 1000 = 160 of equal weight."""
    actual, weight = np.arange(200) % 2, np.where(np.arange(200) % 4 < 2, 1.0, 3.0)
    line = reliability(actual, np.full((200, 2), 0.5), weight=weight).bins[0]
    assert (line.low, line.high) == pytest.approx(proportion_confint(80, 160, method="wilson"))


@pytest.mark.parametrize(
    ("probabilities", "counts"),
    [
        pytest.param(np.full(400, 0.3), [400], id="one for all"),
        pytest.param(np.repeat([0.1, 0.9], [390, 10]), [390, 10], id="two of them"),
        pytest.param(np.linspace(0.1, 0.9, 12), [12], id="hardly any rows"),
    ],
)
def test_equal_probabilities_share_a_bin(probabilities, counts):
    actual = np.arange(len(probabilities)) % 2
    found = reliability(actual, np.column_stack([1.0 - probabilities, probabilities]))
    assert [line.count for line in found.bins] == counts
    assert parts(found) == pytest.approx(found.brier, rel=1e-12)
