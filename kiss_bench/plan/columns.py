"""What a config says of single columns: when their values are known, and what a person answered about them."""

from collections.abc import Mapping
from typing import Any, Final

from kiss_bench.plan.config import Config
from kiss_bench.plan.faults import Faults, Key, did_you_mean, short

AVAILABLE: Final = "a lag such as `1 day` or 0, the name of a column, or {as_of: a column, late: refused or missing}"
LATE: Final = ("refused", "missing")
ANSWERS: Final[Mapping[str | bool, bool]] = {"yes": True, "no": False, True: True, False: False}
_REVIEW: Final = ("answer", "by", "reason")
_FORM: Final = "{answer: yes or no, by: a name, reason: a sentence}"


def available_after(config: Config, faults: Faults) -> dict[str, str | int | float | Mapping[str, str]]:
    """When the values of columns are known, as written; whether a text is a lag or a column, the table will tell."""
    at: Key = ("data", "available_after")
    written = config.data.available_after
    if written and config.data.time is None and not faults.broken(at, ("data", "time")):
        hint = "A row's time is when its prediction is made: without one, before and after mean nothing"
        faults.add_beside(at, found="it without `data.time`", allowed="both, or neither", hint=hint)
    found: dict[str, str | int | float | Mapping[str, str]] = {}
    for name, value in written.items():
        if name == config.target and not faults.broken(("target",)):
            faults.add((*at, name), found="the target", allowed="features")
        elif isinstance(value, Mapping):
            found[name] = _as_of(value, (*at, name), faults)
        elif value is None or isinstance(value, bool | list) or (isinstance(value, str) and not value.strip()):
            faults.add((*at, name), found=short(value), allowed=AVAILABLE)
        else:
            found[name] = value
    return found


def _as_of(written: Mapping[str, Any], at: Key, faults: Faults) -> Mapping[str, str]:
    """The longer form, with what becomes of late values."""
    _refuse_unknown(written, ("as_of", "late"), at, faults)
    column, late = written.get("as_of"), written.get("late") or "refused"
    if not isinstance(column, str) or not column.strip():
        faults.add((*at, "as_of"), found=short(column), allowed="the column that holds the moment")
    if late not in LATE:
        faults.add((*at, "late"), found=short(late), allowed=" or ".join(LATE), hint=did_you_mean(late, LATE))
    return {"as_of": str(column), "late": str(late)}


def reviewed(config: Config, faults: Faults) -> dict[str, Mapping[str, str | bool]]:
    """What a person answered about columns, and why."""
    found: dict[str, Mapping[str, str | bool]] = {}
    for name, written in config.reviewed.items():
        at: Key = ("reviewed", name)
        if name == config.target and not faults.broken(("target",)):
            faults.add(at, found="the target", allowed="other columns", hint="The target is never a feature")
        elif not isinstance(written, Mapping):
            faults.add(at, found=short(written), allowed=_FORM)
        else:
            found[name] = _review(written, at, faults)
    return found


def _review(written: Mapping[str, Any], at: Key, faults: Faults) -> Mapping[str, str | bool]:
    _refuse_unknown(written, _REVIEW, at, faults)
    answer = written.get("answer")
    if not isinstance(answer, str | bool) or answer not in ANSWERS:
        hint = "Yes: it is known when a prediction is made"
        faults.add((*at, "answer"), found=short(answer), allowed="yes or no", hint=hint)
    words = {name: written.get(name) for name in ("by", "reason")}
    for name, allowed in (("by", "the name of whoever answers"), ("reason", "a sentence")):
        if not isinstance(words[name], str) or not any(sign.isalnum() for sign in str(words[name])):
            faults.add((*at, name), found=short(words[name]), allowed=allowed)
    told = ANSWERS.get(answer, False) if isinstance(answer, str | bool) else False
    return {"answer": told, **{name: str(word) for name, word in words.items()}}


def _refuse_unknown(written: Mapping[str, Any], known: tuple[str, ...], at: Key, faults: Faults) -> None:
    for name in written:
        if name not in known:
            hint = did_you_mean(name, known)
            faults.add((*at, name), found="an unknown key", allowed=", ".join(known), hint=hint)
