"""Two tables of trials of one study, side by side: equal, or where they first differ and by how much."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kiss_bench.evaluation.exam import Trial

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
