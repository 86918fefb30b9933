"""What a run would do, said before it does it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tabulate import tabulate

from kiss_bench.evaluation.arithmetic import level_here
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.thresholds import threshold_metric
from kiss_bench.judge.power import SPREADS, Outlook, dummy_loss, expected_sd, smallest_gain
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import Step
from kiss_bench.reports.checks import audit_lines
from kiss_bench.runs.board import notes_of
from kiss_bench.runs.judging import terms_of
from kiss_bench.runs.placebo import placebo_plan
from kiss_bench.runs.units import Progress, arms_of, escalates, repeats_drawn, repeats_of_all, rung_facts
from kiss_bench.tasks.audit import Audit
from kiss_bench.tasks.placebo import DRAWS

POLICIES = {
    "fallback": "every rung has its share of alpha, and one that is promoted hands its level on",
    "strict": "one level for all pairs of rungs, which keeps alpha on any path up the ladder",
    "per_step": "alpha for every rung; what that makes of the whole ladder is told, not held",
}
"""Multiplicity, in words."""


def planned_text(exam: Exam, audit: Audit) -> str:
    """Ladder, folds, number of fits, what the audit found, and the smallest gain that these rows can show."""
    plan, task = exam.plan, exam.task
    splits = exam.folds.of(0)
    table = [_line(exam, step) for step in plan.ladder]
    skipped = [f"skipped: {name}: {reason}" for name, reason in plan.skip.items()]
    sizes = _between([len(split.train) for split in splits])
    tests = _between([len(split.test) for split in splits])
    notes = [f"note: {note}" for note in notes_of(exam)]
    return "\n".join(
        [
            f"{plan.project}: {len(task.row_id):,} rows, {len(task.columns)} columns, target {plan.target!r}",
            task.why,
            *notes,
            f"metric: {plan.metric.primary}; margin {plan.metric.margin:g} ({plan.metric.margin_unit})",
            f"folds: {len(splits)} {exam.folds.kind}, training on {sizes} rows, testing on {tests}; {_repeats(exam)}",
            f"multiplicity: {plan.multiplicity} (alpha {plan.alpha:g}): {POLICIES[plan.multiplicity]}",
            f"tuning: by {_sampler(exam)} on {plan.folds.inner} inner folds",
            f"arithmetic: {plan.arithmetic}: {level_here()}",
            f"folds hash {exam.folds.hash[:12]}, root seed {exam.root}",
            "",
            tabulate(table, headers="keys", disable_numparse=True, maxcolwidths=[None, 16, None, None, 36]),
            *skipped,
            "",
            _fits(exam),
            *_beside(exam),
            _power(exam),
            "",
            *audit_lines(audit),
        ]
    )


def _sampler(exam: Exam) -> str:
    tuning = exam.plan.tuning
    settings = ", ".join(f"{name}={value}" for name, value in tuning.sampler_settings.items())
    beside = f", a {tuning.control} search beside it," if tuning.control else ""
    return f"{tuning.sampler}{f' ({settings})' if settings else ''}{beside}"


def _between(sizes: Sequence[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _line(exam: Exam, step: Step) -> dict[str, str]:
    rung = rung_facts(step)
    space = ", ".join(line.name for line in rung.space(exam.task.kind))
    return {
        "level": f"{step.level:g}",
        "rung": step.name,
        "arms": " + ".join(arms_of(exam, step, quick=False)),
        "trials": str(step.trials) if step.trials else "–",
        "tuned": space or "–",
    }


def fits_of(exam: Exam, repeats: int = 1) -> int:
    """Estimators fitted by this many repeats in which nothing is pruned; the stack fits none."""
    inner, total = exam.plan.folds.inner, 0
    fit = 1 if threshold_metric(exam) is None else 1 + inner
    for unit in Progress(exam=exam, quick=False).units():
        if unit.repeat == 0:
            total += {"fit": fit, "inner": inner, "search": 1 + unit.step.trials * inner, "blend": 0}[unit.purpose]
    return repeats * total


def _fits(exam: Exam) -> str:
    fits = f"fits: {fits_of(exam, repeats_of_all(exam)):,} at the most (pruning saves some)"
    more = fits_of(exam, repeats_drawn(exam) - repeats_of_all(exam))
    return f"{fits}, and up to {more:,} more where pairs are contested" if more else fits


def _beside(exam: Exam) -> list[str]:
    """What the placebo lane costs, where the plan asks for it."""
    if not exam.plan.placebo:
        return []
    lane = replace(exam, plan=placebo_plan(exam.plan), folds=replace(exam.folds, splits=exam.folds.of(0)))
    return [f"placebo: {DRAWS * fits_of(lane):,} fits more at the most, {fits_of(lane):,} on each of {DRAWS} targets"]


def _repeats(exam: Exam) -> str:
    if escalates(exam):
        return f"drawn once, and {repeats_drawn(exam) - 1} times more for a pair whose verdict is contested"
    repeats = repeats_of_all(exam)
    return "drawn once" if repeats == 1 else f"drawn {repeats} times"


def _power(exam: Exam) -> str:
    """The smallest gain that can be shown, what that assumes, and where the assumption comes from."""
    terms, rows = terms_of(exam), exam.tested
    actual, name = exam.task.y[rows], METRICS[terms.metric].name
    lines = [f"smallest gain these rows can show, four times in five: {_gains(exam, len(rows))} {name}"]
    for what, codes in (("group", exam.task.group), ("point in time", exam.task.time)):
        if codes is not None and (what == "group") != (exam.folds.kind == "forward"):
            draws = len(np.unique(codes[rows]))
            if draws < len(rows):
                lines.append(
                    f"  if the rows of one {what} are all alike ({draws:,} of them): {_gains(exam, draws)} {name}"
                )
    metric = METRICS[terms.metric]
    unit = "squared error" if metric.pooling in {"root", "ratio"} else name
    loss, sd = dummy_loss(actual, name, 1 if terms.positive is None else terms.positive), expected_sd(actual, terms)
    lines.append(
        f"  assumes that two unlike rungs differ from row to row by {sd:.3g} {unit} (sd): "
        f"from {SPREADS[metric.pooling]:g} of what a constant loses ({loss:.3g}), as on the example results"
    )
    if exam.task.kind == "binary":
        lines.append(f"  {float(np.mean(actual == exam.task.positive)):.1%} of the rows are positive")
    return "\n".join(lines)


def _gains(exam: Exam, draws: int) -> str:
    """About how much the first test shows, and what a pair that is repeated would."""
    terms, rows = terms_of(exam), exam.tested
    rungs = 1 if terms.multiplicity == "per_step" else max(len(exam.plan.ladder) - 1, 1)
    once = exam.folds.kind == "forward" or draws == len(exam.folds.of(0))

    def gain(repeats: int) -> float:
        shape = Outlook(rows=draws, folds=len(exam.folds.of(0)), repeats=repeats, rungs=rungs, once=once)
        return smallest_gain(exam.task.y[rows], terms, shape)

    first = f"about {gain(repeats_of_all(exam)):.3g}"
    return f"{first} ({gain(repeats_drawn(exam)):.3g} where a pair is repeated)" if escalates(exam) else first
