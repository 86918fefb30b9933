"""What a table says of itself before anybody has: guesses with their reasons, for a person to confirm or to change."""

from dataclasses import dataclass
from typing import Literal

from kiss_bench.tasks.task import Label

Role = Literal["id", "drop", "time", "group"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleGuess:
    """A part that columns may play."""

    role: Role
    columns: tuple[str, ...]
    """One; several for `drop` alone."""
    reason: str
    """What was seen, and what follows from either answer, in sentences."""
    sure: bool
    """Whether it is written as said; else as a question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PositiveGuess:
    label: Label
    reason: str
    """A sentence without its full stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guesses:
    roles: tuple[RoleGuess, ...]
    positive: PositiveGuess | None
    """None unless the task is binary."""
