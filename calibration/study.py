"""The story of a study: designs -> blocks of draws, kept as they end -> the tables of docs/statistics.md.

The store is the self-test's: a study that was stopped goes on where it was.
"""

import datetime as dt
import platform
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from calibration.figures import Bar, Column, Design, Draws, Group, Measured
from kiss_bench.errors import RecordError
from kiss_bench.records.keys import PACKAGE, source_hash, sources_behind
from kiss_bench.selftest.draws import Store, resumed

LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm")
BLOCK = 100
"""Draws in a block: what is lost at the most when a run is stopped."""
DEAR_BLOCK = 10
"""The same where a draw takes seconds."""
NOTHING = "–"
FAILED = " ✗"
"""Beside a figure that misses its bar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How many draws, from which seed, on how many processes."""

    draws: int = 2000
    seed: int = 0
    jobs: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Some draws of one design: the unit of work and of storage."""

    design: Design
    number: int
    size: int
    seed: int


def drawn(groups: Sequence[Group], options: Options, folder: Path) -> dict[str, Draws]:
    """All draws of each design, by its name: read from the folder, or simulated and kept in it."""
    blocks = [block for group in groups for design in group.designs for block in blocks_of(design, options)]
    total, started = sum(block.size for block in blocks), time.monotonic()
    done = 0

    def tell(stored: int, block: Block | None) -> None:
        nonlocal done
        if block is None:
            _say(f"{stored:,} of {len(blocks):,} blocks are there, {total:,} draws in all")
            return
        done += block.size
        seconds = time.monotonic() - started
        _say(f"{done:,} of {total:,} draws in {seconds:.0f} s; last: {block.design.name}, block {block.number}")

    found = resumed(block_store(folder), blocks, partial(_simulated, options.jobs), tell)
    parts: dict[str, list[Draws]] = {}
    for block in blocks:
        parts.setdefault(block.design.name, []).append(found[block])
    return {
        name: {figure: np.concatenate([part[figure] for part in each]) for figure in each[0]}
        for name, each in parts.items()
    }


def blocks_of(design: Design, options: Options) -> tuple[Block, ...]:
    """The blocks of one design; its own number of draws where that is smaller."""
    draws = min(options.draws, design.draws or options.draws)
    whole = BLOCK if design.draws is None else DEAR_BLOCK
    return tuple(
        Block(design=design, number=number, size=min(whole, draws - start), seed=options.seed)
        for number, start in enumerate(range(0, draws, whole))
    )


def simulate(block: Block) -> Draws:
    """All draws of a block, from a seed of its own."""
    name = zlib.crc32(block.design.name.encode())
    seeds = np.random.SeedSequence([block.seed, name, block.number]).spawn(block.size)
    with threadpool_limits(1):
        found = [block.design.draw(np.random.default_rng(seed)) for seed in seeds]
    return {name: np.array([figures[name] for figures in found]) for name in found[0]}


def _simulated(jobs: int, todo: Sequence[Block]) -> Iterator[tuple[Block, Draws]]:
    if jobs == 1:
        for block in todo:
            yield block, simulate(block)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(simulate, block): block for block in todo}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


def block_store(folder: Path) -> Store[Block, Draws]:
    return Store(
        folder=folder,
        facts=facts_of,
        plain=lambda draws: {name: values.tolist() for name, values in draws.items()},
        read=lambda stored: {name: np.array(values) for name, values in stored.items()},
    )


def facts_of(block: Block) -> dict[str, Any]:
    """Everything that a block depends on: the design, the draws, the seed, the versions and the sources behind them."""
    return {
        "draw": spelt(block.design.draw),
        "place": [block.number, block.size, block.seed],
        "versions": versions(),
        "sources": sources_of(block.design),
    }


def spelt(value: Any) -> str:
    """Spell a draw out: the function by name, with all that is bound to it."""
    if isinstance(value, partial):
        bound = [spelt(each) for each in value.args] + [f"{k}={spelt(v)}" for k, v in sorted(value.keywords.items())]
        return f"{spelt(value.func)}({', '.join(bound)})"
    return f"{value.__module__}.{value.__qualname__}" if callable(value) else repr(value)


def sources_of(design: Design) -> str:
    """Hash of every source that its draws depend on: our modules whose functions are called, and all they import."""
    return source_hash(sources_behind(*sorted(files_of(design.draw))))


def files_of(value: Any) -> Iterator[Path]:
    """Our files whose functions a draw calls or is given; where a ladder that ships is run, all rungs are."""
    if isinstance(value, partial):
        for part in (value.func, *value.args, *value.keywords.values()):
            yield from files_of(part)
    elif callable(value) and value.__module__.startswith("calibration."):
        yield Path(__file__).with_name(f"{value.__module__.rpartition('.')[2]}.py")
        if value.__module__ == "calibration.rungs":
            yield from (PACKAGE / "rungs").glob("*.py")


def versions() -> dict[str, str]:
    """Versions of what the numbers rest on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


# tables


def table(group: Group, draws: dict[str, Draws]) -> str:
    """Write one group's table in Markdown; figures that miss their bar are marked."""
    heads = ["design", "draws", *[column.title for column in group.columns]]
    lines = [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
    for design in group.designs:
        found = draws[design.name]
        count = len(next(iter(found.values())))
        cells = [_cell(column, design, found) for column in group.columns]
        lines.append(_row([design.what, f"{count:,}", *cells]))
    return "\n".join(lines)


def missed(group: Group, draws: dict[str, Draws]) -> list[str]:
    """Name every figure that misses its bar."""
    found = []
    for design in group.designs:
        figures = draws[design.name]
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


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
