"""Roles that a table gives away: what is said, what is asked, and what is left alone."""

import numpy as np
import pandas as pd
import pytest
from task_tables import plan_for

from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.guessed_roles import guessed_roles, infinite_columns, questions_only, with_dropped
from kiss_bench.tasks.guesses import Guesses
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.role_names import is_called_a_passing_id, is_called_a_row, is_called_a_time, is_called_an_id
from kiss_bench.tasks.table import table_from_frame
from kiss_bench.tasks.task import Folds

ROWS = 600
RANDOM = np.random.default_rng(3)
NOISE, LATE = RANDOM.normal(size=ROWS), RANDOM.choice(["no", "yes"], ROWS)
DAYS = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(ROWS) // 2, unit="D")
CUSTOMERS = RANDOM.permutation(np.arange(ROWS) // 4)
TEXTS = np.array([f"C{number:04d}" for number in CUSTOMERS])
ZIPF = np.minimum((ROWS / 3 / RANDOM.uniform(0.002, 1, ROWS)).astype(int) % 997, 300) + 1
COUNT = np.arange(1, ROWS + 1)
MIXED = RANDOM.permutation(ROWS)
WORDS = np.array([f"words of row {number}" for number in MIXED])
GAPS = np.where(COUNT % 50 == 0, np.nan, 1.0)


def guessed(columns, target=LATE):
    frame = pd.DataFrame({"noise": NOISE, **columns, "late": target})
    table = table_from_frame(frame, "late")
    plan, task = make_task(plan_for(target="late"), table)
    scene = Scene(task=task, folds=Folds(kind="shuffled", splits=(), hash=""), plan=plan)
    return guessed_roles(scene, table), table


SAID = {
    "dates in the order of the rows": ({"applied": DAYS}, {"time": ("applied",)}),
    "dates as text": ({"applied": DAYS.strftime("%Y-%m-%d")}, {"time": ("applied",)}),
    "dates that fall": ({"applied": DAYS[::-1]}, {"time": ("applied",)}),
    "customers with their id, in a few rows each": ({"customer_id": TEXTS}, {"group": ("customer_id",)}),
    "the same in numbers and camel case": ({"customerId": CUSTOMERS}, {"group": ("customerId",)}),
    "an id of every row": ({"loan_id": MIXED}, {"id": ("loan_id",)}),
    "what pandas calls an index": ({"Unnamed: 0": COUNT}, {"id": ("Unnamed: 0",)}),
    "large integers as ids": ({"id": MIXED + 2**60}, {"id": ("id",)}),
    "ids that are the target's order": ({"id": COUNT}, {"id": ("id",)}),
    "free text": ({"note": WORDS}, {"drop": ("note",)}),
    "two ids": ({"id": MIXED, "other_id": COUNT[::-1]}, {"id": ("id",), "drop": ("other_id",)}),
    "id, customer and free text": (
        {"loan_id": MIXED, "customer_id": TEXTS, "note": WORDS},
        {"id": ("loan_id",), "group": ("customer_id",), "drop": ("note",)},
    ),
    "dates in order beside customers": ({"applied": DAYS, "customer_id": TEXTS}, {"time": ("applied",)}),
}  # fmt: skip
ASKED = {
    "dates, rows mixed": ({"since": DAYS[MIXED]}, {"time": ("since",)}),
    "two dates in order": ({"made": DAYS, "sent": DAYS + pd.Timedelta("2D")}, {"time": ("made",)}),
    "years in the order of the rows": ({"grown": 1990 + COUNT // 50}, {"time": ("grown",)}),
    "dates with the day first, which are read as text": ({"since": DAYS.strftime("%d/%m/%Y")}, {"time": ("since",)}),
    "dates with dots": ({"since": DAYS.strftime("%d.%m.%y %H:%M")}, {"time": ("since",)}),
    "a number called a year": ({"Year": RANDOM.integers(2000, 2010, ROWS)}, {"time": ("Year",)}),
    "a count of the rows": ({"t": COUNT}, {"time": ("t",)}),
    "names in a few rows each": ({"street": TEXTS}, {"group": ("street",)}),
    "stores": ({"store_id": TEXTS}, {"group": ("store_id",)}),
    "customers of whom some come often": ({"customer": ZIPF}, {"group": ("customer",)}),
    "two ids that group": ({"user_id": TEXTS, "household_id": TEXTS[::-1]}, {"group": ("user_id",)}),
    "customers beside dates in order": ({"applied": DAYS, "customer_id": TEXTS}, {"group": ("customer_id",)}),
    "dates, mixed, beside customers": ({"since": DAYS[MIXED], "customer_id": TEXTS}, {"time": ("since",)}),
}  # fmt: skip
LEFT_ALONE = {
    "numbers": {"income": RANDOM.normal(size=ROWS), "age": RANDOM.integers(18, 80, ROWS)},
    "whole numbers, each once, by another name": {"salary": MIXED * 7 + 20_000},
    "few levels": {"home": RANDOM.choice(["own", "rent"], ROWS), "store_id": RANDOM.integers(0, 12, ROWS)},
    "dates with gaps": {"since": pd.Series(DAYS).where(COUNT % 50 != 0)},
    "words that end like an id": {"paid": RANDOM.integers(0, 50, ROWS), "grid": RANDOM.integers(0, 40, ROWS)},
    "words that begin like one": {
        "idle": RANDOM.integers(0, 50, ROWS),
        "account_length": RANDOM.integers(1, 200, ROWS),
    },
    "customers with gaps": {"customer_id": np.where(np.isnan(GAPS), None, TEXTS)},
}


@pytest.mark.parametrize("what", SAID)
def test_is_said(what):
    columns, roles = SAID[what]
    found, _ = guessed(columns)
    assert {guess.role: guess.columns for guess in found if guess.sure} == roles


@pytest.mark.parametrize("what", ASKED)
def test_is_asked(what):
    columns, roles = ASKED[what]
    found, _ = guessed(columns)
    assert {guess.role: guess.columns for guess in found if not guess.sure} == roles


@pytest.mark.parametrize("what", LEFT_ALONE)
def test_is_left_alone(what):
    found, _ = guessed(LEFT_ALONE[what])
    assert found == ()


@pytest.mark.parametrize("what", {**SAID, **ASKED})
def test_every_reason_is_made_of_sentences_and_time_and_group_are_never_said_together(what):
    found, _ = guessed({**SAID, **ASKED}[what][0])
    assert all(guess.reason[0].isupper() or guess.reason[0].isdigit() for guess in found)
    assert all(guess.reason.endswith(".") and ".." not in guess.reason for guess in found)
    assert not {"time", "group"} <= {guess.role for guess in found if guess.sure}
    assert len({guess.role for guess in found}) == len(found)


def test_both_sides_are_told_in_figures():
    (time, group), _ = guessed({"applied": DAYS, "customer_id": TEXTS})
    assert time.reason == (
        "Dates, and the rows are in their order. Folds train on earlier rows and test on later ones; take it out if "
        "the model is not for later rows."
    )
    assert group.reason == (
        "150 values, each in 4.0 rows on average, and called an id. Uncomment it if rows of one value belong together "
        "and the model is for new ones. With time and group both, add `folds: {kind: forward}` for the same "
        "'customer_id' later, or `kind: group` for new ones."
    )


def test_rows_sorted_by_customer_are_not_taken_to_be_in_the_order_of_time():
    found, _ = guessed({"idcode": np.sort(CUSTOMERS), "grown": RANDOM.integers(0, 9, ROWS)})
    assert [(guess.role, guess.columns, guess.sure) for guess in found] == [("group", ("idcode",), True)]


def test_a_name_that_two_columns_share_plays_no_part():
    frame = pd.DataFrame({"noise": NOISE, "id": MIXED, "late": LATE})
    frame.insert(0, "id", COUNT, allow_duplicates=True)
    table = table_from_frame(frame, "late")
    plan, task = make_task(plan_for(target="late"), table)
    scene = Scene(task=task, folds=Folds(kind="shuffled", splits=(), hash=""), plan=plan)
    assert "id" not in [name for guess in guessed_roles(scene, table) for name in guess.columns]


def test_columns_with_infinite_values_are_dropped_beside_what_is_dropped_anyway():
    ratio = np.where(COUNT % 100 == 0, np.inf, NOISE)
    table = table_from_frame(pd.DataFrame({"ratio": ratio, "fine": NOISE, "late": LATE}), "late")
    infinite = infinite_columns(table, "late")
    assert infinite == {"ratio": 6}
    found, _ = guessed({"loan_id": MIXED, "note": WORDS, "applied": DAYS})
    dropped = with_dropped(found, infinite)
    assert [(guess.role, guess.columns) for guess in dropped] == [
        ("id", ("loan_id",)), ("drop", ("ratio", "note")), ("time", ("applied",)),
    ]  # fmt: skip
    assert "'ratio': infinite in 6 cells" in dropped[1].reason
    assert "'note': Another value in (nearly) every row" in dropped[1].reason
    assert with_dropped(found, {}) == found


def test_what_a_run_refuses_becomes_a_question_that_says_so():
    found, _ = guessed({"loan_id": MIXED, "note": WORDS, "applied": DAYS})
    asked = questions_only(Guesses(roles=found, positive=None), "no folds")
    assert {guess.role: guess.sure for guess in asked.roles} == {"id": False, "drop": True, "time": False}
    assert asked.roles[0].reason.endswith("But as it is, a run refuses it: no folds.")


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        ("id", "id row passing"), ("ID", "id row passing"), ("customer_id", "id row passing"),
        ("CustomerID", "id row passing"), ("customer", "id row passing"), ("patient no", "id row passing"),
        ("idcode", "id row passing"), ("id_loan", "id row passing"), ("store", "id row"), ("Store ID", "id row"),
        ("productId", "id row"), ("Unnamed: 0", "row"), ("rownames", "row"), ("index", "row"), ("year", "time"),
        ("Timestamp", "time"), ("year_built", ""), ("paid", ""), ("valid", ""), ("identity", ""),
        ("account_length", ""), ("time", ""), ("storage", ""), ("", ""), ("\n", ""), ("ид", ""),
    ],
)  # fmt: skip
def test_names(name, signs):
    tests = {"id": is_called_an_id, "row": is_called_a_row, "passing": is_called_a_passing_id, "time": is_called_a_time}
    assert [sign for sign, test in tests.items() if test(name)] == signs.split()
