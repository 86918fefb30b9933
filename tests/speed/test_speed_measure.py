"""What a command cost is what it and everything it started really took."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speed.measure import ROOT, descendants, measured

pytestmark = pytest.mark.alone

PYTHON = [sys.executable, "-S", "-c"]
"""Without site-packages: a start takes some hundredths of a second."""
STARTS = 0.15
"""CPU seconds that the start of one such process may take."""


def busy(seconds):
    """Python text that works until it has had this much CPU time itself."""
    return f"import time\nwhile time.process_time() < {seconds}: pass\n"


def starting(text, *, wait):
    """Python text that starts another process, and waits for it or does not."""
    return f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-S', '-c', {text!r}])\n" + (
        "child.wait()\n" if wait else "child.returncode = 0\n"
    )


@pytest.mark.parametrize(
    ("text", "seconds", "processes"),
    [
        pytest.param(busy(0.6), 0.6, 1, id="the command itself"),
        pytest.param(starting(busy(0.6), wait=True) + busy(0.3), 0.9, 2, id="a child that it waits for"),
        pytest.param(starting(busy(0.6), wait=False), 0.6, 2, id="a child that it leaves behind"),
        pytest.param(
            starting(starting(busy(0.6), wait=False) + busy(0.2), wait=False),
            0.8,
            3,
            id="what such a child leaves behind",
        ),
        pytest.param(
            starting(starting(busy(0.6), wait=False), wait=True) + busy(0.4),
            1.0,
            3,
            id="an orphan while the command works",
        ),
    ],
)
def test_cpu_seconds_are_those_of_all_descendants(text, seconds, processes, tmp_path):
    cost = measured([*PYTHON, text], tmp_path / "log.txt")
    assert seconds <= cost.cpu_seconds < seconds + STARTS * processes
    assert (cost.exit_code, cost.killed) == (0, 0)


def test_what_others_do_meanwhile_is_told_apart(tmp_path):
    """One process that is none of the command's works all the time: at least half of one core, whatever else runs."""
    other = subprocess.Popen([*PYTHON, "while True: pass"])
    try:
        cost = measured([*PYTHON, busy(1.0)], tmp_path / "log.txt")
    finally:
        other.kill()
        other.wait()
    assert 0.3 / os.cpu_count() < cost.others_share <= 1.0
    assert cost.cpu_seconds < 1.0 + STARTS


def test_a_worker_of_a_fork_server_is_counted(tmp_path):
    """Nobody waits for the server itself; it ends by itself when the command has gone."""
    text = (
        "import multiprocessing as m, time\n"
        "def work():\n    while time.process_time() < 0.6: pass\n"
        "if __name__ == '__main__':\n"
        "    p = m.get_context('forkserver').Process(target=work); p.start(); p.join()\n"
    )
    (tmp_path / "script.py").write_text(text, encoding="utf8")
    cost = measured([sys.executable, "-S", str(tmp_path / "script.py")], tmp_path / "log.txt")
    assert 0.6 <= cost.cpu_seconds < 0.6 + 4 * STARTS


def test_wall_ends_with_the_command_and_not_with_what_it_leaves_behind(tmp_path):
    cost = measured([*PYTHON, starting("import time; time.sleep(1.5)", wait=False)], tmp_path / "log.txt")
    assert cost.wall_seconds < 1.0


def test_what_outstays_its_time_is_killed_and_still_counted(tmp_path):
    text = starting(busy(0.4) + "time.sleep(60)", wait=False)
    started = time.monotonic()
    cost = measured([*PYTHON, text], tmp_path / "log.txt", grace=1.5)
    assert time.monotonic() - started < 20
    assert cost.killed == 1
    assert cost.cpu_seconds >= 0.35


def test_memory_is_that_of_the_largest_and_of_all(tmp_path):
    """Two processes of 200 MB each at the same time."""
    text = "import time\nheld = b'1' * 200_000_000\ntime.sleep(1.5)\n"
    cost = measured([*PYTHON, starting(text, wait=False) + text + "child.wait()"], tmp_path / "log.txt")
    assert 190 < cost.largest_mb < 230
    assert 380 < cost.together_mb < 430


def test_the_exit_code_and_the_output_are_kept(tmp_path):
    cost = measured([*PYTHON, "import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"], tmp_path / "log.txt")
    assert cost.exit_code == 3
    assert sorted((tmp_path / "log.txt").read_text(encoding="utf8").split()) == ["a", "b"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_benchmark_leaves_no_process_behind(how, tmp_path):
    text = "from pathlib import Path; import sys\nfrom speed.measure import measured\n"
    text += f"measured([*{PYTHON!r}, 'import time; time.sleep(60)'], Path({str(tmp_path)!r}) / 'log.txt')"
    runner = subprocess.Popen([sys.executable, "-c", text], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    family = []
    while len(family) < 2:  # the process that measures, and the command below it
        family = list(descendants(runner.pid))
        assert runner.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)  # let the first one put its handler in place
    if how == signal.SIGKILL:
        runner.kill()
    else:
        os.killpg(runner.pid, how)
    runner.wait(timeout=20)
    until = time.monotonic() + 20
    while any(alive(pid) for pid in family):
        assert time.monotonic() < until
        time.sleep(0.02)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
