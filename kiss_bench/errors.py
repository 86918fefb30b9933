"""Every error a user can cause, and the one shape in which a fault is told.

KissBenchError            exit code 2
├── PlanError             a config: all its faults at once
├── DataError             a table: unreadable, missing columns, values nothing can be fitted on
├── FoldError             too few rows, groups or members of a class for the folds asked for
├── RungError             a rung or an estimator that cannot be found or built
├── RecordError           a result folder: missing, foreign, damaged or held by another run
└── RefusedError          a no to what was asked for: a second look into the vault; exit code 1
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that is wrong with an input: where, what was found, what is allowed, what to do."""

    place: str
    """File and line (`configs/a.yaml:7`), or what stands in for it (`bench()`)."""
    key: str
    """Dotted key path, such as `folds.count`; empty when the fault concerns the whole file."""
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: {self.key}" if self.key else self.place
        text = f"{where}: found {self.found}; allowed: {self.allowed}"
        return f"{text}. {self.hint}" if self.hint else text


class KissBenchError(Exception):
    """An error whose message is meant for the user; the command line prints it and exits with 2."""


class PlanError(KissBenchError):
    """A config that cannot be turned into a plan. Carries every fault of it, not just the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = f"{len(self.faults)} faults" if len(self.faults) > 1 else "1 fault"
        super().__init__("\n".join([f"{count} in the config:", *(f"  {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[type["PlanError"], tuple[tuple[Fault, ...]]]:
        return PlanError, (self.faults,)


class DataError(KissBenchError):
    """A table that cannot be read, lacks columns, or holds values that no rung may see."""


class FoldError(KissBenchError):
    """Folds that these rows cannot give; the message says which would work."""


class RungError(KissBenchError):
    """A rung, or the estimator behind it, that cannot be found, imported or built."""


class RecordError(KissBenchError):
    """A result folder that is missing, damaged, foreign or in use."""


class RefusedError(KissBenchError):
    """A no to what was asked for, by the rules that were registered; the command line ends with 1."""
