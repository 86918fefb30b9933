"""What a pool and its workers say to each other."""

from dataclasses import dataclass
from typing import Any

READY, BEGUN, ANSWER = b"r", b"b", b"a"
"""First byte of what a worker sends: it is waiting for work, it has taken it up, or an `Ended` follows, pickled."""

MODULES = "modules"
"""Folder beside what workers share, with the source files of custom rungs where they had to travel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of one piece of work: a value, or the class of an error and its message."""

    value: Any = None
    error: str = ""
    reason: str = ""
    exception: bytes | None = None
    """Pickled, where the work raised one that can be; a worker that died raised none."""
