"""The margin in a person's own units, against scikit-learn's metrics of a constant prediction."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.reports import amounts
from kiss_bench.reports.own_units import margin_in_own_units
from kiss_bench.runs.known import catalogue
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.table import table_from_frame

RANDOM = np.random.default_rng(5)
PRICES = {
    "prices": np.round(RANDOM.lognormal(8, 1, 400)),
    "shares": RANDOM.uniform(0, 0.01, 400),
    "below zero": RANDOM.normal(-5, 2, 400),
}
LABELS = {
    "even": ["a", "b"] * 200,
    "rare": ["yes"] * 8 + ["no"] * 392,
    "three": ["a"] * 300 + ["b"] * 60 + ["c"] * 40,
}


def task_of(target):
    frame = pd.DataFrame({"x": np.arange(len(target), dtype=float), "y": target})
    plan = plan_from_mapping({"project": "p", "target": "y"}, catalogue())
    return make_task(plan, table_from_frame(frame, "y"))[1]


@pytest.mark.parametrize("margin", [0.01, 0.05])
@pytest.mark.parametrize("what", PRICES)
def test_of_numbers_it_is_a_step_of_the_rmse(what, margin):
    y = PRICES[what]
    said = margin_in_own_units(task_of(y), "rmse", margin, "y")
    start = root_mean_squared_error(y, np.full(len(y), y.mean()))
    # one step removes the margin of the dummy's squared error, wherever it starts
    steps = [(at, np.sqrt(at**2 - margin * start**2)) for at in (start, start / 2)]
    for at, to in steps:
        assert 1 - (to / start) ** 2 - (1 - (at / start) ** 2) == pytest.approx(margin)
    constant = amounts.number(y.mean())
    (start, to), (half, to_from_half) = ([amounts.number(end) for end in step] for step in steps)
    assert said == (
        f"rmse, in the units of 'y': saying {constant} for every row, as the dummy does, is off by {start}. The "
        f"margin, {100 * margin:.0f} % of its squared error, is what each more complex rung has to bring: from {start} "
        f"to {to}, or from half of that, {half}, to {to_from_half}."
    )


@pytest.mark.parametrize("margin", [0.01, 0.05])
@pytest.mark.parametrize("what", LABELS)
def test_of_classes_it_is_a_share_of_the_probability_that_is_given_to_what_happens(what, margin):
    labels = np.array(LABELS[what])
    said = margin_in_own_units(task_of(labels), "log_loss", margin, "y")
    names, counts = np.unique(labels, return_counts=True)
    shares = counts / counts.sum()
    loss = log_loss(labels, np.tile(shares, (len(labels), 1)), labels=names)
    given = shares[np.searchsorted(names, labels)]  # the probability of what then happened, row by row
    before = np.prod(given ** (1 / len(labels)))
    after = before * np.exp(margin * loss)
    assert -np.log(after) == pytest.approx(loss - margin * loss)
    assert said == (
        f"log_loss: the dummy, which knows the class shares alone, has {amounts.number(loss)}: on (geometric) average "
        f"it gives what then happens a probability of {100 * before:.2f} %. The margin, {100 * margin:.0f} % of that "
        f"or {amounts.number(margin * loss)}, is what each more complex rung has to bring: a probability "
        f"{100 * (after / before - 1):.2g} % higher than the simpler one gives, at first {100 * after:.2f} %."
    )


def test_the_diamonds_of_the_examples():
    prices = pd.read_parquet(Path(__file__).parents[2] / "configs/data/diamonds_15000.parquet")["price"]
    said = margin_in_own_units(task_of(prices), "rmse", 0.01, "price")
    start = float(np.std(prices))
    assert f"is off by {start:,.0f}. " in said
    assert f"from {start:,.0f} to {np.sqrt(0.99) * start:,.0f}, " in said


def test_the_name_of_the_target_is_made_harmless():
    said = margin_in_own_units(task_of(PRICES["prices"]), "rmse", 0.01, "pri\nce\x07")
    assert said.startswith("rmse, in the units of 'pri ce': ")


def test_a_metric_that_no_task_has_by_default_is_an_error_of_ours():
    with pytest.raises(ValueError, match="mae"):
        margin_in_own_units(task_of(PRICES["prices"]), "mae", 0.01, "y")
