"""What more trials buy: the best value so far over studies, and the expected best of random draws."""

from collections.abc import Sequence
from math import comb, isfinite

import numpy as np
from numpy.typing import NDArray

from kiss_bench.evaluation.exam import Trial
from kiss_bench.tuning.record.rung import BudgetPoint

MARKS = (1, 2, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
"""Numbers of trials at which a curve is shown, and the budget itself."""
Floats = NDArray[np.float64]


def marks_of(budget: int) -> tuple[int, ...]:
    return tuple(sorted({mark for mark in MARKS if mark < budget} | {budget})) if budget > 0 else ()


def best_so_far(trials: Sequence[Trial], *, maximise: bool) -> Floats:
    """(n,) best value among the complete trials up to each; the worst there is while none was completed."""
    sign = 1.0 if maximise else -1.0
    values = [sign * t.value if t.state == "COMPLETE" and t.value is not None else -np.inf for t in trials]
    return sign * np.maximum.accumulate(np.array(values, dtype=np.float64))


def budget_curve(studies: Sequence[Sequence[Trial]], budget: int, *, maximise: bool) -> tuple[BudgetPoint, ...]:
    """Gain of the best so far over trial 0 at each mark: mean over studies, lowest and highest.

    Adaptive samplers choose each trial by those before, so their trials cannot be drawn again in another order: what
    is shown is how far each study had come. Studies without a value for trial 0 are left out.
    """
    sign = 1.0 if maximise else -1.0
    rows = []
    for trials in studies:
        if trials and trials[0].state == "COMPLETE" and trials[0].value is not None:
            gains = sign * (best_so_far(trials, maximise=maximise) - trials[0].value)
            rows.append([gains[min(mark, len(gains)) - 1] for mark in marks_of(budget)])
    return _points(np.array(rows, dtype=np.float64), marks_of(budget))


def random_curve(studies: Sequence[Sequence[Trial]], budget: int, *, maximise: bool) -> tuple[BudgetPoint, ...]:
    """Expected gain over trial 0 of the best of trial 0 and m - 1 random trials, drawn without replacement.

    With the n values in descending order, the best of k drawn is the i-th with probability C(n - i, k - 1) / C(n, k):
    the unbiased estimate (Tang et al. 2020, arXiv 2004.13705, against the biased one with replacement). Valid for
    independent trials alone, that is, for random search. Trials that were pruned or failed have no value over all inner
    folds, so they count as no gain; they were given up since they were worse than the best of that time.
    """
    sign, rows = (1.0 if maximise else -1.0), []
    for trials in studies:
        if not trials or trials[0].value is None or trials[0].state != "COMPLETE":
            continue
        values = [t.value if t.state == "COMPLETE" and t.value is not None else trials[0].value for t in trials[1:]]
        gains = [max(sign * (value - trials[0].value), 0.0) for value in values]
        rows.append([expected_best(gains, mark - 1) for mark in marks_of(budget)])
    return _points(np.array(rows, dtype=np.float64), marks_of(budget))


def expected_best(values: Sequence[float], drawn: int) -> float:
    """Mean of the largest of `drawn` of these values, over all ways to draw them; 0 of none."""
    n, k = len(values), min(drawn, len(values))
    if k == 0:
        return 0.0
    ordered = sorted(values, reverse=True)
    return float(sum(value * comb(n - place, k - 1) for place, value in enumerate(ordered, 1)) / comb(n, k))


def enough_trials(curve: Sequence[BudgetPoint], margin: float) -> int | None:
    """Fewest trials, of the marks, from which the mean gain is within `margin` of the whole budget's."""
    return next((point.trials for point in curve if curve[-1].gain - point.gain <= margin), None)


def best_at_half(trials: Sequence[Trial], best: int | None) -> bool | None:
    """Whether the best trial was among the first half of the budget; None where none was completed."""
    return None if best is None else best < max(1, len(trials) // 2)


def _points(rows: Floats, marks: Sequence[int]) -> tuple[BudgetPoint, ...]:
    if rows.size == 0:
        return ()
    mean, low, high = rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0)
    return tuple(
        BudgetPoint(trials=mark, gain=float(mean[i]), low=float(low[i]), high=float(high[i]))
        for i, mark in enumerate(marks)
        if isfinite(mean[i])
    )
