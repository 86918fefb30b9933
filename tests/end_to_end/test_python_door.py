"""`bench(frame, target=...)` from a plain script: no guard, no recursion, the same bytes as the command line."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from kiss_bench import Leaderboard, bench
from kiss_bench.errors import DataError, KissBenchError, PlanError

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

SCRIPT = """
import json
from pathlib import Path
import pandas as pd
from kiss_bench import bench

with Path("log.txt").open("a") as log:
    log.write("top level\\n")
frame = pd.read_parquet("table.parquet").drop(columns=["kind", "owed", "week", "repaid"])
board = bench(
    frame, target="late", positive="yes", project="door", results="results", jobs=2,
    folds={"count": 2, "inner": 2}, tuning={"trials": 2}, ladder=["dummy", "linear", "tree", "stack"],
)
if board.recommended:
    with Path("log.txt").open("a") as log:
        log.write("side effect\\n")
model = board.estimator("linear", "default").fit(frame.drop(columns="late"), frame["late"])
table = board.to_frame()
print(json.dumps({
    "kind": type(board).__name__, "html": board._repr_html_(), "rungs": table["rung"].tolist(),
    "scores": table["score"].tolist(), "markdown": board.to_markdown(), "classes": model.classes_.tolist(),
    "digest": board.board.digest, "text": str(board), "recommended": board.recommended,
}))
"""


@pytest.fixture(scope="module")
def door(workshop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    (folder / "table.parquet").write_bytes((workshop / "table.parquet").read_bytes())
    (folder / "script.py").write_text(SCRIPT, encoding="utf8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout), done.stderr


def test_the_top_level_of_the_script_runs_once(door):
    folder, _, err = door
    assert (folder / "log.txt").read_text(encoding="utf8") == "top level\nside effect\n"
    assert "Traceback" not in err
    assert "freeze_support" not in err


def test_it_gives_a_leaderboard_with_all_its_views(door):
    folder, told, _ = door
    written = json.loads((folder / "results" / "door" / "leaderboard.json").read_text(encoding="utf8"))
    assert told["kind"] == "Leaderboard"
    assert told["rungs"] == ["dummy", "linear", "tree", "stack"]
    assert told["scores"] == pytest.approx([row["score"] for row in written["rungs"]])
    assert told["markdown"] == (folder / "results" / "door" / "leaderboard.md").read_text(encoding="utf8")
    assert told["recommended"] == written["recommended"]["rung"]
    assert told["classes"] == ["no", "yes"]
    assert "<table" in told["html"]
    assert all(rung in told["html"] and rung in told["text"] for rung in told["rungs"])


def test_it_has_the_digest_of_the_command_line_run_of_the_same_data(door, bench_at, tmp_path):
    folder, told, _ = door
    frame = pd.read_parquet(folder / "table.parquet").drop(columns=["kind", "owed", "week", "repaid"])
    frame.to_parquet(tmp_path / "same.parquet")
    ran = bench_at(
        "data: same.parquet\ntarget: late\npositive: 'yes'\nfolds: {count: 2, inner: 2}\ntuning: {trials: 2}\n"
        "ladder: [dummy, linear, tree, stack]\n"
    )
    assert ran.board["digest"] == told["digest"]


def test_in_this_process_too(workshop, tmp_path):
    frame = pd.read_parquet(workshop / "table.parquet")[["income", "ratio", "owed"]]
    board = bench(frame, target="owed", metric="mae", ladder=["dummy", "linear"], results=tmp_path, quick=True)
    assert isinstance(board, Leaderboard)
    assert board.folder == tmp_path / "bench"
    assert board.to_frame()["verdict"].tolist()[0] == "BASELINE"
    assert json.loads((tmp_path / "bench" / "environment.json").read_text(encoding="utf8"))["command"] == []


@pytest.mark.parametrize(
    ("keys", "kind", "message"),
    [
        ({"target": "nothing"}, DataError, "nothing"),
        ({"target": "late", "metrics": "mae"}, PlanError, "metrics"),
        ({"target": "late", "folds": {"count": 1}}, PlanError, r"bench\(\): folds.count: found 1"),
    ],
)
def test_faults_are_errors_of_ours_and_leave_nothing_behind(keys, kind, message, workshop, tmp_path):
    with pytest.raises(kind, match=message) as caught:
        bench(pd.read_parquet(workshop / "table.parquet"), results=tmp_path / "results", **keys)
    assert isinstance(caught.value, KissBenchError)
    assert not (tmp_path / "results").exists()
