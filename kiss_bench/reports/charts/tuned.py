"""What tuning brought: default against tuned settings, and what a number of trials bought."""

from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.records.tuning import RungTuning, TuningRecord
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import inside, score_span
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    OTHER,
    PLACE,
    TIP,
    Spec,
    finite,
    framed,
    label,
    layer,
    number_format,
    quantity,
    span,
)
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.escape import clean

MOST_PANELS = 8
"""Rungs with a panel of their own; more are in the tuning record."""
PANEL = {"width": 190, "height": 110}


def tuned_chart(board: Board) -> Spec | None:
    """Default and tuned score of each rung that has both; None where none has."""
    scale = score_span(board)
    rows = [(place, row) for place, row in enumerate(board.rungs) if row.arm == "tuned"]
    rows = [(place, row) for place, row in rows if finite(row.score, row.default_score)]
    if scale is None or not rows:
        return None
    ends = [value for _, row in rows for value in (row.score, row.default_score) if value is not None]
    low, high = span([inside(value, scale) for value in ends], room=0.08)
    data = [_pair(board, height, place, scale) for height, (place, _) in enumerate(rows)]
    x = quantity(
        "tuned",
        scale={"domain": [low, high], "nice": False, "zero": False, "reverse": not board.metric.greater_is_better},
        axis={"title": f"{clean(board.metric.name)}, better →", "tickCount": 5, **number_format((low, high))},
    )
    y = quantity("height", scale={"domain": [-0.5, len(rows) - 0.5], "nice": False, "zero": False}, axis=None)
    tip = {"description": {"field": TIP}}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1}
    name = {"type": "text", "align": "right", "dx": -12, "fontSize": 12, "baseline": "middle"}
    layers = [
        layer({"type": "rule", "color": INK, "opacity": 0.4}, {"x": x, "x2": {"field": "plain"}, "y": y}, data),
        layer(
            {**point, "filled": False, "color": OTHER, "strokeWidth": 2}, {"x": {**x, "field": "plain"}, "y": y}, data
        ),
        layer({**point, "color": ACCENT}, {"x": x, "y": y, **tip}, data),
        layer(name, {"x": {"value": 0}, "y": y, "text": {"field": "rung"}, **tip}, data),
    ]
    told = f"{clean(board.metric.name)} of each rung with default settings (open circle) and tuned (filled circle)."
    return framed({"width": 260, "height": 26 * len(rows), "layer": layers}, told)


def _pair(board: Board, height: int, place: int, scale: tuple[float, float]) -> dict[str, Any]:
    row = board.rungs[place]
    plain, tuned = (amounts.number(value, board_decimals(board)) for value in (row.default_score, row.score))
    gain = amounts.number(row.tuning_gain, board_decimals(board), sign=True)
    verdict = f", tuning is {clean(row.tuning_verdict)}" if row.tuning_verdict else ""
    return {
        PLACE: place,
        "height": height,
        "rung": label(row.rung),
        "plain": inside(row.default_score or 0.0, scale),
        "tuned": inside(row.score or 0.0, scale),
        TIP: f"{label(row.rung, 60)}: default {plain}, tuned {tuned}, gain {gain}{verdict}",
    }


def budget_charts(record: TuningRecord) -> list[Spec]:
    """What a number of trials bought on inner folds: mean of the studies, lowest and highest; a picture a rung."""
    return [
        _budget(rung, clean(record.objective.metric))
        for rung in [each for each in record.rungs if each.budget_curve][:MOST_PANELS]
    ]


def _budget(rung: RungTuning, metric: str) -> Spec:
    points: list[dict[str, Any]] = [
        {"trials": point.trials, "gain": point.gain, "low": point.low, "high": point.high,
         TIP: f"{label(rung.rung, 60)}, {point.trials} trials: gain {amounts.number(point.gain)} "
              f"({amounts.number(point.low)} to {amounts.number(point.high)}) over trial 0"}
        for point in rung.budget_curve
    ]  # fmt: skip
    x = quantity(
        "trials", axis={"title": "trials", "tickCount": 4, "tickMinStep": 1, "format": "d"}, scale={"nice": False}
    )
    ticks = number_format(point["high"] for point in points)
    y = quantity("gain", axis={"title": None, "tickCount": 4, **ticks}, scale={"nice": False})
    area = {"type": "area", "color": ACCENT, "opacity": 0.18}
    dots = {"type": "point", "filled": True, "size": 26, "color": ACCENT, "opacity": 1}
    layers = [
        layer(area, {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}, points),
        layer({"type": "line", "color": ACCENT, "strokeWidth": 2}, {"x": x, "y": y}, points),
        layer(dots, {"x": x, "y": y, "description": {"field": TIP}}, points),
    ]
    told = (
        f"{label(rung.rung, 60)}: gain of the best inner {metric} so far over trial 0, by trials: mean of the studies, "
        f"shaded from the lowest to the highest."
    )
    return framed({**PANEL, "title": {"text": label(rung.rung), "fontWeight": "bold"}, "layer": layers}, told)
