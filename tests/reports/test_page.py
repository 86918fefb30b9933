"""`leaderboard.html` without a browser: what is on it, where its numbers are from, and that it is always the same."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from boards import BOARDS, HOSTILE_NAMES, STAYS
from diagnoses import DIAGNOSED, READINGS, evidence, told
from page_numbers import TOKEN, Walk, files_of, found_at, rounds_to, without_source, wrong_figures
from tunings import TUNINGS

from kiss_bench.records.evidence import Evidence, evidence_of, lines_at_writing
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.ledger import read_ledger
from kiss_bench.records.tuning import record_from_dict
from kiss_bench.reports.charts.theme import forget_drawings
from kiss_bench.reports.escape import clean
from kiss_bench.reports.html import leaderboard_html
from kiss_bench.reports.phrases import stamps, verdict_sentence
from kiss_bench.reports.table import kept_slices, state

COMMITTED = sorted(path.parent.name for path in Path("results").glob("*/leaderboard.json"))
MOST_BYTES = 2_000_000


def committed(name) -> Evidence:
    folder = Path("results") / name
    record = record_from_dict(read_json(folder, "tuning.json"), name)
    return evidence_of(folder, read_board(folder), record, lines_at_writing(read_ledger(folder)))


CASES = {
    **{name: lambda name=name: told(name) for name in BOARDS},
    **{f"results/{name}": lambda name=name: committed(name) for name in COMMITTED},
    **{f"tuned: {name}": lambda name=name: evidence(STAYS, DIAGNOSED, TUNINGS[name]) for name in TUNINGS},
}


class Page:
    """A page with its evidence, and the text that a reader sees."""

    def __init__(self, found: Evidence):
        self.evidence, self.html = found, leaderboard_html(found)
        self.figures = Walk(self.html).figures
        read = Everything(self.html)
        self.tags, self.text = read.tags, clean(" ".join(read.texts))


class Everything(HTMLParser):
    """All tags with their attributes, and all text but style and script."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.tags and self.cdata_elem is None:
            self.texts.append(text)


@pytest.fixture(scope="module", params=list(CASES))
def page(request):
    return Page(CASES[request.param]())


class TestEveryPage:
    def test_every_number_is_in_a_file_of_the_folder(self, page):
        assert without_source(page.html, files_of(page.evidence)) == []

    def test_says_the_verdict_the_stamps_and_every_rung_with_its_state(self, page):
        board = page.evidence.board
        words = re.sub(r"\W+", " ", page.text)
        for line in [verdict_sentence(board), *stamps(board)]:
            assert re.sub(r"\W+", " ", clean(line)).strip().lower() in words.lower()
        for row in board.rungs:
            assert clean(row.rung) in page.text
            assert state(row) in page.text

    def test_is_one_file_that_asks_for_nothing(self, page):
        asking = {"src", "href", "xlink:href", "action", "srcset", "data", "poster", "background", "ping", "formaction"}
        asked = [(tag, attributes[name]) for tag, attributes in page.tags for name in asking & set(attributes)]
        assert asked == [("a", "#sections")]
        style = re.search(r"<style>(.*?)</style>", page.html, re.DOTALL)[1]
        assert "url(" not in style
        assert "@import" not in style
        assert len(page.html.encode()) <= MOST_BYTES

    def test_runs_one_script_and_no_other(self, page):
        assert [tag for tag, _ in page.tags].count("script") == 1
        assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []

    def test_is_folded_below_the_first_screen(self, page):
        folds = [attributes for tag, attributes in page.tags if tag == "details"]
        assert len(folds) >= 4
        assert [fold for fold in folds if "open" in fold] == []

    def test_has_each_id_once_and_its_headings_in_order(self, page):
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", ["stays", "intervals", "hostile"])
def test_it_is_the_same_again_whatever_was_rendered_in_between(name):
    pages = []
    for _ in range(2):
        forget_drawings()
        pages.append(leaderboard_html(told(name)))
        leaderboard_html(evidence(STAYS, DIAGNOSED))
    assert pages[0] == pages[1]


def test_a_changed_figure_is_noticed():
    """Each figure by itself: its last digit is raised by one."""
    found = told("promoted")
    html, files = leaderboard_html(found), files_of(found)
    assert without_source(html, files) == []
    figures = re.findall(r'<data value="[^"]*" data-at="[^"]*">[^<&]*\d[^<]*</data>', html)
    unnoticed = [each for each in set(figures) if not wrong_figures(Walk(html.replace(each, raised(each))), files)]
    assert len(set(figures)) > 80
    assert unnoticed == []


def test_most_changed_numbers_in_sentences_are_noticed():
    """A sentence names no field, so a changed number is only noticed where no field of the file has it by chance."""
    found = told("promoted")
    html, files = leaderboard_html(found), files_of(found)
    prose = re.findall(r'<div class="prose" data-from="leaderboard.json">.*?</div>', html, re.DOTALL)
    numbers = {number for block in prose for number in re.findall(r"(?<![\d.])0\.\d{4}(?!\d)", block)}
    changed = [html.replace(f"{number}", raised(number)) for number in sorted(numbers)]
    noticed = [without_source(one, files) != [] for one in changed]
    assert len(noticed) > 25
    assert sum(noticed) / len(noticed) > 0.8


def test_a_verdict_with_another_number_is_noticed():
    found = told("stays")
    html = leaderboard_html(found)
    assert "would need about 13,000 rows" in html
    changed = html.replace("would need about 13,000 rows", "would need about 18,000 rows")
    assert without_source(changed, files_of(found)) != []


def raised(text):
    """The same with its last digit raised by one (a 9 becomes 8)."""
    before, digit, after = re.fullmatch(r"(.*)(\d)(\D*)", re.sub(r"</data>$", "", text), re.DOTALL).groups()
    end = "</data>" if text.endswith("</data>") else ""
    return f"{before}{int(digit) + 1 if digit != '9' else 8}{after}{end}"


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("0.4921", 0.492114, True), ("0.4921", 0.49216, False), ("+0.0138", 0.01381, True), ("19.4 %", 0.19436, True),
        ("19.4 %", 0.1949, False), (">0.9999", 0.99996, True), (">0.9999", 0.9998, False), ("56.1 ms", 0.05612, True),
        ("8.36 kB", 8364, True), ("3.200e11", 3.2e11, True), ("-0.0004", -0.00041, True), ("4.0 min", 241.3, True),
        ("-0.0004", 0.00041, False),
    ],
)  # fmt: skip
def test_rounding(text, value, right):
    assert rounds_to(text, value) is right


def test_figures_of_the_table_are_the_fields_that_they_name():
    page, board = Page(told("stays")), STAYS
    shown = {at: text for text, _, at in page.figures}
    assert shown["leaderboard.json#/rungs/2/score"] == "0.5134"
    assert shown["leaderboard.json#/rungs/4/gain_high"] == "+0.0235"
    assert shown["leaderboard.json#/rungs/2/fit_seconds"] == "93.1 ms"
    fields = ("score", "score_low", "score_high", "skill", "p_gain", "alpha", "gain", "fit_seconds", "model_bytes")
    for place, row in enumerate(board.rungs):
        for field in fields:
            assert (getattr(row, field) is not None) == (f"leaderboard.json#/rungs/{place}/{field}" in shown)


def test_an_address_leads_to_its_value():
    files = files_of(told("stays"))
    assert found_at(files, "leaderboard.json#/rungs/1/p_gain") == 0.99982
    assert found_at(files, "diagnostics.json#/slices/0/rows") == 41
    with pytest.raises((KeyError, IndexError)):
        found_at(files, "leaderboard.json#/rungs/9/p_gain")


def test_hostile_names_are_shown_whole():
    page = Page(told("hostile"))
    assert [name for name in HOSTILE_NAMES if clean(name) not in page.text] == []


def test_without_diagnostics_the_rest_stands():
    with_them, without = (Page(evidence(STAYS, found)) for found in (DIAGNOSED, None))
    for title in ("Scores by slice", "Disagreements with", "Importance of columns", "What can be read off"):
        assert title in with_them.text
        assert title not in without.text
    for title in ("Why this rung", "Gain against cost", "Default against tuned", "What trials bought", "Tuning record"):
        assert title in without.text


def test_slices_come_in_the_order_of_the_record_with_their_counts():
    page = Page(evidence(STAYS, DIAGNOSED))
    parts = [("level", "range", "missing"), ("time",), ("group",)]
    ordered = [each for kinds in parts for each in DIAGNOSED.slices if each.kind in kinds]
    assert len(ordered) == len(DIAGNOSED.slices)
    places = [page.text.index(f"{each.column} {each.label}") for each in ordered]
    assert places == sorted(places)
    assert [value for _, value, at in page.figures if re.search(r"slices/\d+/rows", at)] == [
        each.rows for each in ordered
    ]


@pytest.mark.parametrize(("arm", "told"), [("default", True), ("tuned", False)])
def test_each_section_says_whose_settings_its_figures_are_of(arm, told):
    rungs = tuple(replace(row, arm="tuned") if row.rung == "linear" else row for row in STAYS.rungs)
    board = replace(STAYS, rungs=rungs, recommended=replace(STAYS.recommended, arm=arm))
    page = Page(evidence(board, replace(DIAGNOSED, arm=arm)))
    screen = page.html[page.html.index('<dl class="answers">') : page.html.index("</dl>")]
    assert screen.count(", default settings") == (2 if told else 0)  # the gain, and how sure it is
    assert screen.count(", tuned settings") == (1 if told else 0)  # what a fit costs
    assert ("/default_gain_low" in screen) == told
    for key in ("slices", "disagreements", "confusion", "importance"):
        section = page.html[page.html.index(f'<details id="{key}">') :].partition("</details>")[0]
        assert f"<code>linear</code> with {arm} settings" in section
    assert ">linear, tuned settings</text>" in page.html  # the reliability is the board's


def test_single_groups_crowd_out_no_column():
    group, level = DIAGNOSED.slices[4], DIAGNOSED.slices[0]
    crowd = [replace(group, label=f"branch {n}") for n in range(30)]
    found = (*crowd, *(replace(level, label=f"level {n}") for n in range(20)))
    for most, groups in ((15, 5), (8, 2)):
        kept = kept_slices(found, most)
        assert kept == [*crowd[:groups], *found[30 : 30 + most - groups]]
    assert "the worst 5 of the 30 single groups" in Page(evidence(STAYS, replace(DIAGNOSED, slices=found))).text


def test_a_tree_is_drawn_as_lists_in_lists():
    html = leaderboard_html(evidence(STAYS, DIAGNOSED))
    tree = re.findall(r'<figure class="tree">.*?</figure>', html, re.DOTALL)[1]
    words = clean(re.sub(r"<[^>]*>", " ", tree))
    assert words.startswith(
        "checking is below 0? 1,000 rows, bad 30 % yes duration > 22.5? 274 rows".replace(">", "&gt;")
    )
    assert tree.count("<ul>") == 3
    assert tree.count("<li>") == 5


def test_a_large_tree_is_folded_of_its_own_and_yes_comes_first():
    chain = tuple(
        replace(
            READINGS[2].branches[0], node=n, parent=n - 1 if n else None, answer="yes" if n else "", question="deeper"
        )
        for n in range(40)
    )
    turned = replace(
        READINGS[2], branches=tuple(sorted(READINGS[2].branches, key=lambda each: -each.node if each.node else -9))
    )
    large = replace(DIAGNOSED, readings=(replace(READINGS[2], branches=chain), turned))
    html = leaderboard_html(evidence(STAYS, large))
    assert html.count('<details class="long">') == 1
    answers = re.findall(r'class="answer (yes|no)"', html.split('<details class="long">')[1].split("</details>", 1)[1])
    assert answers == ["yes", "yes", "no", "no"]


def test_a_fault_in_the_ledger_and_an_odd_environment_are_told():
    text = Page(replace(evidence(STAYS), environment={"python": "3.11.7", "git": None, "cores": True})).text
    assert "line 2 is gone" in text
    assert "python 3.11.7 git unset cores true" in text


def test_numbers_are_found_in_text_as_a_reader_finds_them():
    found = [
        match[0] for match in TOKEN.finditer("P < 0.0001, +0.0138 and about 6,300 rows (19.4 %), 5.0.0, x86_64, 1e-9")
    ]
    assert found == ["< 0.0001", "+0.0138", "about 6,300", "19.4 %", "1e-9"]
