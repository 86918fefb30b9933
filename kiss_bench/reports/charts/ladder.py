"""The ladder as pictures: how well each rung scores, what it had to clear, where the climb stops, what it costs.

The simplest rung is at the bottom and better is to the right for every metric, so that a climb goes up and to the
right, and "above" means in the picture what it means in the text.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.theme import (
    ABOVE,
    ACCENT,
    BELOW,
    INK,
    PLACE,
    TIP,
    Layout,
    Rows,
    Spec,
    Step,
    absent,
    beside,
    climb,
    colour_of,
    finite,
    framed,
    gain_span,
    height_of,
    inside,
    interval,
    intervals,
    label,
    layer,
    margin_of,
    marks,
    names,
    number_format,
    point_of,
    quantity,
    rungs_axis,
    score_span,
    score_tip,
    shape_of,
    steps,
    verdict_words,
)
from kiss_bench.reports.escape import clean
from kiss_bench.reports.phrases import gain_words
from kiss_bench.reports.table import board_decimals, is_recommended, state


def gains_panel(board: Board, layout: Layout) -> Spec:
    """What each rung gains over the one it is held against, paired row by row: what the verdict rests on."""
    scale = gain_span(board)
    y = rungs_axis(board)
    rows = [_gain(board, step, scale) for step in steps(board)]
    axis = {"title": "gain over its incumbent; shaded: less than the margin", "tickCount": 5}
    x = quantity("gain", scale={"domain": list(scale), "nice": False, "zero": False},
                 axis={**axis, **number_format(scale)})  # fmt: skip
    reach = {"y": {**y, "field": "from"}, "y2": {"field": "to"}}
    drawn = [row for row in rows if "gain" in row]
    word_rows = [point_of(board, place, row, (0.0, 0.0)) for place, row in enumerate(board.rungs)]
    layers = [
        layer({"type": "rect", "color": INK, "opacity": 0.16},
              {**reach, "x": {**x, "field": "zero"}, "x2": {"field": "margin"}}, rows),
        layer({"type": "rule", "color": INK, "opacity": 0.45}, {**reach, "x": {**x, "field": "zero"}}, rows),
        *intervals(drawn, ("gain_low", "gain_high"), x, y),
        *marks(drawn, "gain", x, y),
        *verdict_words(word_rows, y, layout),
    ]  # fmt: skip
    return {"width": layout.gains, "height": height_of(board, layout), "layer": layers}


def _gain(board: Board, step: Step, scale: tuple[float, float]) -> dict[str, Any]:
    """A rung's gain as a datum; one beyond the scale is put at its end and says so, without its interval."""
    row, margin = step.row, margin_of(board, step.row)
    datum = {
        **point_of(board, step.place, row, scale), "from": step.place + BELOW, "to": step.place + ABOVE,
        "zero": 0.0, "margin": margin if margin is not None and finite(margin) else 0.0,
    }  # fmt: skip
    datum.pop("beyond", None)  # that its score is off the scale of scores
    if row.gain is None or not finite(row.gain):
        return datum
    over = label(step.incumbent.rung, 60)
    chance = f", {amounts.equation('P(gain > margin)', row.p_gain)}" if row.p_gain is not None else ""
    datum |= {"gain": inside(row.gain, scale), "shape": shape_of(row)}
    datum[TIP] = f"{label(row.rung, 60)}: {gain_words(board, row)} over {over}{chance}, {state(row)}"
    if datum["gain"] != row.gain:
        datum["beyond"] = f"{amounts.number(row.gain, board_decimals(board), sign=True)}, off the scale"
        datum["shape"] = "triangle-left" if row.gain < datum["gain"] else "triangle-right"
    elif row.gain_low is not None and row.gain_high is not None and finite(row.gain_low, row.gain_high):
        datum |= interval(("gain_low", "gain_high"), (row.gain_low, row.gain_high), scale)
    return datum


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


WIDTH, HEIGHT = 280, 210
_COSTS = (("fit_seconds", "seconds for one fit"), ("predict_us_per_row", "µs to predict a row"))
_LABEL_LETTER, _LABEL_LINE = 6.2, 13
"""Size of a letter of a label in pixels, roughly."""
_SIDES = (
    *(("left", 8, 0), ("right", -8, 0), ("center", 0, -12), ("center", 0, 13), ("left", 8, -11), ("right", -8, 11)),
    *(
        ("left", 8, 12),
        ("right", -8, -12),
        ("center", 0, -24),
        ("center", 0, 25),
        ("left", 12, -23),
        ("right", -12, 23),
    ),
)
"""Where a label may stand, the best place first: align, dx, dy."""


def cost_chart(board: Board) -> Spec | None:
    """Both panels beside each other; None where no rung has both a score and a cost."""
    return beside(
        [panel for panel, _ in _cost_panels(board)],
        _cost_described(board, "seconds for one fit and µs to predict a row"),
    )


def cost_panels(board: Board) -> list[Spec]:
    """Each panel as a picture of its own, for a page that puts them where there is room."""
    return [framed(panel, _cost_described(board, title)) for panel, title in _cost_panels(board)]


def _cost_described(board: Board, what: str) -> str:
    return f"{clean(board.metric.name)} of each rung, better upwards, against {what}."


def _cost_panels(board: Board) -> list[tuple[Spec, str]]:
    scale = score_span(board)
    if scale is None:
        return []
    panels = [(_cost_panel(board, scale, cost, title), title) for cost, title in _COSTS]
    return [(panel, title) for panel, title in panels if panel is not None]


def _cost_panel(board: Board, scale: tuple[float, float], cost: str, title: str) -> Spec | None:
    rows = [
        _point(board, place, row, scale, cost)
        for place, row in enumerate(board.rungs)
        if row.score is not None and finite(row.score, getattr(row, cost)) and getattr(row, cost) > 0
    ]
    if not rows:
        return None
    low, high = min(row["cost"] for row in rows) / 1.5, max(row["cost"] for row in rows) * 1.5
    placed = _placed(rows, (low, high), scale if board.metric.greater_is_better else (scale[1], scale[0]))
    x = quantity(
        "cost",
        scale={"type": "log", "domain": [low, high], "nice": False},
        axis={"title": f"{title} (log scale)", "format": "~g", "values": _ticks(low, high)},
    )
    y = quantity(
        "score",
        scale={"domain": list(scale), "nice": False, "zero": False, "reverse": not board.metric.greater_is_better},
        axis={"title": f"{clean(board.metric.name)}, better ↑", "tickCount": 5, **number_format(scale)},
    )
    kinds = {"color": _own("colour"), "shape": _own("shape"), "description": {"field": TIP}}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    ring = {"type": "point", "filled": False, "size": 260, "color": ACCENT, "strokeWidth": 2}
    chosen = [row for row in placed if row["chosen"]]
    layers = [layer(point, {"x": x, "y": y, **kinds}, placed)]
    layers += [layer(ring, {"x": x, "y": y}, chosen)] if chosen else []
    for align, dx, dy in _SIDES:
        text = {"type": "text", "align": align, "dx": dx, "dy": dy, "baseline": "middle", "color": INK}
        here = [row for row in placed if row["side"] == [align, dx, dy]]
        layers += [layer(text, {"x": x, "y": y, "text": {"field": "rung"}}, here)] if here else []
    return {"width": WIDTH, "height": HEIGHT, "layer": layers}


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten between the ends, with 2 and 5 times them where those are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 30 else (1,) if high / low > 3000 else (1, 3)
    return [value for power in powers for step in steps if low <= (value := float(f"{step}e{power}")) <= high]


def _own(field: str) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "scale": None}


def _point(board: Board, place: int, row: BoardRow, scale: tuple[float, float], cost: str) -> dict[str, Any]:
    costs = (
        f"fit {amounts.seconds(row.fit_seconds)}, prediction {amounts.microseconds(row.predict_us_per_row)} µs a row"
    )
    return {
        PLACE: place,
        "rung": label(row.rung),
        "score": inside(row.score or 0.0, scale),
        "cost": getattr(row, cost),
        "colour": colour_of(row),
        "shape": shape_of(row),
        "chosen": is_recommended(board, row),
        TIP: f"{score_tip(board, row)}; {costs}, size {amounts.size(row.model_bytes)}",
    }


def _placed(
    rows: Sequence[dict[str, Any]], costs: tuple[float, float], scores: tuple[float, float]
) -> list[dict[str, Any]]:
    """Give each label a side on which it meets no point and no label that has its place already."""
    spots = [
        (
            WIDTH * math.log(row["cost"] / costs[0]) / math.log(costs[1] / costs[0]),
            HEIGHT * (1 - (row["score"] - scores[0]) / (scores[1] - scores[0])),
        )
        for row in rows
    ]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    placed = []
    for row, (x, y) in zip(rows, spots, strict=True):
        boxes = [_box(x, y, len(row["rung"]) * _LABEL_LETTER, side) for side in _SIDES]
        free = [place for place, box in enumerate(boxes) if _free(box, taken)]
        best = free[0] if free else 0
        taken.append(boxes[best])
        placed.append({**row, "side": list(_SIDES[best])})
    return placed


def _box(x: float, y: float, width: float, side: tuple[str, int, int]) -> tuple[float, float, float, float]:
    align, dx, dy = side
    left = x + dx - (width if align == "right" else width / 2 if align == "center" else 0)
    return left, y + dy - _LABEL_LINE / 2, left + width, y + dy + _LABEL_LINE / 2


def _free(box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> bool:
    within = box[0] >= 0 and box[2] <= WIDTH and box[1] >= -4 and box[3] <= HEIGHT + 4
    return within and all(
        box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1] for other in taken
    )
