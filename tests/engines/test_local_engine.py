"""The process pool: whatever a unit does to its worker, every unit comes back with an outcome."""

import os
import time
from pathlib import Path

import pytest

from kiss_bench.engines.local import LocalEngine, available_cores
from kiss_bench.evaluation.exam import Unit
from kiss_bench.plan.read import read_plan
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import set_exam

pytest_plugins = ["finished_runs"]

RUDE = """
import os, signal, sys
from sklearn.dummy import DummyClassifier

class Base(DummyClassifier):
    def fit(self, X, y, sample_weight=None):
        self.misbehave()
        return super().fit(X, y)

class Killed(Base):
    def misbehave(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Aborts(Base):
    def misbehave(self):
        os._exit(7)

class Exits(Base):
    def misbehave(self):
        sys.exit(0)

class Interrupts(Base):
    def misbehave(self):
        raise KeyboardInterrupt

class Raises(Base):
    def misbehave(self):
        raise ValueError("no such thing")

class Counts(Base):
    def misbehave(self):
        from threadpoolctl import threadpool_info
        threads = {library["num_threads"] for library in threadpool_info()}
        raise ValueError(f"threads {sorted(threads)}")
"""
EXPECTED = [
    ("Killed", "WorkerDied", "its worker process was killed by SIGKILL, as happens when memory runs out"),
    ("Aborts", "WorkerDied", "its worker process ended with exit code 7"),
    ("Exits", "SystemExit", "0"),
    ("Interrupts", "KeyboardInterrupt", "no message"),
    ("Raises", "ValueError", "no such thing"),
    ("Counts", "ValueError", "threads [1]"),
]


@pytest.fixture
def exam(workshop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rude_models.py").write_text(RUDE, encoding="utf8")
    ladder = [
        "dummy",
        "linear",
        *(f"{{name: {name.lower()}, level: 8, estimator: 'rude_models:{name}'}}" for name, *_ in EXPECTED),
    ]
    config = workshop / "rude.yaml"
    config.write_text(
        f"project: rude\ndata: table.csv\ntarget: late\nfolds: {{count: 2}}\nladder: [{', '.join(ladder)}]\n",
        encoding="utf8",
    )
    return set_exam(read_plan(config, catalogue()))


def units_of(exam):
    return [
        Unit(step=step, arm="default", repeat=0, fold=fold, purpose="fit")
        for step in exam.plan.ladder
        for fold in (0, 1)
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_unit_comes_back_whatever_the_others_did_to_their_worker(jobs, exam):
    engine = LocalEngine(exam, jobs)
    units = units_of(exam)
    try:
        outcomes = {unit.place: outcome for unit, outcome in engine.run(units)}
    finally:
        engine.close()
    assert set(outcomes) == {unit.place for unit in units}
    found = {(place[0], outcome.status, outcome.error, outcome.reason) for place, outcome in outcomes.items()}
    fine = {("dummy", "ok", "", ""), ("linear", "ok", "", "")}
    assert found == fine | {(name.lower(), "failed", error, reason) for name, error, reason in EXPECTED}


def test_workers_and_their_copy_of_the_rows_are_gone_after_close(exam):
    engine = LocalEngine(exam, 2)
    list(engine.run(units_of(exam)[:4]))
    workers = [worker.pid for worker in engine.pool._pool_manager.worker_manager.workers.values()]
    assert len(workers) == 2
    assert engine.path.exists()
    engine.close()
    assert not engine.folder.exists()
    assert wait_until(lambda: not any(alive(worker) for worker in workers))


def test_by_default_there_is_a_worker_for_every_core_this_process_may_use():
    assert available_cores() == len(os.sched_getaffinity(0))


def alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(true, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())
