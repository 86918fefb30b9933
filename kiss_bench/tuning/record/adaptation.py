"""How to change a tuning: ranges as a config writes them, and the commands that a record suggests."""

import math
import shlex
from collections.abc import Sequence
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


def rung_commands(rung: str, trials: int, space: Sequence[ParameterFacts], studies: int) -> tuple[str, ...]:
    """Commands for each range whose edge half of the studies hit, or else for the first line; and for the budget."""
    lines = [line for line in space if line.kind != "choice" and line.on_edge and 2 * line.on_edge >= studies]
    lines = lines or list(space[:1])
    changes = [command(f"{rung}.{line.name}", range_text(_wider(line))) for line in lines]
    return (*changes, command(f"{rung}.trials", str(2 * trials)))


def _wider(line: ParameterFacts) -> Parameter:
    """The same line with its range made longer at both ends, where that is sure to make sense.

    Choices, and numbers on a plain scale, such as shares, whose ends may be natural ones, are left for the reader.
    """
    named = {"name": line.name, "kind": line.kind, "log": line.log, "choices": line.choices}
    low, high = line.low, line.high
    if low is not None and high is not None and line.log:
        low, high = low / WIDER, high * WIDER
    if low is not None and high is not None and line.kind == "int":
        low = max(math.floor(low), 1) if line.log else low
        high = math.ceil(high) if line.log else high + math.ceil((high - low) / 2)
    return Parameter(**named, low=low, high=high)  # type: ignore[arg-type]


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
