"""Gain against cost: what each rung scores, over what one fit and one prediction of it take."""

import math
from collections.abc import Sequence
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import inside, score_span
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    PLACE,
    TIP,
    Spec,
    beside,
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
from kiss_bench.reports.columns import is_recommended
from kiss_bench.reports.escape import clean

WIDTH, HEIGHT = 280, 210
_COSTS = (("fit_seconds", "seconds for one fit"), ("predict_us_per_row", "µs to predict a row"))
_LETTER, _LINE = 6.2, 13
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
    return beside([panel for panel, _ in _panels(board)], _told(board, "seconds for one fit and µs to predict a row"))


def cost_panels(board: Board) -> list[Spec]:
    """Each panel as a picture of its own, for a page that puts them where there is room."""
    return [framed(panel, _told(board, title)) for panel, title in _panels(board)]


def _told(board: Board, what: str) -> str:
    return f"{clean(board.metric.name)} of each rung, better upwards, against {what}."


def _panels(board: Board) -> list[tuple[Spec, str]]:
    scale = score_span(board)
    if scale is None:
        return []
    panels = [(_panel(board, scale, cost, title), title) for cost, title in _COSTS]
    return [(panel, title) for panel, title in panels if panel is not None]


def _panel(board: Board, scale: tuple[float, float], cost: str, title: str) -> Spec | None:
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
        boxes = [_box(x, y, len(row["rung"]) * _LETTER, side) for side in _SIDES]
        free = [place for place, box in enumerate(boxes) if _free(box, taken)]
        best = free[0] if free else 0
        taken.append(boxes[best])
        placed.append({**row, "side": list(_SIDES[best])})
    return placed


def _box(x: float, y: float, width: float, side: tuple[str, int, int]) -> tuple[float, float, float, float]:
    align, dx, dy = side
    left = x + dx - (width if align == "right" else width / 2 if align == "center" else 0)
    return left, y + dy - _LINE / 2, left + width, y + dy + _LINE / 2


def _free(box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> bool:
    within = box[0] >= 0 and box[2] <= WIDTH and box[1] >= -4 and box[3] <= HEIGHT + 4
    return within and all(
        box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1] for other in taken
    )
