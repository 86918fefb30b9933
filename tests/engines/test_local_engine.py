"""The process pool: whatever a unit does to its worker, every unit comes back with an outcome."""

import os
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiss_bench.engines.local import LocalEngine
from kiss_bench.engines.processes import available_cores, workers_for
from kiss_bench.evaluation.exam import Unit
from kiss_bench.plan.plan import Limits
from kiss_bench.plan.read import read_plan
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.known import catalogue

pytestmark = pytest.mark.alone

pytest_plugins = ["finished_runs"]

PEAK = r"peak memory \d+\.\d\d GB"
KILLED = "its worker process was killed by"
EXPECTED = {
    "Killed": ("WorkerDied", rf"{KILLED} SIGKILL, as happens when memory runs out; {PEAK}"),
    "Aborts": ("WorkerDied", rf"its worker process ended with exit code 7; {PEAK}"),
    "AbortsAsIfDone": ("WorkerDied", rf"its worker process ended with exit code 0; {PEAK}"),
    "Segfaults": ("WorkerDied", rf"{KILLED} SIGSEGV; {PEAK}; the last that it printed: about to look"),
    "DiesNameless": ("WorkerDied", rf"{KILLED} signal 35; {PEAK}"),
    "ClosesAll": ("WorkerDied", rf"its worker process ended with exit code 1; {PEAK}; the last .* Bad file descriptor"),
    "Exits": ("SystemExit", "0"),
    "Interrupts": ("KeyboardInterrupt", "no message"),
    "Raises": ("ValueError", "no such thing"),
    "SaysNothing": ("RungError", r"\d+ of \d+ predictions are not finite"),
    "Counts": ("ValueError", r"threads \[1\], jobs 1, processes 1"),
    "WantsThreads": ("ValueError", "n_jobs 1"),
    "LeavesChildren": ("ValueError", r"left \d+"),
    "Prints": ("", ""),
    "Closes": ("", ""),
    "PrintsALine": ("", ""),
    "Forks": ("", ""),
    "Overwrites": ("", ""),
}
STOPPED = {
    "Sleeps": ("TimeLimit", rf"ran longer than limits\.unit_seconds \(4 s\) and was stopped; {PEAK}"),
    "HoldsOn": ("TimeLimit", rf"ran longer than limits\.unit_seconds \(4 s\) and was stopped; {PEAK}"),
    "Hoards": (
        "MemoryLimit",
        rf"took more than limits\.unit_memory_gb \(0.5 GB\), namely \d\.\d\d GB, and was stopped; {PEAK}",
    ),
    "ChildHoards": (
        "MemoryLimit",
        rf"took more than limits\.unit_memory_gb \(0.5 GB\), namely \d\.\d\d GB, and was stopped; {PEAK}",
    ),
}


def exam_of(workshop, names, limits="{}"):
    entries = [f"{{name: {name.lower()}, level: 8, estimator: 'rude_models:{name}'}}" for name in names]
    config = workshop / "rude.yaml"
    config.write_text(
        "project: rude\ndata: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\n"
        f"folds: {{count: 2}}\nlimits: {limits}\nladder: [{', '.join(['dummy', 'linear', *entries])}]\n",
        encoding="utf8",
    )
    return set_exam(read_plan(config, catalogue()))


def units_of(exam):
    return [
        Unit(step=step, arm="default", repeat=0, fold=fold, purpose="fit")
        for fold in (0, 1)
        for step in exam.plan.ladder
    ]


def outcomes_of(exam, jobs, units=None):
    engine = LocalEngine(exam, jobs)
    try:
        return {unit.place: outcome for unit, outcome in engine.run(units or units_of(exam))}
    finally:
        engine.close()


def check(outcomes, expected):
    """Every rung came to what was expected of it in both folds, and the good ones to predictions."""
    fine = {"dummy": ("", ""), "linear": ("", "")}
    assert len(outcomes) == 2 * len(expected | fine)
    for name, (error, reason) in (expected | fine).items():
        for fold in (0, 1):
            found = outcomes[name.lower(), "default", 0, fold, "fit"]
            assert (found.error, found.status) == (error, "failed" if error else "ok"), (name, found)
            assert re.fullmatch(reason, found.reason), (name, found.reason)
            assert (found.prediction is None) == bool(error)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_unit_comes_back_whatever_the_others_did_to_their_worker(jobs, workshop, capfd):
    outcomes = outcomes_of(exam_of(workshop, EXPECTED), jobs)
    check(outcomes, EXPECTED)
    assert capfd.readouterr() == ("", "")  # nothing that a worker prints reaches the terminal
    plain = [outcomes["dummy", "default", 0, fold, "fit"].prediction for fold in (0, 1)]
    for name in ("Prints", "Closes", "PrintsALine", "Forks", "Overwrites"):
        for fold in (0, 1):
            assert np.array_equal(outcomes[name.lower(), "default", 0, fold, "fit"].prediction, plain[fold])
    left = [outcomes["leaveschildren", "default", 0, fold, "fit"].reason.split()[1] for fold in (0, 1)]
    assert wait_until(lambda: not any(alive(child) for child in left))


def test_a_unit_that_breaks_a_limit_is_stopped_and_the_others_go_on(workshop):
    exam = exam_of(workshop, STOPPED, "{unit_seconds: 4, unit_memory_gb: 0.5}")
    outcomes = outcomes_of(exam, 2)
    slow = [found for found in outcomes.values() if found.rung in {"dummy", "linear"} and found.error == "TimeLimit"]
    assert not slow, "this machine is too busy for a limit of four seconds"
    check(outcomes, STOPPED)


def test_without_limits_nothing_is_stopped(workshop):
    """A gigabyte is taken for a while, which a limit of 0.5 GB does not let pass."""
    for limits, error in (("{}", ""), ("{unit_memory_gb: 0.5}", "MemoryLimit")):
        outcomes = outcomes_of(exam_of(workshop, ["TakesMuch"], limits), 2)
        assert {found.error for found in outcomes.values() if found.rung == "takesmuch"} == {error}


def test_what_a_unit_took_is_among_its_costs(workshop):
    exam = exam_of(workshop, ["PrintsALine"])
    for outcome in outcomes_of(exam, 2).values():
        assert 0 < outcome.costs.model_seconds < outcome.costs.unit_seconds < 60
        assert 5e7 < outcome.costs.peak_bytes < 1e9  # the libraries alone are some 0.1 GB


def test_workers_and_their_copy_of_the_rows_are_gone_after_close(workshop):
    exam = exam_of(workshop, ["Sleeps"])
    engine = LocalEngine(exam, 2)
    units = [unit for unit in units_of(exam) if unit.step.name != "linear"]
    next(engine.run(units))
    workers = [worker.pid for worker in engine.pool.supervisor._workers]
    assert len(workers) == 2
    assert engine.pool.directory.path.exists()
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 2.0
    assert not engine.pool.directory.folder.exists()
    assert not any(alive(worker) for worker in workers)


def test_units_are_taken_from_the_caller_as_workers_come_free(workshop):
    exam = exam_of(workshop, [])
    units, taken, ended = units_of(exam) * 4, 0, 0

    def lazily():
        nonlocal taken
        for unit in units:
            taken += 1
            yield unit

    engine = LocalEngine(exam, 2)
    try:
        for _ in engine.run(lazily()):
            ended += 1
            assert taken - ended < 4  # two in hand and two to go on with, this one among them
    finally:
        engine.close()
    assert (taken, ended) == (16, 16)


def test_finishing_ends_with_the_units_under_way_and_begins_no_other(workshop):
    exam = exam_of(workshop, ["Sleeps"], "{unit_seconds: 4}")
    sleepers = [unit for unit in units_of(exam) if unit.step.name == "sleeps"]
    engine = LocalEngine(exam, 2)
    try:
        running = engine.run([*units_of(exam)[:2], *sleepers * 3])
        names = [next(running)[0].step.name for _ in range(2)]
        assert wait_until(lambda: engine.pool.supervisor.under_way == 2)
        assert engine.finish() == 3  # two at work, and the result that we have in hand
        assert [unit.step.name for unit, _ in running] == ["sleeps", "sleeps"]
    finally:
        engine.close()
    assert sorted(names) == ["dummy", "linear"]


def test_finishing_hands_over_what_workers_have_done_with_and_nobody_has_taken(workshop):
    """As when Ctrl-C comes while the run judges, and quick units have ended meanwhile."""
    exam = exam_of(workshop, [])
    engine = LocalEngine(exam, 2)
    try:
        running = engine.run(units_of(exam) * 3)
        next(running)
        assert wait_until(lambda: engine.pool.supervisor.under_way == 0)
        assert engine.finish() == 4  # the result in hand and three that wait
        assert len(list(running)) == 3
    finally:
        engine.close()


def test_workers_killed_while_idle_are_replaced(workshop):
    exam = exam_of(workshop, [])
    engine = LocalEngine(exam, 2)
    try:
        found = list(engine.run(units_of(exam)))
        for worker in tuple(engine.pool.supervisor._workers):
            os.kill(worker.pid, signal.SIGKILL)
        found += engine.run(units_of(exam))
    finally:
        engine.close()
    assert [outcome.status for _, outcome in found] == ["ok"] * 8


def test_workers_killed_again_and_again_between_units_cost_no_unit_its_outcome(workshop):
    exam = exam_of(workshop, [])
    units, found, killed = units_of(exam) * 5, 0, 0
    engine = LocalEngine(exam, 2)
    try:
        for _, outcome in engine.run(units):
            found += 1
            assert outcome.error in {"", "WorkerDied"}
            if found % 5 == 0:
                os.kill(engine.pool.supervisor._workers[0].pid, signal.SIGKILL)
                killed += 1
    finally:
        engine.close()
    assert (found, killed) == (20, 4)


def test_the_fork_server_killed_midway_is_started_again(workshop):
    exam = exam_of(workshop, [])
    engine = LocalEngine(exam, 2)
    try:
        list(engine.run(units_of(exam)))
        server = int(
            Path(f"/proc/{engine.pool.supervisor._workers[0].pid}/stat").read_text().rpartition(")")[2].split()[1]
        )
        assert server != os.getpid()
        os.kill(server, signal.SIGKILL)
        outcomes = [outcome for _, outcome in engine.run(units_of(exam) * 2)]
    finally:
        engine.close()
    assert len(outcomes) == 8
    assert {outcome.error for outcome in outcomes} <= {"", "WorkerDied"}
    assert sum(outcome.status == "ok" for outcome in outcomes) >= 6


def test_there_are_never_more_workers_than_cores():
    cores = len(os.sched_getaffinity(0))
    assert available_cores() == cores
    assert [workers_for(jobs) for jobs in (None, 1, cores, cores + 7)] == [cores, 1, cores, cores]


def test_a_unit_names_the_limits_in_no_key(workshop):
    from kiss_bench.records.keys import Keys
    from kiss_bench.runs.board import plan_hash

    free, held = exam_of(workshop, []), exam_of(workshop, [], "{unit_seconds: 5}")
    assert [Keys(free).of(unit) for unit in units_of(free)] == [Keys(held).of(unit) for unit in units_of(held)]
    assert plan_hash(free) != plan_hash(held)
    assert replace(held.plan, limits=Limits()) == free.plan


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
