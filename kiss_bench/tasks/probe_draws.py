"""A `prepare` function called on part of the rows, or on rows with another target: what its probes compare."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.names import unique_names
from kiss_bench.tasks.prepare import Prepare, kept_rows
from kiss_bench.tasks.user_code import USER_CODE_FAILS

MOST_ROWS: Final = 20_000
"""Rows that are probed at most: contiguous in time where there is one, else drawn by seed."""
CUTS: Final = (0.25, 0.5, 0.75, 0.9)
"""Shares of the distinct times at which the rest is taken away."""
SUBSETS: Final = 3

Positions = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """The function called on a part of the rows: what came out, under the positions in the whole, or its error."""

    given: Positions
    made: pd.DataFrame
    error: str = ""


def part_of(frame: pd.DataFrame, time: str | None, rng: np.random.Generator) -> pd.DataFrame:
    """All rows, or as many as are probed: a stretch of time, or a draw; in the order of the table."""
    if len(frame) <= MOST_ROWS:
        return frame.reset_index(drop=True)
    ranks = ranks_of(frame, time)
    if ranks is None:
        rows = rng.choice(len(frame), MOST_ROWS, replace=False)
    else:
        start = int(rng.integers(len(frame) - MOST_ROWS + 1))
        rows = np.argsort(ranks, kind="stable")[start : start + MOST_ROWS]
    return frame.iloc[np.sort(rows)].reset_index(drop=True)


def ranks_of(frame: pd.DataFrame, time: str | None) -> Positions | None:
    """Rank of each row's time, -1 where it has none; None where the frame has no such column of dates or numbers."""
    names = unique_names(frame.columns)
    if time not in names:
        return None
    try:
        made, (column,) = canonical(frame.iloc[:, [names.index(time)]])
    except DataError:
        return None
    if column.kind not in ("date", "number"):
        return None
    return pd.factorize(made[column.name], sort=True)[0].astype(np.int64)


def called(prepare: Prepare, frame: pd.DataFrame, rows: Positions) -> Draw:
    given = frame.iloc[rows].reset_index(drop=True)
    try:
        made = prepare(given)
        kept = kept_rows(made, len(rows), "it")
    except (*USER_CODE_FAILS, DataError) as error:
        cause = error.__cause__ or error
        told = str(cause) if isinstance(cause, DataError) else f"{type(cause).__name__}: {cause}"
        return Draw(given=rows, made=pd.DataFrame(), error=told)
    made = made.set_axis(list(unique_names(made.columns)), axis=1).set_axis(pd.Index(rows[kept]), axis=0)
    return Draw(given=rows, made=made)


def subset_draws(prepare: Prepare, part: pd.DataFrame, rng: np.random.Generator) -> list[Draw]:
    """Halves of the rows, by lot."""
    half = max(1, len(part) // 2)
    return [called(prepare, part, np.sort(rng.choice(len(part), half, replace=False))) for _ in range(SUBSETS)]


def times_of(part: pd.DataFrame, whole: Draw, time: str | None) -> Positions | str:
    """Rank of each row's time, as read or else as prepared, -1 where it has none; or why there are not two."""
    if time is None:
        return "no time is declared"
    ranks = ranks_of(part, time)
    if ranks is None:
        made = ranks_of(whole.made, time)
        if made is None:
            return f"there is no {time!r} that holds dates or numbers"
        ranks = np.full(len(part), -1, dtype=np.int64)
        ranks[whole.made.index] = made
    return ranks if ranks.max() > 0 else f"all rows have the same {time!r}"


def cuts_of(ranks: Positions) -> list[int]:
    """The last ranks that a cut leaves; later ones there are always."""
    last = int(ranks.max())
    return sorted({int(share * last) for share in CUTS if int(share * last) < last})


def cut_draws(prepare: Prepare, part: pd.DataFrame, ranks: Positions | str) -> list[Draw] | str:
    """The rows up to a cut, without the later ones."""
    if isinstance(ranks, str):
        return ranks
    return [called(prepare, part, np.flatnonzero((ranks >= 0) & (ranks <= cut))) for cut in cuts_of(ranks)]


def shuffled_draws(prepare: Prepare, part: pd.DataFrame, target: str, rng: np.random.Generator) -> list[Draw] | str:
    """Known targets dealt anew among the rows that have one, so that it stays told which have none."""
    place = _place(part, target)
    if place is None:
        return "the target is none of the columns as read"
    known = np.flatnonzero(part.iloc[:, place].notna().to_numpy())
    drawn = []
    for dealt in (rng.permutation(known), rng.choice(known, len(known)) if len(known) else known):
        order = np.arange(len(part), dtype=np.int64)
        order[known] = dealt
        drawn.append(called(prepare, _with_target(part, place, order), np.arange(len(part), dtype=np.int64)))
    return drawn


def later_target_draws(prepare: Prepare, part: pd.DataFrame, target: str, ranks: Positions | str) -> list[Draw]:
    """Every target from a cut on, that of the cut included, replaced by another; then the rows up to the cut."""
    place = _place(part, target)
    if place is None or isinstance(ranks, str):
        return []
    codes, levels = pd.factorize(part.iloc[:, place])
    if len(levels) < 2:
        return []
    first = pd.Series(np.arange(len(codes))).groupby(codes).first().reindex(range(len(levels))).to_numpy()
    drawn = []
    for cut in cuts_of(ranks):
        order = np.arange(len(part), dtype=np.int64)
        changed = np.flatnonzero((ranks >= cut) & (codes >= 0))
        order[changed] = first[(codes[changed] + 1) % len(levels)]
        draw = called(prepare, _with_target(part, place, order), np.arange(len(part), dtype=np.int64))
        up_to = np.flatnonzero((ranks >= 0) & (ranks <= cut))
        made = draw.made.loc[draw.made.index.intersection(pd.Index(up_to))]
        drawn.append(Draw(given=up_to, made=made, error=draw.error))
    return drawn


def _place(part: pd.DataFrame, target: str) -> int | None:
    names = unique_names(part.columns)
    return names.index(target) if target in names else None


def _with_target(part: pd.DataFrame, place: int, order: Positions) -> pd.DataFrame:
    """The same rows, each with the target of another."""
    made = part.copy()
    made.isetitem(place, part.iloc[:, place].take(order).array)
    return made
