"""What a person sees while a run goes on: a live table and a bar on a terminal, plain lines anywhere else."""

from typing import Protocol, Self

from rich.console import Console

from kiss_bench.runs.execution import Event
from kiss_bench.watching.live import LiveTable
from kiss_bench.watching.log import PlainLines

__all__ = ["LiveTable", "PlainLines", "Watcher", "watcher"]


class Watcher(Protocol):
    """A context in which a run can be watched."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...

    def __call__(self, event: Event) -> None: ...


def watcher(console: Console, jobs: int) -> Watcher:
    return LiveTable(console, jobs) if console.is_terminal else PlainLines(console, jobs)
