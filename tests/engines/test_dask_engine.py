"""Units on Dask: the same bytes as here, whatever happens to workers, scheduler, or the one who asked."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from clusters import Cluster, Traces, wait_until
from small_tables import write_config, write_tables

import kiss_bench
from kiss_bench.cli import main
from kiss_bench.engines import Choice, dask, hired
from kiss_bench.engines.dask_worker import SOURCE, begun, facts, unlike
from kiss_bench.errors import KissBenchError
from kiss_bench.plan.read import read_plan
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import Options, run
from kiss_bench.runs.units import Progress

pytestmark = pytest.mark.alone

HELPER = "PAUSE = {pause}\n"
MODELS = """
import os, signal, time
from fakes import Tilted
from pauses.short import PAUSE

class Slow(Tilted):
    def fit(self, X, y):
        time.sleep(PAUSE)
        return super().fit(X, y)

class Crashes(Tilted):
    def fit(self, X, y):
        os.kill(os.getpid(), signal.SIGSEGV)

class Sleeps(Tilted):
    def fit(self, X, y):
        time.sleep(3600)

class Hoards(Tilted):
    def fit(self, X, y):
        hoard = bytearray(b"x") * 10**9
        time.sleep(3600)
"""
STALE = "raise ImportError('not the file of the run, but one that lay about on the worker')\n"
TABLE = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\npositive: 'yes'\n"
EFFORT = "folds: {count: 3, inner: 2, repeats: 2}\ntuning: {trials: 2}\n"
SLOW = "{name: slow, level: 8, estimator: 'slow_models:Slow', settings: {quality: 0.1}}"
CRASHES = "{name: crashes, level: 9, estimator: 'slow_models:Crashes'}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three workers of somebody else, in another folder: under a nanny, without one, and one of two threads."""
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    (started.here / "slow_models.py").write_text(STALE, encoding="utf8")
    started.worker("--nthreads", "1")
    started.worker("--nthreads", "1", "--no-nanny")
    started.worker("--nthreads", "2")
    yield started.wait_for(3)
    started.close()


class Bench:
    """A folder with a config and modules, run in this process."""

    def __init__(self, folder, ladder=f"[dummy, linear, tree, {SLOW}]", text=EFFORT, pause=0.1):
        write_tables(folder)
        (folder / "slow_models.py").write_text(MODELS, encoding="utf8")
        (folder / "pauses").mkdir()
        (folder / "pauses" / "short.py").write_text(HELPER.format(pause=pause), encoding="utf8")
        self.folder = folder
        self.config = write_config(folder, "here", f"{TABLE}{text}ladder: {ladder}\n")
        self.plan = read_plan(self.config, catalogue())

    def run(self, results="results", watch=lambda event: None, **where):
        return run(self.plan, Options(results=self.folder / results, **where), watch)

    def stored(self, results="results"):
        return len(list((self.folder / results / "here" / ".units").glob("*.parquet")))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same run on the local engine: its digest, and how many units it stored."""
    with pytest.MonkeyPatch.context() as patch:
        here = freshly(tmp_path_factory.mktemp("alone"), patch, pause=0)
        return here.run(jobs=2).digest, here.stored()


def freshly(folder, monkeypatch, **words):
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("slow_models", "pauses", "pauses.short"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Bench(folder, **words)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return lambda **words: freshly(tmp_path, monkeypatch, **words)


def at_unit(number, do):
    """A watcher that does something as soon as so many units have ended."""
    seen = []

    def watch(event):
        if event.kind == "unit":
            seen.append(event.unit.place)
            if len(seen) == number:
                do()

    return watch


# the same digest, whatever happens


def test_a_worker_killed_midway_and_one_that_joins_late_change_nothing(cluster, bench, alone):
    here = bench()
    before = cluster.present()
    [victim] = [process.pid for process in cluster.started if process.pid in before.values()]

    def swap():
        os.kill(victim, signal.SIGKILL)
        cluster.worker("--nthreads", "1", "--no-nanny")

    there = here.run(results="there", engine="dask", scheduler=cluster.address, watch=at_unit(5, swap))
    assert (there.digest, here.stored("there")) == alone
    assert [row.status for row in there.rungs] == ["ok"] * 4
    told = json.loads((here.folder / "there" / "here" / "environment.json").read_text(encoding="utf8"))
    assert (told["engine"], told["workers"], told["threads_per_worker"]) == ("dask", 4, 1)
    assert wait_until(lambda: len(cluster.present()) == 3)
    assert wait_until(lambda: not cluster.traces.files())


def test_a_run_may_begin_here_and_go_on_there(cluster, bench, alone):
    here = bench(pause=0)
    here.run(jobs=2, quick=True)
    half = here.stored()
    there = here.run(engine="dask", scheduler=cluster.address)
    assert 0 < half < here.stored()
    assert (there.digest, here.stored()) == alone


def test_a_lost_scheduler_ends_the_run_with_a_sentence_and_nothing_is_lost(bench, alone, tmp_path_factory):
    lost = Cluster(tmp_path_factory.mktemp("lost"))
    lost.worker("--nthreads", "2", "--no-nanny")
    here, todo = bench(), []
    try:
        lost.wait_for(1)
        with pytest.raises(
            KissBenchError, match=r"scheduler at tcp://127.0.0.1:\d+ is gone. Every finished unit is sto"
        ):
            here.run(engine="dask", scheduler=lost.address, watch=at_unit(6, lost.scheduler.kill))
        stored = here.stored()
        assert wait_until(lambda: not lost.traces.files())
    finally:
        lost.close()
    board = here.run(jobs=2, watch=lambda event: todo.extend(event.todo if event.kind == "planned" else ()))
    assert (board.digest, here.stored()) == alone
    assert (stored >= 6, len(todo)) == (True, alone[1] - stored)


def under_way(engine):
    """Keys of the run's units that Dask workers have begun and that nobody has fetched."""
    keys = chain.from_iterable(engine.client.run(begun).values())
    return [key for key in keys if key in engine.away]


def test_a_run_that_is_asked_to_finish_ends_with_the_units_under_way(cluster, bench):
    exam = set_exam(bench(pause=0.3).plan)
    units = Progress(exam=exam, quick=False).units()
    with (
        hired(Choice(engine="dask", scheduler=cluster.address)) as workforce,
        closing(workforce.engine(exam)) as engine,
    ):
        ending = engine.run(units)
        first = [next(ending) for _ in range(3)]
        assert wait_until(lambda: len(under_way(engine)) >= 4)  # four threads
        away = len(engine.away)
        said = engine.finish()
        rest = list(ending)
    assert said == 5  # at work, and the result that we have in hand
    assert 4 <= len(rest) < away  # all that had begun, and not what waited
    assert {outcome.status for _, outcome in first + rest} == {"ok"}


def test_a_unit_that_crashes_takes_no_dask_worker_along(cluster, bench):
    here = bench(ladder=f"[dummy, linear, {CRASHES}]", text="folds: {count: 3, repeats: 1}\ntuning: {trials: 0}\n")
    before = cluster.present()
    board = here.run(engine="dask", scheduler=cluster.address)
    assert {row.rung: row.status for row in board.rungs} == {"dummy": "ok", "linear": "ok", "crashes": "failed"}
    assert "its worker process was killed by SIGSEGV" in (here.folder / "results/here/leaderboard.json").read_text()
    assert cluster.present() == before


def test_limits_hold_on_dask_workers_and_leave_them_as_they_are(cluster, bench):
    rude = ", ".join(
        f"{{name: {name.lower()}, level: 9, estimator: 'slow_models:{name}'}}" for name in ("Sleeps", "Hoards")
    )
    limits = "limits: {unit_seconds: 3, unit_memory_gb: 0.5}\n"
    here = bench(
        ladder=f"[dummy, linear, {rude}]", text=f"folds: {{count: 2, repeats: 1}}\ntuning: {{trials: 0}}\n{limits}"
    )
    before = cluster.present()
    reasons = {row.rung: row.reason for row in here.run(engine="dask", scheduler=cluster.address).rungs}
    assert "TimeLimit: ran longer than limits.unit_seconds (3 s) and was stopped" in reasons["sleeps"]
    assert "MemoryLimit: took more than limits.unit_memory_gb (0.5 GB)" in reasons["hoards"]
    assert (reasons["dummy"], reasons["linear"], cluster.present()) == ("", "", before)


# refused, with a sentence


def test_workers_that_are_not_like_the_client_are_named_with_what_differs(bench, tmp_path):
    others, mixed = tmp_path / "others", Cluster(tmp_path / "mixed")
    shutil.copytree(Path(kiss_bench.__file__).parent, others / "kiss_bench")
    with (others / "kiss_bench" / "errors.py").open("a") as file:
        file.write("# one line more\n")
    (mixed.here / "without.py").write_text("import sys\nsys.modules['kiss_bench'] = None\n", encoding="utf8")
    mixed.worker("--no-nanny", environment={"PYTHONPATH": str(others)})
    mixed.worker("--no-nanny", "--preload", str(mixed.here / "without.py"))
    try:
        mixed.wait_for(2)
        with pytest.raises(KissBenchError, match="install the same there") as refused:
            bench().run(engine="dask", scheduler=mixed.address)
        lines = str(refused.value).splitlines()[1:]
        own = facts(())[SOURCE]
        assert sorted(line.split(": ", 1)[0].strip() for line in lines) == sorted(mixed.present())
        assert any(f"{SOURCE}: has " in line and line.endswith(f"wanted {own}") for line in lines)
        assert any("cannot load kiss_bench (ModuleNotFoundError" in line for line in lines), lines
    finally:
        mixed.close()


def test_what_differs_is_told_in_words():
    wanted = {"numpy": "2.4.0", "optuna": "5.0.0", "xgboost": "3.1", SOURCE: "abc"}
    assert unlike(wanted, {"numpy": "2.4.0", "optuna": "4.9.0", SOURCE: "abd"}) == (
        f"optuna: has 4.9.0, wanted 5.0.0, xgboost: has none, wanted 3.1, {SOURCE}: has abd, wanted abc"
    )
    here = facts(("numpy", "no-such-distribution"))
    assert set(here) == {"numpy", SOURCE}
    assert unlike(here, here) == ""


def test_a_scheduler_that_does_not_answer_is_named(bench, capsys, monkeypatch):
    monkeypatch.setattr(dask, "ANSWER", 1.0)
    started = time.monotonic()
    assert main(["run", str(bench().config), "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "--scheduler: found 'tcp://127.0.0.1:9': nobody answers within 1 s; allowed: " in capsys.readouterr().err
    assert time.monotonic() - started < 10


def test_an_address_without_a_port_is_refused_at_once(bench, capsys):
    started = time.monotonic()
    assert main(["run", str(bench().config), "--engine", "dask", "--scheduler", "nowhere"]) == 2
    told = capsys.readouterr().err
    assert "--scheduler: found 'nowhere': no host and port; allowed: " in told
    assert "Traceback" not in told
    assert time.monotonic() - started < 10


def test_a_scheduler_without_workers_is_told_how_to_get_some(bench, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(dask, "ANSWER", 1.0)
    here, empty = bench(), Cluster(tmp_path_factory.mktemp("empty"))
    try:
        assert wait_until(lambda: not empty.present())
        with pytest.raises(KissBenchError, match=f"has no workers; start some with: dask worker {empty.address}"):
            here.run(engine="dask", scheduler=empty.address)
        worker = empty.worker("--no-nanny")
        empty.wait_for(1)
        monkeypatch.setattr(dask, "PATIENCE", 1.5)
        with pytest.raises(KissBenchError, match=r"has had no workers for 1.5 s. Every finished unit is stored; start"):
            here.run(engine="dask", scheduler=empty.address, watch=at_unit(2, worker.kill))
    finally:
        empty.close()


def test_without_the_extra_it_is_named_before_data_are_read(bench):
    here = bench()
    (here.folder / "table.csv").unlink()
    code = (
        "import sys; sys.modules['distributed'] = None; from kiss_bench.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", code, "run", "here.yaml", "--engine", "dask"]
    done = subprocess.run(words, cwd=here.folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, "error: --engine dask needs: pip install 'kiss-bench[dask]'\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"engine": "spark"}, "--engine: found 'spark'; allowed: local, inline, dask"),
        ({"scheduler": "tcp://a:1"}, "--scheduler: found 'tcp://a:1' with --engine local; allowed: with --engine dask"),
        ({"engine": "dask", "scheduler": "tcp://a:1", "jobs": 2}, "--jobs: found 2 with --scheduler; allowed: one of"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words, told):
    with pytest.raises(KissBenchError, match=told):
        Choice(**words)


# a cluster of our own, and what is left of it

SCRIPT = """
import sys
import pandas as pd
from kiss_bench import bench

print("top level", flush=True)
frame = pd.read_csv("table.csv").drop(columns=["kind", "owed", "week"])
board = bench(
    frame, target="late", positive="yes", project="here", results=sys.argv[1], engine=sys.argv[1], jobs=2,
    folds={"count": 3, "inner": 2, "repeats": 2}, tuning={"trials": 2}, ladder=["dummy", "linear", "tree", %s],
)
print(board.board.digest)
"""
CUSTOM = '{"name": "slow", "level": 8, "estimator": "slow_models:Slow", "settings": {"quality": 0.1}}'


def script(here, traces, engine):
    (here.folder / "script.py").write_text(SCRIPT % CUSTOM, encoding="utf8")
    environment = {**traces.environment, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "script.py", engine], cwd=here.folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_plain_script_needs_no_guard_and_leaves_nothing_running(bench, tmp_path_factory):
    here, traces = bench(pause=0), Traces(tmp_path_factory.mktemp("traces"))
    found = []
    for engine in ("local", "dask"):
        running = script(here, traces, engine)
        found.append([*running.communicate(timeout=120), running.returncode])
    assert found[0] == found[1]
    assert (found[1][0].splitlines()[0], *found[1][1:]) == ("top level", "", 0)
    assert wait_until(lambda: not traces.processes())
    assert not list(traces.folder.iterdir())


def test_nothing_outlives_a_parent_that_was_killed(bench, tmp_path_factory):
    here, traces = bench(pause=0.5), Traces(tmp_path_factory.mktemp("traces"))
    running = script(here, traces, "dask")
    assert wait_until(lambda: here.stored("dask") > 12, 60)
    assert len(traces.processes()) > 4
    running.kill()
    running.communicate()
    assert wait_until(lambda: not traces.processes())
    assert wait_until(lambda: not list(traces.folder.iterdir())), list(traces.folder.rglob("*"))


def test_workers_of_ours_that_are_killed_are_replaced(bench):
    here = bench()
    exam = set_exam(here.plan)
    units = Progress(exam=exam, quick=True).units()
    with hired(Choice(engine="dask", jobs=2)) as workforce, closing(workforce.engine(exam)) as engine:
        first = [worker.pid for worker in workforce.own.workers]
        assert wait_until(lambda: len(workforce.client.nthreads()) == 2)
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        assert [outcome.status for _, outcome in engine.run(units)] == ["ok"] * len(units)
        assert not set(first) & {worker.pid for worker in workforce.own.workers}


def test_a_cluster_forgets_a_run_whose_process_was_killed(cluster, bench):
    here = bench(pause=1.0)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    code = "import sys; from kiss_bench.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "run", "here.yaml", "--engine", "dask", "--scheduler", cluster.address]
    with (here.folder / "log.txt").open("w") as log:
        running = subprocess.Popen(words, cwd=here.folder, env=environment, stdout=log, stderr=log)
    assert wait_until(lambda: here.stored() > 12, 60)
    assert cluster.traces.files()
    running.kill()
    running.wait()
    assert wait_until(lambda: not cluster.traces.files())
    assert len(cluster.present()) == 3
