"""Real finished runs that many tests read: one small table, five configs, every rung that ships.

A pytest plugin: a test module asks for its fixtures with `pytest_plugins = ["finished_runs"]`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kept_runs import kept
from small_tables import write_config, write_tables

from kiss_bench.cli import main

SMALL_LADDER = "[dummy, stump, linear, additive, tree, {name: forest, settings: {n_estimators: 20}}, boosting, stack]"
EFFORT = f"tuning: {{trials: 3}}\nfolds: {{count: 3, inner: 2}}\nladder: {SMALL_LADDER}\n"
CONFIGS = {
    "binary": (
        "target: late\npositive: 'yes'\nmetric: {primary: log_loss, also: [roc_auc, brier, accuracy]}\n"
        f"data: {{path: table.csv, drop: [kind, owed, week]}}\n{EFFORT}"
    ),
    "ranked": (
        "target: repaid\nmetric: {primary: roc_auc, also: [log_loss, brier, accuracy, average_precision, f1, mcc]}\n"
        "data: {path: table.parquet, drop: [kind, owed, week, late]}\nfolds: {count: 3, inner: 2}\n"
        "tuning: {trials: 3, pruning: false, sampler: random}\nladder: [dummy, linear, tree, stack]\n"
    ),
    "multiclass": (
        "target: kind\n"
        "metric: {primary: brier, also: [log_loss, accuracy, roc_auc_ovr, balanced_accuracy, f1_macro]}\n"
        f"data: {{path: table.parquet, drop: [late, owed, week, repaid]}}\n{EFFORT}"
    ),
    "regression": (
        "target: owed\nmetric: {primary: rmse, also: [mae, mse, r2, pinball_0.9]}\n"
        f"data: {{path: table.csv, drop: [late, kind, week]}}\n{EFFORT}"
    ),
    "forward": (
        "target: owed\nmetric: {primary: mae, also: [rmse, r2]}\nfolds: {count: 3, inner: 2}\ntuning: {trials: 2}\n"
        "data: {path: table.csv, drop: [late, kind], time: week, season: 4}\n"
        "ladder: [dummy, naive, linear, boosting, stack]\n"
    ),
}
READ: dict[str, Callable[[Path], pd.DataFrame]] = {"table.csv": pd.read_csv, "table.parquet": pd.read_parquet}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A config, what was said when it ran, and the folder it left behind."""

    config: Path
    folder: Path
    code: int
    out: str = ""
    err: str = ""

    @property
    def board(self) -> dict[str, Any]:
        return self.json("leaderboard.json")

    @property
    def rungs(self) -> dict[str, dict[str, Any]]:
        return {row["rung"]: row for row in self.board["rungs"]}

    @property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "predictions.parquet")

    @property
    def trials(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "trials.parquet")

    @property
    def folds(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "folds.parquet")

    def json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / name).read_text(encoding="utf8"))

    def raw(self) -> pd.DataFrame:
        """The table, read by pandas as any reviewer would."""
        name = self.json("plan.json")["data"]["path"]
        return READ[name](self.config.parent / name)

    def split(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Training and test rows of folds.parquet; training is all other rows where it is not listed."""
        folds = self.folds[self.folds["repeat"] == repeat]
        here = folds[folds["fold"] == fold]
        test = here.loc[here["part"] == "test", "row_id"].to_numpy()
        train = here.loc[here["part"] == "train", "row_id"].to_numpy()
        return (train if len(train) else np.setdiff1d(folds["row_id"], test)), test


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tables and all configs."""
    folder = tmp_path_factory.mktemp("workshop")
    write_tables(folder)
    for project, text in CONFIGS.items():
        write_config(folder, project, text)
    return folder


def run_once(folder: Path, project: str) -> None:
    """Run one of CONFIGS in a folder with the tables, and write the exit code down beside it."""
    write_tables(folder)
    config = write_config(folder, project, CONFIGS[project])
    code = main(["run", str(config), "--results", str(folder / "results"), "--jobs", "2"])
    (folder / f"{project}.code").write_text(str(code))


@pytest.fixture(scope="session")
def finished(workshop: Path) -> Callable[[str], Ran]:
    """The finished run of one of CONFIGS, by two workers; each is run once a state of the sources, and copied."""
    done: dict[str, Ran] = {}

    def ran(project: str) -> Ran:
        if project not in done:
            kept(project, lambda folder: run_once(folder, project), workshop)
            code = int((workshop / f"{project}.code").read_text())
            done[project] = Ran(config=workshop / f"{project}.yaml", folder=workshop / "results" / project, code=code)
        return done[project]

    return ran


@pytest.fixture
def bench_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a config of this text in a fresh folder with the tables, by the command line, all units in this process.

    Limits need workers, and words with `--jobs` ask for them.
    """
    write_tables(tmp_path)
    monkeypatch.chdir(tmp_path)

    def ran(text: str, *words: str, project: str = "here") -> Ran:
        config = write_config(tmp_path, project, text)
        capsys.readouterr()
        engine = ("--jobs", "2") if "limits:" in text else ("--engine", "inline")
        engine = () if "--jobs" in words else engine
        code = main(["run", str(config), "--results", str(tmp_path / "results"), *engine, *words])
        said = capsys.readouterr()
        return Ran(config=config, folder=tmp_path / "results" / project, code=code, out=said.out, err=said.err)

    return ran
