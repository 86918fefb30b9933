"""Amounts as a person reads them: four significant digits, units that fit, and a dash where there is nothing."""

import math
import statistics
from collections.abc import Iterable

NOTHING_THERE = "–"
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e7
_SHARED_FROM, _SHARED_BELOW = 1e-3, 1e6
_TIMES = (
    (0.0995, 0.001, 1, "ms"),
    (9.995, 1, 2, "s"),
    (99.95, 1, 1, "s"),
    (5940, 60, 1, "min"),
    (172800, 3600, 1, "h"),
)
"""Below this many seconds: divide, decimals, unit."""


def shared_decimals(values: Iterable[float | None]) -> int | None:
    """Decimals that give the typical value four digits, so that a column lines up; None: each value for itself."""
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value) and value != 0]
    if not sizes:
        return None
    typical = statistics.median(sizes)
    return _four_digits(typical) if _SHARED_FROM <= typical < _SHARED_BELOW else None


def number(value: float | None, decimals: int | None = None, *, sign: bool = False) -> str:
    """`decimals` is a wish: a value that would vanish or run over the page is written with its own exponent."""
    if value is None or not math.isfinite(value):
        return NOTHING_THERE
    if value == 0:
        return f"{0:.{decimals or 0}f}"
    plus = "+" if sign else ""
    if not _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return _scientific(value, plus, digits=4)
    if decimals is None:
        return f"{value:{plus},.{_four_digits(abs(value))}f}"
    if round(abs(value), decimals) == 0:
        return _scientific(value, plus, digits=2)
    return f"{value:{plus},.{decimals}f}"


def interval(low: float | None, high: float | None, decimals: int | None = None, *, sign: bool = False) -> str:
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"({number(low, decimals, sign=sign)} to {number(high, decimals, sign=sign)})"


def error(value: float) -> str:
    """Write an error; one that four decimals do not show is none but for rounding."""
    return f"{0:.4f}" if abs(value) < 0.00005 else number(value)


def exact(value: float | None) -> str:
    """Write a number somebody chose as it was written: 0.05 stays 0.05."""
    if value is None or not math.isfinite(value):
        return NOTHING_THERE
    return f"{value:.10g}"


def percent(share: float | None) -> str:
    if share is None or not math.isfinite(share):
        return NOTHING_THERE
    if abs(share) >= 10:
        return f"{number(100 * share)} %"
    text = f"{100 * share:.1f}"
    return f"{'0.0' if text == '-0.0' else text} %"


def probability(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING_THERE
    if value > 0.99995:
        return ">0.9999"
    return "<0.0001" if value < 0.00005 else f"{value:.4f}"


def equation(name: str, value: float | None) -> str:
    """Write `P = 0.31`, or `P > 0.9999` where the value is at the end of what is printed."""
    text = probability(value)
    return f"{name} {text[0]} {text[1:]}" if text[0] in "<>" else f"{name} = {text}"


def level(value: float | None) -> str:
    return NOTHING_THERE if value is None or not math.isfinite(value) else f"{value:.3g}"


def seconds(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING_THERE
    for limit, divisor, decimals, unit in _TIMES:
        if value < limit:
            return f"{value / divisor:.{decimals}f} {unit}"
    return f"{value / 86400:,.1f} d"


def clock(value: float) -> str:
    """Write the time since a start as `0:01:05`."""
    minutes, rest = divmod(int(value), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def left(value: float) -> str:
    """Write an estimate of the time left no finer than it is known, rounded up: `about 40 s left`."""
    if value <= 5:
        return "a few seconds left"
    if value <= 55:
        amount = f"{5 * math.ceil(value / 5)} s"
    elif value <= 3600:
        amount = f"{math.ceil(value / 60)} min"
    elif value <= 172800:
        amount = f"{math.ceil(value / 360) / 10:.1f} h"
    else:
        amount = f"{math.ceil(value / 8640) / 10:,.1f} d"
    return f"about {amount} left"


def microseconds(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING_THERE
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def size(count: int | None) -> str:
    if count is None:
        return NOTHING_THERE
    if count < 1000:
        return f"{count} B"
    for limit, unit in ((1e6, "kB"), (1e9, "MB"), (1e12, "GB")):
        if count < 0.9995 * limit:
            return f"{count / (limit / 1000):.3g} {unit}"
    return f"{count / 1e12:,.1f} TB"


def about(count: int) -> str:
    """Write a projected count to two digits: more would be a promise."""
    digits = max(0, len(str(abs(count))) - 2)
    return f"{round(count, -digits):,}"


def ratio(new: float | None, old: float | None) -> float | None:
    return new / old if new is not None and old else None


def _four_digits(magnitude: float) -> int:
    return max(0, 3 - math.floor(math.log10(magnitude)))


def _scientific(value: float, plus: str, digits: int) -> str:
    mantissa, exponent = f"{value:{plus}.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"
