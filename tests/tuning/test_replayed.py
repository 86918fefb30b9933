"""Two tables of trials of one study: equal, or the first difference with its size."""

from dataclasses import replace

import pytest

from kiss_bench.evaluation.exam import Trial
from kiss_bench.runs.trials import differences

ONE = Trial(
    number=0, state="COMPLETE", value=0.5, inner_values=(0.4, 0.6), params={"a": 1.0, "b": "x"}, seconds=1.0, seed=7
)
TWO = replace(ONE, number=1, seed=8)


def test_what_only_took_another_time_is_equal():
    assert differences((ONE, TWO), (replace(ONE, seconds=9.0, started=5.0, reason="words"), TWO)) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"value": 0.75}, "trial 0: value 0.5 then, 0.75 now (a difference of 0.25)"),
        ({"value": 0.5000000001}, "trial 0: value 0.5 then, 0.5000000001 now (a difference of 1e-10)"),
        ({"inner_values": (0.4, 0.7)}, "trial 0: inner value 1 0.6 then, 0.7 now (a difference of 0.1)"),
        ({"inner_values": (0.4,)}, "trial 0: number of inner values 2 then, 1 now (a difference of 1)"),
        ({"params": {"a": 1.5, "b": "x"}}, "trial 0: parameter a 1.0 then, 1.5 now (a difference of 0.5)"),
        ({"params": {"a": 1.0}}, "trial 0: parameter b 'x' then, 'not there' now"),
        ({"params": {"a": True, "b": "x"}}, "trial 0: parameter a 1.0 then, True now"),
        ({"state": "PRUNED"}, "trial 0: state 'COMPLETE' then, 'PRUNED' now"),
        ({"state": "FAIL", "error": "ValueError"}, "trial 0: state 'COMPLETE' then, 'FAIL' now"),
        ({"seed": 9}, "trial 0: seed 7 then, 9 now"),
    ],
)
def test_a_trial_that_differs_is_told_with_its_size(changed, told):
    found = differences((ONE, TWO), (replace(ONE, **changed), TWO))
    assert [str(one) for one in found] == [told]


def test_the_size_is_the_largest_of_a_trial():
    found = differences((ONE,), (replace(ONE, inner_values=(0.5, 0.6), value=0.9),))
    assert (found[0].what, found[0].size) == ("inner value 0", pytest.approx(0.4))


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ((ONE, TWO), (ONE,), "trial 1: state 'COMPLETE' then, 'none' now"),
        ((ONE,), (ONE, TWO), "trial 1: state 'none' then, 'COMPLETE' now"),
    ],
)
def test_a_trial_that_one_side_lacks_differs(then, now, told):
    assert [str(one) for one in differences(then, now)] == [told]
