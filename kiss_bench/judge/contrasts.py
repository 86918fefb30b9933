"""From predictions to contrasts: what is tested is always the mean of `incumbent - candidate - margin` over rows.

Each arm is measured once, as a loss (smaller is better, exactly additive over rows, what the margin is stated in) and
as a score (the metric's own units, through influence rows where it is not a mean). Margins are then contrasts:

    absolute    l_c - l_j - delta               r2: delta * (y - mean y)^2, so that the ratio is exact
    skill       l_c - l_j - s * l_0             l_0 the dummy's loss; 0.5 for roc_auc
    relative    (1 - rho) l_c - l_j             rmse: (1 - rho)^2 on squared errors, exact as well

What cannot be judged is refused here, with the reason and what to use instead, before a number could mislead.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import DataError, FoldError, KissBenchError, RecordError
from kiss_bench.judge.inference import Estimate, Layout, lay_out
from kiss_bench.judge.judgement import Codes, Floats, Terms
from kiss_bench.judge.predictions import Predictions
from kiss_bench.metrics import Metric, find_metric, rank_rows
from kiss_bench.metrics.labels import confusion, most_probable

BLIND_AUC = 0.5
"""What a model that ranks nothing comes to, whatever it predicted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One arm of one rung on all rows it was scored on."""

    loss: Estimate
    """Row loss; squared error for rmse and r2, 1 - score for metrics of labels and ranks."""
    score: Estimate
    """In the metric's own units and sign."""

    def first(self, repeats: int) -> "Measured":
        return Measured(loss=self.loss.first(repeats), score=self.score.first(repeats))


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """Everything about a judgement that does not depend on the arm at hand."""

    rows: Predictions
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

    def actual(self, repeat: int) -> np.ndarray:
        """(n,) targets of the rows of a repeat."""
        return self.rows.actual[repeat] if self.rows.actual.ndim == 2 else self.rows.actual

    @property
    def positive(self) -> int:
        return 1 if self.terms.positive is None else self.terms.positive


def set_exam(rows: Predictions, terms: Terms) -> Exam:
    """Read the layout of the rows; the dummy comes later, by `dataclasses.replace`.

    Raises:
        FoldError: too few rows, groups, points in time or members of a class to say anything.
        DataError: a target that the metric is undefined for, or weights that are none.
        KissBenchError: unknown metric, or one that has no valid error bar under this scheme.
    """
    metric, layout = find_metric(terms.metric), lay_out(rows, terms.scheme)
    refuse_unmeasurable(rows, terms, metric, layout)
    return Exam(rows=rows, terms=terms, metric=metric, layout=layout)


def measure(exam: Exam, predictions: Floats, predicted: Codes | None = None) -> Measured:
    """Measure an arm from its (r, n) values or (r, n, k) probabilities; r at most the repeats of the rows.

    `predicted` are (r, n) class codes for metrics of labels; without them the most probable class is taken.

    Raises:
        RecordError: predictions of another number of rows or of more repeats than there are folds for.
        FoldError: a rank metric on a fold that lacks a class.
    """
    repeats, n = exam.layout.fold.shape
    if predictions.shape[1] != n or not 1 <= predictions.shape[0] <= repeats:
        found = f"{predictions.shape[0]} repeats of {predictions.shape[1]} rows"
        raise RecordError(f"predictions of {found} do not belong to folds of {repeats} repeats of {n} rows")
    if exam.metric.pooling in {"labels", "ranks"}:
        score = _ranks(exam, predictions) if exam.metric.pooling == "ranks" else _labels(exam, predictions, predicted)
        return Measured(loss=score * -1.0 - -1.0, score=score)
    losses = [exam.metric.row_loss(exam.actual(repeat), values) for repeat, values in enumerate(predictions)]
    loss = pooled(exam.layout, np.stack(losses))
    return Measured(loss=loss, score=_score(exam, loss))


def pooled(layout: Layout, rows: Floats) -> Estimate:
    """Make the estimate of a weighted mean over (r, n) rows."""
    values = layout.means(rows)
    linear = layout.linearised(rows, values)
    return Estimate(rows=linear, folds=layout.fold_means(linear), values=values)


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


def lenient_contrast(exam: Exam, incumbent: Measured, candidate: Measured) -> Estimate | None:
    """Build the contrast with a margin that is at most the real one, where the margin's own noise drowns the gain's.

    Of near-twins the contrast is all yardstick; on a target with heavy tails its mean is so unsure that nothing could
    be said, although a loss of at least 0 cannot have a mean of 0. Cut at its 95 % quantile it is surely no larger and
    far less noisy: a gain that stays below even this margin stays below the real one. None where it is not needed.
    """
    if exam.in_score_units:
        return None
    plain = difference(exam, incumbent, candidate)
    yardstick, share = _yardstick(exam, incumbent, plain.repeats), margin_share(exam)
    if not isinstance(yardstick, Estimate) or plain.rows.std() >= share * yardstick.rows.std():
        return None
    rows = np.minimum(yardstick.rows, np.quantile(yardstick.rows, 0.95))[: plain.repeats]
    return plain - Estimate(rows=rows, folds=exam.layout.fold_means(rows), values=rows.mean(axis=1)) * share


def margin_share(exam: Exam) -> float:
    """Turn the margin into a multiple of its yardstick; (1 - rho) of an RMSE is (1 - rho)^2 of its square."""
    margin = exam.terms.margin
    if exam.terms.margin_unit == "relative" and exam.metric.pooling == "root":
        return 1.0 - (1.0 - margin) ** 2
    return margin


def in_metric_units(exam: Exam, incumbent: Measured, amount: float) -> float:
    """Express a reduction of the incumbent's loss as a gain in the metric's units."""
    if exam.metric.pooling == "ratio":
        return amount / float(exam.layout.means(_total(exam)[None])[0])
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
    if exam.metric.pooling == "ranks":
        return blind_loss(exam)
    if exam.dummy is None:
        raise RecordError("a skill margin needs the dummy's predictions")
    loss = exam.dummy.loss
    if loss.repeats >= repeats:
        return loss.first(repeats)
    # The dummy's loss of a row hardly depends on the split, so its first repeat stands in for those it has not run.
    missing = np.repeat(loss.rows[:1], repeats - loss.repeats, axis=0)
    rows, values = np.concatenate([loss.rows, missing]), np.r_[loss.values, np.repeat(loss.values[:1], len(missing))]
    return Estimate(rows=rows, folds=layout.fold_means(rows), values=values)


def blind_loss(exam: Exam) -> float:
    """1 - what a model that ranks nothing comes to: a half, or of average precision the share of positives a fold."""
    if exam.metric.name != "average_precision":
        return 1.0 - BLIND_AUC
    fold, folds = exam.layout.fold[0], exam.layout.folds
    members = np.bincount(fold[exam.actual(0) == exam.positive], minlength=folds)
    return 1.0 - float(np.mean(members / np.bincount(fold, minlength=folds)))


def _total(exam: Exam) -> Floats:
    """(n,) squared distance from the mean of the target: what r2 divides by."""
    actual = np.asarray(exam.rows.actual, dtype=np.float64)
    return np.asarray(np.square(actual - exam.layout.means(actual[None])[0]))


def _score(exam: Exam, loss: Estimate) -> Estimate:
    """Influence rows of the score: value + first-order effect of each row (exact where the score is a mean)."""
    if exam.metric.pooling == "mean":
        return loss
    if exam.metric.pooling == "root":
        values = np.sqrt(loss.values)
        slope = np.divide(0.5, values, out=np.zeros_like(values), where=values > 0.0)
        rows = values[:, None] + (loss.rows - loss.values[:, None]) * slope[:, None]
        return Estimate(rows=rows, folds=exam.layout.fold_means(rows), values=values)
    total = pooled(exam.layout, _total(exam)[None])
    whole = total.value
    share = loss.values / whole
    rows = (1.0 - share)[:, None] - ((loss.rows - loss.values[:, None]) - share[:, None] * (total.rows - whole)) / whole
    return Estimate(rows=rows, folds=exam.layout.fold_means(rows), values=1.0 - share)


def _ranks(exam: Exam, predictions: Floats) -> Estimate:
    """Mean over folds of a rank metric; see `kiss_bench.metrics.ranking` for its rows.

    Independent rows lose a degree of freedom by being centred in each fold, which the corrected rows make up for.
    Where rows of a fold hang together (groups, time) the fold's own deviation is put back in its place.
    """
    layout = exam.layout
    found = [
        rank_rows(exam.metric, exam.actual(repeat), values, layout.fold[repeat], exam.positive)
        for repeat, values in enumerate(predictions)
    ]
    folds = np.stack([one.folds for one in found])
    values = folds.mean(axis=1)
    if layout.group is None and layout.period is None:
        return Estimate(rows=values[:, None] + np.stack([one.corrected for one in found]), folds=folds, values=values)
    shares = [np.bincount(fold, minlength=layout.folds)[fold] * layout.folds / len(fold) for fold in layout.fold]
    rows = [
        value + one.rows + (one.folds - value)[fold] / share
        for value, one, fold, share in zip(values, found, layout.fold, shares, strict=False)
    ]
    return Estimate(rows=np.stack(rows), folds=folds, values=values)


def _labels(exam: Exam, predictions: Floats, predicted: Codes | None) -> Estimate:
    """A function of the pooled confusion matrix, by the delta method; see `kiss_bench.metrics.labels`."""
    assert exam.metric.of_shares is not None
    given = [most_probable(values) for values in predictions] if predicted is None else list(predicted)
    classes = predictions.shape[2] if predictions.ndim == 3 else 2
    rows, values = [], []
    for repeat, codes in enumerate(given):
        actual = np.asarray(exam.actual(repeat), dtype=np.int64)
        shares = confusion(actual, codes, classes, exam.layout.weight)
        value, gradient = exam.metric.of_shares(shares, exam.positive)
        rows.append(value + gradient[actual, codes] - float((gradient * shares).sum()))
        values.append(value)
    linear = exam.layout.linearised(np.stack(rows), np.array(values))
    return Estimate(rows=linear, folds=exam.layout.fold_means(linear), values=np.array(values))


ROUNDING = 1e-12


def refuse_unmeasurable(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """Ask whether the metric has a value, and a valid error bar, on these rows.

    Raises:
        DataError: a target outside the metric's domain, or that does not vary where it must.
        FoldError: too few members of a class in a fold, or a scheme with too few splits.
        KissBenchError: a pair of metric and scheme, or of metric and weights, without a valid method.
    """
    _refuse_targets(rows, terms, metric)
    if metric.pooling == "labels":
        _refuse_labels(rows, terms, metric, layout)
    if metric.pooling == "ranks":
        _refuse_ranks(rows, terms, metric, layout)
    if terms.scheme == "repeated_holdout":
        _refuse_holdouts(metric, layout)
    if terms.scheme == "holdout" and layout.folds > 1:
        raise FoldError(f"a holdout is one fold, and there are {layout.folds}; say how they were made, as in 'kfold'")


def _refuse_targets(rows: Predictions, terms: Terms, metric: Metric) -> None:
    lowest = float(np.min(rows.actual))
    if metric.above is not None and (lowest < metric.above or (lowest == metric.above and not metric.closed)):
        limit = f"of at least {metric.above:g}" if metric.closed else f"above {metric.above:g}"
        raise DataError(f"{metric.name} is for targets {limit}, and the smallest is {lowest:g}; use rmse or mae")
    actual = rows.actual if rows.weight is None else rows.actual[..., rows.weight > 0]
    if metric.pooling == "ratio" and not _varies(actual):
        raise DataError(f"{metric.name} is undefined for a target that never varies; use rmse")
    if metric.pooling not in {"labels", "ranks"} or metric.name == "accuracy":
        return
    if float(np.ptp(actual)) == 0.0:
        raise DataError(f"{metric.name} needs rows of two classes, and all are of one; use log_loss or more rows")
    if metric.tasks == ("binary",) and not (actual == (1 if terms.positive is None else terms.positive)).any():
        raise DataError(f"{metric.name} needs rows of the positive class, and there are none")


def _refuse_labels(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """A class of few members decides alone, and says little of how much it varies.

    Equal models passed as JUSTIFIED at level 1 % in 2 to 7 of 100 draws with two to five members, in 1 to 2 with ten.
    """
    fewest, _ = fewest_members(rows, terms, metric, layout)
    if fewest < metric.fewest:
        what = "positive rows" if metric.positive_alone else "rows of each class"
        raise DataError(
            f"{metric.name} needs at least {metric.fewest} {what}, and there are {fewest}; use log_loss, or more rows"
        )


def _varies(actual: NDArray[Any]) -> bool:
    """Whether numbers differ by more than rounding, and their squares can be told from 0."""
    spread = float(np.ptp(actual))
    return spread > ROUNDING * float(np.abs(actual).max()) and spread**2 > 0.0


def _refuse_ranks(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> None:
    """Few members say little of how much their rank varies.

    Random scores passed as JUSTIFIED at level 1 % in 32 of 100 draws with one positive a fold, in 2.7 with two.
    """
    if layout.weight is not None:
        raise KissBenchError(f"{metric.name} has no error bar for weighted rows; use log_loss or brier, or no weights")
    fewest, where = fewest_members(rows, terms, metric, layout)
    if fewest < metric.fewest:
        what = "positive rows" if metric.positive_alone else "rows of each class"
        raise FoldError(
            f"{metric.name} needs at least {metric.fewest} {what} in every test fold, and fold {where} has {fewest}; "
            f"use fewer folds, or log_loss"
        )


def fewest_members(rows: Predictions, terms: Terms, metric: Metric, layout: Layout) -> tuple[int, int]:
    """Find the smallest number of members of a class in a test fold, and that fold; all are one for labels."""
    positive = 1 if terms.positive is None else terms.positive
    found = []
    for repeat, fold in enumerate(layout.fold):
        actual = np.asarray(rows.actual[repeat] if rows.actual.ndim == 2 else rows.actual, dtype=np.int64)
        classes = max(int(actual.max()) + 1, 2)
        weighs = None if rows.weight is None else rows.weight > 0
        counts = np.bincount(fold * classes + actual, weights=weighs, minlength=layout.folds * classes)
        counts = counts.reshape(layout.folds, classes)
        counts = counts.sum(axis=0, keepdims=True) if metric.pooling == "labels" else counts
        counts = counts[:, [positive]] if metric.positive_alone else counts
        found.append((int(counts.min()), int(counts.min(axis=1).argmin())))
    return min(found)


def _refuse_holdouts(metric: Metric, layout: Layout) -> None:
    if len(layout.fold) < 2:
        raise FoldError("repeated holdouts need two splits or more; of one split say scheme='holdout'")
    if layout.group is not None:
        raise KissBenchError("repeated holdouts of groups have no valid error bar here; use group folds")
    if layout.weight is not None or metric.pooling == "ratio":
        what = "row weights" if layout.weight is not None else metric.name
        raise KissBenchError(f"{what} and repeated holdouts have no error bar here; use folds that test each row once")
