import gzip
import sqlite3
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from task_tables import loans, plan_for

from kiss_bench.errors import DataError
from kiss_bench.plan.plan import Data
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.table import table_from_frame


def read(folder, **data):
    return read_table(replace(plan_for("late", data=data), folder=str(folder)))


def refusal(folder, **data):
    with pytest.raises(DataError) as caught:
        read(folder, **data)
    return str(caught.value)


def save_sql(frame, path):
    with sqlite3.connect(path) as connection:
        frame.to_sql("loans", connection, index=False)
    connection.close()


SAVE = {
    "t.csv": lambda frame, path: frame.to_csv(path, index=False),
    "t.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "t.CSV": lambda frame, path: frame.to_csv(path, index=False),
    "semi.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "comma.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";", decimal=","),
    "t.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "bom.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
    "t.parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "filtered.pq": lambda frame, path: frame.set_axis(range(9, 9 + len(frame))).iloc[::1].to_parquet(path, index=True),
}


def awkward():
    """Gaps, large integers, odd floats, quotes and dates: what formats disagree about."""
    frame = loans()
    frame["ratio"] = 0.1 + 0.2 * np.arange(len(frame)) / 3
    frame["zero"] = np.where(frame.index % 2 == 0, -0.0, 1e-308)
    frame["text"] = [f'a "b"; c,\t{row % 7}\u00e9' for row in frame.index]
    frame["big"] = 2**60 + frame.index.to_numpy()
    frame["big_gaps"] = pd.Series([2**60 + 1, None] * (len(frame) // 2), dtype="Int64")
    frame["gaps"] = frame["income"].where(frame.index % 5 != 0)
    frame["nothing"] = np.nan
    frame["day"] = frame["applied"].dt.strftime("%Y-%m-%d")
    return frame


@pytest.mark.parametrize("name", SAVE)
def test_one_table_hashes_equal_in_every_kind_of_file(name, tmp_path):
    frame = awkward()
    SAVE[name](frame, tmp_path / name)
    table = read(tmp_path, path=name)
    expected = table_from_frame(frame, "late")
    assert table.columns == expected.columns
    pd.testing.assert_frame_equal(table.frame, expected.frame)
    assert table.data_hash == expected.data_hash


@pytest.mark.parametrize("url", ["sqlite:///t.db", "sqlite:///${FOLDER}/t.db", "${WHOLE}", "sqlite:///$FOLDER/t.db"])
def test_a_database_copy_hashes_equal(url, tmp_path, monkeypatch):
    frame = awkward()
    save_sql(frame, tmp_path / "t.db")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("WHOLE", f"sqlite:///{tmp_path}/t.db")
    table = read(tmp_path, sql="select * from loans where home like '%' and 'a:b' = 'a:b'", url=url)
    assert table.data_hash == table_from_frame(frame, "late").data_hash
    assert table.notes == (
        "data.sql has no ORDER BY: the order of its rows, and with it data hash and folds, is up to the database",
    )
    assert read(tmp_path, sql="select * from loans order by loan", url=url).notes == ()


def as_int32(frame):
    return frame.astype({"loan": "int32", "customer": "float64"})


SAME = {
    "other numeric types": as_int32,
    "categories instead of text": lambda frame: frame.astype({"home": "category"}),
    "text instead of dates": lambda frame: frame.assign(applied=frame["applied"].astype("str")),
    "zoned dates": lambda frame: frame.assign(
        applied=frame["applied"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    ),
    "0 and 1 instead of booleans": lambda frame: frame.astype({"employed": int}),
    "objects": lambda frame: frame.astype(object),
    "another index": lambda frame: frame.set_axis(range(5, 5 + len(frame))),
    "minus zero": lambda frame: frame.assign(income=frame["income"].replace(0.0, -0.0)),
}
DIFFERENT = {
    "a value": lambda frame: frame.assign(income=frame["income"].replace(1.5, 1.5000000001)),
    "a level": lambda frame: frame.assign(home=frame["home"].replace("own", "owned")),
    "a gap": lambda frame: frame.assign(income=frame["income"].where(frame.index != 3)),
    "a missing level": lambda frame: frame.assign(home=frame["home"].where(frame.index != 3)),
    "a date": lambda frame: frame.assign(applied=frame["applied"] + pd.Timedelta(microseconds=1)),
    "row order": lambda frame: frame.iloc[::-1],
    "column order": lambda frame: frame[frame.columns[::-1]],
    "a name": lambda frame: frame.rename(columns={"income": "Income"}),
    "numbers as text": lambda frame: frame.assign(loan=frame["loan"].astype("str")),
    "a row": lambda frame: frame.iloc[1:],
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_hash_stays_where_only_the_storage_differs(change):
    assert table_from_frame(change(loans()), "late").data_hash == table_from_frame(loans(), "late").data_hash


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_the_hash_changes_with(change):
    assert table_from_frame(change(loans()), "late").data_hash != table_from_frame(loans(), "late").data_hash


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "object"])
def test_integers_that_floats_cannot_hold_do_not_collide(dtype):
    tables = [table_from_frame(pd.DataFrame({"a": pd.Series([2**60 + one], dtype=dtype)}), "a") for one in (0, 1)]
    assert tables[0].frame.equals(tables[1].frame)
    assert tables[0].data_hash != tables[1].data_hash


def test_levels_cannot_be_cut_differently():
    tables = [table_from_frame(pd.DataFrame({"a": levels}), "a") for levels in (["ab", "c"], ["a", "bc"])]
    assert tables[0].data_hash != tables[1].data_hash


def test_repeated_names_are_told_apart_with_a_note(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,a\n1,2,3\n")
    table = read(tmp_path, path="t.csv")
    assert [column.name for column in table.columns] == ["a", "b", "a.1"]
    assert table.notes == ("several columns are named 'a'; the later ones are called 'a.1' and so on",)
    assert table.duplicated == ("a",)
    direct = table_from_frame(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "b")
    save_sql(loans(), tmp_path / "t.db")
    twice = read(tmp_path, sql="select loan as a, income as a from loans order by loan", url="sqlite:///t.db")
    assert twice.duplicated == ("a",)
    assert (direct.notes, direct.duplicated, direct.data_hash) == (table.notes, table.duplicated, table.data_hash)


def test_a_named_index_in_parquet_is_read_as_a_column(tmp_path):
    loans().set_index("loan").to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path, path="t.parquet")
    assert table.data_hash == table_from_frame(loans(), "late").data_hash
    assert table.notes == ("the index of the file ('loan') is read as columns",)


FILES = {
    "empty.csv": b"",
    "blank.csv": b"\n \n",
    "header.csv": b"a,late\n",
    "latin.csv": "a,late\n1,ja\n2,n\u00e9\n".encode("latin-1"),
    "utf16.csv": "a,late\n1,2\n".encode("utf-16"),
    "long.csv": b"a,late\n1,2,3\n4,5,6\n",
    "ragged.csv": b"a,late\n1,2\n4,5,6\n",
    "broken.csv.gz": b"\x1f\x8b\x08nothing",
    "plain.csv.gz": b"a,late\n1,2\n",
    "cut.csv.gz": gzip.compress(b"a,late\n" + bytes(range(48, 58)) * 400)[:-12],
    "broken.parquet": b"PAR1 is not enough",
    "t.xlsx": b"PK",
}
REFUSED = [
    ("empty.csv", "{folder}/empty.csv: the file is empty"),
    ("blank.csv", "{folder}/blank.csv: the file is empty"),
    ("header.csv", "the table has a header ('a', 'late') but no rows"),
    ("latin.csv", "{folder}/latin.csv: line 3 is not UTF-8 (byte 0xe9); save the file as UTF-8"),
    ("utf16.csv", "{folder}/utf16.csv: the file is UTF-16; save it as UTF-8"),
    ("long.csv", "{folder}/long.csv: the rows have 3 fields, the header names 2"),
    ("ragged.csv", "{folder}/ragged.csv: not a readable CSV table (C error: Expected 2 fields in line 3, saw 3)"),
    ("broken.csv.gz", "{folder}/broken.csv.gz: not a readable gzip file"),
    ("plain.csv.gz", "{folder}/plain.csv.gz: not a readable gzip file (Not a gzipped file (b'a,'))"),
    ("cut.csv.gz", "{folder}/cut.csv.gz: not a readable gzip file"),
    ("broken.parquet", "{folder}/broken.parquet: not a readable Parquet file (Parquet magic bytes not found in footer"),
    ("t.xlsx", "{folder}/t.xlsx: unknown kind of file '.xlsx'; read are .csv, .csv.gz, .tsv, .tsv.gz, .parquet, .pq"),
    ("hedaer.csv", "there is no file {folder}/hedaer.csv; near it: 'header.csv'"),
    ("zzzzzzzz", "there is no file {folder}/zzzzzzzz; tables in it: 'blank.csv', 'broken.csv.gz', 'broken.parquet'"),
    ("no/t.csv", "there is no file {folder}/no/t.csv: the folder {folder}/no does not exist"),
    (".", "{folder} is a folder, not a file; tables in it: 'blank.csv'"),
]


@pytest.mark.parametrize(("name", "told"), REFUSED)
def test_files_that_cannot_be_read_say_why(name, told, tmp_path):
    for file, content in FILES.items():
        (tmp_path / file).write_bytes(content)
    assert refusal(tmp_path, path=name).startswith(told.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("sql", "url", "told"),
    [
        ("select 1", "sqlite:///no.db", "data.url: there is no SQLite file {folder}/no.db"),
        ("select 1", "nonsense", "data.url is not a database URL such as sqlite:///loans.db or postgresql://host/name"),
        ("select 1", "sqlite:///${NO_SUCH_VARIABLE}", "data.url: the environment variable NO_SUCH_VARIABLE is not set"),
        (
            "select x from loans",
            "sqlite:///t.db",
            "data.sql: the query failed at sqlite:///{folder}/t.db: no such column: x",
        ),
        (
            "delete from loans",
            "sqlite:///t.db",
            (
                "data.sql: the query failed at sqlite:///{folder}/t.db: "
                "This result object does not return rows. It has been closed automatically."
            ),
        ),
        ("select * from loans limit 0", "sqlite:///t.db", "the table has a header ('loan', 'income',"),
    ],
)
def test_queries_that_fail_say_why(sql, url, told, tmp_path):
    save_sql(loans(), tmp_path / "t.db")
    assert refusal(tmp_path, sql=sql, url=url).startswith(told.format(folder=tmp_path))


def test_a_failing_delete_deletes_nothing(tmp_path):
    save_sql(loans(), tmp_path / "t.db")
    refusal(tmp_path, sql="delete from loans", url="sqlite:///t.db")
    assert len(read(tmp_path, sql="select * from loans", url="sqlite:///t.db").frame) == len(loans())


SECRET = "p@ss/wo:rd$1"  # every character that means something in a URL


@pytest.mark.parametrize(
    "url",
    [
        "no_such_database://me:${DB_SECRET}@nowhere/x",
        "no_such_database://me:p%40ss%2Fwo%3Ard$1@nowhere/x",
        "postgresql+psycopg2://me:${DB_SECRET}@nowhere.invalid/x",
        "sqlite:///file:t.db?uri=true&mode=ro&password=${DB_SECRET}",
        "sqlite:///no.db?password=${DB_SECRET}",
        "mssql+pyodbc:///?odbc_connect=DRIVER=x;UID=me;PWD=p@ss/wo:rd$1",
        "me:${DB_SECRET}@nowhere",
    ],
)
def test_no_password_reaches_a_message(url, tmp_path, monkeypatch):
    monkeypatch.setenv("DB_SECRET", SECRET)
    save_sql(loans(), tmp_path / "t.db")
    with pytest.raises(DataError) as caught:
        read(tmp_path, sql="select 1 from nowhere", url=url)
    told = f"{caught.value}{caught.value.__cause__}"
    assert caught.value.__suppress_context__ or "sqlite" in url
    for part in (SECRET, "p%40ss", "wo:rd", "p@ss"):
        assert part not in told


def test_drivers_that_repeat_the_password_are_masked(tmp_path):
    """The driver's own words hold the password here: SQLite cannot open the file of that name."""
    name = "file:/no/such/hunter2?mode=ro&uri=true&token=hunter2"
    assert "hunter2" not in refusal(tmp_path, sql="select 'hunter2' from hunter2", url=f"sqlite:///{name}")


LOADER = """
import pandas as pd

class shelf:
    frame = pd.DataFrame({"a": [1, 2], "late": ["yes", "no"]})

def load():
    return shelf.frame

def broken():
    raise KeyError("gone")

number = 3
"""


@pytest.fixture
def loaders(tmp_path):
    (tmp_path / "my_loaders.py").write_text(LOADER)
    (tmp_path / "my_syntax.py").write_text("def (")
    yield tmp_path
    sys.modules.pop("my_loaders", None)


@pytest.mark.parametrize("loader", ["my_loaders:load", "my_loaders:shelf.frame"])
def test_a_loader_is_a_function_or_a_frame_beside_the_config(loader, loaders):
    before = list(sys.path)
    assert len(read(loaders, loader=loader).frame) == 2
    assert sys.path == before


@pytest.mark.parametrize(
    ("loader", "told"),
    [
        ("my_loaders:lod", "data.loader: 'my_loaders' has no 'lod'; it has 'broken', 'load', 'number', 'pd', 'shelf'"),
        ("my_loaders:number", "data.loader: my_loaders:number gives a int; it must give a pandas DataFrame"),
        ("my_loaders:broken", "data.loader: my_loaders:broken raised KeyError: 'gone'"),
        ("no_such:x", "data.loader: 'no_such' of no_such:x cannot be imported (ModuleNotFoundError: No module named"),
        ("my_syntax:x", "data.loader: 'my_syntax' of my_syntax:x cannot be imported (SyntaxError: "),
    ],
)
def test_loaders_that_fail_say_why(loader, told, loaders):
    assert refusal(loaders, loader=loader).startswith(told)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ([1], "the data must be a pandas DataFrame, not builtins.list"),
        (pd.DataFrame(), "the table has no columns"),
        (pd.DataFrame({"a": []}), "the table has a header ('a') but no rows"),
    ],
)
def test_frames_without_content_are_refused(frame, told):
    with pytest.raises(DataError) as caught:
        table_from_frame(frame, "a")
    assert str(caught.value) == told


def test_a_plan_without_a_source_is_refused():
    with pytest.raises(DataError, match="no data source"):
        read_table(replace(plan_for(), data=Data()))
