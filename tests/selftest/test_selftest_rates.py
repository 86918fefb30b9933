"""Rates and their Monte-Carlo errors, and what makes a no."""

import dataclasses
import math
import sys
from pathlib import Path

import pytest
from scipy.stats import binomtest
from shapes import FOLDS, shape
from statsmodels.stats.proportion import proportion_confint

from kiss_bench.errors import KissBenchError
from kiss_bench.judge import compare_rows, judge
from kiss_bench.judge.judgement import Recommended
from kiss_bench.metrics import METRICS
from kiss_bench.records.keys import PACKAGE
from kiss_bench.runs.judging import judge_progress
from kiss_bench.runs.units import Progress
from kiss_bench.selftest import draws
from kiss_bench.selftest.draws import Draw, Place, drawn, judged, simulated_exam
from kiss_bench.selftest.report import Rate, rates_of, verdict_sentences
from kiss_bench.selftest.scenarios import SCENARIOS, simulated_frame
from kiss_bench.selftest.shape import shape_of
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tuning.unit import run_unit

COUNTS = [(0, 20), (1, 20), (7, 200), (92, 100), (200, 200)]


@pytest.mark.parametrize(("count", "total"), COUNTS)
def test_intervals_are_wilsons(count, total):
    rate = Rate(count=count, total=total)
    assert rate.interval() == pytest.approx(proportion_confint(count, total, method="wilson"), abs=1e-12)
    interval = binomtest(count, total).proportion_ci(method="wilson")
    assert rate.interval() == pytest.approx((interval.low, interval.high), abs=1e-12)


@pytest.mark.parametrize(("count", "total"), COUNTS)
def test_the_error_is_half_of_wilsons_interval_at_one_standard_deviation(count, total):
    low, high = proportion_confint(count, total, alpha=2 * 0.15865525393145707, method="wilson")
    assert Rate(count=count, total=total).error == pytest.approx((high - low) / 2, abs=1e-9)


@pytest.mark.parametrize(("count", "total"), [(7, 200), (92, 100), (50, 1000)])
def test_away_from_the_ends_the_error_is_the_binomial_one(count, total):
    share = count / total
    assert Rate(count=count, total=total).error == pytest.approx(math.sqrt(share * (1 - share) / total), rel=0.06)


@pytest.mark.parametrize(
    ("count", "total", "beyond"), [(0, 100, False), (5, 100, False), (15, 100, False), (20, 100, True), (6, 6, True)]
)
def test_a_rate_is_too_high_beyond_three_errors(count, total, beyond):
    assert Rate(count=count, total=total).exceeds(0.05) is beyond


def one(scenario, number, recommended, highest="dummy", over="dummy", **others):
    facts = {"level": 0.05, **others}
    return Draw(scenario=scenario, number=number, recommended=recommended, over=over, highest=highest, **facts)


def test_draws_are_counted_by_what_is_true():
    draws = [
        *(one("noise", 0, "dummy", over=""), one("noise", 1, "tree", "boosting")),
        *(one("linear", 0, "dummy", "linear"), one("linear", 1, "linear", "tree"), one("linear", 2, "boosting")),
        *(one("interactions", 0, "linear", "tree"), one("interactions", 1, "boosting", "boosting")),
        *(one("equal", 0, "second", "second", over="dummy"), one("equal", 1, "second", "first", over="first")),
    ]
    noise, linear, interactions, equal = rates_of(draws)
    assert (noise.needless, noise.needless_by_mean, noise.found) == (hits(1, 2), hits(1, 2), None)
    assert (linear.needless, linear.needless_by_mean) == (hits(1, 3), hits(1, 3))
    assert (linear.found, linear.found_by_mean) == (hits(2, 3), hits(2, 3))
    assert (interactions.needless, interactions.found, interactions.found_by_mean) == (None, hits(1, 2), hits(2, 2))
    # alone above the dummy the second is no worse than the first; only over the first it is needless
    assert (equal.needless, equal.needless_by_mean, equal.found) == (hits(1, 2), hits(1, 2), hits(2, 2))


def hits(count, total):
    return Rate(count=count, total=total)


def test_tables_that_cannot_be_judged_are_left_out_and_told():
    draws = [one("noise", 0, "dummy", over=""), Draw(scenario="noise", number=1, refused="fold 0: no positives")]
    (noise,) = rates_of(draws)
    assert (noise.draws, noise.refused, noise.needless) == (1, 1, hits(0, 1))
    assert "1 of 2 tables (no rung helps) could not be judged" in verdict_sentences([noise])[-1]
    with pytest.raises(KissBenchError, match=r"none of 1 simulated tables \(no rung helps\) can be judged: fold 0"):
        rates_of(draws[1:])


# real draws


@pytest.fixture(scope="module")
def small():
    return shape("binary", "shuffled", folds={"kind": "shuffled", "count": 2, "repeats": 1})


@pytest.mark.slow
@pytest.mark.parametrize("scheme", FOLDS)
def test_benchmarks_of_every_kind_of_folds_are_judged(scheme):
    kind = "binary" if scheme == "stratified" else "regression"
    found = drawn(shape(kind, scheme), Place(scenario="linear", number=0))
    assert (found.refused, found.highest) == ("", "linear")


def promotes_always(progress):
    """A judge that takes whatever is most complex."""
    found = judge_progress(progress)
    top, below = found.entries[-1], found.entries[-2]
    entries = (*found.entries[:-1], dataclasses.replace(top, incumbent=below.rung, verdict="JUSTIFIED"))
    chosen = Recommended(rung=top.rung, arm="default", why="it is the most complex")
    return dataclasses.replace(found, entries=entries, recommended=chosen)


def rates_under(shape, judge, draws=4):
    places = [Place(scenario=name, number=number) for number in range(draws) for name in SCENARIOS]
    return {rate.scenario: rate for rate in rates_of([drawn(shape, place, judge) for place in places])}


@pytest.mark.slow
def test_a_judge_that_always_promotes_is_caught(small):
    found = rates_under(small, promotes_always)
    assert {name for name, rate in found.items() if rate.too_many} == {"noise", "linear", "equal"}
    assert found["noise"].needless == hits(4, 4)
    assert any(sentence.startswith("Too many (no rung helps)") for sentence in verdict_sentences([*found.values()]))


@pytest.mark.slow
def test_the_judge_of_a_run_passes(small):
    found = rates_under(small, judge_progress)
    assert not any(rate.too_many for rate in found.values())
    assert {rate.level for rate in found.values()} == {0.05}


@pytest.mark.slow
def test_contested_pairs_are_run_on_more_repeats_as_in_a_run():
    drawn_with_repeats = shape("binary", "stratified")
    places = [Place(scenario="equal", number=number) for number in range(6)]
    exams = [simulated_exam(drawn_with_repeats, SCENARIOS["equal"], place) for place in places]
    tested = [entry.comparison for exam in exams for entry in judged(exam).entries if entry.comparison]
    assert {comparison.repeats for comparison in tested} == {1, 5}
    assert not any(comparison.contested for comparison in tested)


@pytest.mark.slow
def test_a_draw_is_a_pure_function_of_shape_and_place(small):
    place = Place(scenario="linear", number=5)
    assert drawn(small, place) == drawn(small, place)


# what makes stored draws stale


def test_every_source_that_decides_a_draw_is_found_from_imports(monkeypatch):
    found = set[Path]()
    monkeypatch.setattr(draws, "source_hash", lambda files: found.update(files) or "hash")
    draws.deciding_sources.cache_clear()
    assert draws.deciding_sources() == "hash"
    draws.deciding_sources.cache_clear()
    assert [file for file in found if not file.is_file()] == []
    deciding = (simulated_frame, shape_of, draw_folds, run_unit, Progress, judge_progress, judge, compare_rows, METRICS)
    modules = [getattr(one, "__module__", None) or "kiss_bench.metrics" for one in deciding]
    assert {Path(sys.modules[name].__file__) for name in modules} <= found
    assert {*(PACKAGE / "rungs").glob("*.py")} <= found  # found by folder, by their names in a plan
    places = {path.relative_to(PACKAGE).parts[0] for path in found}
    assert not places & {"cli", "reports", "watching", "watching.py"}
    assert Path(sys.modules["kiss_bench.selftest.report"].__file__) not in found
