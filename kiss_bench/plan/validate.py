"""From plain values to a valid Config: what is refused becomes faults and is taken out, so the rest can be checked."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

from pydantic import ValidationError

from kiss_bench.plan.config import SECTIONS, Config, fact, field_at, section_at
from kiss_bench.plan.faults import Faults, Key, did_you_mean, nearest, short

NO_NAME = "?"
"""Stands for the name of a rung that is missing or wrong."""
_ROUNDS = 20
"""A fault inside a key hides no other for long: two or three rounds are usual."""


def valid_config(values: dict[str, Any], faults: Faults) -> Config:
    """Make the config without its faulty keys; these are in `faults`."""
    values = _without_shorthand(deepcopy(values), faults)
    for _ in range(_ROUNDS):
        try:
            return Config.model_validate(values)
        except ValidationError as error:
            refused = error.errors(include_url=False, include_context=False, include_input=False)
        for kind, at in sorted({(str(one["type"]), _real(values, one["loc"])) for one in refused}, key=_unknown_first):
            _tell(kind, at, values, faults)
        for at in {_real(values, one["loc"]) for one in refused}:
            _take_out(values, at)
    faults.raise_any()
    raise AssertionError(refused)


def _unknown_first(refused: tuple[str, Key]) -> tuple[bool, str]:
    return refused[0] != "extra_forbidden", str(refused)


def _without_shorthand(values: dict[str, Any], faults: Faults) -> dict[str, Any]:
    for name, inner in (("data", "path"), ("metric", "primary")):
        if isinstance(values.get(name), str):
            faults.shorthand.add((name,))
            values[name] = {inner: values[name]}
    ladder = values.get("ladder")
    for index, entry in enumerate(ladder if isinstance(ladder, list) else ()):
        if isinstance(entry, str):
            faults.shorthand.add(("ladder", index))
            values["ladder"][index] = {"name": entry}
    return values


def _real(values: Any, loc: tuple[str | int, ...]) -> Key:
    """Cut pydantic's location down to a place in the config (unions add names of their own)."""
    at: Key = ()
    for part in loc:
        if isinstance(values, dict) and (section_at(at) or at == ("skip",)):
            at = (*at, part)
            if part not in values:
                break
            values = values[str(part)]
        elif isinstance(values, list) and isinstance(part, int):
            at = (*at, part)
            values = values[part]
        else:
            break
    return at


def _tell(kind: str, at: Key, values: dict[str, Any], faults: Faults) -> None:
    if faults.broken(at):
        return
    if kind == "extra_forbidden":
        _tell_unknown(at, _value(values, at[:-1]), faults)
        return
    found = "nothing" if kind == "missing" else short(_value(values, at))
    field = field_at(at)
    options = tuple(_literals(field.annotation)) if field else ()
    allowed = str(fact(field, "allowed")) if field else "a mapping"
    faults.add(at, found=found, allowed=allowed, hint=did_you_mean(_value(values, at), options))


def _tell_unknown(at: Key, around: dict[str, Any], faults: Faults) -> None:
    section = section_at(at[:-1]) or Config
    name = str(at[-1])
    built = [option for option, field in section.model_fields.items() if not fact(field, "later")]
    elsewhere = [section for section, model in SECTIONS.items() if section != "ladder" and name in model.model_fields]
    close = nearest(name, section.model_fields)
    if len(at) == 1 and elsewhere:
        hint = f"did you mean `{elsewhere[0]}.{name}`?"
    else:
        hint = f"did you mean `{close}`?" if close else ""
        if close and close not in around:
            faults.mark((*at[:-1], close))
    faults.add(at, found="an unknown key", allowed=", ".join(built), hint=hint)


def _value(values: Any, at: Key) -> Any:
    for part in at:
        values = values.get(part) if isinstance(values, dict) else values[part]
    return values


def _literals(annotation: Any) -> Iterator[str]:
    for part in get_args(annotation):
        if isinstance(part, str):
            yield part
        yield from _literals(part)


def _take_out(values: dict[str, Any], at: Key) -> None:
    """Remove a faulty value; a required one gives way to a stand-in that no rule reads, as its fault is told."""
    around = _value(values, at[:-1])
    match at:
        case ("ladder", int(index)):
            around[index] = {"name": NO_NAME}
        case ("ladder", int(), "name"):
            around["name"] = NO_NAME
        case ("project" | "target" as name,):
            around[name] = "stand-in"
        case ("data",):
            around["data"] = {}
        case _ if isinstance(around, list):
            _take_out(values, at[:-1])
        case _ if isinstance(around, dict):
            around.pop(str(at[-1]), None)
