"""Every metric the harness scores with, one row of `METRICS` each; pure functions of arrays, numpy only.

With n rows and k classes, `actual` is (n,) numbers or class codes 0..k-1; `prediction` is (n,) numbers, (n, k) class
probabilities in the order of the codes, floored already, or (n,) probabilities of code 1 (binary). A row loss is (n,),
at least 0, and smaller is better, whatever the direction of the metric itself.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import FoldError, KissBenchError

Task = Literal["binary", "multiclass", "regression"]
Pooling = Literal["mean", "complement", "root", "ratio", "auc"]
"""From row losses to the score of one repeat: mean · 1 - mean · root of the mean · 1 - mean / the target's variance
(all on pooled rows) · auc: rank statistic a fold, then the plain mean over folds."""
Floats = NDArray[np.float64]
Values = NDArray[Any]
RowLoss = Callable[[Values, Floats], Floats]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric's own facts; `row_loss` of a rank metric is the one that stands in for it when trials are pruned."""

    name: str
    summary: str
    greater_is_better: bool = False
    tasks: tuple[Task, ...] = ("regression",)
    low: float = 0.0
    high: float = math.inf
    row_loss: RowLoss
    pooling: Pooling = "mean"
    objective: str | None = None
    """Name of the metric that the tuner optimises in its place; None: the metric itself."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Placements:
    """Share of the opposite class, within its fold, that each row is ordered correctly against (ties count 1/2)."""

    value: Floats
    """(n,) in [0, 1]."""
    size: Floats
    """(n,) how many rows of the row's own class its fold holds, at least 1."""
    auc: Floats
    """(K,) area under the ROC curve of each fold, in ascending order of fold number."""


def _squared_error(actual: Values, prediction: Floats) -> Floats:
    return np.asarray(np.square(actual - prediction), dtype=np.float64)


def _absolute_error(actual: Values, prediction: Floats) -> Floats:
    return np.asarray(np.abs(actual - prediction), dtype=np.float64)


def _log_loss(actual: Values, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        chance = np.where(actual == 1, prediction, 1.0 - prediction)
    else:
        chance = prediction[np.arange(len(actual)), actual]
    floor = float(np.finfo(np.float64).eps)  # scikit-learn's own; only reached where the caller did not floor
    return np.asarray(-np.log(np.clip(chance, floor, 1.0 - floor)))


def _brier(actual: Values, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        return _squared_error(actual, prediction)
    truth = np.zeros_like(prediction)
    truth[np.arange(len(actual)), actual] = 1.0
    spread = np.square(prediction - truth).sum(axis=1)
    # Two classes: half the sum over classes, which is Brier's (p - y)^2 and scikit-learn's convention.
    return np.asarray(0.5 * spread if prediction.shape[1] == 2 else spread, dtype=np.float64)


def _error(actual: Values, prediction: Floats) -> Floats:
    chosen = (prediction > 0.5).astype(np.int64) if prediction.ndim == 1 else prediction.argmax(axis=1)
    return np.asarray(chosen != actual, dtype=np.float64)


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")

_TABLE = (
    Metric(
        name="log_loss",
        summary="Mean negative log of the probability given to the class that came true; proper.",
        tasks=_CLASSES,
        row_loss=_log_loss,
    ),
    Metric(
        name="brier",
        summary="Mean squared distance between probabilities and what came true; proper, bounded.",
        tasks=_CLASSES,
        high=2.0,
        row_loss=_brier,
        aliases=("brier_score_loss", "brier_score"),
    ),
    Metric(
        name="accuracy",
        summary="Share of rows whose most probable class came true.",
        greater_is_better=True,
        tasks=_CLASSES,
        high=1.0,
        row_loss=_error,
        pooling="complement",
        objective="log_loss",
    ),
    Metric(
        name="roc_auc",
        summary="Chance that a positive row is ranked above a negative one of its fold; mean over folds.",
        greater_is_better=True,
        tasks=("binary",),
        high=1.0,
        row_loss=_log_loss,
        pooling="auc",
    ),
    Metric(
        name="rmse",
        summary="Root of the mean squared error, in the target's units.",
        row_loss=_squared_error,
        pooling="root",
        aliases=("root_mean_squared_error",),
    ),
    Metric(
        name="mae",
        summary="Mean absolute error, in the target's units.",
        row_loss=_absolute_error,
        aliases=("mean_absolute_error",),
    ),
    Metric(
        name="mse",
        summary="Mean squared error, in squared units of the target.",
        row_loss=_squared_error,
        aliases=("mean_squared_error",),
    ),
    Metric(
        name="r2",
        summary="Share of the target's variance explained, on pooled rows.",
        greater_is_better=True,
        low=-math.inf,
        high=1.0,
        row_loss=_squared_error,
        pooling="ratio",
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})
"""Canonical name -> metric, in the order they are listed to the user."""

ALIASES: Mapping[str, str] = MappingProxyType({alias: metric.name for metric in _TABLE for alias in metric.aliases})
"""Other accepted spellings -> canonical name."""

LATER = (
    *("average_precision", "balanced_accuracy", "f1", "mcc", "matthews_corrcoef", "precision", "recall"),
    *("roc_auc_ovr", "roc_auc_ovo", "f1_macro", "rmsle", "pinball", "poisson_deviance", "gamma_deviance", "mape"),
)
"""Names that mean something but are not built yet, so that a config can refuse them by name."""


def find_metric(name: str) -> Metric:
    """Look a metric up by canonical name or alias; KissBenchError, listing what there is, where it is not built."""
    if (known := METRICS.get(ALIASES.get(name, name))) is not None:
        return known
    what = "is not built yet" if name in LATER else "is not a metric"
    raise KissBenchError(f"{name!r} {what}; available: {', '.join(METRICS)}")


def objective_metric(name: str) -> Metric:
    """Give what the tuner optimises for this primary metric: itself, or log_loss where it needs a threshold."""
    metric = find_metric(name)
    return METRICS[metric.objective or metric.name]


def row_losses(name: str, actual: Values, prediction: Floats) -> Floats:
    """(n,) losses by which trials are compared row by row; squared error for rmse and r2, log-loss for roc_auc."""
    return find_metric(name).row_loss(actual, prediction)


def score(
    metric: Metric, actual: Values, prediction: Floats, fold: Values | None = None, positive: int | None = None
) -> float:
    """Score one repeat in the metric's own sign; equal to scikit-learn's function of the pooled rows.

    `fold` (n,) matters to roc_auc alone, which is the mean over folds (None: one fold). `positive` is the code of the
    positive class (None: 1).

    Raises:
        FoldError: roc_auc on a fold that holds a single class.
    """
    if metric.pooling == "auc":
        return float(placements(actual, prediction, fold, positive).auc.mean())
    loss = float(metric.row_loss(actual, prediction).mean())
    if metric.pooling == "complement":
        return 1.0 - loss
    if metric.pooling == "root":
        return math.sqrt(loss)
    if metric.pooling == "ratio":
        total = float(np.var(np.asarray(actual, dtype=np.float64)))
        return 1.0 - loss / total if total > 0.0 else float(loss == 0.0)  # scikit-learn's answer for a constant target
    return loss


def placements(
    actual: Values, prediction: Floats, fold: Values | None = None, positive: int | None = None
) -> Placements:
    """Rank rows against the opposite class within folds (DeLong, DeLong & Clarke-Pearson 1988), ties counting 1/2.

    `actual` (n,) codes of two classes, `prediction` (n,) or (n, 2), `fold` (n,) or None for one fold.

    Raises:
        FoldError: a fold holds a single class, so that nothing can be ranked in it.
    """
    code = 1 if positive is None else positive
    is_positive = np.asarray(actual) == code
    # One column only: 1 - p can tie where p does not. A single column is the probability of code 1.
    chance = prediction[:, code] if prediction.ndim == 2 else (prediction if code == 1 else -prediction)
    number = np.zeros(len(is_positive), dtype=np.int64) if fold is None else np.unique(fold, return_inverse=True)[1]
    folds = int(number.max()) + 1
    members = np.bincount(number * 2 + is_positive, minlength=2 * folds).reshape(folds, 2)
    if (members == 0).any():
        raise FoldError("roc_auc needs both classes in every fold; use fewer folds, stratified folds or log_loss")
    order = np.argsort(chance, kind="stable")
    own = is_positive.astype(np.int64)
    # A row's rank among all minus its rank among its own class counts the opposite class below it, ties as 1/2.
    below = _ranks(order, chance, number) - _ranks(order, chance, number * 2 + own)
    share = below / members[number, 1 - own]
    value = np.where(is_positive, share, 1.0 - share)
    auc = np.bincount(number, weights=np.where(is_positive, value, 0.0), minlength=folds) / members[:, 1]
    return Placements(value=value, size=members[number, own].astype(np.float64), auc=auc)


def _ranks(order: Values, chance: Values, cell: Values) -> Floats:
    """Average rank, from 0 up, of each row's score within its cell; `order` sorts the scores."""
    by_cell = order[np.argsort(cell[order].astype(np.min_scalar_type(cell.max())), kind="stable")]
    chance, cell = chance[by_cell], cell[by_cell]
    starts = np.flatnonzero(np.r_[True, (np.diff(chance) != 0) | (np.diff(cell) != 0)])
    lengths = np.diff(np.r_[starts, len(chance)])
    first = np.searchsorted(cell, cell[starts])
    ranks = np.empty(len(chance))
    ranks[by_cell] = np.repeat(starts - first + (lengths - 1) / 2.0, lengths)
    return ranks
