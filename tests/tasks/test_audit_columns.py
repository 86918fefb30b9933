"""Columns that give the answer away come first in the audit; ordinary ones, strong or not, stay notes."""

import numpy as np
import pandas as pd
import pytest
from audit_tables import ROWS, asked, audited, of_check, ordinary
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from kiss_bench.tasks.audit.purity import lower_bound
from kiss_bench.tasks.audit.strength import Goal, bins, strength
from kiss_bench.tasks.audit.target_copies import agreement

pytestmark = pytest.mark.filterwarnings("error")
KINDS = ["binary", "multiclass", "regression"]


def changed(labels, share, seed=3):
    """The labels, a share of them swapped for another row's."""
    random = np.random.default_rng(seed)
    return np.where(random.random(len(labels)) < share, random.permutation(labels), labels)


def blurred(frame, spread):
    random = np.random.default_rng(4)
    codes = frame["y"].astype("category").cat.codes if frame["y"].dtype == "str" else frame["y"] / frame["y"].std()
    return codes + random.normal(scale=spread, size=len(frame))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_asked_about_an_ordinary_table(kind, seed):
    assert asked(audited(ordinary(kind, seed=seed))) == []


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize(("share", "level"), [(0.0, "leak"), (0.05, "question"), (0.15, "question")])
def test_a_noisy_copy_of_the_label_comes_first(kind, share, level):
    frame = ordinary(kind)
    found = audited(frame.assign(copy=changed(frame["y"].to_numpy(), share))).findings[0]
    assert (found.columns, found.level) == (("copy",), level)
    assert found.answer is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.25])
def test_a_blurred_number_made_of_the_target_comes_first(kind, spread):
    frame = ordinary(kind)
    found = audited(frame.assign(copy=blurred(frame, spread))).findings[0]
    assert found.columns == ("copy",)
    assert found.level in ("question", "leak")


@pytest.mark.parametrize(
    ("kind", "make", "check", "level"),
    [
        pytest.param("regression", np.exp, "target_copies", "leak", id="another unit"),
        pytest.param("regression", lambda y: -(y**3), "target_copies", "leak", id="upside down"),
        pytest.param("regression", lambda y: y.round(1).astype(str), "single_columns", "question", id="rounded text"),
        pytest.param("binary", lambda y: y.map({"class 0": 7, "class 1": 3}), "target_copies", "leak", id="as codes"),
        pytest.param("binary", lambda y: y.where(y == "class 1"), "target_copies", "leak", id="one label, else empty"),
        pytest.param("multiclass", lambda y: y.str.upper(), "target_copies", "leak", id="in other words"),
    ],
)
def test_the_target_in_another_dress_is_found(kind, make, check, level):
    frame = ordinary(kind)
    found = audited(frame.assign(dressed=make(frame["y"]))).findings[0]
    assert (found.columns, found.check, found.level) == (("dressed",), check, level)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(lambda y, other: y - other, lambda y, other: other, id="a sum"),
        pytest.param(lambda y, other: np.exp(y) / np.exp(other), lambda y, other: np.exp(other), id="a product"),
    ],
)
def test_a_target_made_of_two_columns_is_found_with_both(left, right):
    frame = ordinary("regression")
    other = np.random.default_rng(1).normal(size=len(frame)) * frame["y"].std()
    parts = {"left": left(frame["y"], other), "right": right(frame["y"], other)}
    y = frame["y"] if parts["right"].min() < 0 else np.exp(frame["y"])
    found = audited(frame.assign(**parts, y=y)).findings[0]
    assert (set(found.columns), found.level) == ({"left", "right"}, "leak")


def test_a_formula_of_many_columns_is_a_question_and_noise_around_it_none():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(400, 6)), columns=list("abcdef"))
    y = frame @ np.array([1.0, 2.0, -1.5, 0.7, 1.1, -2.0])
    found = audited(frame.assign(y=y)).findings[0]
    assert (set(found.columns), found.level) == (set("abcdef"), "question")
    assert asked(audited(frame.assign(y=y + 0.1 * random.normal(size=400)))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_gaps_that_tell_the_target_are_found(kind):
    frame = ordinary(kind)
    first = frame["y"] == "class 1" if kind != "regression" else frame["y"] > frame["y"].median()
    noise = np.random.default_rng(5).normal(size=len(frame))
    found = audited(frame.assign(closed=np.where(first, noise, np.nan))).findings[0]
    assert found.columns == ("closed",)
    assert found.check == "missingness"
    assert "is missing" in found.sentence


def test_a_level_that_fixes_a_rare_class_is_found_and_one_that_does_not_is_not():
    frame = ordinary("binary", rows=2000)
    y = pd.Series(np.where(np.random.default_rng(6).random(2000) < 0.1, "bad", "good"))
    bad = np.flatnonzero(y == "bad")
    noted = np.full(2000, "none", dtype=object)
    noted[bad[:40]] = "collector called"
    found = audited(frame.assign(y=y, notes=noted)).findings[0]
    assert (found.check, found.columns, found.level) == ("levels", ("notes",), "question")
    assert "Of 40 rows with 'notes' = 'collector called', 40 are 'bad', which 9% of all rows are" in found.sentence
    noted[np.flatnonzero(y == "good")[:40]] = "collector called"
    assert asked(audited(frame.assign(y=y, notes=noted))) == []


def test_a_column_that_outweighs_all_others_and_overlaps_with_none_is_asked_about():
    random = np.random.default_rng(8)
    frame = ordinary("regression", rows=3000).assign(
        **{f"more {number}": random.normal(size=3000) for number in range(6)}
    )
    call = random.normal(size=3000) * 2.2
    found = audited(frame.assign(call=call, y=frame["y"] + call)).findings[0]
    assert (found.check, found.columns, found.level) == ("single_columns", ("call",), "question")


def test_two_strong_columns_that_say_the_same_are_a_note():
    frame = ordinary("regression")
    y = frame["income"] * 3 + np.random.default_rng(9).normal(size=len(frame))
    twin = frame["income"] + np.random.default_rng(2).normal(scale=0.02, size=len(frame))
    found = audited(frame.assign(y=y, twin=twin))
    assert asked(found) == []
    assert {finding.columns[0] for finding in of_check(found, "single_columns")} == {"income", "twin"}


def test_a_coarse_copy_beside_a_fine_one_is_asked_about_too():
    frame = ordinary("regression")
    grade = pd.qcut(frame["y"], 6).cat.codes.map(lambda code: f"grade {code}")
    found = audited(frame.assign(fine=frame["y"].round(1).astype(str) + " pct", grade=grade))
    assert {columns for _, columns in asked(found)} == {("fine",), ("grade",)}


def test_a_question_says_how_to_answer_it_and_how_to_drop_the_column():
    frame = ordinary("binary")
    found = audited(frame.assign(**{"the copy": changed(frame["y"].to_numpy(), 0.05)})).findings[0]
    assert "put it into data.drop" in found.sentence
    assert 'reviewed: {"the copy": {answer: yes, by: ..., reason: ...}}' in found.sentence


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine])
def test_nothing_is_asked_about_the_tables_of_scikit_learn(load):
    found = audited(load(as_frame=True).frame, "target")
    assert [each for each in asked(found) if each[0] != "duplicates"] == []


def test_noise_says_nothing_and_a_copy_everything():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, ROWS)
    goal = Goal(classes=3, target=labels, group=None)
    assert strength(bins(random.normal(size=ROWS), "number"), goal) < 0.01
    assert strength(labels, goal) > 0.95
    assert strength(np.zeros(ROWS, dtype=np.int64), goal) == pytest.approx(0.0, abs=0.01)
    ranks = Goal(classes=0, target=np.arange(ROWS) / ROWS, group=None)
    assert strength(bins(np.arange(ROWS) ** 2.0, "number"), ranks) > 0.99
    assert strength(bins(random.normal(size=ROWS), "number"), ranks) < 0.01


def test_a_row_learns_nothing_from_its_own_group():
    group = np.repeat(np.arange(60), 10)
    labels = np.repeat(np.random.default_rng(0).integers(0, 2, 60), 10)
    assert strength(group, Goal(classes=2, target=labels, group=None)) > 0.8
    assert strength(group, Goal(classes=2, target=labels, group=group)) == pytest.approx(0.0)


def test_kappa_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    codes = changed(labels, 0.2)
    assert agreement(codes, labels, 3) == pytest.approx(cohen_kappa_score(codes, labels))


def test_the_lower_bound_is_that_of_wilson():
    from scipy.stats import binomtest

    exact = binomtest(44, 48).proportion_ci(0.99, method="wilson").low
    assert lower_bound(44, 48) == pytest.approx(exact, abs=1e-4)
