"""How a part is written: lines of the record with their places, questions for a person, tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import inline
from kiss_bench.reports.tables import markdown_table

Item = TypeVar("Item")

TO_ANSWER = "to be answered by the author"
"""Marks every answer that is missing; `check` counts them."""


def question(text: str) -> str:
    """Write a line that waits for a person."""
    return f"- **{text}** *{TO_ANSWER}*"


def fact(text: str, *places: str) -> str:
    """Write a line of the record, with the places it was read from."""
    return f"- {text}{f' — {_grouped(places)}' if places else ''}"


def _grouped(places: Iterable[str]) -> str:
    """Write `file: a.b, .c` for places that differ in their last name alone."""
    found: dict[str, list[str]] = {}
    for place in places:
        head, dot, last = place.rpartition(".")
        file = ": " in head
        found.setdefault(head if dot and file else place, []).extend([last] if dot and file else [])
    told = (f"{head}.{', .'.join(names)}" if names else head for head, names in found.items())
    return ", ".join(f"`{place}`" for place in told)


def lines(*parts: str | Iterable[str]) -> str:
    """Join lines and lists of lines into one list."""
    every = [part for one in parts for part in ([one] if isinstance(one, str) else one)]
    return "\n".join(line for line in every if line)


def blocks(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def table(items: Sequence[Item], *columns: tuple[str, Callable[[Item], str]], words: Sequence[str] = ()) -> str:
    """Write a line an item, every cell escaped; columns of `words` keep to the left, as the first does."""
    return markdown_table(
        [
            Column(
                title=inline(title),
                cells=tuple(inline(cell(item)) for item in items),
                right=place > 0 and title not in words,
            )
            for place, (title, cell) in enumerate(columns)
        ]
    )
