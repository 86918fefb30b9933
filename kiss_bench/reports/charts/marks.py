"""Marks that the panels of the ladder have in common: a line a rung, its point, its interval, its name, its verdict."""

from dataclasses import dataclass
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import inside
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    PLACE,
    TIP,
    Spec,
    colour_of,
    finite,
    label,
    layer,
    quantity,
    score_tip,
    shape_of,
)
from kiss_bench.reports.columns import board_decimals, is_recommended, state

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
