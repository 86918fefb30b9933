"""The one home of a verdict's sentences, the phrases that every report shares, and what no report may be without.

Two words are avoided on purpose: a small p is not "significance" of anything a manager means by it, and two rungs
that could not be told apart are not thereby the same. A rung climbs with its tuned settings, and its default ones may
be what is recommended: whose figures a sentence gives is decided here too.
"""

from collections.abc import Sequence
from dataclasses import replace

from kiss_bench.records.board import FOUND, Board, BoardRow, LuckFacts, MetricFacts, PlaceboFacts
from kiss_bench.reports import amounts
from kiss_bench.reports.amounts import NOTHING_THERE
from kiss_bench.reports.escape import PLAIN, Pen, clean, listed, quoted, shortened
from kiss_bench.reports.table import board_decimals, state

OF_DEFAULT = {
    name: f"default_{name}" for name in ("score", "skill", "gain", "gain_low", "gain_high", "p_gain", "verdict")
}
"""Field of a row -> the field that holds the same of its default settings."""


def figures_of(row: BoardRow, arm: str) -> BoardRow:
    """Give the row with the figures of this arm; costs and calibration stay those of the arm that climbed.

    What is never taken of default settings that did not climb is None. A row whose other arm has no figures of its own
    is given back as it is.
    """
    if not is_of_default(row, arm):
        return row
    return replace(
        row,
        arm="default",
        score=row.default_score,
        score_low=None,
        score_high=None,
        skill=row.default_skill,
        gain=row.default_gain,
        gain_low=row.default_gain_low,
        gain_high=row.default_gain_high,
        p_gain=row.default_p_gain,
        verdict=row.default_verdict,
        p_equal=None,
        p_harm=None,
        fold_wins=None,
        rows_needed=None,
        repeats_needed=None,
    )


def recommended_figures(board: Board, chosen: BoardRow) -> BoardRow:
    """Give the recommended rung's row with the figures of the arm that is recommended."""
    return figures_of(chosen, board.recommended.arm) if board.recommended is not None else chosen


def field_of(row: BoardRow, arm: str, name: str) -> str:
    """Name the field of the row that holds a figure of this arm."""
    return OF_DEFAULT.get(name, name) if is_of_default(row, arm) else name


def is_of_default(row: BoardRow, arm: str) -> bool:
    """Tell whether default settings are asked for of a rung that climbed with tuned ones, and were measured."""
    return arm == "default" and row.arm == "tuned" and row.default_gain is not None


def stamps(board: Board) -> list[str]:
    """List amendments after a look, a burned vault, a broken ledger, questions nobody has answered, and leaks."""
    return [*_leaking(board.placebo), *board.honesty.stamps, *_audit(board)]


def _leaking(facts: PlaceboFacts | None) -> list[str]:
    if facts is None or not facts.leaking:
        return []
    counts = {rung: sum((draw.chances.get(rung) or 0.0) >= FOUND for draw in facts.draws) for rung in facts.leaking}
    told = listed(f"{quoted(rung)} ({count} of {len(facts.draws)} placebo draws)" for rung, count in counts.items())
    some = "finds something" if len(counts) == 1 else "find something"
    return [f"LEAKING: {told} {some} in a target that nobody can know: do not trust this board"]


def luck_words(board: Board, luck: LuckFacts) -> str:
    """Say how many looks at these rows there were, and how good the best of them may look by chance."""
    looks = f"{luck.runs} runs" if luck.runs != 1 else "1 run"
    if luck.tries < 2:
        return f"{looks} on these rows so far, all of this one plan: the same plan gives the same answer again"
    found = f"{looks} on these rows so far, of {luck.tries} different plans or seeds"
    if luck.luck is None:
        return found
    much = f"{amounts.number(luck.luck)} {board.metric.name}"
    return f"{found}: the best of so many may look better by up to about {much} through luck alone"


def _audit(board: Board) -> list[str]:
    findings = board.audit.findings
    open_ones = [
        column for each in findings if each.level == "question" and each.answer is None for column in each.columns
    ]
    said = []
    rows = [each.check for each in findings if each.level == "question" and each.answer is None and not each.columns]
    if rows:
        said.append(f"UNREVIEWED: nobody has said yet whether the rows may be as they are: {', '.join(rows)}")
    if open_ones:
        names = ", ".join(dict.fromkeys(open_ones))
        said.append(f"UNREVIEWED: nobody has said yet whether these are known when a prediction is made: {names}")
    said += [f"LEAK: {each.sentence.rstrip('.')}" for each in findings if each.level == "leak" and each.answer is None]
    return said


ENOUGH = 3
"""Repeats from which on a test is final and has its whole level."""
_FIFTH = "at a fifth of its level, since one or two draws would else be an easier exam than five"
_PER_GROUP = "cluster-robust"
"""The standard error of one fold a group, where there is nothing to draw again."""

_WHY = {
    "inflated": "Inflated: times K/(K − 1) in variance, since the K folds share training rows.",
    "by instability": "By instability: up to about 1.5 times instead, the more redrawing the folds moved single rows.",
}
"""Mark in the name of a standard error -> what it means."""
_FOLDS_ALONE = "Nadeau-Bengio"


def level_words(board: Board) -> str:
    """Say how the ladder's level was shared out among its tests."""
    level = amounts.exact(board.alpha)
    if board.multiplicity == "strict":
        return (
            f"Level: {level} for the whole ladder, strict. Any path is covered: simultaneous max-T over all ordered "
            f"pairs, so that whichever rung had become the incumbent, the level would hold."
        )
    if board.multiplicity == "per_step":
        return f"Level: {level} at each step, and not for the whole ladder. {ladder_error_words(board)}"
    return (
        f"Level: {level} for the whole ladder, by the fallback rule: each rung owns an equal share, and inherits the "
        f"level of the rung before it where that one was promoted."
    )


def ladder_error_words(board: Board) -> str:
    """Say what testing each step on its own costs; empty under a policy that holds the ladder's level."""
    if board.multiplicity != "per_step":
        return ""
    chance = "is not known" if board.ladder_error is None else f"is at most {amounts.percent(board.ladder_error)}"
    return f"The chance of at least one unjustified promotion along this ladder {chance}."


def repeat_words(board: Board, pen: Pen) -> str:
    """Say how often the folds were drawn and for whom; empty before anything ran."""
    drawn = {row.repeats for row in board.rungs if row.repeats}
    if not drawn:
        return ""
    if once := _once(board):
        return f"Repeats: none, {once}."
    if max(drawn) < ENOUGH and any(row.status == "provisional" for row in board.rungs):
        return f"Repeats: with --quick pairs that come close are not drawn again; each rung is tested {_FIFTH}."
    if board.folds.repeats == "auto":
        return _escalated(board, pen)
    times = listed(map(str, sorted(drawn)))
    if min(drawn) >= ENOUGH:
        return f"Repeats: {times} draws of the folds for every rung; each is tested at its whole level."
    draws = "1 draw" if times == "1" else f"{times} draws"
    return f"Repeats: {draws} of the folds and no further ones; each rung is tested {_FIFTH}."


def _once(board: Board) -> str:
    """Say why folds of this kind cannot be drawn again, and at which level that leaves each rung."""
    if board.folds.kind == "forward":
        return "time cannot be dealt again; each rung is tested once, at its whole level"
    if any(row.method == _PER_GROUP for row in board.rungs):
        return "one fold a group leaves nothing to deal again; each rung is tested once, at its whole level"
    if board.folds.kind == "predefined":
        return f"folds given in the config exist once; each rung is tested {_FIFTH}"
    return ""


def _escalated(board: Board, pen: Pen) -> str:
    again = [row for row in board.rungs if (row.gain_repeats or 0) >= ENOUGH]
    told = f"Repeats: auto. Each rung is first tested on one draw of the folds, {_FIFTH}"
    if not again and any(row.status == "running" for row in board.rungs):
        return f"{told}; those that come close are drawn again."
    if not again:
        return f"{told}; none came close enough to be drawn again."
    pairs = listed(
        f"{pen.name(row.rung)} over {pen.name(row.incumbent or '')} ({row.gain_repeats} draws)" for row in again
    )
    return f"{told}; those that came close were drawn again and tested at their whole level: {pairs}."


def method_words(board: Board, pen: Pen) -> str:
    """Name the standard error behind each verdict; empty where the board does not say."""
    by_method: dict[str, list[BoardRow]] = {}
    for row in board.rungs:
        if row.method:
            by_method.setdefault(row.method, []).append(row)
    if not by_method:
        return ""
    parts = (f"{pen.text(what)} ({listed(pen.name(row.rung) for row in rows)})" for what, rows in by_method.items())
    told = [why for mark, why in _WHY.items() if any(mark in what for what in by_method)]
    if _FOLDS_ALONE in by_method:
        told.append("Nadeau-Bengio alone: these folds scatter more than their rows explain; a fit may have gone wrong.")
    return " ".join([f"Standard errors: {'; '.join(parts)}.", *told])


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
