"""What a margin of skill means to somebody who knows the target and not the metric."""

import math

from kiss_bench.judge.power import best_constant, dummy_loss
from kiss_bench.metrics import find_metric
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import clean
from kiss_bench.tasks.task import Task

HALFWAY = 0.5
"""The share of the dummy's RMSE at which the margin is shown a second time."""


def margin_in_own_units(task: Task, metric: str, margin: float, target: str) -> str:
    """Say what `margin`, a share of the dummy's loss in [0, 1), asks of a rung, from the n targets alone.

    Of `rmse` the loss is the squared error, so that a rung at RMSE r has to come to sqrt(r^2 - margin D^2), with D the
    target's standard deviation. Of `log_loss` exp(-loss) is the geometric mean of the probability given to what came
    true, and a margin multiplies it by exp(margin H), with H the entropy of the class shares.

    Raises:
        ValueError: a metric that no task has by default.
    """
    if metric == "rmse":
        return _of_errors(task, margin, target)
    if metric == "log_loss":
        return _of_probabilities(task, margin)
    raise ValueError(metric)


def _of_errors(task: Task, margin: float, target: str) -> str:
    loss = dummy_loss(task.y, "rmse")
    start = math.sqrt(loss)
    half = HALFWAY * start
    constant = best_constant(task.y, find_metric("rmse").best_constant)
    return (
        f"rmse, in the units of {clean(target)!r}: saying {amounts.number(constant)} for every row, as the dummy does, "
        f"is off by {amounts.number(start)}. The margin, {_percent(margin)} of its squared error, is what each more "
        f"complex rung has to bring: from {amounts.number(start)} to {amounts.number(_less(start, margin * loss))}, or "
        f"from half of that, {amounts.number(half)}, to {amounts.number(_less(half, margin * loss))}."
    )


def _less(rmse: float, square: float) -> float:
    """The RMSE that is left when this much of the squared error is gone."""
    return math.sqrt(max(rmse**2 - square, 0.0))


def _of_probabilities(task: Task, margin: float) -> str:
    loss = dummy_loss(task.y, "log_loss")
    before, after = math.exp(-loss), math.exp(-(1.0 - margin) * loss)
    times = 100 * (math.exp(margin * loss) - 1)
    return (
        f"log_loss: the dummy, which knows the class shares alone, has {amounts.number(loss)}: on (geometric) average "
        f"it gives what then happens a probability of {_share(before)}. The margin, {_percent(margin)} of that or "
        f"{amounts.number(margin * loss)}, is what each more complex rung has to bring: a probability {times:.2g} % "
        f"higher than the simpler one gives, at first {_share(after)}."
    )


def _percent(share: float) -> str:
    return f"{amounts.exact(100 * share)} %"


def _share(probability: float) -> str:
    """Percent with digits enough to see a margin."""
    return f"{100 * probability:.2f} %"
