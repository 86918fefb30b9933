"""The one place where anything a rung may raise is caught, so that it can be told instead of lost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Found = TypeVar("Found")
LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    error: str
    """Class of the exception."""
    reason: str
    """Its message on one line, shortened where it runs on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt(Generic[Found]):
    found: Found | None = None
    failure: Failure | None = None


def attempt(work: Callable[[], Found]) -> Attempt[Found]:
    """Does the work; an exception of it becomes a Failure. Interrupts and exits pass through."""
    try:
        return Attempt(found=work())
    except Exception as error:  # noqa: BLE001  (user estimators raise anything; this is the only broad handler)
        text = " ".join(str(error).split()) or "no message"
        short = text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
        return Attempt(failure=Failure(error=type(error).__name__, reason=short))
