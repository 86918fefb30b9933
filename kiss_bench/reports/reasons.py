"""Why not simpler, why not more complex, what would change this: one sentence of numbers a rung."""

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.amounts import NOTHING_THERE
from kiss_bench.reports.arms import recommended_figures
from kiss_bench.reports.columns import board_decimals, state
from kiss_bench.reports.escape import Pen, shortened
from kiss_bench.reports.words import (
    gain_words,
    is_judged,
    margin_short,
    needed_words,
    recommended_row,
    rungs_above,
    rungs_below,
)


def why_not_simpler(board: Board, pen: Pen) -> list[str]:
    """Hold the recommended rung against each rung below it."""
    chosen = recommended_row(board)
    if chosen is None:
        return ["No rung is recommended yet."]
    below = rungs_below(board, chosen)
    if not below:
        return [f"Nothing on this ladder is simpler than {pen.name(chosen.rung)}."]
    lines = [over_simpler(board, chosen, row, pen) for row in reversed(below)]
    if chosen.arm == "tuned" and board.recommended is not None and board.recommended.arm == "default":
        lines.append(_default_is_enough(board, chosen, pen))
    incumbent = next((row for row in below if row.rung == chosen.incumbent), None)
    price = price_words(chosen, incumbent) if incumbent else ""
    if incumbent and price:
        lines.append(f"The price of {pen.name(chosen.rung)} over {pen.name(incumbent.rung)}: {price}.")
    return lines


def why_not_more_complex(board: Board, pen: Pen) -> list[str]:
    """Go through the rungs above the recommended one, and what each did not show."""
    chosen = recommended_row(board)
    return [more_complex(board, row, pen) for row in rungs_above(board, chosen)] if chosen else []


def also_consider(board: Board, pen: Pen) -> str:
    """Name the simpler way out, where there is one."""
    chosen = recommended_row(board)
    if not board.also_consider or chosen is None or board.also_consider == chosen.rung:
        return ""
    simpler = next((row for row in board.rungs if row.rung == board.also_consider), None)
    price = price_words(chosen, simpler) if simpler else ""
    instead = f" {pen.name(chosen.rung)} costs {price} in its place." if price else ""
    return (
        f"{pen.name(board.also_consider)}: the simplest rung not shown to be worse than {pen.name(chosen.rung)} "
        f"by more than the margin.{instead}"
    )


def what_would_change(board: Board, pen: Pen) -> list[str]:
    """Say only what the numbers support: open verdicts, rungs that never ran, the margin that would undo this one."""
    lines = [line for row in board.rungs if (line := _open(board, row, pen))]
    chosen = recommended_row(board)
    if chosen is not None and chosen.verdict == "JUSTIFIED" and chosen.gain is not None and chosen.gain > 0:
        lines.append(
            f"A margin as large as the gain of {pen.name(chosen.rung)} over {pen.name(chosen.incumbent or '')} "
            f"({amounts.number(chosen.gain, board_decimals(board))} {pen.text(board.metric.name)}; it is now "
            f"{margin_short(board.metric, chosen, pen)}) would undo its promotion."
        )
    if any(row.status == "provisional" for row in board.rungs):
        lines.append("A run without `--quick` tunes every rung with the same budget; tuned rungs may rank differently.")
    if not lines and chosen is not None:
        lines.append("Nothing is left open on this board: other data, columns or another margin are a new question.")
    return lines


def over_simpler(board: Board, chosen: BoardRow, row: BoardRow, pen: Pen) -> str:
    if row.status in {"failed", "skipped", "running"} or row.score is None:
        return f"{pen.name(row.rung)}: no comparison, {_out(row, pen)}."
    decimals, shown = board_decimals(board), recommended_figures(board, chosen)
    name = pen.text(board.metric.name)
    theirs, ours = (f" (skill {amounts.percent(each.skill)})" if each.skill else "" for each in (row, shown))
    scores = (
        f"{pen.name(row.rung)} scores {amounts.number(row.score, decimals)} {name}{theirs}, "
        f"{pen.name(chosen.rung)} {amounts.number(shown.score, decimals)}{ours}"
    )
    if row.rung == chosen.incumbent:
        sure = f", {amounts.equation('P(gain > margin)', shown.p_gain)}" if shown.p_gain is not None else ""
        return f"{scores}: tested against each other, {gain_words(board, shown, pen)}{sure}."
    if row.verdict == "BASELINE":
        return f"{scores}: the baseline; not tested against each other."
    return f"{scores}: {_own_turn(row, pen)}; not tested against each other."


def _default_is_enough(board: Board, chosen: BoardRow, pen: Pen) -> str:
    plain, tuned = (amounts.number(score, board_decimals(board)) for score in (chosen.default_score, chosen.score))
    verdict = f"tuning is {pen.text(chosen.tuning_verdict)}" if chosen.tuning_verdict else "tuning is not judged"
    return (
        f"{pen.name(chosen.rung)} with default settings scores {plain} {pen.text(board.metric.name)}, tuned {tuned}: "
        f"{verdict}, so the default settings are recommended."
    )


def _own_turn(row: BoardRow, pen: Pen) -> str:
    against = f" over {pen.name(row.incumbent)}" if row.incumbent else ""
    if row.verdict == "JUSTIFIED":
        return f"JUSTIFIED{against} on the way up, then overtaken"
    return f"{pen.text(state(row))}{against} at its own turn"


def more_complex(board: Board, row: BoardRow, pen: Pen) -> str:
    if not is_judged(row) or row.gain is None:
        return f"{pen.name(row.rung)}: no verdict, {_out(row, pen)}."
    over = f" over {pen.name(row.incumbent)}" if row.incumbent else ""
    odds = ", ".join(
        amounts.equation(what, value)
        for what, value in (("P(gain > margin)", row.p_gain), ("P(worse by more than the margin)", row.p_harm))
        if value is not None
    )
    folds = f", better in {amounts.percent(row.fold_wins)} of the folds" if row.fold_wins is not None else ""
    return f"{pen.name(row.rung)}: {gain_words(board, row, pen)}{over}; {odds}{folds}: {_meaning(row)}."


def _meaning(row: BoardRow) -> str:
    if row.verdict == "NOT JUSTIFIED":
        harmful = row.p_harm is not None and row.p_harm > 0.95
        return "shown to be worse" if harmful else "shown to be worth less than the margin"
    return "these rows cannot tell, so the simpler rung stays" if row.verdict == "INCONCLUSIVE" else state(row)


def _out(row: BoardRow, pen: Pen) -> str:
    reason = pen.text(shortened(row.reason, 80).rstrip("."))
    return f"{pen.text(state(row))}: {reason}" if reason else pen.text(state(row))


def _open(board: Board, row: BoardRow, pen: Pen) -> str:
    if row.status == "failed":
        return (
            f"{pen.name(row.rung)} FAILED; once it is repaired, `kiss-bench run` fits what is missing and nothing else."
        )
    if row.status == "skipped":
        return f"{pen.name(row.rung)} was skipped; taking it back onto the ladder runs that rung alone."
    if row.verdict == "NOT COMPARABLE":
        return (
            f"{pen.name(row.rung)} had more trials than a rung below it; with the same budget for all it can be judged."
        )
    if row.verdict != "INCONCLUSIVE":
        return ""
    over = f" over {pen.name(row.incumbent)}" if row.incumbent else ""
    seen = ""
    if row.min_detectable_gain is not None:
        smallest = f"{amounts.number(row.min_detectable_gain, board_decimals(board))} {pen.text(board.metric.name)}"
        seen = f" With these rows a true gain of {smallest} is found four times in five, a smaller one less often."
    at = "" if row.gain is None else f" at {amounts.number(row.gain, board_decimals(board), sign=True)}"
    open_to_more = row.rows_needed is not None or row.repeats_needed is not None
    here = f"; so far there are {_there_are(board, row)}" if open_to_more else ""
    return (
        f"{pen.name(row.rung)}{over} is inconclusive{at}, against a margin of {margin_short(board.metric, row, pen)}: "
        f"{needed_words(row)}{here}.{seen}"
    )


def _there_are(board: Board, row: BoardRow) -> str:
    if row.repeats_needed is None:
        return f"{board.rows:,}"
    repeats = "1 repeat" if row.gain_repeats == 1 else f"{row.gain_repeats} repeats"
    return f"{board.rows:,} rows in {repeats}" if row.rows_needed is not None else repeats


def price_words(dear: BoardRow, cheap: BoardRow) -> str:
    parts = [
        ("fit", amounts.seconds(dear.fit_seconds), amounts.seconds(cheap.fit_seconds)),
        ("prediction", _per_row(dear), _per_row(cheap)),
        ("size", amounts.size(dear.model_bytes), amounts.size(cheap.model_bytes)),
    ]
    return ", ".join(
        f"{what} {ours} against {theirs}" for what, ours, theirs in parts if NOTHING_THERE not in {ours, theirs}
    )


def _per_row(row: BoardRow) -> str:
    text = amounts.microseconds(row.predict_us_per_row)
    return text if text == NOTHING_THERE else f"{text} µs a row"
