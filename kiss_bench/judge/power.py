"""What these rows can show: smallest detectable gains, rows needed, and an outlook before anything is fitted."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from kiss_bench.judge.inference import (
    ENOUGH_REPEATS,
    NADEAU_BENGIO,
    Estimate,
    Layout,
    Spread,
    highest_redrawing,
    level_applied,
)
from kiss_bench.judge.judgement import Terms
from kiss_bench.metrics import Metric, find_metric, label_score, row_losses
from kiss_bench.plan.plan import MOST_REPEATS

POWER = 0.8
SPREADS = {"mean": 0.5, "root": 0.5, "ratio": 0.5, "labels": 1.0, "ranks": 0.3}
"""Standard deviation of two unlike models' difference from row to row, as a share of the dummy's loss.

Measured on the example results, logistic or ridge regression against a forest or boosting: log-loss, Brier and squared
error 0.3 to 1.0, absolute error 0.3 to 0.6, labels 0.4 to 1.4; forest against boosting about half of it; the dummy
against a good model 0.5 to 2. Of ranks 0.2 to 0.4, times sqrt(1/pi + 1/(1 - pi)) where a share of pi is positive."""
FAR = 1e4
"""Beyond this many times the observed excess, a number of rows (1e8 times as many) would be no advice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """The shape of a benchmark that has not run yet."""

    rows: int
    """Rows that will be tested, at least 1; points in time or groups where those are what is drawn."""
    folds: int
    repeats: int
    """Repeats that a contested pair ends with."""
    rungs: int
    """Rungs above the base that will be tested, at least 1."""
    once: bool = False
    """Forward in time, or one fold a group: tested once, without redrawing folds."""
    spread: float | None = None
    """Expected sd of the row-wise loss difference of two rungs, as a share of the dummy's loss; None: `SPREADS`."""


def detectable(se: float, df: float, alpha: float) -> float:
    """Give how far above the margin a true gain must lie to be found with 80 % power at level `alpha`."""
    return float(stdtrit(df, 1.0 - alpha) + stdtrit(df, POWER)) * se


def rows_needed(rows: int, excess: float, detectable_excess: float) -> int | None:
    """Rows at which the observed excess over the margin would be found with 80 % power.

    None where the excess is not positive, or nearly nothing, so that no number of rows would do at this observed gain.
    """
    if excess <= 0.0:
        return None
    ratio = detectable_excess / excess
    return math.ceil(rows * ratio**2) if ratio < FAR else None


def repeats_needed(sure: Spread, layout: Layout, tested: Estimate, alpha: float) -> int | None:
    """Repeats of the same rows at which the observed excess would pass the test at level `alpha`.

    None where none would up to `MOST_REPEATS`, where folds cannot be redrawn, or scatter more than their rows explain.
    """
    unknown = sure.by_rows is None or layout.scheme == "predefined" or sure.method == NADEAU_BENGIO
    if unknown or tested.value <= 0.0:
        return None
    assert sure.by_rows is not None
    for repeats in range(max(ENOUGH_REPEATS, tested.repeats + 1), MOST_REPEATS + 1):
        se = sure.by_rows.se * math.sqrt(highest_redrawing(layout.inflation, repeats) / layout.inflation)
        if tested.repeats >= ENOUGH_REPEATS:  # how unstable they are has been seen
            se = min(se, sure.se)
        df = sure.by_rows.df if layout.group is None else min(sure.by_rows.df, repeats * layout.folds - 1)
        if float(stdtrit(df, 1.0 - alpha)) * se <= tested.value:
            return repeats
    return None


def dummy_loss(actual: NDArray[Any], metric: str, positive: int = 1) -> float:
    """Loss of the best constant prediction for (n,) numbers or class codes; 1 - score for labels and ranks."""
    found = find_metric(metric)
    if "regression" in found.tasks:
        constant = np.full(len(actual), best_constant(actual, found.best_constant))
        return float(row_losses(metric, actual, constant).mean())
    shares = np.bincount(actual) / len(actual)
    if found.pooling == "ranks":
        return 1.0 - (float(np.mean(actual == positive)) if found.name == "average_precision" else 0.5)
    if found.pooling == "labels":
        return 1.0 - label_score(found, actual, np.full(len(actual), best_label(actual, found, positive)), positive)
    return float(row_losses(metric, actual, np.tile(shares, (len(actual), 1))).mean())


def best_constant(actual: NDArray[Any], best: str | float) -> float:
    """The constant that a dummy predicts for (n,) numbers; `best` as `Metric.best_constant`."""
    if isinstance(best, float):
        return float(np.quantile(actual, best))
    if best == "log mean":
        return float(np.expm1(np.log1p(actual).mean()))
    return float(np.median(actual) if best == "median" else np.mean(actual))


def best_label(actual: NDArray[Any], metric: Metric, positive: int = 1) -> int:
    """The class that scores best where it is predicted for every one of the (n,) rows; the more frequent one of two."""
    shares = np.bincount(actual.astype(np.int64))
    scores = [label_score(metric, actual, np.full(len(actual), code), positive) for code in range(len(shares))]
    return max(range(len(shares)), key=lambda code: (scores[code], shares[code]))


def expected_sd(actual: NDArray[Any], terms: Terms, spread: float | None = None) -> float:
    """Expected sd of the row-wise difference of two unlike rungs, in units of the loss; `spread` as in `Outlook`."""
    metric, positive = find_metric(terms.metric), 1 if terms.positive is None else terms.positive
    share = SPREADS[metric.pooling] if spread is None else spread
    sd = share * dummy_loss(actual, terms.metric, positive)
    if metric.pooling == "ranks" and metric.tasks == ("binary",):
        rate = float(np.mean(actual == positive))
        return sd * math.sqrt(1.0 / rate + 1.0 / (1.0 - rate))
    if isinstance(metric.best_constant, float):  # errors on the dear side of an outer quantile are few and large
        return sd * 0.5 / min(metric.best_constant, 1.0 - metric.best_constant)
    return sd


def smallest_gain(actual: NDArray[Any], terms: Terms, outlook: Outlook) -> float:
    """Smallest true gain over the dummy, in the metric's units, that the first test finds with 80 % power.

    n = VIF ((z[1-alpha] + z[0.8]) sd / (gain - margin))^2 solved for the gain, with VIF = 1/r + K/(K-1) (the identity
    behind Nadeau & Bengio 2003), K/(K-1) below three repeats and 1 where nothing can be redrawn. A guess: it rests on
    `expected_sd`.
    """
    loss = dummy_loss(actual, terms.metric, 1 if terms.positive is None else terms.positive)
    folds = outlook.folds
    inflation = 1.0 if outlook.once or folds < 2 else folds / (folds - 1)
    inflation += 1.0 / outlook.repeats if outlook.repeats >= ENOUGH_REPEATS else 0.0
    alpha = level_applied(terms.alpha / outlook.rungs, outlook.repeats, once=outlook.once)
    se = expected_sd(actual, terms, outlook.spread) * math.sqrt(inflation / outlook.rows)
    excess = float(ndtri(1.0 - alpha) + ndtri(POWER)) * se
    pooling = find_metric(terms.metric).pooling
    if terms.margin_unit == "absolute" and pooling == "root":
        return terms.margin + (excess / (2.0 * math.sqrt(loss)) if loss > 0.0 else 0.0)
    share = 1.0 - (1.0 - terms.margin) ** 2 if terms.margin_unit == "relative" and pooling == "root" else terms.margin
    if pooling == "ratio":  # one unit of r2 is the dummy's whole loss
        return share + excess / (loss or 1.0)
    total = share * (1.0 if terms.margin_unit == "absolute" else loss) + excess
    if pooling != "root":
        return total
    return math.sqrt(loss) - math.sqrt(loss - total) if total <= loss else total / math.sqrt(loss or 1.0)
