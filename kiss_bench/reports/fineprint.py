"""What a sceptical reader asks next: which test, which interval, which rows, and how to build it again."""

from kiss_bench.records.board import Board
from kiss_bench.reports.escape import Pen, clean, listed
from kiss_bench.reports.phrases import level_words, margin_words, method_words, recommended_row, repeat_words

HASH_LETTERS = 12
_FOLDS = {
    "stratified": "stratified by the target",
    "shuffled": "shuffled",
    "group": "whole groups kept together",
    "forward": "forward in time: trained on the past, scored on what came after",
    "predefined": "given in the config",
}
_ERROR_BAR = {
    "group": "rows of one group count as one draw",
    "forward": "neighbouring rows in time are not taken for independent",
}
_MEANING = (
    "What the numbers mean: a score or gain is that of the whole learning procedure, tuning included, on training sets "
    "of this size; it is not the error of one final model. Intervals are two-sided 95 % and for display; the verdict "
    "is the one-sided test. Scores are on the first repeat, gains on the repeats that the test rests on."
)


def fine_print(board: Board, pen: Pen) -> list[str]:
    metric = board.metric
    better = "higher" if metric.greater_is_better else "lower"
    lines = [
        f"Metric: {pen.text(metric.name)}, {better} is better. Skill: the share of the dummy's loss a rung removes.",
        f"Margin: {margin_words(metric, pen)}: the smallest gain worth having. The plan hash covers it.",
        _labels(board, pen),
        _rows(board),
        _folds(board, pen),
        _test(board),
        level_words(board),
        repeat_words(board, pen),
        method_words(board, pen),
        _MEANING,
    ]
    lines = [line for line in lines if line]
    if clipped := [f"{pen.name(row.rung)} {row.clipped:,}" for row in board.rungs if row.clipped]:
        lines.append(f"Probabilities raised to the floor 1/(2 × training rows): {listed(clipped)}.")
    if board.recommended is not None and (why := pen.text(board.recommended.why).rstrip(".")):
        lines.append(f"Rule that decided: {why}.")
    return lines


def _labels(board: Board, pen: Pen) -> str:
    served = board.metric.threshold_for
    if served is None:
        return ""
    return (
        f"Labels: each fit calls a row positive from a threshold on that was learnt for {pen.name(served)} on its own "
        f"training rows; all metrics of labels are scored with it."
    )


def hashes(board: Board) -> str:
    named = {"plan": board.plan_hash, "data": board.data_hash, "folds": board.folds_hash, "digest": board.digest}
    return ", ".join(f"{name} {clean(value)[:HASH_LETTERS]}" for name, value in named.items() if clean(value))


def rebuild(board: Board) -> list[str]:
    """Write the Python lines that hand back the recommended pipeline, unfitted."""
    chosen = recommended_row(board)
    rung = chosen.rung if chosen is not None else board.rungs[0].rung if board.rungs else "dummy"
    folder = f"results/{clean(board.project)}"
    arm = ', arm="tuned"' if board.recommended is not None and board.recommended.arm == "tuned" else ""
    return ["import kiss_bench", f"kiss_bench.estimator({_literal(folder)}, {_literal(clean(rung))}{arm})"]


def _literal(text: str) -> str:
    # As Python escapes: a fence or a comment marker in a name must not end what the lines stand in.
    special = {sign: f"\\x{ord(sign):02x}" for sign in '<>`"\\'}
    return f'"{"".join(special.get(sign, sign) for sign in text)}"'


def _rows(board: Board) -> str:
    parts = [f"{board.rows_read:,} read", f"{board.rows:,} in the folds"]
    parts += [f"{board.rows_vault:,} sealed in the vault"] if board.rows_vault else []
    parts += [f"{board.rows_dropped:,} dropped"] if board.rows_dropped else []
    return f"Rows: {', '.join(parts)}; {board.features:,} columns to learn from."


def _folds(board: Board, pen: Pen) -> str:
    folds = board.folds
    kind = _FOLDS.get(folds.kind, pen.text(folds.kind))
    repeats = sorted({row.repeats for row in board.rungs if row.repeats})
    times = f", {' or '.join(map(str, repeats))} repeats" if repeats and repeats != [1] else ""
    inner = f"; tuning on {folds.inner} inner folds of the training part" if folds.inner else ""
    return f"Folds: {folds.count}, {kind}{times}; the same rows for every rung{inner}."


def _test(board: Board) -> str:
    bar = _ERROR_BAR.get(board.folds.kind, "the error bar allows for folds that share training rows")
    return (
        f"Test: is the gain larger than the margin, one-sided and paired row by row; {bar}. JUSTIFIED where "
        f"P(gain > margin) is at least 1 − alpha of that row, NOT JUSTIFIED where it is below 0.05, otherwise "
        f"INCONCLUSIVE and the simpler rung stays."
    )
