"""How long a unit spent inside its models: what is left of its time is the house's own overhead."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Adds up the time of its blocks; a worker runs one unit at a time, so that one clock a process is enough."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def reset(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started


MODELS = Clock()
"""Runs while an estimator is fitted or predicts; encoding, sampling and bookkeeping are outside."""
