"""The story: plan -> task -> folds -> units -> judgement -> reports."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kiss_bench.engines.local import LocalEngine, available_cores, warm_up
from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.plan import Plan
from kiss_bench.records.board import Board
from kiss_bench.records.folder import held, read_board
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import UnitStore
from kiss_bench.runs.board import board_of
from kiss_bench.runs.buildable import check_buildable
from kiss_bench.runs.judging import check_judgeable, judge_progress
from kiss_bench.runs.units import Progress
from kiss_bench.runs.write import write_plan, write_results
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.seeds import root_seed
from kiss_bench.tasks.task import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to run, as against what: none of it can change a score."""

    results: Path = Path("results")
    jobs: int | None = None
    quick: bool = False
    command: tuple[str, ...] = ()
    """The words that started the run, for `environment.json`; empty where it was called from Python."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that a watcher may want to show."""

    kind: Literal["planned", "unit", "board", "done"]
    progress: Progress
    todo: tuple[Unit, ...] = ()
    """`planned`: the units that are not in the store."""
    unit: Unit | None = None
    outcome: Outcome | None = None
    board: Board | None = None


Watch = Callable[[Event], None]


def unwatched(event: Event) -> None:
    """What the Python door does with events: nothing."""


def run(plan: Plan, options: Options, watch: Watch = unwatched, table: Table | None = None) -> Board:
    """Runs what is not in the store yet, judges, and writes the result folder `options.results / plan.project`.

    Raises PlanError, DataError, FoldError or RungError before anything is fitted or written.
    """
    started = time.perf_counter()
    warm_up()
    exam = set_exam(plan, table)
    check_judgeable(exam)
    keys = Keys(exam)
    check_buildable(exam)
    folder = options.results / exam.plan.project
    with held(folder):
        write_plan(folder, exam)
        progress = Progress(exam=exam, quick=options.quick)
        resumed = _fill(progress, keys, UnitStore(folder / ".units"), options, watch)
        board = board_of(progress, judge_progress(progress), time.perf_counter() - started)
        if resumed:
            board = replace(board, seconds=_seconds_of(folder, board.digest))
        write_results(folder, progress, board, {"command": options.command, "jobs": options.jobs or available_cores()})
    watch(Event(kind="done", progress=progress, board=board))
    return board


def _seconds_of(folder: Path, digest: str) -> float | None:
    """How long the run took that first came to this board; None where it took several."""
    try:
        before = read_board(folder)
    except RecordError:
        return None
    return before.seconds if before.digest == digest else None


def _fill(progress: Progress, keys: Keys, store: UnitStore, options: Options, watch: Watch) -> bool:
    """Every unit's outcome, from the store where it is there, else run and stored; whether any was in the store."""
    todo = _resume(progress, store, keys)
    resumed = len(todo) < len(progress.units())
    watch(Event(kind="planned", progress=progress, todo=todo))
    for unit, outcome in _outcomes(progress.exam, todo, options.jobs):
        if outcome.status == "ok":
            store.save(keys.of(unit), outcome)
        progress.add(unit, outcome)
        watch(Event(kind="unit", progress=progress, unit=unit, outcome=outcome))
        if progress.whole_rung_ended(unit):
            watch(Event(kind="board", progress=progress, board=board_of(progress, judge_progress(progress))))
    return resumed


def set_exam(plan: Plan, table: Table | None = None) -> Exam:
    """Reads the table, resolves the plan, draws the folds: what `kiss-bench plan` shows and every unit shares."""
    resolved, task = make_task(plan, read_table(plan) if table is None else table)
    root = root_seed(resolved, task.data_hash)
    return Exam(plan=resolved, task=task, folds=draw_folds(task, resolved, root), root=root)


def _resume(progress: Progress, store: UnitStore, keys: Keys) -> tuple[Unit, ...]:
    """Takes every stored outcome; the units still to do."""
    todo = []
    for unit in progress.units():
        found = store.load(keys.of(unit))
        if found is None:
            todo.append(unit)
        else:
            progress.add(unit, found)
    return tuple(todo)


def _outcomes(exam: Exam, todo: Sequence[Unit], jobs: int | None) -> Iterator[tuple[Unit, Outcome]]:
    if not todo:
        return
    engine = LocalEngine(exam, jobs)
    try:
        yield from engine.run(todo)
    finally:
        engine.close()
