"""The placebo lane: the ladder, with few trials, on targets that nobody can know. What it finds there is a leak."""

from collections.abc import Callable
from dataclasses import replace

from kiss_bench.errors import DataError, FoldError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.ladder import judge
from kiss_bench.plan.plan import Plan, Step
from kiss_bench.records.board import FOUND, PlaceboDraw, PlaceboFacts
from kiss_bench.runs.execution import Beside, run_beside
from kiss_bench.runs.judging import candidates_of, check_judgeable, predictions_of, terms_of
from kiss_bench.runs.units import Progress, rung_facts
from kiss_bench.tasks.fold_checks import check_drawn, check_inner
from kiss_bench.tasks.placebo import DRAWS, how_moved, placebo_task
from kiss_bench.tasks.seeds import other_root
from kiss_bench.tasks.task import Task

MOST_TRIALS = 5
ENOUGH = 2
"""Draws of DRAWS in which a rung must find something to be LEAKING: by chance one in twenty does, in one draw."""
MOST_ATTEMPTS = 20
YARDSTICK = "dummy"

Remake = Callable[[Task], Task]
"""Makes features that are made of raw rows again, with the target of this task in those rows."""


def as_they_are(task: Task) -> Task:
    """For tables whose features are read, not made."""
    return task


def placebo_plan(plan: Plan) -> Plan:
    """Few trials, one repeat, any gain at all over the dummy; the dummy is on it even where it was skipped.

    Rungs that predict the target from its own past are left out: a shift in time leaves that past as it is.
    """
    steps = [step for step in plan.ladder if not rung_facts(step).needs_time]
    ladder = tuple(replace(step, trials=min(step.trials, MOST_TRIALS)) for step in steps)
    if not any(step.name == YARDSTICK for step in ladder):
        ladder = (Step(name=YARDSTICK, level=0.0, trials=0), *ladder)
    return replace(
        plan,
        metric=replace(plan.metric, margin=0.0, margin_unit="absolute", also=()),
        folds=replace(plan.folds, repeats=1),
        tuning=replace(plan.tuning, trials=min(plan.tuning.trials, MOST_TRIALS), control=None),
        ladder=ladder,
        skip={},
    )


def placebo_exam(exam: Exam, draw: int, remake: Remake = as_they_are) -> Exam:
    """The exam on placebo target number `draw` (from 0): the same rows, the same first repeat of the folds.

    Raises FoldError or DataError where none of the targets drawn can be judged on these folds.
    """
    plan, root = placebo_plan(exam.plan), other_root(exam.root, "placebo", draw)
    folds = replace(exam.folds, splits=exam.folds.of(0))
    for attempt in range(MOST_ATTEMPTS):
        task = remake(placebo_task(exam.task, exam.folds, exam.root, draw, attempt))
        made = Exam(plan=plan, task=task, folds=folds, root=root)
        try:
            check_drawn(task, plan, folds.splits)
            check_inner(task, plan, folds.splits, root)
            check_judgeable(made)
        except (FoldError, DataError):
            if attempt == MOST_ATTEMPTS - 1:
                raise
        else:
            return made
    raise AssertionError  # there is at least one attempt


def placebo_facts(exam: Exam, beside: Beside, remake: Remake = as_they_are) -> PlaceboFacts:
    """Runs all draws. A rung that fails on one of them has no score there, which is no fault of the run."""
    draws = tuple(_drawn(exam, draw, beside, remake) for draw in range(DRAWS))
    trials = 0 if beside.quick else max((step.trials for step in placebo_plan(exam.plan).ladder), default=0)
    rungs = [step.name for step in placebo_plan(exam.plan).ladder]
    leaking = tuple(rung for rung in rungs if sum(_found(draw, rung) for draw in draws) >= ENOUGH)
    return PlaceboFacts(how=_how(exam, draws), trials=trials, draws=draws, leaking=leaking)


def _drawn(exam: Exam, draw: int, beside: Beside, remake: Remake) -> PlaceboDraw:
    try:
        made = placebo_exam(exam, draw, remake)
    except (FoldError, DataError):
        nothing = dict.fromkeys(step.name for step in placebo_plan(exam.plan).ladder)
        return PlaceboDraw(seed=other_root(exam.root, "placebo", draw), scores=nothing, chances=nothing)
    progress, _ = run_beside(beside, made, f"placebo {draw + 1} of {DRAWS}", failures_told=False)
    return weighed(progress)


def weighed(progress: Progress) -> PlaceboDraw:
    """Every rung against the dummy, by the arm that climbs."""
    exam = progress.exam
    said, terms = predictions_of(progress), terms_of(exam)
    candidates = candidates_of(progress)
    dummy = next(one for one in candidates if one.rung == YARDSTICK)
    judged = [judge((dummy, one), said, terms).entries[-1] for one in candidates if one is not dummy]
    scores = {entry.rung: entry.score for entry in (judge((dummy,), said, terms).entries[0], *judged)}
    chances = {entry.rung: entry.comparison.p_gain if entry.comparison else None for entry in judged}
    return PlaceboDraw(seed=exam.root, scores=scores, chances={YARDSTICK: None, **chances})


def _found(draw: PlaceboDraw, rung: str) -> bool:
    chance = draw.chances.get(rung)
    return chance is not None and chance >= FOUND


def _how(exam: Exam, draws: tuple[PlaceboDraw, ...]) -> str:
    said = [how_moved(exam.task, exam.folds)]
    if left := [step.name for step in exam.plan.ladder if rung_facts(step).needs_time]:
        said.append(f"Left out: {', '.join(left)}, which predicts a target from its own past.")
    if lost := sum(all(score is None for score in draw.scores.values()) for draw in draws):
        said.append(f"{lost} of {len(draws)} targets could not be judged on these folds.")
    return " ".join(said)
