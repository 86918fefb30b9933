"""What goes wrong on real machines, done to real processes: nothing is lost, the digest stays, the reason is told.

| fault | test |
|---|---|
| a rung segfaults, sleeps, hoards memory, predicts NaN, prints a gigabyte, exits | `test_a_rung_that_misbehaves_…` |
| SIGKILL of a worker · of the run, at 8 moments (`make faults`: 20) | `test_a_worker_killed_…`, `test_killed_at_…` |
| SIGKILL of everything at once, the cleaner too | `test_what_a_run_leaves_…` |
| workers orphaned, deaf to everything but SIGKILL | `test_orphaned_workers_…` |
| a unit truncated, flipped, foreign, empty | `test_damaged_units_…` |
| disk full under units, results, the workers' copy · read-only | `test_a_full_disk_…`, `test_a_read_only_…` |
| a temporary folder whose path is too long for a socket | `test_a_temporary_folder_…` |
| Ctrl-C once, twice, SIGTERM | `test_ctrl_c_…`, `test_sigterm_…` |
| two runs on one folder | `test_a_second_run_…` |
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from commands import HERE, board, finish, kin, rows_of_board, start, times, units, wait_until, workers
from small_tables import write_config, write_tables

pytestmark = pytest.mark.alone

DATA = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\ntuning: {trials: 0}\n"
KILLS = int(os.environ.get("KISS_BENCH_KILLS", "8"))
INTERRUPTED = "kiss-bench: interrupted. Every finished unit is stored; the same command goes on from there.\n"


def rung(name, level=8, **settings):
    told = f", settings: {settings}".replace("'", "") if settings else ""
    return f"{{name: {name.lower()}, level: {level}, estimator: 'rude_models:{name}'{told}}}"


def project(folder, *rungs, folds="{count: 3, repeats: 1}", limits="{}"):
    """A config beside its table: the dummy, a linear rung, and these."""
    folder.mkdir(exist_ok=True)
    write_tables(folder)
    text = f"{DATA}folds: {folds}\nlimits: {limits}\nladder: [{', '.join(['dummy', 'linear', *rungs])}]\n"
    return write_config(folder, "loans", text)


def nothing_is_left_of(process, tmp):
    """No process, and no copy of the rows, within two seconds of the end of the run."""
    assert wait_until(lambda: not kin(process), 2), kin(process)
    assert not list(tmp.glob("kiss-bench-*"))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A small ladder that ran to its end undisturbed: its config and its results."""
    folder = tmp_path_factory.mktemp("untouched")
    config = project(folder, rung("Slow", seconds=0.3))
    code, _, err = finish(config, folder / "results", "--jobs", "2")
    assert code == 0, err
    return config, folder / "results"


# rungs that misbehave

MISBEHAVIOUR = {
    "Segfaults": "WorkerDied: its worker process was killed by SIGSEGV; peak memory",
    "Sleeps": "TimeLimit: ran longer than limits.unit_seconds (4 s) and was stopped; peak memory",
    "HoldsOn": "TimeLimit: ran longer than limits.unit_seconds (4 s) and was stopped; peak memory",
    "Hoards": "MemoryLimit: took more than limits.unit_memory_gb (0.6 GB), namely",
    "SaysNothing": "RungError: 120 of 120 predictions are not finite",
    "AbortsAsIfDone": "WorkerDied: its worker process ended with exit code 0; peak memory",
    "Exits": "SystemExit: 0",
}


FINE = ("dummy", "linear", "prints", "slow")


@pytest.fixture(scope="module")
def misbehaved(tmp_path_factory):
    """One run with all of them, and a gigabyte printed by one that is fine otherwise; then the same command again."""
    folder = tmp_path_factory.mktemp("misbehaved")
    config = project(
        folder, *(rung(name) for name in (*MISBEHAVIOUR, "Prints")), rung("Slow", seconds=0.1),
        folds="{count: 2, repeats: 1}", limits="{unit_seconds: 4, unit_memory_gb: 0.6}",
    )  # fmt: skip
    process = start(config, folder / "results", "--jobs", "2")
    out, err = process.communicate(timeout=120)
    nothing_is_left_of(process, folder)
    first, stored = board(folder / "results", "loans"), times(folder / "results", "loans")
    again, _, err_again = finish(config, folder / "results", "--jobs", "2")
    return folder, {"codes": (process.returncode, again), "first": first, "stored": stored, "out": out,
                    "err": err, "err again": err_again}  # fmt: skip


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_rung_that_misbehaves_fails_with_its_reason_in_the_table(name, misbehaved):
    folder, ran = misbehaved
    row = {row["rung"]: row for row in ran["first"]["rungs"]}[name.lower()]
    assert row["status"] == "failed"
    assert MISBEHAVIOUR[name] in row["reason"]
    assert f"{name.lower()} FAILED: default arm, fold 0 (and 1 more of 2 folds): {MISBEHAVIOUR[name]}" in ran["out"]
    assert re.search(f"FAILED {name.lower()}/default repeat 0 fold [01]: ", ran["err"])
    report = (folder / "results" / "loans" / "leaderboard.md").read_text(encoding="utf8")
    assert f"- `{name.lower()}` FAILED: default arm" in report


def test_the_other_rungs_come_to_what_they_come_to_without_them(misbehaved, tmp_path):
    folder, ran = misbehaved
    assert ran["codes"] == (1, 1)
    assert {row["rung"] for row in ran["first"]["rungs"] if row["status"] == "ok"} == set(FINE)
    alone = project(tmp_path, rung("Slow", seconds=0.1), folds="{count: 2, repeats: 1}")
    assert finish(alone, tmp_path / "results", "--jobs", "1")[0] == 0
    frames = [
        pd.read_parquet(results / "loans" / "predictions.parquet")
        for results in (folder / "results", tmp_path / "results")
    ]
    kept = frames[0][frames[0]["rung"].isin(frames[1]["rung"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, frames[1])


def test_the_same_command_again_runs_what_failed_and_has_the_same_digest(misbehaved):
    folder, ran = misbehaved
    assert "8 of 22 units are in the store already, 14 to do" in ran["err again"]
    assert times(folder / "results", "loans") == ran["stored"]
    second = board(folder / "results", "loans")
    assert second["digest"] == ran["first"]["digest"]
    assert second["replayable"] is ran["first"]["replayable"] is False


def test_what_is_printed_reaches_neither_terminal_nor_disk(misbehaved):
    folder, ran = misbehaved
    assert len(ran["out"]) + len(ran["err"]) < 50_000
    assert "xxxxx" not in ran["out"] + ran["err"]
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 5_000_000


def test_a_rung_that_fails_of_itself_leaves_the_run_replayable(tmp_path):
    config = project(tmp_path, rung("SaysNothing"))
    assert finish(config, tmp_path / "results")[0] == 1
    assert board(tmp_path / "results", "loans")["replayable"] is True


# kills


def test_a_worker_killed_in_the_middle_of_a_unit_costs_that_unit_until_the_next_run(untouched, tmp_path):
    config, whole = untouched
    process = start(config, tmp_path, "--jobs", "1")
    assert wait_until(lambda: len(units(tmp_path, "loans")) >= 1, 60)
    time.sleep(0.1)  # the second of three slow units is under way
    os.kill(workers(process)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    reason = rows_of_board(tmp_path, "loans")["slow"]["reason"]
    told = (
        r"default arm, fold \d: WorkerDied: its worker process was killed by SIGKILL, as happens when .*; peak memory"
    )
    assert re.match(told, reason), reason
    assert f"slow FAILED: {reason}" in out
    stored = times(tmp_path, "loans")
    assert len(stored) == 8
    assert finish(config, tmp_path, "--jobs", "2")[0] == 0
    assert stored.items() <= times(tmp_path, "loans").items()
    assert board(tmp_path, "loans")["digest"] == board(whole, "loans")["digest"]
    assert board(tmp_path, "loans")["replayable"] is True


def test_killed_at_random_moments_and_resumed_each_time_gives_the_same_digest(tmp_path):
    luck = random.Random(20240531)
    config = project(tmp_path, rung("Slow", seconds=0.15), folds="{count: 5, repeats: 10}")
    assert finish(config, tmp_path / "whole", "--jobs", "2")[0] == 0
    results, seen, cut_short = tmp_path / "killed", {}, 0
    for kill in range(KILLS):
        process = start(config, results, "--jobs", "2", cwd=tmp_path)
        if kill % 2:  # among the units
            more = len(seen) + luck.randint(1, 4)
            assert wait_until(lambda more=more: len(units(results, "loans")) >= more, 60)
        time.sleep(luck.random() * (0.2 if kill % 2 else 1.5))  # or anywhere from its first import on
        assert process.poll() is None, "the run ended before it was killed"
        if luck.random() < 0.5:
            process.kill()  # it alone
        else:
            os.killpg(process.pid, signal.SIGKILL)  # and its fork server
        process.communicate(timeout=20)
        assert wait_until(lambda process=process: not kin(process), 2), kin(process)
        assert seen.items() <= times(results, "loans").items(), "a stored unit was lost or run again"
        cut_short += len(times(results, "loans")) > len(seen)
        seen = times(results, "loans")
    assert cut_short >= KILLS // 2
    assert len(seen) < 150
    assert not list(tmp_path.glob("kiss-bench-*")), "the user's rows were left behind"
    code, _, err = finish(config, results, "--jobs", "2")
    assert code == 0, err
    assert f"{len(seen)} of 150 units are in the store already, {150 - len(seen)} to do" in err
    assert seen.items() <= times(results, "loans").items()
    assert board(results, "loans")["digest"] == board(tmp_path / "whole", "loans")["digest"]
    assert not list(results.rglob("*.part"))


def test_orphaned_workers_are_gone_though_they_hear_nothing_and_so_are_their_children(tmp_path):
    config = project(tmp_path, rung("HoldsOnWithChild"))
    process = start(config, tmp_path / "results", "--jobs", "2")
    # the run, its resource tracker and fork server, the cleaner, two workers and a child of each
    assert wait_until(lambda: len(workers(process)) == 4, 60)
    process.kill()
    process.wait(timeout=20)
    nothing_is_left_of(process, tmp_path)
    process.communicate(timeout=20)


def test_what_a_run_leaves_that_was_killed_with_all_its_helpers_is_cleared_away_by_the_next(untouched, tmp_path):
    config, whole = untouched
    place = tmp_path / "tmp"
    place.mkdir()
    process = start(config, tmp_path / "results", "--jobs", "2", tmp=place)
    assert wait_until(lambda: len(units(tmp_path / "results", "loans")) >= 1, 60)
    for one in kin(process):
        os.kill(one, signal.SIGKILL)
    process.communicate(timeout=20)
    [left] = place.glob("kiss-bench-*")
    other = place / "kiss-bench-of-somebody-else"
    other.mkdir()
    for folder in (left, other):
        os.utime(folder, (0, 0))
    assert finish(config, tmp_path / "results", "--jobs", "2", tmp=place)[0] == 0
    assert list(place.glob("kiss-bench-*")) == [other]
    assert board(tmp_path / "results", "loans")["digest"] == board(whole, "loans")["digest"]


def test_a_limit_below_what_a_worker_takes_idle_is_told_and_nothing_is_recommended(tmp_path):
    config = project(tmp_path, folds="{count: 2, repeats: 1}", limits="{unit_memory_gb: 0.05}")
    code, out, _ = finish(config, tmp_path / "results", "--jobs", "2")
    assert code == 1
    assert "No verdict — dummy failed, and without it no rung can be judged." in out
    assert "> " not in out.partition("\n\n")[2].partition("\n\n")[0]
    found = board(tmp_path / "results", "loans")
    assert found["recommended"] is None
    assert re.search(r"was stopped \(a worker takes 0\.\d\d GB before it begins\)", found["rungs"][0]["reason"])


def test_results_that_cannot_be_a_folder_are_told(untouched, tmp_path):
    config, _ = untouched
    (tmp_path / "file").write_text("", encoding="utf8")
    code, _, err = finish(config, tmp_path / "file", "--jobs", "2")
    assert code == 2
    assert re.search(r"error: \S*file/loans cannot be written: \w.*choose another --results", err), err


# damaged units


def cut(content):
    return content[: len(content) // 2]


def flipped(share):
    def flip(content):
        changed = bytearray(content)
        changed[int(len(content) * share)] ^= 0x10
        return bytes(changed)

    return flip


DAMAGES = {
    "truncated": cut,
    "flipped early": flipped(0.02),
    "flipped in the middle": flipped(0.3),
    "flipped later": flipped(0.6),
    "empty": lambda content: b"",
    "foreign": None,
}


def test_damaged_units_are_named_and_run_again_and_no_others(untouched, tmp_path):
    config, whole = untouched
    shutil.copytree(whole, tmp_path / "results")
    stored = sorted(units(tmp_path / "results", "loans"))
    assert len(stored) == 9
    for (_, damage), unit in zip(DAMAGES.items(), stored, strict=False):
        unit.write_bytes(stored[-1].read_bytes() if damage is None else damage(unit.read_bytes()))
    before = times(tmp_path / "results", "loans")
    code, _, err = finish(config, tmp_path / "results", "--jobs", "2")
    assert code == 0, err
    assert "3 of 9 units are in the store already, 6 to do" in err
    told = re.findall(r"unit (\S+ repeat 0 fold \d) in \.units is damaged \((.+)\); it is run again", err)
    assert len({name for name, _ in told}) == 6
    assert sum("it is another unit" in reason for _, reason in told) == 1
    after = times(tmp_path / "results", "loans")
    assert {unit for unit in stored if after[unit] != before[unit]} == set(stored[:6])
    assert board(tmp_path / "results", "loans")["digest"] == board(whole, "loans")["digest"]
    again = finish(config, tmp_path / "results", "--jobs", "2")
    assert "9 of 9 units are in the store already, 0 to do" in again[2]
    assert "damaged" not in again[2]


# full and read-only disks


@pytest.fixture
def disk(tmp_path):
    """A real file system of its own: called with mount options, it takes them on."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk small enough to fill; CI does")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def mount(options):
        nonlocal mounted
        words = ["mount", "-t", "tmpfs", "-o", f"remount,{options}" if mounted else options, "tmpfs", str(place)]
        subprocess.run(words, check=True, timeout=20)
        mounted = True
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=20)


def kept_and_told(err, what, why):
    assert re.search(rf"error: \S*{what}\S* cannot be written: {why}\. Everything stored so far is kept\. ", err), err
    assert "run the same command again; it goes on from there" in err
    assert "Traceback" not in err


def test_a_full_disk_among_the_units_keeps_what_is_stored_and_the_next_run_goes_on(untouched, disk):
    config, whole = untouched
    place = disk("size=44k")
    process = start(config, place, "--jobs", "2")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    kept_and_told(err, r"\.parquet", "No space left on device")
    nothing_is_left_of(process, config.parent)
    assert not list(place.rglob("*.part"))
    stored = times(place, "loans")
    assert 1 <= len(stored) < 9
    disk("size=10m")
    code, _, err = finish(config, place, "--jobs", "2")
    assert code == 0, err
    assert f"{len(stored)} of 9 units are in the store already" in err
    assert stored.items() <= times(place, "loans").items()
    assert board(place, "loans")["digest"] == board(whole, "loans")["digest"]


def test_a_full_disk_among_the_results_keeps_the_units(untouched, disk):
    config, whole = untouched
    place = disk("size=10m")
    shutil.copytree(whole, place, dirs_exist_ok=True)
    for file in (place / "loans").iterdir():
        if file.is_file():
            file.unlink()
    stored = times(place, "loans")
    blocks = os.statvfs(place)
    (place / "ballast").write_bytes(bytes((blocks.f_bavail - 8) * blocks.f_frsize))
    code, _, err = finish(config, place, "--jobs", "2")
    assert code == 2, err
    kept_and_told(err, r"\.", "No space left on device")
    assert not list(place.rglob("*.part"))
    assert not (place / "loans" / "leaderboard.json").exists()  # it is written last
    (place / "ballast").unlink()
    assert finish(config, place, "--jobs", "2")[0] == 0
    assert times(place, "loans") == stored
    assert board(place, "loans")["digest"] == board(whole, "loans")["digest"]


def test_a_full_disk_under_the_workers_copy_is_told_by_its_name(untouched, disk, tmp_path):
    config, whole = untouched
    place = disk("size=12k")
    code, _, err = finish(config, tmp_path / "results", "--jobs", "2", tmp=place)
    assert code == 2, err
    assert err.endswith(
        f"error: the workers' copy of the table cannot be written to {place}: No space left on device. Everything "
        "finished is stored. Make room there, or let TMPDIR name another folder, and run the same command again\n"
    )
    assert not list(place.glob("*"))
    assert finish(config, tmp_path / "results", "--jobs", "2")[0] == 0
    assert board(tmp_path / "results", "loans")["digest"] == board(whole, "loans")["digest"]


def test_a_temporary_folder_with_a_path_too_long_for_a_socket_changes_nothing(untouched, tmp_path):
    config, whole = untouched
    place = tmp_path / ("long" * 30)
    place.mkdir()
    code, _, err = finish(config, tmp_path / "results", "--jobs", "2", tmp=place)
    assert code == 0, err
    assert board(tmp_path / "results", "loans")["digest"] == board(whole, "loans")["digest"]
    assert not list(place.glob("*"))


def test_a_read_only_folder_is_told_and_the_next_run_goes_on(untouched, disk):
    config, whole = untouched
    place = disk("size=10m")
    process = start(config, place, "--jobs", "2")
    assert wait_until(lambda: len(units(place, "loans")) >= 1, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    stored = times(place, "loans")
    disk("ro")
    code, _, err = finish(config, place, "--jobs", "2")
    assert code == 2, err
    kept_and_told(err, "loans", "Read-only file system")
    assert times(place, "loans") == stored
    disk("rw")
    assert finish(config, place, "--jobs", "2")[0] == 0
    assert stored.items() <= times(place, "loans").items()
    assert board(place, "loans")["digest"] == board(whole, "loans")["digest"]


# signals


def test_ctrl_c_once_finishes_the_units_under_way_and_begins_no_other(untouched, tmp_path):
    config, whole = untouched
    process = start(config, tmp_path, "--jobs", "2")
    assert wait_until(lambda: len(units(tmp_path, "loans")) >= 1, 60)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=30)
    told = re.search(r"finishing the (\d+ )?units? under way; Ctrl-C again stops at once", err)
    assert told, err
    assert process.returncode == 130
    assert err.endswith(INTERRUPTED)
    nothing_is_left_of(process, config.parent)
    stored = times(tmp_path, "loans")
    assert 2 <= len(stored) < 9
    assert "FAILED" not in err
    assert finish(config, tmp_path, "--jobs", "2")[0] == 0
    assert stored.items() <= times(tmp_path, "loans").items()
    assert board(tmp_path, "loans")["digest"] == board(whole, "loans")["digest"]


def test_ctrl_c_twice_stops_at_once(tmp_path):
    config = project(tmp_path, rung("HoldsOnWithChild"))
    process = start(config, tmp_path / "results", "--jobs", "2")
    assert wait_until(lambda: len(workers(process)) == 4, 60)
    os.killpg(process.pid, signal.SIGINT)
    line = next(line for line in process.stderr if "under way" in line)
    assert line.endswith("finishing the 2 units under way; Ctrl-C again stops at once\n")
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 3
    assert process.returncode == 130
    assert err.endswith(INTERRUPTED)
    assert "Traceback" not in err
    nothing_is_left_of(process, tmp_path)


@pytest.mark.parametrize("after_ctrl_c", [False, True])
def test_sigterm_stops_at_once_with_the_same_sentence(after_ctrl_c, tmp_path):
    config = project(tmp_path, rung("HoldsOnWithChild"))
    process = start(config, tmp_path / "results", "--jobs", "2")
    assert wait_until(lambda: len(workers(process)) == 4, 60)
    if after_ctrl_c:
        process.send_signal(signal.SIGINT)
        next(line for line in process.stderr if "under way" in line)
    started = time.monotonic()
    process.terminate()  # the run alone
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 3
    assert process.returncode == 130
    assert err.endswith(INTERRUPTED)
    assert "Traceback" not in err
    nothing_is_left_of(process, tmp_path)


SCRIPT = """
import signal, sys, threading
import pandas as pd
from kiss_bench import bench

frame = pd.read_parquet("table.parquet").drop(columns=["kind", "owed", "week", "repaid"])
slow = {"name": "slow", "level": 8, "estimator": "rude_models:Slow", "settings": {"seconds": 0.5}}
keys = {"target": "late", "tuning": {"trials": 0}, "folds": {"count": 5, "repeats": 1}}
keys["ladder"] = ["dummy", "linear", slow]
handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
try:
    bench(frame, **keys, jobs=2)
except KeyboardInterrupt:
    print("stopped", [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers)
boards = []
thread = threading.Thread(target=lambda: boards.append(bench(frame, **keys, jobs=2)))
thread.start()
thread.join()
print(len(boards[0].board.digest), [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers)
"""


def test_ctrl_c_in_a_script_raises_keyboard_interrupt_and_the_handlers_are_as_before(tmp_path):
    write_tables(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf8")
    process = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "PYTHONPATH": str(HERE), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert wait_until(lambda: len(units(tmp_path / "results", "bench")) >= 1, 60)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == ["stopped True", "64 True"], err
    nothing_is_left_of(process, tmp_path)


# two runs


def test_a_second_run_on_the_folder_is_told_who_holds_it_and_disturbs_nothing(untouched, tmp_path):
    config, whole = untouched
    first = start(config, tmp_path, "--jobs", "1")
    assert wait_until((tmp_path / "loans" / "folds.parquet").exists, 60)
    code, _, err = finish(config, tmp_path)
    assert code == 2
    assert re.fullmatch(
        rf"error: {tmp_path}/loans is in use by another run \(process {first.pid}, since [-\d]+ [:\d]+, "
        rf"`kiss-bench run {config} --results {tmp_path} --jobs 1`\); wait for it, or choose another --results\n",
        err,
    ), err
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert board(tmp_path, "loans")["digest"] == board(whole, "loans")["digest"]


def test_more_jobs_than_cores_are_brought_down_and_said(untouched, tmp_path):
    config, whole = untouched
    cores = len(os.sched_getaffinity(0))
    shutil.copytree(whole, tmp_path / "results")
    code, _, err = finish(config, tmp_path / "results", "--jobs", str(cores + 5))
    assert code == 0
    assert f"--jobs {cores + 5} is more than the {cores} cores there are; {cores} workers it is\n" in err
    written = (tmp_path / "results" / "loans" / "environment.json").read_text(encoding="utf8")
    assert f'"workers": {cores},' in written
