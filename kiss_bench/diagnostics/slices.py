"""Where a model is good and where it is not: its score on rows that have one thing in common.

Rows are cut by levels, ranges of numbers, spans of time, groups, and what is missing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from kiss_bench.diagnostics.wording import figures, moments, short
from kiss_bench.metrics import Metric
from kiss_bench.records.diagnostics import Slice, SliceKind
from kiss_bench.tasks.audit.strength import as_numbers
from kiss_bench.tasks.task import Column, Task

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


MOST_LEVELS = 12
"""Levels of a category with a slice of their own, the most frequent ones; the others share one."""
FEW_VALUES = 10
"""Numbers with at most so many distinct values are cut into these, others into ranges."""
RANGES = (0.25, 0.5, 0.75)
"""Quantiles at which numbers and dates are cut."""
SPANS = 5
"""Equally long spans of the declared time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One way to cut n rows: the part of each row, -1 for none, and what the parts are."""

    column: str
    codes: Codes
    parts: tuple[tuple[SliceKind, str], ...]
    """Kind and label."""


def feature_cuts(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Iterator[Cut]:
    """A cut by each column of a canonical frame."""
    for column in columns:
        yield _by_level(frame[column.name], column) if column.kind == "category" else _by_size(frame, column)


def group_cut(column: str, codes: Codes, names: list[str]) -> Cut:
    """A part for every group; `names` by code."""
    return Cut(column=column, codes=codes, parts=tuple(("group", short(name)) for name in names))


def time_cut(frame: pd.DataFrame, column: Column) -> Cut:
    """Five spans of time of the same length, from the first of these rows to the last."""
    numbers = as_numbers(frame[column.name], column.kind)
    edges = np.linspace(numbers.min(), numbers.max(), SPANS + 1)
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, SPANS - 1).astype(np.int64)
    texts = _texts(edges, column)
    labels = [f"{start} to {end}" for start, end in pairwise(texts)]
    return Cut(column=short(column.name), codes=codes, parts=tuple(("time", label) for label in labels))


def _by_level(values: pd.Series, column: Column) -> Cut:
    """The most frequent levels, all others together, and the missing values."""
    codes, names = values.cat.codes.to_numpy(), [str(name) for name in values.cat.categories]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    shown = order if len(order) <= MOST_LEVELS + 1 else order[:MOST_LEVELS]
    parts: list[tuple[SliceKind, str]] = [("level", short(names[place])) for place in shown]
    lookup = np.full(len(names) + 1, len(shown), dtype=np.int64)  # code -1, missing, picks the last
    lookup[shown] = np.arange(len(shown))
    if len(shown) < len(order):
        parts.append(("level", f"any of {len(order) - len(shown)} other levels"))
    lookup[-1] = len(parts)
    return Cut(column=short(column.name), codes=lookup[codes], parts=(*parts, ("missing", "missing")))


def _by_size(frame: pd.DataFrame, column: Column) -> Cut:
    """Numbers, booleans and dates: their values where they are few, else ranges of about equally many rows."""
    numbers = as_numbers(frame[column.name], column.kind)
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    ranged = len(distinct) > FEW_VALUES
    edges = np.unique(np.quantile(numbers[known], RANGES, method="lower")) if ranged else distinct[:-1]
    codes = np.searchsorted(edges, numbers, side="left").astype(np.int64)
    starts = np.r_[0, np.searchsorted(distinct, edges, side="right")]
    ends = np.r_[starts[1:], len(distinct)] - 1
    lasting = starts <= ends  # no value lies above an edge that is the largest
    kind: SliceKind = "range" if ranged else "level"
    labels = _labels(distinct[starts[lasting]], distinct[ends[lasting]], column) if len(distinct) else []
    codes[~known] = len(labels)
    return Cut(
        column=short(column.name),
        codes=codes,
        parts=(*((kind, label) for label in labels), ("missing", "missing")),
    )


def _labels(first: NDArray[np.float64], last: NDArray[np.float64], column: Column) -> list[str]:
    """`250 to 1365`, or the one value that there is."""
    if column.kind == "boolean":
        return ["true" if value else "false" for value in first]
    texts = _texts(np.r_[first, last], column)
    return [
        low if low == high else f"{low} to {high}"
        for low, high in zip(texts[: len(first)], texts[len(first) :], strict=True)
    ]


def _texts(numbers: NDArray[np.float64], column: Column) -> list[str]:
    if column.kind == "date":
        return moments(numbers.astype(np.int64).astype("datetime64[us]"))
    return figures(numbers.tolist())


SMALL_ROWS, SMALL_GROUPS = 30, 10
"""Below so many rows, or groups where these are declared, a slice is small."""
FEWEST_OF_A_GROUP = 10
"""Rows that a group needs for a slice of its own."""
MOST_GROUPS, MOST_OTHERS = 30, 60
"""Slices that are kept, the worst ones; spans of time are all kept."""


def slices(cuts: Iterable[Cut], scored: Scored) -> tuple[tuple[Slice, ...], int]:
    """The worst slices of all these cuts, worst first, and how many there were.

    A slice that is worse than the whole is placed by the lower end of its interval, and one that is better, behind all
    of those, by the upper end: a handful of rows with a bad score and a wide interval comes after many rows with a
    score that is a little less bad.
    """
    whole = overall(scored)
    found = [each for cut in cuts for each in _of_cut(cut, scored)]
    found.sort(key=lambda each: _place(each, whole))
    groups = [each for each in found if each.kind == "group"][:MOST_GROUPS]
    times = [each for each in found if each.kind == "time"]
    others = [each for each in found if each.kind not in ("group", "time")][:MOST_OTHERS]
    return tuple(sorted([*groups, *times, *others], key=lambda each: _place(each, whole))), len(found)


def _place(one: Slice, whole: float) -> tuple[float, float]:
    if one.score is None or one.low is None or one.high is None:
        return 2.0, 0.0
    return (0.0, -one.low) if one.score >= whole else (1.0, -one.high)


def _of_cut(cut: Cut, scored: Scored) -> Iterator[Slice]:
    by_group = bool(cut.parts) and cut.parts[0][0] == "group"
    draws = Draws(weight=scored.draws.weight) if by_group else scored.draws  # one group holds no other to vary from
    means = part_means(scored.losses, cut.codes, len(cut.parts), draws)
    if np.count_nonzero(means.rows) < 2:  # all rows are no slice
        return
    score, low, high = (score_of(scored.metric, each) for each in (means.mean, means.low, means.high))
    simpler = None
    if scored.simpler is not None:
        simpler = score_of(scored.metric, part_means(scored.simpler, cut.codes, len(cut.parts), draws).mean)
    for place, (kind, label) in enumerate(cut.parts):
        rows = int(means.rows[place])
        if not rows or (by_group and rows < FEWEST_OF_A_GROUP):
            continue
        few = draws.group is not None and means.draws[place] < SMALL_GROUPS
        yield Slice(
            column=cut.column,
            kind=kind,
            label=label,
            rows=rows,
            score=_number(score[place]),
            low=_number(low[place]),
            high=_number(high[place]),
            simpler_score=None if simpler is None else _number(simpler[place]),
            small=rows < SMALL_ROWS or bool(few),
        )


def _number(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
