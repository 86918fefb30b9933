"""What a command costs, with everything it starts: wall, CPU seconds and memory. Linux only (`/proc`, `prctl`).

The command runs under a small process of its own, `python -m speed.measure`, which adopts whatever the command leaves
behind (fork servers, pools that nobody waited for): every descendant ends as a child of somebody who waits, and the
kernel hands its CPU time up. That process holds next to nothing itself and ends when its own parent dies.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kiss_bench.errors import KissBenchError

ROOT = Path(__file__).parent.parent
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GRACE = 10.0
"""Seconds that descendants may live on after the command itself, before they are killed."""
PAUSE, LOOKING = 0.1, 0.01
"""Least seconds between two looks at memory, and the share of one core that looking may take at most."""
MEBI = 1 << 20


class SpeedError(KissBenchError):
    """A measurement that cannot be made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one command took."""

    wall_seconds: float
    """From the start of the command's process to its end."""
    cpu_seconds: float
    """User and system time of the command and of all its descendants."""
    largest_mb: float
    """Greatest resident memory of a single process, in MiB: the kernel's own high-water mark."""
    together_mb: float
    """Greatest sum over all processes at one time, in MiB: sampled, memory they share counted once; where a peak was
    over between two samples, that of the largest process."""
    exit_code: int
    others_share: float = 0.0
    """Share of the machine's cores that was busy with something else meanwhile: on a quiet machine next to nothing."""
    killed: int = 0
    """Descendants that outlived the command by more than the grace."""


def measured(words: Sequence[str], log: Path, grace: float = GRACE) -> Cost:
    """Run a command in the project's folder, its output into `log`; kill what lives on `grace` seconds after it.

    Raises SpeedError where this system cannot be measured.
    """
    if sys.platform != "linux":
        raise SpeedError(f"the benchmark reads /proc and needs Linux; this is {sys.platform}")
    log.parent.mkdir(parents=True, exist_ok=True)
    told = log.with_suffix(".cost.json")
    told.unlink(missing_ok=True)
    helper = [sys.executable, "-m", "speed.measure", str(told), str(log), str(grace), *words]
    done = subprocess.run(helper, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SpeedError(f"{' '.join(words)} could not be measured: {done.stderr.strip()[-2000:]}")
    return Cost(**json.loads(told.read_text(encoding="utf8")))


def watch(words: Sequence[str], log: Path, grace: float) -> Cost:
    """Run a command as the only child of this process, and wait for all its descendants."""
    _control(PR_SET_CHILD_SUBREAPER, 1)
    memory = _Memory()
    with log.open("wb") as output:
        started, busy = time.perf_counter(), busy_seconds()
        command = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603
    threading.Thread(target=memory.sample, daemon=True).start()
    cpu, largest, ended = 0.0, 0, started
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += usage.ru_utime + usage.ru_stime  # its own, and those of all children it waited for
        largest = max(largest, usage.ru_maxrss)
        if pid == command.pid:
            ended = time.perf_counter()
            command.returncode = os.waitstatus_to_exitcode(status)
            memory.end_in(grace)
    own = cpu + time.process_time()
    whole = (time.perf_counter() - started) * (os.cpu_count() or 1)
    return Cost(
        wall_seconds=ended - started,
        cpu_seconds=cpu,
        others_share=max(0.0, busy_seconds() - busy - own) / whole,
        largest_mb=largest / 1024,
        together_mb=max(memory.most / MEBI, largest / 1024),
        exit_code=command.returncode,
        killed=memory.killed,
    )


class _Memory:
    """Looks at the memory of all descendants until none are left, and ends those that outstay their time."""

    def __init__(self) -> None:
        self.most = 0
        self.killed = 0
        self.deadline = float("inf")

    def end_in(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def sample(self) -> None:
        while True:
            before = time.thread_time()
            family = list(descendants(os.getpid()))
            self.most = max(self.most, sum(map(memory_of, family)))
            if time.monotonic() > self.deadline:
                self.killed += sum(map(_killed, family))
                self.end_in(PAUSE)
            time.sleep(max(PAUSE, (time.thread_time() - before) / LOOKING))


def busy_seconds() -> float:
    """Seconds that all cores together were not idle since the machine started, or were kept from it by others."""
    user, nice, system, _, _, *rest = map(int, _read("/proc/stat").splitlines()[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")  # interrupts and stolen time


def descendants(ancestor: int) -> Iterator[int]:
    """Every living process below another one."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            found = _read(f"/proc/{entry.name}/stat").rpartition(")")[2].split()
            if len(found) > 1 and found[0] != "Z":
                children.setdefault(int(found[1]), []).append(int(entry.name))
    waiting = children.get(ancestor, [])
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        yield pid


def memory_of(pid: int) -> int:
    """Bytes that a process holds, pages shared by k processes counted as 1/k; plain resident ones on old kernels."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    held = _read(f"/proc/{pid}/statm").split()
    return int(held[1]) * os.sysconf("SC_PAGE_SIZE") if held else 0


def _read(path: str) -> str:
    """What a file of /proc says; nothing where the process has just ended."""
    try:
        return Path(path).read_text(encoding="utf8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _control(option: int, value: int) -> None:
    """Ask the kernel for something about this process. Raises OSError where it refuses."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def main(words: Sequence[str]) -> None:
    """Measure `words[3:]`; the cost goes to the file `words[0]`, the output to `words[1]`; `words[2]` is the grace."""

    def stop(*_: object) -> None:
        raise SystemExit("the benchmark was stopped")

    signal.signal(signal.SIGTERM, stop)
    _control(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        cost = watch(words[3:], Path(words[1]), float(words[2]))
    finally:
        for pid in list(descendants(os.getpid())):
            _killed(pid)
    Path(words[0]).write_text(json.dumps(asdict(cost)), encoding="utf8")


if __name__ == "__main__":
    main(sys.argv[1:])
