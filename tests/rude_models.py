"""Estimators that do to their process what estimators in the wild do, one thing each; named as `rude_models:Name`."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

import numpy as np
from sklearn.dummy import DummyClassifier


class Rude(DummyClassifier):
    """Misbehaves in its fit; where that lets it, it goes on to the training shares."""

    def fit(self, X, y, sample_weight=None):
        self.misbehave(X)
        return super().fit(X, y)

    def misbehave(self, X):
        pass


class Killed(Rude):
    def misbehave(self, X):
        os.kill(os.getpid(), signal.SIGKILL)


class Aborts(Rude):
    def misbehave(self, X):
        os._exit(7)


class AbortsAsIfDone(Rude):
    def misbehave(self, X):
        os._exit(0)


class DiesNameless(Rude):
    """Of a real-time signal, which has a number and no name."""

    def misbehave(self, X):
        os.kill(os.getpid(), signal.SIGRTMIN + 1)


class Segfaults(Rude):
    def misbehave(self, X):
        print("about to look", file=sys.stderr)
        ctypes.string_at(0)


class Exits(Rude):
    def misbehave(self, X):
        sys.exit(0)


class Interrupts(Rude):
    def misbehave(self, X):
        raise KeyboardInterrupt


class Raises(Rude):
    def misbehave(self, X):
        raise ValueError("no such thing")


class SaysNothing(Rude):
    """Predicts no number."""

    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)


class Sleeps(Rude):
    def misbehave(self, X):
        time.sleep(3600)


class HoldsOn(Rude):
    """Sleeps for ever without letting go of the interpreter, and ignores SIGTERM."""

    def misbehave(self, X):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.PyDLL(None).sleep(3600)


class Hoards(Rude):
    """Allocates without end, 100 MB every 20 ms."""

    def misbehave(self, X):
        hoard = []
        while True:
            hoard.append(np.ones(12_500_000))
            time.sleep(0.02)


class TakesMuch(Rude):
    """A gigabyte for half a second."""

    def misbehave(self, X):
        much = np.ones(125_000_000)
        time.sleep(0.5)
        del much


class WantsThreads(Rude):
    """Says how many it was given."""

    def __init__(self, n_jobs=4):
        super().__init__()
        self.n_jobs = n_jobs

    def misbehave(self, X):
        raise ValueError(f"n_jobs {self.n_jobs}")


class ChildHoards(Rude):
    """Lets a child of its own allocate."""

    def misbehave(self, X):
        subprocess.run(
            [sys.executable, "-c", "x = bytearray(b'x') * (2 * 10**9); import time; time.sleep(3600)"], check=False
        )


class Prints(Rude):
    """A gigabyte, to both."""

    def misbehave(self, X):
        line = b"x" * 999_999 + b"\n"
        for _ in range(500):
            for number in (1, 2):
                os.write(number, line)


class Closes(Rude):
    """Closes what it could print to, as daemons do."""

    def misbehave(self, X):
        sys.stdout.close()
        for number in (0, 1, 2):
            os.close(number)


class ClosesAll(Rude):
    def misbehave(self, X):
        os.closerange(3, 4096)


class PrintsALine(Rude):
    def misbehave(self, X):
        print("hello")
        print("hello", file=sys.stderr)
        os.write(1, b"hello\n")


class Forks(Rude):
    """Comes back twice."""

    def misbehave(self, X):
        os.fork()


class LeavesChildren(Rude):
    """Starts what nobody ends; says where."""

    def misbehave(self, X):
        with contextlib.suppress(FileNotFoundError):
            child = subprocess.Popen(["sleep", "3600"])
            raise ValueError(f"left {child.pid}")


class Overwrites(Rude):
    """Works in place, as some pipelines do."""

    def misbehave(self, X):
        np.asarray(X)[:] = 0.0


class Counts(Rude):
    """Says how many threads and processes it would get."""

    def misbehave(self, X):
        import joblib
        from threadpoolctl import threadpool_info

        threads = sorted({library["num_threads"] for library in threadpool_info()})
        with joblib.Parallel(n_jobs=-1) as parallel:
            processes = len(set(parallel(joblib.delayed(os.getpid)() for _ in range(8))))
        raise ValueError(f"threads {threads}, jobs {joblib.effective_n_jobs(-1)}, processes {processes}")


class Slow(Rude):
    """Takes `seconds` over a fit, and comes to something better than a constant."""

    def __init__(self, seconds=0.1):
        super().__init__()
        self.seconds = seconds

    def fit(self, X, y, sample_weight=None):
        time.sleep(self.seconds)
        return super().fit(X, y)

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-3 * np.nan_to_num(np.asarray(X)[:, 0])))
        return np.column_stack([1 - chance, chance])


class HoldsOnWithChild(HoldsOn):
    """The same, with a child that does nothing for ever."""

    def misbehave(self, X):
        subprocess.Popen(["sleep", "3600"])
        super().misbehave(X)
