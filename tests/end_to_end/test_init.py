"""The command `init`, as somebody meets it who has a table and nothing else: every config it writes can be run."""

import re
import sqlite3
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiss_bench.cli import init as command
from kiss_bench.cli import main
from kiss_bench.plan.read import plan_from_text, read_plan
from kiss_bench.runs.init import Options, init
from kiss_bench.runs.known import catalogue

DATA = Path(__file__).parents[2] / "configs" / "data"
COMMITTED = {
    "adult.parquet": ("income", 14),
    "bank_marketing.csv.gz": ("y", 15),
    "bike_hourly.parquet": ("bikers", 15),
    "diamonds_15000.parquet": ("price", 12),
    "german_credit.csv": ("credit_risk", 14),
    "storm_status.parquet": ("status", 20),
}
"""Table -> its target, and the most lines that its config may take."""
ROWS = 400
RANDOM = np.random.default_rng(11)
NUMBERS = RANDOM.normal(size=ROWS)
DAYS = pd.Timestamp("2022-03-01") + pd.to_timedelta(np.arange(ROWS) // 3, unit="D")
CUSTOMERS = [f"C{number}" for number in RANDOM.permutation(np.arange(ROWS) // 4)]
MIXED = RANDOM.permutation(ROWS)
SYNTHETIC = {
    "binary": {"y": np.where(NUMBERS > 0.3, "late", "paid")},
    "binary in numbers": {"y": (NUMBERS > 0.3).astype(int)},
    "binary in truth values": {"y": NUMBERS > 0.3},
    "binary in decimals": {"y": np.where(NUMBERS > 0.3, 0.5, 1.5)},
    "binary, rare": {"y": np.where(np.arange(ROWS) % 40 == 0, "yes", "no")},
    "classes": {"y": np.digitize(NUMBERS, [-0.5, 0.5]).astype(str)},
    "classes in numbers": {"y": np.digitize(NUMBERS, [-0.5, 0.5])},
    "a quantity": {"y": np.round(100 * np.exp(NUMBERS), 2)},
    "a count": {"y": RANDOM.poisson(8, ROWS)},
    "seconds": {"y": pd.to_timedelta(RANDOM.integers(1, 9000, ROWS), unit="s")},
    "an id": {"loan_id": MIXED, "y": NUMBERS > 0},
    "an id and nothing else": {"x": None, "loan_id": MIXED, "y": NUMBERS > 0},
    "dates in order": {"applied": DAYS, "y": NUMBERS},
    "dates in order, and classes that come late": {"applied": DAYS, "y": np.where(np.arange(ROWS) > 300, "new", "old")},
    "dates, rows mixed": {"since": DAYS[MIXED], "y": NUMBERS > 0},
    "customers": {"customer_id": CUSTOMERS, "y": NUMBERS > 0},
    "customers and dates in order": {"applied": DAYS, "customer_id": CUSTOMERS, "y": NUMBERS},
    "customers and dates, rows mixed": {"since": DAYS[MIXED], "customer_id": CUSTOMERS, "y": NUMBERS},
    "free text": {"note": [f"note no. {number}" for number in MIXED], "y": NUMBERS},
    "a count of the rows": {"t": np.arange(ROWS), "y": NUMBERS},
    "gaps in the target": {"y": np.where(np.arange(ROWS) % 9 == 0, None, np.where(NUMBERS > 0, "a", "b"))},
    "gaps in a target of numbers": {"y": np.where(np.arange(ROWS) % 9 == 0, np.nan, NUMBERS)},
    "infinite values": {"ratio": np.where(MIXED == 7, np.inf, NUMBERS), "y": NUMBERS},
    "large integers": {"user_id": MIXED // 4 + 2**60, "y": NUMBERS > 0},
    "labels beyond 64 bits": {"y": np.array([2**70, 2**70 + 1], dtype=object)[(NUMBERS > 0).astype(int)].astype(str)},
    "names that YAML misreads": {"yes": NUMBERS, "a: b": NUMBERS, "#x": CUSTOMERS, "null": NUMBERS, "on": NUMBERS > 0},
    "hostile names": {"=cmd": DAYS, "<script>alert(1)</script>\n": MIXED, "|😀|": NUMBERS, "x" * 200: NUMBERS > 0},
}
"""Columns of a table; the last one is the target."""


def parquet(folder, columns, name="table.parquet"):
    pd.DataFrame({"x": RANDOM.normal(size=ROWS), **columns}).dropna(axis=1, how="all").to_parquet(folder / name)
    return folder / name


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# every config is one that runs


@pytest.mark.parametrize("name", COMMITTED)
def test_a_real_table_gets_a_short_config_that_plan_takes(name, here, capsys):
    target, longest = COMMITTED[name]
    assert main(["init", str(DATA / name), "--target", target]) == 0
    said = capsys.readouterr().out
    (config,) = here.glob("*.yaml")
    assert said.startswith(f"written to {config.name}: project {config.stem}\n")
    text = config.read_text(encoding="utf8")
    assert text in said
    assert said.endswith(f"Next: kiss-bench plan {config.name}\n      kiss-bench run {config.name}\n")
    assert len(text.splitlines()) <= longest
    assert max(map(len, text.splitlines())) <= 120
    assert main(["plan", config.name]) == 0


@pytest.mark.parametrize("what", SYNTHETIC)
def test_any_table_gets_a_config_that_plan_takes(what, here, capsys):
    columns = SYNTHETIC[what]
    target = list(columns)[-1]
    parquet(here, columns)
    assert main(["init", "table.parquet", "--target", target]) == 0, capsys.readouterr().err
    text = (here / "table.yaml").read_text(encoding="utf8")
    assert len(text.splitlines()) <= 25 or "x" * 200 in text
    assert main(["plan", "table.yaml"]) == 0, capsys.readouterr().err
    assert read_plan(here / "table.yaml", catalogue()).target == target


@pytest.mark.parametrize("what", SYNTHETIC)
def test_a_question_that_is_answered_with_yes_is_a_config_too(what, here, capsys):
    columns = SYNTHETIC[what]
    parquet(here, columns)
    assert main(["init", "table.parquet", "--target", list(columns)[-1]]) == 0, capsys.readouterr().err
    config = here / "table.yaml"
    text = config.read_text(encoding="utf8")
    answered = re.sub(r"^(\s*)# (id|time|group): ", r"\1\2: ", text, flags=re.MULTILINE)
    kinds = ("forward", "group") if "With time and group both" in " ".join(text.split("\n  # ")) else (None,)
    for kind in kinds if answered != text else ():
        config.write_text(answered + (f"folds: {{kind: {kind}}}\n" if kind else ""), encoding="utf8")
        code, err = main(["plan", "table.yaml"]), capsys.readouterr().err
        refused = "But as it is, a run refuses it: " in " ".join(text.split("\n  # "))
        assert (code == 2) == refused, err
        assert "fault" not in err or refused


# the config itself


def test_what_is_written_of_loans_of_customers(here, capsys):
    rows = np.arange(1, ROWS + 1)
    columns = {"loan_id": rows, "customer_id": CUSTOMERS, "since": DAYS[MIXED]}
    columns["late"] = np.where(rows % 8 == 0, None, np.where(rows % 5 == 0, "yes", "no"))
    parquet(here, columns, "My Loans.parquet")
    assert main(["init", "My Loans.parquet", "--target", "late"]) == 0, capsys.readouterr().err
    text = (here / "my-loans.yaml").read_text(encoding="utf8")
    assert text == (Path(__file__).parent / "my-loans.yaml").read_text(encoding="utf8")


def test_what_is_asked_for_is_written(here, capsys):
    parquet(here, SYNTHETIC["binary"])
    (here / "configs").mkdir()
    words = ["--positive", "PAID", "--project", "ours", "--out", "configs/first.yaml"]
    assert main(["init", "table.parquet", "--target", "y", *words]) == 0
    assert "written to configs/first.yaml: project ours" in capsys.readouterr().out
    plan = read_plan("configs/first.yaml", catalogue())
    assert (plan.project, plan.positive, plan.data.path) == ("ours", "paid", "../table.parquet")
    assert "# 'paid' is the label asked for (" in Path("configs/first.yaml").read_text(encoding="utf8")
    assert main(["plan", "configs/first.yaml"]) == 0


def test_shown_only_it_is_the_config_and_nothing_else(here, capsys):
    table = parquet(here, SYNTHETIC["binary"])
    assert main(["init", "table.parquet", "--target", "y", "--out", "-"]) == 0
    said = capsys.readouterr()
    assert list(here.iterdir()) == [table]
    assert said.err == ""
    assert plan_from_text(said.out, catalogue(), "here.yaml").target == "y"


@pytest.mark.parametrize(
    ("file", "project"),
    [
        ("loans.csv", "loans"), ("Loans 2024 (new).csv", "loans-2024-new"), ("LOANS.CSV.GZ", "loans"),
        ("ä.csv", "bench"), ("--.csv", "bench"), ("a_b-c.csv", "a_b-c"), ("v1.2.csv", "v1-2"),
    ],
)  # fmt: skip
def test_a_project_is_named_after_its_file(file, project, here, capsys):
    frame = pd.DataFrame({"x": NUMBERS, "y": NUMBERS > 0})
    frame.to_csv(here / file, index=False, compression="gzip" if file.endswith("GZ") else None)
    assert main(["init", "--target", "y", "--", file]) == 0, capsys.readouterr().err
    assert main(["plan", f"{project}.yaml"]) == 0, capsys.readouterr().err


def test_a_path_is_as_the_folder_of_the_config_has_it(here):
    (here / "data").mkdir()
    (here / "configs").mkdir()
    (here / "link").symlink_to(here / "configs")
    table = parquet(here / "data", SYNTHETIC["binary"])
    cases = {
        ("data/table.parquet", "a.yaml"): "data/table.parquet",
        ("data/table.parquet", "configs/a.yaml"): "../data/table.parquet",
        ("data/table.parquet", "link/b.yaml"): "../data/table.parquet",
        ("configs/../data/table.parquet", "b.yaml"): "data/table.parquet",
        (str(table), "c.yaml"): "data/table.parquet",
        (str(table), "configs/c.yaml"): str(table),
    }
    for (data, out), path in cases.items():
        assert main(["init", data, "--target", "y", "--out", out]) == 0
        assert read_plan(out, catalogue()).data.path == path
        assert main(["plan", out]) == 0


# refusals


def test_nothing_is_overwritten(here, capsys):
    parquet(here, SYNTHETIC["binary"])
    (here / "table.yaml").write_text("mine", encoding="utf8")
    (here / "dangling.yaml").symlink_to(here / "nowhere")
    for words in ([], ["--out", "table.yaml"], ["--out", "dangling.yaml"]):
        assert main(["init", "table.parquet", "--target", "y", *words]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "yaml is there already, and is left as it is; give another file by --out" in said.err
    assert (here / "table.yaml").read_text(encoding="utf8") == "mine"
    assert not (here / "nowhere").exists()


LIST = "the columns are 'x', 'amount', 'late'"
REFUSED = {
    "no target": (["table.parquet"], f"--target is missing: the column to predict, perhaps 'late'; {LIST}"),
    "a wrong target": (
        ["table.parquet", "--target", "Lates"],
        f"--target: there is no column 'Lates' (nearest: 'late'); {LIST}",
    ),
    "a target like no column": (
        ["table.parquet", "--target", "\x07\n"],
        f"--target: there is no column '\\x07\\n'; {LIST}",
    ),
    "a positive that is no label": (
        ["table.parquet", "--target", "late", "--positive", "maybe"],
        "positive: 'maybe' is not a label of target 'late'; its labels are 'no', 'yes'",
    ),
    "a positive of a number": (["table.parquet", "--target", "amount", "--positive", "1"], "positive: '1'"),
    "a project's empty name": (
        ["table.parquet", "--target", "late", "--project", ""],
        "project: found ''; allowed: small letters, digits",
    ),
    "a project's bad name": (
        ["table.parquet", "--target", "late", "--project", "My Loans"],
        "project: found 'My Loans'; allowed: small letters, digits",
    ),
    "a folder that is not there": (
        ["table.parquet", "--target", "late", "--out", "nowhere/a.yaml"],
        "nowhere/a.yaml cannot be written: there is no folder nowhere",
    ),
    "no such file": (["tabel.parquet", "--target", "late"], "there is no file tabel.parquet; near it: 'table.parquet'"),
    "another kind of file": (["table.xlsx", "--target", "late"], "unknown kind of file '.xlsx'"),
    "a query of a file": (
        ["table.parquet", "--target", "late", "--sql", "select 1"],
        "--sql needs the URL of a database",
    ),
    "a table of a file": (["table.parquet", "--target", "late", "--table", "a"], "--table needs the URL of a database"),
    "no data": ([], "Missing argument 'DATA'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_and_writes_nothing(what, here, capsys):
    words, told = REFUSED[what]
    parquet(here, {"amount": NUMBERS, "late": np.where(NUMBERS > 0, "yes", "no")})
    (here / "table.xlsx").write_text("", encoding="utf8")
    assert main(["init", *words]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert said.err.startswith("error: ")
    assert said.out == ""
    assert not list(here.glob("**/*.yaml"))


SPOILT = {
    "one value": np.full(ROWS, "no"),
    "a class with one member": np.where(np.arange(ROWS) == 3, "once", np.where(NUMBERS > 0, "a", "b")),
    "a date": DAYS,
    "nothing but gaps": np.full(ROWS, None),
    "an infinite value": np.where(np.arange(ROWS) == 3, np.inf, NUMBERS),
    "free text": [f"text {number}" for number in range(ROWS)],
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_target_that_plan_would_refuse_is_refused_in_its_words(what, here, capsys):
    pd.DataFrame({"x": NUMBERS, "y": SPOILT[what]}).to_parquet(here / "table.parquet")
    (here / "by_hand.yaml").write_text("project: p\ndata: table.parquet\ntarget: y\n", encoding="utf8")
    assert main(["plan", "by_hand.yaml"]) == 2
    told = capsys.readouterr().err
    assert main(["init", "table.parquet", "--target", "y"]) == 2
    assert capsys.readouterr().err == told
    assert not (here / "table.yaml").exists()


def test_a_rare_class_has_as_many_folds_as_it_has_rows(here, capsys):
    rare = np.where(np.arange(ROWS) % (ROWS // 4) == 3, "rare", np.where(NUMBERS > 0, "a", "b"))
    assert (rare == "rare").sum() == 4
    pd.DataFrame({"x": NUMBERS, "y": rare}).to_parquet(here / "table.parquet")
    assert main(["init", "table.parquet", "--target", "y"]) == 0
    text = (here / "table.yaml").read_text("utf8")
    assert "# 5 are usual; there are 4 rows of 'rare' alone.\nfolds: {count: 4}\n" in text
    assert main(["plan", "table.yaml"]) == 0


# databases


@pytest.fixture
def database(here):
    (here / "db").mkdir()
    frame = pd.DataFrame({"loan_id": MIXED, "x": NUMBERS, "late": np.where(NUMBERS > 0, "yes", "no")})
    with sqlite3.connect(here / "db" / "bank.db") as connection:
        frame.to_sql("loans", connection, index=False)
        frame.to_sql('odd "na;me', connection, index=False)
        connection.execute("create view recent as select * from loans where loan_id > 100")
    connection.close()
    return "sqlite:///db/bank.db"


@pytest.mark.parametrize(
    ("words", "project", "sql"),
    [
        (["--table", "loans"], "loans", "select * from loans"),
        (["--table", "recent"], "recent", "select * from recent"),
        (["--table", 'odd "na;me'], "odd-na-me", 'select * from "odd ""na;me"'),
        (["--sql", "select * from loans order by loan_id"], "bank", "select * from loans order by loan_id"),
    ],
)
def test_a_table_of_a_database_gets_a_config_too(words, project, sql, database, capsys):
    assert main(["init", database, "--target", "late", *words]) == 0, capsys.readouterr().err
    config = Path(f"{project}.yaml")
    plan = read_plan(config, catalogue())
    assert (plan.data.url, plan.data.sql, plan.data.id) == (database, sql, "loan_id")
    assert ("Without an ORDER BY" in config.read_text(encoding="utf8")) == ("order by" not in sql)
    assert main(["plan", str(config)]) == 0, capsys.readouterr().err


def test_the_file_of_a_database_is_as_the_folder_of_the_config_has_it(database, here, capsys):
    (here / "configs").mkdir()
    words = ["--target", "late", "--table", "loans", "--out", "configs/a.yaml"]
    assert main(["init", database, *words]) == 0, capsys.readouterr().err
    assert read_plan("configs/a.yaml", catalogue()).data.url == "sqlite:///../db/bank.db"
    assert main(["plan", "configs/a.yaml"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "a database takes --table or --sql; its tables are 'loans', 'odd \"na;me', 'recent'"),
        (["--table", "loan"], "there is no table 'loan' (nearest: 'loans'); its tables are 'loans'"),
        (["--table", "main.loan"], "there is no table 'main.loan'"),
        (["--table", "loans", "--sql", "select 1"], "--sql and --table are both given"),
        (["--sql", "select * from loan"], "data.sql: the query failed at sqlite:///db/bank.db: no such table: loan"),
    ],
)
def test_a_database_that_is_not_told_what_to_give_says_what_it_has(words, told, database, here, capsys):
    assert main(["init", database, "--target", "late", *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(here.glob("*.yaml"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://jane:hunter2@db/loans", "postgresql://jane:hunter2/@x@db/loans",
        "postgresql://db/loans?user=jane&password=hunter2", "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2",
    ],
)  # fmt: skip
def test_a_password_goes_into_no_config_and_no_message(url, here, capsys):
    assert main(["init", url, "--target", "late", "--table", "loans"]) == 2
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
    assert "put it into an environment variable" in said.err
    assert "${DB_PASSWORD}" in said.err
    assert not list(here.iterdir())


def test_a_password_from_the_environment_is_written_by_its_name(database, here, capsys, monkeypatch):
    monkeypatch.setenv("BANK", str(here / "db" / "bank.db"))
    assert main(["init", "sqlite:///${BANK}", "--target", "late", "--table", "loans"]) == 0, capsys.readouterr().err
    assert read_plan("loans.yaml", catalogue()).data.url == "sqlite:///${BANK}"
    assert main(["plan", "loans.yaml"]) == 0
    assert main(["init", "postgresql://jane:${PGPASSWORD}@db/loans", "--target", "late", "--sql", "select 1"]) == 2
    assert "put it into" not in capsys.readouterr().err  # it is a driver that lacks here, or a server


# hostile names, long waits

TRAPS = [
    "yes",
    "1.0",
    "null",
    "a: b",
    "#x",
    "=1",
    "@x",
    '"',
    "'",
    "😀",
    "x" * 200,
    "a\nb",
    "\u2028",
    "\x07",
    "- a",
    "%",
    "&a",
]
NAMES = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(NAMES, min_size=4, max_size=4, unique=True),
    labels=st.lists(NAMES, min_size=2, max_size=2, unique=True),
)
def test_whatever_columns_and_labels_are_called_the_config_says_so(names, labels, tmp_path):
    target, ours, whose, when = names
    when_read = pd.Timestamp("2024-01-01") + pd.to_timedelta(MIXED[:120], unit="D")
    frame = pd.DataFrame({target: labels * 60, ours: NUMBERS[:120], when: when_read, whose: np.arange(120) // 3})
    frame[whose] = frame[whose].map(lambda number: f"{whose}{number}")
    frame.to_parquet(tmp_path / "table.parquet")
    draft = init(Options(data=str(tmp_path / "table.parquet"), target=target, out=tmp_path / "new.yaml"))
    plan = plan_from_text(draft.text, catalogue(), draft.path)
    assert (plan.target, plan.data.path) == (target, "table.parquet")
    assert plan.positive in labels
    answered = re.sub(r"^  # (time|group): ", r"  \1: ", draft.text, flags=re.MULTILINE) + "folds: {kind: group}\n"
    both = plan_from_text(answered, catalogue(), draft.path).data
    assert (both.time, both.group) == (when, whose)


def test_who_waits_is_told_for_what(here, capsys, monkeypatch):
    parquet(here, SYNTHETIC["binary"])
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    monkeypatch.setattr(threading.Timer, "start", threading.Timer.run)  # no waiting for a clock
    assert main(["init", "table.parquet", "--target", "y", "--out", "-"]) == 0
    said = capsys.readouterr().err.splitlines()
    stages = ["reading the table …", "looking at its columns …", "drawing its folds, as plan will …"]
    assert said == stages


@pytest.mark.alone
def test_a_million_rows_take_seconds(here, capsys):
    rows = 1_000_000
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(rows, 12)), columns=[f"x{number}" for number in range(12)])
    frame["loan_id"] = random.permutation(rows)
    frame["customer_id"] = random.integers(0, rows // 5, rows)
    frame["home"] = random.choice(["own", "rent", "lodge"], rows)
    frame["applied"] = pd.Timestamp("2015-01-01") + pd.to_timedelta(np.arange(rows) // 300, unit="D")
    frame["late"] = np.where(frame["x0"] + random.normal(size=rows) > 1, "yes", "no")
    frame.to_parquet(here / "large.parquet")
    started = time.perf_counter()
    assert main(["init", "large.parquet", "--target", "late"]) == 0
    assert time.perf_counter() - started < 30
    assert "drawing its folds, as plan will …" in capsys.readouterr().err  # a stage is told once it takes its time
    data = read_plan("large.yaml", catalogue()).data
    assert (data.id, data.time, data.group) == ("loan_id", "applied", None)
