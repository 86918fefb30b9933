"""The recommended rung looked into: scores by slice, importance of columns, and what can be read of simple rungs."""

from collections.abc import Sequence
from typing import Any

from kiss_bench.records.diagnostics import Diagnostics, Importance, Reading
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    OTHER,
    TIP,
    Spec,
    both_ends,
    finite,
    framed,
    label,
    layer,
    number_format,
    quantity,
    span,
)
from kiss_bench.reports.escape import clean
from kiss_bench.reports.slices import kept_slices

MOST = 15
"""Lines of a chart; the table below it has more."""
_LINE = 20
_WIDTH = 240
_NAME = 34


def slices_chart(found: Diagnostics) -> Spec | None:
    """Scores of the worst slices beside the score of all rows; None where there is none to draw."""
    told = kept_slices([each for each in found.slices if finite(each.score, each.low, each.high)], MOST)
    if not told or found.overall is None:
        return None
    decimals = amounts.shared_decimals([found.overall])
    rows = [
        {"name": both_ends(f"{each.column}: {each.label}", _NAME),
         "value": each.score, "low": each.low, "high": each.high,
         TIP: f"{label(f'{each.column}: {each.label}', 90)}: {amounts.number(each.score, decimals)} "
              f"{amounts.interval(each.low, each.high, decimals)}, {each.rows:,} rows"}
        for each in told
    ]  # fmt: skip
    title = f"{clean(found.metric)}, better →; line: all rows"
    text = f"{clean(found.metric)} of the worst slices with 95 % intervals, beside all rows."
    return _dots(rows, (found.overall, not found.greater_is_better), title, text)


def importance_chart(found: Importance) -> Spec | None:
    """What shuffling each column costs, largest first."""
    rows = [
        {"name": both_ends(each.column, _NAME), "value": each.loss, "low": each.low, "high": each.high,
         TIP: f"{label(each.column, 90)}: {amounts.number(each.loss, sign=True)} {clean(found.loss)} "
              f"{amounts.interval(each.low, each.high)}"}
        for each in found.columns if finite(each.loss, each.low, each.high)
    ][:MOST]  # fmt: skip
    title = f"rise in {clean(found.loss)} when the column is shuffled"
    text = "How much the loss of the recommended rung rises when one column is shuffled, with 95 % intervals."
    return _dots(rows, (0.0, False), title, text) if rows else None


def terms_chart(found: Reading) -> Spec | None:
    """The largest coefficients of a linear rung as bars from zero."""
    rows: list[dict[str, Any]] = [
        {"name": both_ends(f"{term.name} ({term.label})" if term.label else term.name, _NAME), "value": term.effect,
         "zero": 0.0, "colour": ACCENT if term.effect >= 0 else OTHER,
         TIP: f"{label(term.name, 90)}{f', {label(term.label, 30)}' if term.label else ''}: "
              f"{amounts.number(term.effect, sign=True)}"}
        for term in found.terms if finite(term.effect)
    ][:MOST]  # fmt: skip
    if not rows:
        return None
    x, y, names = _scales(rows, [0.0, *(row["value"] for row in rows)], "effect")
    colour = {"field": "colour", "type": "nominal", "scale": None}
    bar = {"type": "bar", "height": 9, "opacity": 0.9}
    ends = {"x": x, "x2": {"field": "zero"}, "y": y, "color": colour, "description": {"field": TIP}}
    text = f"The largest coefficients of {label(found.rung, 60)}."
    body = {"width": _WIDTH, "height": _LINE * len(rows), "layer": [layer(bar, ends, _ranked(rows)), names]}
    return framed(body, text)


def _dots(rows: list[dict[str, Any]], held: tuple[float, bool], title: str, text: str) -> Spec:
    """Points with intervals beside a line; `held` is where that line is, and whether the scale runs down."""
    line, down = held
    values = [line, *(row[key] for row in rows for key in ("value", "low", "high"))]
    x, y, names = _scales(rows, values, title)
    x["scale"]["reverse"] = down
    ranked, tip = _ranked(rows), {"description": {"field": TIP}}
    rule = {"type": "rule", "color": INK, "opacity": 0.6, "strokeWidth": 1.5}
    point = {"type": "point", "filled": True, "size": 50, "color": ACCENT, "opacity": 1}
    at = {"type": "rule", "color": OTHER, "strokeDash": [4, 4]}
    layers = [
        layer(at, {"x": {**x, "field": "line"}}, [{"line": line}]),
        layer(rule, {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y}, ranked),
        layer(point, {"x": x, "y": y, **tip}, ranked),
        names,
    ]
    return framed({"width": _WIDTH, "height": _LINE * len(rows), "layer": layers}, text)


def _ranked(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "rank": rank} for rank, row in enumerate(rows)]


def _scales(
    rows: Sequence[dict[str, Any]], values: Sequence[float], title: str
) -> tuple[dict[str, Any], dict[str, Any], Spec]:
    """Both scales, and the names beside the lines: the first line on top."""
    low, high = span(values)
    scale = {"domain": [low, high], "nice": False, "zero": False}
    x = quantity("value", scale=scale, axis={"title": title, "tickCount": 5, **number_format((low, high))})
    ends = {"domain": [-0.5, len(rows) - 0.5], "nice": False, "zero": False, "reverse": True}
    y = quantity("rank", scale=ends, axis=None)
    text = {"type": "text", "align": "right", "dx": -8, "baseline": "middle"}
    return x, y, layer(text, {"x": {"value": 0}, "y": y, "text": {"field": "name"}}, _ranked(rows))
