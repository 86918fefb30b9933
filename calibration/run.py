"""Runs the draws that are not in the store yet, some of them at once, and says on stderr how far it is."""

import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

from calibration.records import Design, Draws, Group
from calibration.store import Block, Store

BLOCK = 100
"""Draws in a block: what is lost at the most when a run is stopped."""
DEAR_BLOCK = 10
"""The same where a draw takes seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How many draws, from which seed, on how many processes."""

    draws: int = 2000
    seed: int = 0
    jobs: int = 1


def blocks_of(group: Group, design: Design, options: Options) -> tuple[Block, ...]:
    """The blocks of one design; its own number of draws where that is smaller."""
    draws = min(options.draws, design.draws or options.draws)
    whole = BLOCK if design.draws is None else DEAR_BLOCK
    starts = range(0, draws, whole)
    return tuple(
        Block(design=design, sources=group.sources, number=number, size=min(whole, draws - start), seed=options.seed)
        for number, start in enumerate(starts)
    )


def simulate(block: Block) -> Draws:
    """All draws of a block, from a seed of its own."""
    name = zlib.crc32(block.design.name.encode())
    seeds = np.random.SeedSequence([block.seed, name, block.number]).spawn(block.size)
    with threadpool_limits(1):
        found = [block.design.draw(np.random.default_rng(seed)) for seed in seeds]
    return {name: np.array([figures[name] for figures in found]) for name in found[0]}


def fill(groups: Sequence[Group], options: Options, store: Store) -> None:
    """Simulate and store every block that is not there."""
    wanted = [block for group in groups for design in group.designs for block in blocks_of(group, design, options)]
    todo = [block for block in wanted if store.load(block) is None]
    total, done, started = sum(block.size for block in todo), 0, time.monotonic()
    _say(f"{sum(block.size for block in wanted) - total:,} draws are there, {total:,} to do")
    for block, draws in _simulated(todo, options.jobs):
        store.save(block, draws)
        done += block.size
        seconds = time.monotonic() - started
        _say(f"{done:,} of {total:,} draws in {seconds:.0f} s; last: {block.design.name}, block {block.number}")


def gathered(group: Group, design: Design, options: Options, store: Store) -> Draws:
    """All stored draws of a design, in order."""
    parts = [part for block in blocks_of(group, design, options) if (part := store.load(block)) is not None]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _simulated(todo: Sequence[Block], jobs: int) -> Iterator[tuple[Block, Draws]]:
    if jobs == 1:
        for block in todo:
            yield block, simulate(block)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(simulate, block): block for block in todo}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
