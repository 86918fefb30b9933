"""Exams beside the real one: the same ladder on other targets or other folds, from the same store and workers."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

from kiss_bench.engines import Workforce
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.judgement import Judgement
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import UnitStore
from kiss_bench.runs.filling import Event, Filling, Watch
from kiss_bench.runs.stopping import interruptible
from kiss_bench.runs.units import Progress


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
