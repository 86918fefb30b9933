"""A real MLflow server with SQLite behind it is told of a bench and of its rungs; one that is down costs a warning."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from mlflow import MlflowClient
from test_optuna_dashboard import free_port

from kiss_bench.cli import main

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [
        *(str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder / 'tracking.db'}", "--workers", "1"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 120
    while not answers(url):
        assert process.poll() is None, (folder / "log").read_text(encoding="utf8")
        assert time.monotonic() < until, "no answer in two minutes"
        time.sleep(0.5)
    yield url
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="session")
def told(finished, server):
    """The runs of an exported bench, by rung, and its own."""
    assert main(["export", str(finished("binary").folder), "--to", "mlflow", "--target", server]) == 0
    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("binary")
    runs = client.search_runs([experiment.experiment_id])
    by_rung = {run.data.tags["kiss_bench.rung"]: run for run in runs}
    return client, by_rung.pop(""), by_rung


def test_the_server_shows_the_numbers_of_the_record(finished, told):
    _, bench, rungs = told
    board = finished("binary").board
    assert set(rungs) == {row["rung"] for row in board["rungs"]}
    assert bench.data.params["digest"] == board["digest"]
    assert bench.data.params["recommended"] == f"{board['recommended']['rung']} ({board['recommended']['arm']})"
    assert bench.data.metrics["rows"] == board["rows"]
    for row in board["rungs"]:
        run = rungs[row["rung"]]
        assert run.data.tags["mlflow.parentRunId"] == bench.info.run_id
        numbers = {name: row[name] for name in ("score", "gain", "p_gain", "tuning_gain", "fit_seconds", "skill")}
        assert {name: run.data.metrics.get(name) for name in numbers} == numbers
        assert run.data.metrics["roc_auc"] == row["also"]["roc_auc"]
        assert run.data.params["verdict"] == row["verdict"]
        if row["trials"]:
            assert run.data.metrics["trials_complete"] == row["trials"]["complete"]
    record = {rung["rung"]: rung for rung in finished("binary").json("tuning.json")["rungs"]}
    best = record["boosting"]["studies"][0]["best_params"]
    assert {name: rungs["boosting"].data.params[f"best.{name}"] for name in best} == {
        name: str(value) for name, value in best.items()
    }


def test_the_files_of_the_result_folder_are_artefacts(finished, told, tmp_path):
    client, bench, _ = told
    names = {file.path for file in client.list_artifacts(bench.info.run_id)}
    assert names >= {"leaderboard.md", "leaderboard.json", "tuning.md", "tuning.json", "plan.json"}
    got = Path(client.download_artifacts(bench.info.run_id, "leaderboard.json", str(tmp_path)))
    assert json.loads(got.read_text(encoding="utf8")) == finished("binary").board


def test_the_same_results_are_not_logged_twice(finished, server, told, capsys):
    client, bench, _ = told
    before = len(client.search_runs([bench.info.experiment_id]))
    assert main(["export", str(finished("binary").folder), "--to", "mlflow", "--target", server]) == 0
    assert f"there already, as run {bench.info.run_id}" in capsys.readouterr().out
    assert len(client.search_runs([bench.info.experiment_id])) == before


EXPORTING = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 2, repeats: 1}\ntuning: {trials: 2}\nladder: [dummy, linear, tree]\n"
)


def test_a_config_tells_its_trackers_at_the_end_of_each_run(bench_at, server):
    ran = bench_at(f"{EXPORTING}export: {{optuna: here.journal, mlflow: '{server}'}}\n", project="exporting")
    assert ran.code == 0
    assert "exported: 6 studies in " in ran.err
    assert (ran.config.parent / "here.journal").stat().st_size > 1000
    client = MlflowClient(tracking_uri=server)
    runs = client.search_runs([client.get_experiment_by_name("exporting").experiment_id])
    assert len(runs) == 4


def test_a_tracker_that_is_down_costs_a_warning_and_no_result(bench_at):
    started = time.monotonic()
    ran = bench_at(f"{EXPORTING}export: {{mlflow: 'http://127.0.0.1:{free_port()}'}}\n", project="down")
    assert ran.code == 0
    assert "warning: not exported to mlflow: " in ran.err
    assert "The results are complete; try again with: kiss-bench export " in ran.err
    assert ran.board["recommended"] is not None
    assert time.monotonic() - started < 90


def test_afterwards_a_tracker_that_is_down_is_an_answer(finished, capsys):
    target = f"http://127.0.0.1:{free_port()}"
    assert main(["export", str(finished("binary").folder), "--to", "mlflow", "--target", target]) == 2
    assert f"MLflow at {target} could not be told: " in capsys.readouterr().err


def test_whatever_a_tracker_raises_costs_a_warning_and_no_secret_is_told(bench_at):
    ran = bench_at(f"{EXPORTING}export: {{mlflow: 'postgresql://me:secret@127.0.0.1:{free_port()}/db'}}\n")
    assert ran.code == 0
    assert "warning: not exported to mlflow: " in ran.err
    assert "secret" not in ran.err
    assert not [name for name in os.environ if name.startswith("MLFLOW_HTTP")]
