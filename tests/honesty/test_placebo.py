"""What a placebo finds and what it does not: no leak where there is none, and the leaks that it is made for."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of
from forgetless_models import SEEN
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.records.board import FOUND
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.placebo import as_they_are, placebo_exam, weighed
from kiss_bench.runs.prepared_again import remade_by
from kiss_bench.runs.units import Progress
from kiss_bench.tasks.placebo import donors
from kiss_bench.tasks.prepare import table_of
from kiss_bench.tuning.unit import run_unit

pytestmark = pytest.mark.slow

SEEDS = range(4)
BASE = {
    "ladder": ["dummy", "linear", {"name": "boosting", "settings": {"n_estimators": 30}}],
    "folds": {"count": 4, "inner": 2}, "tuning": {"trials": 0},
}  # fmt: skip


def drawn(exam, draw, remake=as_they_are):
    """One draw of the lane, without worker processes."""
    SEEN.clear()  # as in the workers of a run, who are new to each draw
    progress = Progress(exam=placebo_exam(exam, draw, remake), quick=False)
    for unit in progress.units():
        progress.add(unit, run_unit(progress.exam, unit))
    return weighed(progress)


def finds(exam):
    """Rung -> in how many of three draws it beats the dummy."""
    found = [drawn(exam, draw).chances for draw in range(3)]
    return {rung: sum((one[rung] or 0.0) >= FOUND for one in found) for rung in found[0] if rung != "dummy"}


def labelled(numbers, binary):
    return np.where(numbers > np.median(numbers), "yes", "no") if binary else numbers


def rows(seed, signal, binary):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 4))
    y = signal * X[:, 0] + rng.normal(size=200)
    return pd.DataFrame(X, columns=list("abcd")).assign(y=labelled(y, binary))


def customers(seed, binary=False):
    """40 customers of 10 rows who can be told apart, and whose targets differ more between them than within."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(40), 10)
    signature = rng.normal(size=(40, 3))
    y = 2 * signature[customer, 0] + rng.normal(size=40)[customer] + rng.normal(size=400)
    features = signature[customer] + 0.1 * rng.normal(size=(400, 3))
    return pd.DataFrame(features, columns=list("abc")).assign(customer=customer, y=labelled(y, binary))


def remembering(rng, rows):
    noise = rng.normal(size=rows)
    return pd.Series(noise).ewm(alpha=0.3).mean().to_numpy()


def months(seed, season=0.0, binary=False):
    """25 years of a target that follows one column, remembers itself, and has a season that another column tells."""
    rng = np.random.default_rng(seed)
    month = np.arange(300)
    a = remembering(rng, 300)
    y = a + remembering(rng, 300) + season * np.sin(2 * np.pi * month / 12)
    start = pd.date_range("2000-01-01", periods=300, freq="MS")
    return pd.DataFrame({"a": a, "month": month % 12, "start": start, "y": labelled(y, binary)})


GROUP, TIME = {"data": {"group": "customer"}}, {"data": {"time": "start"}}
HONEST = {
    "noise, classes": (lambda seed: rows(seed, 0.0, True), {}),
    "signal, classes": (lambda seed: rows(seed, 1.5, True), {}),
    "signal, numbers": (lambda seed: rows(seed, 1.5, False), {}),
    "groups, numbers": (customers, GROUP),
    "groups, classes": (lambda seed: customers(seed, True), GROUP),
    "time, numbers": (months, TIME),
    "time, classes": (lambda seed: months(seed, binary=True), TIME),
    "time with a season": (lambda seed: months(seed, season=3.0), TIME),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_ladder_finds_nothing_whatever_there_is_to_find_in_the_real_target(name):
    """Of 60 tables of each kind at most 1 was called LEAKING; here one of 4 is let pass."""
    make, keys = HONEST[name]
    found = [finds(exam_of(make(seed), **BASE, **keys)) for seed in SEEDS]
    assert sum(max(one.values()) >= 2 for one in found) <= 1, found


def test_moved_between_groups_a_target_is_unknown_and_permuted_within_them_it_is_not():
    """Ridge regression on group folds, as everybody would write it."""

    def r2(y):
        told = cross_val_predict(Ridge(), X, y, groups=groups, cv=GroupKFold(5))
        return 1 - np.square(y - told).mean() / y.var()

    within, between = [], []
    for seed in SEEDS:
        exam = exam_of(customers(seed), **BASE, **GROUP)
        X, y, groups = exam.task.frame.to_numpy(), exam.task.y, exam.task.group
        inside = pd.Series(y).groupby(groups).transform(lambda one: one.sample(frac=1.0, random_state=0).to_numpy())
        within.append(r2(inside.to_numpy()))
        between.append(r2(y[donors(exam.task, exam.folds, exam.root, 0)]))
    assert np.mean(within) > 0.4
    assert np.mean(between) < 0.05


def test_folds_that_tear_customers_apart_are_found_out():
    """Each customer is in training and in test: whoever tells customers apart knows what was dealt to them."""
    torn = {"data": {"group": "customer"}, "folds": {"kind": "shuffled", "count": 4, "inner": 2}}
    for seed in range(3):
        assert finds(exam_of(customers(seed), **{**BASE, **torn}))["boosting"] >= 2


def test_a_rung_that_keeps_what_it_saw_in_other_folds_is_found_out():
    entry = {"name": "remembers", "level": 8, "estimator": "forgetless_models:remembers"}
    told = {**BASE, "ladder": ["dummy", "linear", entry], "folds": {"count": 5, "inner": 2}}
    exam = exam_of(rows(0, 1.5, True), **told)
    assert finds(exam) == {"linear": 0, "remembers": 3}


def test_a_column_made_from_the_real_target_is_not_seen():
    """What the report says that a placebo cannot see."""
    frame = rows(0, 0.0, True)
    frame["proxy"] = (frame["y"] == "yes") + 0.1 * np.random.default_rng(1).normal(size=200)
    assert max(finds(exam_of(frame, **BASE)).values()) < 2


def towns_with_their_target(frame):
    """A leak: each town's mean target, of scored rows too."""
    return frame.assign(town=(frame["y"] == "yes").groupby(frame["town"]).transform("mean"))


def towns_with_their_size(frame):
    return frame.assign(town=frame.groupby("town")["y"].transform("size"))


@pytest.mark.parametrize(("prepare", "leaks"), [("towns_with_their_target", True), ("towns_with_their_size", False)])
def test_a_prepare_that_carries_the_target_into_a_feature_is_seen_since_it_is_run_again(prepare, leaks):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"town": rng.integers(0, 120, 300), "age": rng.normal(size=300)})
    frame["y"] = rng.permutation(np.where(np.arange(300) % 2, "yes", "no"))
    plan = plan_from_mapping(
        {"project": "p", "target": "y", "data": {"prepare": f"{__name__}:{prepare}"}, **BASE}, catalogue()
    )
    table = table_of(plan, frame)
    exam = set_exam(plan, table)
    found = [drawn(exam, draw, remade_by(exam, table)).chances["boosting"] for draw in range(3)]
    assert (sum(chance >= FOUND for chance in found) >= 2) == leaks, found
