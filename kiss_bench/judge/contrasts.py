"""From predictions to contrasts: what is tested is always the mean of `incumbent - candidate - margin` over rows.

Each arm is measured once, as a loss (smaller is better, exactly additive over rows, what the margin is stated in) and
as a score (the metric's own units, through influence rows where it is not a mean). Margins are then contrasts:

    absolute    l_c - l_j - delta               r2: delta * (y - mean y)^2, so that the ratio is exact
    skill       l_c - l_j - s * l_0             l_0 the dummy's loss; 0.5 for roc_auc
    relative    (1 - rho) l_c - l_j             rmse: (1 - rho)^2 on squared errors, exact as well
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import DataError, FoldError, RecordError
from kiss_bench.judge.inference import Estimate, Layout, lay_out
from kiss_bench.judge.judgement import Floats, Rows, Terms
from kiss_bench.metrics import Metric, find_metric, placements

LEAST_MEMBERS = 2
BLIND_AUC_LOSS = 0.5
"""1 - AUC of a model that ranks nothing: the dummy's loss, whatever it predicted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One arm of one rung on all rows it was scored on."""

    loss: Estimate
    """Row loss; squared error for rmse and r2, error for accuracy, 1 - AUC for roc_auc."""
    score: Estimate
    """In the metric's own units and sign."""

    def first(self, repeats: int) -> "Measured":
        return Measured(loss=self.loss.first(repeats), score=self.score.first(repeats))


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """Everything about a judgement that does not depend on the arm at hand."""

    rows: Rows
    terms: Terms
    metric: Metric
    layout: Layout
    dummy: Measured | None = None

    @property
    def sign(self) -> float:
        """+1 where a greater score is better."""
        return 1.0 if self.metric.greater_is_better else -1.0

    @property
    def in_score_units(self) -> bool:
        """Whether the margin is a number of rmse units: the one case that squared errors cannot express exactly."""
        return self.metric.pooling == "root" and self.terms.margin_unit == "absolute"


def set_exam(rows: Rows, terms: Terms) -> Exam:
    """Read the layout of the rows; the dummy comes later, by `dataclasses.replace`.

    Raises:
        FoldError: too few rows, groups, points in time or, for roc_auc, members of a class to say anything.
        DataError: r2 of a target that does not vary.
        KissBenchError: unknown metric.
    """
    metric = find_metric(terms.metric)
    if metric.pooling == "ratio" and float(np.ptp(rows.actual)) == 0.0:
        raise DataError("r2 is undefined for a target that never varies; use rmse")
    layout = lay_out(rows, terms.scheme)
    if metric.pooling == "auc":
        _refuse_lone_members(layout, np.asarray(rows.actual) == (1 if terms.positive is None else terms.positive))
    return Exam(rows=rows, terms=terms, metric=metric, layout=layout)


def _refuse_lone_members(layout: Layout, positive: NDArray[np.bool_]) -> None:
    """A lone member says nothing of how much its rank varies: with five of them, three noise rungs in ten passed."""
    for fold in layout.fold:
        fewest = int(np.bincount(2 * fold + positive, minlength=2 * layout.folds).min())
        if fewest < LEAST_MEMBERS:
            raise FoldError(
                f"roc_auc needs at least {LEAST_MEMBERS} rows of each class in every test fold, and one has {fewest}; "
                f"use fewer folds, or log_loss"
            )


def measure(exam: Exam, predictions: Floats) -> Measured:
    """Measure an arm from its (r, n) values or (r, n, k) probabilities; r at most the repeats of the rows.

    Raises:
        RecordError: predictions of another number of rows or of more repeats than there are folds for.
        FoldError: roc_auc on a fold with a single class.
    """
    repeats, n = exam.layout.fold.shape
    if predictions.shape[1] != n or not 1 <= predictions.shape[0] <= repeats:
        found = f"{predictions.shape[0]} repeats of {predictions.shape[1]} rows"
        raise RecordError(f"predictions of {found} do not belong to folds of {repeats} repeats of {n} rows")
    if exam.metric.pooling == "auc":
        loss = _auc_loss(exam, predictions)
        return Measured(loss=loss, score=loss * -1.0 - -1.0)
    losses = np.stack([exam.metric.row_loss(exam.rows.actual, repeat) for repeat in predictions])
    loss = pooled(exam.layout, losses)
    return Measured(loss=loss, score=_score(exam, loss))


def pooled(layout: Layout, rows: Floats) -> Estimate:
    """Make the estimate of a plain mean over (r, n) rows."""
    return Estimate(rows=rows, folds=layout.fold_means(rows), values=rows.mean(axis=1))


def difference(exam: Exam, incumbent: Measured, candidate: Measured) -> Estimate:
    """Build incumbent - candidate on the scale that the margin is tested on; positive where the candidate is better."""
    if exam.in_score_units:
        return incumbent.score - candidate.score
    return incumbent.loss - candidate.loss


def contrast(exam: Exam, incumbent: Measured, candidate: Measured) -> Estimate:
    """Build the tested quantity: positive where the candidate is better by more than the margin."""
    plain = difference(exam, incumbent, candidate)
    if exam.in_score_units:
        return plain - exam.terms.margin
    return plain - _yardstick(exam, incumbent, plain.repeats) * margin_share(exam)


def margin_share(exam: Exam) -> float:
    """Turn the margin into a multiple of its yardstick; (1 - rho) of an RMSE is (1 - rho)^2 of its square."""
    margin = exam.terms.margin
    if exam.terms.margin_unit == "relative" and exam.metric.pooling == "root":
        return 1.0 - (1.0 - margin) ** 2
    return margin


def in_metric_units(exam: Exam, incumbent: Measured, amount: float) -> float:
    """Express a reduction of the incumbent's loss as a gain in the metric's units."""
    if exam.metric.pooling == "ratio":
        return amount / float(np.var(exam.rows.actual))
    if exam.metric.pooling != "root" or exam.in_score_units:
        return amount
    square = incumbent.loss.value
    if square <= 0.0:
        return math.sqrt(max(amount, 0.0))
    if amount > square:  # more than there is to gain: keep growing, so that it reads as out of reach
        return math.sqrt(square) * amount / square
    return math.sqrt(square) - math.sqrt(square - amount)


def margin_in_metric_units(exam: Exam, incumbent: Measured) -> float:
    """Express the margin over this incumbent in the metric's units."""
    if exam.terms.margin_unit == "absolute":
        return exam.terms.margin
    yard = _yardstick(exam, incumbent, incumbent.loss.repeats)
    level = yard.value if isinstance(yard, Estimate) else yard
    return in_metric_units(exam, incumbent, margin_share(exam) * level)


def _yardstick(exam: Exam, incumbent: Measured, repeats: int) -> Estimate | float:
    """Give what one unit of margin is worth, row by row or as a constant."""
    unit, layout = exam.terms.margin_unit, exam.layout
    if unit == "relative":
        return incumbent.loss
    if unit == "absolute":
        if exam.metric.pooling != "ratio":
            return 1.0
        return pooled(layout, np.tile(_total(exam), (repeats, 1)))
    if exam.metric.pooling == "auc":
        return BLIND_AUC_LOSS
    if exam.dummy is None:
        raise RecordError("a skill margin needs the dummy's predictions")
    loss = exam.dummy.loss
    if loss.repeats >= repeats:
        return loss
    # The dummy's loss of a row hardly depends on the split, so its first repeat stands in for those it has not run.
    missing = np.repeat(loss.rows[:1], repeats - loss.repeats, axis=0)
    return pooled(layout, np.concatenate([loss.rows, missing]))


def _total(exam: Exam) -> Floats:
    """(n,) squared distance from the mean of the target: what r2 divides by."""
    actual = np.asarray(exam.rows.actual, dtype=np.float64)
    return np.asarray(np.square(actual - actual.mean()))


def _score(exam: Exam, loss: Estimate) -> Estimate:
    """Influence rows of the score: value + first-order effect of each row (exact where the score is a mean)."""
    if exam.metric.pooling == "mean":
        return loss
    if exam.metric.pooling == "complement":
        return loss * -1.0 - -1.0
    if exam.metric.pooling == "root":
        values = np.sqrt(loss.values)
        slope = np.divide(0.5, values, out=np.zeros_like(values), where=values > 0.0)
        rows = values[:, None] + (loss.rows - loss.values[:, None]) * slope[:, None]
    else:
        total = _total(exam)
        share = loss.values / total.mean()
        values = 1.0 - share
        rows = values[:, None] - (loss.rows - share[:, None] * total) / total.mean()
    return Estimate(rows=rows, folds=exam.layout.fold_means(rows), values=values)


def _auc_loss(exam: Exam, predictions: Floats) -> Estimate:
    """1 - AUC, averaged over folds, with DeLong's placements as rows (DeLong et al. 1988; LeDell et al. 2015).

    Each row weighs 1/(K n_class) within its fold. Rows are scaled by sqrt(m/(m-1)), m the size of their class in the
    fold, which makes their plain variance / n equal to DeLong's v1/n1 + v0/n0 summed over folds and divided by K^2.
    """
    n, folds = len(exam.rows.actual), exam.layout.folds
    rows, by_fold = [], []
    for fold, repeat in zip(exam.layout.fold, predictions, strict=False):
        placed = placements(exam.rows.actual, repeat, fold, exam.terms.positive)
        bessel = np.sqrt(placed.size / np.maximum(placed.size - 1.0, 1.0) * (n - 1) / n)
        centred = (placed.value - placed.auc[fold]) * bessel * n / (folds * placed.size)
        rows.append(1.0 - placed.auc.mean() - centred)
        by_fold.append(1.0 - placed.auc)
    values = np.stack(by_fold)
    return Estimate(rows=np.stack(rows), folds=values, values=values.mean(axis=1))
