"""Units are run: which one next, from the store or by workers, how long the rest takes; and exams beside it."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean
from typing import Literal, Self

from kiss_bench.engines import Engine, Workforce
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.judge.judgement import Judged, Judgement
from kiss_bench.plan.plan import Step
from kiss_bench.records.board import Board
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import Damage, UnitStore
from kiss_bench.runs.board import board_of
from kiss_bench.runs.judging import ask_again, judge_at_level, judge_progress
from kiss_bench.runs.stopping import interruptible
from kiss_bench.runs.units import Progress, rung_facts
from kiss_bench.tuning.search import missing_members, trial_settings_of

INNER_SHARE = 0.5
"""A first guess at the cost of a trial's fit against an outer one: two thirds of the rows, and a third is pruned."""


def seconds_left(progress: Progress, todo: Sequence[Unit], jobs: int) -> float | None:
    """Seconds of work left over `jobs` workers; None before every rung still to come has been fitted once.

    Never less than the longest unit takes: however many workers there are, it keeps one of them as long.
    """
    left = [unit for unit in todo if unit.place not in progress.outcomes]
    costs = [_cost(progress, unit) for unit in left]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return max(sum(known) / max(min(jobs, len(left)), 1), max(known, default=0.0))


def slowest_first(progress: Progress, units: Sequence[Unit]) -> Iterator[Unit]:
    """The units one by one, each time the one that should take longest by what is known when it is asked for.

    Default fits come first: they are the first table, and their price is that of the rest. A kind of unit whose price
    is not known yet counts as the longest; of several, the first in the order given.
    """
    left = list(units)
    while left:
        fits = [unit for unit in left if unit.purpose == "fit"]
        chosen = _dearest(progress, fits or left)
        left.remove(chosen)
        yield chosen


def _dearest(progress: Progress, units: Sequence[Unit]) -> Unit:
    """The unit of the highest price, asked once a kind; the first of several."""
    found = {(unit.step.name, unit.purpose): _cost(progress, unit) for unit in _one_a_kind(units)}
    prices = {kind: math.inf if price is None else price for kind, price in found.items()}
    return max(units, key=lambda unit: prices[unit.step.name, unit.purpose])


def _one_a_kind(units: Sequence[Unit]) -> Iterable[Unit]:
    return {(unit.step.name, unit.purpose): unit for unit in units}.values()


def _cost(progress: Progress, unit: Unit) -> float | None:
    """Seconds of one unit: the mean of its kind so far; a study not seen yet counts its fits at the default's price."""
    done = [found for found in progress.outcomes.values() if found.rung == unit.step.name and found.status == "ok"]
    same = [found.costs.unit_seconds for found in done if found.purpose == unit.purpose]
    if same:
        return mean(same)
    fits = [found.costs.unit_seconds for found in done if found.purpose == "fit"]
    if not fits:
        return None
    inner = progress.exam.plan.folds.inner
    if unit.purpose == "inner":
        return mean(fits) * inner
    return mean(fits) * (1 + inner * unit.step.trials * _trial_share(progress, unit.step))


def _trial_share(progress: Progress, step: Step) -> float:
    """What a fit of a trial costs, as a share of the outer fit: fewer rows, and for a forest fewer trees."""
    rung = rung_facts(step)
    full = {**rung.defaults(progress.exam.task.kind), **step.settings}
    return INNER_SHARE * (1.0 - missing_members(rung, full, {**full, **trial_settings_of(rung, step)}))


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What such an exam shares with the real one."""

    store: UnitStore
    workforce: Workforce
    watch: Watch
    quick: bool = False
    finishing: bool = False


def run_beside(beside: Beside, exam: Exam, what: str, *, failures_told: bool) -> tuple[Progress, Judgement]:
    """Runs what is not in the store; `what` is told when it begins, and no board of it is shown.

    Raises KeyboardInterrupt once the units under way are stored, where it is asked to finish.
    """
    progress = Progress(exam=exam, quick=beside.quick)
    filling = Filling(progress, Keys(exam), beside.store, beside.workforce)
    filling.boards = False
    finish = partial(filling.finish, beside.watch)
    with interruptible(finish) if beside.finishing else nullcontext(), filling:
        judgement = filling.to_the_end(partial(_tell, beside.watch, what, failures_told))
    return progress, judgement


def _tell(watch: Watch, what: str, failures_told: bool, event: Event) -> None:  # noqa: FBT001  (bound by partial)
    if event.kind == "planned":
        event = replace(event, kind="beside", reason=what)
    elif event.kind == "unit" and not failures_told:
        event = replace(event, outcome=None)
    watch(event)
