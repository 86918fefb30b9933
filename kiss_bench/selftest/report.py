"""From draws to rates, and what a reader is told of them.

How often the judge was wrong, how often it found what is there, how sure that is; `selftest.md` and `selftest.json`
with everything that one has to know of what the rates were measured on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from kiss_bench import __version__
from kiss_bench.errors import KissBenchError
from kiss_bench.records.keys import library_versions
from kiss_bench.reports.amounts import exact
from kiss_bench.selftest.draws import Draw
from kiss_bench.selftest.scenarios import (
    PERSISTENCE,
    SCENARIOS,
    WITHIN_GROUP,
    WITHIN_TIME,
    Scenario,
    bounded,
    level_of,
    removed_share,
)
from kiss_bench.selftest.shape import Shape

SCHEMA = "kiss-bench/selftest/1"
NOT_ASKED = "–"
READING = (
    "A rate is followed by its Monte-Carlo standard error. *Needless rung*: the judge recommended one above the truth. "
    "*Truth found*: it recommended the truth, or a rung above it. *Highest mean*: what the best mean score of the same "
    "fits would have picked."
)
MOST_CLASSES = 12
"""Class counts beyond these are summed up."""
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


def verdict_sentences(rates: Sequence[ScenarioRates]) -> list[str]:
    """Say how often the judge was wrong, how often it was right, and what picking the highest mean would have done."""
    wrong, by_mean = together(one.needless for one in rates), together(one.needless_by_mean for one in rates)
    told = f"the judge promoted a needless rung in {percent(wrong)} of {wrong.total:,} simulated benchmarks"
    sentences = [
        f"On data of this shape {told}{_real(rates)}.",
        f'"Highest mean wins" would have taken a needless rung in {percent(by_mean)} of the same benchmarks.',
    ]
    sentences += [_too_many(one) for one in rates if one.too_many]
    return sentences + [_refused(one) for one in rates if one.refused]


def rates_table(rates: Iterable[ScenarioRates]) -> list[dict[str, str]]:
    """One line a scenario, the judge's rates with those of "highest mean wins" beside them."""
    return [
        {
            "what is true": SCENARIOS[one.scenario].title,
            "draws": f"{one.draws:,}",
            "needless rung": percent(one.needless),
            "by highest mean": percent(one.needless_by_mean),
            "truth found": percent(one.found),
            "found by highest mean": percent(one.found_by_mean),
        }
        for one in rates
    ]


def shape_lines(shape: Shape) -> list[str]:
    """Say what the simulated tables have in common with the real one."""
    lines = [_rows(shape), _target(shape)]
    if shape.group is not None:
        lines.append(_groups(shape))
    if shape.time is not None:
        points, share = int(shape.time.max()) + 1, f", {WITHIN_TIME:g} within a point in time"
        lines.append(
            f"{points:,} points in time; columns and errors are AR(1) with correlation {PERSISTENCE:g} from one to the "
            f"next{share if points < shape.rows else ''}"
        )
    if shape.weight is not None:
        lines.append("the table's own weights")
    return [*lines, _folds(shape), _judge(shape)]


def selftest_markdown(shape: Shape, rates: Sequence[ScenarioRates], seed: int) -> str:
    """Render the whole report."""
    first, *rest = verdict_sentences(rates)
    table = tabulate(
        rates_table(rates), headers="keys", tablefmt="pipe", disable_numparse=True, colalign=["left"] + ["right"] * 5
    )
    worlds = [_world(one, shape) for one in rates]
    blocks = [
        f"**{first}**",
        *rest,
        f"Project `{shape.project}`, kiss-bench {__version__}.",
        table,
        READING,
        "## What was simulated",
        "\n".join(f"- {line}" for line in (*shape_lines(shape), *worlds)),
        "## What this does not show",
        "\n".join(f"- {line}" for line in _limits(shape)),
        _made(shape, rates, seed),
    ]
    return "\n\n".join(blocks) + "\n"


def selftest_facts(shape: Shape, rates: Sequence[ScenarioRates], draws: int, seed: int) -> dict[str, Any]:
    """Give `selftest.json` as plain data; no time, size or host, so that equal work gives equal bytes."""
    return {
        "schema": SCHEMA,
        "project": shape.project,
        "passed": not any(one.too_many for one in rates),
        "draws": draws,
        "seed": seed,
        "sentences": verdict_sentences(rates),
        "rows": shape.rows,
        "rows_of_table": shape.rows_of_table,
        "columns": shape.columns,
        "shape": shape_lines(shape),
        "alpha": shape.alpha,
        "scenarios": [
            {
                "scenario": one.scenario,
                "title": SCENARIOS[one.scenario].title,
                "ladder": [name for name, _ in SCENARIOS[one.scenario].rungs],
                "truth": SCENARIOS[one.scenario].truth,
                "removes": removed_share(SCENARIOS[one.scenario], shape),
                "draws": one.draws,
                "refused": one.refused,
                "reason": one.reason,
                "level": one.level,
                "too_many": one.too_many,
                "needless": _facts(one.needless),
                "needless_by_mean": _facts(one.needless_by_mean),
                "found": _facts(one.found),
                "found_by_mean": _facts(one.found_by_mean),
            }
            for one in rates
        ],
        "versions": {"kiss-bench": __version__, **library_versions()},
    }


def percent(rate: Rate | None) -> str:
    """Write `3.5 % ± 1.3 %`."""
    return NOT_ASKED if rate is None else f"{_share(rate.share)} ± {_share(rate.error)}"


def capped_line(shape: Shape) -> str:
    """Say that rows were left out; empty where none were."""
    if shape.rows == shape.rows_of_table:
        return ""
    return (
        f"rows capped at {shape.rows:,} of {shape.rows_of_table:,} (--rows sets another cap): with all of them the "
        f"truth is found more often; needless promotions are held by the same level, but were not simulated there"
    )


def _share(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def _real(rates: Iterable[ScenarioRates]) -> str:
    found = next((one.found for one in rates if one.scenario == "interactions"), None)
    return f"; where interactions are real it found them in {percent(found)} of {found.total:,}" if found else ""


def _too_many(one: ScenarioRates) -> str:
    found = f"Too many ({SCENARIOS[one.scenario].title}): {percent(one.needless)}"
    return f"{found} is above the level of {_share(one.level)} by more than {TOLERANCE:g} Monte-Carlo errors."


def _refused(one: ScenarioRates) -> str:
    return (
        f"{one.refused:,} of {one.draws + one.refused:,} tables ({SCENARIOS[one.scenario].title}) could not be judged "
        f"and count nowhere; the first: {one.reason}"
    )


def _made(shape: Shape, rates: Iterable[ScenarioRates], seed: int) -> str:
    draws = str(max(one.draws + one.refused for one in rates))
    draws += f" --rows {shape.rows_asked}" if shape.rows_asked else ""
    hand = f" with the seed {seed} of the config" if seed else ""
    return f"Made by `kiss-bench selftest CONFIG --draws {draws}`{hand}; the same numbers for any number of workers."


def _facts(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    low, high = rate.interval()
    return {"count": rate.count, "total": rate.total, "rate": rate.share, "error": rate.error, "low": low, "high": high}


def _rows(shape: Shape) -> str:
    found = capped_line(shape) or f"{shape.rows:,} rows, as many as the table has"
    return f"{found}; {shape.columns} numeric columns"


def _target(shape: Shape) -> str:
    if shape.kind == "regression":
        return "the target's own values, dealt anew, as errors: their spread and tails are the real ones"
    counts = np.bincount(np.asarray(shape.target, dtype=np.int64), minlength=shape.labels)
    told = ", ".join(f"{count:,}" for count in counts[:MOST_CLASSES])
    more = f" and {int(counts[MOST_CLASSES:].sum()):,} in the rest" if shape.labels > MOST_CLASSES else ""
    return f"{shape.labels} classes of {told}{more} rows, the same in every draw"


def _groups(shape: Shape) -> str:
    assert shape.group is not None
    sizes = np.bincount(shape.group)
    told = f"{len(sizes):,} groups of {sizes.min():,} to {sizes.max():,} rows"
    if shape.folds.kind == "forward":
        return f"{told}, without an effect of their own: the folds go forward in time"
    who = "columns and errors" if shape.whole_groups else "errors, not columns (these folds part groups),"
    return f"{told}; {who} of one group correlate with {WITHIN_GROUP:g}"


def _folds(shape: Shape) -> str:
    folds = shape.folds
    kind = "predefined" if shape.fixed is not None else str(folds.kind)
    gap = f", gap {folds.gap}" if folds.gap else ""
    window = f", {folds.window} window" if kind == "forward" else ""
    repeats = "" if kind in ("forward", "predefined") else f", repeats: {folds.repeats}"
    return f"{folds.count} {kind} folds{gap}{window}{repeats}"


def _judge(shape: Shape) -> str:
    metric = shape.metric
    margin = f"{exact(metric.margin)} ({metric.margin_unit}; {_share(shape.margin_share)} of the dummy's loss)"
    return f"metric {metric.primary}, margin {margin}, alpha {exact(shape.alpha)}, multiplicity: {shape.multiplicity}"


def _world(one: ScenarioRates, shape: Shape) -> str:
    scenario = SCENARIOS[one.scenario]
    share = removed_share(scenario, shape)
    strength = f" The best possible model removes {_share(share)} of the dummy's loss." if share else ""
    if scenario.signal == "both":
        strength = f" Each removes {_share(share)} of the dummy's loss."
    ladder = " < ".join(name for name, _ in scenario.rungs)
    return f"*{scenario.title}*: {scenario.what}{strength} Ladder: {ladder}."


def _limits(shape: Shape) -> list[str]:
    lines = [
        "Default settings of a short ladder: tuning, and rungs that are not named above, were not simulated.",
        "Columns are Gaussian numbers without gaps; text, dates and outliers of the real columns are not simulated.",
    ]
    if shape.kind == "regression" and bounded(shape):
        lines.append(
            f"Targets below the smallest real one are raised to it, since {shape.metric.primary} has no value there: "
            f"linear is then nearly, not exactly, the truth."
        )
    if shape.group is not None or shape.time is not None:
        lines.append("The correlations within groups and along time are set, not estimated from the table.")
    return lines
