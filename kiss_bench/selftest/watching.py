"""What a person sees during a self-test, on stderr: a bar on a terminal, a plain line now and then anywhere else."""

import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kiss_bench.reports import amounts
from kiss_bench.reports.wrapping import wrapped
from kiss_bench.selftest.report import shape_lines
from kiss_bench.selftest.run import Event

LINES = 10
"""A log gets this many lines on the way, whatever the number of draws."""


class Watcher(Protocol):
    """A context in which a self-test can be watched."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...

    def __call__(self, event: Event) -> None: ...


def watcher(console: Console) -> Watcher:
    return Bar(console) if console.is_terminal else PlainLines(console)


def opening(event: Event) -> list[str]:
    """What is about to be simulated."""
    lines = [f"{event.shape.project}: {event.total:,} simulated benchmarks", *shape_lines(event.shape)]
    if event.done:
        left = event.total - event.done
        lines.append(f"{event.done:,} of {event.total:,} draws are in the store already, {left:,} to do")
    return lines


class PlainLines:
    """For logs."""

    def __init__(self, console: Console) -> None:
        self.console, self.started, self.stored = console, time.monotonic(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        if event.draw is None:
            self.stored = event.done
            for line in opening(event):
                self._say(line)
            return
        ran, left = event.done - self.stored, event.total - event.done
        if event.done % max(event.total // LINES, 1) and left:
            return
        ahead = (time.monotonic() - self.started) / ran * left
        self._say(f"{event.done:,} of {event.total:,} draws{f', {amounts.left(ahead)}' if left else ''}")

    def _say(self, line: str) -> None:
        stamped = f"[{amounts.clock(time.monotonic() - self.started)}] {line}"
        self.console.print(stamped, markup=False, highlight=False, emoji=False, soft_wrap=True)


class Bar:
    """For terminals."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = Progress(
            TextColumn("simulated benchmarks"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.bar.stop()

    def __call__(self, event: Event) -> None:
        if event.draw is None:
            for line in opening(event):
                self.console.print(wrapped(line, self.console.width), markup=False, highlight=False, soft_wrap=True)
        self.bar.update(self.task, total=event.total, completed=event.done)
