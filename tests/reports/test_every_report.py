"""Every report is rendered from every board: a new report is found by its folder and covered before it has a test."""

import csv
import html
import io
import json
import re
from pathlib import Path

import pytest
from boards import BOARDS, HOSTILE
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console
from tunings import TUNINGS

from kiss_bench.reports import board_reports, tuning_reports
from kiss_bench.reports.escape import clean
from kiss_bench.reports.notebook import leaderboard_html_fragment
from kiss_bench.reports.table import state
from kiss_bench.reports.terminal import leaderboard_table, leaderboard_text

FILES = Path(__file__).parents[2] / "kiss_bench" / "reports"
TEXTS = {
    **board_reports(),
    "terminal 80": leaderboard_text,
    "terminal 160": lambda board: leaderboard_text(board, 160),
    "notebook": leaderboard_html_fragment,
}
NO_NUMBER = re.compile(r"\b(None|nan|NaN|inf|Infinity|True|False)\b")
OVERCLAIM = re.compile(r"significan|complian|equivalen|prove[ns]?\b", re.IGNORECASE)
OUR_TAGS = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def visible(name: str, text: str) -> str:
    """What a reader sees, with one space where there is any."""
    if name.endswith(".md"):
        text = MarkdownIt("commonmark").enable("table").render(text)
    if name.endswith(".md") or name == "notebook":
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return clean(text)


@pytest.fixture(params=list(BOARDS))
def board(request):
    return BOARDS[request.param]


def test_the_folder_is_the_collection():
    assert set(board_reports()) == {"leaderboard.csv", "leaderboard.json", "leaderboard.md"}
    assert set(tuning_reports()) == {"tuning.json", "tuning.md"}


@pytest.mark.parametrize("name", TEXTS)
class TestEveryReportOfEveryBoard:
    def test_holds_every_rung(self, name, board):
        text = visible(name, TEXTS[name](board))
        if name.endswith(".json"):
            assert [row["rung"] for row in json.loads(TEXTS[name](board))["rungs"]] == [r.rung for r in board.rungs]
        elif name.endswith(".csv"):
            names = [line["rung"].removeprefix("'") for line in csv.DictReader(io.StringIO(TEXTS[name](board)))]
            assert names == [clean(row.rung) for row in board.rungs]
        else:
            assert [row.rung for row in board.rungs if clean(row.rung) not in text] == []

    def test_holds_no_python_words(self, name, board):
        assert NO_NUMBER.findall(TEXTS[name](board)) == []

    def test_claims_no_more_than_the_test_shows(self, name, board):
        assert OVERCLAIM.findall(TEXTS[name](board)) == []

    def test_is_a_function_of_the_board(self, name, board):
        assert TEXTS[name](board) == TEXTS[name](board)

    def test_ends_with_one_line_end_and_has_no_control_characters(self, name, board):
        text = TEXTS[name](board)
        assert re.search(r"[^\n]\n\Z", text)
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", text) == []

    def test_says_what_state_each_rung_is_in(self, name, board):
        text = TEXTS[name](board)
        if name.endswith((".csv", ".json")):
            assert all(f"{row.status}" in text and (row.verdict or "") in text for row in board.rungs)
        else:
            assert [row.rung for row in board.rungs if state(row).removesuffix(" (provisional)") not in text] == []


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(report(board), id=f"{file} of {name}") for name, board in BOARDS.items()
          for file, report in board_reports().items() if file.endswith(".md")),
        *(pytest.param(report(record), id=f"{file} of {name}") for name, record in TUNINGS.items()
          for file, report in tuning_reports().items() if file.endswith(".md")),
    ],
)  # fmt: skip
class TestMarkdown:
    def test_a_table_stays_a_table(self, text):
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        assert [{line.count("|") for line in table.splitlines()} for table in tables] == [
            {table.splitlines()[0].count("|")} for table in tables
        ]
        assert MarkdownIt("commonmark").enable("table").render(text).count("<table>") == len(tables)

    def test_no_name_becomes_markup(self, text):
        blocks = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text)
        tokens = [*blocks, *(child for block in blocks for child in block.children or [])]
        kinds = {token.type for token in tokens}
        assert not kinds & {"html_block", "html_inline", "link_open", "s_open", "hr"}
        pictures = [token.attrs["src"] for token in tokens if token.type == "image"]
        assert pictures == [name for name in ("ladder.svg", "cost.svg", "trust.svg") if name in pictures]

    def test_no_marker_survives(self, text):
        assert "<!--" not in text


def test_every_table_of_the_hostile_board_has_a_line_a_rung():
    """A name with a pipe or a line end takes exactly one line of the leaderboard."""
    table = re.search(r"(?:^\|.*\n)+", board_reports()["leaderboard.md"](HOSTILE), re.MULTILINE)
    assert table is not None
    assert len(table[0].splitlines()) == 2 + len(HOSTILE.rungs)


def test_html_holds_only_our_tags(board):
    text = leaderboard_html_fragment(board)
    assert {tag.lower() for tag in re.findall(r"</?\s*([a-zA-Z!][\w-]*)", text)} <= OUR_TAGS
    assert text.count("<tr ") == len(board.rungs)
    widths = {row.count("<td ") for row in text.splitlines() if row.startswith("<tr ")}
    assert len(widths) <= 1


@pytest.mark.parametrize("width", [80, 120, 140, 200])
def test_the_terminal_table_fits(board, width):
    out = io.StringIO()
    table = leaderboard_table(board, width)
    Console(file=out, width=width, color_system=None).print(table)
    assert max(map(cell_len, out.getvalue().splitlines())) <= width
    assert table.row_count == len(board.rungs)
    words = {state(row).removesuffix(" (provisional)") for row in board.rungs}
    assert [word for word in words if word not in out.getvalue()] == []


@pytest.mark.parametrize("name", TUNINGS)
def test_every_tuning_report_holds_every_rung_and_no_python_words(name):
    record = TUNINGS[name]
    for file, report in tuning_reports().items():
        text = report(record)
        assert NO_NUMBER.findall(text) == []
        assert OVERCLAIM.findall(text) == []
        names = [row["rung"] for row in json.loads(text)["rungs"]] if file.endswith(".json") else []
        shown = clean(" ".join(names)) if names else visible(file, text)
        assert [rung.rung for rung in record.rungs if clean(rung.rung) not in shown] == []


def test_reports_touch_no_disk_and_import_no_heavy_library():
    for module in FILES.glob("*.py"):
        source = module.read_text(encoding="utf-8")
        assert (
            re.findall(r"^\s*(?:import|from) (pathlib|os|pandas|numpy|sklearn|optuna|lightgbm)\b", source, re.M) == []
        )
