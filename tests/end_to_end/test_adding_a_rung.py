"""A rung is one file: put into the folder of rungs, it is in the list, the plan and the leaderboard."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kiss_bench

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

RUNG = '''"""Level 2.5: the one nearest row."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.rungs._rung import Parameter, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    kind = KNeighborsRegressor if surroundings.task == "regression" else KNeighborsClassifier
    return kind(**settings)


RUNG = Rung(
    name="neighbours",
    level=2.5,
    summary="what the nearest rows did",
    explain="the rows it looked at",
    encoding="onehot",
    build=build,
    defaults=lambda task: {"n_neighbors": 5},
    space=lambda task: (Parameter(name="n_neighbors", kind="int", low=1, high=20, reason="a test"),),
)
'''
CALL = "import sys; from kiss_bench.cli import main; sys.exit(main())"


def call(house, *words):
    done = subprocess.run(
        [sys.executable, "-c", CALL, *words], env={**os.environ, "PYTHONPATH": str(house)}, cwd=house,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_new_file_puts_it_everywhere(workshop, tmp_path):
    shutil.copytree(
        Path(kiss_bench.__file__).parent, tmp_path / "kiss_bench", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(workshop / "table.csv", tmp_path)
    (tmp_path / "loans.yaml").write_text(
        "project: loans\ndata: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\n"
        "folds: {count: 2, inner: 2}\ntuning: {trials: 2}\nskip: {forest: slow, boosting: slow}\n",
        encoding="utf8",
    )
    (tmp_path / "kiss_bench" / "rungs" / "neighbours.py").write_text(RUNG, encoding="utf8")
    listed = call(tmp_path, "rungs")
    assert [line.split()[1] for line in listed.splitlines()[2:] if line[0].isdigit()] == [
        "dummy", "naive", "stump", "linear", "neighbours", "additive", "tree", "forest", "boosting", "stack",
    ]  # fmt: skip
    assert "what the nearest rows" in listed
    assert "neighbours  default + tuned  2" in " ".join(call(tmp_path, "plan", "loans.yaml").split(" ")).replace(
        "   ", "  "
    )
    out = call(tmp_path, "run", "loans.yaml", "--jobs", "2")
    assert "neighbours" in out
    board = json.loads((tmp_path / "results" / "loans" / "leaderboard.json").read_text(encoding="utf8"))
    row = next(row for row in board["rungs"] if row["rung"] == "neighbours")
    assert (row["status"], row["arm"], row["level"]) == ("ok", "tuned", 2.5)
    assert row["summary"] == "what the nearest rows did"
    weights = next(
        unit["settings"]["weights"]
        for unit in json.loads((tmp_path / "results" / "loans" / "tuning.json").read_text(encoding="utf8"))["units"]
        if unit["rung"] == "stack"
    )
    assert "neighbours" in weights
