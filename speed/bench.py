"""Measurements that are kept: one JSON line each, found again by everything they depend on."""

import datetime as dt
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speed.machine import hash_of, machine, sources, versions
from speed.measure import Cost, SpeedError, measured
from speed.sets import Effort, Table

Figures = dict[str, Any]
"""What one measurement came to; plain JSON."""
TESTED = "kiss_bench"
"""Part of what a measurement depends on: our own sources."""

MEASURING = tuple(f"speed/{name}.py" for name in ("measure", "rival", "rivalry", "pairing", "units", "sets"))
"""The other part: sources that a figure comes out of, as against those that show it."""
BUSY = 0.05
"""Share of the cores taken by others above which a measurement is said to be noisy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class What:
    """One measurement: of which part of the benchmark, on which table, of which side, in which round."""

    part: str
    table: Table
    side: str
    round: int = 0

    @property
    def name(self) -> str:
        return f"{self.part}-{self.table.name}-{self.side}-{self.round}".replace(" ", "-")


class Lines:
    """The file of finished measurements. A line that was cut short by a kill counts as not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, facts: Mapping[str, Any], besides: str | None = None) -> Figures | None:
        """The newest measurement with these facts, whatever its fact `besides` says."""
        wanted = {name: value for name, value in facts.items() if name != besides}
        for line in reversed(self._lines()):
            if {name: value for name, value in line["of"].items() if name != besides} == wanted:
                return {**line["found"], "at": line["at"]}
        return None

    def add(self, facts: Mapping[str, Any], found: Figures) -> Figures:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        at = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}"
        with self.path.open("a", encoding="utf8") as file:
            file.write("" if file.tell() == 0 or self.path.read_bytes().endswith(b"\n") else "\n")
            file.write(json.dumps({"at": at, "of": dict(facts), "found": found}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return {**found, "at": at}

    def _lines(self) -> list[Any]:
        if not self.path.exists():
            return []
        found = []
        for number, text in enumerate(self.path.read_text(encoding="utf8").splitlines(), start=1):
            try:
                found.append(json.loads(text))
            except ValueError:
                say(f"{self.path}:{number} is no whole line; what it held is measured again")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """How to measure, and where measurements are kept."""

    folder: Path
    effort: Effort = field(default_factory=Effort)
    rounds: int = 1
    runs: int = 5
    """How often the first table is timed."""
    keep_rival: bool = False
    """Whether a rival measured beside an older state of our own sources still counts."""

    @property
    def lines(self) -> Lines:
        return Lines(self.folder / "measurements.jsonl")

    def found(self, what: What, needs: str = "") -> Figures | None:
        """A finished measurement whose file `needs` is still there; `older` in it: our sources have changed since."""
        lines, facts = self.lines, self._facts(what)
        found = lines.find(facts)
        if found is None and self.keep_rival and what.side == "rival":
            older = lines.find(facts, besides=TESTED)
            found = None if older is None else {**older, "older": True}
        return found if found is not None and (self.place(found) / needs).exists() else None

    def place(self, found: Figures) -> Path:
        """Where a measurement left what it made."""
        return self.folder / str(found["place"])

    def once(self, what: What, measure: Callable[[Path], Figures], needs: str = "") -> Figures:
        """The finished measurement whose file `needs` is still there, or a new one, made in an empty folder."""
        found = self.found(what, needs)
        if found is not None:
            return found
        facts = self._facts(what)
        say(f"{what.table.name}: {what.part}, {what.side}, round {what.round + 1}")
        place = self.folder / f"{what.name}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        started = time.perf_counter()
        figures = measure(place)
        say(f"{what.table.name}: {what.part}, {what.side}: done in {time.perf_counter() - started:.1f} s")
        return self.lines.add(facts, {**figures, "place": place.name})

    def rounds_of(self, part: str, table: Table, side: str) -> list[Figures]:
        """The finished rounds of one side, up to the first that is missing."""
        found: list[Figures] = []
        for number in range(self.rounds):
            figures = self.found(What(part=part, table=table, side=side, round=number))
            if figures is None:
                break
            found.append(figures)
        return found

    def _facts(self, what: What) -> dict[str, Any]:
        table = what.table
        return {
            "part": what.part,
            "side": what.side,
            "round": what.round,
            "table": [table.name, hash_of(table.path), table.target, table.positive, list(table.drop)],
            "effort": [self.effort.trials, self.effort.outer, self.effort.inner, self.effort.workers],
            "machine": dict(machine()),
            "versions": dict(versions()),
            "measuring": sources(*MEASURING),
            TESTED: sources("kiss_bench"),
        }


def ran(words: Sequence[str], place: Path) -> Cost:
    """What a command cost that has to end well. Raises SpeedError with the end of its output where it did not."""
    log = place / "log.txt"
    cost = measured(words, log)
    if cost.others_share > BUSY:
        say(
            f"the machine was busy: other processes took {cost.others_share:.0%} of its cores; measure again when quiet"
        )
    if cost.killed:
        say(f"{cost.killed} processes that {words[0]} left behind did not end and were killed")
    if cost.exit_code != 0:
        told = log.read_text(encoding="utf8", errors="replace").strip()[-2000:]
        raise SpeedError(f"{' '.join(words)}\nended with exit code {cost.exit_code}:\n{told}")
    return cost


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
