"""Which columns probably name a row, order the rows, or hold rows together: the audit's findings, read as guesses.

A wrong time or group changes what is measured. So a role is sure only where two signs agree: dates, and rows in their
order; values that group rows, and the name of an id. With one sign alone it is a question.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from kiss_bench.tasks.audit.groups import FEWEST_LEVELS, groups
from kiss_bench.tasks.audit.ids import ids
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.times import times
from kiss_bench.tasks.columns import LARGEST
from kiss_bench.tasks.guesses import Guesses, RoleGuess
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.role_names import is_called_a_passing_id, is_called_a_row, is_called_a_time
from kiss_bench.tasks.task import Column, Table

REPEATED: Final = 1.2
"""Rows a value of a column called an id has on average, from which it is worth a question."""
SHOWN: Final = 3
DATE: Final = re.compile(r"\s*(\d{4}([./-]\d{1,2}){2}|(\d{1,2}[./-]){2}(\d{2}|\d{4}))([T ].*)?")
"""What a person takes for a date, in whatever order; as dates are read those alone that begin with the year."""
MOSTLY: Final = 0.9
ASK_GROUP: Final = "Uncomment it if rows of one value belong together and the model is for new ones."


def guessed_roles(scene: Scene, table: Table) -> tuple[RoleGuess, ...]:
    """At most one guess a role; `scene` is of a task in which no column has a role yet."""
    guessed = _row_ids(scene, table)
    taken = {name for guess in guessed for name in guess.columns}
    unread = {*_unread_dates(scene, [column.name for column in scene.task.columns])}
    time, group = _time(scene, table, taken), _group(scene, table, taken | unread)
    if time and group and time.columns == group.columns:  # rows sorted by whom they belong to
        time = _time(scene, table, taken | {*time.columns})
    if time and group:
        time, group = _both(time, group)
    return (*guessed, *(guess for guess in (time, group) if guess))


def infinite_columns(table: Table, target: str) -> dict[str, int]:
    """Features that a run would refuse, and how many infinite values each holds."""
    found = {}
    for column in table.columns:
        if column.kind == "number" and column.name != target and column.name not in table.duplicated:
            found[column.name] = int((np.abs(table.frame[column.name].to_numpy()) > LARGEST).sum())
    return {name: count for name, count in found.items() if count}


def with_dropped(roles: Sequence[RoleGuess], infinite: Mapping[str, int]) -> tuple[RoleGuess, ...]:
    """The same guesses, and columns with infinite values left out."""
    if not infinite:
        return tuple(roles)
    columns, cells = tuple(infinite), sum(infinite.values())
    reason = (
        f"{listed(columns, SHOWN)}: infinite in {cells:,} cell{'s' if cells > 1 else ''}, which a run refuses. Make "
        f"them missing or finite to keep the column."
    )
    for before in roles:
        if before.role == "drop":
            reason = f"{reason} {listed(before.columns, SHOWN)}: {before.reason}"
            columns = (*columns, *before.columns)
    drop = RoleGuess(role="drop", columns=columns, reason=reason, sure=True)
    first = [guess for guess in roles if guess.role == "id"]
    return (*first, drop, *(guess for guess in roles if guess.role in ("time", "group")))


def questions_only(guesses: Guesses, refused: str) -> Guesses:
    """The same guesses with every id, time and group as a question, and why a run would not take them as they are."""
    roles = [
        replace(guess, sure=False, reason=f"{_seen(guess)}. But as it is, a run refuses it: {refused}.")
        if guess.sure and guess.role != "drop"
        else guess
        for guess in guesses.roles
    ]
    return replace(guesses, roles=tuple(roles))


def _row_ids(scene: Scene, table: Table) -> tuple[RoleGuess, ...]:
    """The column that names the rows, and others with a new value in every row."""
    found = [name for finding in scene.found(ids) for name in finding.columns if name not in table.duplicated]
    rows = len(scene.task.y)
    large = [name for name in table.exact if name in scene.kinds and name not in table.duplicated]
    found += [name for name in large if name not in found and _distinct(scene, table, name) == rows]
    named = [name for name in found if is_called_a_row(name)]
    unique = [name for name in named if _distinct(scene, table, name) == rows]
    texts = [name for name in found if scene.kinds[name].kind == "category" or name in named]
    unread = _unread_dates(scene, texts)
    rest = tuple(name for name in texts if name not in unique[:1] and name not in unread)
    guesses = []
    if unique:
        reason = f"Another value in each of {rows:,} rows, and called an id: it names a row, and is no feature."
        guesses.append(RoleGuess(role="id", columns=(unique[0],), reason=reason, sure=True))
    if rest:
        reason = "Another value in (nearly) every row, from which no rung learns."
        guesses.append(RoleGuess(role="drop", columns=rest, reason=reason, sure=True))
    return tuple(guesses)


def _time(scene: Scene, table: Table, taken: set[str]) -> RoleGuess | None:
    free = [column for column in scene.task.columns if column.name not in taken and _whole(scene, table, column.name)]
    found = {each.columns[0]: each.level for each in scene.found(times)}
    dates = [column.name for column in free if column.name in found and column.kind == "date"]
    in_order = [column.name for column in free if found.get(column.name) == "question"]
    sorted_dates = [name for name in dates if name in in_order]
    counters = [column.name for column in free if _counts_rows(scene, table, column)]
    called = [column.name for column in free if column.kind == "number" and is_called_a_time(column.name)]
    unread = _unread_dates(scene, [column.name for column in free])
    signs = {
        "Dates, and the rows are in their order": sorted_dates,
        "Dates, but the rows are not in their order": dates,
        "It counts the rows": counters,
        "The rows are in its order": in_order,
        "It looks like dates, which are read as text unless they are written as 2020-01-31": unread,
        "Called a time, but the rows are not in its order": called,
    }
    candidates = tuple(dict.fromkeys(name for names in signs.values() for name in names))
    if not candidates:
        return None
    name = candidates[0]
    seen = next(sign for sign, names in signs.items() if name in names)
    if len(sorted_dates) == 1:
        means = "Folds train on earlier rows and test on later ones; take it out if the model is not for later rows."
        return RoleGuess(role="time", columns=(name,), reason=f"{seen}. {means}", sure=True)
    means = "Uncomment it if the model is for later rows; without it, folds mix earlier and later ones."
    means += " If it is no time, make it `id`." if name in counters else ""
    return RoleGuess(role="time", columns=(name,), reason=f"{seen}{_or(candidates[1:])}. {means}", sure=False)


def _unread_dates(scene: Scene, texts: Sequence[str]) -> list[str]:
    """Columns of text whose levels look like dates; written otherwise they could order the rows."""
    found = []
    for name in (name for name in texts if scene.kinds[name].kind == "category"):
        levels = scene.task.frame[name].cat.categories
        if len(levels) and np.mean([DATE.fullmatch(str(level)) is not None for level in levels]) >= MOSTLY:
            found.append(name)
    return found


def _group(scene: Scene, table: Table, taken: set[str]) -> RoleGuess | None:
    free = [column for column in scene.task.columns if column.name not in taken and _whole(scene, table, column.name)]
    found = {name for finding in scene.found(groups) for name in finding.columns}
    grouping = [column.name for column in free if column.name in found]
    called = list(_repeated_ids(scene, table, free))
    sure = [name for name in grouping if is_called_a_passing_id(name)]
    candidates = tuple(dict.fromkeys((*sure, *called, *grouping)))
    if not candidates:
        return None
    name, values = candidates[0], _distinct(scene, table, candidates[0])
    seen = f"{values:,} values, each in {len(scene.task.y) / values:.1f} rows on average"
    if len(sure) == 1:
        means = (
            "Folds keep the rows of one together, as for new ones; take it out if the model will meet the same ones."
        )
        return RoleGuess(role="group", columns=(name,), reason=f"{seen}, and called an id. {means}", sure=True)
    reason = f"{seen}{_or(candidates[1:])}. {ASK_GROUP} Without it, a model can learn the rows of one by heart."
    return RoleGuess(role="group", columns=(name,), reason=reason, sure=False)


def _seen(guess: RoleGuess) -> str:
    """The first sentence of a reason."""
    return guess.reason.partition(". ")[0].removesuffix(".")


def _or(others: Sequence[str]) -> str:
    return f" (or {listed(others, SHOWN)}?)" if others else ""


def _both(time: RoleGuess, group: RoleGuess) -> tuple[RoleGuess, RoleGuess]:
    """At most one of the two is said: both need a `kind` of folds, which is for a person to choose."""
    choose = (
        f"With time and group both, add `folds: {{kind: forward}}` for the same {group.columns[0]!r} later, or "
        f"`kind: group` for new ones."
    )
    if time.sure:
        return time, replace(group, sure=False, reason=f"{_seen(group)}. {ASK_GROUP} {choose}")
    return replace(time, reason=f"{time.reason} {choose}"), group


def _counts_rows(scene: Scene, table: Table, column: Column) -> bool:
    """Whether a number goes up, or down, by one from row to row."""
    if column.kind != "number" or len(scene.task.y) < FEWEST_LEVELS:
        return False
    steps = np.diff(_cells(scene, table, column.name).to_numpy())
    return bool((steps == 1).all() or (steps == -1).all())


def _repeated_ids(scene: Scene, table: Table, columns: Sequence[Column]) -> Iterator[str]:
    """Columns called the id of what comes and goes, whose values stand in several rows."""
    most = len(scene.task.y) / REPEATED
    for column in columns:
        called = column.kind in ("number", "category") and is_called_a_passing_id(column.name)
        if called and FEWEST_LEVELS <= _distinct(scene, table, column.name) <= most:
            yield column.name


def _whole(scene: Scene, table: Table, name: str) -> bool:
    """Whether a column can play a part at all: no gaps, and a name of its own."""
    return name not in table.duplicated and not _cells(scene, table, name).isna().any()


def _distinct(scene: Scene, table: Table, name: str) -> int:
    return int(_cells(scene, table, name).nunique())


def _cells(scene: Scene, table: Table, name: str) -> pd.Series:
    """A column in the rows of the task, without what single precision or float64 do to large integers."""
    return table.exact.get(name, table.frame[name]).iloc[scene.task.row_id]
