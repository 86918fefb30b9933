"""Rows that meet their twins across folds are counted exactly; columns that number, name or date rows are told of."""

import numpy as np
import pandas as pd
import pytest
from audit_tables import asked, audited, of_check, ordinary
from task_tables import plan_for, task_of

from kiss_bench.tasks.audit import audit
from kiss_bench.tasks.audit.twins import spread
from kiss_bench.tasks.folds import draw_folds

pytestmark = pytest.mark.filterwarnings("error")


def counted_by_hand(frame, task, folds, jitter=None, width=0.0):
    """Rows with an equal row in the training part of the fold that tests them: every pair looked at."""
    keys = [tuple("gap" if pd.isna(cell) else cell for cell in row) for row in frame.itertuples(index=False)]
    found = set()
    for split in folds.of(0):
        if jitter is None:
            train = {keys[row] for row in split.train}
            found |= {row for row in split.test if keys[row] in train}
        else:
            found |= {
                int(row)
                for row in split.test
                if any(keys[row] == keys[other] and abs(jitter[row] - jitter[other]) <= width for other in split.train)
            }
    return found


def with_copies(copies, kind="binary", new_label=0):
    frame = ordinary(kind)
    again = frame.iloc[:copies].copy()
    again.iloc[:new_label, -1] = "class 0" if kind == "binary" else 0.0
    return pd.concat([frame, again], ignore_index=True).sample(frac=1, random_state=0, ignore_index=True)


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("copies", [0, 1, 7, 60])
def test_planted_copies_across_folds_are_counted_exactly(kind, copies):
    frame = with_copies(copies, kind)
    plan, task = task_of(frame, plan_for("y"))
    folds = draw_folds(task, plan, 1)
    found = of_check(audit(task, folds, plan), "duplicates")
    wanted = counted_by_hand(task.frame, task, folds)
    assert sum(finding.figures["exact"] for finding in found) == len(wanted)
    assert copies < 60 or (len(wanted) > 80 and found[0].level == "question")


def test_copies_with_another_label_are_told_apart():
    found = of_check(audited(with_copies(60, new_label=60)), "duplicates")[0]
    assert 0 < found.figures["same_target"] < found.figures["exact"]


@pytest.mark.parametrize("keys", [{"folds": {"kind": "group"}, "data": {"group": "who"}}, {"data": {"time": "who"}}])
def test_copies_count_where_training_meets_testing_and_nowhere_else(keys):
    frame = with_copies(60).assign(who=lambda table: np.arange(len(table)) // 5)
    plan, task = task_of(frame, plan_for("y", **keys))
    folds = draw_folds(task, plan, 1)
    found = of_check(audit(task, folds, plan), "duplicates")[0]
    assert found.figures["exact"] == len(counted_by_hand(task.frame, task, folds))
    assert found.figures["tested"] == len(np.concatenate([split.test for split in folds.of(0)]))


def test_copies_kept_in_one_fold_are_no_finding():
    frame = with_copies(60).sort_values("income", ignore_index=True)
    frame["part"] = frame["income"].rank(method="dense").astype(int) % 5
    assert of_check(audited(frame, folds={"column": "part"}), "duplicates") == []


@pytest.mark.parametrize(("jitter", "counted"), [(0.01, True), (0.2, False)])
def test_copies_with_jitter_in_one_number_are_near_twins(jitter, counted):
    frame = ordinary("binary")
    again = frame.iloc[:60].assign(noise=frame["noise"].iloc[:60] + jitter * frame["noise"].std())
    frame = pd.concat([frame, again], ignore_index=True).sample(frac=1, random_state=0, ignore_index=True)
    plan, task = task_of(frame, plan_for("y"))
    folds = draw_folds(task, plan, 1)
    found = of_check(audit(task, folds, plan), "duplicates")
    if not counted:
        assert found == []
        return
    width = 0.05 * spread(task.frame["noise"].to_numpy())
    others = task.frame.drop(columns="noise")
    wanted = counted_by_hand(others, task, folds, task.frame["noise"].to_numpy(), width)
    assert (found[0].figures["exact"], found[0].figures["near"]) == (0, len(wanted))
    assert (len(wanted) > 80, found[0].level) == (True, "question")


def test_twins_that_chance_makes_stay_a_note():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"item {number}": random.integers(0, 3, 900) for number in range(4)})
    frame["y"] = np.where(random.random(900) < 0.5, "a", "b")
    found = of_check(audited(frame), "duplicates")[0]
    assert found.figures["share"] > 0.9
    assert found.level == "note"
    assert "most of that is what chance makes" in found.sentence


def test_minus_zero_is_zero_and_gaps_are_equal():
    frame = with_copies(0).assign(zero=0.0, gap=np.nan)
    again = frame.iloc[:60].assign(zero=-0.0)
    frame = pd.concat([frame, again], ignore_index=True)
    found = of_check(audited(frame), "duplicates")[0]
    assert found.figures["exact"] > 80


def customers(make, rows_each=10):
    """60 customers, all rows of one with the same label."""
    random = np.random.default_rng(1)
    number = np.repeat(np.arange(60), rows_each)
    frame = ordinary("binary", rows=len(number)).assign(customer=make(number))
    frame["y"] = np.where(random.random(60) < 0.5, "a", "b")[number]
    return frame


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda number: [f"customer {each}" for each in number], id="text"),
        pytest.param(lambda number: number, id="numbers"),
        pytest.param(lambda number: np.random.default_rng(0).permutation(60)[number] * 7 + 100_000, id="odd numbers"),
    ],
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_customers_that_repeat_raise_a_question_until_they_are_the_group(make, shuffled):
    frame = customers(make)
    frame = frame.sample(frac=1, random_state=0, ignore_index=True) if shuffled else frame
    found = audited(frame)
    assert ("groups", ("customer",)) in asked(found)
    told = of_check(found, "groups")[0].sentence
    assert "'customer' looks group-like: 60 values, each in 10.0 rows on average" in told
    assert "set data.group: customer" in told
    declared = audited(frame, data={"group": "customer"})
    assert of_check(declared, "groups") == []
    assert "data.group: customer is declared" in declared.skipped["groups"]
    assert "groups" not in declared.checks


def test_customers_of_any_size_are_seen_by_the_labels_they_share():
    random = np.random.default_rng(2)
    number = random.integers(0, 60, 600)
    frame = ordinary("binary").assign(customer=number, y=np.where(random.random(60) < 0.5, "a", "b")[number])
    assert ("groups", ("customer",)) in asked(audited(frame))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(lambda random: random.normal(45, 12, 600).round(), id="ages"),
        pytest.param(lambda random: random.integers(0, 100, 600), id="scores from 0 to 99"),
        pytest.param(lambda random: random.poisson(40, 600), id="counts"),
        pytest.param(lambda random: random.lognormal(7, 1, 600) // 100 * 100, id="round amounts"),
        pytest.param(lambda random: random.choice(list("abcdefgh"), 600), id="a few levels"),
        pytest.param(lambda random: [f"state {n}" for n in random.integers(0, 35, 600)], id="many levels of many rows"),
        pytest.param(lambda random: [f"street {n}" for n in random.zipf(1.5, 600) % 200], id="a few large levels"),
    ],
)
def test_columns_that_describe_are_not_group_like(values):
    frame = ordinary("binary").assign(x=values(np.random.default_rng(3)))
    assert of_check(audited(frame), "groups") == []


def test_ids_are_noted_and_asked_about_where_they_know_the_answer():
    frame = ordinary("binary").assign(code=[f"loan {row}" for row in range(600)])
    number = np.random.default_rng(0).permutation(600)
    found = of_check(audited(frame.assign(number=number)), "ids")
    assert [(finding.level, finding.columns) for finding in found] == [("note", ("code", "number"))]
    by_answer = frame.sort_values("y", ignore_index=True).assign(number=range(600))
    assert ("ids", ("number",)) in asked(audited(by_answer))


@pytest.mark.parametrize(
    ("make", "level"),
    [
        pytest.param(
            lambda n: pd.Timestamp("2024-01-01") + pd.to_timedelta(n, unit="D"), "question", id="days in order"
        ),
        pytest.param(
            lambda n: pd.Timestamp("2024-01-01") + pd.to_timedelta(np.random.default_rng(0).permutation(n), unit="D"),
            "note",
            id="days in disorder",
        ),
        pytest.param(lambda n: 1900 + n // 5, "question", id="years in order"),
        pytest.param(lambda n: 1.7e9 + 3600.5 * n[::-1], "question", id="seconds, newest first"),
        pytest.param(lambda n: np.random.default_rng(0).permutation(n), None, id="numbers in disorder"),
        pytest.param(lambda n: n // 100, None, id="a handful of blocks"),
    ],
)
def test_time_like_columns_are_asked_about_unless_time_is_declared(make, level):
    frame = ordinary("binary").assign(when=make(np.arange(600)))
    found = of_check(audited(frame), "times")
    assert [finding.level for finding in found] == ([level] if level else [])
    if level:
        declared = audited(frame, data={"time": "when"}, folds={"count": 3})
        assert of_check(declared, "times") == []
        assert set(declared.skipped) == {"times", "row_order"}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_table_sorted_by_its_target_is_noted(kind):
    frame = ordinary(kind)
    assert of_check(audited(frame), "row_order") == []
    found = of_check(audited(frame.sort_values("y", ignore_index=True)), "row_order")
    assert [finding.level for finding in found] == ["note"]
    assert found[0].figures["skill"] > 0.8
