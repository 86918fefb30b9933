"""The share of a parameter that decides everything is nearly all; of too few trials the record says so."""

from dataclasses import replace

import numpy as np
import pytest

from kiss_bench.evaluation.exam import Trial
from kiss_bench.rungs import Parameter
from kiss_bench.runs.trials import ENOUGH, importance_of

SPACE = (
    Parameter(name="matters", kind="float", low=0.0, high=1.0),
    Parameter(name="idle", kind="float", low=0.0, high=1.0),
)


def study(trials, offset=0.0, state="COMPLETE", seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for number in range(trials):
        params = {"matters": float(rng.uniform()), "idle": float(rng.uniform())}
        value = offset + (params["matters"] - 0.3) ** 2
        found.append(
            Trial(number=number, state=state, value=value, inner_values=(value,), params=params, seconds=0.0, seed=0)
        )
    return tuple(found)


@pytest.mark.parametrize("maximise", [False, True])
def test_what_decides_has_nearly_all_of_the_share(maximise):
    sign = -1.0 if maximise else 1.0
    studies = [study(40, offset=10.0 * fold, seed=fold) for fold in range(3)]
    if maximise:
        studies = [tuple(replace(trial, value=sign * trial.value) for trial in trials) for trials in studies]
    found = importance_of(SPACE, studies, maximise=maximise, sampled="random")
    assert found.shares["matters"] > 0.9
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert (found.reliable, found.trials) == (True, 3 * 39)
    assert found.excluded == pytest.approx(3 / 120)


def test_too_few_complete_trials_are_said_not_to_be_reliable():
    found = importance_of(SPACE, [study(20)], maximise=False, sampled="tpe")
    assert not found.reliable
    assert found.caveats[-1] == f"not reliable: 19 complete trials, and it takes {ENOUGH}"
    assert "looks where it was good before" in found.caveats[0]


@pytest.mark.parametrize("trials", [(), study(1), study(30, state="FAIL")])
def test_of_nothing_nothing_is_told(trials):
    assert importance_of(SPACE, [trials], maximise=False, sampled="tpe").shares == {}


def test_the_only_parameter_has_it_all_once_there_is_anything_to_have():
    assert importance_of(SPACE[:1], [study(5)], maximise=False, sampled="grid").shares == {"matters": 1.0}
    assert importance_of(SPACE[:1], [()], maximise=False, sampled="grid").shares == {}


def test_a_study_of_wild_values_has_no_more_say_than_a_tame_one():
    tame, wild = study(60, seed=1), study(60, seed=2)
    tilted = tuple(replace(trial, value=1e6 * trial.params["idle"]) for trial in wild)
    found = importance_of(SPACE, [tame, tame, tame, tilted], maximise=False, sampled="random")
    assert found.shares["matters"] > found.shares["idle"]


def test_conditional_parameters_are_marked():
    line = Parameter(name="idle", kind="float", low=0.0, high=1.0, when={"matters": (0.5,)})
    found = importance_of((SPACE[0], line), [study(60)], maximise=False, sampled="random")
    assert "searched only at some values of others, and compared where they were: idle" in found.caveats
