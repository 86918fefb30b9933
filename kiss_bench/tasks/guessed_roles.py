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

from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.groups import FEWEST_LEVELS, groups
from kiss_bench.tasks.audit.ids import ids
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.times import times
from kiss_bench.tasks.columns import LARGEST
from kiss_bench.tasks.guesses import Guesses, RoleGuess
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.task import Table

_COME_AND_GO: Final = "customer|client|user|patient|subject|person|member|employee|student|household|account|session"
_LAST: Final = (
    "store|shop|site|station|branch|hospital|school|product|item|sku|machine|device|sensor|route|company|firm"
)
NAMED_ID: Final = re.compile(rf"(^|_)(id|ids|idcode|uuid|guid|({_COME_AND_GO}|{_LAST})_?(id|no|nr|key|number)?)$|^id_")
LASTING: Final = re.compile(rf"(^|_)({_LAST})(_|id|no|nr|key|number|$)")
"""What a model usually meets again: to group by it is a question, whatever else speaks for it."""
NAMED_ROW: Final = re.compile(r"unnamed: ?\d+|index|row|row_?(names?|num|number|nr|no)|nr|no|#")
"""What writers of tables call the column that counts the rows."""
COUNTED: Final = 1.2
"""Rows a value of a column called an id has on average, from which it is worth a question."""
SHOWN: Final = 3


def guessed_roles(scene: Scene, table: Table) -> tuple[RoleGuess, ...]:
    """At most one guess a role; `scene` is of a task in which no column has a role yet."""
    guessed = _row_ids(scene, table)
    taken = {name for guess in guessed for name in guess.columns}
    time = _time(scene, table, taken)
    group = _group(scene, table, taken)
    if time and group and time.columns == group.columns:  # rows sorted by whom they belong to
        time = None
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
    before = next((guess for guess in roles if guess.role == "drop"), None)
    told = (
        f"{listed(infinite, SHOWN)}: infinite in {sum(infinite.values()):,} cells, which a run refuses; make them "
        f"missing or finite to keep the column"
    )
    columns, reason = tuple(infinite), told
    if before is not None:
        columns, reason = (*columns, *before.columns), f"{told}; {listed(before.columns, SHOWN)}: {before.reason}"
    drop = RoleGuess(role="drop", columns=columns, reason=reason, sure=True)
    others = [guess for guess in roles if guess is not before]
    return (*(each for each in others if each.role == "id"), drop, *(each for each in others if each.role != "id"))


def questions_only(guesses: Guesses, refused: str) -> Guesses:
    """The same guesses with every id, time and group as a question, and why a run would not take them as they are."""
    roles = [
        replace(guess, sure=False, reason=f"{guess.reason} (not done here, as it is refused: {refused})")
        if guess.sure and guess.role != "drop"
        else guess
        for guess in guesses.roles
    ]
    return replace(guesses, roles=tuple(roles))


def is_called_an_id(name: str) -> bool:
    return NAMED_ID.search(_in_snake_case(name)) is not None


def _in_snake_case(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\W_]+", "_", parted).strip("_").lower()


def _row_ids(scene: Scene, table: Table) -> tuple[RoleGuess, ...]:
    """The column that names the rows, and others with a new value in every row."""
    found = [name for finding in scene.found(ids) for name in finding.columns if name not in table.duplicated]
    named = [name for name in found if is_called_an_id(name) or NAMED_ROW.fullmatch(name.strip().lower())]
    unique = [name for name in named if _distinct(scene, table, name) == len(scene.task.y)]
    guesses = []
    if unique:
        says = (
            f"another value in each of {len(scene.task.y):,} rows, and called an id; it names a row and is no feature"
        )
        guesses.append(RoleGuess(role="id", columns=(unique[0],), reason=says, sure=True))
    texts = [name for name in found if scene.kinds[name].kind == "category" or name in named]
    rest = tuple(name for name in texts if name not in unique[:1])
    if rest:
        says = "another value in (nearly) every row, from which no rung learns"
        guesses.append(RoleGuess(role="drop", columns=rest, reason=says, sure=True))
    return tuple(guesses)


def _time(scene: Scene, table: Table, taken: set[str]) -> RoleGuess | None:
    found = [each for each in scene.found(times) if _is_free(scene, table, each.columns[0], taken)]
    counters = [name for name in _counters(scene, table) if name not in taken]
    in_order = [each for each in found if each.level == "question"]
    dates = [each for each in found if _kind(scene, each) == "date"]
    sorted_dates = [each for each in in_order if each in dates]
    if len(sorted_dates) == 1:
        name, sure = sorted_dates[0].columns[0], True
        seen = "dates, and the rows are in their order"
        means = "folds train on earlier rows and test on later ones; take it out if the model is not for later rows"
    elif not found and not counters:
        return None
    else:
        name, sure = _first_of(sorted_dates, counters, in_order, dates), False
        seen = _seen(name, counters, [each.columns[0] for each in in_order], [each.columns[0] for each in dates])
        means = "uncomment it if the model is for later rows; without it, folds mix earlier and later ones"
        if name in counters:
            means = "uncomment it if that is time and the model is for later rows; if it is not, make it `id`"
    others = [other for other in (*(each.columns[0] for each in found), *counters) if other != name]
    also = f" (so perhaps {listed(dict.fromkeys(others), SHOWN)})" if others and not sure else ""
    return RoleGuess(role="time", columns=(name,), reason=f"{seen}{also}; {means}", sure=sure)


def _first_of(
    sorted_dates: Sequence[Finding], counters: Sequence[str], in_order: Sequence[Finding], dates: Sequence[Finding]
) -> str:
    """The surest of several: sorted dates, a count of the rows that something else goes along with, other numbers."""
    if sorted_dates:
        return sorted_dates[0].columns[0]
    if counters:
        return counters[0]
    return (in_order or dates)[0].columns[0]


def _seen(name: str, counters: Sequence[str], in_order: Sequence[str], dates: Sequence[str]) -> str:
    if name in counters:
        return "counts the rows"
    if name in in_order:
        return "dates, and the rows are in their order" if name in dates else "the rows are in its order"
    return "dates, but the rows are not in their order"


def _group(scene: Scene, table: Table, taken: set[str]) -> RoleGuess | None:
    found = {each.columns[0]: each for each in scene.found(groups)}
    free = [name for name in found if _is_free(scene, table, name, taken)]
    sure = [name for name in free if is_called_an_id(name) and not LASTING.search(_in_snake_case(name))]
    called = [name for name in _repeated_ids(scene, table) if name not in taken]
    if not free and not called:
        return None
    name = (*sure, *called, *free)[0]
    values = _distinct(scene, table, name)
    seen = f"{values:,} values, each in {len(scene.task.y) / values:.1f} rows on average"
    if len(sure) == 1:
        seen += ", and called an id"
        means = "folds keep the rows of one together, as for new ones; take it out if the model will meet the same ones"
    else:
        means = (
            "uncomment it if rows of one value belong together and the model is for new values; without it, a model "
            "can learn a value by heart"
        )
    others = [other for other in dict.fromkeys((*free, *called)) if other != name]
    also = f" (so perhaps {listed(others, SHOWN)})" if others else ""
    return RoleGuess(role="group", columns=(name,), reason=f"{seen}{also}; {means}", sure=len(sure) == 1)


def _repeated_ids(scene: Scene, table: Table) -> Iterator[str]:
    """Columns called an id whose values stand in several rows."""
    for column in scene.task.columns:
        if column.kind in ("number", "category") and is_called_an_id(column.name) and _whole(scene, table, column.name):
            distinct = _distinct(scene, table, column.name)
            if FEWEST_LEVELS <= distinct <= len(scene.task.y) / COUNTED:
                yield column.name


def _both(time: RoleGuess, group: RoleGuess) -> tuple[RoleGuess, RoleGuess]:
    """At most one of the two is said: both need a `kind` of folds, which is for a person to choose."""
    choose = (
        f"; with both, add `folds: {{kind: forward}}` for the same {group.columns[0]!r} later, or `kind: group` for "
        f"new ones"
    )
    if time.sure:
        return time, replace(group, sure=False, reason=f"{_asked(group)}{choose}")
    return replace(time, reason=f"{time.reason}{choose}"), group


def _asked(guess: RoleGuess) -> str:
    """The reason of a group that is a question now."""
    seen = guess.reason.partition(";")[0]
    return f"{seen}; uncomment it if the model is for new ones"


def _counters(scene: Scene, table: Table) -> list[str]:
    """Numbers that go up, or down, by one from row to row, and are not called an id."""
    found = []
    for column in scene.task.columns:
        if column.kind == "number" and len(scene.task.y) > 1 and _whole(scene, table, column.name):
            steps = np.diff(_cells(scene, table, column.name).to_numpy())
            if bool((steps == 1).all() or (steps == -1).all()):
                found.append(column.name)
    return found


def _kind(scene: Scene, finding: Finding) -> str:
    return scene.kinds[finding.columns[0]].kind


def _is_free(scene: Scene, table: Table, name: str, taken: set[str]) -> bool:
    return name not in taken and _whole(scene, table, name)


def _whole(scene: Scene, table: Table, name: str) -> bool:
    """Whether a column can play a part at all: no gaps, and a name of its own."""
    return name not in table.duplicated and not _cells(scene, table, name).isna().any()


def _distinct(scene: Scene, table: Table, name: str) -> int:
    return int(_cells(scene, table, name).nunique())


def _cells(scene: Scene, table: Table, name: str) -> pd.Series:
    """A column in the rows of the task, without what single precision or float64 do to large integers."""
    return table.exact.get(name, table.frame[name]).iloc[scene.task.row_id]
