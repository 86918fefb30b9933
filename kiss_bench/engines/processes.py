"""How worker processes are started: from a warm fork server, with one thread each, and never more than cores."""

import contextlib
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing import forkserver, spawn
from typing import Any

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
_base: Any = multiprocessing.get_context(METHOD)
_launching = threading.Lock()


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


def warm_up() -> None:
    """Starts the fork server, which loads the libraries while the caller goes on to read data; returns at once."""
    if METHOD != "forkserver":
        return
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        _base.set_forkserver_preload(["kiss_bench.engines.worker"])
        with _room_for_a_socket():
            forkserver.ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


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
