import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiss_bench.errors import DataError
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.names import duplicated_names, unique_names
from kiss_bench.tasks.task import Column

NAT = np.datetime64("NaT", "us")
UTC_PLUS_2 = dt.timezone(dt.timedelta(hours=2))

KINDS = [
    pytest.param(pd.Series([1, 2]), "number", [1.0, 2.0], id="integers"),
    pytest.param(pd.Series([1, 2], dtype="int8"), "number", [1.0, 2.0], id="small integers"),
    pytest.param(pd.Series([1, None], dtype="Int64"), "number", [1.0, np.nan], id="nullable integers"),
    pytest.param(pd.Series([1, None], dtype="int64[pyarrow]"), "number", [1.0, np.nan], id="arrow integers"),
    pytest.param(pd.Series([Decimal("1.10"), None], dtype=object), "number", [1.1, np.nan], id="decimals"),
    pytest.param(pd.Series([Decimal(1), 2.5], dtype=object), "number", [1.0, 2.5], id="decimals and floats"),
    pytest.param(pd.Series([1, 2.5, None], dtype=object), "number", [1.0, 2.5, np.nan], id="objects that are numbers"),
    pytest.param(pd.Series([1, pd.NA], dtype=object), "number", [1.0, np.nan], id="objects with NA"),
    pytest.param(pd.Series([2**70, 1], dtype=object), "number", [2.0**70, 1.0], id="integers beyond 64 bits"),
    pytest.param(pd.Series(pd.to_timedelta([90, None], unit="s")), "number", [90.0, np.nan], id="durations in seconds"),
    pytest.param(pd.Series([dt.timedelta(0, 5), None], dtype=object), "number", [5.0, np.nan], id="duration objects"),
    pytest.param(pd.Series([None, None], dtype=object), "number", [np.nan, np.nan], id="nothing at all"),
    pytest.param(pd.Series([pd.NaT, pd.NaT]), "number", [np.nan, np.nan], id="no date at all"),
    pytest.param(pd.Series([1.0, 0.0], dtype=pd.SparseDtype("float64")), "number", [1.0, 0.0], id="sparse numbers"),
    pytest.param(pd.Series([True, False]), "boolean", [1.0, 0.0], id="booleans"),
    pytest.param(pd.Series([True, None], dtype="boolean"), "boolean", [1.0, np.nan], id="nullable booleans"),
    pytest.param(pd.Series([True, None, False], dtype=object), "boolean", [1.0, np.nan, 0.0], id="boolean objects"),
    pytest.param(pd.Series(["b", None, "a"]), "category", ["b", None, "a"], id="text"),
    pytest.param(pd.Series(["b", "a"], dtype="category"), "category", ["b", "a"], id="pandas categories"),
    pytest.param(pd.Series([2, 1], dtype="category"), "category", ["2", "1"], id="categories of integers"),
    pytest.param(pd.Series([1.0, "a", 2.5, True], dtype=object), "category", ["1", "a", "2.5", "True"], id="a mixture"),
    pytest.param(pd.Series([1, True, 1.0, "1"], dtype=object), "category", ["1", "True", "1", "1"], id="equal keys"),
    pytest.param(pd.Series([dt.time(1, 2)], dtype=object), "category", ["01:02:00"], id="times of day"),
    pytest.param(pd.Series(["2024-13-01", "2024-01-01"]), "category", ["2024-13-01", "2024-01-01"], id="no such month"),
    pytest.param(pd.Series(["2024-01-01", "soon"]), "category", ["2024-01-01", "soon"], id="one text is no date"),
    pytest.param(pd.Series(["2024"] * 2), "category", ["2024"] * 2, id="a year alone"),
    pytest.param(pd.Series(["2024-05-31", None]), "date", [np.datetime64("2024-05-31"), NAT], id="ISO days"),
    pytest.param(pd.Series(["2024-05-31"], dtype="category"), "date", [np.datetime64("2024-05-31")], id="ISO levels"),
    pytest.param(
        pd.Series(["2024-05-31T02:00:00+02:00", "2024-05-31 00:00"]),
        "date",
        [np.datetime64("2024-05-31"), np.datetime64("2024-05-31")],
        id="ISO stamps, zoned or not",
    ),
    pytest.param(
        pd.Series(pd.to_datetime(["2024-05-31", None])), "date", [np.datetime64("2024-05-31"), NAT], id="dates"
    ),
    pytest.param(
        pd.Series(pd.to_datetime(["2024-05-31 02:00"]).tz_localize(UTC_PLUS_2)),
        "date",
        [np.datetime64("2024-05-31")],
        id="zoned dates",
    ),
    pytest.param(
        pd.Series([dt.date(2024, 5, 31), None], dtype=object),
        "date",
        [np.datetime64("2024-05-31"), NAT],
        id="date objects",
    ),
    pytest.param(
        pd.Series([dt.date(9999, 12, 31)], dtype=object), "date", [np.datetime64("9999-12-31")], id="far dates"
    ),
    pytest.param(
        pd.Series([dt.datetime(2024, 5, 31), dt.datetime(2024, 5, 31, 2, tzinfo=UTC_PLUS_2)], dtype=object),
        "date",
        [np.datetime64("2024-05-31")] * 2,
        id="stamp objects, zoned or not",
    ),
]


@pytest.mark.parametrize(("values", "kind", "expected"), KINDS)
def test_values_decide_the_kind(values, kind, expected):
    frame, columns = canonical(pd.DataFrame({"a": values}))
    assert columns == (Column(name="a", kind=kind),)
    made = frame["a"]
    if kind == "category":
        assert [None if pd.isna(value) else value for value in made] == expected
        assert list(made.cat.categories) == sorted({value for value in expected if value is not None})
    else:
        dtype = "datetime64[us]" if kind == "date" else "float64"
        assert made.dtype == dtype
        np.testing.assert_array_equal(made.to_numpy(), np.array(expected, dtype=dtype))


@pytest.mark.parametrize(("values", "kind", "expected"), KINDS)
def test_canonical_columns_stay_as_they_are(values, kind, expected):
    frame, columns = canonical(pd.DataFrame({"a": values}))
    again, same = canonical(frame, columns)
    pd.testing.assert_frame_equal(again, frame)
    assert same == columns


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([[1], [2]], "list"),
        ([{"x": 1}, None], "dict"),
        ([(1, 2)], "tuple"),
        ([1j], "complex128"),
        (pd.period_range("2024", periods=2), "period[D]"),
        (pd.Series([pd.Period("2024"), None], dtype=object), "period"),
        (pd.interval_range(0, 2), "interval[int64, right]"),
    ],
)
def test_cells_that_no_model_can_use_are_refused(values, found):
    with pytest.raises(DataError) as caught:
        canonical(pd.DataFrame({"a": pd.Series(values)}))
    assert str(caught.value) == (
        f"column 'a' holds values of type {found}, which no model here can use; "
        "turn them into numbers or text, or leave the column out of the table"
    )


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", " 2.5 ", "", None], "number", [1.0, 2.5, np.nan, np.nan]),
        ([1, "2", None], "number", [1.0, 2.0, np.nan]),
        ([True, False], "number", [1.0, 0.0]),
        (["True", "false", "1", " "], "boolean", [1.0, 0.0, 1.0, np.nan]),
        ([1, 0, None], "boolean", [1.0, 0.0, np.nan]),
        (["2024-05-31", None], "date", [np.datetime64("2024-05-31"), NAT]),
        ([None, None], "date", [NAT, NAT]),
        ([1.0, 2.0], "category", ["1", "2"]),
        ([None, None], "category", [np.nan, np.nan]),
    ],
)
def test_raw_values_are_coerced_to_a_known_kind(values, kind, expected):
    made, _ = canonical(pd.DataFrame({"a": values}), (Column(name="a", kind=kind),))
    if kind == "category":
        assert made["a"].astype(object).tolist() == expected or made["a"].isna().all()
    else:
        np.testing.assert_array_equal(made["a"].to_numpy(), np.array(expected, dtype=made["a"].dtype))


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        (["1", "abc"], "number", "could not convert string to float: 'abc'"),
        ([pd.Timestamp("2024-05-31")], "number", "found the date 2024-05-31 00:00:00"),
        ([0, 2], "boolean", "found 2; allowed are true, false, 1 and 0"),
        (["maybe"], "boolean", "found 'maybe'; allowed are true, false, 1 and 0"),
        ([5], "date", "found the number 5"),
        (["soon"], "date", "found 'soon'; dates are read as 2024-05-31 or ISO-8601 stamps"),
    ],
)
def test_values_that_do_not_fit_the_known_kind_are_told(values, kind, told):
    with pytest.raises(DataError) as caught:
        canonical(pd.DataFrame({"a": values}), (Column(name="a", kind=kind),))
    assert str(caught.value) == f"column 'a' is a {kind}, but holds a value that cannot be read as one: {told}"


def test_known_kinds_pick_and_order_columns_and_keep_the_index():
    frame = pd.DataFrame({"c": [1], "b": ["x"], "a": [2]}, index=[7])
    made, _ = canonical(frame, (Column(name="a", kind="number"), Column(name="b", kind="category")))
    assert list(made.columns) == ["a", "b"]
    assert list(made.index) == [7]


def test_known_columns_that_are_missing_are_all_named():
    with pytest.raises(DataError) as caught:
        canonical(pd.DataFrame({"x": [1]}), (Column(name="a", kind="number"), Column(name="b", kind="number")))
    assert str(caught.value) == "2 column(s) are not in this table: 'a', 'b'"


def test_infinite_values_are_all_named_with_rows():
    frame = pd.DataFrame({"a": [np.inf, 1.0, -np.inf], "b": [1.0, 2.0, 3.0], "c": [0.0, np.inf, 0.0]})
    with pytest.raises(DataError) as caught:
        canonical(frame, canonical(frame)[1])
    assert str(caught.value) == (
        "infinite values in 2 column(s), rows counted from 0: 'a': 2 (row_id 0, 2); 'c': 1 (row_id 1); "
        "make them missing or finite (at most 1e150 in size), or drop the column with data.drop"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a.1", "a.2"]),
        (["a", "a", "a.1"], ["a", "a.2", "a.1"]),
        ([1, "1", 2], ["1", "1.1", "2"]),
        ([("x", "y"), None], ["('x', 'y')", "None"]),
    ],
)
def test_names_are_text_and_told_apart_as_pandas_does(names, expected):
    assert list(unique_names(names)) == expected
    assert list(unique_names(expected)) == expected


def test_names_that_repeat_are_listed_once():
    assert duplicated_names(["b", "a", "b", 1, "1", "b"]) == ("b", "1")


def test_a_raw_frame_with_repeated_names_finds_its_known_columns():
    raw = pd.DataFrame([[1, 2]], columns=["a", "a"])
    made, columns = canonical(raw)
    pd.testing.assert_frame_equal(canonical(raw, columns)[0], made)
    assert made.iloc[0].to_dict() == {"a": 1.0, "a.1": 2.0}


def test_levels_are_those_of_the_rows_at_hand():
    made, columns = canonical(pd.DataFrame({"a": ["z", "b", "a"]}))
    part, _ = canonical(made.iloc[:2], columns)
    assert list(part["a"].cat.categories) == ["b", "z"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (Decimal("2.0"), "2"), (2.5, "2.5"), (True, "True"), (float("inf"), "inf"), (-0.0, "0")],
)
def test_integral_floats_are_written_as_integers(value, text):
    assert text_of(value) == text


CELLS = [
    st.integers(-(2**60), 2**60),
    st.floats(-1e150, 1e150),
    st.booleans(),
    st.text(max_size=4),
    st.sampled_from(["2024-05-31", "2024-02-29 10:00", "2024-02-30"]),
    st.datetimes(),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.timedeltas(min_value=dt.timedelta(-999), max_value=dt.timedelta(999)),
    st.one_of(st.integers(-3, 3), st.text(max_size=2), st.booleans(), st.floats(-2, 2)),
]


@st.composite
def raw_columns(draw):
    cells = st.one_of(st.none(), draw(st.sampled_from(CELLS)))
    values = draw(st.lists(cells, min_size=1, max_size=12))
    return pd.Series(values, dtype=object) if draw(st.booleans()) else pd.Series(values)


@settings(max_examples=300, deadline=None)
@given(raw=raw_columns(), data=st.data())
def test_canonical_form_is_a_fixed_point_and_knows_only_the_row(raw, data):
    frame = pd.DataFrame({"a": raw})
    whole, columns = canonical(frame)
    pd.testing.assert_frame_equal(canonical(whole, columns)[0], whole)
    pd.testing.assert_frame_equal(canonical(frame, columns)[0], whole)
    rows = data.draw(st.lists(st.integers(0, len(raw) - 1), unique=True))
    part, expected = canonical(frame.iloc[rows], columns)[0]["a"], whole["a"].iloc[rows]
    assert part.dtype.kind == expected.dtype.kind
    pd.testing.assert_series_equal(part.astype(object), expected.astype(object))
