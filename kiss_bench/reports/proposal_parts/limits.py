"""Parts 10 to 19: how far to trust it, holdout and ledger, limits, life cycle, signatures, which part serves what."""

import json
import shlex
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.reports import amounts
from kiss_bench.reports.checks import amendment_words, is_open, shift_words, stability_sentence, vault_words
from kiss_bench.reports.escape import MARKDOWN, clean, code, listed, markdown, shortened
from kiss_bench.reports.phrases import luck_words
from kiss_bench.reports.proposal_parts.decision import given_up
from kiss_bench.reports.proposal_parts.subject import Subject, blocks, fact, lines, question, table
from kiss_bench.reports.table import board_decimals, kept_slices, state
from kiss_bench.reports.tuning import replay_sentences, setting

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


_LINES = 12
_LABELS = 8


def holdout(subject: Subject) -> str:
    board, facts = subject.board, subject.board.honesty
    vault = facts.vault
    told = [fact("No vault: the config has no `vault` key, so no rows were put away.", "plan.json: vault")]
    if vault is not None:
        told = [fact(f"{markdown(vault_words(board, vault))}.", "leaderboard.json: honesty.vault")]
        told += (
            [fact(f"{markdown(shift_words(vault))}.", "leaderboard.json: honesty.vault.shift")] if vault.shift else []
        )
    luck = [fact(f"{markdown(luck_words(board, facts.luck))}.", "leaderboard.json: honesty.luck")] if facts.luck else []
    changed = [
        fact(f"Amended: {markdown(amendment_words(each))}.", f"leaderboard.json: honesty.amendments[{place}]")
        for place, each in enumerate(facts.amendments)
    ] or [fact("Amendments after a result was seen: none.", "leaderboard.json: honesty.amendments")]
    events = [line for line in subject.evidence.ledger if line.event not in {"begun", "seen", "sealed"}][-_LINES:]
    told_events = table(
        events,
        ("when (UTC)", lambda line: line.at[:16].replace("T", " ")),
        ("what", lambda line: line.event),
        ("plan", lambda line: line.plan_hash[:12]),
        words=["what", "plan"],
    )
    more = fact(
        f"Events of the ledger without looks and seals, the last {_LINES} at most.",
        "ledger.jsonl",
    )
    return blocks(lines(told, luck, changed), told_events, more)


def limits(subject: Subject) -> str:
    board = subject.board
    open_ones = [(place, each) for place, each in enumerate(board.audit.findings) if is_open(each)]
    troubled = [row for row in board.rungs if row.status == "failed"]
    return lines(
        _fallback(subject),
        [fact(markdown(text), f"leaderboard.json: cautions[{place}]") for place, text in enumerate(board.cautions)],
        [fact(markdown(text), f"leaderboard.json: notes[{place}]") for place, text in enumerate(board.notes)],
        [
            fact(f"Open question: {markdown(each.sentence)}", f"leaderboard.json: audit.findings[{place}]")
            for place, each in open_ones
        ],
        [
            fact(f"{code(row.rung)} {markdown(state(row))}, so nothing is known of it.", *subject.at(row, "reason"))
            for row in troubled
        ],
        question("Which limits are known that these rows cannot show?"),
        question("Which failed checks are accepted, by whom, and what makes up for them?"),
    )


def _fallback(subject: Subject) -> str:
    below = subject.below
    if below is None:
        return fact(f"Fallback: none is simpler than {subject.name}; what decides today stands behind it.")
    return fact(
        f"Fallback: {code(below.rung)}. To fall back on it costs {given_up(subject, below)}{subject.whose_gain}; "
        "the pipeline comes back, unfitted, from "
        f"`kiss_bench.estimator` with this folder and that rung.",
        *subject.at_figures("incumbent", "gain", "gain_low", "gain_high"),
    )


def life(subject: Subject) -> str:
    record, history = subject.evidence.tuning, subject.board.honesty.history
    told = {name: value for name, value in record.data.target.items() if name != "name"}
    spread = shortened("; ".join(f"{name} {_spread(value)}" for name, value in told.items()), 300)
    earlier = [
        fact(f"Earlier run of {markdown(run.at[:10])}: recommended {code(run.recommended or 'nothing')}, digest "
             f"{markdown(run.digest[:12])}.",
             f"leaderboard.json: honesty.history[{place}]")
        for place, run in enumerate(history)
    ]  # fmt: skip
    return lines(
        question("Valid until when?"),
        question("What makes you run it again before that (a shift, a new column, a new rule)?"),
        fact(f"To run it again on new rows: {_command(subject)}", "environment.json: command"),
        fact(f"Target at the time: {markdown(spread)}.", "tuning.json: data.target"),
        fact("Reference statistics of the columns: not recorded; the table itself is known by its "
             "hash.", "leaderboard.json: data_hash"),
        earlier or [fact("Earlier runs with another answer: none.", "leaderboard.json: honesty.history")],
        question("What changed since the proposal that was approved last?"),
    )  # fmt: skip


def _spread(value: Any) -> str:
    """Counts of labels, or quantiles, in a few words."""
    if not isinstance(value, Mapping):
        return setting(value)
    kept = list(value.items())[:_LABELS]
    more = f" and {len(value) - _LABELS} more" if len(value) > _LABELS else ""
    return ", ".join(f"{shortened(str(name), 40)} {setting(entry)}" for name, entry in kept) + more


def reproduce(subject: Subject) -> str:
    board, around = subject.board, subject.evidence.environment
    git = around.get("git") or {}
    commit = (
        f"{clean(str(git.get('commit', '')))[:12]}{' with uncommitted changes' if git.get('dirty') else ''}"
        if git
        else "not in a repository"
    )
    took = amounts.seconds(board.seconds) if board.seconds is not None else "not recorded"
    facts = [
        *(f"{name}: {clean(value)}" for name, value in _hashes(subject)),
        f"code: {commit}; our own sources {clean(str(around.get('sources', '')))[:12]}",
        f"environment: {_machine(around)}",
        f"command: {shlex.join(map(clean, map(str, around.get('command') or ())))}",
        f"took: {took}",
    ]
    replay = subject.evidence.tuning.replay
    told = (
        [markdown(sentence) for sentence in replay_sentences(replay)]
        if replay is not None
        else ["Replayed: not yet; `kiss-bench replay` does."]
    )
    block = "\n".join(line.replace("```", "'''").replace("<!--", "<! --") for line in facts)
    return blocks(
        f"```text\n{block}\n```",
        lines(
            fact("Hashes, versions and command as they were.", "leaderboard.json: digest", "plan.json: plan_hash",
                 "environment.json: packages", "environment.json: command"),
            [fact(told[0], *(["tuning.json: replay"] if replay is not None else []))],
            fact("Everything again, exactly as far as it is stored: `kiss-bench verify` with this folder. The "
                 "digest above is to be expected "
                 f"of the same versions at the same level of arithmetic{_level(around)}."),
        ),
    )  # fmt: skip


def _level(around: Mapping[str, Any]) -> str:
    told = (around.get("arithmetic") or {}).get("units", "")
    return f" ({clean(str(told))})" if told else ", which any x86-64 processor with AVX2 has"


def _machine(around: Mapping[str, Any]) -> str:
    python, *machine = (clean(str(around.get(name, ""))) for name in ("python", "system", "machine", "cpu"))
    return f"Python {python}, {_packages(around.get('packages') or {})}; {', '.join(filter(None, machine))}"


def _hashes(subject: Subject) -> list[tuple[str, str]]:
    board = subject.board
    return [
        ("digest expected", board.digest),
        ("plan", board.plan_hash),
        ("data", board.data_hash),
        ("folds", board.folds_hash),
    ]


def _packages(packages: Any) -> str:
    named = ("kiss-bench", "scikit-learn", "lightgbm", "optuna", "numpy", "pandas")
    return (
        listed(f"{name} {clean(str(packages[name]))}" for name in named if packages.get(name))
        if any(map(packages.get, named))
        else "unknown packages"
    )


def _command(subject: Subject) -> str:
    words = [clean(str(word)) for word in subject.evidence.environment.get("command") or ()]
    return f"{markdown(shlex.join(words))}." if words else "not recorded."


_SIGNED = ("name", "date", "signature")


def sign_off() -> str:
    """Empty, and never filled by a program."""
    signed = table(
        ["author", "independent reviewer (another person)"],
        ("", str),
        *((title, lambda _: "") for title in _SIGNED),
        words=_SIGNED,
    )
    return blocks(
        signed,
        "Questions of the reviewer, and the answers:",
        "Conditions:",
        "*Left empty by kiss-bench; a signature is a person's.*",
    )


def pull_request(text: str) -> str:
    """The comment as it was when the proposal was written, to be copied."""
    return blocks(
        "As it was when this was written; `kiss-bench check` with this file writes it anew, and its exit code "
        "says yes (0) or no (1).",
        f"````markdown\n{text.rstrip()}\n````",
    )


def mapping(titles: tuple[str, ...]) -> str:
    """Which part supports which theme of which text, from a dated file."""
    text = files("kiss_bench.reports.proposal_parts").joinpath("mapping.json").read_text(encoding="utf8")
    found: dict[str, Any] = json.loads(text)
    supports: dict[int, list[str]] = {}
    for name, source in found["sources"].items():
        for theme, parts in source["themes"].items():
            for part in parts:
                supports.setdefault(part, []).append(f"{name}: {theme}")
    read = "\n".join(
        f"- {markdown(name)}: {markdown(source['what'])}. Read: {markdown(source['read'])}."
        for name, source in found["sources"].items()
    )
    return blocks(
        f"As of {found['date']}. A part *supports* a theme: it produces evidence useful for it. Whether that is "
        "enough is for people to say.",
        table(
            sorted(supports),
            ("part", lambda part: f"{part}. {titles[part - 1]}"),
            ("supports", lambda part: "; ".join(supports[part])),
            words=["supports"],
        ),
        read,
    )
