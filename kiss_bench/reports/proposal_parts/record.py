"""Parts 13 to 16: the ledger, limits and the fallback, how long it holds, and how to build it again."""

import shlex
from collections.abc import Mapping
from typing import Any

from kiss_bench.reports import amounts
from kiss_bench.reports.columns import state
from kiss_bench.reports.escape import clean, code, listed, markdown, shortened
from kiss_bench.reports.honesty import amendment_words, shift_words, vault_words
from kiss_bench.reports.leaks import is_open
from kiss_bench.reports.proposal_parts.simpler import given_up
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.proposal_parts.writing import blocks, fact, lines, question, table
from kiss_bench.reports.stamps import luck_words
from kiss_bench.reports.tuning import replay_sentences, setting

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
