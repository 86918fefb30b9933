"""The same plan gives the same bytes: with one worker or two, and however often the run was killed."""

import json
import os
import random
import re
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from commands import kin, start, units, wait_until, workers
from small_tables import write_config, write_tables

from kiss_bench.cli import main
from kiss_bench.records.keys import source_hash

pytestmark = pytest.mark.alone

pytest_plugins = ["finished_runs"]


def resume(config, results, capsys):
    """The same command to its end, in this process; what it said on stderr."""
    capsys.readouterr()
    code = main(["run", str(config), "--results", str(results), "--jobs", "2"])
    err = capsys.readouterr().err
    assert code == 0, err
    return err


def every_file_parses(folder):
    seen = 0
    for file in folder.rglob("*"):
        if file.suffix == ".json":
            json.loads(file.read_text(encoding="utf8"))
        elif file.suffix == ".parquet":
            pd.read_parquet(file)
        elif file.is_file():
            texts = {"leaderboard.md", "leaderboard.csv", "leaderboard.html", "tuning.md", "ledger.jsonl"}
            pictures = {"ladder.svg", "cost.svg", "trust.svg"}
            assert file.name in {"lock", "ledger.lock", ".gitignore", *texts, *pictures}, file
        seen += file.is_file()
    return seen


def test_one_worker_gives_the_digest_of_two(finished, workshop, tmp_path):
    process = start(workshop / "binary.yaml", tmp_path, "--jobs", "1")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    board = json.loads((tmp_path / "binary" / "leaderboard.json").read_text(encoding="utf8"))
    two = finished("binary")
    assert board["digest"] == two.board["digest"]
    for name in ("plan.json", "folds.parquet", "predictions.parquet"):
        assert source_hash((tmp_path / "binary" / name,)) == source_hash((two.folder / name,)), name
    assert "rung      arm" in out


def test_three_times_killed_at_random_and_resumed_gives_the_same_digest(finished, workshop, tmp_path, capsys):
    luck = random.Random(20240531)
    counts = [0]
    for _ in range(3):
        process = start(workshop / "binary.yaml", tmp_path, "--jobs", "2")
        more = counts[-1] + luck.randint(3, 9)
        assert wait_until(lambda more=more: len(units(tmp_path, "binary")) >= more, 60)
        time.sleep(luck.random() * 0.1)
        assert process.poll() is None, "the run ended before it was killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        assert not (tmp_path / "binary" / "leaderboard.json").exists()
        counts.append(len(units(tmp_path, "binary")))
    (tmp_path / "binary" / ".leaderboard.json.x.part").write_text("{", encoding="utf8")  # as a kill may leave it
    err = resume(workshop / "binary.yaml", tmp_path, capsys)
    assert counts == sorted(set(counts))
    assert f"{counts[-1]} of 42 units are in the store already, {42 - counts[-1]} to do" in err
    board = json.loads((tmp_path / "binary" / "leaderboard.json").read_text(encoding="utf8"))
    assert board["digest"] == finished("binary").board["digest"]
    assert board["replayable"] is True
    assert board["honesty"]["stamps"] == [], "a kill is no tampering"
    assert every_file_parses(tmp_path / "binary") in {42 + 19, 78 + 19}


def test_workers_do_not_outlive_a_killed_parent(workshop, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start(workshop / "binary.yaml", tmp_path / "results", "--jobs", "2")
    assert wait_until(lambda: len(units(tmp_path / "results", "binary")) >= 1, 60)
    assert len(kin(process)) >= 5  # the run, its fork server, the cleaner and two workers at least
    assert list(tmp_path.glob("kiss-bench-*"))
    process.kill()  # the parent alone: nobody tells the workers
    process.wait(timeout=20)
    assert wait_until(lambda: not kin(process), 2), kin(process)
    assert not list(tmp_path.glob("kiss-bench-*")), "the user's rows were left behind"
    process.communicate(timeout=20)


def test_ctrl_c_says_that_it_can_go_on_and_does(finished, workshop, tmp_path, capsys):
    """Units of this ladder are short: one worker is held still, so that a unit is surely under way."""
    process = start(workshop / "binary.yaml", tmp_path, "--jobs", "2")
    assert wait_until(lambda: len(units(tmp_path, "binary")) >= 4, 60)
    held = workers(process)[0]
    os.kill(held, signal.SIGSTOP)
    before = len(units(tmp_path, "binary"))
    assert wait_until(lambda: len(units(tmp_path, "binary")) >= before + 3, 60)  # all by the other one
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(held, signal.SIGCONT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"finishing the (unit|\d+ units) under way; Ctrl-C again stops at once", err), err
    assert err.endswith(
        "kiss-bench: interrupted. Every finished unit is stored; the same command goes on from there.\n"
    )
    assert "Traceback" not in err
    assert wait_until(lambda: not kin(process), 5)
    stored = len(units(tmp_path, "binary"))
    err = resume(workshop / "binary.yaml", tmp_path, capsys)
    assert f"{stored} of 42 units are in the store already" in err
    board = json.loads((tmp_path / "binary" / "leaderboard.json").read_text(encoding="utf8"))
    assert board["digest"] == finished("binary").board["digest"]


def test_a_finished_run_is_not_run_again(finished, workshop):
    ran = finished("binary")
    before = {path: path.stat().st_mtime_ns for path in (ran.folder / ".units").glob("*.parquet")}
    digest, started = ran.board["digest"], time.monotonic()
    process = start(ran.config, ran.folder.parent, "--jobs", "2")
    _, err = process.communicate(timeout=60)
    seconds = time.monotonic() - started
    assert process.returncode == 0, err
    assert "42 of 42 units are in the store already, 0 to do" in err
    assert ran.board["digest"] == digest
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert seconds < 15  # a first run costs its fits on top of this; the imports alone are 2 s on a free machine


def test_a_second_run_on_the_same_folder_is_turned_away(workshop, tmp_path, capsys):
    first = start(workshop / "binary.yaml", tmp_path, "--jobs", "1")
    assert wait_until(lambda: len(units(tmp_path, "binary")) >= 1, 60)
    capsys.readouterr()
    code = main(["run", str(workshop / "binary.yaml"), "--results", str(tmp_path)])
    err = capsys.readouterr().err
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=20)
    assert code == 2
    since = re.search(r"since ([-\d]+ [:\d]+)", err)[1]
    command = f"kiss-bench run {workshop}/binary.yaml --results {tmp_path} --jobs 1"
    assert err == (
        f"error: {tmp_path / 'binary'} is in use by another run (process {first.pid}, since {since}, `{command}`)"
        "; wait for it, or choose another --results\n"
    )


SLOW = """
import time
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class Slow(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        time.sleep(0.1)
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-3 * np.asarray(X)[:, 0]))
        return np.column_stack([1 - chance, chance])
"""


def test_killed_while_a_contested_pair_is_repeated_and_resumed_gives_the_same_digest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("slow_model.py").write_text(SLOW, encoding="utf8")
    write_tables(tmp_path)
    config = write_config(
        tmp_path, "loans",
        "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\ntuning: {trials: 0}\n"
        "ladder: [dummy, {name: ours, level: 1.5, estimator: 'slow_model:Slow'}]\n",
    )  # fmt: skip
    untouched = start(config, tmp_path / "whole", "--jobs", "1", cwd=tmp_path)
    _, err = untouched.communicate(timeout=120)
    assert untouched.returncode == 0, err
    assert "ours against dummy is contested: 4 more draws of the folds, 40 units" in err
    assert len(units(tmp_path / "whole", "loans")) == 10 + 40
    for more in (13, 25):
        process = start(config, tmp_path / "killed", "--jobs", "2", cwd=tmp_path)
        assert wait_until(lambda more=more: len(units(tmp_path / "killed", "loans")) >= more, 60)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        assert not (tmp_path / "killed" / "loans" / "leaderboard.json").exists(), "the run ended before it was killed"
    stored = {path: path.stat().st_mtime_ns for path in units(tmp_path / "killed", "loans")}
    err = resume(config, tmp_path / "killed", capsys)
    assert "10 of 10 units are in the store already, 0 to do" in err
    assert f"4 more draws of the folds, 40 units, {len(stored) - 10} of them in the store already" in err
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    boards = [
        json.loads((tmp_path / results / "loans" / "leaderboard.json").read_text(encoding="utf8"))
        for results in ("whole", "killed")
    ]
    assert boards[0]["digest"] == boards[1]["digest"]
    assert [row["repeats"] for row in boards[1]["rungs"]] == [5, 5]
