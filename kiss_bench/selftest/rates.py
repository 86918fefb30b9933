"""From draws to rates: how often the judge was wrong, how often it found what is there, and how sure that is."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kiss_bench.errors import KissBenchError
from kiss_bench.selftest.draws import Draw
from kiss_bench.selftest.scenarios import SCENARIOS, Scenario, level_of

Z95 = 1.959963984540054
TOLERANCE = 3.0
"""Monte-Carlo errors by which a rate has to exceed the level before it is a no."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """`count` of `total` draws."""

    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total

    @property
    def error(self) -> float:
        """Monte-Carlo standard error: half of Wilson's interval for z = 1.

        The binomial sqrt(p (1 - p) / n) wherever counts are not small, and not 0 where none, or all, were counted.
        """
        return (self.interval(1.0)[1] - self.interval(1.0)[0]) / 2.0

    def interval(self, z: float = Z95) -> tuple[float, float]:
        """Give Wilson's score interval (Wilson 1927), two-sided 95 % unless z says otherwise."""
        n, p = self.total, self.share
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def exceeds(self, level: float) -> bool:
        """Tell whether the rate is above the level by more than Monte Carlo can explain."""
        return self.share - TOLERANCE * self.error > level


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioRates:
    """What became of the draws of one scenario; a rate is None where the scenario does not ask for it."""

    scenario: str
    draws: int
    refused: int
    """Draws whose table could not be judged; they count in no rate."""
    reason: str
    """Why the first of those could not."""
    level: float
    """Chance of an unjustified promotion that the judge claims at most."""
    needless: Rate | None
    needless_by_mean: Rate | None
    """The same for "highest mean wins" on the same draws."""
    found: Rate | None
    found_by_mean: Rate | None

    @property
    def too_many(self) -> bool:
        return self.needless is not None and self.needless.exceeds(self.level)


def rates_of(draws: Iterable[Draw]) -> tuple[ScenarioRates, ...]:
    """Count the draws of every scenario, in the order of the table.

    Raises KissBenchError where no table of a scenario could be judged.
    """
    found = list(draws)
    by_name = {name: [draw for draw in found if draw.scenario == name] for name in SCENARIOS}
    return tuple(_rates(SCENARIOS[name], each) for name, each in by_name.items() if each)


def needless(scenario: Scenario, draw: Draw) -> bool:
    """Tell whether the judge recommended a rung that the scenario has no use for."""
    above = level_of(scenario, draw.recommended) > level_of(scenario, scenario.truth)
    return above and (not scenario.over_truth or draw.over == scenario.truth)


def together(rates: Iterable[Rate | None]) -> Rate:
    known = [rate for rate in rates if rate is not None]
    return Rate(count=sum(rate.count for rate in known), total=sum(rate.total for rate in known))


def _rates(scenario: Scenario, draws: Sequence[Draw]) -> ScenarioRates:
    judged = [draw for draw in draws if not draw.refused]
    reasons = [draw.refused for draw in sorted(draws, key=lambda draw: draw.number) if draw.refused]
    if not judged:
        raise KissBenchError(f"none of {len(draws)} simulated tables ({scenario.title}) can be judged: {reasons[0]}")
    truth, base = level_of(scenario, scenario.truth), scenario.rungs[0][0]
    asked = scenario.truth != base
    return ScenarioRates(
        scenario=scenario.name,
        draws=len(judged),
        refused=len(reasons),
        reason=reasons[0] if reasons else "",
        level=max(draw.level for draw in judged),
        needless=_rate(needless(scenario, draw) for draw in judged) if scenario.needless else None,
        needless_by_mean=(
            _rate(level_of(scenario, draw.highest) > truth for draw in judged) if scenario.needless else None
        ),
        found=_rate(level_of(scenario, draw.recommended) >= truth for draw in judged) if asked else None,
        found_by_mean=_rate(level_of(scenario, draw.highest) >= truth for draw in judged) if asked else None,
    )


def _rate(hits: Iterable[bool]) -> Rate:
    counted = [bool(hit) for hit in hits]
    return Rate(count=sum(counted), total=len(counted))
