"""The ladder as a picture: how well each rung scores, what it had to clear, and where the climb stops.

The simplest rung is at the bottom and better is to the right for every metric, so that a climb goes up and to the
right, and "above" means in the picture what it means in the text.
"""

from dataclasses import dataclass
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import Step, climb, gain_span, inside, margin_of, score_span, steps
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    PLACE,
    TIP,
    Spec,
    colour_of,
    finite,
    framed,
    label,
    layer,
    number_format,
    quantity,
    score_tip,
    shape_of,
)
from kiss_bench.reports.columns import board_decimals, is_recommended, state
from kiss_bench.reports.escape import clean
from kiss_bench.reports.words import gain_words

Rows = list[dict[str, Any]]
COLOUR: dict[str, Any] = {"field": "colour", "type": "nominal", "scale": None}
SHAPE: dict[str, Any] = {"field": "shape", "type": "nominal", "scale": None}
ABOVE, BELOW = 0.5, -0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Widths in pixels; without a width for gains there is one panel."""

    scores: int
    gains: int = 0
    step: int = 27
    """Height of a rung."""
    names_inside: bool = False
    """Whether a rung's name stands above its line, for want of room beside it."""


WIDE = Layout(scores=450, gains=340)
NARROW = Layout(scores=244, step=36, names_inside=True)


def ladder_chart(board: Board, layout: Layout = WIDE) -> Spec | None:
    """The picture; None where no rung has a score."""
    scale = score_span(board)
    if scale is None:
        return None
    panels = [_scores(board, scale, layout)]
    if layout.gains and steps(board):
        panels.append(_gains(board, layout))
    body: Spec = {"hconcat": panels, "spacing": 34} if len(panels) > 1 else panels[0]
    return framed(body, _described(board))


def _described(board: Board) -> str:
    way = [label(board.rungs[place].rung, 60) for place in dict.fromkeys(place for _, place in climb(board))]
    told = f" The climb goes from {' to '.join(way)} and stops there." if len(way) > 1 else ""
    told = f" The climb stops at {way[0]}." if len(way) == 1 else told
    name = clean(board.metric.name)
    return f"The ladder: {name} of each rung with its 95 % interval, simplest at the bottom, better to the right.{told}"


def _scores(board: Board, scale: tuple[float, float], layout: Layout) -> Spec:
    rows = [_point(board, place, row, scale) for place, row in enumerate(board.rungs)]
    drawn = [row for row in rows if "score" in row]
    name = clean(board.metric.name)
    x = quantity(
        "score",
        scale={"domain": list(scale), "nice": False, "zero": False, "reverse": not board.metric.greater_is_better},
        axis={"title": f"{name} with 95 % interval, better →", "tickCount": 5, **number_format(scale)},
    )
    y = _rungs(board)
    layers = [
        *_bars(board, scale, x, y, layout),
        *_intervals(drawn, ("low", "high"), x, y),
        *_way(board, scale, x, y),
        *_marks(drawn, "score", x, y),
        *_names(rows, y, layout),
        *_absent([row for row in rows if "score" not in row], y),
    ]  # fmt: skip
    layers += [] if layout.gains else _words(rows, y, layout)
    return {"width": layout.scores, "height": _height(board, layout), "layer": layers}


def _rungs(board: Board) -> dict[str, Any]:
    domain = [BELOW, len(board.rungs) + BELOW]
    return quantity(PLACE, scale={"domain": domain, "nice": False, "zero": False}, axis=None)


def _height(board: Board, layout: Layout) -> int:
    return len(board.rungs) * layout.step


def _point(board: Board, place: int, row: BoardRow, scale: tuple[float, float]) -> dict[str, Any]:
    """A rung as a datum; one whose score is beyond the scale is put at its end and says so."""
    chosen = is_recommended(board, row)
    datum: dict[str, Any] = {
        PLACE: place,
        "rung": label(row.rung),
        "word": state(row),
        "colour": colour_of(row),
        "shape": shape_of(row),
        "chosen": chosen,
        TIP: score_tip(board, row),
    }
    if row.score is None or not finite(row.score):
        return datum
    datum["score"] = inside(row.score, scale)
    if datum["score"] != row.score:
        datum["beyond"] = f"{amounts.number(row.score, board_decimals(board))}, off the scale"
        datum["shape"] = "triangle-left"
    elif row.score_low is not None and row.score_high is not None and finite(row.score_low, row.score_high):
        datum |= {"low": inside(row.score_low, scale), "high": inside(row.score_high, scale)}
    return datum


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


def _marks(rows: Rows, field: str, x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    """The points themselves; the recommended rung has a ring around it."""
    place = {"x": {**x, "field": field}, "y": y}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    ring = {"type": "point", "filled": False, "size": 260, "color": ACCENT, "strokeWidth": 2, "opacity": 1}
    encoding = {**place, "color": COLOUR, "shape": SHAPE, "description": {"field": TIP}}
    layers = [layer(point, encoding, rows)] if rows else []
    if beyond := [row for row in rows if field == "score" and "beyond" in row]:
        text = {"type": "text", "align": "left", "dx": 9, "fontSize": 10, "opacity": 0.8}
        layers.append(layer(text, {**place, "text": {"field": "beyond"}}, beyond))
    if chosen := [row for row in rows if row["chosen"]]:
        layers.append(layer(ring, place, chosen))
    return layers


def _names(rows: Rows, y: dict[str, Any], layout: Layout) -> list[Spec]:
    side = {"align": "left", "dx": 0, "dy": -12} if layout.names_inside else {"align": "right", "dx": -10}
    encoding = {"x": {"value": 0}, "y": y, "text": {"field": "rung"}, "description": {"field": TIP}}
    return _texts({"fontSize": 13, **side}, encoding, rows)


def _texts(style: dict[str, Any], encoding: dict[str, Any], rows: Rows) -> list[Spec]:
    """A text a rung, that of the recommended one in bold."""
    told = {weight: [row for row in rows if row["chosen"] is (weight == "bold")] for weight in ("normal", "bold")}
    text = {"type": "text", "baseline": "middle", **style}
    return [layer({**text, "fontWeight": weight}, encoding, found) for weight, found in told.items() if found]


def _absent(rows: Rows, y: dict[str, Any]) -> list[Spec]:
    """Rungs without a score say why in a word, where their point would be."""
    text = {"type": "text", "align": "left", "dx": 6, "fontSize": 11, "fontStyle": "italic"}
    encoding = {"x": {"value": 0}, "y": y, "text": {"field": "word"}, "color": COLOUR, "description": {"field": TIP}}
    return [layer(text, encoding, rows)] if rows else []


def _words(rows: Rows, y: dict[str, Any], layout: Layout) -> list[Spec]:
    """The verdicts, at the right of the picture."""
    encoding = {"x": {"value": layout.gains or layout.scores}, "y": y, "text": {"field": "word"}, "color": COLOUR}
    size = {"fontSize": 12, "dx": 12} if layout.gains else {"fontSize": 10, "dx": 5}
    return _texts({"align": "left", **size}, encoding, [row for row in rows if "score" in row])


def _gains(board: Board, layout: Layout) -> Spec:
    """What each rung gains over the one it is held against, paired row by row: what the verdict rests on."""
    scale = gain_span(board)
    y = _rungs(board)
    rows: Rows = []
    for step in steps(board):
        row, margin = step.row, margin_of(board, step.row)
        datum = {
            **_point(board, step.place, row, scale), "from": step.place + BELOW, "to": step.place + ABOVE,
            "zero": 0.0, "margin": margin if margin is not None and finite(margin) else 0.0,
        }  # fmt: skip
        if row.gain is not None and finite(row.gain):
            over = label(step.incumbent.rung, 60)
            chance = f", {amounts.equation('P(gain > margin)', row.p_gain)}" if row.p_gain is not None else ""
            datum |= {"gain": inside(row.gain, scale), "shape": shape_of(row)}
            datum[TIP] = f"{label(row.rung, 60)}: {gain_words(board, row)} over {over}{chance}, {state(row)}"
            if row.gain_low is not None and row.gain_high is not None and finite(row.gain_low, row.gain_high):
                datum |= {"gain_low": inside(row.gain_low, scale), "gain_high": inside(row.gain_high, scale)}
        rows.append(datum)
    axis = {"title": "gain over its incumbent; shaded: less than the margin", "tickCount": 5}
    x = quantity("gain", scale={"domain": list(scale), "nice": False, "zero": False},
                 axis={**axis, **number_format(scale)})  # fmt: skip
    reach = {"y": {**y, "field": "from"}, "y2": {"field": "to"}}
    drawn = [row for row in rows if "gain" in row]
    word_rows = [_point(board, place, row, (0.0, 0.0)) for place, row in enumerate(board.rungs)]
    layers = [
        layer({"type": "rect", "color": INK, "opacity": 0.16},
              {**reach, "x": {**x, "field": "zero"}, "x2": {"field": "margin"}}, rows),
        layer({"type": "rule", "color": INK, "opacity": 0.45}, {**reach, "x": {**x, "field": "zero"}}, rows),
        *_intervals(drawn, ("gain_low", "gain_high"), x, y),
        *_marks(drawn, "gain", x, y),
        *_words(word_rows, y, layout),
    ]  # fmt: skip
    return {"width": layout.gains, "height": _height(board, layout), "layer": layers}


def _intervals(rows: Rows, ends: tuple[str, str], x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    low, high = ends
    encoding = {"x": {**x, "field": low}, "x2": {"field": high}, "y": y, "description": {"field": TIP}}
    rule = {"type": "rule", "strokeWidth": 1.5, "color": INK, "opacity": 0.6}
    found = [row for row in rows if low in row]
    return [layer(rule, encoding, found)] if found else []
