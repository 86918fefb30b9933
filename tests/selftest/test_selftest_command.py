"""`kiss-bench selftest` as it is typed: killed, interrupted and resumed, with one worker or two, and saying no."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shapes import table
from test_selftest_rates import promotes_always

import kiss_bench.selftest.run as selftest_run
from kiss_bench.cli import main
from kiss_bench.selftest.draws import drawn

pytestmark = pytest.mark.slow

DRAWS = 6
COMMAND = [str(Path(sys.executable).with_name("kiss-bench")), "selftest"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """120 rows and a ladder of two."""
    folder = tmp_path_factory.mktemp("own")
    table("binary").drop(columns=["shop", "day", "part", "counts"]).to_csv(folder / "own.csv", index=False)
    file = folder / "own.yaml"
    file.write_text(
        "project: own\ndata: own.csv\ntarget: target\npositive: late\nladder: [dummy, linear]\n"
        "folds: {count: 3, repeats: 1}\n",
        encoding="utf8",
    )
    return file


def start(config, results, *words):
    return subprocess.Popen(
        [*COMMAND, str(config), "--results", str(results), "--draws", str(DRAWS), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={"TMPDIR": str(config.parent), **os.environ},
    )  # fmt: skip


def stored(results):
    return len(list((results / "own" / ".selftest").glob("*.json")))


def wait_for(results, draws, process):
    until = time.monotonic() + 60
    while stored(results) < draws:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def written(results):
    return [(results / "own" / name).read_bytes() for name in ("selftest.json", "selftest.md")]


@pytest.fixture(scope="module")
def uninterrupted(config, tmp_path_factory):
    results = tmp_path_factory.mktemp("one")
    process = start(config, results, "--jobs", "1")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return results, out, err


def test_the_reports_say_what_was_found(uninterrupted):
    results, out, err = uninterrupted
    facts = json.loads((results / "own" / "selftest.json").read_text(encoding="utf8"))
    assert facts["schema"] == "kiss-bench/selftest/1"
    assert (facts["passed"], facts["rows"], facts["draws"]) == (True, 120, DRAWS)
    assert [one["title"] for one in facts["scenarios"]] == [
        "no rung helps", "linear is the truth", "interactions are real", "two equal rungs",
    ]  # fmt: skip
    assert all(one["draws"] == DRAWS for one in facts["scenarios"])
    first = facts["sentences"][0]
    assert first.startswith("On data of this shape the judge promoted a needless rung in ")
    assert f"of {3 * DRAWS} simulated benchmarks; where interactions are real it found them in " in first
    assert first in out
    assert f"**{first}**" in (results / "own" / "selftest.md").read_text(encoding="utf8")
    assert "2 classes of 36, 84 rows, the same in every draw" in err
    assert f"{4 * DRAWS} of {4 * DRAWS} draws" in err


def test_draws_are_kept_out_of_the_repository(uninterrupted):
    assert (uninterrupted[0] / "own" / ".selftest" / ".gitignore").read_text(encoding="utf8") == "*\n"


def test_killed_interrupted_and_resumed_with_two_workers_gives_the_same_files(config, uninterrupted, tmp_path):
    process = start(config, tmp_path, "--jobs", "2")
    wait_for(tmp_path, 3, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    before = stored(tmp_path)
    assert not (tmp_path / "own" / "selftest.json").exists()
    process = start(config, tmp_path, "--jobs", "2")
    wait_for(tmp_path, before + 3, process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"{before} of {4 * DRAWS} draws are in the store already" in err
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    process = start(config, tmp_path, "--jobs", "2")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert written(tmp_path) == written(uninterrupted[0])


def test_a_finished_selftest_simulates_nothing_again(config, uninterrupted, monkeypatch, capsys):
    monkeypatch.setattr(selftest_run, "each", None)
    before = written(uninterrupted[0])
    assert main(["selftest", str(config), "--results", str(uninterrupted[0]), "--draws", str(DRAWS)]) == 0
    assert f"{4 * DRAWS} of {4 * DRAWS} draws are in the store already, 0 to do" in capsys.readouterr().err
    assert written(uninterrupted[0]) == before


def test_a_broken_judge_is_told_with_exit_code_1(config, tmp_path, monkeypatch, capsys):
    def broken(work, shape, places, jobs):
        assert work is drawn
        return ((place, drawn(shape, place, promotes_always)) for place in places)

    monkeypatch.setattr(selftest_run, "each", broken)
    assert main(["selftest", str(config), "--results", str(tmp_path), "--draws", "3"]) == 1
    assert "Too many (no rung helps)" in capsys.readouterr().out
    assert json.loads((tmp_path / "own" / "selftest.json").read_text(encoding="utf8"))["passed"] is False


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("target: target", "target: nowhere"), "there is no column 'nowhere'"),
        (("folds:", "fold:"), "did you mean `folds`?"),
        (("count: 3", "count: 50"), "50 stratified folds, but class 'late' has 36 member(s)"),
    ],
)
def test_what_cannot_be_judged_is_answered_as_by_plan(config, tmp_path, capsys, change, told):
    faulty = config.with_name("faulty.yaml")
    faulty.write_text(config.read_text(encoding="utf8").replace(*change), encoding="utf8")
    errors = []
    for words in (["selftest", str(faulty), "--results", str(tmp_path)], ["plan", str(faulty)]):
        assert main(words) == 2
        errors.append(capsys.readouterr().err)
    assert told in errors[0]
    assert errors[0] == errors[1]
    assert not list(tmp_path.iterdir())


def test_more_rows_than_there_are_cannot_be_simulated(config, tmp_path, capsys):
    assert main(["selftest", str(config), "--results", str(tmp_path), "--rows", "1000"]) == 2
    assert "--rows: found 1000; allowed: 6 to 120, the rows of the table" in capsys.readouterr().err
