"""Levels, numbers and dates as labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 200
"""Characters of foreign text that are stored."""
DAY = np.timedelta64(1, "D")


def short(text: str) -> str:
    """Foreign text as it is, cut where it runs on; what cannot be written in UTF-8 becomes a question mark."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def listed(texts: Sequence[str], most: int = LONGEST) -> str:
    """`a, b, c` in at most so many characters; what does not fit is counted: `a, b and 12 more`."""
    whole = ", ".join(texts)
    if len(whole) <= most:
        return whole
    for shown in range(len(texts) - 1, 0, -1):
        told = f"{', '.join(texts[:shown])} and {len(texts) - shown} more"
        if len(told) <= most:
            return told
    return short(f"{texts[0][: most - 30]}… and {len(texts) - 1} more")


def figure(value: float, digits: int = 4) -> str:
    """A number of the user's own, without marks for thousands, since it may be a year: `2019`, `0.1234`."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.0f}" if digits == 4 and 1e4 <= abs(value) < 1e15 else f"{value:.{digits}g}"


def exact(value: float) -> str:
    """A number with as few digits as say it exactly: 8.8."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))


def figures(values: Sequence[float]) -> list[str]:
    """Numbers with as many digits as tell them apart, and four at least."""
    for digits in range(4, 17):
        texts = [figure(value, digits) for value in values]
        if len(set(texts)) == len(set(values)):
            return texts
    return [figure(value, 17) for value in values]


def moments(stamps: NDArray[np.datetime64]) -> list[str]:
    """Dates as 2024-05-31, with the time of day where any has one."""
    minutes = stamps.astype("datetime64[m]")
    if (stamps.astype("datetime64[D]") == stamps).all():
        return [str(stamp) for stamp in stamps.astype("datetime64[D]")]
    return [str(stamp).replace("T", " ") for stamp in minutes]


def share(value: float) -> str:
    """`42.3 %`."""
    return f"{100 * value:.3g} %"
