"""Which column is probably the target, and which of two labels the positive one."""

from collections.abc import Sequence
from typing import Final

from kiss_bench.tasks.cells import text_of
from kiss_bench.tasks.guesses import PositiveGuess
from kiss_bench.tasks.task import Task

USUAL: Final = (
    "target", "label", "class", "y", "outcome", "response", "churn", "churned", "default", "defaulted", "fraud",
    "is_fraud", "converted", "survived", "price",
)  # fmt: skip
"""What people call the column they want to predict, the surest name first."""
OPPOSITES: Final = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("0", "1"), ("-1", "1"), ("negative", "positive"),
    ("absent", "present"), ("off", "on"),
)  # fmt: skip
"""Labels of which the second says that something is the case."""


def guessed_target(names: Sequence[str]) -> str:
    """A usual name where there is one, else the last column; `names` holds at least one."""
    folded = {name.casefold(): name for name in reversed(names)}
    return next((folded[name] for name in USUAL if name in folded), names[-1])


def guessed_positive(task: Task) -> PositiveGuess | None:
    """The label that says yes, else the rarer one; None unless the task is binary."""
    if task.kind != "binary":
        return None
    folded = tuple(text_of(label).strip().casefold() for label in task.labels)
    for no, yes in OPPOSITES:
        if {no, yes} == {*folded}:
            return positive_guess(task, folded.index(yes), "the label that says that it is so")
    one, other = (int((task.y == code).sum()) for code in (0, 1))
    if one == other:
        return positive_guess(task, 1, "the last of two labels, neither of which is rarer")
    return positive_guess(task, 0 if one < other else 1, "the rarer label")


def positive_guess(task: Task, code: int, why: str) -> PositiveGuess:
    """The label with this code of a binary task, `why` as in `the rarer label`."""
    (label, rows), (other, others) = ((task.labels[each], int((task.y == each).sum())) for each in (code, 1 - code))
    return PositiveGuess(label=label, reason=f"{label!r} is {why} ({rows:,} rows; {other!r}: {others:,})")
