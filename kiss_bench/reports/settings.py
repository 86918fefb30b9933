"""Settings, ranges and cells of `tuning.md`, as a person reads them; the exact ones are in tuning.json."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from kiss_bench.reports import amounts
from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import inline, markdown
from kiss_bench.tuning.record.rung import ParameterFacts

_NO_VALUE = "unset"


def setting(value: Any) -> str:
    """Write one setting."""
    if value is None:
        return _NO_VALUE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else amounts.NOTHING_THERE
    if isinstance(value, Mapping):
        return "; ".join(f"{key} = {setting(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(setting(entry) for entry in value) or "none"
    return str(value)


def settings(found: Mapping[str, Any]) -> str:
    """Write several, escaped for Markdown."""
    return ", ".join(f"{markdown(str(key))} = {markdown(setting(value))}" for key, value in found.items()) or "none"


def distribution(parameter: ParameterFacts) -> str:
    """Write a range in words, with what it depends on."""
    if parameter.kind == "choice":
        told = f"one of {setting(parameter.choices)}"
    else:
        scale = ", log scale" if parameter.log else ""
        kind = "whole number" if parameter.kind == "int" else "number"
        told = f"{kind} from {setting(parameter.low)} to {setting(parameter.high)}{scale}"
    conditions = [f"{name} is {' or '.join(map(setting, values))}" for name, values in parameter.when.items()]
    return f"{told}, where {' and '.join(conditions)}" if conditions else told


def column(title: str, cells: Iterable[str], *, right: bool = False) -> Column:
    return Column(title=inline(title), cells=tuple(inline(cell) for cell in cells), right=right)


def count(value: int | None) -> str:
    return amounts.NOTHING_THERE if value is None else str(value)
