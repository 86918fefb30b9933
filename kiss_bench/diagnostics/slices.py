"""Where a model is good and where it is not: its score on rows that have one thing in common."""

from collections.abc import Iterable, Iterator

import numpy as np

from kiss_bench.diagnostics.cuts import Cut
from kiss_bench.diagnostics.scored import Draws, Scored, overall, part_means, score_of
from kiss_bench.records.diagnostics import Slice

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
