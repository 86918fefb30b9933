"""Whose figures they are: a rung climbs with its tuned settings, and its default ones may be what is recommended."""

from dataclasses import replace

from kiss_bench.records.board import Board, BoardRow

OF_DEFAULT = {
    name: f"default_{name}" for name in ("score", "skill", "gain", "gain_low", "gain_high", "p_gain", "verdict")
}
"""Field of a row -> the field that holds the same of its default settings."""


def figures_of(row: BoardRow, arm: str) -> BoardRow:
    """Give the row with the figures of this arm; costs and calibration stay those of the arm that climbed.

    What is never taken of default settings that did not climb is None. A row whose other arm has no figures of its own
    is given back as it is.
    """
    if not is_of_default(row, arm):
        return row
    return replace(
        row,
        arm="default",
        score=row.default_score,
        score_low=None,
        score_high=None,
        skill=row.default_skill,
        gain=row.default_gain,
        gain_low=row.default_gain_low,
        gain_high=row.default_gain_high,
        p_gain=row.default_p_gain,
        verdict=row.default_verdict,
        p_equal=None,
        p_harm=None,
        fold_wins=None,
        rows_needed=None,
        repeats_needed=None,
    )


def recommended_figures(board: Board, chosen: BoardRow) -> BoardRow:
    """Give the recommended rung's row with the figures of the arm that is recommended."""
    return figures_of(chosen, board.recommended.arm) if board.recommended is not None else chosen


def field_of(row: BoardRow, arm: str, name: str) -> str:
    """Name the field of the row that holds a figure of this arm."""
    return OF_DEFAULT.get(name, name) if is_of_default(row, arm) else name


def is_of_default(row: BoardRow, arm: str) -> bool:
    """Tell whether default settings are asked for of a rung that climbed with tuned ones, and were measured."""
    return arm == "default" and row.arm == "tuned" and row.default_gain is not None
