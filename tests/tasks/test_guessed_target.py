"""A target by its usual name, and the one of two labels that is worth finding."""

import numpy as np
import pandas as pd
import pytest
from task_tables import plan_for

from kiss_bench.tasks.guessed_target import guessed_positive, guessed_target
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.table import table_from_frame


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["age", "Target", "home"], "Target"), (["y", "label", "x"], "label"), (["default", "balance"], "default"),
        (["a", "b", "c"], "c"), (["Churn", "churn"], "Churn"), (["only"], "only"),
    ],
)  # fmt: skip
def test_the_target_is_probably(names, target):
    assert guessed_target(names) == target


@pytest.mark.parametrize(
    ("labels", "positive", "why"),
    [
        (["no"] * 10 + ["yes"] * 30, "yes", "'yes' is the label that says that it is so (30 rows; 'no': 10)"),
        (["good"] * 30 + ["bad"] * 10, "bad", "'bad' is the rarer label (10 rows; 'good': 30)"),
        (["a"] * 20 + ["b"] * 20, "b", "'b' is the last of two labels, neither of which is rarer (20 rows; 'a': 20)"),
        ([0] * 10 + [1] * 30, 1, "1 is the label that says that it is so (30 rows; 0: 10)"),
        ([0.0] * 10 + [1.0] * 30, 1, "1 is the label that says that it is so (30 rows; 0: 10)"),
        ([True] * 30 + [False] * 10, True, "True is the label that says that it is so (30 rows; False: 10)"),
        ([-1] * 30 + [1] * 10, 1, "1 is the label that says that it is so (10 rows; -1: 30)"),
        ([1] * 30 + [2] * 10, 2, "2 is the rarer label (10 rows; 1: 30)"),
        (["N"] * 10 + ["Y"] * 30, "Y", "'Y' is the label that says that it is so (30 rows; 'N': 10)"),
    ],
)
def test_the_positive_label_is(labels, positive, why):
    frame = pd.DataFrame({"x": np.arange(40.0), "late": labels})
    _, task = make_task(plan_for(target="late"), table_from_frame(frame, "late"))
    guess = guessed_positive(task)
    assert (type(guess.label), guess.label, guess.reason) == (type(positive), positive, why)


@pytest.mark.parametrize("target", [np.arange(40) / 2, ["a", "b", "c", "d"] * 10])
def test_no_label_is_positive_of_a_number_or_of_many_classes(target):
    _, task = make_task(
        plan_for(target="late"), table_from_frame(pd.DataFrame({"x": np.arange(40.0), "late": target}), "late")
    )
    assert guessed_positive(task) is None
