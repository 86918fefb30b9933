"""`leaderboard.html` in a real browser: nothing runs, nothing is asked for, everyone can use it, paper has it all."""

import os
import re
import shutil
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from boards import HOSTILE_NAMES, PROMOTED
from diagnoses import DIAGNOSED, evidence, told
from playwright.sync_api import sync_playwright
from tunings import TUNING

from kiss_bench.reports.html import leaderboard_html
from kiss_bench.reports.proposal_page import proposal_page

MISSING = (
    "These tests open pages in Chromium and found none. Debian and Ubuntu: apt-get install chromium; anywhere else: "
    "put it on PATH as chromium, or name it in CHROMIUM."
)
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PAGES = {
    "binary": lambda: told("stays"),
    "multiclass": lambda: told("several classes"),
    "regression": lambda: told("intervals"),
    "hostile names": lambda: replace(told("hostile when registered"), tuning=TUNING),
    "failed rungs": lambda: told("trouble"),
    "first look": lambda: told("provisional"),
    "amended and leaking": lambda: told("amended"),
    "no diagnostics": lambda: evidence(PROMOTED),
    "nothing judged": lambda: told("nothing judged"),
}
REST = [name for name in PAGES if name != "binary"]
EXAMPLE = Path(__file__).parents[2] / "docs" / "proposal.md"
WIDTHS = {"desk": (1280, 800), "phone": (390, 844), "paper": (718, 1000)}
PWNED = "window.__pwned = 1"
HOSTILE_PAGE_NAMES = (
    f"<script>{PWNED}</script>",
    f'"><img src=x onerror="{PWNED}">',
    f"</svg><script>{PWNED}</script>",
)


@pytest.fixture(scope="session")
def browser():
    place = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if place is None:
        pytest.fail(MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=place, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


class Opened:
    """A page in the browser, with all that it said and asked for."""

    def __init__(self, browser, file: Path, size, **context):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        self.page, self.said, self.asked = self.context.new_page(), [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


@pytest.fixture(scope="session")
def files(folder):
    """Name -> file of a page."""
    made = {}
    for name, find in PAGES.items():
        made[name] = folder / f"{re.sub(r'[^a-z]', '-', name)}.html"
        made[name].write_text(leaderboard_html(find()), encoding="utf-8")
    return made


@pytest.mark.parametrize("name", ["binary", *(pytest.param(name, marks=pytest.mark.slow) for name in REST)])
class TestEveryPage:
    @pytest.mark.parametrize("place", WIDTHS)
    def test_says_nothing_asks_for_nothing_runs_nothing_and_fits(self, browser, files, name, place):
        with Opened(browser, files[name], WIDTHS[place]) as opened:
            page = opened.page
            if place == "paper":
                page.emulate_media(media="print")
            else:
                page.click("#all")
            page.wait_for_timeout(20)
            assert opened.said == []
            assert opened.asked == [files[name].as_uri()]
            assert page.evaluate("window.__pwned") is None
            if place != "paper":
                assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[place][0]

    def test_axe_finds_nothing_serious(self, browser, files, name):
        assert grave(browser, files[name], "light", {}) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["binary", "failed rungs", "amended and leaking"])
def test_axe_finds_every_colour_legible_by_night(browser, files, name):
    assert grave(browser, files[name], "dark", {"runOnly": ["color-contrast"]}) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", ["desk", "phone"])
def test_axe_finds_nothing_serious_on_the_page_of_a_proposal(browser, folder, place):
    """The example that ships; its blocks of code and its tables are wider than a phone."""
    file = folder / f"proposal-{place}.html"
    file.write_text(proposal_page(EXAMPLE.read_text("utf8"), set(), {}), encoding="utf-8")
    with Opened(browser, file, WIDTHS[place], bypass_csp=True) as opened:
        wider = "[...document.querySelectorAll('pre')].filter(each => each.scrollWidth > each.clientWidth).length"
        assert opened.page.evaluate(wider) >= 1
        assert _grave(opened.page, {}) == []


def grave(browser, file, scheme, rules):
    """What axe-core calls serious or critical with every fold open; the insides of pictures are one image each."""
    with Opened(browser, file, WIDTHS["desk"], color_scheme=scheme, bypass_csp=True) as opened:
        opened.page.click("#all")
        return _grave(opened.page, rules)


def _grave(page, rules):
    options = {"resultTypes": ["violations"], **rules}
    found = Axe().run(page, context={"exclude": [["svg > *"]]}, options=options).response["violations"]
    told = [(one["id"], one["impact"], one["nodes"][0]["html"][:150]) for one in found]
    return [one for one in told if one[1] in {"serious", "critical"}]


@pytest.fixture
def binary(browser, files):
    with Opened(browser, files["binary"], WIDTHS["desk"]) as opened:
        yield opened.page


RUNGS = 'main > .wide tbody th[scope="row"] button'


def rungs(page):
    return page.locator(RUNGS).all_text_contents()


@pytest.mark.parametrize(
    ("heading", "once", "twice"),
    [
        ("rung", ["dummy", "stump", "linear", "tree", "boosting"], ["boosting", "tree", "linear", "stump", "dummy"]),
        ("log_l", ["dummy", "stump", "tree", "linear", "boosting"], ["boosting", "linear", "tree", "stump", "dummy"]),
        ("gain (", ["linear", "stump", "boosting", "tree", "dummy"], ["tree", "boosting", "stump", "linear", "dummy"]),
        ("verdict", ["dummy", "boosting", "stump", "linear", "tree"], ["tree", "stump", "linear", "boosting", "dummy"]),
        ("size", ["boosting", "linear", "tree", "stump", "dummy"], ["dummy", "stump", "tree", "linear", "boosting"]),
    ],
)  # fmt: skip
def test_a_heading_sorts_and_gives_the_order_back(binary, heading, once, twice):
    before = rungs(binary)
    button = binary.locator("main > .wide thead button", has_text=heading).first
    for order in (once, twice, before):
        button.click()
        assert rungs(binary) == order
    assert binary.locator("main > .wide th[aria-sort]").count() == 0


@pytest.mark.slow
def test_sorting_says_which_way_it_goes(binary):
    heading = binary.locator("main > .wide th", has_text="skill")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"


@pytest.mark.slow
def test_the_keyboard_reaches_everything_and_enter_works(binary):
    reached = []
    for _ in range(60):
        binary.keyboard.press("Tab")
        told = "document.activeElement.textContent.trim().slice(0, 24)"
        reached.append(binary.evaluate(f"document.activeElement.tagName + ' ' + {told}"))
    assert any(one.startswith("BUTTON skill") for one in reached)
    assert any(one.startswith("BUTTON Open all") for one in reached)
    folds = binary.locator("details > summary")
    assert len({one for one in reached if one.startswith("SUMMARY")}) == folds.count()
    binary.locator("main > .wide thead button", has_text="skill").focus()
    binary.keyboard.press("Enter")
    assert rungs(binary)[0] == "boosting"
    folds.first.focus()
    binary.keyboard.press("Enter")
    assert binary.locator("details[open]").count() == 1


@pytest.mark.slow
def test_folds_are_closed_at_first_and_open_and_close_together(binary):
    folds = binary.locator("details").count()
    assert binary.locator("details[open]").count() == 0
    binary.click("#all")
    assert binary.locator("details[open]").count() == folds
    binary.click("#all")
    assert binary.locator("details[open]").count() == 0


@pytest.mark.slow
def test_a_mark_tells_what_it_is_under_the_pointer_and_its_rung_stands_out_everywhere(binary):
    mark = binary.locator('.broad path[data-rung="4"]').last
    mark.hover()
    assert binary.locator("#tip").text_content().startswith("boosting")
    assert binary.locator('tr.on[data-rung="4"]').count() == 1
    assert binary.locator(".broad [data-rung].on").count() == binary.locator('.broad [data-rung="4"]').count() > 2
    binary.mouse.move(3, 3)
    assert binary.locator("#tip").is_hidden()
    assert binary.locator(".on").count() == 0


@pytest.mark.slow
def test_arrow_keys_go_through_the_marks_of_a_picture(binary):
    binary.locator(".picture.broad").focus()
    told = []
    for _ in range(3):
        binary.keyboard.press("ArrowRight")
        told.append(binary.locator("#tip").text_content())
    assert len(set(told)) == 3
    binary.keyboard.press("Escape")
    assert binary.locator("#tip").is_hidden()


@pytest.mark.slow
def test_a_rung_is_held_by_its_name_until_escape(binary):
    name = binary.locator(RUNGS, has_text="linear")
    name.click()
    binary.mouse.move(3, 3)
    assert name.get_attribute("aria-pressed") == "true"
    assert binary.locator('tr.on[data-rung="2"]').count() == 1
    binary.keyboard.press("Escape")
    assert name.get_attribute("aria-pressed") == "false"
    assert binary.locator(".on").count() == 0


@pytest.mark.slow
def test_a_finger_does_what_a_pointer_does(browser, files):
    with Opened(browser, files["binary"], WIDTHS["phone"], has_touch=True) as opened:
        opened.page.locator('.narrow path[data-rung="2"]').last.tap()
        assert opened.page.locator("#tip").text_content().startswith("linear")


def test_the_first_screen_answers_at_both_widths(browser, files):
    for place in ("desk", "phone"):
        with Opened(browser, files["binary"], WIDTHS[place]) as opened:
            page, height = opened.page, WIDTHS[place][1]
            ladder = ".picture.broad svg" if place == "desk" else ".picture.narrow svg"
            for part in ("h1", ".lead", ".answers", ladder):
                box = page.locator(part).bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= height, (place, part)
            assert page.locator(".picture.narrow" if place == "desk" else ".picture.broad").is_hidden()


@pytest.mark.slow
def test_paper_has_every_fold_open_and_is_a_few_pages(browser, files, folder):
    with Opened(browser, files["binary"], WIDTHS["paper"], color_scheme="dark") as opened:
        page = opened.page
        page.emulate_media(media="print", color_scheme="dark")
        insides = page.locator("details > .inside")
        heights = [insides.nth(place).bounding_box()["height"] for place in range(insides.count())]
        assert len(heights) >= 10
        assert min(heights) > 20
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("#all").is_hidden()
        page.emulate_media(media=None)
        paper = page.pdf(path=folder / "page.pdf", format="A4")
        pages = len(re.findall(rb"/Type\s*/Page\b", paper))
        assert 5 <= pages <= 40
        assert page.locator("details[open]").count() == 0  # as it was before


def test_without_scripts_the_page_still_reads(browser, files):
    with Opened(browser, files["binary"], WIDTHS["desk"], java_script_enabled=False) as opened:
        page = opened.page
        assert "Stay with linear" in page.locator("h1").text_content()
        assert page.locator(".broad svg").is_visible()
        assert page.locator("main > .wide tbody tr").count() == 5
        assert page.locator("#all").is_hidden()
        page.locator("summary").first.click()
        assert page.locator("details[open] .inside").first.is_visible()


@pytest.mark.slow
def test_an_address_opens_its_fold(browser, files):
    with Opened(browser, files["binary"], WIDTHS["desk"]) as opened:
        opened.page.goto(f"{files['binary'].as_uri()}#leaks")
        opened.page.evaluate("location.hash = '#trust'")
        opened.page.wait_for_selector("details#trust[open]")


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_PAGE_NAMES)
def test_a_hostile_name_in_every_field_is_shown_and_not_run(browser, folder, name):
    """Also with the policy of the page switched off: escaping alone must do."""
    found = renamed(told("amended"), name)
    file = folder / "hostile.html"
    file.write_text(leaderboard_html(found), encoding="utf-8")
    for bypass in (False, True):
        with Opened(browser, file, WIDTHS["desk"], bypass_csp=bypass) as opened:
            opened.page.click("#all")
            opened.page.wait_for_timeout(50)
            assert opened.page.evaluate("window.__pwned") is None
            assert opened.said == []
            assert opened.asked == [file.as_uri()]
            assert opened.page.locator("tbody th button").filter(has_text=name).count() >= 3


def renamed(found, name):
    """The evidence with all free text replaced by this name (rungs get a number behind it)."""
    kept = {
        "status",
        "verdict",
        "kind",
        "task",
        "arm",
        "level",
        "seen",
        "nearer",
        "answer",
        "method",
        "multiplicity",
        "states",
    }
    rungs = {row.rung: f"{name}{place}" for place, row in enumerate(found.board.rungs)}

    def changed(value, key=""):
        if key in kept or key.endswith(("hash", "digest", "verdict")):
            return value
        if isinstance(value, str):
            return rungs.get(value, name) if value and not re.fullmatch(r"[\d:+T.-]+", value) else value
        if is_dataclass(value):
            return replace(value, **{one.name: changed(getattr(value, one.name), one.name) for one in fields(value)})
        if isinstance(value, dict):
            return {rungs.get(one, one): changed(each) for one, each in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(changed(each, key) for each in value)
        return value

    board = changed(replace(found.board, audit=found.board.audit))
    board = replace(board, metric=found.board.metric, folds=found.board.folds, audit=replace(
        board.audit, checks=(name,), findings=tuple(replace(each, check=name) for each in board.audit.findings)
    ))  # fmt: skip
    return replace(found, board=board, diagnostics=changed(DIAGNOSED), ledger=changed(found.ledger),
                   environment=changed(found.environment))  # fmt: skip


def test_the_hostile_names_are_the_ones_of_the_boards():
    assert any("<script>" in name for name in HOSTILE_NAMES)
