"""The console script in processes of its own, and what a test wants to know of them and of what they stored."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = [str(Path(sys.executable).with_name("kiss-bench")), "run"]
WORKER = "500"
"""What a worker adds to its own share of the blame when memory runs out: by that a test knows one."""


def start(config, results, *words, cwd=None, tmp=None):
    """The console script, in a session of its own; `rude_models` and `fakes` can be imported."""
    return subprocess.Popen(
        [*COMMAND, str(config), "--results", str(results), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=cwd,
        env={"TMPDIR": str(tmp or config.parent), **os.environ, "PYTHONPATH": str(HERE)},
    )  # fmt: skip


def finish(config, results, *words, **places):
    """The same command to its end: exit code, stdout, stderr."""
    process = start(config, results, *words, **places)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def on_a_terminal(words, cwd, width=80, height=24, **environment):
    """What the command writes where a person sits before it, be the tests run in CI or not, and its exit code."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "CI", "NO_COLOR"}}
    process = subprocess.Popen(
        [COMMAND[0], *words], stdout=far, stderr=far, stdin=far, cwd=cwd, env={**plain, "TERM": "xterm", **environment}
    )
    os.close(far)
    seen = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal by an error
        while block := os.read(near, 65536):
            seen += block
    os.close(near)
    return seen.decode().replace("\r\n", "\n"), process.wait(timeout=60)


def kin(process):
    """All of the session: the run, its fork server, the work directory's cleaner, its workers and their children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def workers(process):
    """Those of them that are workers."""
    found = []
    for pid in kin(process):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="utf8").strip() == WORKER:
                found.append(pid)
    return found


def wait_until(true, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


def units(results, project):
    return set((results / project / ".units").glob("*.parquet"))


def times(results, project):
    """When each stored unit was written."""
    return {path: path.stat().st_mtime_ns for path in units(results, project)}


def board(results, project):
    return json.loads((results / project / "leaderboard.json").read_text(encoding="utf8"))


def rows_of_board(results, project):
    return {row["rung"]: row for row in board(results, project)["rungs"]}
