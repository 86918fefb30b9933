"""Parts 4 and 5: why not simpler, in numbers, and the price of what is more complex."""

from kiss_bench.records.board import BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.escape import MARKDOWN, code
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.proposal_parts.writing import blocks, fact, lines, question, table
from kiss_bench.reports.words import (
    margin_short,
    skill_words,
)


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
