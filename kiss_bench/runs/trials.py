"""What the trials of studies tell: whether a record is whole, the best, what more of them buy, and what mattered."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import comb, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from kiss_bench.evaluation.exam import Outcome, Trial
from kiss_bench.records.tuning import BudgetPoint, Importance
from kiss_bench.rungs import Parameter
from kiss_bench.tuning.sampling import distribution_of, holds, importance_shares, is_active


def lacks(space: Sequence[Parameter], asked: int, outcome: Outcome) -> str:
    """What the record of a study lacks, in words; empty where it is whole.

    `space` is the rung's, without what a validation curve teaches; `asked` is the budget in trials.
    """
    trials, told = outcome.trials, []
    if len(trials) != asked and outcome.stopped_by != "timeout":
        told.append(f"{len(trials)} of {asked} trials")
    if [trial.number for trial in trials] != list(range(len(trials))):
        told.append("trials without a gap in their numbers")
    missing = [name for name in ("study", "estimator", "inner") if name not in outcome.seeds]
    told += [f"the seed of the {name}" for name in missing]
    told += [] if outcome.inner_hash else ["the hash of the inner folds"]
    told += [] if outcome.studied_rows and outcome.started else ["the number of its rows and when it began"]
    outside = trials_outside(space, trials)
    told += [f"trial {trial.number}: {fault}" for trial in trials if (fault := _fault(trial, outside))]
    return "; ".join(told[:3]) + (f" (and {len(told) - 3} more)" if len(told) > 3 else "")


def _fault(trial: Trial, outside: Collection[int]) -> str:
    if trial.state != "FAIL" and (trial.value is None or not trial.inner_values):
        return "its value"
    if trial.state == "FAIL" and not trial.error:
        return "the class of its error"
    return "parameters of the declared space" if trial.number in outside else ""


def trials_outside(space: Sequence[Parameter], trials: Sequence[Trial]) -> set[int]:
    """Numbers of sampled trials with a value outside its range, or without an active parameter: no sampler would say.

    Trial 0, the default settings, may be anywhere.
    """
    known = {line.name: distribution_of(line) for line in space}
    return {trial.number for trial in trials if trial.number > 0 and _is_outside(space, known, trial)}


def _is_outside(space: Sequence[Parameter], known: Mapping[str, Any], trial: Trial) -> bool:
    for line in space:
        if line.name not in trial.params:
            if is_active(line, trial.params):
                return True
        elif not holds(known[line.name], trial.params[line.name]):
            return True
    return False


def best_trials(trials: Sequence[Trial], *, maximise: bool) -> list[Trial]:
    """The complete trials, best first, the lowest number where several have one value."""
    complete = [trial for trial in trials if trial.state == "COMPLETE" and trial.value is not None]
    sign = -1.0 if maximise else 1.0
    return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


MARKS = (1, 2, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
"""Numbers of trials at which a curve is shown, and the budget itself."""
Floats = NDArray[np.float64]


def marks_of(budget: int) -> tuple[int, ...]:
    return tuple(sorted({mark for mark in MARKS if mark < budget} | {budget})) if budget > 0 else ()


def best_so_far(trials: Sequence[Trial], *, maximise: bool) -> Floats:
    """(n,) best value among the complete trials up to each; the worst there is while none was completed."""
    sign = 1.0 if maximise else -1.0
    values = [sign * t.value if t.state == "COMPLETE" and t.value is not None else -np.inf for t in trials]
    return sign * np.maximum.accumulate(np.array(values, dtype=np.float64))


def budget_curve(studies: Sequence[Sequence[Trial]], budget: int, *, maximise: bool) -> tuple[BudgetPoint, ...]:
    """Gain of the best so far over trial 0 at each mark: mean over studies, lowest and highest.

    Adaptive samplers choose each trial by those before, so their trials cannot be drawn again in another order: what
    is shown is how far each study had come. Studies without a value for trial 0 are left out.
    """
    sign = 1.0 if maximise else -1.0
    rows = []
    for trials in studies:
        if trials and trials[0].state == "COMPLETE" and trials[0].value is not None:
            gains = sign * (best_so_far(trials, maximise=maximise) - trials[0].value)
            rows.append([gains[min(mark, len(gains)) - 1] for mark in marks_of(budget)])
    return _points(np.array(rows, dtype=np.float64), marks_of(budget))


def random_curve(studies: Sequence[Sequence[Trial]], budget: int, *, maximise: bool) -> tuple[BudgetPoint, ...]:
    """Expected gain over trial 0 of the best of trial 0 and m - 1 random trials, drawn without replacement.

    With the n values in descending order, the best of k drawn is the i-th with probability C(n - i, k - 1) / C(n, k):
    the unbiased estimate (Tang et al. 2020, arXiv 2004.13705, against the biased one with replacement). Valid for
    independent trials alone, that is, for random search. Trials that were pruned or failed have no value over all inner
    folds, so they count as no gain; they were given up since they were worse than the best of that time.
    """
    sign, rows = (1.0 if maximise else -1.0), []
    for trials in studies:
        if not trials or trials[0].value is None or trials[0].state != "COMPLETE":
            continue
        values = [t.value if t.state == "COMPLETE" and t.value is not None else trials[0].value for t in trials[1:]]
        gains = [max(sign * (value - trials[0].value), 0.0) for value in values]
        rows.append([expected_best(gains, mark - 1) for mark in marks_of(budget)])
    return _points(np.array(rows, dtype=np.float64), marks_of(budget))


def expected_best(values: Sequence[float], drawn: int) -> float:
    """Mean of the largest of `drawn` of these values, over all ways to draw them; 0 of none."""
    n, k = len(values), min(drawn, len(values))
    if k == 0:
        return 0.0
    ordered = sorted(values, reverse=True)
    return float(sum(value * comb(n - place, k - 1) for place, value in enumerate(ordered, 1)) / comb(n, k))


def enough_trials(curve: Sequence[BudgetPoint], margin: float) -> int | None:
    """Fewest trials, of the marks, from which the mean gain is within `margin` of the whole budget's."""
    return next((point.trials for point in curve if curve[-1].gain - point.gain <= margin), None)


def best_at_half(trials: Sequence[Trial], best: int | None) -> bool | None:
    """Whether the best trial was among the first half of the budget; None where none was completed."""
    return None if best is None else best < max(1, len(trials) // 2)


def _points(rows: Floats, marks: Sequence[int]) -> tuple[BudgetPoint, ...]:
    if rows.size == 0:
        return ()
    mean, low, high = rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0)
    return tuple(
        BudgetPoint(trials=mark, gain=float(mean[i]), low=float(low[i]), high=float(high[i]))
        for i, mark in enumerate(marks)
        if isfinite(mean[i])
    )


ENOUGH = 50
"""Complete trials from which shares are called reliable: a tenth of them, five, are then the best ones compared."""
EVALUATOR = (
    "PedAnovaImportanceEvaluator, the best tenth against all (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255)"
)


def importance_of(
    space: Sequence[Parameter], studies: Sequence[Sequence[Trial]], *, maximise: bool, sampled: str
) -> Importance:
    """Shares over the trials of all studies, by the rank of each in its study, since every study has its own rows.

    `sampled` names how the trials were chosen. Trial 0, repeated, pruned and failed trials are left out.
    """
    sign = -1.0 if maximise else 1.0
    found: list[tuple[Mapping[str, Any], float]] = []
    for trials in studies:
        used = [t for t in trials[1:] if t.state == "COMPLETE" and t.value is not None and t.duplicate_of is None]
        ranks = rankdata([sign * (t.value or 0.0) for t in used]) if used else ()
        found += [(t.params, float(rank) / len(used)) for t, rank in zip(used, ranks, strict=True)]
    total = sum(len(trials) for trials in studies)
    shares = importance_shares(space, found) if len(space) > 1 or not found else {line.name: 1.0 for line in space}
    caveats = [f"the trials were chosen by {sampled}"]
    if sampled == "tpe":
        caveats[0] += ", which looks where it was good before: what it soon settled seems to matter less"
    if any(line.when for line in space):
        names = ", ".join(line.name for line in space if line.when)
        caveats.append(f"searched only at some values of others, and compared where they were: {names}")
    if len(found) < ENOUGH:
        caveats.append(f"not reliable: {len(found)} complete trials, and it takes {ENOUGH}")
    return Importance(
        evaluator=EVALUATOR,
        seed="none, it draws nothing",
        trials=len(found),
        excluded=1.0 - len(found) / total if total else 0.0,
        reliable=len(found) >= ENOUGH,
        caveats=tuple(caveats),
        shares=shares,
    )


ABSENT = "not there"
SCALARS = ("state", "value", "error", "seed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One trial that came out otherwise."""

    trial: int
    what: str
    """The first thing that differs: state, params, inner value 0, value, …"""
    then: Any
    now: Any
    size: float | None
    """Largest difference of a value or parameter of this trial; None where what differs has no size."""

    def __str__(self) -> str:
        by = "" if self.size is None else f" (a difference of {self.size:.3g})"
        return f"trial {self.trial}: {self.what} {self.then!r} then, {self.now!r} now{by}"


def differences(then: Sequence[Trial], now: Sequence[Trial]) -> list[Difference]:
    """One entry a trial that differs, in order; a trial that only one side has counts as one."""
    found = [told for old, new in zip(then, now, strict=False) if (told := _difference(old, new))]
    gone = [Difference(trial=t.number, what="state", then=t.state, now="none", size=None) for t in then[len(now) :]]
    new = [Difference(trial=t.number, what="state", then="none", now=t.state, size=None) for t in now[len(then) :]]
    return [*found, *gone, *new]


def _difference(old: Trial, new: Trial) -> Difference | None:
    pairs = [*_parameters(old, new), *_inner_values(old, new)]
    pairs += [(name, getattr(old, name), getattr(new, name)) for name in SCALARS]
    unequal = [(what, a, b) for what, a, b in pairs if json.dumps(a) != json.dumps(b)]  # 1 is not true, NaN is NaN
    if not unequal:
        return None
    sizes = [abs(a - b) for what, a, b in unequal if what != "seed" and _is_number(a) and _is_number(b)]
    what, a, b = unequal[0]
    return Difference(trial=old.number, what=what, then=a, now=b, size=max(sizes, default=None))


def _parameters(old: Trial, new: Trial) -> list[tuple[str, Any, Any]]:
    """By name; through JSON, which a stored trial has been through."""
    a, b = (json.loads(json.dumps(dict(trial.params), default=str)) for trial in (old, new))
    return [(f"parameter {name}", a.get(name, ABSENT), b.get(name, ABSENT)) for name in dict.fromkeys([*a, *b])]


def _inner_values(old: Trial, new: Trial) -> list[tuple[str, Any, Any]]:
    a, b = old.inner_values, new.inner_values
    shared = [(f"inner value {fold}", one, other) for fold, (one, other) in enumerate(zip(a, b, strict=False))]
    return [*shared, ("number of inner values", len(a), len(b))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
