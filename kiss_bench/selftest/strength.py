"""How far classes must lie apart so that the best possible model removes a given share of the dummy's loss.

Classes come first and columns follow from them: a column of class k is d * centre_k * gate + N(0, 1). By Bayes' rule
the log-odds of the classes are then linear in the columns exactly (linear discriminant analysis, Fisher 1936), which
is the logistic model, and the softmax one for more than two classes; the class counts are the user's to the last row.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from kiss_bench.metrics import METRICS, find_metric, score
from kiss_bench.selftest.scenarios import GATE

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

SAMPLE = 20_000
STEPS = 30
FARTHEST = 64.0


def centres(labels: int, columns: int) -> Floats:
    """(k, m) directions in which classes lie, the same in every draw; two classes lie opposite each other."""
    if labels == 2:
        return np.tile(np.array([[-0.5], [0.5]]) / np.sqrt(columns), (1, columns))
    drawn = np.random.default_rng(0).normal(size=(labels, columns))
    return np.asarray(drawn / np.sqrt(columns))


def log_chances(columns: Floats, means: Floats, prior: Floats) -> Floats:
    """(n, k) log-probabilities of the classes; `means` (n, k, m) are the class means that hold for each row."""
    odds = np.log(prior) + np.einsum("nm,nkm->nk", columns, means) - 0.5 * np.square(means).sum(axis=2)
    return np.asarray(log_softmax(odds, axis=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """What classes have to be set apart for."""

    counts: tuple[int, ...]
    """Rows of each class."""
    columns: int
    """Columns that act."""
    metric: str
    positive: int | None
    gated: bool


@lru_cache(maxsize=16)
def distance(aim: Aim, wanted: float) -> float:
    """Give d such that the best possible model removes the share `wanted` of the dummy's loss, by bisection."""
    if wanted <= 0.0:
        return 0.0
    low, high = 0.0, FARTHEST
    rng = np.random.default_rng(1)
    prior = np.array(aim.counts, dtype=np.float64) / sum(aim.counts)
    codes = np.r_[np.arange(len(prior)), rng.choice(len(prior), SAMPLE, p=prior)]
    noise = rng.normal(size=(len(codes), aim.columns))
    gate = gates(rng.normal(size=len(codes)), gated=aim.gated)
    base = centres(len(prior), aim.columns)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        means = middle * gate[:, None, None] * base[None, :, :]
        chances = np.exp(log_chances(noise + means[np.arange(len(codes)), codes], means, prior))
        low, high = (low, middle) if removed(aim, codes, chances) >= wanted else (middle, high)
    return high


def gates(column: Floats, *, gated: bool) -> Floats:
    """(n,) what effects are multiplied by in each row."""
    return np.where(column > 0.0, *GATE) if gated else np.ones(len(column))


def removed(aim: Aim, codes: Codes, chances: Floats) -> float:
    """Share of the dummy's loss that these probabilities remove.

    Of log-loss where the metric hangs on a threshold: what is a good one depends on the distance looked for.
    """
    found = find_metric(aim.metric)
    found = METRICS["log_loss"] if found.thresholded else found
    prior = np.array(aim.counts, dtype=np.float64) / sum(aim.counts)
    blind = score(found, codes, np.tile(prior, (len(codes), 1)), None, aim.positive)
    perfect = found.high if found.greater_is_better else 0.0
    reached = score(found, codes, chances, None, aim.positive)
    return (reached - blind) / (perfect - blind) if perfect != blind else 0.0
