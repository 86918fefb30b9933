"""How long the rest of a run should take, from what its units have cost so far."""

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean

from kiss_bench.evaluation.exam import Unit
from kiss_bench.plan.plan import Step
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
