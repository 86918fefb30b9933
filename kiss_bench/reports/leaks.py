"""What the leak audit found: in the opening of a run, in the plan, and as a sheet in the leaderboard."""

from kiss_bench.records.board import Board
from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import PLAIN, clean, inline, markdown
from kiss_bench.reports.tables import markdown_table
from kiss_bench.tasks.audit.findings import Audit, Finding

NAMES = {
    "target_copies": "columns that are the target, or nearly",
    "missingness": "gaps that tell the target",
    "levels": "levels that tell the target",
    "single_columns": "columns that tell nearly all alone",
    "duplicates": "rows that are twins across folds",
    "groups": "groups that nobody declared",
    "times": "times that nobody declared",
    "ids": "ids among the features",
    "row_order": "the order of rows",
    "prepare probes": "what data.prepare does",
}
_LIMITS = (
    "An audit sees what rows and folds give away. It cannot know how the rows were collected: when a value was first "
    "known, or whether these rows stand for those the model will meet, are for a person to say."
)


def audit_lines(audit: Audit) -> list[str]:
    """Say how many checks were made and what they found, a line a finding, worst first."""
    lines = [f"leak audit: {len(audit.checks)} checks, {_count(audit)}"]
    return lines + [f"  {_word(finding)}: {PLAIN.text(finding.sentence)}" for finding in audit.findings]


def asked_lines(audit: Audit) -> list[str]:
    """Say only what a person has to look at: leaks, and questions that nobody has answered."""
    return [f"{_word(finding)}: {PLAIN.text(finding.sentence)}" for finding in audit.findings if is_open(finding)]


def is_open(finding: Finding) -> bool:
    """Tell whether it waits for a person."""
    return finding.level != "note" and finding.answer is None


def leak_sheet(board: Board) -> str:
    """Every check, what it found, and who answered, in Markdown; empty where no audit was made."""
    audit = board.audit
    if not audit.checks:
        return ""
    cells: list[tuple[str, Finding | None]] = []
    for check in audit.checks:
        found = [(check, finding) for finding in audit.findings if finding.check == check]
        cells += found or [(check, None)]
    table = markdown_table(
        [
            Column(title="looked for", cells=tuple(inline(NAMES.get(check, check)) for check, _ in cells), right=False),
            Column(title="found", cells=tuple(_level(finding) for _, finding in cells), right=False),
            Column(title="what", cells=tuple(_told(finding) for _, finding in cells), right=False),
        ]
    )
    skipped = [
        f"- Not asked: {markdown(NAMES.get(name, name))}. {markdown(why)}" for name, why in audit.skipped.items()
    ]
    return "\n\n".join(part for part in (table, "\n".join(skipped), _LIMITS) if part)


def _level(finding: Finding | None) -> str:
    if finding is None:
        return "nothing"
    if finding.answer is not None:
        return "answered"
    return {"question": "**UNREVIEWED**", "leak": "**LEAK**"}.get(finding.level, "note")


def _told(finding: Finding | None) -> str:
    if finding is None:
        return ""
    text = inline(finding.sentence)
    if finding.answer is None:
        return text
    said = "yes, it may be used" if finding.answer.answer else "no"
    return f"{text} Answered by {inline(finding.answer.by)}: {said}, since {inline(finding.answer.reason)}"


def _word(finding: Finding) -> str:
    if finding.answer is not None:
        return f"answered by {clean(finding.answer.by)}"
    return {"question": "UNREVIEWED", "leak": "LEAK"}.get(finding.level, "note")


def _count(audit: Audit) -> str:
    if not audit.findings:
        return "nothing found"
    open_ones = sum(is_open(finding) for finding in audit.findings)
    found = "1 finding" if len(audit.findings) == 1 else f"{len(audit.findings)} findings"
    return f"{found}, {open_ones} to be answered" if open_ones else found
