"""The vault: rows put away before anything else is done with the table, which no run ever reads."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import FoldError
from kiss_bench.plan.plan import FoldKind, Plan
from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.task import Table

FEWEST_ROWS = 10
"""Fewer rows, or fewer left outside, say nothing."""
FEW_GROUPS = 50
"""Below this a share of the groups may be a very different share of the rows: groups are taken up to the share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vault:
    """Which rows are sealed, and how they were chosen."""

    rows: NDArray[np.int64]
    """Positions in the table as read, ascending."""
    how: str


def vault_of(plan: Plan, table: Table, rows: NDArray[np.int64]) -> Vault | None:
    """Choose the sealed ones among `rows` (positions in the table); None for a plan without a vault.

    Forward in time it is the last block of whole times; where a group is declared, whole groups by the hash of their
    name; else rows by the hash of their id, or of their place where none is declared. No seed has a say in it, so
    nobody can draw again. Raises FoldError where that leaves too few rows on either side.
    """
    if plan.vault is None:
        return None
    if _forward(plan):
        sealed, how = _last_block(_column(plan.data.time, table, rows), plan.vault)
    elif plan.data.group is not None:
        sealed, how = _groups(_column(plan.data.group, table, rows), plan.vault)
    else:
        sealed, how = _by_id(plan, table, rows)
    for count, where in ((int(sealed.sum()), "in the vault"), (int((~sealed).sum()), "outside it")):
        if count < FEWEST_ROWS:
            raise FoldError(
                f"vault: {plan.vault:.0%} of {len(rows)} rows leaves {count} {where}; at least {FEWEST_ROWS} are "
                f"needed on either side, so choose another share, or leave `vault` out"
            )
    return Vault(rows=rows[sealed], how=how)


def _forward(plan: Plan) -> bool:
    kind: FoldKind | None = plan.folds.kind
    predefined = plan.folds.column is not None or plan.folds.file is not None
    return kind == "forward" or (kind is None and plan.data.time is not None and not predefined)


def _column(name: str | None, table: Table, rows: NDArray[np.int64]) -> pd.Series:
    assert name is not None
    return table.exact.get(name, table.frame[name]).iloc[rows]


def _last_block(times: pd.Series, share: float) -> tuple[NDArray[np.bool_], str]:
    """Whole distinct times from the end, as near to the share of the rows as they come, and at least one."""
    codes, distinct = pd.factorize(times, sort=True)
    later = np.cumsum(np.bincount(codes[codes >= 0], minlength=max(len(distinct), 1))[::-1])
    count = int(np.argmin(np.abs(later - share * len(times)))) + 1
    sealed = codes >= len(distinct) - count
    first = f" from {text_of(distinct[len(distinct) - count])} on" if len(distinct) else ""
    return sealed, f"the last block in time{first} ({count:,} of {len(distinct):,} distinct times)"


def _groups(groups: pd.Series, share: float) -> tuple[NDArray[np.bool_], str]:
    codes, names = pd.factorize(groups, sort=True)
    places = _places(names)
    chosen = places < share
    if len(names) < FEW_GROUPS:
        sizes = np.bincount(codes[codes >= 0], minlength=len(names))
        order = np.argsort(places, kind="stable")
        chosen = np.zeros(len(names), dtype=np.bool_)
        # the group that reaches the share is taken in where that comes nearer to it
        chosen[order] = np.cumsum(sizes[order]) - sizes[order] / 2.0 <= share * sizes.sum()
    told = f"whole groups by the hash of their name ({int(chosen.sum()):,} of {len(names):,})"
    return np.append(chosen, False)[codes], told


def _by_id(plan: Plan, table: Table, rows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], str]:
    if plan.data.id is not None:
        ids, of = _column(plan.data.id, table, rows), f"hash of {plan.data.id!r}"
    else:
        ids, of = pd.Series(rows if table.row_id is None else table.row_id[rows]), "hash of their place in the table"
    assert plan.vault is not None
    return _places(ids) < plan.vault, f"rows by the {of}"


def _places(names: pd.Series | pd.Index | NDArray[np.int64]) -> NDArray[np.float64]:
    """A number in [0, 1) for every name, by SHA-256: the same wherever and whenever it is asked for."""
    digests = [hashlib.sha256(f"kiss_bench vault 1: {text_of(name)}".encode()).digest() for name in names]
    return np.array([int.from_bytes(digest[:8], "big") for digest in digests], dtype=np.float64) / 2.0**64
