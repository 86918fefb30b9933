"""The run on a terminal: the table as far as it has come, and below it where the run stands."""

import time
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

from kiss_bench.evaluation.exam import Unit
from kiss_bench.records.board import Board
from kiss_bench.reports import amounts
from kiss_bench.reports.terminal import leaderboard_table, title
from kiss_bench.reports.wrapping import shortened_middle, wrapped
from kiss_bench.runs.execution import Event, seconds_left
from kiss_bench.runs.units import Progress as Units
from kiss_bench.watching.words import Failures, beside_line, contested_line, opening, told_line

AROUND = 8
"""Lines of the live view that are no rung: title, header, rule, stage, bar, two empty ones, and the cursor's."""
WAITING = "waiting"
"""Said of what has no studies of its own, and is made from others."""


class Standing(ProgressColumn):
    """Units, time since the start, and an estimate that goes down between units and owns up when it was too low."""

    def render(self, task: Task) -> Text:
        units = f"{task.completed:.0f}/{task.total:.0f} units" if task.total is not None else ""
        until: float | None = task.fields["until"]
        ahead = "" if until is None or task.finished else _ahead(until - time.monotonic())
        return Text(" · ".join(part for part in (units, amounts.clock(task.elapsed or 0), ahead) if part))


def _ahead(seconds: float) -> str:
    return amounts.left(seconds) if seconds > 0 else "longer than estimated"


class LiveTable:
    """Never higher than the screen: what does not fit is left out from the simple end of the ladder."""

    def __init__(self, console: Console, jobs: int) -> None:
        self.console, self.jobs = console, jobs
        self.todo: tuple[Unit, ...] = ()
        self.board: Board | None = None
        self.failures = Failures()
        self.stage, self.repeated = "starting the workers", ""
        """`repeated`: the contested pair that is being repeated, or the exam beside the real one, in words."""
        self.stopping = False
        self.working: dict[str, str] = {}
        """Of each rung that is tuned, how far it is."""
        self.bar = Progress(BarColumn(bar_width=24), Standing(), console=console)
        self.task = self.bar.add_task("", total=None, until=None)
        self.live = Live(
            console=console, refresh_per_second=4, transient=True, get_renderable=self._view, vertical_overflow="crop"
        )

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.live.stop()

    def __call__(self, event: Event) -> None:
        told = told_line(event)
        if told:
            self._say(told)
        if event.kind == "stopping":
            self.stopping = True
            self.stage = "stopping after the units under way"
            self.bar.update(self.task, until=None)
        elif event.kind == "planned":
            self.todo, self.jobs = event.todo, event.workers
            for line in opening(event.progress, len(event.todo)):
                self._say(line)
            self.stage = "default settings"
            self.bar.update(self.task, total=len(event.todo))
        elif event.kind == "beside":
            self._say(beside_line(event))
            self.todo, self.repeated = event.todo, event.reason
            self.stage = self.repeated
            self.bar.reset(self.task, total=len(self.todo), until=None)
        elif event.kind == "contested":
            self._repeat(event)
        elif event.kind == "unit":
            self._unit(event)
        elif event.board is not None:
            self.board = event.board
        self.live.refresh()

    def _repeat(self, event: Event) -> None:
        self._say(contested_line(event))
        entry = event.contested
        self.repeated = f"repeating {entry.rung} against {entry.incumbent}" if entry else ""
        self.stage = self.repeated
        self.todo += event.todo
        self.bar.update(self.task, total=len(self.todo))

    def _unit(self, event: Event) -> None:
        told = self.failures.line(event.unit, event.outcome)
        if told:
            self._say(told)
        left = None if self.stopping else seconds_left(event.progress, self.todo, self.jobs)
        done = sum(one.place in event.progress.outcomes for one in self.todo)
        self.working = tuned_words(event.progress)
        self.stage = self.stage if self.stopping else self._stage(event.progress, done)
        until = None if left is None else time.monotonic() + left
        self.bar.update(self.task, completed=done, until=until)

    def _stage(self, progress: Units, done: int) -> str:
        if done == len(self.todo):
            return "judging"
        if self.repeated or self.board is not None:
            return self.repeated or "tuning"
        waiting = {
            one.step.name for one in progress.units() if one.arm == "default" and one.place not in progress.outcomes
        }
        ladder = [step.name for step in progress.exam.plan.ladder]
        return f"default settings: {len(ladder) - len(waiting)} of {len(ladder)} rungs are in"

    def _say(self, line: str) -> None:
        self.console.print(Text(wrapped(line, self.console.width)), soft_wrap=True)

    def _view(self) -> RenderableType:
        width, room = self.console.width, self.console.height - AROUND
        below: list[RenderableType] = [Text(shortened_middle(self.stage, width)), self.bar]
        if self.board is None or room < 1:
            return Group(*below)
        name = Text(title(self.board), no_wrap=True, overflow="ellipsis")
        table = leaderboard_table(self.board, width, working=self.working, rows=room)
        return Group("", name, table, "", *below)


def tuned_words(progress: Units) -> dict[str, str]:
    """Of each rung, `tuning 2/5`: studies that ended, of all."""
    said = dict.fromkeys((step.name for step in progress.exam.plan.ladder), WAITING)
    for name in said:
        studies = [unit for unit in progress.units() if unit.step.name == name and unit.arm == "tuned"]
        ended = sum(unit.place in progress.outcomes for unit in studies)
        if studies:
            said[name] = f"tuning {ended}/{len(studies)}"
    return said
