"""What the leak audit found: frozen records, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["note", "question", "leak"]
"""note: good to know · question: waits for a human yes or no (`reviewed:` in the config), until then the report says
UNREVIEWED · leak: there is no innocent way to read it."""


OF_ROWS = ("duplicates", "row_order", "prepare")
"""Names under which questions about rows, not columns, are answered: that of the check, `prepare` for its probes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person said of a column: may it be used, and why."""

    answer: bool
    """True: it is known when a prediction is made, and stays."""
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    check: str
    """Which check speaks: one of the names in `kiss_bench.tasks.audit.CHECKS`."""
    level: Level
    columns: tuple[str, ...] = ()
    """The columns it is about; empty where it is about rows."""
    sentence: str
    """What was found, in numbers, for someone who reads nothing else."""
    figures: Mapping[str, int | float] = field(default_factory=dict)
    answer: Answer | None = None
    """What the config's `reviewed:` says of the column; a question with one is no longer open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """Everything that was found, worst first; within a level the most suspicious column first."""

    findings: tuple[Finding, ...] = ()
    checks: tuple[str, ...] = ()
    """The checks that were run, so that silence means something."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Check -> why it was not run."""
