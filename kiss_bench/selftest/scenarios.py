"""The four worlds that a self-test simulates, as a table: what is true in each, and which ladder climbs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from kiss_bench.plan.plan import Step, TaskKind
from kiss_bench.selftest.shape import Shape

HALF = "kiss_bench.selftest.halves:half"
GATE = (1.0, -0.5)
"""What the effects of the gated columns are multiplied by, where the gate column is above zero and where it is not."""
MOST_REMOVED, MOST_REMOVED_BY_HALF = 0.9, 0.45

Signal = Literal["none", "half", "gated", "both"]
"""none: nothing · half: the first half of the columns, additively · gated: two columns whose effects turn round with
the sign of a third · both: all columns, additively, so that either half is worth the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One world. `removes` is the share of the dummy's loss, on top of the margin, that its truth removes."""

    name: str
    title: str
    what: str
    signal: Signal
    removes: float
    truth: str
    """The simplest rung that nothing above it can beat, or from which on the world can be seen."""
    rungs: tuple[tuple[str, float], ...]
    """Rungs of the ladder with their levels."""
    needless: bool
    """Whether a rung above the truth is one too many."""
    over_truth: bool = False
    """Whether it is one too many only where it was promoted over the truth itself: on its own it is as good."""


SHIPPED = (("dummy", 0.0), ("linear", 2.0), ("tree", 4.0), ("boosting", 6.0))
HALVES = (("dummy", 0.0), ("first", 1.0), ("second", 2.0))

_TABLE = (
    Scenario(
        name="noise",
        title="no rung helps",
        what="The target has nothing to do with any column.",
        signal="none",
        removes=0.0,
        truth="dummy",
        rungs=SHIPPED,
        needless=True,
    ),
    Scenario(
        name="linear",
        title="linear is the truth",
        what="Half of the columns act additively: a linear (logistic, softmax) model is exactly right.",
        signal="half",
        removes=0.25,
        truth="linear",
        rungs=SHIPPED,
        needless=True,
    ),
    Scenario(
        name="interactions",
        title="interactions are real",
        what="Two columns act, and a third one decides by its sign in which direction and how much "
        f"({GATE[0]:g} above zero, {GATE[1]:g} below).",
        signal="gated",
        removes=0.3,
        truth="tree",
        rungs=SHIPPED,
        needless=False,
    ),
    Scenario(
        name="equal",
        title="two equal rungs",
        what="Either half of the columns says the same about the target, and two linear rungs see one half each: "
        "they are equally good, and the second stands above the first.",
        signal="both",
        removes=0.2,
        truth="first",
        rungs=HALVES,
        needless=True,
        over_truth=True,
    ),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _TABLE})


def removed_share(scenario: Scenario, shape: Shape) -> float:
    """Share of the dummy's loss that the truth removes in this shape: the scenario's own on top of the margin."""
    if scenario.signal == "none":
        return 0.0
    most = MOST_REMOVED_BY_HALF if scenario.signal == "both" else MOST_REMOVED
    return min(shape.margin_share + scenario.removes, most)


def ladder_of(scenario: Scenario, kind: TaskKind) -> tuple[Step, ...]:
    """Steps of the scenario's ladder: default settings, nothing to tune."""
    return tuple(_step(scenario, kind, name, level) for name, level in scenario.rungs)


def level_of(scenario: Scenario, rung: str) -> float:
    return dict(scenario.rungs)[rung]


def _step(scenario: Scenario, kind: TaskKind, name: str, level: float) -> Step:
    if scenario.rungs != HALVES or name == "dummy":
        return Step(name=name, level=level, trials=0)
    settings = {"which": name, "task": kind}
    return Step(name=name, level=level, estimator=HALF, settings=settings, trials=0)
