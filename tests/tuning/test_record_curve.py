"""What more trials buy: held to counting over all subsets."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiss_bench.evaluation.exam import Trial
from kiss_bench.records.tuning import BudgetPoint
from kiss_bench.runs.trials import (
    best_at_half,
    best_so_far,
    budget_curve,
    enough_trials,
    expected_best,
    marks_of,
    random_curve,
)


def trials(*values, first=0.5):
    """Trial 0 and others; None is a failed one, a negative value one that was pruned there."""
    found = [Trial(number=0, state="COMPLETE", value=first, inner_values=(first,), params={}, seconds=1.0, seed=0)]
    for number, value in enumerate(values, 1):
        state = "FAIL" if value is None else "PRUNED" if value < 0 else "COMPLETE"
        told = None if value is None else abs(value)
        found.append(
            Trial(number=number, state=state, value=told, inner_values=(), params={}, seconds=1.0, seed=number)
        )
    return tuple(found)


@given(
    values=st.lists(st.floats(-5, 5), min_size=1, max_size=8),
    drawn=st.integers(0, 10),
)
def test_the_expected_best_is_the_mean_over_all_subsets(values, drawn):
    size = min(drawn, len(values))
    bests = [max(subset) for subset in itertools.combinations(values, size)] if size else [0.0]
    assert expected_best(values, drawn) == pytest.approx(np.mean(bests), abs=1e-9)


@given(values=st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_more_draws_never_make_the_expected_best_worse(values):
    curve = [expected_best(values, drawn) for drawn in range(1, len(values) + 1)]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(curve))
    assert curve[-1] == pytest.approx(max(values))


@pytest.mark.parametrize(("budget", "marks"), [(0, ()), (1, (1,)), (8, (1, 2, 5, 8)), (30, (1, 2, 5, 10, 20, 30))])
def test_a_curve_is_shown_at_round_numbers_and_at_the_budget(budget, marks):
    assert marks_of(budget) == marks


def test_the_best_so_far_counts_complete_trials_alone():
    found = trials(0.6, None, -0.1, 0.4, 0.45)
    assert best_so_far(found, maximise=False).tolist() == [0.5, 0.5, 0.5, 0.5, 0.4, 0.4]
    assert best_so_far(found, maximise=True).tolist() == [0.5, 0.6, 0.6, 0.6, 0.6, 0.6]


def test_a_budget_curve_is_mean_lowest_and_highest_study():
    curve = budget_curve([trials(0.4, 0.45), trials(0.5, 0.2)], 3, maximise=False)
    assert [point.trials for point in curve] == [1, 2, 3]
    assert [round(point.gain, 6) for point in curve] == [0.0, 0.05, 0.2]
    assert (curve[-1].low, curve[-1].high) == (pytest.approx(0.1), pytest.approx(0.3))


def test_a_study_whose_first_trial_failed_is_left_out_of_the_curves():
    lost = (Trial(number=0, state="FAIL", value=None, inner_values=(), params={}, seconds=1.0, seed=0),)
    assert budget_curve([lost], 1, maximise=False) == random_curve([lost], 1, maximise=False) == ()


def test_the_random_curve_starts_at_the_default_and_ends_at_the_best_of_all():
    curve = random_curve([trials(0.4, 0.7, None, 0.45)], 5, maximise=False)
    assert curve == random_curve([trials(0.4, 0.7, -0.1, 0.45)], 5, maximise=False), "a pruned trial has no value yet"
    assert (curve[0].gain, curve[-1].gain) == (0.0, pytest.approx(0.1))
    assert curve[1].gain == pytest.approx((0.1 + 0.0 + 0.0 + 0.05) / 4)


@pytest.mark.parametrize(("margin", "enough"), [(0.0, 30), (0.02, 10), (0.5, 1)])
def test_the_smallest_budget_within_the_margin(margin, enough):
    curve = [BudgetPoint(trials=m, gain=g, low=g, high=g) for m, g in ((1, 0.0), (10, 0.09), (30, 0.1))]
    assert enough_trials(curve, margin) == enough


@pytest.mark.parametrize(("best", "half"), [(None, None), (0, True), (2, True), (3, False), (5, False)])
def test_whether_half_of_the_budget_had_found_it(best, half):
    assert best_at_half(trials(0.1, 0.1, 0.1, 0.1, 0.1), best) is half
