"""What a result folder holds: whole files, contract columns, and a digest over values alone."""

import errno
import getpass
import json
import os
import platform
import re
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kiss_bench.cli import main
from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Costs, Outcome, Trial
from kiss_bench.records.board import Board
from kiss_bench.records.environment import environment
from kiss_bench.records.folder import held, read_board, read_json, write_whole
from kiss_bench.records.frames import digest_of
from kiss_bench.records.json import plain_json, record_of
from kiss_bench.records.store import FACTS, Damage, UnitStore
from kiss_bench.runs.result_files import ignored

pytest_plugins = ["finished_runs"]

FILES = {
    ".gitignore", "cost.svg", "diagnostics.json", "environment.json", "folds.parquet", "ladder.svg",
    "leaderboard.csv", "leaderboard.html", "leaderboard.json", "leaderboard.md", "ledger.jsonl", "plan.json",
    "predictions.parquet", "trials.parquet", "trust.svg", "tuning.json", "tuning.md",
}  # fmt: skip


# whole files


def test_a_file_is_written_whole_and_replaces_the_old_one(tmp_path):
    write_whole(tmp_path / "new" / "a.txt", "one")
    write_whole(tmp_path / "new" / "a.txt", b"two")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_the_old_file_stays_whichever_step_of_writing_fails(step, tmp_path, monkeypatch):
    write_whole(tmp_path / "a.txt", "old")

    def fails(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "chmod": (Path, "chmod"), "replace": (Path, "replace")}[step], fails)
    with pytest.raises(RecordError, match=r"a\.txt cannot be written: Input/output error"):
        write_whole(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text(encoding="utf8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    """In the order of system calls, as far as a test can see without cutting the power."""
    calls, fsync, replace = [], os.fsync, Path.replace

    def synced(handle):
        found = Path(f"/proc/self/fd/{handle}").resolve()
        calls.append(("sync", "folder" if found.is_dir() else found.read_text(encoding="utf8")))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", lambda part, path: (calls.append(("rename", path.name)), replace(part, path)))
    write_whole(tmp_path / "a.txt", "content")
    assert calls == [("sync", "content"), ("rename", "a.txt"), ("sync", "folder")]


def test_what_cannot_be_written_is_told_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf8")
    with pytest.raises(RecordError) as caught:
        write_whole(tmp_path / "file" / "a.txt", "text")
    assert str(caught.value) == (
        f"{tmp_path}/file/a.txt cannot be written: File exists. Everything stored so far is kept. "
        "Allow writing there, or choose another --results, and run the same command again; it goes on from there"
    )


# a folder held by one run


def test_a_folder_is_held_by_one_run_and_let_go_at_its_end(tmp_path):
    folder = tmp_path / "loans"
    command = ("/opt/tools/kiss-bench", "run", f"{Path.home()}/my loans.yaml")
    with held(folder, command), pytest.raises(RecordError) as caught, held(folder):
        pass
    told = str(caught.value)
    since = re.search(r"since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", told)[1]
    assert told == (
        f"{folder} is in use by another run (process {os.getpid()}, since {since}, `kiss-bench run '~/my loans.yaml'`)"
        "; wait for it, or choose another --results"
    )
    with held(folder):
        pass


def test_a_holder_on_another_host_is_named_with_it(tmp_path):
    facts = {"pid": 7, "host": "elsewhere", "since": "2024-05-31 12:00:00", "command": []}
    with held(tmp_path):
        (tmp_path / ".units" / "lock").write_text(json.dumps(facts), encoding="utf8")
        with pytest.raises(RecordError) as caught, held(tmp_path):
            pass
    assert "another run (process 7 on elsewhere, since 2024-05-31 12:00:00); wait" in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 7}', "\udcff"])
def test_a_holder_that_has_not_signed_yet_is_another_run(content, tmp_path):
    with held(tmp_path):
        (tmp_path / ".units" / "lock").write_text(content, encoding="utf8", errors="surrogateescape")
        with pytest.raises(RecordError, match="is in use by another run; wait for it"), held(tmp_path):
            pass


def test_what_a_killed_run_left_half_written_is_swept_away(tmp_path):
    (tmp_path / ".units").mkdir()
    left = [tmp_path / ".plan.json.abc.part", tmp_path / ".units" / ".key.parquet.abc.part"]
    for path in [*left, tmp_path / "mine.part"]:
        path.write_text("half", encoding="utf8")
    with held(tmp_path):
        assert not any(path.exists() for path in left)
    assert (tmp_path / "mine.part").exists()


def test_a_place_where_nothing_can_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf8")
    with (
        pytest.raises(RecordError, match=r"file/loans cannot be written: Not a directory\. Everything stored so"),
        held(tmp_path / "file" / "loans"),
    ):
        pass


# the contract of the tables


def arrow_types(path):
    schema = pq.read_schema(path)
    return {field.name: str(field.type).removeprefix("large_") for field in schema}


UNIT = {"rung": "string", "arm": "string", "repeat": "int64", "fold": "int64"}


@pytest.mark.parametrize(
    ("project", "columns"),
    [
        ("binary", {"actual": "string", "p_no": "double", "p_yes": "double", "predicted": "string"}),
        ("ranked", {"actual": "bool", "p_False": "double", "p_True": "double", "predicted": "bool"}),
        (
            "multiclass",
            {"actual": "double", "p_0": "double", "p_1": "double", "p_2": "double", "predicted": "int64"},
        ),
        ("regression", {"actual": "double", "prediction": "double"}),
    ],
)
def test_predictions_have_exactly_the_columns_of_the_contract(project, columns, finished):
    ran = finished(project)
    assert arrow_types(ran.folder / "predictions.parquet") == {**UNIT, "row_id": "int64", **columns}
    stored, raw = ran.predictions, ran.raw()
    assert stored["actual"].tolist() == raw[ran.board["target"]].iloc[stored["row_id"]].tolist()
    assert not stored.isna().any().any()
    per_arm = stored.groupby(["rung", "arm", "repeat"])["row_id"].apply(sorted)
    assert all(rows == list(range(len(raw))) for rows in per_arm)


@pytest.mark.parametrize(("labels", "columns"), [([0, 1], ["p_0", "p_1"]), ([1.0, 2.0], ["p_1", "p_2"])])
def test_integral_labels_are_told_as_integers_and_actual_stays_as_read(labels, columns, bench_at, tmp_path):
    frame = pd.read_csv(tmp_path / "table.csv")
    frame["late"] = np.where(frame["late"] == "yes", labels[1], labels[0])
    frame.to_csv(tmp_path / "table.csv", index=False)
    ran = bench_at(
        "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\nladder: [dummy, linear]\n", "--quick"
    )
    stored = ran.predictions
    assert [name for name in stored if name.startswith("p_")] == columns
    assert stored["actual"].dtype == frame["late"].dtype
    assert set(stored["predicted"]) <= {int(label) for label in labels}
    assert ran.board["positive"] == str(int(labels[1]))


def test_trials_have_exactly_the_columns_of_the_contract(finished):
    ran = finished("binary")
    assert arrow_types(ran.folder / "trials.parquet") == {
        **UNIT, "number": "int64", "state": "string", "value": "double", "inner_values": "list<element: double>",
        "params": "string", "seconds": "double", "seed": "int64", "error": "string", "reason": "string",
    }  # fmt: skip
    trials = ran.trials
    assert set(trials["arm"]) == {"tuned"}
    assert set(trials["state"]) <= {"COMPLETE", "PRUNED", "FAIL"}
    for _, study in trials.groupby(["rung", "repeat", "fold"]):
        assert study["number"].tolist() == [0, 1, 2]
    for trial in trials.itertuples():
        assert isinstance(json.loads(trial.params), dict)
        assert trial.value == pytest.approx(np.mean(trial.inner_values))


@pytest.mark.parametrize("project", ["binary", "forward"])
def test_folds_have_exactly_the_columns_of_the_contract(project, finished):
    ran = finished(project)
    assert arrow_types(ran.folder / "folds.parquet") == {
        "row_id": "int64", "repeat": "int64", "fold": "int64", "part": "string",
    }  # fmt: skip
    folds = ran.folds
    parts, repeats = ({"test"}, range(5)) if project == "binary" else ({"test", "train"}, range(1))
    assert set(folds["part"]) == parts
    assert sorted(set(folds["repeat"])) == list(repeats)


def test_the_folder_holds_the_files_of_the_contract_and_nothing_else(finished):
    ran = finished("binary")
    assert {path.name for path in ran.folder.iterdir()} == {*FILES, ".units"}
    assert {path.suffix for path in (ran.folder / ".units").iterdir()} == {".parquet", "", ".lock"}
    assert len(list((ran.folder / ".units").glob("*.parquet"))) in {42, 78}  # 36 more where a pair is contested


def test_tables_above_a_megabyte_are_kept_from_being_committed(tmp_path):
    assert ignored(tmp_path) == [".units/"]
    (tmp_path / "predictions.parquet").write_bytes(b"0" * 1_000_001)
    (tmp_path / "trials.parquet").write_bytes(b"0" * 1_000_000)
    assert ignored(tmp_path) == [".units/", "predictions.parquet"]


def test_the_ignored_files_are_written_down(finished):
    assert (finished("binary").folder / ".gitignore").read_text(encoding="utf8") == ".units/\n"


# the board and its reports


def test_the_board_survives_its_way_to_json_and_back(finished):
    board = read_board(finished("binary").folder)
    assert record_of(Board, plain_json(board)) == board
    assert record_of(Board, json.loads(json.dumps(plain_json(board)))) == board


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda plain: plain.pop("digest"), "digest", id="a field is missing"),
        pytest.param(lambda plain: plain.update(mood="fine"), "mood", id="an unknown field"),
        pytest.param(lambda plain: plain["rungs"][0].update(mood="fine"), "mood", id="an unknown field of a rung"),
        pytest.param(lambda plain: plain["rungs"][0].pop("flags"), "flags", id="a field of a rung is missing"),
        pytest.param(lambda plain: plain.update(rungs=5), "rungs input should be a valid tuple", id="no list of rungs"),
    ],
)
def test_a_board_of_another_shape_is_refused(change, told, finished, tmp_path):
    plain = finished("binary").board
    change(plain)
    (tmp_path / "leaderboard.json").write_text(json.dumps(plain), encoding="utf8")
    with pytest.raises(RecordError, match=rf"leaderboard.json is not a leaderboard of this version: .*{told}"):
        read_board(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no plan.json; run `kiss-bench run CONFIG` again, finished units are kept"),
        ("{", "plan.json cannot be read as JSON"),
        ("[]", "plan.json holds a list, not an object"),
    ],
)
def test_a_damaged_json_file_is_told(content, message, tmp_path):
    if content is not None:
        (tmp_path / "plan.json").write_text(content, encoding="utf8")
    with pytest.raises(RecordError, match=message):
        read_json(tmp_path, "plan.json")


def test_report_renders_identical_files_from_the_record(finished, capsys):
    folder = finished("multiclass").folder
    boards = ["leaderboard.md", "leaderboard.csv", "leaderboard.html", "leaderboard.json"]
    rendered = [*boards, "tuning.md", "tuning.json", "ladder.svg", "cost.svg", "trust.svg"]
    before = {name: (folder / name).read_bytes() for name in rendered}
    for name in ("leaderboard.md", "leaderboard.csv", "leaderboard.html", "ladder.svg", "tuning.md"):
        (folder / name).unlink()
    capsys.readouterr()
    assert main(["report", str(folder)]) == 0
    assert {name: (folder / name).read_bytes() for name in rendered} == before
    assert capsys.readouterr().out == f"rendered {', '.join(sorted(rendered))} in {folder}\n"


# the digest


def digest(ran, predictions=None, trials=None, **changes):
    frames = (ran.predictions if predictions is None else predictions, ran.trials if trials is None else trials)
    return digest_of(replace(read_board(ran.folder), **changes), frames)


CHANGES = {
    "a probability": ("predictions", lambda frame: frame["p_yes"].where(frame.index != 5, frame["p_yes"] + 1e-15)),
    "a true label": ("predictions", lambda frame: frame["actual"].where(frame.index != 5, "maybe")),
    "a row id": ("predictions", lambda frame: frame["row_id"].where(frame.index != 5, 9999)),
    "a trial's value": ("trials", lambda frame: frame["value"].where(frame.index != 5, frame["value"] + 1e-12)),
    "a trial's state": ("trials", lambda frame: frame["state"].where(frame.index != 5, "FAIL")),
    "a trial's seed": ("trials", lambda frame: frame["seed"].where(frame.index != 5, frame["seed"] + 1)),
    "a trial's error": ("trials", lambda frame: frame["error"].where(frame.index != 5, "ValueError")),
    "a trial's parameters": ("trials", lambda frame: frame["params"].where(frame.index != 5, "{}")),
}
COLUMN = {
    "a probability": "p_yes", "a true label": "actual", "a row id": "row_id", "a trial's value": "value",
    "a trial's state": "state", "a trial's seed": "seed", "a trial's error": "error", "a trial's parameters": "params",
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_the_digest_changes_with(what, finished):
    ran = finished("binary")
    name, change = CHANGES[what]
    frame = getattr(ran, name)
    changed = frame.assign(**{COLUMN[what]: change(frame)})
    assert digest(ran, **{name: changed}) != digest(ran)


def test_the_digest_changes_with_hashes_and_judgement(finished):
    ran = finished("binary")
    changes = [{}, {"data_hash": "e"}, {"folds_hash": "g"}, {"also_consider": "naive"}, {"rungs": ()}]
    assert len({digest(ran, **each) for each in changes}) == 5


def test_the_digest_of_a_board_does_not_change_with_times_sizes_and_words(finished):
    ran = finished("binary")
    board = read_board(ran.folder)
    rows = tuple(replace(row, fit_seconds=9.0, model_bytes=1, summary="other words") for row in board.rungs)
    assert digest(ran, rungs=rows, seconds=3.0, notes=("a note",)) == digest(ran) == board.digest


def test_the_digest_changes_with_an_inner_value_and_not_with_seconds_or_wording(finished):
    ran = finished("binary")
    trials = ran.trials
    assert digest(ran, trials=trials.assign(seconds=99.0, reason="at another place")) == digest(ran)
    inner = [values + 1e-12 if row == 5 else values for row, values in enumerate(trials["inner_values"])]
    assert digest(ran, trials=trials.assign(inner_values=inner)) != digest(ran)


# the unit store


def outcome(**changes):
    trial = Trial(
        number=0, state="COMPLETE", value=0.5, inner_values=(0.4, 0.6), params={"C": 1.0, "deep": None, "a": "é"},
        seconds=0.1, seed=3,
    )  # fmt: skip
    blank = Outcome(
        rung="linear", arm="tuned", repeat=0, fold=2, purpose="search", prediction=np.array([[0.25, 0.75], [0.1, 0.9]]),
        inner_rows=np.array([4, 7, 9]), inner_prediction=np.array([[0.5, 0.5], [0.2, 0.8], [1.0, 0.0]]),
        settings={"C": 1.0}, costs=Costs(fit_seconds=0.25, model_bytes=17, unit_seconds=3.5, model_seconds=3.25),
        trials=(trial,), seeds={"estimator": 9}, clipped=1, stopped_by="trials",
    )  # fmt: skip
    return replace(blank, **changes)


def plain_of(found):
    """An outcome as values that can be compared: bytes and shapes in place of arrays."""
    arrays = {name: getattr(found, name) for name in ("prediction", "inner_rows", "inner_prediction")}
    told = {name: None if array is None else (array.shape, array.tobytes()) for name, array in arrays.items()}
    return replace(found, **told)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(outcome(), id="classes, with a study"),
        pytest.param(
            outcome(prediction=np.array([0.1 + 0.2, np.pi]), inner_prediction=np.array([1e-300, -0.0, 5.0])),
            id="numbers",
        ),
        pytest.param(outcome(inner_rows=None, inner_prediction=None, trials=()), id="an outer fit"),
        pytest.param(outcome(prediction=None, trials=()), id="inner predictions only"),
        pytest.param(outcome(threshold=0.1 + 0.2), id="with a threshold"),
    ],
)
def test_an_outcome_comes_back_from_the_store_bit_by_bit(stored, tmp_path):
    store = UnitStore(tmp_path)
    store.save("k", stored)
    found = store.load("k")
    assert plain_of(found) == plain_of(stored)


CHANGED = "it is not what its checksum was taken of"
NO_UNIT = "it is no unit, or not a whole one"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_unit_is_damaged(share, tmp_path):
    store = UnitStore(tmp_path)
    store.save("k", outcome())
    content = store.path("k").read_bytes()
    store.path("k").write_bytes(content[: int(len(content) * share)])
    assert store.load("k") == Damage(reason=NO_UNIT)


def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path):
    store = UnitStore(tmp_path)
    store.save("k", outcome(prediction=np.random.default_rng(0).random((200, 2))))
    content = store.path("k").read_bytes()
    reasons = set()
    for place in range(0, len(content), 3):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        store.path("k").write_bytes(flipped)
        reasons.add(store.load("k"))
    assert reasons == {Damage(reason=NO_UNIT), Damage(reason=CHANGED)}


def resaved(path, table=None, **changes):
    """The unit as another program would write it, with these changes to its facts and the seal as it was."""
    table = pq.read_table(path) if table is None else table
    metadata = {name.decode(): value.decode() for name, value in pq.read_metadata(path).metadata.items()}
    facts = json.dumps({**json.loads(metadata[FACTS]), **changes})
    pq.write_table(table.replace_schema_metadata({**metadata, FACTS: facts}), path)


EDITS = {
    "a prediction": lambda path, table: resaved(path, table.set_column(2, "v0", pa.array(np.zeros(len(table))))),
    "an inner row": lambda path, table: resaved(path, table.set_column(1, "row", pa.array(np.arange(len(table))))),
    "the order of rows": lambda path, table: resaved(path, table.take(list(range(len(table)))[::-1])),
    "a fact": lambda path, table: resaved(path, rung="forest"),
    "its trials": lambda path, table: resaved(path, trials=[]),
    "nothing but the program that wrote it": lambda path, table: resaved(path),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_unit_edited_by_hand_is_damaged(what, tmp_path):
    store = UnitStore(tmp_path)
    store.save("k", outcome())
    EDITS[what](store.path("k"), pq.read_table(store.path("k")))
    assert store.load("k") == Damage(reason=CHANGED)


def test_a_unit_under_the_name_of_another_is_damaged(tmp_path):
    store = UnitStore(tmp_path)
    store.save("0123456789abcdef", outcome())
    store.path("0123456789abcdef").rename(store.path("k"))
    assert store.load("k") == Damage(reason="it is another unit, 0123456789ab…, renamed")


def test_a_unit_of_a_version_without_checksums_is_as_good_as_none(tmp_path):
    store = UnitStore(tmp_path)
    store.save("k", outcome())
    facts = pq.read_metadata(store.path("k")).metadata[FACTS.encode()]
    pq.write_table(pq.read_table(store.path("k")).replace_schema_metadata({FACTS: facts}), store.path("k"))
    assert store.load("k") is None


def test_costs_are_stored_with_a_unit(tmp_path):
    costs = Costs(fit_seconds=1.0, unit_seconds=2.0, model_seconds=1.5, peak_bytes=10**10)
    store = UnitStore(tmp_path)
    store.save("k", outcome(costs=costs))
    assert store.load("k").costs == costs


def test_a_missing_unit_is_none_and_a_foreign_or_garbage_one_damaged(tmp_path):
    store = UnitStore(tmp_path)
    pd.DataFrame({"a": [1]}).to_parquet(store.path("foreign"))
    store.path("garbage").write_bytes(b"not Parquet")
    store.path("folder").mkdir()
    assert store.load("missing") is None
    assert [store.load(key) for key in ("foreign", "garbage")] == [Damage(reason=NO_UNIT)] * 2
    assert store.load("folder") == Damage(reason="it cannot be read: Is a directory")


# where it ran


def test_the_environment_names_neither_user_nor_host(finished, monkeypatch):
    monkeypatch.setenv("HOME", "/home/jane-doe")
    told = json.dumps(environment(["/home/jane-doe/bin/kiss-bench", "run", "/home/jane-doe/loans.yaml"], 2))
    assert "jane" not in told
    assert '["kiss-bench", "run", "~/loans.yaml"]' in told
    written = finished("binary").json("environment.json")
    assert not {"host", "hostname", "node", "user"} & set(written)
    for name in {socket.gethostname(), platform.node(), getpass.getuser()} - {"", "root", "localhost", "runner"}:
        assert name not in json.dumps({**written, "command": []}), name


def test_the_environment_has_what_a_replay_needs(finished):
    written = finished("binary").json("environment.json")
    assert written["packages"]["scikit-learn"].startswith("1.9")
    assert all(written["packages"].values())
    assert (written["workers"], written["threads_per_worker"]) == (2, 1)
    assert written["python"] == platform.python_version()
    assert Path(written["command"][0]).name == written["command"][0]
