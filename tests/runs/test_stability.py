"""The verdict at half, one and two margins, under each secondary metric, and under other seeds."""

import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of, plain
from small_tables import write_config, write_tables

from kiss_bench import bench
from kiss_bench.cli import main
from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Outcome
from kiss_bench.runs.judging import judge_progress
from kiss_bench.runs.stability import other_seeds, seeds_read, stability_of
from kiss_bench.runs.units import Progress

pytestmark = pytest.mark.slow

ROWS = 300


def filled(keys, predictions, y):
    """A progress whose rungs, default arms alone, predicted just this; rows are (n,) or (n, k) in the table's order."""
    frame = pd.DataFrame({"a": np.arange(float(len(y))), "y": y})
    usual = {"tuning": {"trials": 0}, "folds": {"count": 5, "repeats": 1}, "ladder": ["dummy", *predictions]}
    exam = exam_of(frame, **{**usual, **keys})
    everything = {"dummy": blind(exam), **predictions}
    progress = Progress(exam=exam, quick=False)
    for unit in progress.units():
        test = exam.split(unit.repeat, unit.fold).test
        told = Outcome(rung=unit.step.name, arm="default", repeat=0, fold=unit.fold, purpose="fit",
                       prediction=everything[unit.step.name][test])  # fmt: skip
        progress.add(unit, told)
    return progress


def blind(exam):
    if exam.task.kind == "regression":
        return np.full(len(exam.task.y), exam.task.y.mean())
    return np.tile(np.bincount(exam.task.y) / len(exam.task.y), (len(exam.task.y), 1))


def stability(progress):
    return stability_of(progress, judge_progress(progress))


def told(variants):
    return {one.what: (one.recommended, one.same) for one in variants}


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    y, sign = 10 * rng.normal(size=ROWS), rng.choice([-1.0, 1.0], ROWS)
    return SimpleNamespace(y=y, sign=sign, jitter=0.05 * rng.normal(size=ROWS), rng=rng)


@pytest.mark.parametrize(
    ("gain", "half", "once", "twice"),
    [(0.3, "tree", "tree", "tree"), (0.14, "tree", "tree", "linear"), (0.07, "tree", "linear", "linear"),
     (0.02, "linear", "linear", "linear")],
)  # fmt: skip
def test_a_gain_between_two_margins_is_promoted_at_one_and_not_at_the_other(numbers, gain, half, once, twice):
    """Errors of 1 against 1 - gain on every row, where the margin is 0.1."""
    y, off = numbers.y, numbers.sign * (1.0 + numbers.jitter)
    better = numbers.sign * (1.0 - gain + numbers.jitter[::-1])
    progress = filled({"metric": {"primary": "mae", "margin": 0.1}}, {"linear": y + off, "tree": y + better}, y)
    found = stability(progress).margins
    assert judge_progress(progress).recommended.rung == once
    assert told(found) == {
        "half the margin": (half, half == once), "the margin": (once, True), "twice the margin": (twice, twice == once)
    }  # fmt: skip
    verdicts = {"tree": "JUSTIFIED", "linear": "JUSTIFIED"}
    assert found[1].verdict == verdicts[once]


def test_a_margin_of_nothing_has_no_half(numbers):
    y = numbers.y
    found = stability(filled({"metric": {"primary": "mae", "margin": 0.0}}, {"linear": y + numbers.sign}, y))
    assert told(found.margins) == {"the margin": ("linear", True)}


@pytest.fixture(scope="module")
def shopped(numbers):
    """Tree is right within 0.1 but for every 50th row, which it misses by 30; linear is off by 4 everywhere."""
    y = numbers.y
    rare = np.where(np.arange(ROWS) % 50 == 0, 30.0, 0.1)
    predictions = {"linear": y + 4 * numbers.sign * (1 + numbers.jitter), "tree": y + rare * numbers.sign}
    return filled({"metric": {"primary": "rmse", "also": ["mae", "r2"]}}, predictions, y)


def test_the_metric_decides_where_one_rung_errs_rarely_and_far_and_another_often_and_little(shopped):
    found = stability(shopped)
    assert told(found.metrics) == {"mae": ("tree", False), "r2": ("linear", True)}
    assert [one.verdict for one in found.metrics] == ["JUSTIFIED", "JUSTIFIED"]
    assert {one.recommended for one in found.margins} == {"linear"}


def test_the_board_shopped_for_is_the_one_that_the_other_metric_gives(shopped, numbers):
    plan = shopped.exam.plan
    mae = replace(shopped, exam=replace(shopped.exam, plan=replace(plan, metric=replace(plan.metric, primary="mae"))))
    assert judge_progress(mae).recommended.rung == "tree"


def test_a_margin_in_units_of_the_primary_is_one_percent_of_skill_elsewhere(numbers):
    """0.5 rmse would be more than all there is to gain in r2."""
    y = numbers.y
    predictions = {"linear": y + 5 * numbers.sign, "tree": y + 2 * numbers.sign}
    found = stability(filled({"metric": {"primary": "rmse", "margin": 0.5, "also": ["r2"]}}, predictions, y))
    assert told(found.metrics) == {"r2": ("tree", True)}


class TestOfClasses:
    def progress(self, **metric):
        rng = np.random.default_rng(1)
        y = rng.permutation(np.arange(ROWS) % 2)
        sure = np.where(y == 1, 0.8, 0.2) + 0.1 * rng.normal(size=ROWS)
        probabilities = np.clip(sure, 0.01, 0.99)
        weak = np.clip(0.5 + 0.2 * (sure - 0.5), 0.01, 0.99)
        ladder = {
            "linear": np.column_stack([1 - weak, weak]),
            "tree": np.column_stack([1 - probabilities, probabilities]),
        }
        return filled({"metric": metric}, ladder, np.where(y == 1, "yes", "no"))

    def test_ranks_can_be_the_same_where_probabilities_are_not(self):
        found = stability(self.progress(primary="log_loss", also=["roc_auc", "brier", "accuracy"]))
        assert told(found.metrics) == {
            "roc_auc": ("linear", False), "brier": ("tree", True), "accuracy": ("linear", False)
        }  # fmt: skip

    def test_a_metric_that_no_threshold_was_learnt_for_gives_no_answer_and_says_why(self):
        found = stability(self.progress(primary="log_loss", also=["f1", "mcc"])).metrics[1]
        assert (found.what, found.recommended, found.verdict) == ("mcc", None, None)
        assert found.reason == "no decision threshold was learnt for it"

    def test_nor_does_one_that_cannot_be_judged_on_these_rows(self):
        progress = self.progress(primary="log_loss", also=["roc_auc"])
        task = progress.exam.task
        weighted = replace(progress.exam, task=replace(task, weight=np.ones(ROWS)))
        found = stability(replace(progress, exam=weighted)).metrics[0]
        assert (found.what, found.recommended) == ("roc_auc", None)
        assert "no error bar for weighted rows" in found.reason


@pytest.mark.parametrize(
    ("text", "found"), [("5", 5), ("2", 2), ("11,12,13", (11, 12, 13)), (" 1 , 2", (1, 2)), ("7,", None), ("1", None),
                        ("0", None), ("-1", None), ("many", None), ("", None), ("1,x", None), ("3000000000,1", None)],
)  # fmt: skip
def test_one_number_of_seeds_is_how_many_and_several_are_which(text, found):
    if found is None:
        with pytest.raises(KissBenchError, match=r"seeds: found .*; allowed: how many, such as 5"):
            seeds_read(text)
    else:
        assert seeds_read(text) == found


def test_seeds_are_derived_from_the_exam_and_are_the_same_in_another_process():
    asked = (
        "import sys; sys.path[:0] = ['tests']\n"
        "from exam_tables import exam_of, plain\nfrom kiss_bench.runs.stability import other_seeds\n"
        "print(list(other_seeds(exam_of(plain()), 5)))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    exam = exam_of(plain())
    assert json.loads(told) == list(other_seeds(exam, 5))
    assert len({exam.root, *other_seeds(exam, 5)}) == 5
    assert other_seeds(exam, 3) == other_seeds(exam, 5)[:2]
    assert other_seeds(exam_of(plain(seed=1)), 5) != other_seeds(exam, 5)


def test_the_exams_own_seed_and_one_said_twice_are_run_once():
    exam = exam_of(plain())
    assert other_seeds(exam, (11, exam.root, 11, 12)) == (11, 12)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """One table, judged on its own folds, on those of five seeds, and on those of two set by hand."""
    told = {"results": tmp_path_factory.mktemp("seeds"), "engine": "inline", "ladder": ["dummy", "linear", "tree"],
            "tuning": {"trials": 0}, "folds": {"count": 4, "repeats": 1}}  # fmt: skip
    return {seeds: bench(plain(rows=90), "y", seeds=seeds, **told) for seeds in (None, 5, (11, 12))}


def test_a_plain_run_has_no_seeds_and_the_others_have_the_same_digest(seeded):
    assert seeded[None].board.stability.seeds == ()
    assert seeded[None].board.stability.flip_rate is None
    assert len({one.board.digest for one in seeded.values()}) == 1
    assert len({json.dumps([row.verdict for row in one.board.rungs]) for one in seeded.values()}) == 1


def test_each_seed_gives_the_board_that_a_run_with_that_seed_would(seeded, tmp_path):
    found = {one.what: one for one in seeded[11, 12].board.stability.seeds}
    by_hand = bench(
        plain(rows=90), "y", seed=12, results=tmp_path, engine="inline", ladder=["dummy", "linear", "tree"],
        tuning={"trials": 0}, folds={"count": 4, "repeats": 1},
    )  # fmt: skip
    assert found["seed 12"].recommended == by_hand.recommended
    assert list(found) == ["seed 11", "seed 12"]


def test_the_flip_rate_is_the_share_of_other_seeds_that_recommend_another_rung(seeded):
    facts = seeded[5].board.stability
    assert len(facts.seeds) == 4
    assert facts.flip_rate == sum(one.recommended != seeded[5].recommended for one in facts.seeds) / 4


def test_seeds_set_by_hand_are_told_as_such(seeded):
    assert seeded[11, 12].board.stability.by_hand
    assert not seeded[5].board.stability.by_hand
    assert "3 fold seeds (set by hand)" in str(seeded[11, 12])
    assert "the others were set by hand" in seeded[11, 12].to_markdown()
    assert "(set by hand)" not in str(seeded[5])
    assert "the others are derived from it" in seeded[5].to_markdown()


def test_the_command_takes_seeds_and_refuses_what_are_none(tmp_path, capsys):
    write_tables(tmp_path)
    config = write_config(
        tmp_path, "here", "data: {path: table.csv, drop: [late, kind], time: week, season: 4}\ntarget: owed\n"
        "folds: {count: 3}\ntuning: {trials: 0}\nladder: [dummy, linear]\n",
    )  # fmt: skip
    words = ["run", str(config), "--results", str(tmp_path / "results"), "--jobs", "2"]
    assert main([*words, "--seeds", "few"]) == 2
    assert "seeds: found 'few'; allowed: how many, such as 5" in capsys.readouterr().err
    assert main([*words, "--seeds", "2"]) == 0
    said = capsys.readouterr()
    assert "seed " in said.err
    assert "of 2 fold seeds" in said.out
    report = (tmp_path / "results" / "here" / "leaderboard.md").read_text()
    assert "These folds are the same under every seed, so only estimators and studies were drawn again." in report
