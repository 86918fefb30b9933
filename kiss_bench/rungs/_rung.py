"""What a rung file declares: its place, what it is, its settings and its search space, all as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kiss_bench.plan.plan import NOTHING, TaskKind

Encoding = Literal["raw", "onehot", "ordinal", "native", "time"]
"""raw: typed columns as they are · onehot: scaled, imputed numbers, one-hot and target-encoded categories ·
ordinal: numbers with gaps, category codes · native: pandas categories for LightGBM · time: the time rank alone."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a factory may know about the task at hand: nothing that is learnt from rows."""

    task: TaskKind
    metric: str
    """Canonical name of the primary metric (dummy alone depends on it)."""
    seed: int
    season: int | None = None
    horizon: int | None = None
    categories: int = 0
    """How many of the feature columns are categories."""
    numbers: int = 0


class Factory(Protocol):
    def __call__(self, surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
        """Build the unfitted scikit-learn estimator."""


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
    defaults: Callable[[TaskKind], Mapping[str, Any]] = field(default=lambda task: NOTHING)
    """Settings of the default arm: the library's own, or the ones printed here."""
    space: Callable[[TaskKind], tuple[Parameter, ...]] = field(default=lambda task: ())
    """Empty: nothing to tune, the rung has a default arm only."""
    trial_settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """A cheaper fidelity used in trials only, printed in the tuning record."""
    tasks: tuple[TaskKind, ...] = ("binary", "multiclass", "regression")
    curve: Callable[..., Any] | None = None
    """For rungs grown in rounds: see kiss_bench.evaluation.rounds."""
    needs_time: bool = False
    """Only on the ladder forward in time, for regression, with a season or a horizon."""
    blends: bool = False
    """True for the stack: no fits of its own, its predictions come from the rungs below."""
