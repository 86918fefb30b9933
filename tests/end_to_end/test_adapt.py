"""A child config: its parent's plan with changes, which runs as it is and says what changed and what that did."""

import json
import re
from dataclasses import replace

import pytest
from ruamel.yaml import YAML
from small_tables import raw_table

from kiss_bench import bench
from kiss_bench.cli import main
from kiss_bench.plan.child import config_of
from kiss_bench.plan.read import plan_from_mapping, read_plan
from kiss_bench.runs.known import catalogue

pytest_plugins = ["finished_runs"]


def adapt(capsys, folder, out, *words):
    capsys.readouterr()
    code = main(["adapt", str(folder), "--out", str(out), *words])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.slow
def test_a_narrowed_range_runs_without_an_edit_and_the_next_report_says_what_it_did(finished, tmp_path, capsys):
    parent, out = finished("binary"), tmp_path / "narrow.yaml"
    words = ["--set", "tree.max_depth=int(2, 3)", "--set", "linear.C=float(0.01, 1, log)", "--reason", "a narrow look"]
    code, said = adapt(capsys, parent.folder, out, *words)
    assert (code, f"Now: kiss-bench run {out}" in said) == (0, True), said
    config = YAML(typ="safe").load(out)
    assert config["project"] == "narrow"
    assert config["parent"]["plan_hash"] == parent.board["plan_hash"]
    assert config["parent"]["digest"] == parent.board["digest"]
    assert main(["run", str(out), "--results", str(tmp_path / "results")]) == 0
    record = json.loads((tmp_path / "results" / "narrow" / "tuning.json").read_text(encoding="utf8"))
    told = {change["key"]: (change["before"], change["after"]) for change in record["parent"]["changes"]}
    assert told == {
        "tree.max_depth": ("int(1, 8)", "int(2, 3)"),
        "linear.C": ("float(0.0001, 100.0, log)", "float(0.01, 1.0, log)"),
    }
    effects = {effect["rung"]: effect for effect in record["parent"]["effects"]}
    assert effects["dummy"]["gain"] == effects["forest"]["gain"] == 0.0
    assert effects["tree"]["score_before"] == parent.rungs["tree"]["score"]
    low, gain, high = (effects["tree"][name] for name in ("low", "gain", "high"))
    assert gain == pytest.approx(effects["tree"]["score_before"] - effects["tree"]["score_after"])
    assert low <= gain <= high
    depths = {study["best_params"].get("max_depth") for rung in record["rungs"] if rung["rung"] == "tree"
              for study in rung["studies"]}  # fmt: skip
    assert depths <= {2, 3, 4}, "the range, or the default of trial 0"
    page = (tmp_path / "results" / "narrow" / "tuning.md").read_text(encoding="utf8")
    assert "## Adapted from `binary`" in page
    assert re.search(r"\| tree.max_depth\s+\| int\(1, 8\)\s+\| int\(2, 3\)", page)
    assert "a narrow look" in page


def test_folds_and_seeds_are_those_of_the_parent(finished, tmp_path, capsys):
    parent, out = finished("regression"), tmp_path / "child.yaml"
    assert adapt(capsys, parent.folder, out, "--set", "tuning.trials=2", "--set", "forest.trials=2")[0] == 0
    assert main(["run", str(out), "--results", str(tmp_path), "--quick"]) == 0
    child = json.loads((tmp_path / "child" / "leaderboard.json").read_text(encoding="utf8"))
    assert child["folds_hash"] == parent.board["folds_hash"]
    assert child["plan_hash"] != parent.board["plan_hash"]
    assert [row["score"] for row in child["rungs"] if row["rung"] == "linear"] == [
        parent.rungs["linear"]["default_score"]
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["tree.max_depth=3"], ("`max_depth` with 3, which is no range; allowed: a range such as int(4, 512, log); "
         "settings.max_depth=3 for its default, max_depth=choice(3) to keep it so in all trials")),
        (["tree.max_depth"], "--set tree.max_depth: found no KEY=VALUE"),
        (["oak.max_depth=int(1, 2)"], "found `oak`, no rung of this ladder and no key"),
        (["tree.max_depth=int(9, 2)"], "space.max_depth: found low 9 and high 2; allowed: low below high"),
        (["tuning.trails=3"], "tuning.trails: found an unknown key"),
        (["tuning.trials=many"], "tuning.trials: found 'many'; allowed: a whole number of at least 0"),
        (["a=1", "b=2"], "2 faults in the config"),
        (["dummy.x=int(1, 2)"], "found a space; allowed: none, as dummy has nothing to tune"),
        (["tree.max_depth=[1, 2"], "found a value that is no YAML"),
        (["tree.max_dept=int(1, 3)"], "tree: TypeError: "),
        (["tuning.trials=4", "tuning.trials=5"], "--set tuning.trials=…: found 2 values; allowed: one"),
        (["project=other"], "a name is given by --project"),
        (["tuning.trials=3"], "nothing would change: the plan has these values already"),
        (["folds=3"], "folds: found 3; allowed: a mapping such as"),
        (["data.path.x=3"], "found `path.x`, though `path` is 'table.csv'"),
        (["target.x=3"], "`target` as a whole"),
    ],
)  # fmt: skip
def test_changes_that_give_no_plan_are_refused_and_nothing_is_written(finished, tmp_path, capsys, changes, told):
    words = [word for change in changes for word in ("--set", change)]
    code, said = adapt(capsys, finished("binary").folder, tmp_path / "child.yaml", *words)
    assert (code, told in said) == (2, True), said
    assert not (tmp_path / "child.yaml").exists()


@pytest.mark.parametrize("change", ["limits.unit_seconds=90", "data.path=moved.csv", "export.optuna=here.journal"])
def test_what_asks_for_no_other_trial_may_be_changed_as_well(finished, tmp_path, capsys, change):
    code, said = adapt(capsys, finished("binary").folder, tmp_path / "child.yaml", "--set", change)
    assert code == 0, said
    key, value = change.split("=")
    section, name = key.split(".")
    assert str(YAML(typ="safe").load(tmp_path / "child.yaml")[section][name]) == value


def test_nothing_is_overwritten_and_no_child_takes_its_parents_folder(finished, tmp_path, capsys):
    folder = finished("binary").folder
    (tmp_path / "there.yaml").write_text("mine", encoding="utf8")
    code, said = adapt(capsys, folder, tmp_path / "there.yaml", "--set", "tuning.trials=2")
    assert (code, "is there already; choose another --out" in said) == (2, True)
    code, said = adapt(capsys, folder, tmp_path / "binary.yaml", "--set", "tuning.trials=2")
    assert (code, "give it a --project of its own" in said) == (2, True)
    assert (tmp_path / "there.yaml").read_text(encoding="utf8") == "mine"


@pytest.mark.slow
def test_a_parent_that_is_gone_is_said_to_be(finished, tmp_path, capsys):
    out = tmp_path / "orphan.yaml"
    assert adapt(capsys, finished("ranked").folder, out, "--set", "tuning.trials=2")[0] == 0
    text = out.read_text(encoding="utf8")
    out.write_text(re.sub(r"results: .*", "results: nowhere", text), encoding="utf8")
    assert main(["run", str(out), "--results", str(tmp_path)]) == 0
    page = (tmp_path / "orphan" / "tuning.md").read_text(encoding="utf8")
    assert "Its results are not there, or are others by now, so nothing can be said of what changed." in page


@pytest.mark.slow
def test_a_parent_whose_results_are_others_by_now_is_not_compared_with(finished, workshop, tmp_path, capsys):
    assert main(["run", str(workshop / "ranked.yaml"), "--results", str(tmp_path)]) == 0
    out = tmp_path / "child.yaml"
    assert adapt(capsys, tmp_path / "ranked", out, "--set", "tuning.trials=2")[0] == 0
    assert main(["run", str(workshop / "ranked.yaml"), "--results", str(tmp_path), "--quick"]) == 0
    assert main(["run", str(out), "--results", str(tmp_path), "--quick"]) == 0
    record = json.loads((tmp_path / "child" / "tuning.json").read_text(encoding="utf8"))
    assert (record["parent"]["found"], record["parent"]["effects"]) == (False, [])


@pytest.mark.slow
def test_results_of_a_frame_have_a_child_once_their_rows_are_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = raw_table()[["income", "ratio", "late"]]
    frame.to_csv("rows.csv", index=False)
    bench(frame, target="late", tuning={"trials": 2}, folds={"count": 3, "inner": 2, "repeats": 1},
          ladder=["dummy", "linear"])  # fmt: skip
    code, said = adapt(capsys, "results/bench", "child.yaml", "--set", "linear.trials=3")
    assert (code, "came from a frame in Python: say where its rows are, --set data.path=FILE" in said) == (2, True), (
        said
    )
    code, said = adapt(capsys, "results/bench", "child.yaml", "--set", "linear.trials=3", "--set", "data=rows.csv")
    assert code == 0, said
    assert main(["run", "child.yaml"]) == 0
    assert main(["replay", "results/bench", "--data", "rows.csv"]) == 0


def test_every_config_that_ran_is_its_own_child_without_changes_but_one(finished, tmp_path, capsys):
    for project in ("binary", "ranked", "multiclass", "regression", "forward"):
        parent = finished(project)
        out = tmp_path / f"child-of-{project}.yaml"
        code, said = adapt(capsys, parent.folder, out, "--set", "alpha=0.04")
        assert code == 0, said
        capsys.readouterr()
        assert main(["plan", str(out)]) == 0
        assert parent.board["folds_hash"][:12] in capsys.readouterr().out


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "metric: {margin: 0.02}\ntuning: {trials: 7, sampler: random, timeout: 9}\nalpha: 0.1",
        "metric: {primary: roc_auc, margin: 3%, also: [brier]}",
        "ladder: [dummy, {name: linear, trials: 0}, {name: tree, trials: 5, reason: short}]",
        "ladder: [dummy, linear, {name: forest, settings: {n_estimators: 9}, space: {min_samples_leaf: 'int(1, 3)'}}]",
        "ladder: [dummy, linear, {name: ours, level: 8, estimator: 'a:b', space: {c: [1, x], d: [true, 2]}}]",
        "skip: {linear: no}\nladder: [dummy, tree]\ndata: {path: a, time: t, group: g}\nfolds: {kind: forward, gap: 2}",
    ],
)
def test_a_plan_written_as_a_config_is_the_same_plan(tmp_path, rest):
    config = tmp_path / "a.yaml"
    config.write_text(f"project: p\n{'' if 'data:' in rest else 'data: a'}\ntarget: y\n{rest}\n", encoding="utf8")
    plan = read_plan(config, catalogue())
    again = plan_from_mapping(config_of(plan, catalogue()), catalogue())
    assert replace(again, source="", folder="") == replace(plan, source="", folder="")
