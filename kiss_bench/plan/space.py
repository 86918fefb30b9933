"""A search space as a config has it: three ways to write a parameter, one normal form."""

import re
from collections import Counter
from collections.abc import Mapping
from math import isfinite
from typing import Any

from kiss_bench.plan.faults import Faults, Key, did_you_mean, short

FORMS = (
    '"int(1, 8)" or "float(0.001, 100, log)", "choice(a, b, 3)" or a list, '
    "or a mapping {type: float, low: 0.001, high: 100, log: true, reason: …}"
)
_CALL = re.compile(r"\s*(int|float|choice)\s*\((.*)\)\s*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_WORDS = {"true": True, "false": False, "null": None}
_KEYS = ("type", "low", "high", "log", "choices", "when", "meaning", "reason")


def normal_space(space: Mapping[str, Any], at: Key, faults: Faults) -> dict[str, dict[str, Any]]:
    """Each parameter as {kind, low, high, log, choices, when, meaning, reason}; None, false or empty if not given.

    `when` is {other parameter: [its values at which this one is searched]}.
    """
    return {name: _parameter(written, (*at, name), faults) for name, written in space.items()}


def _parameter(written: object, at: Key, faults: Faults) -> dict[str, Any]:
    match written:
        case str():
            parts = _from_text(written)
        case list():
            parts = {"type": "choice", "choices": written}
        case dict():
            parts = _from_mapping(written, at, faults)
        case _:
            parts = None
    if parts is None:
        if not faults.broken(at):
            faults.add(at, found=short(written), allowed=FORMS)
        return {}
    if parts["type"] == "choice":
        return _choice(parts, at, faults)
    return _range(parts, at, faults)


def is_range(written: object) -> bool:
    """Whether it reads as `int(…)`, `float(…)` or `choice(…)`, right or wrong inside."""
    return isinstance(written, str) and _CALL.fullmatch(written) is not None


def _from_text(text: str) -> dict[str, Any] | None:
    call = _CALL.fullmatch(text)
    if call is None:
        return None
    kind, inside = call.groups()
    words = [word.strip() for word in inside.split(",")] if inside.strip() else []
    if kind == "choice":
        return {"type": kind, "choices": [_scalar(word) for word in words]}
    if len(words) not in (2, 3) or words[2:] not in ([], ["log"]):
        return None
    return {"type": kind, "low": _scalar(words[0]), "high": _scalar(words[1]), "log": len(words) == 3}


def _scalar(word: str) -> Any:
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"":
        return word[1:-1]
    if re.fullmatch(r"[-+]?\d{1,18}", word):
        return int(word)
    if _NUMBER.fullmatch(word):
        return float(word)
    return _WORDS.get(word, word)


def _from_mapping(written: Mapping[str, Any], at: Key, faults: Faults) -> dict[str, Any] | None:
    given = {"type" if name == "kind" else name: value for name, value in written.items() if value is not None}
    for name in sorted(given.keys() - {*_KEYS}):
        faults.add((*at, name), found="an unknown key", allowed=", ".join(_KEYS), hint=did_you_mean(name, _KEYS))
    kind = given.get("type")
    if kind not in ("int", "float", "choice"):
        faults.add((*at, "type"), found=short(kind), allowed="int, float or choice")
    unused = ("low", "high", "log") if kind == "choice" else ("choices",)
    for name in unused:
        if given.get(name):
            faults.add((*at, name), found=short(given[name]), allowed=f"no `{name}` with type {short(kind)}")
    checks = (("log", bool, "true or false"), ("meaning", str, "a few words"), ("reason", str, "a sentence"))
    for name, wanted, says in (*checks, ("when", dict, "another parameter and its values, such as {penalty: [l1]}")):
        if name in given and not isinstance(given[name], wanted):
            faults.add((*at, name), found=short(given[name]), allowed=says)
    return None if faults.broken(at) else given


def _choice(parts: Mapping[str, Any], at: Key, faults: Faults) -> dict[str, Any]:
    choices = parts.get("choices", [])
    if not isinstance(choices, list) or not choices:
        faults.add(at, found="no choices" if choices == [] else short(choices), allowed="a list of at least one choice")
        return {}
    twice = [told for told, count in Counter(map(repr, choices)).items() if count > 1]
    if twice:
        faults.add(at, found=f"{', '.join(twice[:3])} more than once", allowed="each choice once")
    return {"kind": "choice", "low": None, "high": None, "log": False, "choices": choices, **_words(parts)}


def _range(parts: Mapping[str, Any], at: Key, faults: Faults) -> dict[str, Any]:
    kind = parts["type"]
    low, high = (_bound(parts.get(name), kind) for name in ("low", "high"))
    log = parts.get("log", False)
    numbers = "two whole numbers" if kind == "int" else "two finite numbers"
    if low is None or high is None:
        bounds = f"low {short(parts.get('low'))} and high {short(parts.get('high'))}"
        faults.add(at, found=bounds, allowed=f"{numbers}, low and high")
    elif low >= high:
        faults.add(at, found=f"low {low} and high {high}", allowed="low below high")
    elif log and low <= 0:
        faults.add(at, found=f"low {low} on a log scale", allowed="low above 0 with log")
    return {"kind": kind, "low": low, "high": high, "log": log, "choices": [], **_words(parts)}


def _bound(written: object, kind: str) -> int | float | None:
    if isinstance(written, bool) or not isinstance(written, int | float) or not isfinite(written):
        return None
    if kind == "float":
        return float(written)
    return int(written) if int(written) == written else None


def _words(parts: Mapping[str, Any]) -> dict[str, Any]:
    when = {str(name): value if isinstance(value, list) else [value] for name, value in parts.get("when", {}).items()}
    return {"when": when, "meaning": str(parts.get("meaning", "")), "reason": str(parts.get("reason", ""))}
