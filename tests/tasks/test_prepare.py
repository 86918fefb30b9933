"""`data.prepare`: rows may be changed and left out, never added, repeated or renamed."""

import numpy as np
import pandas as pd
import prepares
import pytest
from prepares import raw
from task_tables import plan_for

from kiss_bench import bench
from kiss_bench.errors import DataError
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.prepare import table_of
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.table import make_table

NAME = "data.prepare: prepares:"


def prepared(function, frame=None, **data):
    plan = plan_for("y", data={"prepare": f"prepares:{function.__name__}", **data}, positive=1)
    return table_of(plan, raw() if frame is None else frame)


def test_the_rows_are_what_the_function_makes_of_them():
    table = prepared(prepares.row_local)
    assert list(table.frame) == ["day", "amount", "town", "y", "made"]
    np.testing.assert_allclose(table.frame["made"], prepares.row_local(raw())["made"])
    assert table.notes == ("The rows are prepared by prepares:row_local.",)
    assert table.row_id is None


def test_rows_that_are_left_out_are_counted_and_the_others_keep_their_ids():
    frame = raw().set_axis(range(1000, 1200))
    table = prepared(prepares.without_unknown, frame)
    kept = np.flatnonzero(raw()["amount"].notna())
    _, task = make_task(plan_for("y", data={"time": "day"}, positive=1), table)
    np.testing.assert_array_equal(task.row_id, kept)
    assert table.notes == (
        f"The rows are prepared by prepares:without_unknown; it left out {200 - len(kept)} of 200 rows.",
    )
    assert (task.rows_read, task.rows_dropped) == (200, 200 - len(kept))


@pytest.mark.parametrize("function", [prepares.without_last, prepares.joined, prepares.next_target])
def test_first_rows_and_joins_keep_their_rows(function):
    rows = prepared(function).row_id
    assert rows is None or list(rows) == list(range(len(rows)))


RESAMPLING = "resampling belongs into a rung's fit, where it touches training rows alone"
REFUSED = {
    prepares.repeated: f"{NAME}repeated repeats 98 rows (such as row 0); {RESAMPLING}",
    prepares.added: (
        f"{NAME}added gives 98 rows that the table does not have (index 200, 201, 202); "
        f"it may leave out rows, and must keep the index of the others; {RESAMPLING}"
    ),
    prepares.sorted_by_amount: f"{NAME}sorted_by_amount gives the rows in another order; end it with `.sort_index()`",
    prepares.by_day: f"{NAME}by_day gives 200 rows that the table does not have (index Timestamp('2024-",
    prepares.nothing: f"{NAME}nothing leaves no row of 200",
    prepares.a_number: f"{NAME}a_number gives a int; it must give a pandas DataFrame",
    prepares.fails: f"{NAME}fails raised KeyError: 'gone'",
}


@pytest.mark.parametrize("function", REFUSED)
def test_what_is_not_the_rows_of_the_table_is_refused(function):
    with pytest.raises(DataError) as caught:
        prepared(function)
    assert str(caught.value).startswith(REFUSED[function])


def by_name(frame):
    return frame.drop(index=[len(frame) - 1]).loc[0:]


def first_by_name(frame):
    return frame.loc[0:0].assign(made=frame.loc[0, "amount"])


@pytest.mark.parametrize("function", [by_name, first_by_name])
def test_a_function_that_uses_the_names_of_the_rows_is_taken_as_it_is(function):
    plan = plan_for("y", data={"prepare": f"{__name__}:{function.__name__}"})
    assert len(table_of(plan, raw()).frame) == len(function(raw()))


def test_rows_that_are_left_out_and_counted_anew_are_refused():
    with pytest.raises(DataError, match="counts the others anew, so that nobody can tell which they are; it must keep"):
        prepared(prepares.counted_anew)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("prepares:row_locl", "data.prepare: 'prepares' has no 'row_locl'; it has"),
        ("no_such:x", "data.prepare: 'no_such' of no_such:x cannot be imported (ModuleNotFoundError: "),
        ("prepares:not_a_function", "data.prepare: prepares:not_a_function is a DataFrame; it must be a function of"),
    ],
)
def test_a_function_that_is_not_there_is_told(reference, told):
    with pytest.raises(DataError) as caught:
        table_of(plan_for("y", data={"prepare": reference}), raw())
    assert str(caught.value).startswith(told)


def test_the_hash_covers_both_the_rows_as_read_and_as_they_came_out():
    plain, one, other = make_table(raw(), "y"), prepared(prepares.row_local), prepared(prepares.tomorrow)
    assert (
        len({plain.data_hash, one.data_hash, other.data_hash, make_table(prepares.row_local(raw()), "y").data_hash})
        == 4
    )
    assert prepared(prepares.row_local).data_hash == one.data_hash
    changed = raw().assign(idle=1)
    assert prepared(prepares.label_copy, changed).data_hash != prepared(prepares.label_copy).data_hash
    assert table_of(plan_for("y"), raw()).data_hash == plain.data_hash


BESIDE = """\
def up(frame):
    assert list(frame.index) == list(range(len(frame)))
    frame["made"] = frame["amount"] * 2
    return frame
"""


def test_it_is_found_beside_the_config_and_gets_a_copy_of_what_any_source_holds(tmp_path):
    (tmp_path / "tidy_beside.py").write_text(BESIDE)
    raw().to_csv(tmp_path / "raw.csv", index=False)
    plan = plan_for("y", data={"path": "raw.csv", "prepare": "tidy_beside:up"}, folder=str(tmp_path))
    table = read_table(plan)
    np.testing.assert_allclose(table.frame["made"], raw()["amount"] * 2)
    assert list(table.raw) == list(raw())
    frame = raw()
    table_of(plan, frame)
    pd.testing.assert_frame_equal(frame, raw())


def test_a_whole_run_on_prepared_rows(tmp_path):
    board = bench(
        raw(), "y", results=tmp_path, engine="inline", quick=True, positive=1, ladder=["dummy", "linear"],
        folds={"count": 3}, data={"prepare": "prepares:without_unknown"},
    )  # fmt: skip
    scored = pd.read_parquet(board.folder / "predictions.parquet")
    kept = np.flatnonzero(raw()["amount"].notna())
    assert set(scored["row_id"]) == set(kept.tolist())
    actual = scored.drop_duplicates("row_id").set_index("row_id")["actual"].sort_index()
    np.testing.assert_array_equal(actual.astype(int), raw()["y"].iloc[kept])
    assert any("prepares:without_unknown; it left out" in note for note in board.board.notes)
