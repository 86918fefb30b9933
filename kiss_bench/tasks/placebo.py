"""Targets that cannot be known: the real one, moved to rows that it does not belong to.

Between the features of a row and such a target there is nothing, whatever there was before; what a rung still finds
comes from the way it is fitted and scored. How far a target has to be moved depends on what hangs together:

- rows drawn one by one: over rows; in stratified folds within each test part, so that every fold keeps its classes;
- rows in groups: whole groups to other groups. Within their groups they would keep what groups differ in, and features
  that tell groups apart would still know it. Each arrives turned by a random number of rows, or whatever all groups
  have in common along their rows (a weekday, an age) would stay in place;
- rows in time: all round, by a quarter of the rows or more, so that the target keeps its own memory; among the rows of
  one time by lot, or what entities differ in would stay with them.

One shift of the whole series would not do: a season is a season after it, too, and the month of a sale as good a guess
at sales of five months later as at its own. So the series is shifted in pieces, cut at random, each by another amount:
no phase of a season, nor a trend, holds from one piece to the next. (Of 10 monthly series with a season and the month
among the columns one shift called all 10 LEAKING, pieces none of 20.) What is left: fewer than sixteen times make but
one piece, and a season longer than a few pieces, or a target that wanders off, can still seem to be known now and then.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kiss_bench.tasks.seeds import other_root
from kiss_bench.tasks.task import Folds, Task

Rows = NDArray[np.int64]
DRAWS = 3
"""Placebo targets of one exam."""
NEIGHBOURS = 6
"""Groups of about one size among which targets go round, where there are no two of the same size."""
PIECES = 12
"""Of a target in time, each shifted by another amount; fewer where there are fewer than four times for each."""
MOST_CUTS = 200
"""Draws of such pieces until every target comes from a quarter of the rows or more away."""


def placebo_task(task: Task, folds: Folds, root: int, draw: int, attempt: int = 0) -> Task:
    """Give the task with placebo target number `draw` (from 0) of the exam with this root seed, all of it replaced.

    `attempt` counts on from 0 where a target made before could not be judged.
    """
    donor = donors(task, folds, root, draw, attempt)
    moved = hashlib.sha256(f"{task.data_hash} placebo {root} {draw} {attempt}".encode()).hexdigest()
    actual = task.actual.iloc[donor].reset_index(drop=True)
    return replace(task, y=task.y[donor], actual=actual, data_hash=moved)


def donors(task: Task, folds: Folds, root: int, draw: int, attempt: int = 0) -> Rows:
    """(n,) the row whose target each row is given."""
    rng = np.random.default_rng([other_root(root, "placebo", draw), attempt])
    if folds.kind == "forward":
        assert task.time is not None
        return _shifted(task.time, other_root(root, "placebo", -1) + draw + DRAWS * attempt, rng)
    if task.group is not None:
        return _between_groups(task.group, rng)
    if folds.kind != "stratified":
        return rng.permutation(len(task.row_id))
    donor = np.arange(len(task.row_id), dtype=np.int64)
    for split in folds.of(0):
        donor[split.test] = rng.permutation(split.test)
    return donor


def how_moved(task: Task, folds: Folds) -> str:
    """Say in a sentence what was done to the target."""
    if folds.kind == "forward":
        return (
            "The target was cut in time into pieces, each shifted, all round, by a quarter of the rows or more and by "
            "another amount; rows of one time exchanged theirs by lot."
        )
    if task.group is not None:
        return "Every group was given the target of another one, of the same size where there is one."
    within = " within each test part, so that every fold kept its classes" if folds.kind == "stratified" else ""
    return f"The target was permuted over rows{within}."


def _shifted(time: Rows, number: int, rng: np.random.Generator) -> Rows:
    """Whole times in pieces, each shifted by another amount; `number` tells one shift of few times from the next."""
    order, source = (np.lexsort((rng.random(len(time)), time)) for _ in range(2))
    after = np.cumsum(np.bincount(time))  # rows up to and with each time
    pieces = min(PIECES, len(after) // 4)
    donor = np.empty(len(time), dtype=np.int64)
    donor[order] = source[_in_pieces(after, pieces, rng) if pieces >= 4 else _as_one(after, number)]
    return donor


def _in_pieces(after: Rows, pieces: int, rng: np.random.Generator) -> Rows:
    """(n,) for each place in the order of time the place that its target comes from."""
    whole, best = len(after) / pieces, np.arange(after[-1])
    for _ in range(MOST_CUTS):
        ends = (np.arange(1, pieces) + rng.uniform(-0.4, 0.4, pieces - 1)) * whole
        parts = np.split(np.arange(after[-1]), after[ends.astype(np.int64) - 1])
        best = max(best, np.concatenate([parts[place] for place in _far_away(pieces, rng)]), key=_nearest)
        if _nearest(best) >= after[-1] / 4:
            break
    return best


def _as_one(after: Rows, number: int) -> Rows:
    """The same where there are too few times for more than one shift."""
    cuts = after[:-1]
    fits = cuts[(cuts >= after[-1] / 4) & (cuts <= 3 * after[-1] / 4)]
    if not len(fits):  # uneven times: as near the middle as they let it
        fits = cuts[[np.abs(cuts - after[-1] / 2).argmin()]]
    return np.roll(np.arange(after[-1]), -fits[number % len(fits)])


def _far_away(pieces: int, rng: np.random.Generator) -> Rows:
    """For each place a piece from a quarter of the way round or further, no two by one and the same shift for long."""
    chosen = (np.arange(pieces) + pieces // 2) % pieces
    for one, other in rng.integers(0, pieces, (50 * pieces, 2)):
        swapped = chosen.copy()
        swapped[[one, other]] = chosen[[other, one]]
        shift = (swapped - np.arange(pieces)) % pieces
        if (np.abs(shift - pieces / 2) <= pieces / 4 - 0.5).all():
            chosen = swapped
    return chosen


def _nearest(source: Rows) -> float:
    """How far, all round, the target that moves least has come."""
    shift = (source - np.arange(len(source))) % len(source)
    return float(np.minimum(shift, len(source) - shift).min())


def _between_groups(group: Rows, rng: np.random.Generator) -> Rows:
    """No group keeps its own target; one of another length is cut, or repeated."""
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    donor = np.empty(len(group), dtype=np.int64)
    for taker, giver in _exchanges([len(rows) for rows in members], rng):
        given = np.roll(members[giver], rng.integers(len(members[giver])))
        donor[members[taker]] = np.resize(given, len(members[taker]))
    return donor


def _exchanges(sizes: Sequence[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of a group and the one it is given the target of: rounds among equals, the rest among neighbours."""
    by_size: dict[int, list[int]] = {}
    for place, size in enumerate(sizes):
        by_size.setdefault(size, []).append(place)
    rounds = [places for places in by_size.values() if len(places) > 1]
    alone = [by_size[size][0] for size in sorted(by_size) if len(by_size[size]) == 1]
    if len(alone) == 1 and rounds:
        nearest = min(rounds, key=lambda places: abs(sizes[places[0]] - sizes[alone[0]]))
        pairs = [(alone[0], int(rng.choice(nearest)))]
    else:
        cuts = max(len(alone) // NEIGHBOURS, 1)
        rounds += [part.tolist() for part in np.array_split(alone, cuts) if len(part)]
        pairs = []
    for places in rounds:
        drawn = rng.permutation(places).tolist()
        pairs += list(zip(drawn, [*drawn[1:], drawn[0]], strict=True))
    return pairs
