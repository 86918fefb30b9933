"""What tuning brought: default against tuned settings, what a number of trials bought, and every trial one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Diagnostics, StudyTrials
from kiss_bench.records.tuning import RungTuning, TuningRecord
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.theme import (
    ACCENT,
    INK,
    OTHER,
    PLACE,
    TIP,
    Spec,
    finite,
    framed,
    inside,
    label,
    layer,
    number_format,
    quantity,
    score_span,
    span,
)
from kiss_bench.reports.escape import clean
from kiss_bench.reports.table import board_decimals

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


Rows = list[dict[str, Any]]
_GIVEN_UP, _COMPLETE = "PRUNED", "COMPLETE"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """The trials of a rung that have a value, as marks: those off the scale stand at the edge they lie beyond."""

    complete: Rows
    pruned: Rows

    @property
    def beyond(self) -> int:
        return sum("edge" in row for row in (*self.complete, *self.pruned))


def trials_charts(diagnostics: Diagnostics, metric: str, *, greater_is_better: bool) -> list[Spec]:
    """The trials of every study of repeat 0 as points, and the best so far as a line a fold; a picture a rung."""
    studies = _drawn_studies(diagnostics)
    charts = []
    for rung in _rungs(studies):
        of_rung = [study for study in studies if study.rung == rung]
        best = [row for study in of_rung for row in _best_so_far(study, greater_is_better=greater_is_better)]
        if best:
            charts.append(_panel(rung, of_rung, best, (clean(metric), not greater_is_better)))
    return charts


def trials_caption(diagnostics: Diagnostics, metric: str) -> str:
    """What the marks of these pictures are, with how many trials ended in which way."""
    studies = _drawn_studies(diagnostics)
    kept = set(_rungs(studies))
    states = [state for study in studies if study.rung in kept for state in study.states]
    return (
        f"Trials of each study: inner {clean(metric)} of every trial and the best so far, a line a fold. "
        f"Dots: complete ({states.count(_COMPLETE):,}); hollow: given up early, a mean over fewer inner folds, so that "
        f"they may lie on the better side of the line ({states.count(_GIVEN_UP):,}); triangles: off the scale, at the "
        f"edge they lie beyond."
    )


def _drawn_studies(diagnostics: Diagnostics) -> list[StudyTrials]:
    return [study for study in diagnostics.trials if study.arm == "tuned" and any(map(finite, study.values))]


def _rungs(studies: Sequence[StudyTrials]) -> list[str]:
    return list(dict.fromkeys(study.rung for study in studies))[:MOST_PANELS]


def _panel(rung: str, studies: Sequence[StudyTrials], best: Rows, held: tuple[str, bool]) -> Spec:
    """Draw one rung; `held` is the name of the metric, and whether its scale runs down."""
    metric, down = held
    found = [row["value"] for row in best]
    room = 0.5 * ((max(found) - min(found)) or abs(max(found)) or 1.0)
    scale = (min(found) - room, max(found) + room)
    tried = _tried(studies, scale, down=down)
    x = quantity(
        "trial", axis={"title": "trial", "tickCount": 4, "tickMinStep": 1, "format": "d"}, scale={"nice": False}
    )
    y = quantity(
        "value",
        scale={"domain": list(scale), "nice": False, "zero": False, "reverse": down},
        axis={"title": None, "tickCount": 4, **number_format(found)},
    )
    line = {"type": "line", "interpolate": "step-after", "color": ACCENT, "strokeWidth": 1.5, "opacity": 0.85}
    detail = {"field": "fold", "type": "nominal"}
    layers = [
        *_marks(tried.pruned, {"filled": False, "size": 8, "strokeWidth": 0.6, "opacity": 0.35}, x, y),
        *_marks(tried.complete, {"filled": True, "size": 6, "opacity": 0.3}, x, y),
        layer(line, {"x": x, "y": y, "detail": detail}, best),
    ]
    count = f"{len(tried.complete) + len(tried.pruned):,} trials"
    off = f", {tried.beyond:,} off the scale" if tried.beyond else ""
    told = (
        f"{label(rung, 60)}: inner {metric} of {count} in order, {len(tried.pruned):,} of them given up early{off}; "
        f"and the best so far, a line a fold."
    )
    title = {
        "text": label(rung), "fontWeight": "bold",
        "subtitle": f"{count}{off}", "subtitleFontSize": 10, "subtitleColor": INK,
    }  # fmt: skip
    return framed({**PANEL, "title": title, "layer": layers}, told)


def _tried(studies: Sequence[StudyTrials], scale: tuple[float, float], *, down: bool) -> _Tried:
    told: dict[str, Rows] = {_COMPLETE: [], _GIVEN_UP: []}
    for study in studies:
        for number, (value, state) in enumerate(zip(study.values, study.states, strict=True)):
            if value is not None and finite(value) and state in told:
                told[state].append(_mark(number, value, scale, down=down))
    return _Tried(complete=told[_COMPLETE], pruned=told[_GIVEN_UP])


def _mark(number: int, value: float, scale: tuple[float, float], *, down: bool) -> dict[str, Any]:
    edge = inside(value, scale)
    if edge == value:
        return {"trial": number, "value": value}
    at_the_bottom = (value < edge) is not down
    return {"trial": number, "edge": edge, "shape": "triangle-down" if at_the_bottom else "triangle-up"}


def _marks(rows: Rows, style: dict[str, Any], x: dict[str, Any], y: dict[str, Any]) -> list[Spec]:
    """Circles where the value is on the scale, triangles at the edge where it is not."""
    point = {"type": "point", "color": INK, **style}
    within, beyond = ([row for row in rows if ("edge" in row) is off] for off in (False, True))
    shape = {"field": "shape", "type": "nominal", "scale": None}
    layers = [layer(point, {"x": x, "y": y}, within)] if within else []
    if beyond:
        larger = {**point, "size": 3 * style["size"]}
        layers.append(layer(larger, {"x": x, "y": {**y, "field": "edge"}, "shape": shape}, beyond))
    return layers


def _best_so_far(study: StudyTrials, *, greater_is_better: bool) -> Iterator[dict[str, Any]]:
    """The best complete trial up to each one; nothing before the first."""
    best: float | None = None
    for number, (value, state) in enumerate(zip(study.values, study.states, strict=True)):
        if state == _COMPLETE and value is not None and finite(value):
            ahead = best is None or (value > best if greater_is_better else value < best)
            best = value if ahead else best
        if best is not None:
            yield {"trial": number, "value": best, "fold": study.fold}
