"""Gathers every fault of one config, and gives each its place."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from kiss_bench.errors import Fault, PlanError

Key = tuple[str | int, ...]
"""Where a value stands: `("ladder", 2, "level")` is told as `ladder[2].level`."""

LATER = "known, but not built in this version"
_USER_AND_PASSWORD = re.compile(r"^([^:/@\s]+://[^:/@]*:)(.+)(?=@)", re.DOTALL)
_SECRET_IN_QUERY = re.compile(
    r"((?:password|passwd|pwd|passphrase|secret|token|api_?key)(?:=|%3D))(.+?)(?=&|;|%3B|$)", re.IGNORECASE | re.DOTALL
)
_ENVIRONMENT_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")


class Faults:
    """The faults found so far. A rule whose keys are already faulty stays silent: ask `broken` first."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.lines: dict[Key, int] = {}
        """Line of every key and list item; empty where there is no file."""
        self.shorthand: set[Key] = set()
        """Keys at which a scalar stands for a mapping (`metric: rmse`)."""
        self.written: dict[str, Any] = {}
        """The values of the config, none of them taken out or put into another form."""
        self._faults: list[tuple[int, Fault]] = []
        self._broken: set[Key] = set()

    def add(self, key: Key, *, found: str, allowed: str, hint: str = "") -> None:
        self.add_beside(key, found=found, allowed=allowed, hint=hint)
        self.mark(key)

    def add_beside(self, key: Key, *, found: str, allowed: str, hint: str = "") -> None:
        """Tell a fault that leaves the value of the key to be checked like any other."""
        line = self._line(key)
        place = f"{self.place}:{line}" if line else self.place
        self._faults.append((line, Fault(place=place, key=self.told(key), found=found, allowed=allowed, hint=hint)))

    def add_later(self, key: Key, value: object, name: str | None = None) -> None:
        """Refuse by name what a coming version will have."""
        name = name or self.told(key)
        self.add(key, found=short(value), allowed=f"nothing: `{name}` is {LATER}", hint="Leave it out")

    def mark(self, key: Key) -> None:
        self._broken.add(key)

    def broken(self, *keys: Key) -> bool:
        """Tell whether one of these keys, something inside it or something around it is known to be faulty."""
        return any(key[: len(bad)] == bad or bad[: len(key)] == key for key in keys for bad in self._broken)

    def given(self, key: Key) -> Any:
        """What the config has at this key; None where it has nothing."""
        found: Any = self.written
        for part in key:
            if isinstance(found, list) and isinstance(part, int):
                found = found[part]
            else:
                found = found.get(part) if isinstance(found, dict) else None
        return found

    def told(self, key: Key) -> str:
        for length in range(len(key)):
            if key[:length] in self.shorthand:
                return dotted(key[:length])
        return dotted(key)

    def raise_any(self) -> None:
        """Raise one PlanError with all faults, in the order of the file."""
        if self._faults:
            raise PlanError([fault for _, fault in sorted(self._faults, key=lambda pair: pair[0])])

    def _line(self, key: Key) -> int:
        for length in range(len(key), -1, -1):
            if key[:length] in self.lines:
                return self.lines[key[:length]]
        return 0


def dotted(key: Key) -> str:
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if re.fullmatch(r"[\w-]+", part) else short(part))
    return text


def short(value: object, limit: int = 60) -> str:
    """Tell in a few words what was found; passwords of URLs are masked."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Mapping():
            return f"a mapping of {len(value)} {'key' if len(value) == 1 else 'keys'}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case str():
            text = repr(masked_url(value[:2000]))
        case int() | float():
            text = repr(value)
        case _:
            text = f"an object of type {type(value).__name__}"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Find the option closest to `word`, or None where none is close."""
    by_lower = {option.lower(): option for option in options}
    close = get_close_matches(word.lower()[:100], by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: Any, options: Iterable[str]) -> str:
    close = nearest(word, options) if isinstance(word, str) else None
    return f"did you mean `{close}`?" if close else ""


def not_among(option: str, found: Any, options: Iterable[Any]) -> str:
    """Write the fault of an option of the command line that takes one of few words, with the nearest of them."""
    words = [str(word) for word in options]
    hint = did_you_mean(found, words)
    return f"{option}: found {found!r}; allowed: {', '.join(words)}{f'. {hint}' if hint else ''}"


def masked_url(url: str) -> str:
    """Put `***` in place of the password of a URL.

    A password taken from the environment (`${PGPASSWORD}`) names no secret and stays.
    In doubt too much is masked: everything up to the last `@`, since passwords may hold `@`, `/` and `?` themselves.
    """
    if "://" not in url:
        return url
    return _SECRET_IN_QUERY.sub(_masked, _USER_AND_PASSWORD.sub(_masked, url))


def _masked(found: re.Match[str]) -> str:
    before, secret = found.groups()
    return f"{before}{secret}" if _ENVIRONMENT_VARIABLE.fullmatch(secret) else f"{before}***"
