"""What a board says of its own honesty: what was registered, changed, looked at before, and cannot be known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FOUND = 0.95
"""P from which a rung has found something in a placebo target: a test at 5 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeFacts:
    """One key of the plan that is otherwise than registered."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class AmendmentFacts:
    at: str
    """UTC, ISO-8601."""
    seen: Literal["before any result was seen", "after results were seen", "after the vault was opened"]
    changes: tuple[ChangeFacts, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRunFacts:
    """A run that ended before, with the verdicts it had."""

    at: str
    plan_hash: str
    digest: str
    margin: str
    """In words, as the metric of that run has it."""
    metric: str
    recommended: str | None
    verdicts: Mapping[str, str]
    scores: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class LuckFacts:
    """How good the best of so many tries on the same rows may look by chance alone."""

    runs: int
    """Runs that ended on this data hash, in this project and its neighbours in the results folder."""
    tries: int
    """Different plans or seeds among them: the same plan again is the same answer again."""
    se: float | None
    """Standard error of the recommended rung's gain, in the metric's units."""
    luck: float | None
    """se * sqrt(2 ln tries): no more than this is to be expected of the best of equal ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftFacts:
    """How well a model tells the vault's rows from all others: 0.5 not at all."""

    auc: float
    low: float
    high: float
    columns: tuple[str, ...]
    """What gives them away, most telling first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultFacts:
    """The sealed rows, and what came of opening them."""

    rows: int
    how: str
    """How they were put away, in words."""
    openings: int = 0
    """How often it was looked into, by other projects beside this one and by openings that were left as well."""
    fresh: bool = True
    """Whether no run before has read these rows, as far as the ledgers know."""
    asked_hash: str = ""
    """Of what was registered when it was opened last."""
    at: str = ""
    plan_hash: str = ""
    """Of the plan that they were opened against last."""
    rung: str | None = None
    arm: str | None = None
    incumbent: str | None = None
    scores: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Rung -> score, and its 95 % interval."""
    gain: float | None = None
    gain_low: float | None = None
    """One-sided 95 % lower bound."""
    gain_high: float | None = None
    """One-sided 95 % upper bound."""
    margin: float | None = None
    p_gain: float | None = None
    verdict: str | None = None
    """confirmed | contradicted | not contradicted"""
    rows_needed: int | None = None
    method: str = ""
    notes: tuple[str, ...] = ()
    """What is odd about the rows, such as a class that none of the others has."""
    shift: ShiftFacts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerFacts:
    lines: int
    head: str
    """Hash of the last line when the board was written."""
    faults: tuple[str, ...] = ()
    """What is wrong with the chain; empty where every line follows the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceboDraw:
    """The ladder on one target that cannot be known."""

    seed: int
    scores: Mapping[str, float | None]
    """Rung -> score on the placebo target; None where it failed."""
    chances: Mapping[str, float | None]
    """Rung -> P(it is better than the dummy); None for the dummy, and where it failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceboFacts:
    how: str
    """How the targets were made, in words."""
    trials: int
    draws: tuple[PlaceboDraw, ...]
    leaking: tuple[str, ...]
    """Rungs that beat the dummy in at least two of three draws."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantFacts:
    """The same question asked a little otherwise."""

    what: str
    """`half the margin`, `roc_auc`, `seed 17`."""
    recommended: str | None
    arm: str | None
    verdict: str | None
    """Of the rung that the board recommends, over its incumbent there."""
    same: bool
    """Whether it recommends what the board does."""
    reason: str = ""
    """Why there is no answer; empty where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StabilityFacts:
    margins: tuple[VariantFacts, ...] = ()
    metrics: tuple[VariantFacts, ...] = ()
    seeds: tuple[VariantFacts, ...] = ()
    by_hand: bool = False
    """Whether the seeds were set by hand."""
    flip_rate: float | None = None
    """Share of the seeds, the board's own left out, that recommend another rung; None without other seeds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HonestyFacts:
    registered: str = ""
    """When the plan was first registered: UTC, ISO-8601."""
    amendments: tuple[AmendmentFacts, ...] = ()
    history: tuple[PastRunFacts, ...] = ()
    luck: LuckFacts | None = None
    vault: VaultFacts | None = None
    ledger: LedgerFacts | None = None
    stamps: tuple[str, ...] = ()
    """What every report says before its verdict, for ever."""
