"""The journal is opened by the real dashboard, which shows the numbers of the record."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from kiss_bench.cli import main

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def fetched(url, seconds=60):
    """What the server answers, as soon as it does."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.loads(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.fixture(scope="session")
def journal(finished, tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "studies.journal"
    assert main(["export", str(finished("binary").folder), "--to", "optuna", "--target", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def dashboard(journal):
    port = free_port()
    command = Path(sys.executable).with_name("optuna-dashboard")
    server = subprocess.Popen(
        [command, str(journal), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"http://127.0.0.1:{port}/api"
    server.terminate()
    server.wait(timeout=20)


def test_the_dashboard_shows_every_study_with_its_states_and_its_best_value(finished, dashboard):
    record = finished("binary").json("tuning.json")
    studies = {study["study"]: study for rung in record["rungs"] for study in rung["studies"]}
    shown = {one["study_name"]: one["study_id"] for one in fetched(f"{dashboard}/studies")["study_summaries"]}
    assert set(shown) == set(studies)
    for name, study in studies.items():
        trials = fetched(f"{dashboard}/studies/{shown[name]}")["trials"]
        states = [trial["state"] for trial in trials]
        counts = {state: states.count(word) for state, word in
                  (("complete", "Complete"), ("pruned", "Pruned"), ("failed", "Fail"))}  # fmt: skip
        assert counts == {state: study[state] for state in counts}, name
        values = [trial["values"][0] for trial in trials if trial["state"] == "Complete"]
        assert min(values) == study["best_value"]


def test_optuna_reads_back_the_trials_of_the_record(finished, journal):
    storage = JournalStorage(JournalFileBackend(str(journal)))
    trials = finished("binary").trials
    for summary in optuna.get_all_study_summaries(storage):
        _, rung, arm, repeat, fold = summary.study_name.split("/")
        own = trials[(trials["rung"] == rung) & (trials["arm"] == arm) & (trials["fold"] == int(fold))]
        own = own[own["repeat"] == int(repeat)].sort_values("number")
        study = optuna.load_study(study_name=summary.study_name, storage=storage)
        assert [trial.state.name for trial in study.trials] == own["state"].tolist()
        assert [trial.user_attrs["seed"] for trial in study.trials] == own["seed"].tolist()
        for trial, text in zip(study.trials, own["params"], strict=True):
            told = {**trial.params, **trial.user_attrs.get("outside the space", {})}
            assert told == json.loads(text)
        assert study.metric_names == ["log_loss"]


def test_nothing_tuned_is_nothing_to_export(finished, tmp_path, capsys, workshop):
    assert main(["run", str(workshop / "ranked.yaml"), "--results", str(tmp_path), "--quick"]) == 0
    assert main(["export", str(tmp_path / "ranked"), "--to", "optuna"]) == 2
    assert "has no trials to export: nothing was tuned" in capsys.readouterr().err


def test_a_tracker_that_there_is_not_is_invalid_input(finished, capsys):
    assert main(["export", str(finished("binary").folder), "--to", "excel"]) == 2
    assert "--to: found 'excel'; allowed: mlflow, optuna" in capsys.readouterr().err


def test_studies_of_others_stay_in_a_journal_and_other_files_are_not_overwritten(finished, tmp_path, capsys):
    path = tmp_path / "shared.journal"
    for project in ("binary", "regression", "binary"):
        assert main(["export", str(finished(project).folder), "--to", "optuna", "--target", str(path)]) == 0
    names = optuna.get_all_study_names(JournalStorage(JournalFileBackend(str(path))))
    counts = {project: len(names_of) for project in ("binary", "regression")
              if (names_of := [name for name in names if name.startswith(f"{project}/")])}  # fmt: skip
    studies = {project: len(finished(project).trials.groupby(["rung", "arm", "repeat", "fold"])) for project in counts}
    assert counts == studies
    precious = tmp_path / "precious.txt"
    precious.write_text("hello", encoding="utf8")
    for target in (precious, tmp_path / "nowhere" / "x.journal", tmp_path):
        capsys.readouterr()
        assert main(["export", str(finished("binary").folder), "--to", "optuna", "--target", str(target)]) == 2
        assert str(target) in capsys.readouterr().err
    assert precious.read_text(encoding="utf8") == "hello"
    assert not (tmp_path / "nowhere").exists()
