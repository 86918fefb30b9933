"""What these rows can show: smallest detectable gains, rows needed, and an outlook before anything is fitted."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from kiss_bench.judge.inference import level_applied
from kiss_bench.judge.judgement import Terms
from kiss_bench.metrics import find_metric, row_losses

POWER = 0.8
UNLIKE = 0.5
"""Standard deviation of two unlike models' loss difference, as a share of the dummy's loss. Measured: logistic or
ridge against a forest or boosting 0.45 to 0.55 on five tables (log-loss and squared error); forest against boosting
0.2 to 0.3; the dummy against a good model 0.6 to 1.2."""
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
    spread: float = UNLIKE
    """Expected sd of the row-wise loss difference of two rungs, as a share of the dummy's loss."""


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


def dummy_loss(actual: NDArray[Any], metric: str) -> float:
    """Loss of the best constant prediction for (n,) numbers or class codes; 0.5 for roc_auc (its 1 - AUC)."""
    found = find_metric(metric)
    if found.pooling == "auc":
        return 0.5
    if "regression" in found.tasks:
        middle = np.median(actual) if found.name == "mae" else np.mean(actual)
        constant = np.full(len(actual), float(middle))
    else:
        counts = np.bincount(actual)
        constant = np.tile(counts / counts.sum(), (len(actual), 1))
    if found.pooling == "complement":
        return 1.0 - float(constant[0].max())
    return float(row_losses(metric, actual, constant).mean())


def smallest_gain(actual: NDArray[Any], terms: Terms, outlook: Outlook) -> float:
    """Smallest true gain over the dummy, in the metric's units, that the first test finds with 80 % power.

    n = VIF ((z[1-alpha] + z[0.8]) sd / (gain - margin))^2 solved for the gain, with VIF = 1/r + K/(K-1) (the identity
    behind Nadeau & Bengio 2003) and 1 where the folds are drawn once. A guess: it rests on `outlook.spread`.
    """
    loss = dummy_loss(actual, terms.metric)
    folds = outlook.folds
    inflation = 1.0 if outlook.once else 1.0 / outlook.repeats + (folds / (folds - 1) if folds > 1 else 1.0)
    alpha = level_applied(terms.alpha / outlook.rungs, outlook.repeats, once=outlook.once)
    se = outlook.spread * loss * math.sqrt(inflation / outlook.rows)
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
