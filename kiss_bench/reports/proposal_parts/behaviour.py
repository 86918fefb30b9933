"""Parts 10 to 12: how far to trust it, where it is good and where not, and what would change the answer."""

from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.reports import amounts
from kiss_bench.reports.checks import stability_sentence
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.escape import MARKDOWN, code, markdown, shortened
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.proposal_parts.writing import blocks, fact, lines, question, table
from kiss_bench.reports.slices import kept_slices

_SLICES, _ROWS = 8, 5
_NO_DIAGNOSTICS = "not recorded: these results have none, a new run makes them"


def uncertainty(subject: Subject) -> str:
    row, decimals = subject.row, board_decimals(subject.board)
    ends = amounts.interval(row.score_low, row.score_high, decimals).strip("()") or "not recorded"
    score = f"{amounts.number(row.score, decimals)} {MARKDOWN.text(subject.board.metric.name)}"
    return lines(
        fact(
            f"Score {score} (95 % interval {ends}), of the {row.arm or subject.proposed.arm} settings.",
            *subject.at(row, "score", "score_low", "score_high"),
        ),
        _reliability(subject),
        _intervals(subject),
        fact("Abstaining on the least sure rows: not recorded."),
        question("Where should nobody trust it, and what happens there instead?"),
    )


def _reliability(subject: Subject) -> str:
    found = subject.row.reliability
    if not found:
        return ""
    ece, chance, brier = (amounts.number(found.get(key)) for key in ("ece", "ece_by_chance", "brier"))
    return fact(
        f"Probabilities{subject.whose}: what was said and what came true differ by {ece} on average "
        "(expected calibration error), where honest ones "
        f"would show {chance} in so many rows; Brier score {brier}. The bins with their counts are in the board.",
        *subject.at(subject.row, "reliability.ece", "reliability.ece_by_chance", "reliability.brier"),
    )


def _intervals(subject: Subject) -> str:
    found = subject.row.prediction_intervals
    if not found:
        return ""
    if found.get("coverage") is None:
        return fact(
            f"Prediction intervals{subject.whose}: none; {markdown(str(found.get('note', '')))}.",
            *subject.at(subject.row, "prediction_intervals"),
        )
    return fact(
        f"Prediction intervals of {amounts.percent(found['level'])}{subject.whose}: "
        f"{amounts.percent(found['coverage'])} of targets lie inside, mean width "
        f"{amounts.number(found['mean_width'])}; {markdown(str(found.get('note', '')))}.",
        *subject.at(subject.row, "prediction_intervals.coverage", "prediction_intervals.mean_width"),
    )


def slices(subject: Subject) -> str:
    found = subject.evidence.diagnostics
    if found is None:
        body = fact(f"Slices, time and disagreements: {_NO_DIAGNOSTICS}.")
    elif found.rung is None:
        body = fact("Slices, time and disagreements: not recorded, since no rung was recommended.")
    else:
        about = f"What follows is about {code(found.rung)}, which is recommended."
        other = "" if found.rung == subject.row.rung else fact(about, "diagnostics.json: rung")
        body = blocks(other, _slices(found), _disagreements(found))
    return blocks(body, question("Which of these parts matter most, and is what they get good enough?"))


def _slices(found: Diagnostics) -> str:
    if not found.slices:
        return fact("Slices: not recorded.", "diagnostics.json: slices")
    kept = kept_slices(found.slices, _SLICES)
    groups = sum(one.kind == "group" for one in found.slices)
    crowd = f" Of {groups:,} single groups in the record at most {_SLICES // 3} are here." if groups else ""
    decimals = amounts.shared_decimals([one.score for one in kept])
    looked = found.slices_looked_at or len(found.slices)
    return blocks(
        table(
            kept,
            ("rows where", lambda one: f"{shortened(one.column, 60)}: {shortened(one.label, 60)}"),
            ("rows", lambda one: f"{one.rows:,}{' (few)' if one.small else ''}"),
            (
                f"{found.metric} (95 % interval)",
                lambda one: f"{amounts.number(one.score, decimals)} {amounts.interval(one.low, one.high, decimals)}",
            ),
            ("the simpler rung", lambda one: amounts.number(one.simpler_score, decimals)),
        ),
        fact(
            f"{len(kept)} of the worst of {looked} slices; of so many some look bad by chance.{crowd} All rows: "
            f"{amounts.number(found.overall, decimals)}.",
            *("diagnostics.json: slices", "diagnostics.json: slices_looked_at", "diagnostics.json: overall"),
        ),
    )


def _disagreements(found: Diagnostics) -> str:
    facts = found.disagreements
    if facts is None:
        return fact("Disagreements with the simpler rung: not recorded.", "diagnostics.json: disagreements")
    simpler = code(found.simpler or "")
    told = fact(
        f"Different from {simpler} ({markdown(facts.what)}) on {facts.differing:,} of {facts.rows:,} rows; "
        "there it is right or nearer on "
        f"{facts.right:,}, {simpler} on {facts.simpler_right:,}.",
        "diagnostics.json: disagreements",
    )
    what = "the probability given to what came true" if found.residuals is None else "what they predict"
    worst = [
        f"row {one.row_id} (really {markdown(shortened(one.actual, 60))}): {amounts.number(one.says)} against "
        f"{amounts.number(one.simpler_says)}"
        for one in facts.most[:_ROWS]
    ]
    return lines(
        told,
        [fact(f"Furthest apart, by {what}: {'; '.join(worst)}.", "diagnostics.json: disagreements.most")]
        if worst
        else [],
    )


def sensitivity(subject: Subject) -> str:
    board, row = subject.board, subject.row
    facts = board.stability
    told = fact("Margins, metrics and seeds: not recorded.")
    if facts is not None:
        places = [f"leaderboard.json: stability.{name}" for name in ("margins", "metrics")]
        told = fact(f"{markdown(stability_sentence(facts, MARKDOWN))}.", *places)
    wins = fact("Folds in which it beat the rung below: not recorded.")
    if row.fold_wins is not None:
        wins = fact(
            f"It{subject.whose} beat the rung below in {amounts.percent(row.fold_wins)} of the folds.",
            *subject.at(row, "fold_wins"),
        )
    rung = subject.tuning
    halves = [study.best_at_half for study in rung.studies if study.best_at_half is not None] if rung else []
    half = fact(f"Half of the budget had found the same best trial in {sum(halves)} of {len(halves)} studies of "
                f"{subject.name}.",
                *subject.in_tuning("studies")) if halves else ""  # fmt: skip
    seeds = ""
    if facts is not None and not facts.seeds:
        seeds = fact(
            "Other fold seeds: not tried; `kiss-bench run --seeds 5` does.", "leaderboard.json: stability.seeds"
        )
    return blocks(
        lines(
            told, seeds, wins, half, [fact(f"Noted: {markdown(flag)}", *subject.at(row, "flags")) for flag in row.flags]
        ),
        "Leaving out one fold, or the largest group: not recorded.",
    )
