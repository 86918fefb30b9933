"""What a rung file declares: its place, what it is, its settings and its search space, all as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kiss_bench.plan.plan import NOTHING, TaskKind

ENOUGH_ROWS = 200_000
"""For rungs of few parameters. With p of them a fit of n rows is about p / 2n nats worse than the best of its kind
(Akaike 1973): 0.00025 for a hundred, where a margin is some 0.005."""
Encoding = Literal["raw", "onehot", "ordinal", "native", "time", "auto"]
"""raw: typed columns as they are · onehot: scaled, imputed numbers, one-hot and target-encoded categories ·
ordinal: numbers with gaps, category codes · native: pandas categories for LightGBM · time: the time column alone ·
auto: raw for a pipeline that starts with its own ColumnTransformer, onehot for anything else (custom rungs)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One line of a search space. Exactly one of (`low`, `high`) or `choices` is given."""

    name: str
    kind: Literal["int", "float", "choice"]
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()
    reason: str = ""
    """Why it is tuned over this range, or the source of the range."""
    least: float | None = None
    """No value below it makes sense, whatever the range; None: there is no such end."""
    most: float | None = None
    meaning: str = ""
    """What it is, with its unit, in a few words."""
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Another parameter -> its values at which this one is searched; at any other it keeps its default setting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruning:
    """When a trial is given up as hopeless; the rule is in kiss_bench.tuning.pruning."""

    standard_errors: float = 2.0
    """Given up where its paired row losses exceed the best complete trial's by more than so many."""
    after_inner_folds: int = 2
    """Looked at after each of the first so many inner folds, never after the last: later, little is left to save."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a factory may know about the task at hand: nothing that is learnt from rows."""

    task: TaskKind
    metric: str
    """Canonical name of the primary metric (dummy alone depends on it)."""
    seed: int
    season: int | None = None
    horizon: int | None = None


class Factory(Protocol):
    def __call__(self, surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
        """Build the unfitted scikit-learn estimator."""


class Growing(Protocol):
    """A model in growth on one inner fold, with its validation loss (lower is better) after every round."""

    losses: list[float]

    def grow(self, rounds: int) -> None:
        """Train until there are at least `rounds` rounds."""

    def predict(self, rounds: int) -> NDArray[np.float64]:
        """Predictions for the validation rows after `rounds` rounds: (n,) or (n, labels seen in training)."""


class Rounds(Protocol):
    """One inner fold made ready once and grown on again by every trial."""

    parameter: str
    """The setting that counts rounds, such as `n_estimators`."""
    cap: int
    patience: int

    def start(self, settings: Mapping[str, Any], seed: int) -> Growing:
        """A new model of no rounds."""


class RoundsFactory(Protocol):
    def __call__(self, task: TaskKind, objective: str, train: tuple[Any, Any], valid: tuple[Any, Any]) -> Rounds:
        """`train` and `valid` are encoded features and targets (class codes 0..k-1, every code seen in training)."""


def _nothing(task: TaskKind) -> Mapping[str, Any]:  # noqa: ARG001  (a factory of defaults is given the task)
    return NOTHING


def _nothing_to_tune(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A model family at a level of the ladder."""

    name: str
    level: float
    summary: str
    """What it is, in a few words a manager understands."""
    explain: str
    """What it costs to explain a prediction of it."""
    encoding: Encoding
    build: Factory
    defaults: Callable[[TaskKind], Mapping[str, Any]] = field(default=_nothing)
    """Settings of the default arm: the library's own, or the ones printed here."""
    space: Callable[[TaskKind], tuple[Parameter, ...]] = field(default=_nothing_to_tune)
    """Empty: nothing to tune, the rung has a default arm only."""
    left_alone: str = ""
    """Why its other parameters are not tuned, printed in the tuning record."""
    trial_settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """A cheaper fidelity used in trials only, printed in the tuning record."""
    pruning: Pruning = field(default_factory=Pruning)
    """When a trial is hopeless, printed in the tuning record."""
    tasks: tuple[TaskKind, ...] = ("binary", "multiclass", "regression")
    rounds: "RoundsFactory | None" = None
    """For rungs grown in rounds (boosting): how the number of rounds is found; see kiss_bench.tuning.rounds."""
    round_cap: int = 0
    """Most rounds a trial may grow to."""
    round_patience: int = 0
    """It stops on an inner fold after so many rounds that bring nothing."""
    needs_time: bool = False
    """Only on the ladder forward in time, for regression, with a season or a horizon."""
    blends: bool = False
    """True for the stack: no fits of its own, its predictions come from the rungs below."""
    members: str = ""
    """For a mean of equal members, such as a forest's trees: the setting that counts them. Where trials have fewer of
    them (`trial_settings`), their values are extrapolated to all (kiss_bench.tuning.fidelity)."""
    halves: "Callable[[Any], tuple[Any, Any]] | None" = None
    """With `members`: a fitted estimator as two of half its members each."""
    most_rows: int | None = None
    """Most rows of a training part that a fit uses, printed in the tuning record; None: all."""
    custom: bool = False
    """Whether it is somebody's own. One that might write into its features gets a copy, and labels by their names."""
