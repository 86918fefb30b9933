"""Every study of a record, run again from the record alone, gives its trials; what does not is told with its size."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import HERE, start, units, wait_until
from small_tables import write_config, write_tables

from kiss_bench.cli import main
from kiss_bench.records.frames import trials_hash
from kiss_bench.records.frames import trials_of as trials_of_frame

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

CONTROLLED = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 2, repeats: 1}\n"
    "tuning: {trials: 4, control: random, sampler_settings: {n_startup_trials: 2}}\n"
    "ladder: [dummy, linear, tree, boosting]\n"
)


def command(*words, cwd):
    """The console script in a process of its own: exit code, stdout, stderr."""
    script = str(Path(sys.executable).with_name("kiss-bench"))
    done = subprocess.run([script, *map(str, words)], capture_output=True, text=True, check=False, cwd=cwd, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(HERE)})  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def replay(capsys, folder, *words):
    """Exit code and what was printed."""
    capsys.readouterr()
    code = main(["replay", str(folder), *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def trials_of(ran, **where):
    """How many trials, of how many studies, a run made of a rung or fold."""
    own = ran.trials
    for name, value in where.items():
        own = own[own[name] == value]
    return len(own), len(own[["rung", "arm", "repeat", "fold"]].drop_duplicates())


def worse_first_trial(folder):
    """The record, after the table of trials was changed behind its back."""
    trials = pd.read_parquet(folder / "trials.parquet")
    where = (trials["rung"] == "tree") & (trials["repeat"] == 0) & (trials["fold"] == 2) & (trials["number"] == 1)
    trials.loc[trials.index[where][0], "value"] += 0.125
    trials.to_parquet(folder / "trials.parquet")
    return json.loads((folder / "tuning.json").read_text(encoding="utf8"))


def copied(ran, tmp_path):
    """The result folder beside its config and table, where a test may damage it."""
    write_tables(tmp_path)
    shutil.copy(ran.config, tmp_path / ran.config.name)
    shutil.copytree(ran.folder, tmp_path / "results" / ran.folder.name)
    return tmp_path / "results" / ran.folder.name


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("project", ["binary", "multiclass", "regression"])
def test_every_study_comes_out_equal_on_one_worker_and_on_two(finished, capsys, project, jobs):
    folder = finished(project).folder
    code, said = replay(capsys, folder, "--jobs", jobs)
    assert code == 0, said
    trials, studies = trials_of(finished(project))
    assert f"Replayed in the same environment: all {trials} trials of {studies} studies came out equal." in said
    noted = json.loads((folder / "tuning.json").read_text(encoding="utf8"))["replay"]
    assert (noted["equal"], noted["studies"], noted["trials"]) == (True, studies, trials)
    assert f"all {trials} trials of {studies} studies came out equal" in (folder / "tuning.md").read_text("utf8")


def test_a_run_killed_in_the_middle_of_a_study_can_be_replayed(workshop, tmp_path, capsys):
    config = write_config(workshop, "slow", CONTROLLED.replace("trials: 4", "trials: 12"))
    process = start(config, tmp_path, "--jobs", "2")
    searched = 3 * 4 + 1  # past the default fits: studies are under way
    assert wait_until(lambda: len(units(tmp_path, "slow")) >= searched, 90)
    assert process.poll() is None, "the run ended before it was killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert main(["run", str(config), "--results", str(tmp_path), "--jobs", "1"]) == 0
    record = json.loads((tmp_path / "slow" / "tuning.json").read_text(encoding="utf8"))
    assert {study["resumed"] for rung in record["rungs"] for study in rung["studies"]} == {0}
    code, said = replay(capsys, tmp_path / "slow", "--data", str(workshop / "table.csv"))
    assert code == 0, said
    assert "all 216 trials of 18 studies came out equal" in said


def test_one_rung_and_one_fold_are_replayed_alone_and_noted_nowhere(finished, tmp_path, capsys):
    folder = copied(finished("binary"), tmp_path)
    before = (folder / "tuning.json").read_bytes()
    code, said = replay(capsys, folder, "--rung", "tree", "--fold", "1")
    _, studies = trials_of(finished("binary"), rung="tree", fold=1)
    assert (code, said.count(f"/{studies}] tree/tuned repeat ")) == (0, studies)
    assert (folder / "tuning.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rung", "tre"], "--rung: found 'tre'; allowed: linear, additive, tree, forest, boosting"),
        (["--fold", "7"], "--fold: found 7; allowed: 0, 1, 2"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_is_not_there_to_replay_is_invalid_input(finished, tmp_path, capsys, words, told):
    code, said = replay(capsys, copied(finished("binary"), tmp_path), *words)
    assert (code, told in said) == (2, True), said


def test_a_trial_that_differs_is_named_with_its_size(finished, tmp_path, capsys):
    """As a machine that computes otherwise would have left it: table and record agree with each other."""
    folder = copied(finished("binary"), tmp_path)
    record = worse_first_trial(folder)
    code, said = replay(capsys, folder, "--rung", "tree")
    assert (code, "contradicts itself" in said) == (2, True), said
    own = trials_of_frame(pd.read_parquet(folder / "trials.parquet"))["tree", "tuned", 0, 2]
    study = next(one for rung in record["rungs"] if rung["rung"] == "tree" for one in rung["studies"]
                 if (one["repeat"], one["fold"]) == (0, 2))  # fmt: skip
    study["trials_hash"] = trials_hash(own)
    study["best_value"] = min(trial.value for trial in own if trial.state == "COMPLETE")
    (folder / "tuning.json").write_text(json.dumps(record), encoding="utf8")
    code, said = replay(capsys, folder, "--rung", "tree")
    assert code == 1, said
    of = "{} trials of {} studies".format(*trials_of(finished("binary"), rung="tree"))
    assert f"1 of {of} differ, by at most 0.125. The first: tree/tuned repeat 0 fold 2, trial 1" in said
    assert "tree/tuned repeat 0 fold 1: 3 trials equal" in said


def test_without_the_table_of_trials_their_hashes_are_compared(finished, tmp_path, capsys):
    folder = copied(finished("binary"), tmp_path)
    (folder / "trials.parquet").unlink()
    code, said = replay(capsys, folder, "--rung", "linear")
    of = "{} trials of {} studies".format(*trials_of(finished("binary"), rung="linear"))
    assert (code, f"all {of} came out equal" in said) == (0, True), said
    record = json.loads((folder / "tuning.json").read_text(encoding="utf8"))
    record["rungs"][0]["studies"][0]["trials_hash"] = "0" * 64
    (folder / "tuning.json").write_text(json.dumps(record), encoding="utf8")
    code, said = replay(capsys, folder, "--rung", "linear")
    assert (code, "which one is not known without trials.parquet" in said) == (1, True), said


def test_another_environment_is_told_with_what_differs(finished, tmp_path, capsys):
    folder = copied(finished("binary"), tmp_path)
    record = json.loads((folder / "tuning.json").read_text(encoding="utf8"))
    record["environment"]["packages"]["lightgbm"] = "3.0.0"
    record["environment"]["cpu"] = "a small one"
    record["environment"]["arithmetic"]["units"] = "x86-64-v2, openblas Nehalem, glibc 2.31"
    (folder / "tuning.json").write_text(json.dumps(record), encoding="utf8")
    code, said = replay(capsys, folder, "--rung", "linear", "--fold", "0")
    assert code == 0
    of = "{} trials of {} studies".format(*trials_of(finished("binary"), rung="linear", fold=0))
    assert f"Replayed in another environment: all {of} came out equal." in said
    assert "  level of arithmetic: x86-64-v2, openblas Nehalem, glibc 2.31 then, " in said
    assert "cpu" not in said, "of processors the level counts"
    assert "  packages.lightgbm: 3.0.0 then, 4." in said


def test_trials_that_another_level_of_arithmetic_moved_by_a_hair_are_told_as_that(finished, tmp_path, capsys):
    folder = copied(finished("binary"), tmp_path)
    record = json.loads((folder / "tuning.json").read_text(encoding="utf8"))
    record["environment"]["arithmetic"]["units"] = "x86-64-v2, openblas Nehalem, glibc 2.31"
    trials = pd.read_parquet(folder / "trials.parquet")
    trials["value"] += 1e-13
    trials.to_parquet(folder / "trials.parquet", index=False)
    found = trials_of_frame(trials)
    for rung in record["rungs"]:
        for study in rung["studies"]:
            study["trials_hash"] = trials_hash(found[rung["rung"], "tuned", study["repeat"], study["fold"]])
            study["best_value"] = None if study["best_value"] is None else study["best_value"] + 1e-13
    (folder / "tuning.json").write_text(json.dumps(record), encoding="utf8")
    code, said = replay(capsys, folder, "--rung", "linear", "--fold", "0")
    told = "Replayed at another level of arithmetic: {} trials of {} studies came out equal within 1e-09"
    assert (code, told.format(*trials_of(finished("binary"), rung="linear", fold=0)) in said) == (1, True), said


def test_other_rows_are_refused(finished, tmp_path, capsys):
    folder = copied(finished("binary"), tmp_path)
    table = pd.read_csv(tmp_path / "table.csv")
    table.iloc[:-1].to_csv(tmp_path / "table.csv", index=False)
    code, said = replay(capsys, folder, "--data", str(tmp_path / "table.csv"))
    assert code == 2
    assert "these are not the data of" in said
    assert "Give the file with the very same rows as --data FILE" in said


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: change(folder / "plan.json", "alpha", 0.2), "is not the plan that its own hash was taken of"),
        (lambda folder: change(folder / "tuning.json", "digest", ""), "digest string should match pattern"),
        (lambda folder: change(folder / "tuning.json", "rungs", []), "holds no study: nothing was tuned"),
        (lambda folder: (folder / "tuning.json").write_text("{", encoding="utf8"), "cannot be read as JSON"),
        (lambda folder: (folder / "trials.parquet").write_bytes(b"no"), "without the file their hashes are compared"),
        (lambda folder: (folder / "plan.json").unlink(), "has no plan.json"),
    ],
)
def test_a_damaged_record_is_refused_before_anything_runs(finished, tmp_path, capsys, damage, told):
    folder = copied(finished("binary"), tmp_path)
    damage(folder)
    code, said = replay(capsys, folder)
    assert (code, told in said) == (2, True), said


def change(path, key, value):
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf8")), key: value}), encoding="utf8")


OWN = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 2, repeats: 1}\ntuning: {trials: 3}\n"
    "ladder: [dummy, linear, {name: ours, level: 8, estimator: 'mine:Mine', space: {C: 'float(0.1, 1)'}}]\n"
)
MINE = "from sklearn.linear_model import LogisticRegression\n\n\nclass Mine(LogisticRegression):\n    pass\n"


def test_a_rung_of_ones_own_is_replayed_where_its_code_is_and_code_that_changed_is_told(tmp_path, capsys):
    write_tables(tmp_path)
    config = write_config(tmp_path, "own", OWN)
    (tmp_path / "mine.py").write_text(MINE, encoding="utf8")
    code, out, err = command("run", config, "--results", tmp_path / "results", cwd=tmp_path)
    assert code == 0, err
    folder = tmp_path / "results" / "own"
    code, out, err = command("replay", folder, cwd=tmp_path)
    assert (code, "in the same environment: all 18 trials of 6 studies came out equal" in out) == (0, True), out + err
    (tmp_path / "elsewhere").mkdir()
    code, out, err = command("replay", folder, cwd=tmp_path / "elsewhere")
    assert (code, "'mine:Mine' cannot be loaded" in err) == (2, True), out + err
    changed = MINE.replace("    pass", "    def fit(self, X, y):\n        return super().fit(X, y[::-1])")
    (tmp_path / "mine.py").write_text(changed, encoding="utf8")
    code, out, err = command("replay", folder, "--rung", "ours", cwd=tmp_path)
    assert (code, "Replayed in another environment" in out, "code of ours" in out) == (1, True, True), out + err


def test_a_study_that_a_limit_ended_is_left_out_and_named(bench_at, capsys):
    ran = bench_at(
        "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
        "folds: {count: 3, inner: 2, repeats: 1}\ntuning: {trials: 3}\nlimits: {unit_seconds: 4}\n"
        "ladder: [dummy, linear, {name: slow, level: 8, estimator: 'fakes:Sleeping', settings: {seconds: 1.5},"
        " space: {idle: 'float(0, 1)'}}]\n"
    )
    assert ran.code == 1
    slow = next(rung for rung in ran.json("tuning.json")["rungs"] if rung["rung"] == "slow")
    for study in slow["studies"]:
        assert (study["status"], study["error"], study["stopped_by"]) == ("failed", "TimeLimit", "TimeLimit")
        assert (study["seed"], study["inner_hash"], study["started"], study["spent"]) == (None, None, None, 0)
    code, said = replay(capsys, ran.folder)
    assert code == 0, said
    assert "all 9 trials of 3 studies came out equal" in said
    assert "Not replayed, since a limit or a crash had ended them: here/slow/tuned/0/0, here/slow/tuned/0/1" in said
    assert "Failed: here/slow/tuned/0/0: TimeLimit" in (ran.folder / "tuning.md").read_text(encoding="utf8")


def test_a_random_search_beside_the_studies_is_replayed_with_them(bench_at, capsys):
    ran = bench_at(CONTROLLED)
    assert ran.code == 0
    code, said = replay(capsys, ran.folder)
    assert (code, "all 72 trials of 18 studies came out equal" in said) == (0, True), said
    assert "[18/18]" in said
    assert "boosting/random repeat 0 fold 2: 4 trials equal" in said
