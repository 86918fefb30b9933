"""How far to trust a rung's probabilities, or its predictions: described, and nothing rests on it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts, escape
from kiss_bench.reports.phrases import recommended_row
from kiss_bench.reports.table import Column, markdown_table, rung_column

_HANGS_TOGETHER = {
    "group": " They take rows as drawn one by one; rows of one group hang together, so they are too short.",
    "forward": " They take rows as drawn one by one; neighbours in time hang together, so they are too short.",
}
_BRIER = (
    "ECE is the mean distance between what was said and what came true; *by chance* is what honest "
    "probabilities would show in so many rows. The Brier score is reliability (what miscalibration costs: "
    "smaller is better) − resolution (what telling rows apart brings: larger is better) + uncertainty (the same for "
    "every rung) + what is left within bins. Described only; no verdict rests on them."
)
_BY_CLASS = (
    " With more than two classes ECE is of the most probable one, and the Brier score and its parts are sums over all."
)
_AT_RANDOM = (
    "Folds dealt at random make for coverage near 90 % whatever a rung is worth: width and interval score are what "
    "tells rungs apart. "
)
_WIDTHS = (
    "Coverage by thirds: of the smallest, the middle and the largest third of a rung's predictions; where they differ, "
    "one width does not fit all rows. The interval score is the width plus a penalty for targets outside, in the "
    "target's units; smaller is better. Described only; no verdict rests on them."
)


def trust_section(board: Board) -> tuple[str, str]:
    """Give the section's title and its body in Markdown; an empty body where the board has nothing of the kind."""
    if any(row.prediction_intervals for row in board.rungs):
        return "How far to trust its predictions", _predictions(board)
    return "How far to trust its probabilities", _probabilities(board)


def _probabilities(board: Board) -> str:
    rows = [row for row in board.rungs if row.reliability]
    if not rows:
        return ""
    chosen = recommended_row(board)
    blocks = [_reliability_table(board, chosen)] if chosen is not None and chosen.reliability else []
    found: list[Mapping[str, Any]] = [row.reliability or {} for row in rows]
    columns = [rung_column(board, rows)]
    for title, key in (
        *(("ECE", "ece"), ("ECE by chance", "ece_by_chance"), ("Brier score", "brier"), ("reliability", "reliability")),
        *(("resolution", "resolution"), ("uncertainty", "uncertainty"), ("within bins", "within")),
    ):
        columns.append(Column(title=title, cells=tuple(_four_decimals(each.get(key)) for each in found)))
    by_class = _BY_CLASS if any(each.get("top_label") for each in found) else ""
    return "\n\n".join([*blocks, markdown_table(columns), f"{_BRIER}{by_class}"])


def _reliability_table(board: Board, chosen: BoardRow) -> str:
    facts = chosen.reliability or {}
    bins: Sequence[Mapping[str, Any]] = facts.get("bins", ())
    of = "its most probable class" if facts.get("top_label") else escape.code(board.positive or "the positive class")
    spans = (f"{amounts.percent(each['low'])} to {amounts.percent(each['high'])}" for each in bins)
    table = markdown_table(
        [
            _column("it says", (amounts.percent(each["probability"]) for each in bins)),
            _column("came true", (amounts.percent(each["observed"]) for each in bins)),
            _column("95 % interval", spans),
            _column("rows", (f"{each['count']:,}" for each in bins)),
        ]
    )
    return (
        f"The rows of {_which(chosen)}, sorted by the probability it gave to {of} and cut into parts of the same "
        f"size: what it said on average, and how often that came true. Intervals are Wilson's."
        f"{_HANGS_TOGETHER.get(board.folds.kind, '')}\n\n{table}"
    )


def _predictions(board: Board) -> str:
    rows = [row for row in board.rungs if row.prediction_intervals]
    found: list[Mapping[str, Any]] = [row.prediction_intervals or {} for row in rows]
    notes = list(dict.fromkeys(str(each.get("note", "")) for each in found))
    figured = [(row, each) for row, each in zip(rows, found, strict=True) if each.get("coverage") is not None]
    resting = "; ".join(map(escape.markdown, notes))
    if not figured:
        return f"No 90 % prediction intervals: {resting}."
    which = "earlier" if board.folds.kind == "forward" else "other"
    told = (
        f"90 % prediction intervals, made from the residuals of {which} folds, nothing refitted. Coverage is {resting}."
    )
    kept = [each for _, each in figured]
    widths, scores = ([each.get(key) for each in kept] for key in ("mean_width", "interval_score"))
    decimals = amounts.shared_decimals([*widths, *scores])
    table = markdown_table(
        [
            rung_column(board, [row for row, _ in figured]),
            _column("rows", (f"{each['rows']:,}" for each in kept)),
            _column("coverage", (amounts.percent(each["coverage"]) for each in kept)),
            _column("by thirds", (_thirds(each) for each in kept)),
            _column("mean width", (amounts.number(width, decimals) for width in widths)),
            _column("interval score", (amounts.number(score, decimals) for score in scores)),
        ]
    )
    dealt = _AT_RANDOM if board.folds.kind == "shuffled" else ""
    return "\n\n".join([told, *_in_short(board, decimals), table, f"{dealt}{_WIDTHS}"])


def _in_short(board: Board, decimals: int | None) -> list[str]:
    chosen = recommended_row(board)
    facts = chosen.prediction_intervals if chosen is not None else None
    if chosen is None or not facts or facts.get("coverage") is None:
        return []
    half = amounts.number(facts["mean_width"] / 2.0, decimals)
    share = amounts.percent(facts["coverage"])
    thirds = f" ({_thirds(facts)} by thirds of its predictions)" if facts.get("coverage_by_third") else ""
    return [f"A prediction of {_which(chosen)} is off by no more than about {half} in {share} of the rows{thirds}."]


def _which(chosen: BoardRow) -> str:
    return f"{escape.code(chosen.rung)} ({escape.markdown(chosen.arm or 'default')} settings)"


def _thirds(facts: Mapping[str, Any]) -> str:
    return " / ".join(amounts.percent(share) for share in facts.get("coverage_by_third") or ()) or amounts.NOTHING_THERE


def _four_decimals(value: float | None) -> str:
    """Terms of one sum: a common number of decimals, so that a reader can add them up."""
    if value is None or not math.isfinite(value):
        return amounts.NOTHING_THERE
    return f"{0.0 if abs(value) < 5e-5 else value:.4f}"


def _column(title: str, cells: Iterable[str]) -> Column:
    return Column(title=title, cells=tuple(cells))
