"""The verdict in one sentence, and the phrases that every report shares.

Two words are avoided on purpose: a small p is not "significance" of anything a manager means by it, and two rungs
that could not be told apart are not thereby the same.
"""

from collections.abc import Sequence

from kiss_bench.records.board import Board, BoardRow, MetricFacts
from kiss_bench.reports import amounts
from kiss_bench.reports.arms import recommended_figures
from kiss_bench.reports.columns import board_decimals, state
from kiss_bench.reports.escape import PLAIN, Pen, clean, listed
from kiss_bench.reports.levels import ladder_error_words
from kiss_bench.reports.stamps import luck_words, stamps

DECIDED = ("JUSTIFIED", "NOT JUSTIFIED", "INCONCLUSIVE")
_JUDGED_STATUS = ("ok", "provisional")


def verdict_sentence(board: Board, pen: Pen = PLAIN) -> str:
    """State the decision, its number and what was left open, for someone who reads nothing else."""
    head, tail = verdict_parts(board, pen)
    return f"{head} — {tail}."


def verdict_parts(board: Board, pen: Pen) -> tuple[str, str]:
    """Split it into the decision and the numbers behind it."""
    chosen = recommended_row(board)
    if chosen is None:
        return _no_verdict(board, pen)
    above = [row for row in rungs_above(board, chosen) if is_judged(row)]
    judged = [row for row in board.rungs if is_judged(row)]
    # Where most of the climb is still ahead, the news is that nothing up there was worth it.
    stays = chosen.verdict != "JUSTIFIED" or 2 * len(above) >= len(judged)
    head, tail = (_stay if stays else _promoted)(board, chosen, above, pen)
    provisional = any(row.status == "provisional" for row in board.rungs)
    return f"Provisional: {head}" if provisional else head, "; ".join([*tail, *_unjudged(board, pen)])


def recommended_row(board: Board) -> BoardRow | None:
    name = board.recommended.rung if board.recommended else None
    return next((row for row in board.rungs if row.rung == name), None)


def figures_arm(board: Board, chosen: BoardRow) -> str:
    """`tuned settings` where the row's figures are of another arm than the recommended one; else nothing."""
    if board.recommended is None or chosen.arm is None or chosen.arm == board.recommended.arm:
        return ""
    return f"{clean(chosen.arm)} settings"


def rungs_above(board: Board, chosen: BoardRow) -> tuple[BoardRow, ...]:
    return board.rungs[board.rungs.index(chosen) + 1 :]


def rungs_below(board: Board, chosen: BoardRow) -> tuple[BoardRow, ...]:
    return board.rungs[: board.rungs.index(chosen)]


def is_judged(row: BoardRow) -> bool:
    return row.status in _JUDGED_STATUS and row.verdict in DECIDED


def margin_words(metric: MetricFacts, pen: Pen = PLAIN) -> str:
    """Write `1 % of the dummy's loss (0.006109 log_loss)`."""
    name = pen.text(metric.name)
    if metric.margin_unit == "absolute":
        return f"{amounts.exact(metric.margin)} {name}"
    whose = "the incumbent's loss" if metric.margin_unit == "relative" else "the dummy's loss"
    share = f"{amounts.exact(100 * metric.margin)} % of {whose}"
    if metric.margin_abs is None or metric.margin_unit == "relative":
        return share
    return f"{share} ({amounts.number(metric.margin_abs)} {name})"


def margin_short(metric: MetricFacts, row: BoardRow, pen: Pen = PLAIN) -> str:
    """Put the margin beside a row's gain, in the gain's own unit: the figure over that row's own incumbent."""
    if row.margin is not None:
        return amounts.number(row.margin)
    one_figure = metric.margin_unit != "relative" and metric.margin_abs is not None
    return amounts.number(metric.margin_abs) if one_figure else margin_words(metric, pen)


def gain_words(board: Board, row: BoardRow, pen: Pen = PLAIN) -> str:
    """Write `a gain of +0.0721 log_loss (95 % interval +0.05 to +0.09)`."""
    decimals = board_decimals(board)
    ends = amounts.interval(row.gain_low, row.gain_high, decimals, sign=True)
    about = f" (95 % interval {ends.strip('()')})" if ends else ""
    return f"a gain of {amounts.number(row.gain, decimals, sign=True)} {pen.text(board.metric.name)}{about}"


def skill_words(row: BoardRow) -> str:
    if row.skill is None:
        return ""
    if row.skill < 0:
        return f"adds {amounts.percent(-row.skill)} to the dummy's error"
    return f"removes {amounts.percent(row.skill)} of the dummy's error"


def _skill_short(row: BoardRow) -> str:
    return skill_words(row).removesuffix(" of the dummy's error").removesuffix(" to the dummy's error")


def needed_words(row: BoardRow) -> str:
    """Say what an INCONCLUSIVE verdict would take to be decided: more rows, or more repeats of the same ones."""
    ways = [f"{amounts.about(row.rows_needed)} rows"] if row.rows_needed is not None else []
    ways += [f"{amounts.about(row.repeats_needed)} repeats"] if row.repeats_needed is not None else []
    if not ways:
        return "no number of rows or repeats would justify it at this observed gain"
    return f"would need about {' or '.join(ways)}"


def banners(board: Board, pen: Pen = PLAIN) -> list[str]:
    """List what a reader must know before the verdict."""
    lines = [pen.text(stamp) for stamp in stamps(board)]
    lines += [
        f"Skipped: {pen.name(row.rung)} — {pen.text(row.reason) or 'no reason given'}"
        for row in board.rungs
        if row.status == "skipped"
    ]
    if board.honesty.luck is not None and board.honesty.luck.tries > 1:
        lines.append(f"Take care: {pen.text(luck_words(board, board.honesty.luck))}")
    lines += [f"Take care: {pen.text(caution)}" for caution in board.cautions]
    if error := ladder_error_words(board):
        lines.append(f"Take care: levels hold for each step alone. {error.rstrip('.')}")
    if any(row.status == "provisional" for row in board.rungs):
        lines.append("Provisional: made with --quick, so only default settings ran and nothing was tuned")
    if running := [row for row in board.rungs if row.status == "running"]:
        lines.append(f"Still running: {len(running)} of {_rungs(len(board.rungs))} to come, the table is partial")
    if not board.replayable:
        lines.append(
            "Not replayable: a time limit or the death of a worker ended some of the work, so another run may differ"
        )
    return lines


def _no_verdict(board: Board, pen: Pen) -> tuple[str, str]:
    running = sum(row.status == "running" for row in board.rungs)
    if running:
        return "No verdict yet", f"{len(board.rungs) - running} of {_rungs(len(board.rungs))} are done"
    if board.rungs and (base := board.rungs[0]).status == "failed":
        return "No verdict", f"{pen.name(base.rung)} failed, and without it no rung can be judged"
    return "No verdict", "no rung of this ladder could be judged"


def _stay(board: Board, chosen: BoardRow, above: Sequence[BoardRow], pen: Pen) -> tuple[str, list[str]]:
    stay, shown = f"Stay with {pen.name(chosen.rung)}{_arm(board, chosen)}", recommended_figures(board, chosen)
    own = (
        [f"{_it(board, shown)} {skill_words(shown)}"]
        if chosen.verdict == "JUSTIFIED" and chosen.skill is not None
        else []
    )
    if not above:
        nothing = "could be judged" if rungs_above(board, chosen) else "is on this ladder"
        return f"{stay}: nothing more complex {nothing}", own or ["there was nothing to weigh it against"]
    best = max(above, key=lambda row: float("-inf") if row.gain is None else row.gain)
    which = (
        f"the one more complex rung, {pen.name(best.rung)},"
        if len(above) == 1
        else f"the best of the {_rungs(len(above))} judged above it, {pen.name(best.rung)},"
    )
    return f"{stay}: nothing more complex earned its keep", [*own, f"{which} {_short_of(board, best, pen)}"]


def _short_of(board: Board, row: BoardRow, pen: Pen) -> str:
    if row.gain is None:
        return f"was {pen.text(state(row))}"
    figure = f"{amounts.number(row.gain, board_decimals(board), sign=True)} {pen.text(board.metric.name)}"
    did = "gains" if row.gain > 0 else "does no better, a gain of"
    sure = f", {amounts.equation('P(gain > margin)', row.p_gain)}" if row.p_gain is not None else ""
    text = f"{did} {figure} where the margin is {margin_short(board.metric, row, pen)}{sure}"
    return f"{text} (inconclusive: {needed_words(row)})" if row.verdict == "INCONCLUSIVE" else text


def _promoted(board: Board, chosen: BoardRow, above: Sequence[BoardRow], pen: Pen) -> tuple[str, list[str]]:
    head, shown = f"{pen.name(chosen.rung)}{_arm(board, chosen)} is justified", recommended_figures(board, chosen)
    below = next((row for row in board.rungs if row.rung == chosen.incumbent), None)
    if skill_words(shown):
        head = f"{head}: {_it(board, shown)} {skill_words(shown)}"
    if below is not None and below.level > board.rungs[0].level and skill_words(below) and skill_words(shown):
        head = f"{head} where {pen.name(below.rung)} {_skill_short(below)}"
    sure = f", {amounts.equation('P(gain > margin)', shown.p_gain)}" if shown.p_gain is not None else ""
    over = f" over {pen.name(chosen.incumbent)}" if chosen.incumbent else ""
    tail = [
        f"{gain_words(board, shown, pen)}{over} where the margin is {margin_short(board.metric, chosen, pen)}{sure}"
    ]
    if above:
        names = listed(pen.name(row.rung) for row in above)
        tail.append(f"nothing above it earned its keep ({names})")
    return head, tail


def _unjudged(board: Board, pen: Pen) -> list[str]:
    out = [row for row in board.rungs if not is_judged(row) and row.verdict != "BASELINE"]
    if not out:
        return []
    return ["not judged: " + listed(f"{pen.name(row.rung)} ({pen.text(state(row))})" for row in out)]


def _arm(board: Board, chosen: BoardRow) -> str:
    if chosen.verdict == "BASELINE" or board.recommended is None:
        return ""
    if board.recommended.arm == "tuned":
        return " (tuned)"
    return " (default settings; tuning was not shown to pay)" if chosen.arm == "tuned" else " (default settings)"


def _it(board: Board, shown: BoardRow) -> str:
    # The recommended arm may not have been measured on its own: a rung that nothing was simpler than.
    recommended = board.recommended.arm if board.recommended else shown.arm
    return "it" if shown.arm == recommended else f"{shown.arm}, it"


def _rungs(count: int) -> str:
    return "1 rung" if count == 1 else f"{count} rungs"
