"""Models of a run that has ended, fitted again to be looked at: what their columns are worth, and what they learnt."""

import warnings
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any, TypeVar

from kiss_bench.diagnostics.importance import MOST_COLUMNS, Refit, importance, strongest_columns
from kiss_bench.diagnostics.readings import READERS, Subject, reading
from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Outcome
from kiss_bench.judge.predictions import whole_repeats
from kiss_bench.metrics import Metric
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import Importance, Reading
from kiss_bench.records.json import plain_json
from kiss_bench.runs.board import all_outcomes
from kiss_bench.runs.execution import Event, Watch
from kiss_bench.runs.pipelines import Pipelines, arm_for_all_rows
from kiss_bench.runs.tuning_record import unit_facts
from kiss_bench.runs.units import Progress, rung_facts

ENOUGH_TESTED = 2_000
"""Test rows after which no other fold is fitted again."""
WORTH_TELLING = 2.0
"""Seconds from which a fit is told to whoever watches."""
WITHOUT_COLUMNS = ("dummy", "naive")
"""Rungs that look at no feature."""

Found = TypeVar("Found")


class Refitting:
    """Fits what is looked at; `notes` say what is left out, and why. Nothing that a model raises ends the run."""

    def __init__(self, progress: Progress, board: Board, watch: Watch) -> None:
        self.progress, self.board, self.watch = progress, board, watch
        self.notes: list[str] = []
        if progress.quick:
            self.notes.append("No model is fitted again after a first look at default settings (--quick).")

    @cached_property
    def pipelines(self) -> Pipelines:
        """As `kiss_bench.estimator` has them once the folder is written."""
        units = [plain_json(unit_facts(one)) for one in all_outcomes(self.progress) if one.status == "ok"]
        return Pipelines(self.progress.exam, units, "this run")

    def importance(self, metric: Metric) -> Importance | None:
        """Of the columns to the recommended rung, by its own models of repeat 0."""
        chosen, exam = self.board.recommended, self.progress.exam
        if chosen is None:
            self.notes.append("No rung is recommended, so that none is looked at.")
        if chosen is None or self.progress.quick:
            return None
        if chosen.rung in WITHOUT_COLUMNS:
            self.notes.append(f"No column matters to {chosen.rung}, which looks at none.")
            return None
        step = self._step(chosen.rung)
        outcomes = list(self._first_folds(step, _arm(chosen.arm)))
        self._tell(f"what {step.name} makes of each column", outcomes)
        columns = strongest_columns(exam, exam.tested)
        found = self._attempt(
            "What columns are worth is left out",
            lambda: importance(exam, metric, [self._refit(step, outcome) for outcome in outcomes], columns),
        )
        if found is not None and len(columns) < len(exam.task.columns):
            self.notes.append(
                f"{MOST_COLUMNS} of {len(exam.task.columns):,} columns are dealt anew, those that alone say most."
            )
        return found

    def readings(self) -> tuple[Reading, ...]:
        """Of the simple rungs that stand on the board."""
        if self.progress.quick:
            return ()
        found = []
        for row in self.board.rungs:
            step = next((one for one in self.progress.exam.plan.ladder if one.name == row.rung), None)
            if step is None or row.status != "ok" or step.estimator is not None or row.rung not in READERS:
                continue
            arm = arm_for_all_rows(row.rung, plain_json(self.board.recommended), {row.rung: row.arm})
            self._tell(f"what {row.rung} learnt", list(self._outcomes(step, arm))[:1])
            made = self._attempt(f"What {row.rung} learnt is left out", partial(self._read, step, arm))
            found += [made] if made is not None else []
        return tuple(found)

    def _read(self, step: Step, arm: Arm) -> Reading:
        pipeline = self.pipelines.for_all_rows(step.name, arm)
        return reading(Subject(exam=self.progress.exam, rung=rung_facts(step), arm=arm, pipeline=pipeline))

    def _refit(self, step: Step, outcome: Outcome) -> Refit:
        assert outcome.prediction is not None
        return Refit(
            split=self.progress.exam.split(outcome.repeat, outcome.fold),
            pipeline=self.pipelines.of_unit(step.name, outcome.arm, outcome.repeat, outcome.fold),
            stored=outcome.prediction,
        )

    def _first_folds(self, step: Step, arm: Arm) -> Iterator[Outcome]:
        covered = 0
        for outcome in self._outcomes(step, arm):
            yield outcome
            covered += len(self.progress.exam.split(outcome.repeat, outcome.fold).test)
            if covered >= ENOUGH_TESTED:
                return

    def _outcomes(self, step: Step, arm: Arm) -> tuple[Outcome, ...]:
        """Of repeat 0, all of which are there: the rung stands on the board."""
        return whole_repeats(self.progress.exam, self.progress.found(step, arm))[0]

    def _step(self, rung: str) -> Step:
        return next(step for step in self.progress.exam.plan.ladder if step.name == rung)

    def _tell(self, what: str, outcomes: list[Outcome]) -> None:
        if sum(outcome.costs.fit_seconds for outcome in outcomes) > WORTH_TELLING:
            self.watch(Event(kind="looking", progress=self.progress, reason=what))

    def _attempt(self, otherwise: str, work: Callable[[], Found]) -> Found | None:
        """What the work finds; None with a note where it raises."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence notices: the fit was judged as it is
            tried: Any = attempt(work)
        if tried.failure is not None:
            self.notes.append(f"{otherwise}: {tried.failure.error}: {tried.failure.reason}")
        return tried.found  # type: ignore[no-any-return]


def _arm(arm: str) -> Arm:
    return "tuned" if arm == "tuned" else "default"
