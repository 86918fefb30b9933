"""What runs inside a worker process. Imported once by the fork server, so that every worker starts warm."""

import functools
import multiprocessing
import os
import pickle
import shutil
import sys
import threading
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from pathlib import Path

# Imported for its side effect: whatever a unit needs is loaded before the fork, not in each worker.
import lightgbm  # noqa: F401
import sklearn.dummy
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline
import sklearn.tree  # noqa: F401
from threadpoolctl import threadpool_limits

from kiss_bench.engines.local import MODULES
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.tuning.unit import run_unit


@functools.lru_cache(maxsize=1)
def load_exam(path: str) -> Exam:
    """The exam that the parent laid out, read once per worker."""
    with Path(path).open("rb") as file:
        exam: Exam = pickle.load(file)  # noqa: S301  (written by the parent a moment ago, in its own folder)
    return exam


def start(folder: str) -> None:
    """One thread a worker, and no life after the parent's death: neither its own nor that of the exam's folder.

    Modules that came along in the folder are found before those of the working directory.
    """
    threadpool_limits(1)
    if (modules := Path(folder) / MODULES).is_dir():
        sys.path[:0] = [str(modules), str(Path.cwd())]  # both, or a rung's import would put the latter first
    parent = multiprocessing.parent_process()
    if parent is not None:
        # the pool may end this process, seeing its pipe closed, before the thread is through with the folder
        Finalize(None, _clear_orphaned, args=(parent.sentinel, folder), exitpriority=0)
        threading.Thread(target=_end_with, args=(parent.sentinel, folder), daemon=True).start()


def _end_with(sentinel: int, folder: str) -> None:
    wait([sentinel])
    shutil.rmtree(folder, ignore_errors=True)  # it holds the user's rows
    os._exit(1)  # the parent is gone: nobody would take the result, and the next run wants the cores


def _clear_orphaned(sentinel: int, folder: str) -> None:
    if wait([sentinel], timeout=0):
        shutil.rmtree(folder, ignore_errors=True)


def work(path: str, unit: Unit) -> Outcome:
    return run_unit(load_exam(path), unit)
