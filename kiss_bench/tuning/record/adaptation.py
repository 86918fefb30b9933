"""How to change a tuning: ranges as a config writes them, and the commands that a record suggests."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kiss_bench.rungs import Parameter
from kiss_bench.tuning.record.rung import ParameterFacts

FOLDER, CHILD = "DIR", "CHILD.yaml"
"""Stand in for the result folder and the file to write."""
WIDER = 4.0
"""On a log scale either end of a range whose edge was hit is suggested so many times as far out."""


def range_text(line: Parameter | ParameterFacts) -> str:
    """A range as a config has it: int(4, 128, log), float(0.1, 1.0), choice(l2, l1)."""
    if line.kind == "choice":
        return f"choice({', '.join(_word(value) for value in line.choices)})"
    kind = int if line.kind == "int" else float
    scale = ", log" if line.log else ""
    return f"{line.kind}({kind(line.low or 0)}, {kind(line.high or 0)}{scale})"


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def command(setting: str, value: str) -> str:
    return f"kiss-bench adapt {FOLDER} --set {shlex.quote(f'{setting}={value}')} --out {CHILD}"


def rung_commands(
    rung: str, trials: int, space: Sequence[Parameter], found: Sequence[ParameterFacts]
) -> tuple[str, ...]:
    """Commands for each range of which half of the studies hit an end, or else for the first line; and for the budget.

    `space` are the lines that are searched, without what a validation curve teaches.
    """
    facts = {line.name: line for line in found}
    hit = [line for line in space if 2 * facts[line.name].on_edge >= len(facts[line.name].best) > 0]
    wider = [(line, _wider(line, facts[line.name].best)) for line in hit]
    told = [(line, other) for line, other in wider if range_text(line) != range_text(other)]
    lines = [other for _, other in told] or list(space[:1])
    return (
        *(command(f"{rung}.{line.name}", range_text(line)) for line in lines),
        command(f"{rung}.trials", str(2 * trials)),
    )


def _wider(line: Parameter, best: Sequence[Any]) -> Parameter:
    """The same line with its range made longer where best values sat at its end, no further than makes sense.

    Choices, and numbers on a plain scale without known ends, are left for the reader.
    """
    if line.kind == "choice" or line.low is None or line.high is None:
        return line
    values = [value for value in best if isinstance(value, int | float)]
    middle = math.sqrt(line.low * line.high) if line.log else (line.low + line.high) / 2
    low, high = line.low, line.high
    step = (high - low) / 2
    if any(value < middle for value in values) and (line.log or line.kind == "int"):
        low = low / WIDER if line.log else low - step
    if any(value > middle for value in values) and (line.log or line.kind == "int"):
        high = high * WIDER if line.log else high + step
    low = max(low, line.least) if line.least is not None else low
    high = min(high, line.most) if line.most is not None else high
    if line.kind == "int":
        low, high = max(math.floor(low), 1) if line.log else math.floor(low), math.ceil(high)
    return replace(line, low=low, high=high)


def record_commands() -> tuple[str, ...]:
    """What can be changed of every tuning: range, new parameter, budget, sampler, metric; each gives a child plan."""
    return (
        command("RUNG.PARAMETER", "float(0.001, 10, log)"),
        command("RUNG.settings.PARAMETER", "VALUE"),
        command("tuning.trials", "100"),
        command("tuning.sampler", "random"),
        command("tuning.control", "random"),
        command("metric.primary", "METRIC"),
    )
