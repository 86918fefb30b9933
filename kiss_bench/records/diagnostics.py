"""`diagnostics.json`: what a reader asks of the recommended rung once the verdict is read. No verdict rests on it.

Everything is about out-of-fold predictions of repeat 0; where a model was fitted to be looked at, the rows are named.
"""

from dataclasses import dataclass
from typing import Literal

from kiss_bench.records.json import STRICT, Number

SCHEMA = "kiss-bench/diagnostics/1"
SliceKind = Literal["level", "range", "missing", "group", "time"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Rows that have one thing in common, and how well they are predicted."""

    column: str
    kind: SliceKind
    label: str
    """The level, the range or the span of time, in words; foreign text."""
    rows: int
    score: Number | None
    """Of the recommended rung on these rows, in `Diagnostics.metric`; None where it is not defined on them."""
    low: Number | None
    high: Number | None
    """95 % interval of `score`, for display."""
    simpler_score: Number | None
    """Of the simpler rung on the same rows."""
    small: bool
    """Too few rows to say much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DisagreeingRow:
    """One row on which the recommended rung and the simpler one say different things."""

    row_id: int
    actual: str
    """As read, in words; foreign text."""
    says: Number
    simpler_says: Number
    """Probability given to what came true, in [0, 1]; of a regression the prediction."""
    nearer: Literal["recommended", "simpler", "neither"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreements:
    """How often the two say different things, and where most."""

    what: str
    """What counts as different, in words."""
    rows: int
    differing: int
    right: int
    """Of the differing rows those on which the recommended rung is right, or nearer."""
    simpler_right: int
    """Likewise the simpler rung; both may be wrong."""
    most: tuple[DisagreeingRow, ...]
    """Largest difference first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Classification: rows by what came true and what was said."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """`counts[i][j]`: rows of label i that were given label j."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualBin:
    """Regression: rows with predictions of about the same size; a residual is actual − predicted."""

    rows: int
    predicted: Number
    """Mean prediction."""
    actual: Number
    """Mean target."""
    low: Number
    middle: Number
    high: Number
    """5 %, 50 % and 95 % quantile of the residuals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Residuals:
    bins: tuple[ResidualBin, ...]
    """From the smallest predictions to the largest, equally many rows each."""
    sample: tuple[tuple[Number, Number], ...]
    """(predicted, actual) of rows drawn by a seed of the exam, for a scatter plot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnImportance:
    column: str
    loss: Number
    """How much the loss of a row grows on average when this column's values are dealt out anew among the test rows."""
    low: Number
    high: Number
    """95 % interval of it over rows, for display."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Importance:
    """Permutation importance on rows that the models were not fitted on (Breiman 2001, Machine Learning 45:5)."""

    loss: str
    """Name of the row loss."""
    folds: int
    rows: int
    shuffles: int
    columns: tuple[ColumnImportance, ...]
    """Largest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One coefficient."""

    name: str
    """The column, with its level where it is one of a category; foreign text."""
    label: str
    """The class it speaks for; empty where there is one number for all."""
    effect: Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One node of a tree: a question, or a leaf."""

    node: int
    parent: int | None
    answer: Literal["yes", "no", ""]
    """The parent's answer that leads here; empty for the root."""
    question: str
    """Empty for a leaf; foreign text."""
    rows: int
    says: str
    """What a row that ends here is given, with its label: `bad 42 %`, `3,412`; foreign text."""
    value: Number
    """The same as a number: the probability of the positive or the most probable class, or the prediction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a person can read off a simple rung, fitted on all rows with the settings of `kiss_bench.estimator`."""

    rung: str
    arm: str
    rows: int
    unit: str
    """What effects are in, or what leaves say, in words."""
    sentence: str
    """The whole rule where it is one sentence; else empty. Foreign text."""
    intercept: Number | None
    terms: tuple[Term, ...]
    """Largest effect first."""
    terms_left_out: int
    branches: tuple[Branch, ...]
    """Parents before children; empty where it is no tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyTrials:
    """The trials of one study of repeat 0, in order."""

    rung: str
    arm: str
    fold: int
    values: tuple[Number | None, ...]
    """In the metric's own sign; of a pruned trial its running mean; None of a failed one."""
    states: tuple[str, ...]
    """COMPLETE | PRUNED | FAIL"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostics:
    __pydantic_config__ = STRICT

    digest: str
    """Of the board they belong to."""
    rung: str | None
    arm: str | None
    """What they are about: the recommended rung and arm; None where none is."""
    simpler: str | None
    simpler_arm: str | None
    """What it is compared with: its incumbent, or, where the baseline stays, the best rung above it."""
    metric: str
    """What slices are scored in: the primary metric where it is a mean over rows, else the default one."""
    greater_is_better: bool
    overall: Number | None
    """The score of all rows in `metric`."""
    slices: tuple[Slice, ...] = ()
    """Worst first: by the end of the interval that is nearer to the overall score."""
    slices_looked_at: int = 0
    """How many there were before the mild ones were left out: of so many some look bad by chance."""
    disagreements: Disagreements | None = None
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    importance: Importance | None = None
    readings: tuple[Reading, ...] = ()
    """Simplest rung first."""
    trials: tuple[StudyTrials, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out, and why; one sentence each."""
    schema: str = SCHEMA
