"""The ladder as a picture: how well each rung scores, what it had to clear, and where the climb stops.

The simplest rung is at the bottom and better is to the right for every metric, so that a climb goes up and to the
right, and "above" means in the picture what it means in the text.
"""

import itertools
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import Step, climb, inside, margin_of, score_span, steps
from kiss_bench.reports.charts.gains import gains_panel
from kiss_bench.reports.charts.marks import (
    ABOVE,
    BELOW,
    Layout,
    Rows,
    absent,
    height_of,
    intervals,
    marks,
    names,
    point_of,
    rungs_axis,
    verdict_words,
)
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    PLACE,
    TIP,
    Spec,
    framed,
    label,
    layer,
    number_format,
    quantity,
)
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.escape import clean

WIDE = Layout(scores=450, gains=340)
NARROW = Layout(scores=244, step=36, names_inside=True)
_LETTER, _ROOM = 7.5, 6.0
"""Width of a letter of a name, and how far a name stays from the line of the climb, in pixels."""


def ladder_chart(board: Board, layout: Layout = WIDE) -> Spec | None:
    """The picture; None where no rung has a score."""
    scale = score_span(board)
    if scale is None:
        return None
    panels = [_scores(board, scale, layout)]
    if layout.gains and steps(board):
        panels.append(gains_panel(board, layout))
    body: Spec = {"hconcat": panels, "spacing": 34} if len(panels) > 1 else panels[0]
    return framed(body, _described(board))


def _described(board: Board) -> str:
    way = [label(board.rungs[place].rung, 60) for place in dict.fromkeys(place for _, place in climb(board))]
    told = f" The climb goes from {' to '.join(way)} and stops there." if len(way) > 1 else ""
    told = f" The climb stops at {way[0]}." if len(way) == 1 else told
    name = clean(board.metric.name)
    return f"The ladder: {name} of each rung with its 95 % interval, simplest at the bottom, better to the right.{told}"


def _scores(board: Board, scale: tuple[float, float], layout: Layout) -> Spec:
    rows = [point_of(board, place, row, scale) for place, row in enumerate(board.rungs)]
    drawn = [row for row in rows if "score" in row]
    name = clean(board.metric.name)
    x = quantity(
        "score",
        scale={"domain": list(scale), "nice": False, "zero": False, "reverse": not board.metric.greater_is_better},
        axis={"title": f"{name} with 95 % interval, better →", "tickCount": 5, **number_format(scale)},
    )
    y = rungs_axis(board)
    layers = [
        *_bars(board, scale, x, y, layout),
        *intervals(drawn, ("low", "high"), x, y),
        *_way(board, scale, x, y),
        *marks(drawn, "score", x, y),
        *names(_beside_the_climb(board, rows, scale, layout), y, layout),
        *absent([row for row in rows if "score" not in row], y),
    ]  # fmt: skip
    layers += [] if layout.gains else verdict_words(rows, y, layout)
    return {"width": layout.scores, "height": height_of(board, layout), "layer": layers}


def _bars(board: Board, scale: tuple[float, float], x: dict[str, Any], y: dict[str, Any], layout: Layout) -> list[Spec]:
    """The incumbent's score as a line beside every rung that is held against it, and the margin as a band."""
    rows = [
        {"bar": inside(step.bar, scale), "clear": inside(step.clear, scale), "from": step.place + BELOW,
         "to": step.place + (0.1 if layout.names_inside else ABOVE), PLACE: step.place, TIP: _bar_tip(board, step)}
        for step in steps(board)
    ]  # fmt: skip
    if not rows:
        return []
    lines = {"y": {**y, "field": "from"}, "y2": {"field": "to"}, "x": {**x, "field": "bar"}}
    band = {"type": "rect", "color": INK, "opacity": 0.16}
    return [
        layer(band, {**lines, "x2": {"field": "clear"}, "description": {"field": TIP}}, rows),
        layer({"type": "rule", "color": INK, "opacity": 0.45, "strokeWidth": 1}, lines, rows),
    ]


def _bar_tip(board: Board, step: Step) -> str:
    margin = margin_of(board, step.row)
    worth = f"the margin is {amounts.number(margin)}" if margin is not None else "the margin is relative to it"
    at = amounts.number(step.bar, board_decimals(board))
    return f"{label(step.row.rung, 60)} is held against {label(step.incumbent.rung, 60)} at {at}; {worth}"


def _way(board: Board, scale: tuple[float, float], x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    """The climb, and above its end the line that nothing was shown to clear."""
    corners = [{"score": inside(score, scale), PLACE: place, "n": n} for n, (score, place) in enumerate(climb(board))]
    if not corners:
        return []
    last = corners[-1]
    line = {"type": "line", "color": ACCENT, "strokeWidth": 2.5, "strokeJoin": "round"}
    stop = {"type": "rule", "color": ACCENT, "strokeWidth": 1.5, "strokeDash": [3, 3]}
    order = {"field": "n", "type": "quantitative"}
    layers = [layer(line, {"x": x, "y": y, "order": order}, corners)]
    if last[PLACE] < len(board.rungs) - 1:
        end = {"score": last["score"], PLACE: last[PLACE], "top": len(board.rungs) + BELOW}
        layers.append(layer(stop, {"x": x, "y": y, "y2": {"field": "top"}}, [end]))
    return layers


def _beside_the_climb(board: Board, rows: Rows, scale: tuple[float, float], layout: Layout) -> Rows:
    """Where names stand above their lines, those that the climb would run through begin to its right."""
    if not layout.names_inside:
        return rows
    corners = climb(board)
    ups = [(score, place, above) for (score, place), (_, above) in itertools.pairwise(corners) if above > place]
    ups += [(corners[-1][0], corners[-1][1], len(board.rungs))] if corners else []
    told = []
    for row in rows:
        passing = [_pixels(board, score, scale, layout) for score, low, high in ups if low <= row[PLACE] < high]
        wide = _LETTER * len(row["rung"])
        told.append({**row, "name_x": max((at + _ROOM for at in passing if at < wide + _ROOM), default=0.0)})
    return told


def _pixels(board: Board, score: float, scale: tuple[float, float], layout: Layout) -> float:
    share = (inside(score, scale) - scale[0]) / (scale[1] - scale[0])
    return layout.scores * (share if board.metric.greater_is_better else 1.0 - share)
