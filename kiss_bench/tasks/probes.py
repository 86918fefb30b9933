"""Does a `prepare` function look at other rows, at later ones, or at the target? Asked by taking these away.

past-cut: rows after a cut in time are taken away; rows up to it may not change.
subset: half of the rows are taken away; the rest may not change.
y-shuffle: the target is dealt anew, once as a permutation, once with repeats (a mean stays under permutation); no
column but the target may change.
again: nothing is changed; a second call may not differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from kiss_bench.tasks.prepare import Prepare
from kiss_bench.tasks.probe_draws import (
    Draw,
    called,
    cut_draws,
    later_target_draws,
    part_of,
    shuffled_draws,
    subset_draws,
    times_of,
)
from kiss_bench.tasks.same_values import differing

WHICH_ROWS: Final = "(which rows are kept)"
"""Stands in for a column where a probe changes not what is in the rows but which come out."""

ProbeName = Literal["past-cut", "subset", "y-shuffle", "again"]
Draws = dict[ProbeName, list[Draw] | str]
"""By probe what was drawn, or why it does not apply."""
PROBES: Final[tuple[ProbeName, ...]] = ("past-cut", "subset", "y-shuffle", "again")
Result = Literal["passed", "failed", "not applicable", "could not be probed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeOutcome:
    """What one probe found in one column."""

    result: Result
    differing: int = 0
    """Rows that changed, in the draw in which most did."""
    compared: int = 0
    largest: float | None = None
    """Largest difference between two numbers; None where none differed, and for what is no number."""
    why: str = ""
    """Why it is not applicable, or could not be probed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeVerdict:
    """What all probes found in one output column."""

    column: str
    outcomes: dict[ProbeName, ProbeOutcome]
    probed: int
    """Rows that were probed, of `rows`."""
    rows: int
    earlier_targets_only: bool = False
    """Whether a column that changes with the target follows those of earlier rows alone, as lags of it do."""

    @property
    def failed(self) -> tuple[ProbeName, ...]:
        return tuple(name for name, outcome in self.outcomes.items() if outcome.result == "failed")


def probe(
    prepare: Prepare, frame: pd.DataFrame, *, target: str, time: str | None = None, seed: int = 0
) -> tuple[ProbeVerdict, ...]:
    """One verdict for each output column of `prepare`, and one for `WHICH_ROWS` where it does not pass all probes.

    Calls the function about ten times, on copies. Tables of more than `MOST_ROWS` are probed on a part. Never raises
    for what the function raises: a probe in which it does could not be done.
    """
    rng = np.random.default_rng(seed)
    part = part_of(frame, time, rng)
    everything = np.arange(len(part), dtype=np.int64)
    whole = called(prepare, part, everything)
    if whole.error:
        failed = ProbeOutcome(result="could not be probed", why=whole.error)
        return (
            ProbeVerdict(column=WHICH_ROWS, outcomes=dict.fromkeys(PROBES, failed), probed=len(part), rows=len(frame)),
        )
    ranks = times_of(part, whole, time)
    draws: Draws = {
        "past-cut": cut_draws(prepare, part, ranks),
        "subset": subset_draws(prepare, part, rng),
        "y-shuffle": shuffled_draws(prepare, part, target, rng),
        "again": [called(prepare, part, everything)],
    }
    found = {name: _outcomes(name, whole, draws, target) for name in (*whole.made.columns, WHICH_ROWS)}
    follows = any(outcomes["y-shuffle"].result == "failed" for outcomes in found.values())
    later = later_target_draws(prepare, part, target, ranks) if follows else []
    return tuple(
        ProbeVerdict(
            column=name, outcomes=outcomes, probed=len(part), rows=len(frame),
            earlier_targets_only=outcomes["y-shuffle"].result == "failed" and _unmoved(name, whole, later),
        )
        for name, outcomes in found.items()
        if name != WHICH_ROWS or _tells(outcomes)
    )  # fmt: skip


def _unmoved(column: str, whole: Draw, draws: Sequence[Draw]) -> bool:
    return bool(draws) and all(one.result == "passed" for one in _compared(column, whole, draws, gone_count=False))


def _tells(outcomes: dict[ProbeName, ProbeOutcome]) -> bool:
    return any(outcome.result in ("failed", "could not be probed") for outcome in outcomes.values())


def _outcomes(column: str, whole: Draw, draws: Draws, target: str) -> dict[ProbeName, ProbeOutcome]:
    found = {name: _outcome(column, whole, drawn) for name, drawn in draws.items()}
    if column == target:
        found["y-shuffle"] = ProbeOutcome(result="not applicable", why="it is the target itself")
    if found["again"].result == "failed":
        why = "it differs from call to call"
        unknown = ProbeOutcome(result="could not be probed", why=why)
        return {
            name: unknown if one.result != "not applicable" and name != "again" else one for name, one in found.items()
        }
    cuts = draws["past-cut"]
    if found["subset"].result == "failed" and not isinstance(cuts, str):
        # rows left out at the cut hide what they held: of a column that looks at other rows, they count as changed
        found["past-cut"] = _outcome(column, whole, cuts, gone_count=True)
    return found


def _outcome(column: str, whole: Draw, draws: Sequence[Draw] | str, *, gone_count: bool = False) -> ProbeOutcome:
    """The worst of the draws."""
    if isinstance(draws, str):
        return ProbeOutcome(result="not applicable", why=draws)
    found = list(_compared(column, whole, draws, gone_count=gone_count))
    worst = max(found, key=lambda one: (one.result == "failed", one.result == "could not be probed", one.differing))
    sizes = [one.largest for one in found if one.largest is not None]
    return replace(worst, largest=max(sizes)) if sizes and worst.result == "failed" else worst


def _compared(column: str, whole: Draw, draws: Sequence[Draw], *, gone_count: bool) -> Iterator[ProbeOutcome]:
    for draw in draws:
        expected = whole.made.index.intersection(pd.Index(draw.given))
        common = expected.intersection(draw.made.index)
        gone = len(expected) - len(common)
        largest: float | None = None
        if draw.error:
            yield ProbeOutcome(result="could not be probed", why=draw.error)
            continue
        if column == WHICH_ROWS:
            changed, compared = gone + len(draw.made) - len(common), len(draw.given)
        elif column not in draw.made:
            changed, compared = len(expected), len(expected)
        else:
            differ, largest = differing(whole.made.loc[common, column], draw.made.loc[common, column])
            changed = int(differ.sum()) + (gone if gone_count else 0)
            compared = len(expected) if gone_count else len(common)
        result: Result = "failed" if changed else "passed"
        yield ProbeOutcome(result=result, differing=changed, compared=compared, largest=largest)
