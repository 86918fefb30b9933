"""The model proposal: nineteen parts, from the record where it has the answer, and asked of a person where not."""

from collections.abc import Callable, Mapping

from kiss_bench.reports.escape import code, markdown, path
from kiss_bench.reports.proposal_parts.decision import evidence, price, simpler, stake, verdict
from kiss_bench.reports.proposal_parts.fairness import credit, fair_play, leakage, tuning
from kiss_bench.reports.proposal_parts.limits import (
    holdout,
    life,
    limits,
    mapping,
    pull_request,
    reproduce,
    sensitivity,
    sign_off,
    slices,
    uncertainty,
)
from kiss_bench.reports.proposal_parts.subject import TO_ANSWER, Subject, blocks

FROM_RECORD: Mapping[str, Callable[[Subject], str]] = {
    "Verdict": verdict,
    "Decision at stake": stake,
    "Simplest-first evidence": evidence,
    "Why not simpler": simpler,
    "Price of complexity": price,
    "Fair play": fair_play,
    "Whose the gain is": credit,
    "Leaks": leakage,
    "Tuning": tuning,
    "Uncertainty and calibration": uncertainty,
    "Outcomes by slice and time": slices,
    "Sensitivity": sensitivity,
    "Holdout and ledger": holdout,
    "Limits, assumptions, fallback": limits,
    "Life cycle": life,
    "To build it again": reproduce,
}
TITLES = (*FROM_RECORD, "Sign-off", "For a pull request", "What supports what")
"""Parts 1 to 19, in order."""


def proposal_markdown(subject: Subject, comment: str) -> str:
    """Write the whole proposal; `comment` is what `check` says of it."""
    bodies = [part(subject) for part in FROM_RECORD.values()]
    bodies += [sign_off(), pull_request(comment), mapping(TITLES)]
    titled = zip(TITLES, bodies, strict=True)
    parts = [f"## {number}. {title}\n\n{body}" for number, (title, body) in enumerate(titled, start=1)]
    missing = sum(part.count(TO_ANSWER) for part in parts)
    told = (
        f"**{missing} answers are a person's to give**, each in italics below until it is; `kiss-bench check` counts "
        f"what is left. "
        f"All else is from the record in {path(subject.folder)}, and behind each line stands where. The whole board is "
        "at the end, between two markers."
    )
    title = f"# Proposal: {markdown(subject.row.rung)} for {code(subject.board.project)}"
    return blocks(title, told, *parts, "## The board", subject.block) + "\n"
