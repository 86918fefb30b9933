"""The audit as a whole: every table gets one, the same one each time; answers, levels and order of what is found."""

import numpy as np
import pandas as pd
import pytest
from audit_tables import asked, audited, ordinary
from hypothesis import given, settings
from hypothesis import strategies as st
from task_tables import plan_for, task_of

from kiss_bench.errors import KissBenchError
from kiss_bench.plan.plan import Step
from kiss_bench.tasks.audit import CHECKS, Answer, audit
from kiss_bench.tasks.audit.scene import Scene, sampled
from kiss_bench.tasks.folds import draw_folds

pytestmark = pytest.mark.filterwarnings("error")
YES = {"answer": True, "by": "Ada", "reason": "known at noon"}
NO = {"answer": False, "by": "Ada", "reason": "known next week"}


def leaky():
    frame = ordinary("binary")
    return frame.assign(copy=frame["y"], paid=np.where(frame["y"] == "class 1", 1.0, np.nan))


def test_worst_comes_first_and_every_check_is_named():
    found = audited(leaky().sort_values("y", ignore_index=True))
    levels = [finding.level for finding in found.findings]
    assert levels == sorted(levels, key=["leak", "question", "note"].index)
    assert levels[0] == "leak"
    assert levels[-1] == "note"
    assert found.checks == tuple(CHECKS)
    assert found.skipped == {}
    assert {finding.check for finding in found.findings} <= set(CHECKS)


def test_a_column_is_told_of_once_by_the_screen():
    names = [finding.columns for finding in audited(leaky()).findings if finding.level != "note"]
    assert sorted(names) == [("copy",), ("paid",)]


@pytest.mark.parametrize(
    ("reviewed", "copy", "paid"),
    [
        pytest.param({}, None, None, id="no answer"),
        pytest.param({"copy": YES}, Answer(**YES), None, id="one answer"),
        pytest.param({"copy": YES, "paid": NO, "other": NO}, Answer(**YES), Answer(**NO), id="both"),
    ],
)
def test_answers_of_the_config_are_attached(reviewed, copy, paid):
    found = {finding.columns: finding.answer for finding in audited(leaky(), reviewed=reviewed).findings}
    assert (found[("copy",)], found[("paid",)]) == (copy, paid)


def test_a_question_about_two_columns_needs_both_answers_and_a_no_counts_first():
    frame = ordinary("regression")
    other = np.random.default_rng(1).normal(size=len(frame))
    frame = frame.assign(left=frame["y"] - other, right=other)
    assert set(audited(frame).findings[0].columns) == {"left", "right"}
    assert audited(frame, reviewed={"left": YES}).findings[0].answer is None
    assert audited(frame, reviewed={"left": YES, "right": NO}).findings[0].answer == Answer(**NO)


def test_a_question_about_rows_is_answered_by_the_name_of_its_check():
    frame = pd.concat([ordinary("binary")] * 2, ignore_index=True)
    found = audited(frame, reviewed={"duplicates": YES}).findings
    assert [finding.answer for finding in found if finding.check == "duplicates"] == [Answer(**YES)]


def test_notes_need_no_answer():
    found = audited(ordinary("regression"), reviewed={"income": YES})
    assert {finding.answer for finding in found.findings} <= {None}


def test_a_small_table_raises_no_question():
    found = audited(leaky().head(40))
    assert asked(found) == []
    assert "With 40 rows chance alone does this, so it is no question." in found.findings[0].sentence


def test_sentences_are_whole_and_claim_nothing():
    frame = pd.concat([leaky(), leaky().head(100)], ignore_index=True).assign(row=range(700))
    frame["customer"] = frame["row"] // 10
    frame["when"] = 1900.5 + frame["row"] // 3
    for finding in audited(frame).findings:
        assert finding.sentence.endswith(".")
        assert not {"compliant", "significantly", "nan"} & set(finding.sentence.lower().split())
        assert all(isinstance(value, float) and np.isfinite(value) for value in finding.figures.values())


ODD = {
    "all missing": lambda n: np.full(n, np.nan),
    "constant": lambda n: np.full(n, 0.1),
    "constant text": lambda n: np.full(n, "same"),
    "extreme": lambda n: np.resize([1e150, -1e150, 0.0, 1e-150], n),
    "one extreme": lambda n: np.where(np.arange(n) == 3, 1e150, np.arange(n) * 0.1),
    "one known": lambda n: np.where(np.arange(n) == 3, 1.0, np.nan),
    "true or false": lambda n: np.arange(n) % 3 == 0,
    "dates": lambda n: pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) // 2, unit="D"),
    "no dates": lambda n: pd.Series([pd.NaT] * (n - 1) + [pd.Timestamp("2024-01-01")]),
    "text, all different": lambda n: [f"row {row}" for row in range(n)],
    "large whole numbers": lambda n: np.arange(n) + 2**60,
    "yes": lambda n: np.resize(["no", "yes", None], n),
}
TARGETS = {
    "binary": lambda n: np.resize(["a", "b", "b"], n),
    "one row of a class": lambda n: np.where(np.arange(n) == 5, "rare", np.resize(["a", "b", "b"], n)),
    "multiclass": lambda n: np.resize(["a", "b", "c", "a"], n),
    "many classes": lambda n: np.resize([f"c{code}" for code in range(max(2, n // 6))], n),
    "regression": lambda n: np.arange(n) * 0.37,
    "extreme numbers": lambda n: np.where(np.arange(n) % 2 == 0, 1e150, -1e150) + 0.5 * np.arange(n),
    "two values of a quantity": lambda n: np.resize([0.5, 1.5], n),
}


@pytest.mark.parametrize("rows", [20, 63, 300])
@pytest.mark.parametrize("target", TARGETS)
def test_odd_columns_and_targets_are_audited_without_a_warning(rows, target):
    frame = pd.DataFrame({name: make(rows) for name, make in ODD.items()}).assign(y=TARGETS[target](rows))
    frame.loc[0, "constant"] = np.nan
    folds = {"count": 3, "repeats": 1, "kind": "shuffled"}
    no_studies = (Step(name="dummy", level=0, trials=0),)
    assert audited(frame, folds=folds, ladder=no_studies).checks == tuple(CHECKS)


@pytest.mark.parametrize("name", ODD)
def test_one_odd_column_alone_is_audited(name):
    frame = pd.DataFrame({name: ODD[name](90), "y": TARGETS["binary"](90)})
    assert audited(frame).checks == tuple(CHECKS)


def test_thousands_of_columns_are_audited():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(80, 5000)), columns=[f"gene {number}" for number in range(5000)])
    assert asked(audited(frame.assign(y=np.resize(["a", "b"], 80)))) == []


CELLS = st.one_of(
    st.sampled_from([None, 0.0, -0.0, 1.0, 2.5, 1e150, -1e150]), st.floats(-1e150, 1e150, width=64), st.integers(-5, 5)
)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_table_is_audited_alike_each_time_and_in_any_order_of_columns(data):
    rows = data.draw(st.integers(12, 80))
    numbers = data.draw(st.lists(st.lists(CELLS, min_size=4, max_size=12), min_size=1, max_size=3))
    texts = data.draw(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=3, max_size=7), max_size=2))
    columns = {f"n{place}": np.resize(np.array(cells, dtype=float), rows) for place, cells in enumerate(numbers)}
    columns |= {f"t{place}": np.resize(np.array(cells, dtype=object), rows) for place, cells in enumerate(texts)}
    y = np.resize(data.draw(st.sampled_from([["a", "b"], ["a", "b", "b", "c"], [0.5, 1.0, 2.0, 7.5, 3.25]])), rows)
    order = data.draw(st.permutations(list(columns)))
    try:
        plan, task = task_of(pd.DataFrame(columns).assign(y=y), plan_for("y", folds={"count": 2, "repeats": 1}))
        folds = draw_folds(task, plan, 1)
    except KissBenchError:
        return  # such a table is refused before it is audited
    first, again = audit(task, folds, plan), audit(task, folds, plan)
    assert first == again
    turned, turned_task = task_of(pd.DataFrame(columns)[order].assign(y=y), plan)
    other = audit(turned_task, folds, turned)
    named = [{(each.level, each.check, frozenset(each.columns)) for each in found.findings} for found in (first, other)]
    assert named[0] == named[1]


def test_samples_are_the_same_each_time_and_ascending():
    rows = sampled(1000, 100)
    np.testing.assert_array_equal(rows, sampled(1000, 100))
    assert len(np.unique(rows)) == 100
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(sampled(5, 100), np.arange(5))


def test_wide_tables_are_screened_on_fewer_rows(monkeypatch):
    monkeypatch.setattr("kiss_bench.tasks.audit.scene.SCREEN_CELLS", 6 * 200)
    frame = leaky().drop(columns=["noise", "paid"])
    plan, task = task_of(frame, plan_for("y"))
    scene = Scene(task=task, folds=draw_folds(task, plan, 1), plan=plan)
    assert len(scene.rows) == 200
    assert audit(task, scene.folds, plan).findings[0].columns == ("copy",)
