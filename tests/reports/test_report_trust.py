"""How far to trust a rung: what is shown of its probabilities and of its prediction intervals."""

import json
from dataclasses import replace

import pytest
from boards import BOARDS, FORWARD, INTERVALS, NOISE, SEVERAL, STAYS

from kiss_bench.records.board import Board
from kiss_bench.records.json import record_json, record_of
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.trust import trust_section

NEW_ROW = (
    "gain_repeats",
    "fold_wins",
    "p_default_enough",
    "repeats_needed",
    "method",
    "reliability",
    "prediction_intervals",
)


def without_new_fields(board):
    """The board as it was written before these fields were there."""
    plain = json.loads(record_json(board))
    rungs = [{key: value for key, value in row.items() if key not in NEW_ROW} for row in plain["rungs"]]
    folds = {key: value for key, value in plain["folds"].items() if key != "repeats"}
    kept = {key: value for key, value in plain.items() if key not in {"multiplicity", "ladder_error"}}
    return record_of(Board, {**kept, "rungs": rungs, "folds": folds})


def test_the_table_is_of_the_recommended_rung_and_the_figures_of_all():
    title, body = trust_section(STAYS)
    assert title == "How far to trust its probabilities"
    table, figures = body.split("| rung")
    assert "The rows of `linear` (tuned settings), sorted by the probability it gave to `bad`" in table
    assert "26.1 % |      24.6 % | 20.3 % to 29.5 % |    333" in table
    assert all(name in figures for name in ("dummy", "stump", "**linear** (recommended)", "boosting"))
    assert "tree" not in figures  # the sample has none for it
    assert "`dummy` (default settings)" in trust_section(NOISE)[1]


def test_printed_parts_add_up_to_the_printed_brier_score():
    for line in trust_section(STAYS)[1].split("| rung")[1].splitlines()[2:6]:
        brier, reliability, resolution, uncertainty, within = map(float, line.strip("|").split("|")[3:])
        assert brier == pytest.approx(reliability - resolution + uncertainty + within, abs=2.1e-4)


def test_several_classes_are_said_to_be_shown_by_the_most_probable_one():
    body = trust_section(SEVERAL)[1]
    assert "the probability it gave to its most probable class" in body
    assert "the Brier score and its parts are sums over all" in body
    assert "rows of one group hang together, so they are too short" in body


def test_intervals_have_a_sentence_a_table_and_an_explanation():
    title, body = trust_section(INTERVALS)
    assert title == "How far to trust its predictions"
    assert "`linear` (tuned settings) is off by no more than about 821 in 90.0 % of the rows (99.9 %" in body
    assert "99.9 % / 98.2 % / 71.9 %" in body
    assert "made from the residuals of other folds, nothing refitted. Coverage is near 90 %" in body


def test_without_intervals_the_reason_is_all_there_is():
    assert trust_section(FORWARD)[1] == (
        "No 90 % prediction intervals: earlier folds hold fewer than 20 residuals to make them from."
    )


def test_before_a_rung_is_recommended_only_the_figures_are_shown():
    body = trust_section(replace(STAYS, recommended=None))[1]
    assert body.startswith("| rung")


def test_none_of_it_is_said_to_decide_anything():
    for board in (STAYS, INTERVALS):
        assert trust_section(board)[1].endswith("no verdict rests on them.")
    assert "It decides nothing" in leaderboard_markdown(STAYS)


@pytest.mark.parametrize("name", [name for name in BOARDS if name != "exploded"])
def test_a_board_written_before_these_fields_still_reads(name):
    board = without_new_fields(BOARDS[name])
    text = leaderboard_markdown(board)
    assert (board.multiplicity, board.folds.repeats) == ("fallback", 1)
    assert [word for word in ("How far to trust", "settings are enough   |", "Standard errors") if word in text] == []
