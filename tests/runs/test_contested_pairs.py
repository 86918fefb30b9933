"""`repeats: auto` runs one draw of the folds, and the others for the pairs that it leaves contested, one at a time."""

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from small_tables import write_config, write_tables

from kiss_bench.plan.read import read_plan
from kiss_bench.runs.execution import Event
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import Options, run
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.watching import watcher

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

DATA = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\n"
CONTESTED = f"{DATA}alpha: 0.06\ntuning: {{trials: 0}}\nladder: [dummy, stump, linear, additive, tree]\n"
"""Five folds of these rows leave linear against dummy between its level and a fifth of it."""


@dataclass
class Bench:
    """Runs configs in one folder, and keeps what happened in the last of them."""

    folder: Path
    seen: list[Event] = field(default_factory=list)

    def run(self, text, project="here", **options):
        write_tables(self.folder)
        config = write_config(self.folder, project, text)
        self.seen = []
        options = {"results": self.folder / "results", "jobs": 2, **options}
        return run(read_plan(config, catalogue()), Options(**options), self.seen.append)

    def ran(self):
        """How often each unit was run."""
        return Counter(event.unit.place for event in self.seen if event.kind == "unit")

    def pairs(self):
        """The contested pairs, with the number of units that each took."""
        told = [event for event in self.seen if event.kind == "contested"]
        return [(one.contested.rung, one.contested.incumbent, len(one.todo) + one.stored) for one in told]

    def boards(self):
        return [event.board for event in self.seen if event.kind == "board"]

    def table(self, name, project="here"):
        return pd.read_parquet(self.folder / "results" / project / name)

    def json(self, name, project="here"):
        return json.loads((self.folder / "results" / project / name).read_text(encoding="utf8"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("escalation"))


def repeats(board):
    return {row.rung: row.repeats for row in board.rungs}


def rows(board):
    return {row.rung: row for row in board.rungs}


@pytest.fixture(scope="module")
def contested(bench):
    """A bench that has just run CONTESTED for the first time, and its board."""
    return bench, bench.run(CONTESTED), list(bench.seen)


def test_a_contested_pair_is_repeated_with_the_dummy_and_no_other_rung(contested):
    bench, board, seen = contested
    bench.seen = seen
    assert bench.pairs() == [("linear", "dummy", 4 * 5 * 2)]
    assert repeats(board) == {"dummy": 5, "stump": 1, "linear": 5, "additive": 1, "tree": 1}
    stored = bench.table("predictions.parquet").groupby("rung")["repeat"].nunique()
    assert stored.to_dict() == repeats(board)


def test_no_unit_of_it_is_run_twice_and_the_untuned_table_comes_first(contested):
    bench, _, seen = contested
    bench.seen = seen
    assert set(bench.ran().values()) == {1}
    assert len(bench.ran()) == 5 * 5 + 2 * 4 * 5
    kinds = [event.kind for event in seen]
    assert kinds.index("board") < kinds.index("contested")
    before = [event for event in seen[: kinds.index("contested")] if event.kind == "unit"]
    assert {event.unit.repeat for event in before} == {0}


def test_its_verdict_rests_on_five_repeats_at_the_whole_level_and_the_others_on_one(contested):
    _, board, _ = contested
    row = rows(board)["linear"]
    assert row.verdict in {"JUSTIFIED", "INCONCLUSIVE", "NOT JUSTIFIED"}
    assert row.alpha == pytest.approx(0.06 / 4)
    assert (row.gain_repeats, row.method) == (5, "row variance, inflated by instability")
    assert rows(board)["stump"].alpha == pytest.approx(0.06 / 4 / 5)
    assert (rows(board)["stump"].gain_repeats, rows(board)["stump"].method) == (1, "row variance, inflated")
    assert board.folds.repeats == "auto"
    assert [len(seeds) for seeds in row.seeds.values()] == [25]
    assert len(set(row.seeds["estimator"])) == 25


def test_no_board_is_final_while_a_pair_is_contested(contested):
    bench, board, seen = contested
    bench.seen = seen
    assert board.digest
    assert board.recommended
    assert all(shown.digest == "" and shown.recommended is None for shown in bench.boards()[:-1])
    assert {shown.rungs[0].status for shown in bench.boards()} <= {"ok", "running"}


def test_the_tuning_record_names_every_unit_that_ran(contested):
    bench, board, _ = contested
    units = Counter(unit["rung"] for unit in bench.json("tuning.json")["units"])
    assert units == {rung: 5 * number for rung, number in repeats(board).items()}


def test_the_same_command_again_runs_nothing_and_gives_the_same_digest(contested):
    bench, board, _ = contested
    again = bench.run(CONTESTED)
    assert bench.ran() == {}
    assert bench.pairs() == [("linear", "dummy", 40)]
    assert again.digest == board.digest
    assert again.seconds == board.seconds


def test_one_worker_gives_the_digest_of_two(contested, tmp_path):
    _, board, _ = contested
    assert Bench(tmp_path).run(CONTESTED, jobs=1).digest == board.digest


def test_repeats_that_are_there_for_others_change_no_verdict(contested):
    bench, board, _ = contested
    first = bench.run(CONTESTED.replace("alpha: 0.06", "alpha: 0.06\nfolds: {repeats: 1}"))
    assert repeats(first) == dict.fromkeys(repeats(board), 1)
    assert first.folds.repeats == 1
    decided = {name: row.p_gain for name, row in rows(board).items() if name in {"stump", "tree"}}
    assert decided["stump"] == rows(first)["stump"].p_gain
    assert rows(first)["linear"].verdict == "INCONCLUSIVE"
    assert bench.ran() == {}


def test_a_first_look_is_content_with_one_repeat_and_says_so(contested):
    bench, _, _ = contested
    quick = bench.run(CONTESTED, quick=True)
    assert set(repeats(quick).values()) == {1}
    assert quick.folds.repeats == 1
    assert bench.pairs() == []
    assert rows(quick)["linear"].verdict == "INCONCLUSIVE"


def test_a_fixed_number_of_repeats_runs_them_all_and_repeats_no_pair(bench):
    text = f"{DATA}folds: {{count: 3, repeats: 3}}\ntuning: {{trials: 2}}\nladder: [dummy, stump, linear, stack]\n"
    board = bench.run(text, project="fixed")
    assert repeats(board) == dict.fromkeys(["dummy", "stump", "linear", "stack"], 3)
    assert bench.pairs() == []
    # three rungs by default, one study, and inner predictions of the two that have none, in 3 repeats of 3 folds
    assert len(bench.ran()) == (3 + 1 + 2) * 9
    assert set(bench.ran().values()) == {1}
    assert board.folds.repeats == 3
    assert bench.table("predictions.parquet", "fixed").groupby(["rung", "arm"])["repeat"].nunique().eq(3).all()
    assert sorted(set(bench.table("trials.parquet", "fixed")["repeat"])) == [0, 1, 2]
    studies = bench.json("tuning.json", "fixed")["rungs"][0]["studies"]
    assert [(study["repeat"], study["fold"]) for study in studies] == [(r, f) for r in range(3) for f in range(3)]
    untuned = [shown for shown in bench.boards() if all(row.status != "running" or row.score for row in shown.rungs)]
    assert untuned, "the untuned table was never shown"


STACKED = (
    "data: {path: table.csv, drop: [kind, late, week, income]}\ntarget: owed\nfolds: {inner: 2}\ntuning: {trials: 2}\n"
    "multiplicity: per_step\nalpha: 0.12\nseed: 4\n"
    "ladder: [dummy, linear, tree, stack, {name: ours, level: 8, estimator: 'sklearn.dummy:DummyRegressor'}]\n"
)
"""The stack's gain over the dummy is contested; it is the only one."""


def test_a_contested_stack_repeats_everything_it_blends_which_changes_no_other_verdict(bench):
    board = bench.run(STACKED, project="stacked")
    assert bench.pairs() == [("stack", "dummy", 6 * 4 * 5)]
    assert repeats(board) == {"dummy": 5, "linear": 5, "tree": 5, "stack": 5, "ours": 1}
    assert set(bench.ran().values()) == {1}
    studied = [(rung, purpose) for rung in ("linear", "tree") for purpose in ("fit", "search")]
    per_fold = dict.fromkeys([("dummy", "fit"), ("dummy", "inner"), *studied], 25)
    assert Counter((rung, purpose) for rung, _, _, _, purpose in bench.ran()) == {**per_fold, ("ours", "fit"): 5}
    once = bench.run(STACKED.replace("inner: 2", "inner: 2, repeats: 1"), project="stacked")
    for rung in ("linear", "tree", "ours"):
        assert rows(board)[rung].p_gain == rows(once)[rung].p_gain, rung
    assert rows(board)["stack"].p_gain != rows(once)["stack"].p_gain


@pytest.mark.parametrize("policy", ["strict", "per_step"])
def test_every_policy_of_sharing_alpha_runs_and_is_on_the_board(policy, bench):
    board = bench.run(f"{CONTESTED}multiplicity: {policy}\n")
    assert board.multiplicity == policy
    assert (board.ladder_error is not None) == (policy == "per_step")
    levels = {row.alpha * (1 if row.gain_repeats == 5 else 5) for row in board.rungs if row.alpha is not None}
    assert len({round(level, 12) for level in levels}) == 1
    assert max(levels) <= 0.06 + 1e-12


FORWARD = "data: {path: table.csv, drop: [late, kind], time: week}\ntarget: owed\nfolds: {count: 3}\n"
GROUPS = "data: {path: table.csv, drop: [late, kind], group: week}\ntarget: owed\nfolds: {count: 60}\n"


@pytest.mark.parametrize(("text", "drawn"), [(FORWARD, 1), (GROUPS, 1)], ids=["forward", "one fold a group"])
def test_folds_that_come_out_the_same_are_drawn_once_and_never_repeated(text, drawn, bench):
    board = bench.run(f"{text}tuning: {{trials: 0}}\nladder: [dummy, stump, linear]\n", project="once")
    assert bench.table("folds.parquet", "once")["repeat"].nunique() == drawn
    assert bench.pairs() == []
    assert board.folds.repeats == 1


UNLUCKY = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class Unlucky(ClassifierMixin, BaseEstimator):
    def __init__(self, unlucky=-1, random_state=None):
        self.unlucky, self.random_state = unlucky, random_state

    def fit(self, X, y):
        if self.random_state == self.unlucky:
            raise ValueError("no luck in this fold")
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-3 * np.asarray(X)[:, 0]))
        return np.column_stack([1 - chance, chance])
"""


def test_a_rung_that_fails_on_a_later_repeat_is_failed_and_the_climb_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("unlucky_model.py").write_text(UNLUCKY, encoding="utf8")
    bench = Bench(tmp_path)
    text = (
        f"{DATA}tuning: {{trials: 0}}\nladder: [dummy, {{name: ours, level: 1.5, estimator: 'unlucky_model:Unlucky'}}]"
    )
    lucky = bench.run(f"{text}\n")
    assert repeats(lucky) == {"dummy": 5, "ours": 5}
    root = bench.json("plan.json")["root_seed"]
    unlucky = seed_of(root, "estimator", rung="ours", arm="default", repeat=3, fold=1)
    broken = bench.run(text.replace("'}", f"', settings: {{unlucky: {unlucky}}}}}") + "\n")
    row = rows(broken)["ours"]
    assert (row.status, row.verdict, row.repeats) == ("failed", "FAILED", 0)
    assert row.reason == "default arm, repeat 3, fold 1: ValueError: no luck in this fold"
    assert rows(broken)["dummy"].repeats == 5
    assert broken.recommended.rung == "dummy"
    again = bench.run(text.replace("'}", f"', settings: {{unlucky: {unlucky}}}}}") + "\n")
    assert [place[:4] for place in bench.ran()] == [("ours", "default", 3, 1)]
    assert again.digest == broken.digest


def test_the_command_line_tells_which_pair_is_repeated(bench_at):
    ran = bench_at(CONTESTED)
    assert ran.code == 0
    told = [line.partition("] ")[2] for line in ran.err.splitlines()]
    assert "linear against dummy is contested: 4 more draws of the folds, 40 units" in told
    assert ran.err.count("is contested") == 1
    again = bench_at(CONTESTED)
    assert "contested: 4 more draws of the folds, 40 units, 40 of them in the store already" in again.err
    assert again.board["digest"] == ran.board["digest"]


def test_a_terminal_shows_which_pair_is_repeated(contested):
    bench, board, _ = contested
    for path in sorted((bench.folder / "results" / "here" / ".units").glob("*.parquet"))[:20]:
        path.unlink()
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with watcher(console, 2) as watch:
        again = run(
            read_plan(write_config(bench.folder, "here", CONTESTED), catalogue()),
            Options(results=bench.folder / "results", jobs=2),
            watch,
        )
    assert again.digest == board.digest
    assert "linear against dummy is contested: 4 more draws of the folds, 40 units, " in screen.getvalue()
    assert "repeating linear against dummy" in screen.getvalue()
