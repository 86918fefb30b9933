"""A small finished run with a vault, which tests copy and then do something to. A pytest plugin."""

import json
import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kept_runs import kept
from loan_tables import loans

from kiss_bench.cli import main

BASE = {
    "project": "loans",
    "data": "{path: loans.csv}",
    "target": "late",
    "positive": "'yes'",
    "metric": "{primary: log_loss, margin: 1%}",
    "folds": "{count: 3, inner: 2}",
    "tuning": "{trials: 2}",
    "ladder": "[dummy, linear, tree]",
    "vault": "25%",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A config, its data, and what its runs left behind, all in one folder."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "results" / "loans"

    @property
    def board(self) -> dict[str, Any]:
        return json.loads((self.folder / "leaderboard.json").read_text(encoding="utf8"))

    @property
    def stamps(self) -> list[str]:
        return self.board["honesty"]["stamps"]

    @property
    def ledger(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "ledger.jsonl").read_text(encoding="utf8").splitlines()]

    def run(self, *words: str, frame: pd.DataFrame | None = None, **keys: str | None) -> int:
        """Write the config, other keys than usual included, and run it, in this process; limits need workers."""
        engine = ("--jobs", "2") if "limits" in keys else ("--engine", "inline")
        if frame is not None:
            frame.to_csv(self.home / "loans.csv", index=False)
        config = {name: value for name, value in {**BASE, **keys}.items() if value is not None}
        written = "".join(f"{name}: {value}\n" for name, value in config.items())
        (self.home / "loans.yaml").write_text(written, encoding="utf8")
        with chdir(self.home):  # a record names its config as the command did
            return main(["run", "loans.yaml", *engine, *words])

    def open_vault(self, *words: str) -> int:
        with chdir(self.home):
            return main(["vault", "open", "results/loans", "--jobs", "2", *words])

    def verify(self) -> int:
        return main(["verify", str(self.folder)])


@pytest.fixture(scope="session")
def finished_loans(tmp_path_factory) -> Project:
    project = Project(home=tmp_path_factory.mktemp("loans"))
    kept("loans", make_loans, project.home)
    return project


def make_loans(home: Path) -> None:
    assert Project(home=home).run(frame=loans()) == 0


@pytest.fixture
def project(finished_loans, tmp_path, monkeypatch) -> Project:
    """A copy of the finished run, store and data included, with the working directory in it."""
    shutil.copytree(finished_loans.home, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return Project(home=tmp_path / "copy")
