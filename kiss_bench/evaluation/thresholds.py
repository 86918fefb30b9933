"""The decision threshold of a binary task, for metrics that need a hard label: learnt in training, then frozen.

It maximises the metric on pooled out-of-fold probabilities of the inner folds, as scikit-learn's
TunedThresholdClassifierCV does with `cv`; on the rows it is scored on, it would be fitted to their noise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kiss_bench.evaluation.exam import Exam, Floats, Positions
from kiss_bench.metrics import Metric, find_metric

EVEN = 0.5
"""Where labels are cut when nothing was learnt; the threshold nearest to it wins among equals."""
ROUND_OFF = 1e-12
"""Scores that differ by less are equal: one fraction, computed in two ways."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Confusion matrices of m candidate thresholds on the same rows, counts as (m,) arrays."""

    hits: Floats
    """Positives said to be positive; the rest of the positives are `misses`."""
    misses: Floats
    alarms: Floats
    """Negatives said to be positive; the rest of the negatives are `passes`."""
    passes: Floats


def _ratio(part: Floats, whole: Floats) -> Floats:
    """0 where the whole is empty, as in scikit-learn."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _f1(counts: Confusion) -> Floats:
    return _ratio(2.0 * counts.hits, 2.0 * counts.hits + counts.alarms + counts.misses)


def _balanced_accuracy(counts: Confusion) -> Floats:
    recall = _ratio(counts.hits, counts.hits + counts.misses)
    return (recall + _ratio(counts.passes, counts.passes + counts.alarms)) / 2.0


def _mcc(counts: Confusion) -> Floats:
    claimed, unclaimed = counts.hits + counts.alarms, counts.misses + counts.passes
    true, false = counts.hits + counts.misses, counts.alarms + counts.passes
    covariance = counts.hits * counts.passes - counts.alarms * counts.misses
    return _ratio(covariance, np.sqrt(claimed * unclaimed) * np.sqrt(true * false))


SCORES: Mapping[str, Callable[[Confusion], Floats]] = MappingProxyType(
    {"balanced_accuracy": _balanced_accuracy, "f1": _f1, "mcc": _mcc}
)
"""Metric -> its (m,) values at all candidates at once: `label_score` of every candidate would take O(n^2)."""


def threshold_metric(exam: Exam) -> Metric | None:
    """The metric that the threshold serves: the first of the primary and the others that needs hard labels.

    None where the primary metric is one of labels as they are most probable: a metric that is only described must not
    alter what is judged.
    """
    if exam.task.kind != "binary":
        return None
    primary, *also = (find_metric(name) for name in (exam.plan.metric.primary or "", *exam.plan.metric.also))
    if primary.thresholded or primary.pooling == "labels":
        return primary if primary.thresholded else None
    return next((one for one in also if one.thresholded), None)


def learn_threshold(exam: Exam, rows: Positions | None, prediction: Floats | None) -> float | None:
    """The threshold of one unit from its inner predictions; None where the plan needs none.

    `rows` (m,) are positions inside the training part, `prediction` (m, 2) what models that did not see them said.
    Raises ValueError where a threshold is needed and there are no inner predictions.
    """
    metric, positive = threshold_metric(exam), exam.task.positive
    if metric is None or positive is None:
        return None
    if rows is None or prediction is None:
        raise ValueError(f"the threshold for {metric.name} is learnt from inner predictions, and there are none")
    return best_threshold(metric, exam.task.y[rows], prediction[:, positive], positive)


def best_threshold(metric: Metric, actual: NDArray[np.generic], chance: Floats, positive: int) -> float:
    """The threshold in [0, 1] at which labels score best, a row being positive from there on; O(n log n).

    `actual` is (n,) class codes 0 and 1, `chance` (n,) probabilities of class `positive`. Candidates lie halfway
    between neighbouring probabilities, 0 and 1 among them; ties go to the one nearest 0.5, then to the lower one.
    """
    values, place = np.unique(chance, return_inverse=True)
    edges = np.concatenate([[0.0], values, [1.0]])
    middle = (edges[:-1] + edges[1:]) / 2.0
    candidates = np.where(middle > edges[:-1], middle, edges[1:])  # neighbours may have no number between them
    possible = candidates > edges[:-1]
    possible[0] = True  # at 0 all rows are positive, those of probability 0 too
    found = SCORES[metric.name](_confusions(np.asarray(actual) == positive, place, len(values)))
    best = possible & (found >= found[possible].max() - ROUND_OFF)
    return float(candidates[best][np.argmin(np.abs(candidates[best] - EVEN))])


def _confusions(is_positive: NDArray[np.bool_], place: NDArray[np.int64], distinct: int) -> Confusion:
    """Of thresholds below all `distinct` probabilities, between any two and above all; `place` (n,) is a row's."""

    def below(flags: NDArray[np.bool_]) -> Floats:
        counts = np.bincount(place, weights=flags, minlength=distinct)
        return np.concatenate([[0.0], np.cumsum(counts)])

    misses, passes = below(is_positive), below(~is_positive)
    return Confusion(hits=misses[-1] - misses, misses=misses, alarms=passes[-1] - passes, passes=passes)
