"""A first config out of guesses: which keys are written, in what words, and which stay questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from kiss_bench.plan.draft import Entry, Scalar
from kiss_bench.plan.plan import FoldsPlan, MetricPlan
from kiss_bench.reports.escape import clean, listed
from kiss_bench.reports.own_units import margin_in_own_units
from kiss_bench.tasks.fold_checks import members
from kiss_bench.tasks.guesses import Guesses, RoleGuess
from kiss_bench.tasks.task import Label, Task

USUAL_FOLDS = FoldsPlan().count
LARGEST_INTEGER = 2**63
"""From here on a config has no integers; a label is then written as its text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """What a config is drafted from."""

    project: str
    source: tuple[Entry, ...]
    """The keys of `data` that say where the rows are."""
    target: str
    task: Task
    """Of all rows with a target; no column has a role in it."""
    columns: int
    """Of the table, the target among them."""
    metric: str
    guesses: Guesses
    folds: int | None = None
    """Fewer than usual; None: as many."""


def fewer_folds(task: Task) -> int | None:
    """As many folds as the rarest label has rows, where that is less than usual and two or more."""
    rows = min(members(task).values(), default=0)
    return rows if 2 <= rows < USUAL_FOLDS else None


def drafted(sketch: Sketch) -> tuple[Entry, ...]:
    """The entries of a config, in its order; a key that would be at its default is left out, but for the metric."""
    task, guesses = sketch.task, sketch.guesses
    entries = [
        Entry(key="project", value=sketch.project),
        _data(sketch.source, guesses.roles),
        Entry(key="target", value=sketch.target, says=task.why),
    ]
    if guesses.positive is not None:
        says = f"{guesses.positive.reason}. For log_loss either would do."
        entries.append(Entry(key="positive", value=_written(guesses.positive.label), says=says))
    if task.rows_dropped:
        says = (
            f"{task.rows_dropped:,} of {task.rows_read:,} rows have no {sketch.target!r}. They are left out, and "
            f"counted in every report; without this line they are refused."
        )
        entries.append(Entry(key="drop_missing_target", value=True, says=says))
    margin = MetricPlan().margin
    says = margin_in_own_units(task, sketch.metric, margin, sketch.target)
    entries.append(Entry(key="metric", value={"primary": sketch.metric, "margin": f"{margin:.0%}"}, says=says))
    if sketch.folds is not None:
        rare = [clean(repr(label)) for label, rows in members(task).items() if rows == sketch.folds]
        says = f"{USUAL_FOLDS} are usual; there are {sketch.folds} rows of {listed(rare)} alone."
        entries.append(Entry(key="folds", value={"count": sketch.folds}, says=says))
    return tuple(entries)


def opening(sketch: Sketch, shown: str) -> str:
    """What stands above everything: which table, and how the comments are to be read."""
    return (
        f"Drafted by kiss-bench init from {sketch.task.rows_read:,} rows and {sketch.columns:,} columns of {shown}. "
        f"Each guess has its reason; a key behind # is a question. Every other key has a default."
    )


def _data(source: Sequence[Entry], roles: Sequence[RoleGuess]) -> Entry:
    if not roles and [entry.key for entry in source] == ["path"]:
        return Entry(key="data", value=source[0].value)
    return Entry(key="data", value=(*source, *(_role(guess) for guess in roles)))


def _role(guess: RoleGuess) -> Entry:
    value: Scalar | list[Scalar] = list(guess.columns) if guess.role == "drop" else guess.columns[0]
    return Entry(key=guess.role, value=value, says=guess.reason, active=guess.sure)


def _written(label: Label) -> Scalar:
    too_large = isinstance(label, int) and abs(label) >= LARGEST_INTEGER
    return str(label) if too_large else label
