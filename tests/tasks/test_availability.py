"""What is known only after a row's time is missing, or the run is refused; what nobody declared is named."""

import re

import numpy as np
import pandas as pd
import pytest
from task_tables import plan_for, task_of

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import plan_as_dict, plan_from_dict
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.table import make_table

ROWS = 40
DAY = pd.Timedelta("1D")


def days(numeric: bool = False) -> pd.DataFrame:
    """A row a day; `tomorrow` is the next row's target, `known_at` when it became known; `seen` comes in time."""
    number = np.arange(ROWS)
    rng = np.random.default_rng(0)
    time = number if numeric else pd.Timestamp("2024-01-01") + number * DAY
    frame = pd.DataFrame({"day": time, "x": rng.normal(size=ROWS), "home": rng.choice(["own", "rent"], ROWS)})
    step = 1 if numeric else DAY
    frame["y"] = rng.normal(size=ROWS).cumsum()
    frame["tomorrow"] = frame["y"].shift(-1)
    return frame.assign(known_at=frame["day"] + step, seen=frame["day"] - step, since=frame["day"] - 9 * step)


def made(available_after, frame=None, **data):
    plan = plan_for("y", data={"time": "day", "available_after": available_after, **data})
    return task_of(days() if frame is None else frame, plan)[1]


def refusal(available_after, frame=None, **data):
    with pytest.raises(DataError) as caught:
        made(available_after, frame, **data)
    return str(caught.value)


NULLED = "column 'tomorrow' is known {} after the row's time, so it is missing in every row."


@pytest.mark.parametrize(
    ("lag", "numeric", "missing"),
    [
        ("1 day", False, True), ("3 h", False, True), ("P1D", False, True), ("00:00:01", False, None),
        ("-7 days", False, False), ("0 days", False, False), (0, False, False), (0.0, False, False),
        (1, True, True), (0.5, True, True), (0, True, False), (-3, True, False),
    ],
)  # fmt: skip
def test_what_is_known_some_time_after_the_row_is_missing_in_every_row(lag, numeric, missing):
    if missing is None:
        assert "found '00:00:01'; allowed is a lag such as '1 day'" in refusal({"tomorrow": lag}, days(numeric))
        return
    task = made({"tomorrow": lag}, days(numeric))
    assert list(task.frame["tomorrow"].isna()) == ([True] * ROWS if missing else [False] * (ROWS - 1) + [True])
    shown = lag if isinstance(lag, str) else f"{lag:g}"
    assert (NULLED.format(shown) in task.notes) is missing
    assert not task.frame[["x", "home"]].isna().any(axis=None)


def test_columns_of_every_kind_can_become_missing():
    frame = days().assign(flag=[True, False] * (ROWS // 2), born=pd.Timestamp("1980-05-31"))
    task = made(dict.fromkeys(["x", "home", "flag", "born"], "1 day"), frame)
    assert task.frame[["x", "home", "flag", "born"]].isna().all(axis=None)
    kinds = {column.name: column.kind for column in task.columns}
    assert [kinds[name] for name in ("x", "home", "flag", "born")] == ["number", "category", "boolean", "date"]


@pytest.mark.parametrize("numeric", [False, True])
def test_late_values_refuse_the_run_and_name_column_rows_and_both_stamps(numeric):
    told = refusal({"tomorrow": "known_at"}, days(numeric))
    first = "row 0: known_at 1, day 0" if numeric else "row 0: known_at 2024-01-02, day 2024-01-01"
    assert told.startswith(
        "data.available_after: column 'tomorrow' is known too late in 39 rows, by 'known_at', since a row's time is "
        f"when its prediction is made ({first}; row 1: "
    )
    assert told.endswith(
        "; and 36 more). Leave the column out (data.drop), correct the stamps, or make late values missing: "
        "{tomorrow: {as_of: known_at, late: missing}}"
    )


def test_every_column_with_late_values_is_told_at_once():
    told = refusal({"tomorrow": "known_at", "x": "known_at", "home": "seen"}).splitlines()
    assert [re.findall(r"column '(\w+)'", line) for line in told] == [["tomorrow"], ["x"]]


def test_late_values_become_missing_where_it_says_so():
    frame = days()
    frame.loc[:9, "known_at"] = frame.loc[:9, "day"]
    task = made({"tomorrow": {"as_of": "known_at", "late": "missing"}}, frame)
    assert list(task.frame["tomorrow"].isna()) == [False] * 10 + [True] * 30
    assert (
        "29 of 39 values of 'tomorrow' are known only after the row's time, by 'known_at', and are missing."
        in task.notes
    )


def test_values_known_by_the_row_s_time_stay_as_they_are():
    task = made({"tomorrow": "seen", "x": {"as_of": "day", "late": "refused"}})
    assert task.frame["tomorrow"].notna().sum() == ROWS - 1
    assert not any("tomorrow" in note for note in task.notes)


def test_a_value_without_a_moment_counts_as_not_known_and_a_gap_needs_none():
    frame = days()
    frame["seen"] = frame["seen"].where(frame.index != 5)
    assert "in 1 rows, by 'seen', since" in refusal({"tomorrow": "seen"}, frame)
    assert "row 5: seen missing, day 2024-01-06" in refusal({"tomorrow": "seen"}, frame)
    frame.loc[5, "tomorrow"] = np.nan
    assert made({"tomorrow": "seen"}, frame).frame["tomorrow"].isna().sum() == 2


def test_large_whole_numbers_are_compared_exactly():
    """Nanoseconds since 1970: as floats, 100 ns are nothing."""
    frame = days(numeric=True)
    start = 1_700_000_000_000_000_000
    frame["day"], frame["known_at"] = start + frame["day"] * 1000, start + frame["day"] * 1000 + 1
    assert "in 39 rows" in refusal({"tomorrow": "known_at"}, frame)
    frame["known_at"] = frame["day"]
    assert made({"tomorrow": "known_at"}, frame).frame["tomorrow"].notna().sum() == ROWS - 1


def test_moments_are_no_features_unless_they_are_listed():
    assert list(made({"x": "seen"}).frame) == ["x", "home", "tomorrow", "known_at", "since"]
    assert list(made({"x": "seen"}, features=("x", "seen")).frame) == ["x", "seen"]


def test_a_column_that_reads_like_a_lag_is_the_column():
    frame = days().rename(columns={"known_at": "1 day"})
    assert "is known too late in 39 rows, by '1 day'" in refusal({"tomorrow": "1 day"}, frame)


def test_rows_without_a_target_are_not_asked():
    frame = days()
    frame["y"] = frame["y"].where(frame.index != 3)
    frame["seen"] = frame["day"].where(frame.index != 3, frame["day"] + DAY)
    plan = plan_for("y", data={"time": "day", "available_after": {"x": "seen"}}, drop_missing_target=True)
    assert task_of(frame, plan)[1].frame["x"].notna().all()


UNDECLARED = "UNDECLARED: nobody said when the values of {} are known; available_after: {{{}: 0}} says that they are known by the row's time."  # noqa: E501


@pytest.mark.parametrize(
    ("available_after", "data", "names"),
    [
        ({}, {"drop": ("known_at", "seen", "since")}, "'x', 'home', 'tomorrow'"),
        ({"x": 0}, {"drop": ("known_at", "seen", "since")}, "'home', 'tomorrow'"),
        ({}, {}, "'x', 'home', 'tomorrow', 'known_at', 'seen' and 1 more"),
        ({"x": 0, "home": 0}, {"features": ("x", "home", "day")}, None),
    ],
)
def test_what_nobody_declared_is_named_in_time(available_after, data, names):
    notes = [note for note in made(available_after, **data).notes if note.startswith("UNDECLARED")]
    first = (names or "").split("'")[1:2]
    assert notes == ([UNDECLARED.format(names, *first)] if names else [])


@pytest.mark.parametrize(
    ("data", "folds"), [({"time": "day"}, {"kind": "shuffled"}), ({}, {}), ({"group": "home"}, {"kind": "group"})]
)
def test_nothing_is_undeclared_where_folds_do_not_follow_time(data, folds):
    _, task = task_of(days(), plan_for("y", data=data, folds={**folds, "count": 2}))
    assert not any("UNDECLARED" in note for note in task.notes)


def test_shuffled_folds_see_no_late_value_either():
    plan = plan_for("y", data={"time": "day", "available_after": {"tomorrow": "1 day"}}, folds={"kind": "shuffled"})
    assert task_of(days(), plan)[1].frame["tomorrow"].isna().all()


LAG = "a lag such as '1 day' or '3 h', 0, or the name of a column"


def test_every_fault_is_told_at_once_with_the_nearest_name():
    told = refusal(
        {
            "tomorow": "1 day", "x": 3, "home": "knwn_at", "day": 0, "tomorrow": "y", "since": "since",
            "known_at": {"as_of": "home", "late": "missing"}, "seen": "3",
        },
        drop=("since",),
    )  # fmt: skip
    assert told.splitlines()[:-1] == [
        "10 faults in the roles of columns:",
        "  data.available_after.tomorow: there is no column 'tomorow' (nearest: 'tomorrow')",
        "  data.available_after.x: found 3 of what? 'day' holds dates; write '3 days', or 0",
        "  data.available_after.home: 'home' is no feature, so nothing depends on when it is known; leave it out",
        f"  data.available_after.home: found 'knwn_at'; allowed is {LAG} (nearest: 'known_at')",
        "  data.available_after.day: 'day' is no feature, so nothing depends on when it is known; leave it out",
        "  data.available_after.tomorrow: 'y' is the target, not when it was known",
        "  data.available_after.since: 'since' is no feature, so nothing depends on when it is known; leave it out",
        "  data.available_after.since: 'since' is the column itself, not when it was known",
        "  data.available_after.known_at: 'home' is a category, but 'day' is a date; both must be one kind",
        f"  data.available_after.seen: found '3'; allowed is {LAG}",
    ]
    assert "a number, or the name of a column" in refusal({"x": "1 day"}, days(numeric=True))


YES = {"answer": True, "by": "Ada", "reason": "It is in the form."}
NO = {**YES, "answer": False}


def test_an_answer_of_no_and_a_feature_do_not_go_together():
    with pytest.raises(DataError) as caught:
        task_of(days(), plan_for("y", reviewed={"x": NO, "hom": YES, "since": YES}))
    assert str(caught.value).splitlines()[1:3] == [
        "  reviewed.x: the answer is no, yet it is a feature; put it into data.drop",
        "  reviewed.hom: there is no column 'hom' (nearest: 'home')",
    ]
    assert "x" not in task_of(days(), plan_for("y", data={"drop": ("x",)}, reviewed={"x": NO}))[1].frame
    with pytest.raises(DataError, match=r"reviewed.x: the answer is no, yet it is a feature; take it out of data.feat"):
        task_of(days(), plan_for("y", data={"features": ("x",)}, reviewed={"x": NO}))


def test_availability_and_answers_are_part_of_the_written_plan():
    available = {"x": "1 day", "home": {"as_of": "known_at", "late": "missing"}}
    plan = plan_for("y", data={"time": "day", "available_after": available}, reviewed={"x": YES})
    written = plan_as_dict(plan)
    assert (written["data"]["available_after"], written["reviewed"]) == (available, {"x": YES})
    assert plan_as_dict(plan_from_dict(written)) == written


def test_the_table_that_is_made_a_task_of_stays_as_it_was():
    table = make_table(days(), "y")
    before = table.frame.copy()
    make_task(plan_for("y", data={"time": "day", "available_after": {"x": "1 day"}}), table)
    pd.testing.assert_frame_equal(table.frame, before)
