"""What all charts have in common: ink, colours, shapes, and the frame of a Vega-Lite specification.

Ink is `currentColor`, so that one drawing serves a light and a dark page; each colour can be read on white, and the
page has a twin of it for a dark ground. Colours only repeat what a shape or a word says.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.columns import state as state_words
from kiss_bench.reports.escape import clean, shortened

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
    return f"{label(row.rung, 60)}{arm}: {score}, {state_words(row)}"


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
