"""What the ladder's picture is made of: every rung with its place, its bar to clear, and where the climb stops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports.charts.theme import finite, span
from kiss_bench.reports.words import recommended_row

REACH = 0.6
"""By how much of the span from the baseline to the best score the picture reaches beyond them, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A rung that is held against another one: where the bar is that it has to clear."""

    place: int
    row: BoardRow
    incumbent: BoardRow
    bar: float
    """The incumbent's score."""
    clear: float
    """The score that gains exactly the margin."""


def margin_of(board: Board, row: BoardRow) -> float | None:
    """The margin in the metric's units over this row's incumbent; None where the record has no one figure for it."""
    if row.margin is not None:
        return row.margin
    return None if board.metric.margin_unit == "relative" else board.metric.margin_abs


def steps(board: Board) -> list[Step]:
    """All rungs that have an incumbent, simplest first."""
    by_name = {row.rung: row for row in board.rungs}
    sign = 1.0 if board.metric.greater_is_better else -1.0
    found = []
    for place, row in enumerate(board.rungs):
        incumbent = by_name.get(row.incumbent or "")
        if incumbent is None or incumbent.score is None or not finite(incumbent.score):
            continue
        margin = margin_of(board, row)
        clear = incumbent.score + sign * margin if margin is not None and finite(margin) else incumbent.score
        found.append(Step(place=place, row=row, incumbent=incumbent, bar=incumbent.score, clear=clear))
    return found


def climb(board: Board) -> list[tuple[float, int]]:
    """The way up as corners (score, place): from the baseline over each promotion to the recommended rung."""
    chosen = recommended_row(board)
    corners: list[tuple[float, int]] = []
    row = chosen
    places = {each.rung: place for place, each in enumerate(board.rungs)}
    while row is not None and row.score is not None and finite(row.score):
        corners.append((row.score, places[row.rung]))
        below = places.get(row.incumbent or "")
        row = board.rungs[below] if below is not None and below < places[row.rung] else None
    corners.reverse()
    way: list[tuple[float, int]] = []
    for score, place in corners:
        if way:
            way.append((way[-1][0], place))
        way.append((score, place))
    return way


def score_span(board: Board) -> tuple[float, float] | None:
    """The scale of the scores: all that matters for the climb, and no more of a rung that ran off than there is room.

    None where no rung has a score.
    """
    scores = [row.score for row in board.rungs if row.score is not None and finite(row.score)]
    if not scores:
        return None
    sign = 1.0 if board.metric.greater_is_better else -1.0
    base, best = scores[0] * sign, max(score * sign for score in scores)
    width = (best - base) or abs(base) or 1.0
    worst, most = base - REACH * width, best + REACH * width
    ends = [*_ends(board.rungs), *(step.clear for step in steps(board))]
    within = [value * sign for value in (*scores, *ends) if worst <= value * sign <= most]
    wide = [value * sign for value in _ends(board.rungs[:1])]  # the baseline's own interval is always shown
    low, high = span([*within, *wide] or [base, best])
    return (low, high) if sign > 0 else (-high, -low)


def gain_span(board: Board) -> tuple[float, float]:
    """The scale of the gains, likewise; 0 and every margin are on it."""
    gains = [row.gain for row in board.rungs if row.gain is not None and finite(row.gain)]
    margins = [value for row in board.rungs if (value := margin_of(board, row)) is not None and finite(value)]
    size = max([value for value in gains if value > 0] + margins, default=0.0) or max(map(abs, gains), default=1.0)
    ends = [value for row in board.rungs for value in (row.gain_low, row.gain_high) if value is not None]
    return span(
        [0.0, *margins, *(value for value in (*gains, *ends) if finite(value) and -size <= value <= 1.6 * size)]
    )


def _ends(rows: Iterable[BoardRow]) -> list[float]:
    return [value for row in rows for value in (row.score_low, row.score_high) if value is not None and finite(value)]


def inside(value: float, scale: Sequence[float]) -> float:
    """The value, or the end of the scale that it lies beyond."""
    return min(max(value, scale[0]), scale[1])
