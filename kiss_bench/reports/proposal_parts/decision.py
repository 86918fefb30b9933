"""Parts 1 to 5: the verdict, the decision at stake, the evidence, why not simpler, and the price of complexity."""

import re

from kiss_bench.records.board import BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import MARKDOWN, code, inline, markdown, shortened
from kiss_bench.reports.phrases import (
    banners,
    gain_words,
    is_judged,
    margin_short,
    margin_words,
    skill_words,
    verdict_parts,
)
from kiss_bench.reports.proposal_parts.subject import Subject, blocks, fact, lines, question, table
from kiss_bench.reports.table import Column, board_columns, board_decimals, markdown_table, rung_column, state

_PLAIN = re.compile(r"[\w.+-]+")
_OVERRIDE = (
    "a person adds an HTML comment of its own to the file, outside the board: "
    '`kiss-bench:override rung={rung} by="a name" reason="a sentence"`, and then `kiss-bench attach` again'
)


def verdict(subject: Subject) -> str:
    board, row = subject.board, subject.row
    tests = [each for each in board.rungs if is_judged(each)]
    metric = MARKDOWN.text(board.metric.name)
    return blocks(
        *(f"> **{line}.**" for line in banners(board, MARKDOWN)),
        f"**{markdown(state(row))}**: {subject.name} with {subject.proposed.arm} settings is "
        f"proposed{_against(subject)}.",
        _unjustified(subject),
        f"The board says: {' — '.join(verdict_parts(board, MARKDOWN))}.",
        lines(
            _whose(subject),
            _gain(subject),
            fact(f"Margin, the smallest gain worth having: {margin_words(board.metric, MARKDOWN)}.",
                 "leaderboard.json: metric.margin", "leaderboard.json: metric.margin_unit"),
            fact(f"Primary metric: {metric}, {'higher' if board.metric.greater_is_better else 'lower'} is better. "
                 f"{board.rows:,} rows, {board.folds.count} folds, {_draws(row)}.",
                 "leaderboard.json: metric.name", "leaderboard.json: rows", "leaderboard.json: folds.count"),
            fact(f"Test: one-sided, paired row by row; {markdown(row.method or 'none for a baseline')}; "
                 f"{len(tests)} rungs tested, level {amounts.exact(board.alpha)} for "
                 f"{'each step' if board.multiplicity == 'per_step' else 'the whole ladder'} ({board.multiplicity}).",
                 *subject.at(row, "method"), "leaderboard.json: alpha", "leaderboard.json: multiplicity"),
            _default(subject),
        ),
    )  # fmt: skip


def _against(subject: Subject) -> str:
    below = subject.below
    return f"; it must beat {code(below.rung)}" if below is not None else ", the baseline"


def _unjustified(subject: Subject) -> str:
    if not subject.stand.above:
        return ""
    rung = subject.row.rung if _PLAIN.fullmatch(subject.row.rung) else "…"
    needed = _OVERRIDE.format(rung=rung)
    told = ". ".join(filter(None, (subject.stand.above, subject.stand.why)))
    return f"> **Not justified:** {told}. To propose it all the same, {needed}."


def _whose(subject: Subject) -> str:
    """Say of which arm the figures are where it is not the proposed one, and what is known of that."""
    row, below = subject.row, subject.below
    if not subject.whose or row.default_score is None or below is None:
        return ""
    if not subject.whose_gain:
        sure = amounts.equation("P(gain > margin)", row.p_gain)
        return fact(
            f"Scores and gain are of default settings; costs and calibration of {row.arm} ones, which climbed with "
            f"{gain_words(subject.board, row, MARKDOWN)} over {code(below.rung)} ({sure}).",
            *subject.at(row, "arm", "gain", "gain_low", "gain_high", "p_gain"),
        )
    score = amounts.number(row.default_score, board_decimals(subject.board))
    return fact(
        f"Figures are of its {row.arm} settings, which climbed; default settings score {score} and are "
        f"{markdown(row.default_verdict or 'not judged')} over {code(below.rung)} themselves.",
        *subject.at(row, "arm", "default_score", "default_verdict"),
    )


def _gain(subject: Subject) -> str:
    row, below = subject.figures, subject.below
    if row.gain is None or below is None:
        return fact(
            f"{subject.name} is what every gain is measured from: no gain of its own.",
            *subject.at(subject.row, "verdict"),
        )
    sure = amounts.equation("P(gain > margin)", row.p_gain)
    text = f"{gain_words(subject.board, row, MARKDOWN)} over {code(below.rung)}, where the margin is "
    text += f"{margin_short(subject.board.metric, row, MARKDOWN)}; {sure} at a level of {amounts.level(row.alpha)}"
    found = ("gain", "gain_low", "gain_high", "margin", "p_gain", "alpha")
    return fact(f"{text[0].upper()}{text[1:]}.", *subject.at_figures(*found))


def _draws(row: BoardRow) -> str:
    times = row.gain_repeats or row.repeats
    return "drawn once" if times == 1 else f"drawn {times} times"


def _default(subject: Subject) -> str:
    row = subject.row
    if row.default_score is None:
        return fact("Default against tuned: it has one arm only.", *subject.at(row, "arm"))
    decimals = board_decimals(subject.board)
    plain, tuned = amounts.number(row.default_score, decimals), amounts.number(row.score, decimals)
    return fact(
        f"Default against tuned: {plain} against {tuned}, a gain of "
        f"{amounts.number(row.tuning_gain, decimals, sign=True)}; "
        f"tuning is {markdown(row.tuning_verdict or 'not judged')}.",
        *subject.at(row, "default_score", "score", "tuning_gain", "tuning_verdict"),
    )


def stake(subject: Subject) -> str:
    board, plan = subject.board, subject.evidence.plan
    people = str(plan.get("population") or "").strip()
    asked = markdown(board.question) if board.question else ""
    positive = f" (positive: {code(board.positive)})" if board.positive is not None else ""
    return lines(
        fact(f"Question: {asked}", "leaderboard.json: question") if asked else question("What is the question?"),
        fact(f"Target: {code(board.target)}{positive}, {markdown(board.task)}.",
             "leaderboard.json: target", "leaderboard.json: task"),
        fact(f"Population: {markdown(people)}", "plan.json: population") if people
        else question("Which population and period do these rows stand for?"),
        question("Intended use and users?"),
        question("What is it not meant for?"),
        question("What action follows a prediction, and what does each kind of mistake cost?"),
        question("How much depends on it (materiality, tier)?"),
    )  # fmt: skip


def evidence(subject: Subject) -> str:
    board = subject.board
    out = [row for row in board.rungs if row.status in {"skipped", "failed"}]
    chosen = subject.chosen
    columns = board_columns(board)
    ladder = [
        Column(title=inline(columns[key].title), cells=tuple(map(inline, columns[key].cells)), right=columns[key].right)
        for key in ("score", "gain_interval", "over", "verdict")
    ]
    told = "No rung is justified."
    if chosen is not None:
        told = f"{code(chosen.rung)} is the last rung whose gain was worth it."
    return blocks(
        markdown_table([rung_column(board, board.rungs), *ladder]),
        lines(
            fact(told, "leaderboard.json: recommended.rung"),
            [
                fact(
                    f"{code(row.rung)} is {markdown(state(row))}: {_reason(row)}", *subject.at(row, "status", "reason")
                )
                for row in out
            ],
            question("What decides today, without this model (a rule, a person, an older model)? Is it on the ladder?"),
            question("Which other approaches were considered and dropped, and why?"),
        ),
    )


def _reason(row: BoardRow) -> str:
    return markdown(shortened(row.reason, 200)) or "no reason given"


def simpler(subject: Subject) -> str:
    below = subject.below
    if below is None:
        return lines(fact(f"Nothing on this ladder is simpler than {subject.name}.", *subject.at(subject.row, "level")))
    return lines(
        fact(
            _sentence(subject, below),
            *subject.at_figures("score", "skill", "gain"),
            *subject.at(below, "score", "skill"),
        ),
        _calibration(subject, below),
        question(f"What is the difference worth in money or in harm, if {code(below.rung)} is taken instead?"),
    )


def given_up(subject: Subject, below: BoardRow) -> str:
    """Say what the simpler rung costs: in the metric with its interval, and in skill."""
    row, decimals = subject.figures, board_decimals(subject.board)
    name = MARKDOWN.text(subject.board.metric.name)
    ends = amounts.interval(row.gain_low, row.gain_high, decimals, sign=True)
    skill = (
        f", {amounts.percent(row.skill - below.skill)} of the dummy's error"
        if row.skill and below.skill is not None
        else ""
    )
    return f"{amounts.number(row.gain, decimals, sign=True)} {name} {ends}{skill}"


def _sentence(subject: Subject, below: BoardRow) -> str:
    row, decimals = subject.figures, board_decimals(subject.board)
    scores = [f"{code(each.rung)} scores {amounts.number(each.score, decimals)}" for each in (below, row)]
    scores[1] += subject.whose_gain
    does = skill_words(row)
    sure = amounts.equation("P(gain > margin)", row.p_gain)
    return (
        f"{scores[0]}, {scores[1]}{f' and {does}' if does else ''}: to take {code(below.rung)} gives up "
        f"{given_up(subject, below)}, where {margin_short(subject.board.metric, row, MARKDOWN)} would be worth "
        f"having ({sure})."
    )


def _calibration(subject: Subject, below: BoardRow) -> str:
    key = "reliability" if subject.row.reliability else "prediction_intervals"
    mine, theirs = getattr(subject.row, key), getattr(below, key)
    if not mine or not theirs:
        return fact("Calibration: not recorded for both rungs.")
    field = "ece" if key == "reliability" else "interval_score"
    what = "expected calibration error" if field == "ece" else "interval score of 90 % intervals"
    if mine.get(field) is None or theirs.get(field) is None:
        return fact("Calibration: not recorded for both rungs.")
    return fact(
        f"Calibration: {what} {amounts.error(mine[field])}{subject.whose}, of "
        f"{code(below.rung)} {amounts.error(theirs[field])}.",
        *subject.at(subject.row, f"{key}.{field}"), *subject.at(below, f"{key}.{field}"),
    )  # fmt: skip


def price(subject: Subject) -> str:
    rows = [row for row in (subject.row, subject.below) if row is not None]
    counts = {each.rung: len(each.space) for each in subject.evidence.tuning.rungs}
    compared = table(
        rows,
        ("", lambda row: f"{row.rung}{subject.whose if row is subject.row else ''}"),
        ("fit time", lambda row: amounts.seconds(row.fit_seconds)),
        ("predict µs/row", lambda row: amounts.microseconds(row.predict_us_per_row)),
        ("size", lambda row: amounts.size(row.model_bytes)),
        ("tuning time", lambda row: amounts.seconds(row.tuning_seconds)),
        ("tuned parameters", lambda row: str(counts.get(row.rung, 0))),
        ("to explain it takes", lambda row: subject.explain.get(row.rung, "up to its author")),
        words=["to explain it takes"],
    )
    installed = subject.evidence.environment.get("installed", ())
    fields = ("fit_seconds", "predict_us_per_row", "model_bytes", "tuning_seconds")
    return blocks(
        compared,
        lines(
            fact("One outer fit on these folds, and one row predicted in bulk, on the machine of the run.",
                 *subject.at(subject.row, *fields)),
            fact(f"{len(installed)} packages were installed where it ran; what one rung alone needs is not recorded.",
                 "environment.json: installed"),
            question("Who owns it, who watches it, and what is watched?"),
            question("What must be there to serve it that is not there today?"),
        ),
    )  # fmt: skip
