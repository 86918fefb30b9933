"""Signals that end a command: a resumable state and a sentence, whichever it is. Imports nothing heavy."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminable() -> Iterator[None]:
    """A context in which SIGTERM raises KeyboardInterrupt, at once; nothing outside the main thread."""
    if not _in_main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


@contextmanager
def interruptible(finish: Callable[[], bool]) -> Iterator[None]:
    """A context in which the first Ctrl-C calls `finish`, and only the second raises KeyboardInterrupt.

    So does the first where `finish` says that there is nothing to wait for. After that Ctrl-C is ignored up to the end
    of the context, in which workers are sent away. Nothing is installed outside the main thread, nor over a handler of
    someone else; afterwards all is as before.
    """
    if not _in_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    asked = False

    def answer(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not finish():
            _stop(number, frame)
        asked = True

    signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (what a handler is called with)
    signal.signal(number, signal.SIG_IGN)  # once is enough, and what it begins is not to be interrupted
    raise KeyboardInterrupt
