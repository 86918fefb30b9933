import numpy as np
import pytest

from kiss_bench.metrics import METRICS, score
from kiss_bench.tuning.pruning import excess as excess_of
from kiss_bench.tuning.pruning import row_losses


def excess(metric, actual, pair, fold):
    """Of two predictions for the same rows."""
    return excess_of(metric, actual, *(row_losses(metric, actual, one, fold) for one in pair))


def scores(rng, labels, strength):
    """(n, 2) probabilities that follow the labels more or less."""
    chance = 1 / (1 + np.exp(-(strength * (labels - 0.5) + rng.normal(size=len(labels)))))
    return np.column_stack([1 - chance, chance])


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc", "rmse", "mae", "r2"])
def test_excess_is_the_gap_in_loss_over_its_spread_from_sample_to_sample(metric):
    """Over 400 samples of two predictors of fixed skill, the stated standard error is the one that is seen."""
    rng = np.random.default_rng(0)
    gaps, stated = [], []
    found = METRICS[metric]
    for _ in range(400):
        labels = (np.arange(120) % 3 == 0).astype(int)
        if found.tasks == ("regression",):
            actual = rng.normal(size=120)
            pair = tuple(actual + rng.normal(size=120) * size for size in (1.2, 1.0))
            gap = float(np.mean(found.row_loss(actual, pair[0]) - found.row_loss(actual, pair[1])))
        else:
            actual, pair = labels, (scores(rng, labels, 0.7), scores(rng, labels, 1.0))
            worse, better = (score(found, actual, one) for one in pair)
            gap = better - worse if metric == "roc_auc" else worse - better
        gaps.append(gap)
        stated.append(gap / excess(found, actual, pair, np.zeros(120, dtype=np.int64)))
    assert np.std(gaps) == pytest.approx(np.median(stated), rel=0.15)


def test_the_better_of_two_has_a_negative_excess_and_equals_none():
    rng = np.random.default_rng(1)
    actual = rng.integers(0, 2, 90)
    worse, better = scores(rng, actual, 0.2), scores(rng, actual, 2.0)
    fold = np.zeros(90, dtype=np.int64)
    for metric in ("log_loss", "roc_auc", "brier"):
        assert excess(METRICS[metric], actual, (worse, better), fold) > 2
        assert excess(METRICS[metric], actual, (better, worse), fold) < -2
        assert excess(METRICS[metric], actual, (better, better), fold) == 0.0


def test_a_loss_that_is_the_same_amount_worse_on_every_row_is_beyond_doubt():
    actual = np.zeros(4)
    assert excess(METRICS["mae"], actual, (np.ones(4), np.zeros(4)), np.zeros(4, dtype=np.int64)) == np.inf


def test_ranks_are_compared_within_inner_folds():
    """Fold by fold both rank perfectly; pooled, the second fold's low scores would look like errors."""
    actual = np.array([0, 1, 0, 1])
    shifted, plain = np.array([0.6, 0.9, 0.1, 0.4]), np.array([0.1, 0.9, 0.1, 0.9])
    assert excess(METRICS["roc_auc"], actual, (shifted, plain), np.array([0, 0, 1, 1])) == 0.0
