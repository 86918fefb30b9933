"""The right half of the ladder: what each rung gains over the one it is held against."""

from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.climb import Step, gain_span, inside, margin_of, steps
from kiss_bench.reports.charts.marks import (
    ABOVE,
    BELOW,
    Layout,
    height_of,
    interval,
    intervals,
    marks,
    point_of,
    rungs_axis,
    verdict_words,
)
from kiss_bench.reports.charts.theme import INK, TIP, Spec, finite, label, layer, number_format, quantity, shape_of
from kiss_bench.reports.columns import board_decimals, state
from kiss_bench.reports.words import gain_words


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
