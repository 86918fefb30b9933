import warnings

import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, messy

from kiss_bench.evaluation.encodings import MANY_LEVELS, RARE, Encode, TypedColumns, date_parts
from kiss_bench.tasks.columns import canonical

ENCODINGS = ("onehot", "ordinal", "native")
NAN = np.nan


def typed(frame: pd.DataFrame):
    """The canonical frame and its columns."""
    return canonical(frame)


def levels(**counts: int) -> pd.Series:
    """A column with these levels, each as often as said."""
    return pd.Series([name for name, count in counts.items() for _ in range(count)])


def encoded(frame: pd.DataFrame, encoding: str, rows: pd.DataFrame, y=None, task="binary") -> np.ndarray:
    """What `rows` become after fitting on `frame`."""
    made, columns = typed(frame)
    encode = Encode(encoding, columns, task, 1).fit(made, y)
    return np.asarray(encode.transform(canonical(rows, columns)[0]), dtype=float)


def features(task: str, rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    frame = messy(task, rows).iloc[:, :-1].drop(columns=["part"])
    return frame.drop(columns="y"), frame["y"].to_numpy()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_a_row_becomes_does_not_depend_on_the_rows_beside_it(encoding, task):
    raw, y = features(task, 240)
    frame, columns = typed(raw)
    pipe = [TypedColumns(columns), Encode(encoding, columns, task, 1)]
    pipe[1].fit(pipe[0].transform(frame.iloc[:160]), y[:160])
    everything = np.asarray(pipe[1].transform(pipe[0].transform(frame.iloc[160:])), dtype=float)
    alone = [
        np.asarray(pipe[1].transform(pipe[0].transform(frame.iloc[[row]])), dtype=float) for row in range(160, 200)
    ]
    np.testing.assert_array_equal(np.vstack(alone), everything[:40])
    backwards = np.asarray(pipe[1].transform(pipe[0].transform(frame.iloc[:159:-1])), dtype=float)
    np.testing.assert_array_equal(backwards[::-1], everything)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_is_learnt_from_rows_outside_fit(encoding, task):
    """The training part of a long table encodes like a table that never had the other rows."""
    raw, y = features(task, 240)
    columns = typed(raw)[1]
    wild = raw.copy()
    wild.iloc[160:, wild.columns.get_loc("a_b")] = 1e9
    wild.iloc[160:, wild.columns.get_loc("town")] = "elsewhere"
    made = []
    for table in (raw, wild, raw.iloc[:160]):
        frame = canonical(table, columns)[0].iloc[:160]
        made.append(np.asarray(Encode(encoding, columns, task, 1).fit_transform(frame, y[:160]), dtype=float))
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_frame_that_is_encoded_stays_as_it_is(encoding):
    raw, y = features("binary", 120)
    frame, columns = typed(raw)
    before = frame.copy(deep=True)
    Encode(encoding, columns, "binary", 1).fit(frame, y).transform(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_no_encoding_warns_about_levels_it_has_not_seen():
    raw, y = features("binary", 240)
    frame, columns = typed(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for encoding in ENCODINGS:
            Encode(encoding, columns, "binary", 1).fit(frame.iloc[:160], y[:160]).transform(frame.iloc[160:])


ONEHOT = [
    pytest.param({"own": RARE, "rent": RARE}, [("own", [1, 0]), ("rent", [0, 1]), ("boat", [0, 0])],
                 id="a level never seen is none of them where no level is rare"),
    pytest.param({"own": RARE, "a": 1, "b": RARE - 1}, [("own", [1, 0]), ("a", [0, 1]), ("boat", [0, 1])],
                 id="rare levels share a column, which unseen ones join"),
    pytest.param({"own": 2, "rent": 2}, [("own", [1]), ("rent", [1]), ("boat", [1])], id="all levels are rare"),
]  # fmt: skip


@pytest.mark.parametrize(("counts", "expected"), ONEHOT)
def test_onehot_groups_rare_levels(counts, expected):
    rows = pd.DataFrame({"home": [level for level, _ in expected]})
    found = encoded(pd.DataFrame({"home": levels(**counts)}), "onehot", rows)
    np.testing.assert_array_equal(found, [row for _, row in expected])


def test_onehot_gives_a_missing_level_a_column_of_its_own():
    train = pd.DataFrame({"home": [*levels(own=RARE, rent=RARE), *[None] * RARE]})
    found = encoded(train, "onehot", pd.DataFrame({"home": ["own", "rent", None]}))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_onehot_scales_numbers_and_marks_those_that_were_missing():
    train = pd.DataFrame({"x": [0.0, 2.0, 4.0, NAN], "constant": 3.0, "gone": NAN})
    found = encoded(train, "onehot", pd.DataFrame({"x": [2.0, NAN], "constant": 9.0, "gone": 1.0}))
    np.testing.assert_allclose(found, [[0.0, -1 / np.sqrt(3)], [0.0, np.sqrt(3)]])


def test_onehot_fills_a_number_that_is_missing_at_predict_time_only_with_the_median():
    found = encoded(pd.DataFrame({"x": [0.0, 1.0, 8.0]}), "onehot", pd.DataFrame({"x": [NAN, 1.0]}))
    assert found.shape == (2, 1)
    assert found[0] == found[1]


CODES = [("own", 0.0), ("rent", 1.0), ("boat", NAN), (None, NAN)]


@pytest.mark.parametrize("encoding", ["ordinal", "native"])
def test_codes_are_sorted_levels_and_unseen_is_missing(encoding):
    train = pd.DataFrame({"home": levels(rent=3, own=2), "x": [1.0, NAN, 3.0, 4.0, 5.0]})
    rows = pd.DataFrame({"home": [level for level, _ in CODES], "x": [NAN, 1.0, 2.0, 3.0]})
    found = encoded(train, encoding, rows)
    np.testing.assert_array_equal(found[:, 0], rows["x"])
    np.testing.assert_array_equal(found[:, 1], [code for _, code in CODES])


def test_native_gives_names_that_lightgbm_takes_and_categories_of_the_training_part():
    raw, y = features("binary", 240)
    frame, columns = typed(raw)
    encode = Encode("native", columns, "binary", 1)
    train, rest = encode.fit_transform(frame.iloc[:160], y[:160]), encode.transform(frame.iloc[160:])
    assert all(name[0] in "nc" and name[1:].isdigit() for name in train)
    assert list(train) == list(rest)
    assert train.dtypes.to_dict() == rest.dtypes.to_dict()
    assert rest.index.equals(frame.index[160:])
    categories = [name for name in train if isinstance(train[name].dtype, pd.CategoricalDtype)]
    assert len(categories) == sum(column.kind == "category" for column in columns)


def test_columns_that_are_empty_in_the_training_part_are_left_out():
    train = pd.DataFrame({"x": [1.0, 2.0], "gone": NAN, "home": ["own", "rent"]})
    later = pd.DataFrame({"x": [1.0, 2.0], "gone": [5.0, 6.0], "home": ["own", "rent"]})
    np.testing.assert_array_equal(encoded(train, "ordinal", later), [[1.0, 0.0], [2.0, 1.0]])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_usable_column_leaves_one_column_of_zeros(encoding):
    frame = pd.DataFrame({"gone": [NAN] * 4})
    np.testing.assert_array_equal(encoded(frame, encoding, frame), np.zeros((4, 1)))


@pytest.mark.parametrize("count", [MANY_LEVELS, MANY_LEVELS + 1])
def test_more_levels_than_fit_in_columns_are_encoded_by_their_target(count):
    """Up to MANY_LEVELS a column of codes; above, the mean target of a level, near its own where it is often seen."""
    frame = pd.DataFrame({"town": [f"t{number:02d}" for number in range(count) for _ in range(40)]})
    y = np.where(frame["town"] == "t00", "yes", "no")
    found = encoded(frame, "ordinal", pd.DataFrame({"town": ["t00", "t01"]}), y)
    if count == MANY_LEVELS:
        np.testing.assert_array_equal(found, [[0.0], [1.0]])
    else:
        assert found[0, 0] > 0.9
        assert found[1, 0] < 0.1


def test_a_town_never_seen_gets_the_mean_target():
    frame = pd.DataFrame({"town": [f"t{number}" for number in range(30) for _ in range(4)]})
    y = np.arange(120) % 4 == 0
    assert encoded(frame, "ordinal", pd.DataFrame({"town": ["new"]}), y)[0, 0] == pytest.approx(0.25)


@pytest.mark.parametrize("encoding", ["onehot", "ordinal"])
def test_target_encoding_of_noise_says_nothing_about_the_rows_it_was_fitted_on(encoding):
    """200 levels on 400 rows: the plain mean of a level knows half its own row's target, a cross-fitted one nothing."""
    crossed, naive = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        made, columns = typed(pd.DataFrame({"town": rng.integers(0, 200, 400).astype(str)}))
        y = rng.integers(0, 2, 400)
        encode = Encode(encoding, columns, "binary", 1)
        crossed.append(np.corrcoef(encode.fit_transform(made, y)[:, 0], y)[0, 1])
        naive.append(np.corrcoef(encode.transform(made)[:, 0], y)[0, 1])
    assert np.mean(naive) > 0.5
    assert abs(np.mean(crossed)) < 0.1


@pytest.mark.parametrize("labels", [["a"], ["a", "b"], ["a", "b", "c"], [0.5, 1.5], [0.5, 1.5, 2.5]])
@pytest.mark.parametrize("encoding", ["onehot", "ordinal"])
def test_a_multiclass_training_part_may_lack_labels_and_they_may_be_any_numbers(encoding, labels):
    frame = pd.DataFrame({"town": [f"t{number % 40}" for number in range(120)]})
    found = encoded(frame, encoding, frame, np.resize(labels, 120), task="multiclass")
    assert found.shape == (120, len(labels) if len(labels) > 2 else 1)
    assert np.isfinite(found).all()


def test_the_seed_decides_the_cross_fitting_folds():
    raw, y = features("binary", 240)
    frame, columns = typed(raw)
    one, same, other = (
        np.asarray(Encode("ordinal", columns, "binary", seed).fit_transform(frame, y)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other, equal_nan=True)


DATES = [
    pytest.param("1970-01-01", [0.0, 1, 1, 3, 0], id="the first day"),
    pytest.param("2024-02-29 18:00", [19782.75, 2, 29, 3, 18], id="an evening of a leap day, a Thursday"),
    pytest.param("1969-12-31 12:00", [-0.5, 12, 31, 2, 12], id="before the first day"),
    pytest.param(None, [NAN] * 5, id="a missing date"),
]


@pytest.mark.parametrize(("stamp", "expected"), DATES)
def test_a_date_becomes_days_month_day_weekday_and_hour(stamp, expected):
    parts = date_parts(pd.Series([pd.Timestamp(stamp) if stamp else pd.NaT], dtype="datetime64[us]"))
    assert list(parts) == ["days", "month", "day", "weekday", "hour"]
    np.testing.assert_array_equal([values[0] for values in parts.values()], expected)


def test_the_time_encoding_is_elapsed_days_alone():
    frame = pd.DataFrame({"when": pd.to_datetime(["1970-01-02 00:00", "1970-01-03 12:00"])})
    np.testing.assert_array_equal(encoded(frame, "time", frame), [[1.0], [2.5]])


def test_raw_columns_are_picked_by_name_whatever_their_order_and_company():
    columns = typed(pd.DataFrame({"x": [1.0], "home": ["own"]}))[1]
    raw = pd.DataFrame({"other": [1], "home": ["rent"], "x": ["2.5"]})
    made = TypedColumns(columns).fit(raw).transform(raw)
    assert list(made) == ["x", "home"]
    assert made["x"].tolist() == [2.5]
