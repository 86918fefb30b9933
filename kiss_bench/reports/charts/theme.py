"""What all charts share: ink, colours, shapes, the scale and steps of the climb, marks, and how they are drawn.

Ink is `currentColor`, so that one drawing serves a light and a dark page; each colour can be read on white, and the
page has a twin of it for a dark ground. Colours only repeat what a shape or a word says. What Vega draws is reduced to
what is seen: coordinates to a tenth of a pixel, without its own numbering, which goes on from drawing to drawing. A
mark that has a tip carries it, and the place of its rung on the ladder, as data.
"""

import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.reports.phrases import recommended_row
from kiss_bench.reports.table import board_decimals, is_recommended, state

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "Arial, Helvetica, sans-serif"
"""Named first where most machines have it or a font of the same widths, since labels are placed by it."""
INK, ACCENT, OTHER, NEUTRAL = "currentColor", "#16735a", "#a3541a", "#66707c"
"""Ink; what is ours or good; what it is held against; what has no verdict."""
VERDICT_COLOURS: Mapping[str, str] = {
    "JUSTIFIED": ACCENT,
    "INCONCLUSIVE": "#876300",
    "NOT JUSTIFIED": "#b5472a",
    "NOT COMPARABLE": "#7155ad",
    "FAILED": "#ab3277",
}
ON_DARK: Mapping[str, str] = {
    ACCENT: "#5ccbaa",
    OTHER: "#e3a06a",
    NEUTRAL: "#a0abb7",
    "#876300": "#e2b64b",
    "#b5472a": "#f2937a",
    "#7155ad": "#bda8f2",
    "#ab3277": "#f192c8",
}
"""What a page puts in the place of each colour on a dark ground."""
VERDICT_SHAPES: Mapping[str, str] = {
    "JUSTIFIED": "circle",
    "INCONCLUSIVE": "diamond",
    "NOT JUSTIFIED": "square",
    "NOT COMPARABLE": "triangle-up",
    "BASELINE": "circle",
}
LABEL = 20
"""Letters of a name that a chart has room for; the tip has all of it."""
TIP = "tip"
PLACE = "place"
"""Field of a datum that names its rung by its place on the ladder; charts of a page are linked by it."""


def framed(spec: Spec, description: str) -> Spec:
    """A whole specification; `description` is what stands in for the picture where it cannot be seen."""
    axis = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "domainColor": INK,
        "tickColor": INK,
        "gridColor": INK,
        "domainOpacity": 0.35,
        "tickOpacity": 0.35,
        "gridOpacity": 0.1,
        "titleOpacity": 0.8,
        "labelOpacity": 0.8,
        "tickSize": 4,
        "titlePadding": 6,
        "labelFlush": False,
        "labelSeparation": 5,
    }
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11}
    return {
        "$schema": SCHEMA,
        "description": description,
        "background": "transparent",
        "padding": 2,
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": axis,
            "legend": text,
            "header": {**text, "labelFontWeight": "bold"},
            "title": {"color": INK, "fontSize": 12, "fontWeight": "normal", "anchor": "start", "offset": 8},
            "text": {"color": INK, "fontSize": 11},
        },
        **spec,
    }


def beside(panels: Sequence[Spec], description: str) -> Spec | None:
    """Several views in one picture, side by side; None of none."""
    if not panels:
        return None
    return framed(panels[0] if len(panels) == 1 else {"hconcat": list(panels), "spacing": 24}, description)


def layer(mark: Mapping[str, Any] | str, encoding: Mapping[str, Any], data: Sequence[Mapping[str, Any]]) -> Spec:
    """One layer with its own rows."""
    return {"data": {"values": list(data)}, "mark": mark, "encoding": dict(encoding)}


def quantity(field: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", **more}


def finite(*values: float | None) -> bool:
    """Tell whether all of them can be drawn."""
    return all(value is not None and math.isfinite(value) for value in values)


def label(name: str, width: int = LABEL) -> str:
    return shortened(name, width) or "(no name)"


def both_ends(name: str, width: int) -> str:
    """A long name without its middle, since names of columns and levels differ at either end."""
    line = label(name, 400)
    tail = width // 3
    return line if len(line) <= width else f"{line[: width - tail - 1]}…{line[-tail:]}"


def colour_of(row: BoardRow) -> str:
    return VERDICT_COLOURS.get(clean(row.verdict or "") if row.status != "failed" else "FAILED", NEUTRAL)


def shape_of(row: BoardRow) -> str:
    return VERDICT_SHAPES.get(clean(row.verdict or ""), "circle")


def better(board: Board) -> str:
    return "higher is better" if board.metric.greater_is_better else "lower is better"


def score_tip(board: Board, row: BoardRow) -> str:
    """Write `linear (tuned): 0.4921 log_loss (0.4578 to 0.5264), JUSTIFIED`."""
    decimals = board_decimals(board)
    arm = f" ({clean(row.arm)})" if row.arm else ""
    ends = amounts.interval(row.score_low, row.score_high, decimals)
    score = f"{amounts.number(row.score, decimals)} {clean(board.metric.name)} {ends}".strip()
    return f"{label(row.rung, 60)}{arm}: {score}, {state(row)}"


def number_format(values: Iterable[float]) -> dict[str, str]:
    """An axis's way to write numbers: Vega's own where that is short, else with exponents."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    largest = max(sizes, default=1.0)
    return {} if 1e-3 <= largest < 1e6 else {"format": ".2~e"}


def span(values: Sequence[float], *, room: float = 0.04) -> tuple[float, float]:
    """The ends of a scale over finite values, with some room at both."""
    low, high = min(values), max(values)
    width = (high - low) or abs(high) or 1.0
    return low - room * width, high + room * width


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


def rungs_axis(board: Board) -> dict[str, Any]:
    domain = [BELOW, len(board.rungs) + BELOW]
    return quantity(PLACE, scale={"domain": domain, "nice": False, "zero": False}, axis=None)


def height_of(board: Board, layout: Layout) -> int:
    return len(board.rungs) * layout.step


def point_of(board: Board, place: int, row: BoardRow, scale: tuple[float, float]) -> dict[str, Any]:
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
        datum["shape"] = "triangle-left"  # only worse scores are: the best is always on it
    elif row.score_low is not None and row.score_high is not None and finite(row.score_low, row.score_high):
        datum |= interval(("low", "high"), (row.score_low, row.score_high), scale)
    return datum


def marks(rows: Rows, field: str, x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    """The points themselves; the recommended rung has a ring around it."""
    place = {"x": {**x, "field": field}, "y": y}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    ring = {"type": "point", "filled": False, "size": 260, "color": ACCENT, "strokeWidth": 2, "opacity": 1}
    dots = {**place, "color": COLOUR, "shape": SHAPE, "description": {"field": TIP}}
    layers = [layer(point, dots, rows)] if rows else []
    if beyond := [row for row in rows if "beyond" in row]:
        text = {"type": "text", "fontSize": 10, "opacity": 0.8}
        for side, align, dx in (("triangle-left", "left", 9), ("triangle-right", "right", -9)):
            there = [row for row in beyond if row["shape"] == side]
            encoding = {**place, "text": {"field": "beyond"}}
            layers += [layer({**text, "align": align, "dx": dx}, encoding, there)] if there else []
    if chosen := [row for row in rows if row["chosen"]]:
        layers.append(layer(ring, place, chosen))
    return layers


def names(rows: Rows, y: dict[str, Any], layout: Layout) -> list[Spec]:
    side = {"align": "left", "dx": 0, "dy": -12} if layout.names_inside else {"align": "right", "dx": -10}
    at = quantity("name_x", scale=None) if layout.names_inside else {"value": 0}
    encoding = {"x": at, "y": y, "text": {"field": "rung"}, "description": {"field": TIP}}
    return _texts({"fontSize": 13, **side}, encoding, rows)


def _texts(style: dict[str, Any], encoding: dict[str, Any], rows: Rows) -> list[Spec]:
    """A text a rung, that of the recommended one in bold."""
    told = {weight: [row for row in rows if row["chosen"] is (weight == "bold")] for weight in ("normal", "bold")}
    text = {"type": "text", "baseline": "middle", **style}
    return [layer({**text, "fontWeight": weight}, encoding, found) for weight, found in told.items() if found]


def absent(rows: Rows, y: dict[str, Any]) -> list[Spec]:
    """Rungs without a score say why in a word, where their point would be."""
    text = {"type": "text", "align": "left", "dx": 6, "fontSize": 11, "fontStyle": "italic"}
    encoding = {"x": {"value": 0}, "y": y, "text": {"field": "word"}, "color": COLOUR, "description": {"field": TIP}}
    return [layer(text, encoding, rows)] if rows else []


def verdict_words(rows: Rows, y: dict[str, Any], layout: Layout) -> list[Spec]:
    """The verdicts, at the right of the picture."""
    encoding = {"x": {"value": layout.gains or layout.scores}, "y": y, "text": {"field": "word"}, "color": COLOUR}
    size = {"fontSize": 12, "dx": 12} if layout.gains else {"fontSize": 10, "dx": 5}
    return _texts({"align": "left", **size}, encoding, [row for row in rows if "score" in row])


def interval(fields: tuple[str, str], ends: tuple[float, float], scale: tuple[float, float]) -> dict[str, Any]:
    """Both ends of an interval as far as the scale goes, and which of them are cut by its end."""
    shown = [inside(end, scale) for end in ends]
    cut = [f"cut_{field}" for field, end, at in zip(fields, ends, shown, strict=True) if end != at]
    return {**dict(zip(fields, shown, strict=True)), **dict.fromkeys(cut, True)}


def intervals(rows: Rows, ends: tuple[str, str], x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    """Draw the intervals as lines; an end that the scale cuts off has a small arrowhead that points on."""
    low, high = ends
    encoding = {"x": {**x, "field": low}, "x2": {"field": high}, "y": y, "description": {"field": TIP}}
    rule = {"type": "rule", "strokeWidth": 1.5, "color": INK, "opacity": 0.6}
    found = [row for row in rows if low in row]
    layers = [layer(rule, encoding, found)] if found else []
    sides = ("left", "right") if not x["scale"].get("reverse") else ("right", "left")
    for field, side in zip(ends, sides, strict=True):
        head = {"type": "point", "filled": True, "shape": f"triangle-{side}", "size": 36, "color": INK, "opacity": 0.75}
        cut = [row for row in found if row.get(f"cut_{field}")]
        layers += [layer(head, {"x": {**x, "field": field}, "y": y}, cut)] if cut else []
    return layers


SVG = "http://www.w3.org/2000/svg"
PAPER, PRINT = "#ffffff", "#1b1f24"
_UNSEEN = ("role", "aria-roledescription", "aria-label", "aria-hidden", "class", "pointer-events", "stroke-miterlimit")
_COORDINATES = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height")
_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")

ET.register_namespace("", SVG)


def inline_svg(spec: Spec, name: str) -> str:
    """Draw it for a page; `name` keeps its ids apart from those of other drawings."""
    return _text(_drawn(spec, name))


def svg_file(spec: Spec, name: str) -> str:
    """Draw it for a file: dark on white, since a picture in a text knows nothing of the page around it."""
    root = _drawn(spec, name)
    root.set("style", f"color:{PRINT};background:{PAPER}")
    root.insert(1, ET.Element(f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "fill": PAPER}))
    return _text(root) + "\n"


def tips(spec: Any) -> Iterator[Mapping[str, Any]]:
    """All rows of a specification that have a tip."""
    if isinstance(spec, Mapping):
        if TIP in spec:
            yield spec
        for part in spec.values():
            yield from tips(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from tips(part)


@lru_cache(maxsize=32)
def _vega(spec: str) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.loads(spec)))


def forget_drawings() -> None:
    """Have everything drawn anew; what was drawn last is kept, since page and files share pictures."""
    _vega.cache_clear()


def _drawn(spec: Spec, name: str) -> ET.Element:
    root = ET.fromstring(_vega(json.dumps(spec)))  # noqa: S314 - our own drawing
    root.attrib.pop("class", None)
    places = {str(row[TIP]): row.get(PLACE) for row in tips(spec)}
    ids: dict[str, str] = {}
    for element in list(root.iter()):
        _reduced(element, places)
        for key in ("id", "clip-path"):
            if key in element.attrib:
                element.set(key, _renamed(element.attrib[key], name, ids))
    _prune(root)
    title = ET.Element(f"{{{SVG}}}title")
    title.text = str(spec["description"])
    root.insert(0, title)
    root.set("role", "img")
    root.set("aria-label", str(spec["description"]))
    return root


def _reduced(element: ET.Element, places: Mapping[str, Any]) -> None:
    told = element.attrib.get("aria-label", "")
    for key in _UNSEEN:
        element.attrib.pop(key, None)
    if told in places:
        element.set("data-tip", told)
        if places[told] is not None:
            element.set("data-rung", str(places[told]))
    for key in _COORDINATES:
        if key in element.attrib:
            element.set(key, _LONG.sub(_short, element.attrib[key]))
    if element.attrib.get("opacity") == "1":
        del element.attrib["opacity"]


def _short(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), 1) + 0.0:g}"  # + 0.0: no minus before a zero


def _renamed(text: str, name: str, ids: dict[str, str]) -> str:
    found = _REFERENCE.fullmatch(text)
    key = found[1] if found else text
    new = ids.setdefault(key, f"{name}-{len(ids)}")
    return f"url(#{new})" if found else new


def _prune(parent: ET.Element) -> None:
    """Take out what draws nothing: empty paths, and groups without anything in them."""
    for child in list(parent):
        _prune(child)
        tag = child.tag.removeprefix(f"{{{SVG}}}")
        nothing = tag == "path" and (child.get("display") == "none" or child.get("d") in {"", "M0,0h0v0h0Z"})
        nothing = nothing or (tag == "rect" and child.get("fill") == "transparent")
        unpainted = tag == "path" and not child.get("fill") and not child.get("stroke") and parent.tag.endswith("}g")
        if nothing or (tag == "g" and len(child) == 0) or (unpainted and "data-tip" not in child.attrib):
            parent.remove(child)


def _text(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode")
