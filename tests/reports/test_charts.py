"""Charts: valid Vega-Lite, values of the record, each mark where its value is, and the same bytes every time."""

import itertools
import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from boards import BOARDS, EXPLODED, HOSTILE_NAMES, INTERVALS, NOISE, PROMOTED, STAYS, TROUBLE
from diagnoses import DIAGNOSED, PREDICTED, READINGS, evidence, told
from page_numbers import files_of, leaves
from tunings import TUNING

from kiss_bench.reports import evidence_reports
from kiss_bench.reports.charts.ladder import NARROW, WIDE, cost_chart, cost_panels, ladder_chart
from kiss_bench.reports.charts.recommended import (
    importance_chart,
    is_told,
    slices_chart,
    terms_chart,
    trust_chart,
    trust_panels,
)
from kiss_bench.reports.charts.theme import (
    ACCENT,
    NEUTRAL,
    ON_DARK,
    OTHER,
    VERDICT_COLOURS,
    climb,
    forget_drawings,
    gain_span,
    inline_svg,
    score_span,
    steps,
    svg_file,
    tips,
)
from kiss_bench.reports.charts.tuning import budget_charts, trials_caption, trials_charts, tuned_chart
from kiss_bench.reports.html import leaderboard_html
from kiss_bench.reports.markdown import leaderboard_markdown

SVG = "{http://www.w3.org/2000/svg}"
VEGA_LITE = jsonschema.Draft7Validator(
    json.loads((files("altair.vegalite.v6.schema") / "vega-lite-schema.json").read_text("utf8"))
)
OF_THE_RECORD = (
    *("score", "low", "high", "gain", "gain_low", "gain_high", "bar", "tuned", "plain", "cost", "probability", "share"),
    *("observed", "value", "middle", "predicted", "actual", "line", "margin"),
)
"""Fields of a datum that stand for a number of the record; the others are places on the page."""


def all_charts(found):
    """Every chart of this evidence, by name."""
    board, diagnostics, objective = found.board, found.diagnostics, found.tuning.objective
    specs = {
        "ladder": ladder_chart(board, WIDE), "narrow": ladder_chart(board, NARROW), "cost": cost_chart(board),
        "tuned": tuned_chart(board), "trust": trust_chart(board, diagnostics),
        **{f"cost {n}": spec for n, spec in enumerate(cost_panels(board))},
        **{f"trust {n}": spec for n, spec in enumerate(trust_panels(board, diagnostics))},
        **{f"budget {n}": spec for n, spec in enumerate(budget_charts(found.tuning))},
    }  # fmt: skip
    if diagnostics is not None:
        better = objective.greater_is_better
        trials = trials_charts(diagnostics, objective.metric, greater_is_better=better)
        specs |= {f"trials {n}": spec for n, spec in enumerate(trials)}
        specs |= {"slices": slices_chart(diagnostics)}
        specs |= {"importance": diagnostics.importance and importance_chart(diagnostics.importance)}
        specs |= {f"terms {n}": terms_chart(reading) for n, reading in enumerate(diagnostics.readings)}
    return {name: spec for name, spec in specs.items() if spec is not None}


def data_of(spec):
    """All data of a specification."""
    if isinstance(spec, dict):
        for key, part in spec.items():
            if key == "data":
                yield from part["values"]
            yield from data_of(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from data_of(part)


@pytest.mark.parametrize("name", BOARDS)
class TestEveryChartOfEveryBoard:
    def test_is_valid_vega_lite(self, name):
        for spec in all_charts(told(name)).values():
            VEGA_LITE.validate(spec)

    def test_shows_values_of_the_record(self, name):
        found = told(name)
        numbers = {float(leaf) for leaf in leaves(list(files_of(found).values())) if isinstance(leaf, int | float)}
        numbers |= {0.0} | set(score_span(found.board) or ()) | set(gain_span(found.board))
        shown = 0
        for chart, spec in all_charts(found).items():
            for datum in data_of(spec):
                values = [
                    datum[field] for field in OF_THE_RECORD if field in datum and not isinstance(datum[field], str)
                ]
                if "from" not in datum and set(datum) - {"probability", "observed", "predicted", "actual"}:
                    shown += len(values)
                    lost = [value for value in values if value not in numbers]
                    assert (chart, lost) == (chart, [])
        assert shown > 0 or not all_charts(found)

    def test_says_what_it_shows_and_holds_finite_numbers_alone(self, name):
        for spec in all_charts(told(name)).values():
            assert len(spec["description"]) > 30
            assert all(math.isfinite(value) for datum in data_of(spec) for value in datum.values()
                       if isinstance(value, float))  # fmt: skip


def test_a_mark_that_there_is_not_would_not_be_valid():
    assert not VEGA_LITE.is_valid({"mark": "poin", "data": {"values": []}, "encoding": {}})


class TestTheLadder:
    @pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
    @pytest.mark.parametrize("board", [STAYS, PROMOTED, INTERVALS, NOISE], ids=lambda board: board.project)
    def test_each_point_is_where_its_score_is(self, board, layout):
        points = points_of(ladder_chart(board, layout))
        scored = [(place, row.score) for place, row in enumerate(board.rungs)]
        (one, first), *_, (other, last) = sorted(scored, key=lambda pair: pair[1])
        slope = (points[other][0] - points[one][0]) / (last - first)
        for place, score in scored:
            assert points[place][0] == pytest.approx(points[one][0] + slope * (score - first), abs=0.11)
        heights = [points[place][1] for place, _ in scored]
        assert heights == sorted(heights, reverse=True)  # the simplest at the bottom
        assert [round(a - b) for a, b in itertools.pairwise(heights)] == [layout.step] * (len(heights) - 1)

    @pytest.mark.parametrize("greater", [True, False])
    def test_better_is_to_the_right(self, greater):
        metric = replace(STAYS.metric, greater_is_better=greater)
        points = points_of(ladder_chart(replace(STAYS, metric=metric)))
        best = max(range(5), key=lambda place: STAYS.rungs[place].score * (1 if greater else -1))
        assert max(points, key=lambda place: points[place][0]) == best

    @pytest.mark.parametrize(
        ("name", "way"),
        [
            ("stays", [(0.6109, 0), (0.6109, 1), (0.5702, 1), (0.5702, 2), (0.5134, 2)]),
            ("promoted", [(0.6109, 0), (0.6109, 1), (0.5702, 1), (0.5702, 2), (0.5134, 2), (0.5134, 4), (0.4411, 4)]),
            ("trouble", [(0.6109, 0), (0.6109, 2), (0.5134, 2)]),
            ("noise", [(0.6109, 0)]),
            ("running", []),
            ("nothing judged", []),
        ],
    )
    def test_the_climb_goes_over_promotions_and_stops_at_the_recommended_rung(self, name, way):
        assert climb(BOARDS[name]) == way

    def test_the_band_reaches_from_the_incumbent_to_the_margin_in_the_better_direction(self):
        found = {step.row.rung: (step.bar, round(step.clear, 6)) for step in steps(STAYS)}
        assert found["stump"] == (0.6109, 0.604791)
        assert found["tree"] == found["boosting"] == (0.5134, 0.507291)
        greater = replace(STAYS, metric=replace(STAYS.metric, greater_is_better=True))
        assert {round(step.clear, 6) for step in steps(greater)} == {0.617009, 0.576309, 0.519509}

    def test_failed_and_skipped_rungs_stand_there_with_their_word_and_no_point(self):
        spec = ladder_chart(TROUBLE)
        texts = [text.text for text in ET.fromstring(inline_svg(spec, "x")).iter(f"{SVG}text")]
        assert texts.count("FAILED") == 2
        assert texts.count("skipped") == 1
        assert set(points_of(spec)) == {0, 2, 5}

    def test_a_rung_that_ran_off_leaves_room_for_the_others_and_says_so(self):
        low, high = score_span(EXPLODED)
        assert 0.4 < low < high < 0.7
        texts = [text.text for text in ET.fromstring(inline_svg(ladder_chart(EXPLODED), "x")).iter(f"{SVG}text")]
        assert "3.200e11, off the scale" in texts

    def test_an_end_of_an_interval_that_the_scale_cuts_has_an_arrowhead(self):
        low, high = gain_span(STAYS)
        wide = replace(STAYS.rungs[3], gain=-0.003, gain_low=low - 1.0, gain_high=high + 1.0)
        board = replace(STAYS, rungs=(*STAYS.rungs[:3], wide, *STAYS.rungs[4:]))
        low, high = gain_span(board)
        assert arrowheads(ladder_chart(board)) == [(3, "triangle-left", low), (3, "triangle-right", high)]
        assert arrowheads(ladder_chart(STAYS)) == []

    @pytest.mark.parametrize(("greater", "side"), [(False, "triangle-left"), (True, "triangle-right")])
    def test_the_arrowhead_of_a_score_points_off_the_scale_whichever_way_it_runs(self, greater, side):
        board = replace(STAYS, metric=replace(STAYS.metric, greater_is_better=greater))
        wide = replace(board.rungs[3], score_high=9.0)
        cut = replace(board, rungs=(*board.rungs[:3], wide, *board.rungs[4:]))
        assert [(place, shape) for place, shape, _ in arrowheads(ladder_chart(cut, NARROW))] == [(3, side)]

    def test_a_gain_off_the_scale_says_so(self):
        lost = replace(STAYS.rungs[3], gain=-7.25, gain_low=-8.0, gain_high=-6.0)
        board = replace(STAYS, rungs=(*STAYS.rungs[:3], lost, *STAYS.rungs[4:]))
        texts = [text.text for text in ET.fromstring(inline_svg(ladder_chart(board), "x")).iter(f"{SVG}text")]
        assert "-7.2500, off the scale" in texts
        (datum,) = {row["tip"]: row for row in tips(ladder_chart(board)) if "gain" in row and "beyond" in row}.values()
        assert (datum["gain"], datum["shape"]) == (gain_span(board)[0], "triangle-left")
        assert "gain_low" not in datum

    def test_on_a_phone_no_name_lies_on_the_climb(self):
        spec = ladder_chart(STAYS, NARROW)
        names = {row["rung"]: row["name_x"] for row in data_of(spec) if "name_x" in row}
        dummy = points_of(spec)[0][0]
        assert dummy < 8 * len("dummy")  # else there is nothing to get out of the way of
        assert names["dummy"] > dummy

    def test_marks_are_linked_to_their_rung(self):
        root = ET.fromstring(inline_svg(ladder_chart(STAYS), "x"))
        linked = {mark.get("data-rung"): mark.get("data-tip") for mark in root.iter() if mark.get("data-tip")}
        assert sorted(linked) == ["0", "1", "2", "3", "4"]
        assert all(told.startswith(STAYS.rungs[int(place)].rung) for place, told in linked.items())


def arrowheads(spec):
    """(place, shape, where) of the ends of intervals that are cut."""
    layers = [part for panel in spec.get("hconcat", [spec]) for part in panel["layer"]]
    heads = [part for part in layers if str(part["mark"].get("shape", "")).startswith("triangle")]
    return [
        (row["place"], part["mark"]["shape"], row[part["encoding"]["x"]["field"]])
        for part in heads
        for row in part["data"]["values"]
    ]


def points_of(spec):
    """Place on the ladder -> where its point is in the first panel, in pixels."""
    svg = ET.fromstring(inline_svg(spec, "x"))
    tip = {datum["tip"]: datum["place"] for datum in tips(spec) if "score" in datum and "gain" not in datum}
    found = {}
    for mark in svg.iter(f"{SVG}path"):
        place = tip.get(mark.get("data-tip", ""))
        at = re.fullmatch(r"translate\(([-\d.]+),([-\d.]+)\)", mark.get("transform", ""))
        if place is not None and at is not None:
            found.setdefault(place, (float(at[1]), float(at[2])))
    return found


def test_a_reliability_point_is_where_its_shares_are():
    root = ET.fromstring(inline_svg(trust_chart(STAYS, None), "x"))
    marks = [mark for mark in root.iter(f"{SVG}path") if mark.get("data-tip")]
    places = [tuple(map(float, re.findall(r"[-\d.]+", mark.get("transform")))) for mark in marks]
    bins = STAYS.rungs[2].reliability["bins"]
    for (x, y), each in zip(places, bins, strict=True):
        assert x == pytest.approx(250 * each["probability"], abs=0.1)
        assert y == pytest.approx(230 * (1 - each["observed"]), abs=0.1)


@pytest.mark.parametrize("name", ["stays", "hostile", "intervals"])
def test_drawing_is_the_same_again_whatever_was_drawn_in_between(name):
    charts = all_charts(told(name))
    forget_drawings()
    first = {chart: svg_file(spec, chart) for chart, spec in charts.items()}
    for spec in all_charts(evidence(PROMOTED, PREDICTED)).values():
        inline_svg(spec, "other")
    forget_drawings()
    assert {chart: svg_file(spec, chart) for chart, spec in charts.items()} == first


def test_ids_of_two_drawings_on_a_page_differ():
    html = leaderboard_html(told("stays"))
    ids = re.findall(r'<clipPath id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", BOARDS)
def test_the_markdown_links_to_pictures_that_are_there(name):
    found = told(name)
    files = {file: render(found) for file, render in evidence_reports().items() if file.endswith(".svg")}
    assert set(files) == {"ladder.svg", "cost.svg", "trust.svg"}
    linked = re.findall(r"^!\[(.+)\]\((\w+\.svg)\)$", leaderboard_markdown(found.board), re.MULTILINE)
    assert [file for _, file in linked if files[file] is None] == []
    assert all(len(words) > 30 for words, _ in linked)
    assert ("trust.svg" in dict(map(reversed, linked))) is is_told(found.board)
    for file in ("ladder.svg", "cost.svg"):
        assert (file in dict(map(reversed, linked))) is (files[file] is not None)


@pytest.mark.parametrize("name", ["stays", "hostile", "hostile when checked"])
def test_a_file_is_dark_on_white_and_well_formed(name):
    for file, render in evidence_reports().items():
        if file.endswith(".svg"):
            root = ET.fromstring(render(told(name)))
            assert root.get("style") == "color:#1b1f24;background:#ffffff"
            assert len(root.get("aria-label")) > 30
            assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
                *("svg", "title", "rect", "g", "path", "line", "text", "defs", "clipPath"),
            }
            assert [key for each in root.iter() for key in each.attrib if key.startswith("on") or "href" in key] == []


def test_hostile_names_are_text_in_a_drawing():
    svg = inline_svg(ladder_chart(BOARDS["hostile"]), "x")
    assert "<script" not in svg
    texts = {text.text for text in ET.fromstring(svg).iter(f"{SVG}text")}
    assert {"<script>alert('x')<…", "# heading", "🦔 hedgehog"} <= texts
    assert len(HOSTILE_NAMES) == sum(text is not None and text not in {"dummy", "+broken"} and not text[0].isdigit()
                                     for text in texts if text in {label(name) for name in HOSTILE_NAMES})  # fmt: skip


def label(name):
    from kiss_bench.reports.charts.theme import label as shown

    return shown(name)


PAPERS = {"light": "#fbfaf7", "white": "#ffffff", "dark": "#14171b"}


def test_the_papers_are_those_of_the_style_sheet():
    html = leaderboard_html(told("stays"))
    assert re.findall(r"--paper: (#\w{6})", html) == [
        PAPERS["light"],
        PAPERS["dark"],
        PAPERS["white"],
    ]


@pytest.mark.parametrize("colour", [*VERDICT_COLOURS.values(), ACCENT, OTHER, NEUTRAL])
def test_every_colour_can_be_read_on_both_grounds(colour):
    assert contrast(colour, PAPERS["light"]) >= 4.5
    assert contrast(colour, PAPERS["white"]) >= 4.5
    assert contrast(ON_DARK[colour], PAPERS["dark"]) >= 4.5


def contrast(one, other):
    """WCAG 2.2, 1.4.3."""
    light, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_labels_of_the_cost_chart_lie_on_no_point_and_no_label():
    crowded = tuple(replace(row, score=0.5 + place / 100, fit_seconds=0.02 + place / 100)
                    for place, row in enumerate(STAYS.rungs))  # fmt: skip
    spec = cost_panels(replace(STAYS, rungs=crowded))[0]
    root = ET.fromstring(inline_svg(spec, "x"))
    boxes = []
    for text in root.iter(f"{SVG}text"):
        if text.text in {row.rung for row in crowded}:
            x, y = map(float, re.findall(r"[-\d.]+", text.get("transform"))[:2])
            width = 5.5 * len(text.text)
            left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
            boxes.append((left, y - 9, left + width, y + 2))
    assert len(boxes) == 5
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize(("greater", "best"), [(False, [0.58, 0.58, 0.55, 0.55, 0.55]), (True, [0.58] * 4 + [0.59])])
def test_the_best_so_far_follows_the_complete_trials(greater, best):
    study = replace(DIAGNOSED.trials[0], values=(0.58, 0.1, 0.55, None, 0.59))
    (spec,) = trials_charts(replace(DIAGNOSED, trials=(study,)), "log_loss", greater_is_better=greater)
    line = [datum["value"] for datum in data_of(spec) if "fold" in datum]
    assert line == best


@pytest.mark.parametrize(
    ("greater", "off", "shapes"),
    [
        (False, 9.0, {2: "triangle-down", 4: "triangle-up", 7: "triangle-down"}),
        (True, -9.0, {2: "triangle-down", 4: "triangle-down", 7: "triangle-up"}),
    ],
    ids=["lower is better", "higher is better"],
)
def test_no_trial_that_has_a_value_is_left_out(greater, off, shapes):
    values = (0.58, 0.56, off, 0.57, 0.01, None, 0.55, 7.0)
    states = ("COMPLETE", "COMPLETE", "COMPLETE", "PRUNED", "PRUNED", "FAIL", "COMPLETE", "PRUNED")
    study = replace(DIAGNOSED.trials[0], values=values, states=states)
    found = replace(DIAGNOSED, trials=(study,))
    (spec,) = trials_charts(found, "log_loss", greater_is_better=greater)
    drawn = {}
    for part in spec["layer"]:
        for datum in part["data"]["values"]:
            if "fold" not in datum:
                drawn[datum["trial"]] = (part["mark"]["filled"], datum.get("shape", "circle"))
    filled = {0: True, 1: True, 2: True, 3: False, 4: False, 6: True, 7: False}
    assert drawn == {trial: (full, shapes.get(trial, "circle")) for trial, full in filled.items()}
    assert spec["title"]["subtitle"] == "7 trials, 3 off the scale"
    caption = trials_caption(found, "log_loss")
    assert "complete (4)" in caption
    assert "a mean over fewer inner folds" in caption
    assert "line (3)" in caption


def test_regression_shows_residuals_and_coverage():
    told = [spec["description"] for spec in trust_panels(INTERVALS, PREDICTED)]
    assert [words.split()[0] for words in told] == ["Actual", "What", "Share"]
    assert len(trust_panels(INTERVALS, None)) == 1


def test_long_lists_are_cut_in_pictures_alone():
    many = replace(DIAGNOSED, slices=DIAGNOSED.slices[:6] * 10)
    drawn = [datum for datum in data_of(slices_chart(many)) if "tip" in datum]
    assert len({datum["rank"] for datum in drawn}) == 15
    assert terms_chart(READINGS[0]) is None
    assert len(budget_charts(replace(TUNING, rungs=TUNING.rungs * 20))) == 8
