"""What the fine print says was done about chance: levels, repeats, standard errors."""

from dataclasses import replace

import pytest
from boards import BOOSTING, DUMMY, FORWARD, INTERVALS, LINEAR, PROVISIONAL, REDRAWN, RUNNING, SEVERAL, STAYS

from kiss_bench.records.board import BoardRow, FoldFacts
from kiss_bench.reports.escape import PLAIN
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.notebook import leaderboard_html_fragment
from kiss_bench.reports.phrases import banners, level_words, method_words, needed_words, repeat_words, what_would_change


def folds(kind="stratified", repeats=1):
    return FoldFacts(kind=kind, count=5, inner=3, repeats=repeats)


def drawn(times, kind="stratified", repeats=1, method=None):
    rows = tuple(
        replace(row, repeats=times, gain_repeats=row.incumbent and times, method=row.method and (method or row.method))
        for row in STAYS.rungs
    )
    return replace(STAYS, folds=folds(kind, repeats), rungs=rows)


@pytest.mark.parametrize(
    ("board", "told"),
    [
        pytest.param(
            STAYS,
            "those that came close were drawn again and tested at their whole level: boosting over linear (5 draws).",
            id="auto, one pair contested",
        ),
        pytest.param(
            drawn(1, repeats="auto"), "none came close enough to be drawn again.", id="auto, nothing contested"
        ),
        pytest.param(RUNNING, "those that come close are drawn again.", id="auto, still running"),
        pytest.param(PROVISIONAL, "with --quick pairs that come close are not drawn again", id="quick"),
        pytest.param(
            drawn(5, repeats=5), "5 draws of the folds for every rung; each is tested at its whole level", id="5"
        ),
        pytest.param(drawn(1), "1 draw of the folds and no further ones; each rung is tested at a fifth", id="1"),
        pytest.param(SEVERAL, "2 draws of the folds and no further ones; each rung is tested at a fifth", id="2"),
        pytest.param(FORWARD, "none, time cannot be dealt again; each rung is tested once, at its whole", id="forward"),
        pytest.param(drawn(1, "predefined", "auto"), "exist once; each rung is tested at a fifth", id="predefined"),
        pytest.param(
            drawn(1, "group", "auto", "cluster-robust"),
            "one fold a group leaves nothing to deal again",
            id="a group a fold",
        ),
    ],
)
def test_repeats_are_told_as_they_were(board, told):
    assert told in repeat_words(board, PLAIN)
    assert repeat_words(board, PLAIN) in leaderboard_markdown(board).replace("`", "")


def test_a_pair_counts_as_drawn_again_only_where_its_verdict_rests_on_it():
    rungs = (DUMMY, LINEAR, replace(BOOSTING, gain_repeats=1))
    assert LINEAR.repeats == BOOSTING.repeats == 5
    assert "none came close enough" in repeat_words(replace(STAYS, rungs=rungs), PLAIN)


def test_nothing_is_said_of_repeats_before_anything_ran():
    assert repeat_words(replace(STAYS, rungs=(BoardRow(rung="dummy", level=0),)), PLAIN) == ""


@pytest.mark.parametrize(
    ("policy", "error", "told"),
    [
        ("fallback", None, "inherits the level of the rung before it where that one was promoted"),
        ("strict", None, "Any path is covered: simultaneous max-T over all ordered pairs"),
        ("per_step", 0.1147, "at least one unjustified promotion along this ladder is at most 11.5 %"),
        ("per_step", None, "at least one unjustified promotion along this ladder is not known"),
    ],
)
def test_the_policy_is_told_in_words(policy, error, told):
    board = replace(STAYS, multiplicity=policy, ladder_error=error)
    assert told in level_words(board)
    assert told in leaderboard_markdown(board)
    assert [line for line in banners(board) if "each step alone" in line] == [
        line for line in banners(board) if policy == "per_step"
    ]


def test_the_error_of_a_ladder_tested_step_by_step_stands_above_the_table():
    assert "11.5 %" in leaderboard_markdown(INTERVALS).split("| rung")[0]


def test_a_threshold_is_told_with_the_metric_it_serves():
    served = replace(STAYS, metric=replace(STAYS.metric, threshold_for="f1"))
    assert "threshold on that was learnt for `f1` on its own training rows" in leaderboard_markdown(served)
    assert "threshold" not in leaderboard_markdown(STAYS)


def test_standard_errors_are_named_with_their_rungs():
    told = method_words(STAYS, PLAIN)
    assert told.startswith(f"Standard errors: row variance, inflated (stump, linear and tree); {REDRAWN} (boosting).")
    assert "K/(K − 1)" in told
    assert "up to about 1.5 times instead" in told
    assert "By instability" not in method_words(drawn(1, method="row variance, inflated"), PLAIN)
    assert "K/(K − 1)" not in method_words(FORWARD, PLAIN)
    assert method_words(replace(STAYS, rungs=(DUMMY,)), PLAIN) == ""


@pytest.mark.parametrize(
    ("rows", "repeats", "told", "so_far"),
    [
        (13214, 38, "would need about 13,000 rows or 38 repeats", "; so far there are 1,000 rows in 5 repeats."),
        (13214, None, "would need about 13,000 rows", "; so far there are 1,000."),
        (None, 38, "would need about 38 repeats", "; so far there are 5 repeats."),
        (None, None, "no number of rows or repeats would justify it at this observed gain", "gain."),
    ],
)
def test_what_would_decide_is_rows_or_repeats(rows, repeats, told, so_far):
    row = replace(BOOSTING, rows_needed=rows, repeats_needed=repeats)
    assert needed_words(row) == told
    line = what_would_change(replace(STAYS, rungs=(DUMMY, LINEAR, row)), PLAIN)[0]
    assert f"{told}{so_far}" in line or f"{told}." in line


def test_repeats_have_a_column_only_where_some_gain_rests_on_several():
    tables = {True: leaderboard_markdown(STAYS), False: leaderboard_markdown(drawn(1))}
    cells = {True: leaderboard_html_fragment(STAYS), False: leaderboard_html_fragment(drawn(1))}
    for several in (True, False):
        assert ("|   repeats |" in tables[several]) is several
        assert (">repeats<" in cells[several]) is several
