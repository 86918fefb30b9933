"""Column names: made text, told apart, and looked up with the nearest one in the message."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


def unique_names(columns: Iterable[Any]) -> tuple[str, ...]:
    """Make every name text; the second and later of equal names become `a.1`, `a.2`, ... as pandas does."""
    texts = [str(column) for column in columns]
    present = set(texts)
    used: set[str] = set()
    for position, text in enumerate(texts):
        name, number = text, 0
        while name in used or (number and name in present):
            number += 1
            name = f"{text}.{number}"
        used.add(name)
        texts[position] = name
    return tuple(texts)


def duplicated_names(columns: Iterable[Any]) -> tuple[str, ...]:
    """List the names, as text, that occur more than once, in order of their first appearance."""
    counts: dict[str, int] = {}
    for column in columns:
        counts[str(column)] = counts.get(str(column), 0) + 1
    return tuple(name for name, count in counts.items() if count > 1)


def nearest(name: str, known: Sequence[str]) -> str:
    """Write ` (nearest: 'x')`, or nothing where no known name resembles it."""
    folded = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f" (nearest: {folded[close[0]]!r})" if close else ""


def listed(names: Iterable[Any], most: int = 12) -> str:
    """Write `'a', 'b', 'c' and 4 more`."""
    texts = [repr(name) for name in names]
    rest = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + rest
