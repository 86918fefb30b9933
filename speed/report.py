"""Tables for docs/speed.md: one a part, between two markers, with what they were measured on."""

import datetime as dt
from pathlib import Path

from speed.machine import machine, versions
from speed.measure import SpeedError


def markers(part: str) -> tuple[str, str]:
    return f"<!-- speed {part}: begin -->", f"<!-- speed {part}: end -->"


def write(path: Path, part: str, text: str) -> None:
    """Put a text between the part's two markers.

    Raises SpeedError where the page lacks them.
    """
    begin, end = markers(part)
    page = path.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise SpeedError(f"{path} lacks the markers {begin} and {end}")
    before, after = page.split(begin)[0], page.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def made(command: str, rounds: int | None) -> str:
    """One line: by which command, when, with what, where; of how many rounds, if of rounds."""
    numbers = ", ".join(f"{name} {number}" for name, number in versions().items())
    shape = machine()
    where = f"{shape['cores']} cores, {shape['memory_gb']} GiB, {shape['cpu']}, {shape['system']}"
    times = {None: "", 1: "one round; "}.get(rounds, f"medians of {rounds} rounds; ")
    return f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}; {times}{where}; {numbers}."
