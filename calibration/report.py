"""Tables for docs/statistics.md: one a group, between two markers, with what they were made from."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from calibration.records import Bar, Column, Design, Draws, Group, Measured
from calibration.store import versions
from kiss_bench.errors import RecordError

NOTHING = "–"
FAILED = " ✗"
"""Beside a figure that misses its bar."""


def table(group: Group, draws: Sequence[Draws]) -> str:
    """Write one group's table in Markdown; figures that miss their bar are marked."""
    heads = ["design", "draws", *[column.title for column in group.columns]]
    lines = [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
    for design, found in zip(group.designs, draws, strict=True):
        count = len(next(iter(found.values())))
        cells = [_cell(column, design, found) for column in group.columns]
        lines.append(_row([design.what, f"{count:,}", *cells]))
    return "\n".join(lines)


def missed(group: Group, draws: Sequence[Draws]) -> list[str]:
    """Name every figure that misses its bar."""
    found = []
    for design, figures in zip(group.designs, draws, strict=True):
        for column in group.columns:
            measured, bar = column.read(design, figures), column.bar(design)
            if measured is not None and bar is not None and not bar.passed(measured):
                found.append(f"{design.name}: {column.title} {measured.value:.{column.digits}f}, asked {_asked(bar)}")
    return found


def write(path: Path, group: Group, text: str, command: str) -> None:
    """Put a table between the group's two markers.

    Raises RecordError where the page lacks them.
    """
    begin, end = f"<!-- calibration {group.name}: begin -->", f"<!-- calibration {group.name}: end -->"
    page = path.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise RecordError(f"{path} lacks the markers {begin} and {end}")
    before, after = page.split(begin)[0], page.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n\n{_made(command)}\n{end}{after}", encoding="utf-8")


def _made(command: str) -> str:
    numbers = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {numbers}."


def _cell(column: Column, design: Design, draws: Draws) -> str:
    measured, bar = column.read(design, draws), column.bar(design)
    if measured is None:
        return NOTHING
    return f"{measured.value:.{column.digits}f}{_mark(bar, measured)}"


def _mark(bar: Bar | None, measured: Measured) -> str:
    return FAILED if bar is not None and not bar.passed(measured) else ""


def _asked(bar: Bar) -> str:
    edges = [(bar.low, "at least"), (bar.high, "at most")]
    return ", ".join(f"{words} {edge:.3g}" for edge, words in edges if abs(edge) != float("inf"))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
