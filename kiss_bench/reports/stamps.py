"""What no report may be without, whatever else it says: one sentence each, the same in every format."""

from kiss_bench.records.board import FOUND, Board, LuckFacts, PlaceboFacts
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import listed, quoted


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
