"""Gets the outcome of every unit that a progress asks for: from the store where it is there, else from workers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from kiss_bench.engines import Engine, Workforce
from kiss_bench.evaluation.exam import Outcome, Unit
from kiss_bench.judge.judgement import Judged, Judgement
from kiss_bench.records.board import Board
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import Damage, UnitStore
from kiss_bench.runs.board import board_of
from kiss_bench.runs.judging import ask_again, judge_at_level, judge_progress
from kiss_bench.runs.remaining import slowest_first
from kiss_bench.runs.units import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that a watcher may want to show."""

    kind: Literal[
        "planned",
        "unit",
        "board",
        "contested",
        "damaged",
        "stopping",
        "beside",
        "looking",
        "exported",
        "rerun",
        "warning",
        "done",
    ]
    progress: Progress
    todo: tuple[Unit, ...] = ()
    """`planned`, `contested`, `beside`: the units that are not in the store."""
    workers: int = 0
    """`planned`: how many units run at a time."""
    stored: int = 0
    """`contested`: how many of the units that this adds are in the store."""
    contested: Judged | None = None
    """`contested`: the rung that is run again, with its incumbent, on more repeats of the folds."""
    reason: str = ""
    """`damaged`: what is wrong with the stored unit, which is run again; `exported`, `rerun`, `warning`: the whole
    sentence;
    `looking`: what is fitted once more to be looked at; `beside`: which exam beside the real one begins, with `todo`
    and `stored` of its own."""
    under_way: int = 0
    """`stopping`: how many units are still finished."""
    unit: Unit | None = None
    outcome: Outcome | None = None
    board: Board | None = None


Watch = Callable[[Event], None]


class Filling:
    """A context in which a progress is filled; its workers start when the first unit has to be run."""

    def __init__(self, progress: Progress, keys: Keys, store: UnitStore, workforce: Workforce) -> None:
        self.progress, self.keys, self.store, self.workforce = progress, keys, store, workforce
        self.resumed = False
        """Whether any unit was in the store."""
        self.ran = 0
        """How many units were run."""
        self.engine: Engine | None = None
        self.stopping = False
        """Whether the run ends with the units under way."""
        self.boards = True
        """Whether a board is made and told as the work goes on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.engine is not None:
            self.engine.close()

    def finish(self, watch: Watch) -> bool:
        """Lets the units under way end and begins no other; False where none is. A signal handler may call it."""
        under_way = self.engine.finish() if self.engine is not None else 0
        self.stopping = under_way > 0
        if self.stopping:
            watch(Event(kind="stopping", progress=self.progress, under_way=under_way))
        return self.stopping

    def to_the_end(self, watch: Watch) -> Judgement:
        """Runs what is missing and judges; while a pair is contested, runs its other repeats and judges again.

        Raises KeyboardInterrupt once the units are in that were under way when it was asked to finish.
        """
        progress = self.progress
        opening = Event(kind="planned", progress=progress, workers=self.workforce.size)
        self._fill(self._missing(), opening, watch)
        judgement = judge_at_level(progress)
        while (entry := ask_again(progress, judgement)) is not None:
            self._fill(self._missing(), Event(kind="contested", progress=progress, contested=entry), watch)
            judgement = judge_at_level(progress)
        return judgement

    def _missing(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.progress.units() if unit.place not in self.progress.outcomes)

    def _fill(self, missing: Sequence[Unit], opening: Event, watch: Watch) -> None:
        todo, damaged = self._resume(missing)
        stored = len(missing) - len(todo)
        self.resumed = self.resumed or stored > 0
        watch(replace(opening, todo=todo, stored=stored))
        progress = self.progress
        for unit, damage in damaged:
            watch(Event(kind="damaged", progress=progress, unit=unit, reason=damage.reason))
        for unit, outcome in self._outcomes(todo):
            if outcome.status == "ok":
                self.store.save(self.keys.of(unit), outcome)
            progress.add(unit, outcome)
            self.ran += 1
            watch(Event(kind="unit", progress=progress, unit=unit, outcome=outcome))
            if self.boards and progress.whole_rung_ended(unit):
                watch(Event(kind="board", progress=progress, board=board_of(progress, judge_progress(progress))))
        if self.stopping:
            raise KeyboardInterrupt

    def _resume(self, missing: Sequence[Unit]) -> tuple[tuple[Unit, ...], list[tuple[Unit, Damage]]]:
        """Takes every stored outcome; the units still to do, and those of them whose stored outcome is damaged."""
        todo, damaged = [], []
        for unit in missing:
            found = self.store.load(self.keys.of(unit))
            if isinstance(found, Outcome):
                self.progress.add(unit, found)
                continue
            todo.append(unit)
            if found is not None:
                damaged.append((unit, found))
        return tuple(todo), damaged

    def _outcomes(self, todo: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        if todo:
            self.engine = self.engine or self.workforce.engine(self.progress.exam)
            yield from self.engine.run(slowest_first(self.progress, todo))
