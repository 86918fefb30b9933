"""Everything that is written into a proposal, for every board, hostile ones included: shown, never run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from boards import BOARDS, HOSTILE, HOSTILE_NAMES, PROMOTED, STAYS
from markdown_it import MarkdownIt
from tunings import TUNINGS

from kiss_bench.proposal.markers import document_of
from kiss_bench.records.board import HonestyFacts, VaultFacts
from kiss_bench.records.diagnostics import Diagnostics, DisagreeingRow, Disagreements, Slice
from kiss_bench.records.evidence import Evidence
from kiss_bench.records.ledger import Line
from kiss_bench.reports.attached import Placed, attached_block
from kiss_bench.reports.proposal_page import proposal_page
from kiss_bench.reports.proposal_parts import TITLES, proposal_markdown
from kiss_bench.reports.proposal_parts.subject import TO_ANSWER, Subject
from kiss_bench.reports.pull_request import LINES, Checked, pull_request_text
from kiss_bench.reports.standing import Override, Proposed, proposal_of, standing

NO_NUMBER = re.compile(r"\b(None|nan|NaN|inf|Infinity|True|False)\b")
OVERCLAIM = re.compile(r"significan|complian|equivalen|prove[ns]?\b", re.IGNORECASE)
FOLDERS = (
    "results/loans",
    ".",
    "../über uns/-->/x",
    'a"b',
    "100% of it",
    "<!-- kiss-bench:end -->",
    "a=b rung=tree",
    "\u202eevil",
)
RECORDS = list(TUNINGS.values())
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "h4", "p", "ul", "li", "ol"),
    *("strong", "em", "code", "pre", "blockquote", "div", "table", "thead", "tbody", "tr", "th", "td", "br"),
    *("img", "a", "s", "hr"),
}  # fmt: skip


def placed(board, folder="results/x", override=None):
    proposed = proposal_of(board, None) or Proposed(rung=board.rungs[0].rung if board.rungs else "dummy", arm="default")
    return Placed(folder=folder, proposed=proposed, override=override)


def slice_of(name):
    return Slice(
        column=name, kind="level", label=name, rows=9, score=0.5, low=0.4, high=0.6, simpler_score=0.5, small=True
    )


def evidence_of(board, record):
    """Records that are as hostile as they come."""
    told = {name: name for name in HOSTILE_NAMES}
    rows = tuple(
        DisagreeingRow(row_id=3, actual=name, says=0.9, simpler_says=0.1, nearer="neither") for name in HOSTILE_NAMES
    )
    hostile = HOSTILE_NAMES[0]
    return Evidence(
        board=board,
        tuning=record,
        plan={
            "population": hostile,
            "data": {"time": hostile, "group": hostile, "prepare": hostile, "available_after": told},
            "understood": {"columns": told},
        },
        environment={
            "command": ["kiss-bench", "run", *HOSTILE_NAMES],
            "packages": {"kiss-bench": hostile},
            "cpu": hostile,
            "git": {"commit": hostile, "dirty": True},
            "installed": list(HOSTILE_NAMES),
        },
        diagnostics=Diagnostics(
            digest="",
            rung="other",
            arm="default",
            simpler=hostile,
            simpler_arm="default",
            metric=hostile,
            greater_is_better=False,
            overall=0.5,
            slices=tuple(map(slice_of, HOSTILE_NAMES)),
            slices_looked_at=40,
            disagreements=Disagreements(what=hostile, rows=9, differing=3, right=2, simpler_right=1, most=rows),
        ),
        ledger=tuple(
            Line(seq=1, at=name, event=name, plan_hash=name, data_hash="", code_hash="", facts={}, previous="", hash="")
            for name in HOSTILE_NAMES
        ),
    )


def subject(board, record=RECORDS[-1]):
    board = replace(board, digest="d4" * 32)
    where = placed(board, folder=HOSTILE_NAMES[1])
    return Subject(
        evidence=evidence_of(board, record),
        row=next(row for row in board.rungs if row.rung == where.proposed.rung),
        proposed=where.proposed,
        block=attached_block(board, where),
        explain=dict.fromkeys((row.rung for row in board.rungs), HOSTILE_NAMES[2]),
        folder=HOSTILE_NAMES[1],
    )


def tokens(text):
    blocks = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text)
    return [*blocks, *(child for block in blocks for child in block.children or [])]


def pictures(found):
    return {token.attrGet("src") for token in found if token.type == "image"}


@pytest.fixture(params=list(BOARDS))
def board(request):
    return BOARDS[request.param]


@pytest.fixture(params=[name for name, board in BOARDS.items() if board.recommended is not None and board.rungs])
def whole(request):
    return BOARDS[request.param]


# the board between its markers


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_block_is_found_again_as_it_was_placed(board, folder):
    board = replace(board, digest="d4" * 32)
    where = placed(board, folder)
    block = attached_block(board, where)
    found = document_of(f"Words.\n\n{block}\n")
    assert found.faults == ()
    assert found.placed == where
    assert found.digest == board.digest
    assert [token.content.split()[1] for token in tokens(block) if token.type.startswith("html")] == [
        "kiss-bench:begin", "kiss-bench:end",
    ]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_an_override_is_shown_and_not_run(name):
    override = Override(rung=name, by=name, reason=name)
    block = attached_block(PROMOTED, placed(PROMOTED, override=override))
    assert "OVERRIDE" in block
    assert {token.type for token in tokens(block)} & {"html_inline", "link_open", "hr"} == set()
    assert pictures(tokens(block)) <= {f"results/x/{name}.svg" for name in ("ladder", "cost", "trust")}
    assert document_of(block).faults == ()


def test_the_block_changes_with_whatever_is_proposed():
    wanted = [
        placed(STAYS),
        replace(placed(STAYS), proposed=Proposed(rung="boosting", arm="tuned")),
        replace(placed(STAYS), proposed=Proposed(rung="linear", arm="tuned")),
        placed(STAYS, override=Override(rung="linear", by="A", reason="B")),
    ]
    assert len({attached_block(STAYS, where) for where in wanted}) == len(wanted)


def test_links_and_pictures_of_the_board_lead_to_its_folder():
    text = (
        "![a \\[b\\]](ladder.svg) [page](leaderboard.html) [far](https://example.org) [up](/x) \\](not.svg) "
        "[here](#a)\n"
    )
    block = attached_block(STAYS, placed(STAYS, "our results/x"), text)
    shown = (
        "![a \\[b\\]](our%20results/x/ladder.svg) [page](our%20results/x/leaderboard.html) [far](https://example.org)"
    )
    assert f"{shown} [up](/x) \\](not.svg) [here](#a)" in block
    assert "(ladder.svg)" in attached_block(STAYS, placed(STAYS, "."), text)


def test_headings_are_smaller_but_not_in_code():
    block = attached_block(STAYS, placed(STAYS), "## One\n\n```python\n# a comment\n```\n\n## Two\n")
    assert "\n#### One\n" in block
    assert "\n# a comment\n" in block
    assert "\n#### Two\n" in block


# where a rung stands

STANDS = {
    "recommended": (PROMOTED, "boosting", "tuned", "", "", ""),
    "simpler": (PROMOTED, "linear", "default", "", "", "simpler than what is justified; given up"),
    "above": (STAYS, "boosting", "tuned", "", "above what is justified, `linear`", ""),
    "tuned where default is enough": (
        STAYS,
        "linear",
        "tuned",
        "",
        "",
        "tuned settings are proposed where default ones are enough",
    ),
    "default where tuned is recommended": (
        PROMOTED,
        "boosting",
        "default",
        "",
        "",
        "default settings are proposed where tuned",
    ),
    "unknown": (STAYS, "magic", "tuned", "is no rung of this board", "", ""),
    "no such arm": (STAYS, "dummy", "tuned", "has no tuned arm", "", ""),
    "failed": (BOARDS["trouble"], "tree", "default", "has no verdict, it is failed", "", ""),
    "skipped": (BOARDS["trouble"], "stump", "default", "has no verdict, it is skipped", "", ""),
    "provisional": (BOARDS["provisional"], "stump", "default", "is provisional", "", ""),
    "nothing recommended": (replace(STAYS, recommended=None), "linear", "tuned", "", "recommends no rung", ""),
}


@pytest.mark.parametrize("case", STANDS)
def test_a_rung_stands(case):
    board, rung, arm, refused, above, remark = STANDS[case]
    found = standing(board, Proposed(rung=rung, arm=arm))
    for told, expected in (("".join(found.refusals), refused), (found.above, above), ("".join(found.remarks), remark)):
        assert expected in told
        assert bool(expected) == bool(told)


def test_a_vault_that_contradicts_the_gain_leaves_the_rung_below():
    vault = VaultFacts(rows=9, how="x", openings=1, rung="boosting", incumbent="linear", verdict="contradicted")
    board = replace(PROMOTED, honesty=HonestyFacts(vault=vault))
    assert (
        "the opened vault contradicts its gain, which leaves `linear`"
        in standing(board, Proposed(rung="boosting", arm="tuned")).above
    )
    assert standing(board, Proposed(rung="linear", arm="default")).above == ""
    fine = replace(board, honesty=HonestyFacts(vault=replace(vault, verdict="not contradicted")))
    assert standing(fine, Proposed(rung="boosting", arm="tuned")).above == ""


# the comment


def checks(board):
    """A comment with as much to say as there can be, and one with nothing."""
    hostile = HOSTILE_NAMES
    full = Checked(
        name=hostile[0], strict=True, refused=hostile, doubts=hostile, unasked=hostile, asked=hostile,
        remarks=hostile, missing=3, digest="d", folder=hostile[1], ceiling=hostile[1], overridden=hostile[0],
        proposed=Proposed(rung=hostile[2], arm=hostile[0]),
        override=Override(rung=hostile[0], by=hostile[1], reason=" ".join(hostile)), board=board,
    )  # fmt: skip
    bare = replace(full, refused=(), doubts=(), unasked=(), remarks=(), override=None, overridden="", missing=0)
    return [full, bare, replace(full, refused=()), replace(full, strict=False, refused=()), replace(full, board=None)]


def test_a_comment_has_no_more_lines_than_it_may_and_no_name_becomes_markup(board):
    for checked in checks(board):
        text = pull_request_text(checked)
        assert len(text.splitlines()) <= LINES
        found = tokens(text)
        assert {token.type for token in found} & {"html_block", "html_inline", "link_open", "image", "hr"} == set()
        assert sum(token.type == "table_open" for token in found) == bool(checked.board and checked.board.rungs)
        assert OVERCLAIM.findall(text) == []
        assert NO_NUMBER.findall(text) == []
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text) == []


def test_a_comment_shows_five_rungs_at_most_and_those_that_matter():
    text = pull_request_text(
        Checked(name="p.md", strict=False, board=STAYS, proposed=Proposed(rung="tree", arm="tuned"))
    )
    assert re.findall(r"^\| \**(\w+)", text, re.MULTILINE)[1:] == ["dummy", "stump", "linear", "tree", "boosting"]
    assert "**tree** (proposed)" in text
    assert "**linear** (recommended)" in text


# the whole proposal


@pytest.mark.parametrize("record", TUNINGS)
def test_a_proposal_has_its_nineteen_parts_in_order(whole, record):
    text = proposal_markdown(subject(whole, TUNINGS[record]), "A comment.")
    found = re.findall(r"^## (\d+)\. (.*)$", text, re.MULTILINE)
    assert [(int(number), title) for number, title in found] == list(enumerate(TITLES, start=1))
    assert len(TITLES) == 19
    assert f"**{text.count(TO_ANSWER)} answers are a person's to give**" in text
    assert OVERCLAIM.findall(text) == []
    assert NO_NUMBER.findall(text) == []
    assert document_of(text).faults == ()


def test_no_name_becomes_markup_in_a_proposal(whole):
    text = proposal_markdown(subject(whole), pull_request_text(checks(whole)[0]))
    found = tokens(text)
    assert {token.type for token in found} & {"html_inline", "link_open", "hr", "s_open"} == set()
    assert pictures(found) <= {
        f"{quote(HOSTILE_NAMES[1], safe='/')}/{name}.svg" for name in ("ladder", "cost", "trust")
    }
    assert sum(token.type == "html_block" for token in found) == 2
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert [{line.count("|") for line in table.splitlines()} for table in tables] == [
        {table.splitlines()[0].count("|")} for table in tables
    ]


def test_the_sign_off_is_empty(whole):
    text = proposal_markdown(subject(whole), "")
    part = text[text.index("## 17. Sign-off") : text.index("## 18. ")]
    rows = [line for line in part.splitlines() if line.startswith(("| author", "| independent"))]
    assert len(rows) == 2
    assert [cell.strip() for row in rows for cell in row.split("|")[2:-1]] == [""] * 6


def test_what_is_above_what_is_justified_says_so_at_its_head():
    found = replace(subject(STAYS), row=STAYS.rungs[-1], proposed=Proposed(rung="boosting", arm="tuned"))
    head = proposal_markdown(found, "").partition("## 2. ")[0]
    assert "**Not justified:** `boosting` is above what is justified, `linear`" in head
    assert "kiss-bench:override rung=boosting" in head


def test_the_mapping_only_ever_supports():
    part = proposal_markdown(subject(STAYS), "").partition("## 19. ")[2].partition("## The board")[0]
    assert part.count("supports") >= 2
    assert re.findall(r"satisf|meets|fulfil|complian", part) == []
    for name in ("REFORMS", "Reproducibility checklist", "Model cards", "SR 26-2", "SS1/23"):
        assert name in part
    assert re.search(r"As of \d{4}-\d\d-\d\d", part)


# the page


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


PAGES = {
    "hostile": proposal_markdown(subject(HOSTILE), pull_request_text(checks(HOSTILE)[0])),
    "a script": "# <script>alert(1)</script>\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n",
    "links that run": "[a](javascript:alert(1)) [b](data:text/html,x) ![c](javascript:alert(1)) "
    "<javascript:alert(1)>\n",
    "pictures from elsewhere": "![a](https://example.org/a.png) ![b](//example.org/b.svg) "
    "![c](data:image/png;base64,AA==)\n",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_nothing_and_loads_nothing(page):
    seen = Seen()
    text = proposal_page(PAGES[page], set(), {})
    seen.feed(text)
    assert seen.tags <= TAGS
    assert [name for name, _ in seen.attributes if name.startswith("on")] == []
    assert [value for name, value in seen.attributes if name in {"href", "src"} and not value.startswith("http")] == []
    assert "src" not in dict(seen.attributes)
    assert "default-src 'none'" in text


def test_charts_are_in_the_page_as_pictures():
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    text = proposal_page(
        "![the ladder](results/a%20b/ladder.svg) ![gone](x.svg)\n", set(), {"results/a b/ladder.svg": svg}
    )
    assert 'alt="the ladder" src="data:image/svg+xml;base64,' in text
    assert "<script" not in text
    assert "[picture: gone]" in text


# whose the figures are, and figures that are none


def told_of_both_arms(**plain):
    """The parts of the proposals of either arm of a rung that climbed tuned."""
    about = subject(PROMOTED)
    row = replace(about.row, arm="tuned", default_score=0.4994, default_verdict="JUSTIFIED", **plain)
    rungs = tuple(row if each.rung == row.rung else each for each in about.board.rungs)
    evidence = replace(about.evidence, board=replace(about.board, rungs=rungs))
    return {
        arm: proposal_markdown(
            replace(about, evidence=evidence, row=row, proposed=Proposed(rung=row.rung, arm=arm)), ""
        )
        for arm in ("default", "tuned")
    }


def test_figures_of_default_settings_are_their_own_and_costs_are_called_those_of_the_tuned_ones():
    own = {"gain": 0.0138, "gain_low": 0.0111, "gain_high": 0.0165, "p_gain": 0.9943, "skill": 0.1825}
    told = told_of_both_arms(**{f"default_{name}": value for name, value in own.items()})
    first = told["default"].split("## 2. ")[0]
    assert "A gain of +0.0138 log_loss (95 % interval +0.0111 to +0.0165) over `linear`" in first
    assert re.search(
        r"P\(gain > margin\) = 0.9943 .*`leaderboard.json: rungs\[\d\].default_gain, .default_gain_low", first
    )
    assert "costs and calibration of tuned ones, which climbed with a gain of +0.0721" in first
    parts = {number: told["default"].split(f"\n## {number}. ")[1].split("\n## ")[0] for number in (4, 5, 10, 14)}
    assert "`boosting` scores 0.4994 and removes 18.2 % of the dummy's error" in parts[4]
    assert "gives up +0.0138 log_loss" in parts[4]
    assert "To fall back on it costs +0.0138 log_loss" in parts[14]
    assert ["(tuned settings)" in part for part in parts.values()] == [True, True, True, False]  # calibration, costs
    assert "0.0138" not in told["tuned"]


def test_figures_of_the_tuned_settings_are_called_theirs_where_default_ones_have_none():
    told = told_of_both_arms(default_gain=None)
    whose = "Figures are of its tuned settings, which climbed; default settings score 0.4994 and are JUSTIFIED over"
    assert whose in told["default"].split("## 2. ")[0]
    for number in (4, 5, 7, 10, 14):
        for arm, found in told.items():
            part = found.split(f"\n## {number}. ")[1].split("\n## ")[0]
            assert ("(tuned settings)" in part) == (arm == "default"), (number, arm, part)
    assert whose not in told["tuned"]


@pytest.mark.parametrize(
    ("error", "told"),
    [(1.277e-15, "of `stump` 0.0000."), (4.9e-5, "of `stump` 0.0000."), (0.01376, "of `stump` 0.01376.")],
)
def test_an_error_of_nothing_is_written_as_nothing(error, told):
    about = subject(PROMOTED)
    below = about.below
    rungs = tuple(
        replace(
            each,
            rung=each.rung,
            reliability={"ece": error if each is below else 0.04, "ece_by_chance": 0.03, "brier": 0.2},
        )
        for each in about.board.rungs
    )
    board = replace(about.board, rungs=rungs)
    row = next(each for each in rungs if each.rung == about.row.rung)
    text = proposal_markdown(replace(about, evidence=replace(about.evidence, board=board), row=row), "")
    assert f"Calibration: expected calibration error 0.04000, {told.replace('stump', below.rung)}" in text


def test_a_comment_shows_five_rungs_wherever_there_are_five():
    for name, found in BOARDS.items():
        if found.recommended is None:
            continue
        text = pull_request_text(Checked(name="p.md", strict=False, board=found, proposed=proposal_of(found, None)))
        rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
        assert len(rows) == min(5, len(found.rungs)), name
