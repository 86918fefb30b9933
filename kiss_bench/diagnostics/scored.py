"""Out-of-fold predictions of two models on the same rows, and means of their losses over parts of these rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from kiss_bench.metrics import Metric
from kiss_bench.tasks.task import Task

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
LEVEL = 0.975
"""Of a two-sided 95 % interval."""
BLOCKS = 50
"""Parts of equally many consecutive rows, where rows have a time: neighbours hang together, blocks hardly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draws:
    """What a row counts, and what it shares with others: (n,) weights of at least 0, and codes of groups."""

    weight: Floats | None = None
    group: Codes | None = None


def draws_of(task: Task, rows: Codes) -> Draws:
    """Of these rows of a task: those of one group are one draw, and without groups those of one block in time.

    Blocks are what the judge takes for a short series (kiss_bench.judge.inference); of 50 even a part of the rows has
    some.
    """
    group = None
    if task.group is not None:
        group = task.group[rows]
    elif task.time is not None:
        group = np.empty(len(rows), dtype=np.int64)
        group[np.argsort(task.time[rows], kind="stable")] = np.arange(len(rows)) * BLOCKS // len(rows)
    return Draws(weight=None if task.weight is None else task.weight[rows], group=group)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """(n,) row losses of one model, and of a simpler one on the same rows."""

    metric: Metric
    """One whose score is a mean of row losses, or its root."""
    losses: Floats
    simpler: Floats | None
    draws: Draws


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """Means over each of p parts of the rows with their 95 % intervals; NaN where there is none."""

    rows: Codes
    mean: Floats
    low: Floats
    high: Floats
    draws: Codes
    """Groups, or blocks in time, in each part, or rows where neither is declared: those that count."""


def part_means(values: Floats, codes: Codes, parts: int, draws: Draws) -> Means:
    """Weighted means of (n,) values over the rows of each code 0..parts-1; -1 is in no part.

    The interval is mean ± t * standard error, that of a linearised ratio mean: the sum over draws of squared sums of
    w (value - mean), times d / (d - 1) for d draws, over the squared sum of w (Cochran 1977, Sampling Techniques, ch. 6
    and 9; of groups it is the cluster-robust one of Liang & Zeger 1986, Biometrika 73:13). Draws are groups where they
    are declared, else rows. t has d_eff - 1 degrees of freedom, d_eff = (sum of sizes)^2 / sum of squared sizes. It
    takes the fitted models as given and one part at a time: for display, no verdict rests on it.
    """
    inside = codes >= 0
    at, found = codes[inside], values[inside]
    weight = np.ones(len(found)) if draws.weight is None else draws.weight[inside]
    rows = np.bincount(at, minlength=parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.bincount(at, weights=weight, minlength=parts)
        mean = np.bincount(at, weights=weight * found, minlength=parts) / total
        home, size, moment = at, weight, weight * (found - mean[at])
        if draws.group is not None:
            home, size, moment = _by_group(at, draws.group[inside], weight, moment)
        count = np.bincount(home, weights=size > 0, minlength=parts)
        squares = np.bincount(home, weights=np.square(moment), minlength=parts)
        error = np.sqrt(squares * count / (count - 1)) / total
        effective = total**2 / np.bincount(home, weights=np.square(size), minlength=parts)
        reach = stdtrit(np.minimum(count, effective) - 1, LEVEL) * error
    reach[count < 2] = np.nan
    return Means(rows=rows, mean=mean, low=mean - reach, high=mean + reach, draws=count.astype(np.int64))


def _by_group(at: Codes, group: Codes, weight: Floats, moment: Floats) -> tuple[Codes, Floats, Floats]:
    """Of every group within every part: the part, the sum of its weights and that of its moments."""
    groups = int(group.max(initial=0)) + 1
    pairs, place = np.unique(at * groups + group, return_inverse=True)
    size, sums = np.bincount(place, weights=weight), np.bincount(place, weights=moment)
    return pairs // groups, np.asarray(size, dtype=np.float64), np.asarray(sums, dtype=np.float64)


def score_of(metric: Metric, loss: Floats) -> Floats:
    """Scores from mean losses: themselves, or their roots. Ends of intervals go the same way, the root being monotone.

    An end below 0 is one at 0, since no loss is below.
    """
    floor = np.maximum(loss, 0.0)
    return np.sqrt(floor) if metric.pooling == "root" else floor


def overall(scored: Scored) -> float:
    """The score of all rows."""
    whole = np.average(scored.losses, weights=scored.draws.weight)
    return float(score_of(scored.metric, np.array([whole]))[0])
