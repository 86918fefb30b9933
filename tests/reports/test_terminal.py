"""The laws of the table on a screen: whatever the board and the width, it fits, it decides, and words carry it all."""

import io
import re

import pytest
from boards import BOARDS, HOSTILE, STAYS
from rich.cells import cell_len
from rich.console import Console

from kiss_bench.reports import amounts
from kiss_bench.reports.escape import clean
from kiss_bench.reports.table import state
from kiss_bench.reports.terminal import leaderboard_table, leaderboard_text, reasons, short_names, table_text
from kiss_bench.reports.wrapping import shortened_middle, wrapped

WIDTHS = (40, 60, 80, 100, 120, 140, 200)
FULL = (80, 100, 120, 140, 200)


def drawn(board, width, color=None, **asked):
    out = io.StringIO()
    screen = Console(file=out, width=width, force_terminal=True, color_system=color, legacy_windows=False)
    screen.print(leaderboard_table(board, width, **asked))
    return out.getvalue()


@pytest.fixture(params=list(BOARDS))
def board(request):
    return BOARDS[request.param]


@pytest.mark.parametrize("width", WIDTHS)
class TestEveryBoardAtEveryWidth:
    def test_has_no_line_wider_than_the_screen(self, board, width):
        assert max(map(cell_len, drawn(board, width).splitlines())) <= width
        assert max(map(cell_len, table_text(board, width).splitlines()[1:])) <= width

    def test_has_a_line_a_rung_each_with_its_verdict(self, board, width):
        for lines in (drawn(board, width).splitlines()[2:], table_text(board, width).splitlines()[4:]):
            assert len(lines) == len(board.rungs)
            assert [
                row.rung
                for row, line in zip(board.rungs, lines, strict=True)
                if state(row).removesuffix(" (provisional)") not in line
            ] == []

    def test_marks_the_recommended_rung_in_a_sign_and_no_other(self, board, width):
        chosen = [row.rung for row in board.rungs if board.recommended and row.rung == board.recommended.rung]
        for lines in (drawn(board, width).splitlines()[2:], table_text(board, width).splitlines()[4:]):
            marked = [line.startswith(">") for line in lines]
            assert [row.rung for row, mark in zip(board.rungs, marked, strict=True) if mark] == chosen

    def test_has_no_codes_where_there_is_no_colour(self, board, width):
        assert "\x1b" not in drawn(board, width)
        assert "\x1b" not in leaderboard_text(board, width)

    def test_says_the_same_with_colour(self, board, width):
        assert re.sub(r"\x1b\[[0-9;]*m", "", drawn(board, width, color="standard")) == drawn(board, width)


@pytest.mark.parametrize("width", FULL)
def test_gain_p_and_verdict_are_there_from_80_columns_up(board, width):
    header = drawn(board, width).splitlines()[0]
    assert re.search(r"\bgain\b.* P +verdict\b", header)
    assert re.search(r"\bgain\b.* P +verdict\b", table_text(board, width).splitlines()[2])


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 100])
def test_what_a_low_screen_has_no_room_for_is_left_out_but_not_the_recommended_rung(board, rows):
    lines = drawn(board, 80, rows=rows).rstrip("\n").splitlines()[2:]
    assert len(lines) == min(rows, len(board.rungs))
    assert sum(line.startswith(">") for line in lines) == (board.recommended is not None)


def test_a_rung_that_runs_says_how_far_it_is():
    running = BOARDS["running"]
    names = [row.rung for row in running.rungs if row.status == "running"]
    text = drawn(running, 80, working=dict.fromkeys(names, "tuning 2/5"))
    assert names
    assert text.count("tuning 2/5") == len(names)
    assert "running" not in text


def test_colours_are_read_on_black_and_on_white():
    codes = set(re.findall(r"\x1b\[([0-9;]*)m", "".join(drawn(one, 100, color="standard") for one in BOARDS.values())))
    colours = {part for code in codes for part in code.split(";") if part and 30 <= int(part) <= 37}
    assert colours == {
        "31",
        "32",
        "35",
    }  # red, green, magenta; yellow (33) and cyan (36) vanish on white, blue on black


def test_names_are_short_in_the_table_and_whole_below_it(board):
    for width in (12, 24):
        names = short_names(board, width)
        assert len(set(names.values())) == len(names)
        assert all(cell_len(short) <= width for short in names.values())
    below = "\n".join(reasons(board))
    shortened = [name for name, short in short_names(board, 24).items() if name != short]
    assert [name for name in shortened if name not in below] == []


def test_some_board_has_names_to_shorten():
    assert [name for name, short in short_names(HOSTILE, 24).items() if name != short]
    assert short_names(STAYS, 24) == {row.rung: row.rung for row in STAYS.rungs}


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_prose_is_wrapped_and_nothing_of_it_is_lost(board, width):
    text = leaderboard_text(board, 120)
    lines = wrapped(text, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("as it is", 8, "as it is"),
        ("as it is not", 8, "as it is\n  not"),
        ("  kept in\n\n", 9, "  kept in\n\n"),
        ("  words hang", 10, "  words\n    hang"),
        ("abcdefghij", 4, "abcd\nefgh\nij"),
        ("名前名前", 5, "名前\n名前"),
        ("a    b  of   a table", 20, "a    b  of   a table"),
    ],
)
def test_how_prose_is_wrapped(text, width, shown):
    assert wrapped(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("linear", 12, "linear"), ("gradient_boosting_a", 12, "gradient…g_a"), ("名前名前名前名前", 8, "名前…前"),
        ("🦔" * 20, 12, "🦔🦔🦔🦔…🦔"),
    ],
)  # fmt: skip
def test_the_middle_of_a_long_name_goes_first(text, width, shown):
    assert shortened_middle(text, width) == shown
    assert cell_len(shown) <= width


def test_names_that_differ_in_the_middle_stay_apart():
    from dataclasses import replace

    rungs = tuple(replace(STAYS.rungs[1], rung=f"ours-with-a-long-{middle}-middle-part") for middle in "abc")
    names = short_names(replace(STAYS, rungs=rungs), 24)
    assert len(set(names.values())) == 3
    assert clean(rungs[0].rung) in names


@pytest.mark.parametrize(
    ("seconds", "left", "since"),
    [
        (0.02, "a few seconds", "0:00:00"), (5.1, "about 10 s", "0:00:05"), (54.2, "about 55 s", "0:00:54"),
        (58.1, "about 1 min", "0:00:58"), (61, "about 2 min", "0:01:01"), (3600, "about 60 min", "1:00:00"),
        (5000, "about 1.4 h", "1:23:20"), (360_000, "about 4.2 d", "100:00:00"),
    ],
)  # fmt: skip
def test_times_are_told_no_finer_than_they_are_known(seconds, left, since):
    assert (amounts.left(seconds), amounts.clock(seconds)) == (f"{left} left", since)
