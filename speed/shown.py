"""A part of the benchmark, and how its figures become a table."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from speed.bench import Bench, Figures
from speed.sets import Table

NOTHING = "–"
FAILED = " ✗"
"""Beside a figure that misses its bar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Tables in Markdown, and every figure in them that misses its bar, named."""

    text: str
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    name: str
    title: str
    sets: tuple[str, ...]
    """Tables that it measures where none are named; docs/speed.md is written when all of them are there."""
    measure: Callable[[Bench, Table], None]
    complete: Callable[[Bench, Table], bool]
    show: Callable[[Bench, Sequence[Table]], Shown]


@dataclass(kw_only=True, slots=True)
class Misses:
    """Marks figures that miss their bar, and remembers them."""

    found: list[str]

    def most(self, value: float, bar: float | None, text: str, what: str) -> str:
        return self._marked(text, what, f"at most {bar:g}" if bar is not None and value > bar else "")

    def least(self, value: float, bar: float | None, text: str, what: str) -> str:
        return self._marked(text, what, f"at least {bar:g}" if bar is not None and value < bar else "")

    def _marked(self, text: str, what: str, asked: str) -> str:
        if not asked:
            return text
        self.found.append(f"{what} {text}, asked {asked}")
        return f"{text}{FAILED}"


def median(rounds: Iterable[Figures], name: str) -> float:
    return statistics.median(float(figures[name]) for figures in rounds)


def lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table whose first column is text; the others are figures."""
    ruled = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ruled, *rows))


def share(part: float, whole: float) -> str:
    """A percentage; nothing where the part was not measured."""
    return f"{part / whole:.0%}" if part > 0.0 and whole > 0.0 else NOTHING
