import inspect
import math
from collections import Counter
from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler

from kiss_bench.rungs import Parameter, shipped_rungs
from kiss_bench.tuning.sampling import (
    SAMPLERS,
    SamplerChoice,
    Study,
    distribution_of,
    grid_of,
    grid_size,
    holds,
    in_order,
    sampler_facts,
    sampler_faults,
)

RUNGS = shipped_rungs()
SPACES = [pytest.param(rung.space(task), id=f"{rung.name}-{task}")
          for rung in RUNGS.values() for task in rung.tasks if rung.space(task)]  # fmt: skip
A = Parameter(name="a", kind="float", low=0.1, high=10.0, log=True)
B = Parameter(name="b", kind="int", low=1, high=3)
C = Parameter(name="c", kind="choice", choices=("x", "y", None, True))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (A, FloatDistribution(0.1, 10.0, log=True)),
        (B, IntDistribution(1, 3)),
        (Parameter(name="b", kind="int", low=1.0, high=64.0, log=True), IntDistribution(1, 64, log=True)),
        (C, CategoricalDistribution(("x", "y", None, True))),
    ],
)
def test_a_line_of_a_space_becomes_the_distribution_it_says(line, expected):
    assert distribution_of(line) == expected


def test_a_range_without_ends_is_refused():
    with pytest.raises(ValueError, match="parameter 'a' has no range"):
        distribution_of(Parameter(name="a", kind="float"))


@pytest.mark.parametrize(
    ("line", "value", "inside"),
    [
        (A, 0.1, True), (A, 10, True), (A, 0.09, False), (A, "sqrt", False), (A, None, False), (A, True, False),
        (B, 3, True), (B, 0, False), (C, "x", True), (C, None, True), (C, True, True), (C, 1, False), (C, "z", False),
    ],
)  # fmt: skip
def test_a_default_is_told_to_the_sampler_only_where_the_range_holds_it(line, value, inside):
    assert holds(distribution_of(line), value) is inside


@pytest.mark.parametrize("trials", [1, 2, 5, 30, 100])
@pytest.mark.parametrize("space", SPACES)
def test_a_grid_has_at_least_as_many_points_as_trials_all_inside_the_ranges(space, trials):
    grid = grid_of(space, trials)
    assert grid_size(space, trials) == math.prod(len(values) for values in grid.values()) >= trials
    for line in space:
        values = grid[line.name]
        assert len(set(values)) == len(values) >= 2
        assert all(holds(distribution_of(line), value) for value in values)
        if line.kind != "choice":
            assert (values[0], values[-1]) == (line.low, line.high)


@pytest.mark.parametrize(
    ("space", "points"),
    [((C,), 4), ((B,), 3), ((B, C), 12), ((Parameter(name="n", kind="int", low=2, high=20, log=True),), 19)],
)
def test_a_grid_of_choices_and_whole_numbers_has_no_more_points_than_they_have(space, points):
    assert grid_size(space, 30) == points


def asked(space, sampler, trials, study_seed=7):
    study = Study(space, SamplerChoice(name=sampler), trials, maximise=False)
    study.add_default({"a": 1.0}, 1.0, failed=False)
    found = []
    for number in range(1, trials):
        trial, params = study.ask(100 + number, study_seed)
        study.tell(trial, 1.0, [1.0, 1.0], "COMPLETE")
        found.append(params)
    return found


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("space", SPACES)
def test_every_sampler_stays_inside_every_space_and_repeats_itself(space, sampler):
    one, other = (asked(space, sampler, 12) for _ in range(2))
    assert one == other
    assert len(one) == 11
    for params in one:
        assert all(holds(distribution_of(line), params[line.name]) for line in space)


def test_a_grid_visits_every_point_once_before_it_visits_any_twice():
    visits = Counter(params["c"] for params in asked((C,), "grid", 5))
    assert visits == {"x": 1, "y": 1, None: 1, True: 1}
    assert len(asked((C,), "grid", 20)) == 19


def test_a_grid_walks_in_an_order_of_its_study_and_others_by_the_seed_of_each_trial():
    assert asked((A, B), "grid", 9, study_seed=1) != asked((A, B), "grid", 9, study_seed=2)
    assert asked((A, B), "random", 9, study_seed=1) == asked((A, B), "random", 9, study_seed=2)


@pytest.mark.parametrize("state", ["COMPLETE", "PRUNED", "FAIL"])
def test_every_state_is_told_and_counted(state):
    study = Study((A,), SamplerChoice(name="random"), 3, maximise=True)
    trial, _ = study.ask(1, 1)
    study.tell(trial, 0.5 if state == "COMPLETE" else None, [0.4, 0.5], state)
    assert [one.state.name for one in study.study.trials] == [state]
    assert study.study.trials[0].intermediate_values == {0: 0.4, 1: 0.5}


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_record_names_the_sampler_its_library_and_every_argument(name):
    facts = sampler_facts(SamplerChoice(name=name))
    assert facts["implementation"] == SAMPLERS[name].__name__
    assert facts["library"].startswith("optuna 5.")
    assert facts["seed"] == ("one of the study" if name == "grid" else "one of each trial")
    if name == "tpe":
        assert set(facts["arguments"]) == set(inspect.signature(TPESampler.__init__).parameters) - {"self", "seed"}
        assert facts["arguments"]["n_startup_trials"] == facts["in_force"]["n_startup_trials"] == 10
        assert facts["arguments"]["consider_endpoints"] is None
        assert facts["in_force"]["consider_endpoints"] is False, "what the default amounts to"
        given = sampler_facts(SamplerChoice(name="tpe", settings={"n_startup_trials": 3}))
        assert given["arguments"]["n_startup_trials"] == given["in_force"]["n_startup_trials"] == 3


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("tpe", {"n_startup_trials": 5, "multivariate": True}, []),
        ("tpe", {"n_startups": 5}, "'n_startups'"),
        ("tpe", {"seed": 5}, "'seed'"),
        ("tpe", {"gamma": "x"}, "'gamma'"),
        ("tpe", {"n_startup_trials": 0, "prior_weight": 2, "constant_liar": False}, []),
        ("tpe", {"n_startup_trials": -1}, "n_startup_trials: -1"),
        ("tpe", {"n_startup_trials": True}, "n_startup_trials: True"),
        ("tpe", {"n_ei_candidates": 0}, "n_ei_candidates: 0"),
        ("tpe", {"prior_weight": 0}, "prior_weight: 0"),
        ("tpe", {"multivariate": "yes"}, "multivariate: 'yes'"),
        ("random", {"n": 1}, "'n'"),
        ("grid", {"search_space": {}}, "'search_space'"),
        ("grid", {}, []),
    ],
)
def test_arguments_that_a_sampler_does_not_take_are_refused(name, settings, told):
    faults = sampler_faults(SamplerChoice(name=name, settings=settings))
    assert (faults[0][0] if faults else []) == told


STRENGTH = Parameter(name="strength", kind="float", low=0.1, high=1.0)
PENALTY = Parameter(name="penalty", kind="choice", choices=("none", "l1", "l2"))
RATIO = Parameter(name="ratio", kind="float", low=0.0, high=1.0, when={"penalty": ("l1",)})
ROUNDS = Parameter(name="rounds", kind="int", low=1, high=5, when={"ratio": (0.5,), "penalty": ("l1", "l2")})


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_conditional_parameter_is_searched_where_its_parent_says_and_nowhere_else(sampler):
    found = asked((RATIO, STRENGTH, PENALTY), sampler, 40)
    assert {params["penalty"] for params in found} == {"none", "l1", "l2"}
    assert all(("ratio" in params) == (params["penalty"] == "l1") for params in found)
    assert all("strength" in params for params in found)


def test_lines_come_after_those_that_they_depend_on():
    assert [line.name for line in in_order((ROUNDS, RATIO, STRENGTH, PENALTY))] == [
        "strength", "penalty", "ratio", "rounds",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ((RATIO,), "'ratio' depends on 'penalty', which is not in the space"),
        ((replace(STRENGTH, when={"strength": (1.0,)}),), "'strength' depend on each other in a circle"),
        ((RATIO, replace(PENALTY, when={"ratio": (0.5,)})), "'ratio', 'penalty' depend on each other in a circle"),
    ],
)
def test_conditions_that_cannot_be_are_refused(space, told):
    with pytest.raises(ValueError, match=told):
        in_order(space)
