"""The recommended rung: how far to trust what it says, its slices and columns, and what can be read of simple rungs."""

from collections.abc import Mapping, Sequence
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Diagnostics, Importance, Reading, Residuals
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    OTHER,
    TIP,
    Spec,
    beside,
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
from kiss_bench.reports.phrases import recommended_row
from kiss_bench.reports.table import kept_slices

_SQUARE = {"width": 250, "height": 230}
_OF_A_VIEW = ("title", "width", "height", "layer")
_THIRDS = ("smallest third", "middle third", "largest third")


def is_told(board: Board) -> bool:
    """Whether the board itself has what such a picture is made of, of the recommended rung."""
    chosen = recommended_row(board)
    if chosen is None:
        return False
    return bool((chosen.reliability or {}).get("bins")) or _covers(chosen.prediction_intervals)


def trust_chart(board: Board, diagnostics: Diagnostics | None) -> Spec | None:
    """All panels in one picture; None where nothing is known."""
    told = trust_panels(board, diagnostics)
    views = [{key: view for key, view in spec.items() if key in _OF_A_VIEW} for spec in told]
    return beside(views, " ".join(spec["description"] for spec in told))


def trust_panels(board: Board, diagnostics: Diagnostics | None) -> list[Spec]:
    """Reliability of the recommended rung, or how its predictions lie to the truth, a picture each."""
    chosen = recommended_row(board)
    if chosen is None:
        return []
    name = label(chosen.rung, 60)
    if (chosen.reliability or {}).get("bins"):
        return [_of_arm(_reliability(board, chosen.reliability or {}, name), name, chosen.arm)]
    panels = []
    if diagnostics and diagnostics.residuals:
        panels = [_of_arm(spec, name, diagnostics.arm) for spec in _residual_panels(diagnostics.residuals, name)]
    if _covers(chosen.prediction_intervals):
        panels.append(_of_arm(_coverage(chosen.prediction_intervals or {}, name), name, chosen.arm))
    return panels


def _of_arm(spec: Spec, name: str, arm: str | None) -> Spec:
    """The picture with whose it is above it: the board's figures may be of the settings that are not recommended."""
    return {**spec, "title": f"{label(name)}, {clean(arm)} settings"} if arm else spec


def _covers(facts: Mapping[str, Any] | None) -> bool:
    return bool(facts) and facts is not None and facts.get("coverage") is not None


def _reliability(board: Board, facts: Mapping[str, Any], name: str) -> Spec:
    of = "its most probable class" if facts.get("top_label") else clean(board.positive or "the positive class")
    rows = [
        {**{key: each[key] for key in ("probability", "observed", "low", "high", "count")},
         TIP: f"{name} says {amounts.percent(each['probability'])}; {amounts.percent(each['observed'])} came true "
              f"({amounts.percent(each['low'])} to {amounts.percent(each['high'])}), {each['count']:,} rows"}
        for each in facts["bins"]
    ]  # fmt: skip
    share = {"domain": [0, 1], "nice": False}
    x = quantity(
        "probability", scale=share, axis={"title": f"it says: {label(of, 34)}", "format": ".0%", "tickCount": 5}
    )
    y = quantity("observed", scale=share, axis={"title": "came true", "format": ".0%", "tickCount": 5})
    return framed(
        {**_SQUARE, "layer": [*_diagonal(0.0, 1.0, x, y), *_dots(rows, x, y)]},
        f"What {name} says against what came true, in parts of equally many rows; on the diagonal it can be taken at "
        f"its word. Bars are 95 % intervals.",
    )


def _diagonal(low: float, high: float, x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    line = {"type": "line", "color": INK, "opacity": 0.4, "strokeDash": [4, 4], "strokeWidth": 1}
    ends = [{x["field"]: end, y["field"]: end} for end in (low, high)]
    return [layer(line, {"x": x, "y": y}, ends)]


def _dots(rows: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    tip = {"description": {"field": TIP}}
    bars = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return [
        layer({"type": "rule", "color": INK, "opacity": 0.6, "strokeWidth": 1.5}, bars, rows),
        layer({"type": "line", "color": ACCENT, "strokeWidth": 1, "opacity": 0.5}, {"x": x, "y": y}, rows),
        layer(
            {"type": "point", "filled": True, "size": 55, "color": ACCENT, "opacity": 1}, {"x": x, "y": y, **tip}, rows
        ),
    ]


def _residual_panels(found: Residuals, name: str) -> list[Spec]:
    panels = [_scatter(found, name), _residuals(found, name)]
    return [panel for panel in panels if panel is not None]


def _scatter(found: Residuals, name: str) -> Spec | None:
    """Actual over predicted."""
    pairs = [{"predicted": says, "actual": true} for says, true in found.sample if finite(says, true)]
    if not pairs:
        return None
    low, high = span([value for row in pairs for value in row.values()])
    scale = {"domain": [low, high], "nice": False, "zero": False}
    ticks = {"tickCount": 5, **number_format((low, high))}
    x = quantity("predicted", scale=scale, axis={"title": "predicted", **ticks})
    y = quantity("actual", scale=scale, axis={"title": "actual", **ticks})
    point = {"type": "point", "filled": True, "size": 9, "color": ACCENT, "opacity": 0.5}
    view = {**_SQUARE, "layer": [*_diagonal(low, high, x, y), layer(point, {"x": x, "y": y}, pairs)]}
    return framed(view, f"Actual over predicted values of {name} on rows drawn at random, and the diagonal.")


def _residuals(found: Residuals, name: str) -> Spec | None:
    """What predictions are off by, over the predictions."""
    rows: list[dict[str, Any]] = [
        {"predicted": each.predicted, "low": each.low, "middle": each.middle, "high": each.high,
         TIP: f"{each.rows:,} rows with predictions of about {amounts.number(each.predicted)}: nine in ten are off by "
              f"{amounts.number(each.low, sign=True)} to {amounts.number(each.high, sign=True)}"}
        for each in found.bins if finite(each.predicted, each.low, each.middle, each.high)
    ]  # fmt: skip
    if not rows:
        return None
    ends = span([row["predicted"] for row in rows])
    scale = {"zero": False, "nice": False, "domain": list(ends)}
    x = quantity("predicted", scale=scale, axis={"title": "predicted", "tickCount": 5, **number_format(ends)})
    ticks = number_format(row[key] for row in rows for key in ("low", "high"))
    y = quantity("middle", axis={"title": "actual − predicted (5 to 95 %)", "tickCount": 5, **ticks})
    zero = {"type": "rule", "color": INK, "opacity": 0.4, "strokeDash": [4, 4]}
    bars = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    point = {"type": "point", "filled": True, "size": 45, "color": ACCENT, "opacity": 1}
    layers = [
        layer(zero, {"y": {"datum": 0.0, "type": "quantitative"}}, [{}]),
        layer({"type": "rule", "color": INK, "opacity": 0.6, "strokeWidth": 1.5}, bars, rows),
        layer(point, {"x": x, "y": y, "description": {"field": TIP}}, rows),
    ]
    told = f"What {name} is off by over its prediction: median, and from the 5 % to the 95 % quantile."
    return framed({**_SQUARE, "layer": layers}, told)


def _coverage(facts: Mapping[str, Any], name: str) -> Spec:
    """Share of targets inside the 90 % intervals, by thirds of the predictions and over all."""
    shares = [("all rows", facts["coverage"]), *zip(_THIRDS, facts.get("coverage_by_third") or (), strict=False)]
    rows: list[dict[str, Any]] = [
        {"part": part, "share": share, "level": facts["level"], TIP: f"{name}, {part}: {amounts.percent(share)} inside"}
        for part, share in shares
        if finite(share)
    ]
    low = min([0.5, *(row["share"] - 0.05 for row in rows)])
    x_axis = {"title": "targets inside their 90 % interval", "format": ".0%", "tickCount": 4}
    x = quantity("share", scale={"domain": [max(low, 0.0), 1.0], "nice": False, "zero": False}, axis=x_axis)
    y = {"field": "part", "type": "nominal", "sort": None, "axis": {"title": None, "domain": False, "ticks": False}}
    point = {"type": "point", "filled": True, "size": 70, "color": ACCENT, "opacity": 1}
    goal = {"type": "rule", "color": OTHER, "strokeDash": [4, 4]}
    layers = [
        layer(goal, {"x": {**x, "field": "level"}}, rows[:1]),
        layer(point, {"x": x, "y": y, "description": {"field": TIP}}, rows),
    ]
    told = f"Share of the targets inside the 90 % intervals of {name}, over all rows and by thirds of its predictions."
    return framed({"width": 230, "height": 120, "layer": layers}, told)


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
    return _ranked_dots(rows, (found.overall, not found.greater_is_better), title, text)


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
    return _ranked_dots(rows, (0.0, False), title, text) if rows else None


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


def _ranked_dots(rows: list[dict[str, Any]], held: tuple[float, bool], title: str, text: str) -> Spec:
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
