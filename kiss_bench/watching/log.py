"""The run as a log keeps it: plain lines, each with the time since the start."""

import time
from typing import Self

from rich.console import Console

from kiss_bench.evaluation.exam import Unit
from kiss_bench.records.board import Board
from kiss_bench.reports import amounts
from kiss_bench.reports.phrases import banners
from kiss_bench.reports.terminal import table_text
from kiss_bench.runs.execution import Event, seconds_left
from kiss_bench.watching.words import Failures, beside_line, contested_line, ended_words, opening, told_line

SILENT_SECONDS = 60.0
"""After so long a unit is news although its rung is not complete: a CI job that says nothing is taken for dead."""


class PlainLines:
    """One line when an arm of a rung is complete, or a minute has passed; the table when all default settings are in.

    A line stays a line, however long, to be searched for and to be copied. The final table is the command's own.
    """

    def __init__(self, console: Console, jobs: int) -> None:
        self.console, self.jobs, self.started = console, jobs, time.monotonic()
        self.spoken = self.started
        self.todo: tuple[Unit, ...] = ()
        self.failures = Failures()
        self.table_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        told = told_line(event)
        if told:
            self._say(told)
        elif event.kind == "planned":
            self.todo, self.jobs = event.todo, event.workers
            for line in opening(event.progress, len(event.todo)):
                self._say(line)
        elif event.kind == "beside":
            self.todo = event.todo
            self._say(beside_line(event))
        elif event.kind == "contested":
            self.todo += event.todo
            self._say(contested_line(event))
        elif event.kind == "unit":
            self._unit(event)
        elif event.kind == "board" and event.board is not None and not self.table_shown and _partial(event.board):
            self.table_shown = True
            self._say("all default settings are in:")
            table = "\n\n".join([*banners(event.board), table_text(event.board, self.console.width)])
            self._print(f"\n{table}\n")

    def _unit(self, event: Event) -> None:
        unit, progress = event.unit, event.progress
        told = self.failures.line(unit, event.outcome)
        if told:
            self._say(told)
        if unit is None:
            return
        done = f"{sum(one.place in progress.outcomes for one in self.todo)} of {len(self.todo)} units"
        left = seconds_left(progress, self.todo, self.jobs)
        ahead = f"{done}, {amounts.left(left)}" if left else done
        if unit.purpose != "inner" and None not in progress.found(unit.step, unit.arm):
            ended = ended_words(progress, unit.step, unit.arm, failures_told=event.outcome is not None)
            self._say(f"{ended}; {ahead}")
        elif time.monotonic() - self.spoken >= SILENT_SECONDS:
            self._say(ahead)

    def _say(self, line: str) -> None:
        self.spoken = time.monotonic()
        self._print(f"[{amounts.clock(self.spoken - self.started)}] {line}")

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _partial(board: Board) -> bool:
    """Whether another table is to come that says more."""
    return any(row.status == "running" for row in board.rungs)
