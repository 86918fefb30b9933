"""How worker processes are started, and what they say to their pool.

They come from a warm fork server, with one thread each, and are never more than cores.
"""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import forkserver, spawn
from typing import Any

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.arithmetic import changes, is_set_to, level_here
from kiss_bench.plan.plan import Arithmetic

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "LOKY_MAX_CPU_COUNT"),
    ),
    "1",
)
"""Read by the numeric libraries when they load. Thread counts change the bytes of some solvers, so they are fixed; and
what an estimator takes for itself (`n_jobs=-1`) is its share of the cores, one."""
LONGEST_FOLDER = 70
"""Bytes of a temporary folder's path that leave room for a socket in it: the systems allow 104 to 108 for the whole."""
SHORT_FOLDER = "/tmp"  # noqa: S108  (multiprocessing makes a folder of its own in it, closed to others)
READY, BEGUN, ANSWER = b"r", b"b", b"a"
"""First byte of what a worker sends: it is waiting for work, it has taken it up, or an `Ended` follows, pickled."""
_base: Any = multiprocessing.get_context(METHOD)
_launching = threading.Lock()
_TELL_LEVEL = "from kiss_bench.evaluation.arithmetic import level_here; print(level_here())"
_server_at: Arithmetic = "v3"
"""The level of arithmetic that the fork server was asked for; the workers have it from there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of one piece of work: a value, or the class of an error and its message."""

    value: Any = None
    error: str = ""
    reason: str = ""
    exception: bytes | None = None
    """Pickled, where the work raised one that can be; a worker that died raised none."""


class QuietProcess(_base.Process):  # type: ignore[misc]
    """Starts without importing the caller's `__main__` again, so that a script needs no `__main__` guard."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802  (multiprocessing's name)
        with _launching:
            original = spawn.get_preparation_data
            spawn.get_preparation_data = lambda name: {
                key: value for key, value in original(name).items() if not key.startswith("init_main_from")
            }
            try:
                return _base.Process._Popen(process)
            finally:
                spawn.get_preparation_data = original


class QuietContext(type(_base)):  # type: ignore[misc]
    Process = QuietProcess


def available_cores() -> int:
    """Cores this process may use, which a container often limits."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_for(jobs: int | None) -> int:
    """How many workers this many jobs get: one a core unless fewer are asked for, and never more than cores."""
    return min(jobs or available_cores(), available_cores())


def warm_up(arithmetic: Arithmetic | None = None) -> None:
    """Starts the fork server, which loads the libraries while the caller goes on to read data; returns at once.

    Its workers compute at the level of arithmetic that is asked for, or was the last time.
    """
    global _server_at  # noqa: PLW0603  (there is one fork server a process)
    if METHOD != "forkserver":
        return
    if arithmetic is not None and arithmetic != _server_at:
        _stop_server()
        _server_at = arithmetic
    with _environment({**ONE_THREAD, **changes(_server_at)}), _room_for_a_socket():
        _base.set_forkserver_preload(["kiss_bench.engines.worker"])
        forkserver.ensure_running()


def _stop_server() -> None:
    """Ends a fork server that has loaded its libraries for another level; multiprocessing has no public word for it."""
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()


@contextlib.contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """These variables for as long as a process is started that is to have them; None: without it."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _put(values)
        yield
    finally:
        _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def level_of_workers(arithmetic: Arithmetic) -> str:
    """The level at which workers compute: of this process where it was set, else as one that is started alike tells.

    Raises KissBenchError where that process fails.
    """
    if is_set_to(arithmetic):
        return level_here()
    # a plain process, not one of the fork server's: with Dask there is none here, and one leaves a socket when killed
    with _environment(changes(arithmetic)):
        path = os.pathsep.join(folder for folder in sys.path if folder)
        done = subprocess.run(  # noqa: S603  (our own words)
            [sys.executable, "-P", "-c", _TELL_LEVEL], env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise KissBenchError(f"a process that tells its level of arithmetic ended with {done.stderr.strip()[-300:]}")
    return done.stdout.strip()


@contextlib.contextmanager
def _room_for_a_socket() -> Iterator[None]:
    """The fork server listens on a socket in the temporary folder; where that has too long a path, in another one."""
    usual = tempfile.gettempdir()
    if len(os.fsencode(usual)) > LONGEST_FOLDER:
        tempfile.tempdir = SHORT_FOLDER
    try:
        yield
    finally:
        tempfile.tempdir = usual
