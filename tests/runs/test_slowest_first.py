"""The order of work: the first table at once, then whatever takes longest, so that no worker waits at the end."""

from dataclasses import replace

from exam_tables import exam_of, outcome_of, plain

from kiss_bench.runs.execution import seconds_left, slowest_first
from kiss_bench.runs.units import Progress

LADDER = ["dummy", "linear", "tree", {"name": "forest", "settings": {"n_estimators": 5}}, "stack"]


def progress_of():
    exam = exam_of(plain(), ladder=LADDER, folds={"count": 2, "repeats": 1}, tuning={"trials": 2})
    return Progress(exam=exam, quick=False)


def told(progress, unit, seconds):
    """The unit ends, having taken so long."""
    found = outcome_of(progress.exam, unit.step.name, unit.arm, unit.fold)
    costs = replace(found.costs, unit_seconds=seconds)
    progress.add(unit, replace(found, purpose=unit.purpose, costs=costs))


def test_every_unit_comes_once_and_default_fits_first_from_the_top_of_the_ladder():
    progress = progress_of()
    units = progress.units()
    order = list(slowest_first(progress, units))
    assert sorted(unit.name for unit in order) == sorted(unit.name for unit in units)
    fits = [unit.step.name for unit in order if unit.purpose == "fit"]
    assert fits == ["forest", "forest", "tree", "tree", "linear", "linear", "dummy", "dummy"]
    assert [unit.purpose for unit in order[:8]] == ["fit"] * 8


def test_then_whatever_takes_longest_by_what_its_default_fit_cost():
    progress = progress_of()
    order = slowest_first(progress, progress.units())
    price = {"forest": 1.0, "tree": 9.0, "linear": 3.0, "dummy": 0.1}
    for _ in range(8):
        unit = next(order)
        told(progress, unit, price[unit.step.name])
    rest = [(unit.step.name, unit.purpose) for unit in order]
    assert rest[:6] == [(name, "search") for name in ("tree", "tree", "linear", "linear", "forest", "forest")]
    assert rest[6:] == [("dummy", "inner")] * 2


def test_what_is_learnt_on_the_way_changes_the_order_of_the_rest():
    progress = progress_of()
    order = slowest_first(progress, progress.units())
    for _ in range(8):
        unit = next(order)
        told(progress, unit, {"tree": 9.0, "linear": 3.0, "forest": 1.0, "dummy": 0.1}[unit.step.name])
    first = next(order)
    assert first.step.name == "tree"
    told(progress, first, 0.001)  # its study was cheap after all
    assert [unit.step.name for unit in order][:3] == ["linear", "linear", "forest"]


def test_of_default_fits_too_the_dearest_comes_first_once_each_price_is_known():
    """A slow rung low on the ladder does not begin when all others have ended."""
    progress = progress_of()
    units = [unit for unit in progress.units() if unit.purpose == "fit"]
    for unit in units[::2]:
        told(progress, unit, {"linear": 9.0, "dummy": 3.0, "tree": 2.0, "forest": 1.0}[unit.step.name])
    left = [unit for unit in units if unit.place not in progress.outcomes]
    assert [unit.step.name for unit in slowest_first(progress, left)] == ["linear", "dummy", "tree", "forest"]


def test_the_time_left_is_that_of_the_work_over_the_workers_but_never_less_than_of_one_unit():
    progress = progress_of()
    units = progress.units()
    fits = [unit for unit in units if unit.purpose == "fit"]
    for unit in fits[:-1]:
        told(progress, unit, 2.0)
    assert seconds_left(progress, fits, jobs=4) == 2.0
    for unit in units:
        if unit.purpose == "search" and unit.step.name == "tree":
            told(progress, unit, 60.0)
    search = [unit for unit in units if unit.purpose == "search" and unit.step.name == "tree"]
    del progress.outcomes[search[-1].place]
    assert {jobs: seconds_left(progress, search, jobs) for jobs in (1, 2, 8)} == dict.fromkeys((1, 2, 8), 60.0)
    assert seconds_left(progress, [search[-1], fits[-1]], jobs=2) == 60.0, "not 31: one worker has 60 s to do"
