"""Every metric the harness scores with, one row of `METRICS` each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from kiss_bench.errors import KissBenchError
from kiss_bench.metrics import labels, losses, ranking

Task = Literal["binary", "multiclass", "regression"]
Pooling = Literal["mean", "root", "ratio", "labels", "ranks"]
"""From rows to the score of one repeat: mean of row losses · its root · 1 - mean / the target's variance · a function
of the confusion matrix (all on pooled rows) · a rank statistic a fold, then the plain mean over folds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric's own facts; one of `row_loss`, `of_shares` and `curve` says how it is computed."""

    name: str
    summary: str
    row_loss: losses.RowLoss
    """Row loss; of a rank or label metric the one that stands in for it when trials are pruned."""
    greater_is_better: bool = False
    tasks: tuple[Task, ...] = ("regression",)
    low: float = 0.0
    high: float = math.inf
    pooling: Pooling = "mean"
    of_shares: labels.Measure | None = None
    curve: ranking.Curve | None = None
    thresholded: bool = False
    """Of a binary task: the label depends on a threshold, which is learnt in training."""
    objective: str | None = None
    """Name of the metric that the tuner optimises in its place; None: the metric itself."""
    fewest: int = 1
    """Members that each class must have in every test fold, for metrics of labels in all folds together."""
    positive_alone: bool = False
    """Only the members of the positive class are counted for that."""
    above: float | None = None
    """Targets must be larger than this, or where `closed` at least this; None: any number."""
    closed: bool = False
    best_constant: Literal["mean", "median", "log mean"] | float = "mean"
    """The constant that minimises the loss: what the dummy predicts; a number is a quantile."""
    aliases: tuple[str, ...] = ()


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def _label_metric(name: str, summary: str, of_shares: labels.Measure, **others: object) -> Metric:
    facts = {"tasks": _CLASSES, "high": 1.0, "thresholded": True, "fewest": 10, **others}
    return Metric(
        name=name, summary=summary, greater_is_better=True, pooling="labels", of_shares=of_shares,
        row_loss=losses.log_loss, objective="log_loss", **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def _pinball(quantile: float) -> Metric:
    return Metric(
        name="pinball" if quantile == 0.5 else f"pinball_{quantile:g}",
        summary=f"Mean loss of a forecast of the {quantile:.0%} quantile, in the target's units; proper for it.",
        row_loss=losses.pinball(quantile),
        best_constant=quantile,
        aliases=("mean_pinball_loss",) if quantile == 0.5 else (),
    )


_PROBABILITIES = (
    Metric(
        name="log_loss",
        summary="Mean negative log of the probability given to the class that came true; proper.",
        tasks=_CLASSES,
        row_loss=losses.log_loss,
    ),
    Metric(
        name="brier",
        summary="Mean squared distance between probabilities and what came true; proper, bounded.",
        tasks=_CLASSES,
        high=2.0,
        row_loss=losses.brier,
        aliases=("brier_score_loss", "brier_score"),
    ),
)

_RANKS = (
    Metric(
        name="roc_auc",
        summary="Chance that a positive row is ranked above a negative one of its fold; mean over folds.",
        greater_is_better=True,
        tasks=("binary",),
        high=1.0,
        pooling="ranks",
        row_loss=losses.log_loss,
        curve=ranking.roc_curve_area,
        fewest=5,
    ),
    Metric(
        name="roc_auc_ovr",
        summary="The same of each class against all others; plain mean over classes, then over folds.",
        greater_is_better=True,
        tasks=("multiclass",),
        high=1.0,
        pooling="ranks",
        row_loss=losses.log_loss,
        curve=ranking.roc_curve_area,
        objective="log_loss",
        fewest=5,
    ),
    Metric(
        name="average_precision",
        summary="Mean precision at the scores of the positives of a fold; mean over folds.",
        greater_is_better=True,
        tasks=("binary",),
        high=1.0,
        pooling="ranks",
        row_loss=losses.log_loss,
        curve=ranking.average_precision_of,
        objective="log_loss",
        fewest=20,
        positive_alone=True,
        aliases=("average_precision_score",),
    ),
)

_LABELS = (
    _label_metric(
        "accuracy", "Share of rows whose label came true.", labels.accuracy, thresholded=False, fewest=1,
        aliases=("accuracy_score",),
    ),
    _label_metric(
        "balanced_accuracy", "Mean over classes of the share of a class that is found.", labels.balanced_accuracy,
        aliases=("balanced_accuracy_score",),
    ),
    _label_metric(
        "f1", "Harmonic mean of precision and recall.", labels.f1, tasks=("binary",), positive_alone=True,
        aliases=("f1_score",),
    ),
    _label_metric(
        "f1_macro", "Plain mean over classes of their F1.", labels.f1_macro, tasks=("multiclass",), thresholded=False
    ),
    _label_metric(
        "mcc", "Matthews' correlation between labels given and labels true.", labels.mcc, low=-1.0,
        aliases=("matthews_corrcoef",),
    ),
)  # fmt: skip

_NUMBERS = (
    Metric(
        name="rmse",
        summary="Root of the mean squared error, in the target's units.",
        row_loss=losses.squared_error,
        pooling="root",
        aliases=("root_mean_squared_error",),
    ),
    Metric(
        name="mae",
        summary="Mean absolute error, in the target's units.",
        row_loss=losses.absolute_error,
        best_constant="median",
        aliases=("mean_absolute_error",),
    ),
    Metric(
        name="mse",
        summary="Mean squared error, in squared units of the target.",
        row_loss=losses.squared_error,
        aliases=("mean_squared_error",),
    ),
    Metric(
        name="r2",
        summary="Share of the target's variance explained, on pooled rows.",
        greater_is_better=True,
        low=-math.inf,
        high=1.0,
        row_loss=losses.squared_error,
        pooling="ratio",
    ),
    Metric(
        name="rmsle",
        summary="Root of the mean squared difference of log(1 + y): errors as shares of the target.",
        row_loss=losses.squared_log_error,
        pooling="root",
        above=-1.0,
        best_constant="log mean",
        aliases=("root_mean_squared_log_error",),
    ),
    Metric(
        name="poisson_deviance",
        summary="Mean deviance of counts from predicted rates.",
        row_loss=losses.poisson_deviance,
        above=0.0,
        closed=True,
        aliases=("mean_poisson_deviance",),
    ),
    Metric(
        name="gamma_deviance",
        summary="Mean deviance of amounts above 0 from predicted means: errors as shares of the prediction.",
        row_loss=losses.gamma_deviance,
        above=0.0,
        aliases=("mean_gamma_deviance",),
    ),
    *(_pinball(quantile) for quantile in QUANTILES),
)

_TABLE = (*_PROBABILITIES, *_RANKS, *_LABELS, *_NUMBERS)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})
"""Canonical name -> metric, in the order they are listed to the user."""

ALIASES: Mapping[str, str] = MappingProxyType({alias: metric.name for metric in _TABLE for alias in metric.aliases})
"""Other accepted spellings -> canonical name."""

LATER = (
    "precision",
    "recall",
    "roc_auc_ovo",
    "mape",
    "mean_absolute_percentage_error",
    "median_absolute_error",
    "d2_pinball_score",
)
"""Names that mean something but are not built, so that a config can refuse them by name."""


def find_metric(name: str) -> Metric:
    """Look a metric up by canonical name or alias; KissBenchError, listing what there is, where it is not built."""
    if (known := METRICS.get(ALIASES.get(name, name))) is not None:
        return known
    what = "is not built yet" if name in LATER else "is not a metric"
    raise KissBenchError(f"{name!r} {what}; available: {', '.join(METRICS)}")


def objective_metric(name: str) -> Metric:
    """Give what the tuner optimises for this primary metric: itself, or log_loss where it is no mean over rows."""
    metric = find_metric(name)
    return METRICS[metric.objective or metric.name]
