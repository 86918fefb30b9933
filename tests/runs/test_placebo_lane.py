"""The placebo lane as a run has it: beside the ladder, from the same store, told everywhere, and changing no result."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import times, units, wait_until
from rich.console import Console
from small_tables import write_config, write_tables

from kiss_bench import bench
from kiss_bench.cli import main
from kiss_bench.plan.read import read_plan
from kiss_bench.records.board import Board
from kiss_bench.records.json import record_of
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import Options, run
from kiss_bench.watching import watcher

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

HERE = Path(__file__).parents[1]
DATA = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\n"
EFFORT = "folds: {count: 5, inner: 2, repeats: 1}\ntuning: {trials: 2}\nladder: [dummy, linear, tree]\n"
PLACEBO = f"{DATA}{EFFORT}placebo: true\n"
LEAKING = f"""{DATA}folds: {{count: 5, inner: 2, repeats: 1}}
tuning: {{trials: 0}}
ladder:
  - dummy
  - linear
  - {{name: remembers, level: 8, estimator: 'forgetless_models:remembers'}}
"""


class Bench:
    """Runs configs in one folder, and keeps what happened in the last of them."""

    def __init__(self, folder):
        self.folder, self.seen = folder, []
        write_tables(folder)

    def run(self, text, watch=None, **options):
        config = write_config(self.folder, "here", text)
        self.seen = []
        options = {"results": self.folder / "results", "jobs": 2, **options}
        return run(read_plan(config, catalogue()), Options(**options), watch or self.seen.append)

    def ran(self):
        return [event.unit.place for event in self.seen if event.kind == "unit"]

    def begun(self):
        return [(event.reason, len(event.todo), event.stored) for event in self.seen if event.kind == "beside"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A bench that has run the ladder without, then with the lane; both boards."""
    bench = Bench(tmp_path_factory.mktemp("lane"))
    without = bench.run(PLACEBO.replace("true", "false"))
    beside = bench.run(PLACEBO)
    return bench, without, beside, list(bench.seen)


def test_the_lane_changes_nothing_of_the_result(done):
    _, without, beside, _ = done
    assert without.placebo is None
    assert (beside.digest, beside.plan_hash) == (without.digest, without.plan_hash)
    assert beside.rungs == without.rungs


def test_it_has_three_draws_of_every_rung_and_no_leak(done):
    facts = done[2].placebo
    assert (len(facts.draws), facts.trials, facts.leaking) == (3, 2, ())
    for draw in facts.draws:
        assert set(draw.scores) == {"dummy", "linear", "tree"}
        assert draw.chances["dummy"] is None
        assert 0.0 <= draw.chances["linear"] < 1.0
    assert len({draw.seed for draw in facts.draws}) == 3


def test_it_comes_after_the_ladder_and_is_told_draw_by_draw(done):
    bench, _, _, seen = done
    bench.seen = seen
    units = 5 * 3 + 5 * 2
    assert bench.begun() == [(f"placebo {draw} of 3", units, 0) for draw in (1, 2, 3)]
    assert len(bench.ran()) == 3 * units


def test_it_is_in_the_record_and_in_every_report(done):
    bench, _, board, _ = done
    folder = bench.folder / "results" / "here"
    assert record_of(Board, json.loads((folder / "leaderboard.json").read_text())) == board
    report = (folder / "leaderboard.md").read_text()
    assert "## Placebo" in report
    assert "the placebo sees no leak" in report
    assert "What a placebo cannot see" in report


def test_a_run_that_was_stopped_in_it_goes_on_and_has_its_leaderboard_already(tmp_path):
    bench, units = Bench(tmp_path), []

    def stop(event):
        if event.kind == "beside" or units:
            units.append(event)
        if len(units) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(PLACEBO, watch=stop)
    first = record_of(Board, json.loads((tmp_path / "results" / "here" / "leaderboard.json").read_text()))
    assert first.digest
    assert first.placebo is None
    board = bench.run(PLACEBO)
    assert board.placebo.leaking == ()
    assert board.digest == first.digest
    assert bench.begun()[0][2] >= 6, "what was stored of the first draw is taken"
    bench.run(PLACEBO)
    assert bench.ran() == []


COMMAND = "import sys; from kiss_bench.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.alone
def test_ctrl_c_in_it_finishes_the_units_under_way_and_the_same_command_goes_on(tmp_path):
    write_tables(tmp_path)
    slow = "{name: slow, level: 8, estimator: 'rude_models:Slow', settings: {seconds: 1.0}}"
    effort = "folds: {count: 3, inner: 2, repeats: 1}\ntuning: {trials: 0}\n"
    config = write_config(tmp_path, "here", f"{DATA}{effort}ladder: [dummy, linear, {slow}]\n")
    words = ["run", str(config), "--results", str(tmp_path / "results"), "--jobs", "2", "--placebo"]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parent}"}, cwd=tmp_path,
    )  # fmt: skip
    assert any("placebo 1 of 3" in line for line in process.stderr)
    before = units(tmp_path / "results", "here")
    assert wait_until(lambda: units(tmp_path / "results", "here") - before, 60)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "under way; Ctrl-C again stops at once" in err
    assert "Traceback" not in err
    stored = times(tmp_path / "results", "here")
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parent}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stored.items() <= times(tmp_path / "results", "here").items()
    assert "Placebo: no rung beats the dummy twice" in done.stdout


def test_a_first_look_has_default_arms_alone(tmp_path):
    bench = Bench(tmp_path)
    board = bench.run(PLACEBO, quick=True)
    assert board.placebo.trials == 0
    assert {arm for _, arm, *_ in bench.ran()} == {"default"}
    assert board.rungs[1].status == "provisional"


def test_a_rung_that_fails_on_a_placebo_target_has_no_score_there_and_the_run_is_fine(bench_at):
    Path("choosy.py").write_text(
        "import numpy as np\n"
        "from fakes import Constant\n"
        "from small_tables import raw_table\n"
        "class Choosy(Constant):\n"
        "    def fit(self, X, y):\n"
        "        if (np.asarray(raw_table()['late'])[np.asarray(X)[:, 0].astype(int)] != y).any():\n"
        "            raise ValueError('not what I know')\n"
        "        return super().fit(X, y)\n"
        "def build():\n"
        "    from sklearn.compose import ColumnTransformer\n"
        "    from sklearn.pipeline import Pipeline\n"
        "    return Pipeline([('row', ColumnTransformer([('row', 'passthrough', ['row'])])), ('model', Choosy())])\n"
    )
    import pandas as pd

    pd.read_csv("table.csv").assign(row=range(120)).to_csv("table.csv", index=False)
    rung = "ladder: [dummy, linear, {name: choosy, level: 8, estimator: 'choosy:build'}]\n"
    ran = bench_at(f"{DATA}folds: {{count: 3, repeats: 1}}\ntuning: {{trials: 0}}\n{rung}", "--placebo")
    assert ran.rungs["choosy"]["status"] == "ok"
    assert [draw["scores"]["choosy"] for draw in ran.board["placebo"]["draws"]] == [None] * 3
    assert [draw["chances"]["choosy"] for draw in ran.board["placebo"]["draws"]] == [None] * 3
    assert (ran.code, "FAILED" in ran.err) == (0, False)


@pytest.fixture
def leak(bench_at, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    return bench_at(LEAKING, "--placebo", "--jobs", "1")


def test_a_leak_ends_the_command_with_1_and_stands_before_everything_else(leak):
    assert leak.code == 1
    assert leak.board["placebo"]["leaking"] == ["remembers"]
    told = "LEAKING: remembers (3 of 3 placebo draws) finds something in a target that nobody can know"
    assert told in leak.out
    first = (leak.folder / "leaderboard.md").read_text().splitlines()[0]
    assert first.startswith("> **LEAKING: remembers (3 of 3 placebo draws) finds something")
    assert first.endswith("do not trust this board.**")


@pytest.mark.parametrize("terminal", [True, False])
def test_whoever_watches_is_told_which_draw_is_on(done, terminal):
    bench, _, board, _ = done
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watcher(console, 2) as watch:
        again = bench.run(PLACEBO, watch=watch)
    assert again.placebo == board.placebo
    told = console.file.getvalue()
    assert all(f"placebo {draw} of 3: 0 units to do, 25 more are in the store already" in told for draw in (1, 2, 3))


def test_the_plan_tells_what_it_costs(tmp_path, capsys):
    write_tables(tmp_path)
    config = write_config(tmp_path, "here", PLACEBO)
    assert main(["plan", str(config)]) == 0
    fits = 5 * 3 + 2 * 5 * (1 + 2 * 2)
    assert f"placebo: {3 * fits} fits more at the most, {fits} on each of 3 targets" in capsys.readouterr().out


def test_the_python_door_takes_it_as_a_key(tmp_path):
    from exam_tables import plain

    found = bench(plain(rows=90), "y", results=tmp_path, jobs=2, quick=True, ladder=["dummy", "linear"], placebo=True)
    assert found.board.placebo.leaking == ()
    assert "Placebo: no rung beats the dummy twice" in str(found)
    assert "Placebo: no rung beats the dummy twice" in found._repr_html_()
