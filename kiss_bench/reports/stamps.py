"""What no report may be without, whatever else it says: one sentence each, the same in every format."""

from kiss_bench.records.board import Board


def stamps(board: Board) -> list[str]:
    """List amendments after a look, a burned vault, a broken ledger, questions nobody has answered, and leaks."""
    return [*board.honesty.stamps, *_audit(board)]


def _audit(board: Board) -> list[str]:
    findings = board.audit.findings
    open_ones = [
        column for each in findings if each.level == "question" and each.answer is None for column in each.columns
    ]
    said = []
    if open_ones:
        names = ", ".join(dict.fromkeys(open_ones))
        said.append(f"UNREVIEWED: nobody has said yet whether these are known when a prediction is made: {names}")
    said += [f"LEAK: {each.sentence}" for each in findings if each.level == "leak" and each.answer is None]
    return said
