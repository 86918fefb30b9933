"""What runs inside a worker process. Imported once by the fork server, so that every worker starts warm."""

import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import threading
import time
from dataclasses import replace
from functools import cache, partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NoReturn

# Imported for its side effect: whatever a unit needs is loaded before the fork, not in each worker.
import lightgbm  # noqa: F401
import sklearn.dummy
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline
import sklearn.tree  # noqa: F401
from threadpoolctl import threadpool_limits

from kiss_bench.engines.memory import forget_peak, give_back, keep_little, peak_bytes
from kiss_bench.engines.processes import ANSWER, BEGUN, ONE_THREAD, READY, Ended
from kiss_bench.engines.work_directory import MODULES, laid_out
from kiss_bench.evaluation.arithmetic import check_level
from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.tuning.unit import run_unit

TAKE_ME_FIRST = "500"
"""Added to what the kernel reckons when memory runs out (-1000 to 1000): it ends a worker rather than the run."""


def load_exam(path: str) -> Exam:
    """The exam that the parent laid out; its arrays are read-only views that all workers share."""
    exam: Exam = laid_out(path)
    return exam


@cache
def find_modules(folder: Path) -> None:
    """Lets modules that came along in the folder be found before those of the working directory."""
    if (modules := folder / MODULES).is_dir():
        sys.path[:0] = [str(modules), str(Path.cwd())]  # both, or a rung's import would put the latter first


def work(path: str, unit: Unit) -> Outcome:
    """The outcome of a unit, with its time and its peak of memory."""
    find_modules(Path(path).parent)
    exam = load_exam(path)
    check_level(exam.level)
    give_back()  # what the unit before it has freed is not this one's
    known, started = forget_peak(), time.perf_counter()
    outcome = run_unit(exam, unit)
    seconds, peak = time.perf_counter() - started, peak_bytes() if known else 0
    return replace(outcome, costs=replace(outcome.costs, unit_seconds=seconds, peak_bytes=peak))


def serve(pipe: Connection, output: Connection, path: str) -> None:
    """Does one piece of work after the other until the parent hangs up; the life of a worker."""
    start(str(Path(path).parent))
    os.register_at_fork(after_in_child=pipe.close)  # a child that returns from the estimator must not answer for us
    _quieten(output)
    pipe.send_bytes(READY)
    with contextlib.suppress(EOFError):
        while True:
            content = pipe.recv_bytes()
            _quieten(output)
            pipe.send_bytes(BEGUN)
            pipe.send_bytes(ANSWER + _answer(path, content))


def _answer(path: str, content: bytes) -> bytes:
    """A pickled Ended; whatever the work raises, exits and interrupts included, is its own affair."""
    try:
        function, item = pickle.loads(content)  # noqa: S301  (written by the parent a moment ago)
        return pickle.dumps(Ended(value=function(path, item)), protocol=5)
    except BaseException as error:  # noqa: BLE001  (a worker's edge: the others' work must not suffer)
        exception = attempt(partial(pickle.dumps, error)).found
        reason = " ".join(str(error).split()) or "no message"
        return pickle.dumps(Ended(error=type(error).__name__, reason=reason, exception=exception), protocol=5)


def start(folder: str) -> None:
    """One thread a worker, a process group of its own, and no life after the parent's death."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # what the estimator starts is ended with it; Ctrl-C in the terminal does not come here
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_little()
    os.environ.update(ONE_THREAD)
    threadpool_limits(1)
    with contextlib.suppress(OSError):  # not on this system, or not in this container
        Path("/proc/self/oom_score_adj").write_text(TAKE_ME_FIRST, encoding="utf8")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel, folder), daemon=True).start()


def _quieten(output: Connection) -> None:
    """Sends what is printed to the parent, which keeps the end of it; again for each unit, as one may close it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    sys.stdout, sys.stderr = (
        os.fdopen(number, "w", buffering=1, errors="backslashreplace", closefd=False) for number in (1, 2)
    )


def _end_with(sentinel: int, folder: str) -> NoReturn:
    """Where the cleaner should have died as well."""
    wait([sentinel])
    shutil.rmtree(folder, ignore_errors=True)  # it holds the user's rows
    os._exit(1)  # the parent is gone: nobody would take the result, and the next run wants the cores
