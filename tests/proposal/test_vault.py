"""Rows that no run reads, scored once, against the plan that was registered."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loan_tables import loans
from sklearn.metrics import log_loss

from kiss_bench import bench
from kiss_bench.cli import main
from kiss_bench.errors import FoldError
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.known import catalogue
from kiss_bench.tasks.table import table_from_frame
from kiss_bench.tasks.vault import vault_of

pytest_plugins = ["handed_in"]


def sealed(frame, **keys):
    """The vault of a table, and the exam of everything else."""
    plan = plan_from_mapping({"project": "p", "target": "late", "vault": "20%", **keys}, catalogue())
    table = table_from_frame(frame, "late")
    return vault_of(plan, table, np.arange(len(frame))), set_exam(plan, table)


# which rows


def test_about_the_share_is_sealed_and_nothing_of_it_is_in_the_exam():
    vault, exam = sealed(loans(1000))
    assert 160 < len(vault.rows) < 240
    assert set(exam.task.row_id).isdisjoint(vault.rows)
    assert len(exam.task.row_id) + len(vault.rows) == 1000
    assert np.array_equal(exam.task.sealed, vault.rows)


def test_an_id_decides_wherever_its_row_stands():
    frame = loans(500).assign(no=np.arange(500) + 17)
    shuffled = frame.sample(frac=1, random_state=3)
    one, _ = sealed(frame, data={"id": "no"})
    other, _ = sealed(shuffled, data={"id": "no"})
    assert set(frame["no"].iloc[one.rows]) == set(shuffled["no"].iloc[other.rows])
    more = pd.concat([frame, loans(100, seed=5).assign(no=np.arange(100) + 9000)], ignore_index=True)
    grown, _ = sealed(more, data={"id": "no"})
    assert set(frame["no"].iloc[one.rows]) == set(more["no"].iloc[grown.rows]) - set(range(9000, 9100))


@pytest.mark.parametrize("groups", [12, 200])
def test_groups_are_sealed_whole(groups):
    frame = loans(600).assign(customer=np.arange(600) % groups)
    vault, exam = sealed(frame, data={"group": "customer"}, folds={"count": 3, "inner": 2})
    inside = set(frame["customer"].iloc[vault.rows])
    assert inside.isdisjoint(frame["customer"].iloc[exam.task.row_id])
    assert 0.1 < len(vault.rows) / 600 < 0.32


def test_forward_in_time_the_last_block_is_sealed():
    frame = loans(400).assign(day=np.random.default_rng(0).integers(0, 60, 400))
    vault, exam = sealed(frame, data={"time": "day"}, folds={"count": 3, "inner": 2})
    assert frame["day"].iloc[exam.task.row_id].max() < frame["day"].iloc[vault.rows].min()
    assert 0.15 < len(vault.rows) / 400 < 0.25


def test_no_seed_has_a_say_in_it():
    one, _ = sealed(loans(), seed=1)
    other, _ = sealed(loans(), seed=2)
    assert np.array_equal(one.rows, other.rows)


def test_a_vault_of_too_few_rows_is_refused():
    with pytest.raises(FoldError, match=r"rows leaves . in the vault; at least 10 are needed"):
        sealed(loans(30))


def test_the_vault_draws_folds_anew_and_is_counted_on_the_board(tmp_path):
    usual = {
        "results": tmp_path,
        "engine": "inline",
        "quick": True,
        "ladder": ["dummy", "linear"],
        "folds": {"count": 3},
    }
    with_vault = bench(loans(), "late", project="a", vault=0.2, **usual).board
    without = bench(loans(), "late", project="b", **usual).board
    assert with_vault.rows + with_vault.rows_vault == without.rows == 240
    assert with_vault.folds_hash != without.folds_hash


def test_no_run_reads_a_sealed_row(tmp_path):
    """With the seed set by hand, other values in the sealed rows change no prediction."""
    frame = loans()
    vault, _ = sealed(frame)
    spoilt = frame.copy()
    spoilt.loc[vault.rows, ["income", "age"]] = 1e6
    spoilt.loc[vault.rows, "late"] = "yes"
    usual = {
        "results": tmp_path, "engine": "inline", "vault": 0.2, "seed": 3, "tuning": {"trials": 2},
        "ladder": ["dummy", "linear"], "folds": {"count": 3, "inner": 2},
    }  # fmt: skip
    found = [
        pd.read_parquet(bench(each, "late", project=name, **usual).folder / "predictions.parquet")
        for name, each in (("clean", frame), ("spoilt", spoilt))
    ]
    pd.testing.assert_frame_equal(*found)
    assert set(found[0]["row_id"]).isdisjoint(vault.rows)


# opening it


@pytest.fixture(scope="module")
def opened(finished_loans, tmp_path_factory):
    home = tmp_path_factory.mktemp("opened") / "copy"
    shutil.copytree(finished_loans.home, home)
    project = type(finished_loans)(home=home)
    assert project.open_vault() == 0
    return project


def test_opening_says_whether_the_gain_is_confirmed(opened):
    vault = opened.board["honesty"]["vault"]
    assert vault["verdict"] in {"confirmed", "contradicted", "not contradicted"}
    assert (vault["verdict"] == "confirmed") == (vault["gain_low"] > vault["margin"])
    assert (vault["verdict"] == "contradicted") == (vault["gain_high"] < vault["margin"])
    assert vault["openings"] == 1
    assert vault["rung"] == opened.board["recommended"]["rung"]
    assert set(vault["scores"]) == {"dummy", vault["incumbent"], vault["rung"]}
    assert opened.verify() == 0


def test_its_scores_are_those_of_scikit_learn_on_the_stored_predictions(opened):
    vault, table = opened.board["honesty"]["vault"], pd.read_parquet(opened.folder / "vault.parquet")
    for rung, own in table.groupby("rung"):
        assert vault["scores"][rung][0] == pytest.approx(log_loss(own["actual"], own["p_yes"]), abs=1e-12)
    gain = vault["scores"][vault["incumbent"]][0] - vault["scores"][vault["rung"]][0]
    assert vault["gain"] == pytest.approx(gain, abs=1e-12)


def test_its_models_are_fitted_on_all_other_rows(opened):
    """The dummy handed back, fitted by hand on the rows outside, gives the stored probabilities."""
    table = pd.read_parquet(opened.folder / "vault.parquet")
    frame = pd.read_csv(opened.home / "loans.csv")
    inside = np.sort(table["row_id"].unique())
    outside = np.setdiff1d(np.arange(len(frame)), inside)
    from kiss_bench import estimator

    model = estimator(opened.folder, "dummy").fit(frame.iloc[outside], frame["late"].iloc[outside])
    own = table[table["rung"] == "dummy"].sort_values("row_id")
    assert np.allclose(model.predict_proba(frame.iloc[inside])[:, 1], own["p_yes"])
    assert set(inside).isdisjoint(pd.read_parquet(opened.folder / "predictions.parquet")["row_id"])


def test_every_report_says_what_the_vault_said(opened):
    text = (opened.folder / "leaderboard.md").read_text("utf8")
    assert "was opened once" in text.partition("| rung")[0], "right below the verdict"
    assert "Shift: a model tells the vault's rows from all others" in text


@pytest.mark.slow
def test_a_second_opening_is_refused_and_a_burned_vault_is_stamped_for_ever(project, capsys):
    assert project.open_vault() == 0
    capsys.readouterr()
    before = (project.folder / "leaderboard.json").read_bytes()
    assert project.open_vault() == 1
    assert "A second look is no fresh look" in capsys.readouterr().err
    assert (project.folder / "leaderboard.json").read_bytes() == before
    assert project.open_vault("--burn") == 0
    assert project.stamps == ["BURNED: the vault was opened 2 times, so it is no fresh look any more"]
    assert "BURNED" in (project.folder / "tuning.md").read_text("utf8")
    assert project.verify() == 0
    assert project.run() == 0
    assert project.stamps == ["BURNED: the vault was opened 2 times, so it is no fresh look any more"]


@pytest.mark.slow
def test_what_is_changed_after_the_opening_is_stamped_as_such(project):
    assert project.open_vault() == 0
    assert project.run(metric="{primary: log_loss, margin: 0.2%}") == 0
    assert "after the vault was opened" in project.stamps[0]
    assert "against another plan than this one" in project.stamps[1]
    assert project.open_vault() == 1
    assert project.verify() == 0


def edited(path, old, new):
    text = path.read_text("utf8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf8")


def rehashed(project):
    from kiss_bench.records.keys import sha256_of
    from kiss_bench.runs.pipelines import BESIDE_THE_PLAN

    path = project.folder / "plan.json"
    plan = json.loads(path.read_text("utf8"))
    plan["metric"]["margin"] = 0.0
    plan["plan_hash"] = sha256_of({key: value for key, value in plan.items() if key not in BESIDE_THE_PLAN})
    path.write_text(json.dumps(plan), "utf8")


def cut(project, place):
    path = project.folder / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[place]
    path.write_bytes(b"".join(lines))


def nudged(project):
    path = project.folder / "predictions.parquet"
    frame = pd.read_parquet(path)
    frame.loc[3, "p_yes"] += 1e-9
    frame.to_parquet(path)


SPOILT = {
    "an edited plan": (lambda p: edited(p.folder / "plan.json", '"margin": 0.01', '"margin": 0.001'), "plan"),
    "an edited plan with a hash of its own": (rehashed, "plan"),
    "a deleted line": (lambda p: cut(p, 1), "does not follow"),
    "a ledger cut short": (lambda p: cut(p, -1), "is gone"),
    "a replaced data file": (lambda p: loans(seed=4).to_csv(p.home / "loans.csv", index=False), "the data are others"),
    "an edited score": (lambda p: edited(p.folder / "leaderboard.json", '"score": 0.', '"score": 0.1'), "scores"),
    "an edited prediction": (nudged, "predictions.parquet is not what the run wrote"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_it_stays_sealed_after(what, project, capsys):
    spoil, told = SPOILT[what]
    spoil(project)
    assert project.open_vault() == 1
    assert told in capsys.readouterr().err
    assert not (project.folder / "vault.parquet").exists()
    assert not [line for line in project.ledger if line["event"].startswith("vault")]


def test_it_stays_sealed_where_nothing_is_claimed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = loans()
    frame["late"] = np.random.default_rng(0).permutation(frame["late"])
    frame.to_csv("noise.csv", index=False)
    Path("noise.yaml").write_text(
        "project: noise\ndata: noise.csv\ntarget: late\nvault: 20%\nfolds: {count: 3, inner: 2}\n"
        "tuning: {trials: 0}\nladder: [dummy, linear]\n", "utf8",
    )  # fmt: skip
    assert main(["run", "noise.yaml"]) == 0
    assert main(["vault", "open", "results/noise"]) == 1
    assert "no gain is claimed that the vault could confirm" in capsys.readouterr().err


def test_a_first_look_at_default_settings_is_not_held_against_it(project, capsys):
    assert project.run("--quick") == 0
    assert project.open_vault() == 1
    assert "run it without --quick" in capsys.readouterr().err


def test_a_folder_without_a_vault_is_invalid_input(tmp_path, capsys):
    bench(
        loans(), "late", results=tmp_path, engine="inline", quick=True, ladder=["dummy", "linear"], folds={"count": 3}
    )
    assert main(["vault", "open", str(tmp_path / "bench")]) == 2
    assert "has no vault" in capsys.readouterr().err
    assert main(["vault", "open", str(tmp_path / "nowhere")]) == 2


@pytest.mark.slow
def test_an_opening_that_was_killed_has_shown_nothing_and_is_finished_once(project):
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("kiss-bench")), "vault", "open", str(project.folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "fitting" in process.stderr.readline()
    process.kill()
    out, _ = process.communicate(timeout=60)
    assert out == ""
    time.sleep(0.5)
    assert [line["event"] for line in project.ledger][-1] == "vault opening"
    assert project.open_vault() == 0
    assert project.board["honesty"]["vault"]["openings"] == 1
    assert project.open_vault() == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "keys"),
    [
        ("size", {"metric": "{primary: rmse, margin: 1%}", "positive": None}),
        ("size", {"metric": "{primary: mae, margin: 0.01}", "positive": None}),
        ("late", {"metric": "{primary: roc_auc, margin: 0.01}"}),
        ("late", {"metric": "f1"}),
        ("kind", {"positive": None}),
        (
            "size",
            {
                "positive": None,
                "metric": None,
                "data": "{path: loans.csv, time: day}",
                "folds": "{count: 3, inner: 2, gap: 2}",
            },
        ),
        ("late", {"data": "{path: loans.csv, group: customer}"}),
        ("late", {"data": "{path: loans.csv, weight: worth}"}),
    ],
)
def test_vaults_of_every_kind_of_task_can_be_opened_and_recomputed(target, keys, project):
    rng = np.random.default_rng(1)
    frame = loans(400).assign(customer=np.arange(400) % 60, day=np.arange(400) // 2, worth=rng.uniform(0.5, 2, 400))
    frame["size"] = 2.0 * frame["income"] + rng.normal(size=400)
    frame["kind"] = np.select([frame["income"] > 0.5, frame["age"] > 0.3], ["a", "b"], "c")
    others = [name for name in ("late", "size", "kind") if name != target]
    data = keys.get("data", "{path: loans.csv}").replace("}", f", drop: {json.dumps(others)}}}")
    quick = {"ladder": "[dummy, linear]", "tuning": "{trials: 1}"}
    keys = {**quick, **keys, "data": data, "target": target, "project": "other"}
    assert project.run(frame=frame, **keys) == 0
    other = project.home / "results" / "other"
    assert main(["vault", "open", str(other), "--jobs", "2"]) == 0
    vault = json.loads((other / "leaderboard.json").read_text("utf8"))["honesty"]["vault"]
    assert vault["rows"] == len(pd.read_parquet(other / "vault.parquet")["row_id"].unique())
    assert (vault["verdict"] == "confirmed") == (vault["gain_low"] > vault["margin"])
    assert main(["verify", str(other)]) == 0
