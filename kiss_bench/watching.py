"""What a person sees while a run goes on: a live table and a bar on a terminal, plain lines anywhere else."""

import time
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kiss_bench.evaluation.exam import Unit
from kiss_bench.records.board import Board
from kiss_bench.reports.amounts import seconds as spelled
from kiss_bench.reports.leaks import asked_lines
from kiss_bench.reports.terminal import leaderboard_table, leaderboard_text
from kiss_bench.runs.filling import Event
from kiss_bench.runs.notes import notes_of
from kiss_bench.runs.remaining import seconds_left
from kiss_bench.runs.units import Progress as Units
from kiss_bench.runs.units import repeats_drawn, repeats_of_all


class Watcher(Protocol):
    """A context in which a run can be watched."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...

    def __call__(self, event: Event) -> None: ...


def watcher(console: Console, jobs: int) -> Watcher:
    return LiveTable(console, jobs) if console.is_terminal else PlainLines(console, jobs)


def opening(progress: Units, todo: int) -> list[str]:
    """What was understood, before anything is fitted."""
    exam, total = progress.exam, len(progress.units())
    plan, task = exam.plan, exam.task
    splits, repeats = exam.folds.of(0), repeats_of_all(exam)
    often = f" drawn {repeats} times" if repeats > 1 else ""
    studies = [step for step in plan.ladder if step.trials and not progress.quick]
    tuned = f"{len(studies)} rungs are tuned, with {plan.tuning.trials} trials on {plan.folds.inner} inner folds"
    lines = [
        f"{plan.project}: {len(task.row_id):,} rows, {len(task.columns)} columns, target {plan.target!r}. {task.why}",
        f"{len(splits)} {exam.folds.kind} folds{often}, metric {plan.metric.primary}, {len(plan.ladder)} rungs",
        tuned if studies else "default settings only, nothing is tuned",
    ]
    lines += [f"note: {note}" for note in notes_of(exam)]
    lines += asked_lines(progress.audit)
    if todo < total:
        lines.append(f"{total - todo} of {total} units are in the store already, {todo} to do")
    return lines


def contested_line(event: Event) -> str:
    """Which pair is repeated, and how much work that is."""
    entry, units = event.contested, len(event.todo) + event.stored
    assert entry is not None
    more = repeats_drawn(event.progress.exam) - repeats_of_all(event.progress.exam)
    stored = f", {event.stored} of them in the store already" if event.stored else ""
    draws = f"{more} more draws of the folds, {units} units{stored}"
    return f"{entry.rung} against {entry.incumbent} is contested: {draws}"


def beside_line(event: Event) -> str:
    """Which exam beside the real one begins, and how much work that is."""
    stored = f", {event.stored} more are in the store already" if event.stored else ""
    return f"{event.reason}: {len(event.todo)} units to do{stored}"


def told_line(event: Event) -> str | None:
    """What an event has to say for itself, wherever the run stands; None for one that is shown otherwise."""
    if event.kind == "damaged" and event.unit is not None:
        return f"unit {event.unit.name} in .units is damaged ({event.reason}); it is run again"
    if event.kind in ("exported", "warning"):
        return f"{event.kind}: {event.reason}"
    if event.kind == "looking":
        return f"looking at {event.reason}"
    if event.kind == "stopping":
        units = "unit" if event.under_way == 1 else f"{event.under_way} units"
        return f"finishing the {units} under way; Ctrl-C again stops at once"
    return None


def failure_line(event: Event) -> str | None:
    unit, found = event.unit, event.outcome
    if unit is None or found is None or found.status == "ok":
        return None
    return f"FAILED {unit.name}: {found.error}: {found.reason}"


def _partial(board: Board) -> bool:
    """Whether another table is to come that says more."""
    return any(row.status == "running" for row in board.rungs)


class PlainLines:
    """For logs: one line when an arm of a rung is complete, the table when it is whole and at the end."""

    def __init__(self, console: Console, jobs: int) -> None:
        self.console, self.jobs, self.started = console, jobs, time.monotonic()
        self.todo: tuple[Unit, ...] = ()
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
            self.console.print(leaderboard_text(event.board, 100), markup=False, highlight=False, soft_wrap=True)

    def _unit(self, event: Event) -> None:
        unit = event.unit
        told = failure_line(event)
        if told:
            self._say(told)
        if unit is None or unit.purpose == "inner" or None in event.progress.found(unit.step, unit.arm):
            return
        done = sum(one.place in event.progress.outcomes for one in self.todo)
        left = seconds_left(event.progress, self.todo, self.jobs)
        ahead = f", about {spelled(left)} left" if left else ""
        self._say(f"{unit.step.name} ({unit.arm}) is complete; {done} of {len(self.todo)} units{ahead}")

    def _say(self, line: str) -> None:
        elapsed = time.monotonic() - self.started
        self.console.print(f"[{elapsed:6.1f} s] {line}", markup=False, highlight=False, soft_wrap=True)


class LiveTable:
    """For terminals: the table as far as it has come, and a bar with the time left below it."""

    def __init__(self, console: Console, jobs: int) -> None:
        self.console, self.jobs = console, jobs
        self.todo: tuple[Unit, ...] = ()
        self.board: Board | None = None
        self.repeated = ""
        """The contested pair that is being repeated, or the exam beside the real one, in words."""
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self.task = self.bar.add_task("starting the workers", total=None, left="")
        self.live = Live(self.bar, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.live.stop()

    def __call__(self, event: Event) -> None:
        told = told_line(event)
        if told:
            self.console.print(told, markup=False, highlight=False)
        elif event.kind == "planned":
            self.todo, self.jobs = event.todo, event.workers
            for line in opening(event.progress, len(event.todo)):
                self.console.print(line, markup=False, highlight=False)
            self.bar.update(self.task, total=len(event.todo), description="default settings")
        elif event.kind == "beside":
            self._begin(event)
        elif event.kind == "contested":
            self._repeat(event)
        elif event.kind == "unit":
            self._unit(event)
        elif event.board is not None:
            self.board = event.board
        self.live.update(self._view())

    def _begin(self, event: Event) -> None:
        self.console.print(beside_line(event), markup=False, highlight=False)
        self.todo, self.repeated = event.todo, event.reason
        self.bar.reset(self.task, total=len(self.todo), description=self.repeated, left="")

    def _repeat(self, event: Event) -> None:
        self.console.print(contested_line(event), markup=False, highlight=False)
        entry = event.contested
        self.repeated = f"repeating {entry.rung} against {entry.incumbent}" if entry else ""
        self.todo += event.todo
        self.bar.update(self.task, total=len(self.todo), description=self.repeated)

    def _unit(self, event: Event) -> None:
        told = failure_line(event)
        if told:
            self.console.print(told, markup=False, highlight=False)
        left = seconds_left(event.progress, self.todo, self.jobs)
        stage = self.repeated or ("default settings" if self.board is None else "tuning")
        done = sum(one.place in event.progress.outcomes for one in self.todo)
        ahead = f"about {spelled(left)} left" if left else ""
        self.bar.update(self.task, completed=done, description=stage, left=ahead)

    def _view(self) -> RenderableType:
        if self.board is None:
            return self.bar
        return Group(leaderboard_table(self.board, self.console.width), self.bar)
