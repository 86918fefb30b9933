"""From a config to the frozen plan: every fault at once, each with its place.

The keys are declared in `plan.py`. Here short forms become long ones, pydantic checks key by key (what it refuses
becomes faults and is taken out, so that the rest can be checked), and `rules.py` says what keys mean together.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.document import plain_mapping, yaml_values
from kiss_bench.plan.faults import Faults, Key, did_you_mean, nearest, short
from kiss_bench.plan.plan import (
    NOT_BUILT,
    SECTIONS,
    Arithmetic,
    Plan,
    fact,
    key_at,
    keys_of,
    plan_adapter,
    section_at,
)
from kiss_bench.plan.rules import NO_NAME, Catalogue, in_long_form, with_rules

_ROUNDS = 20
"""A fault inside a key hides no other for long: two or three rounds are usual."""
_UNKNOWN = "unexpected_keyword_argument"


def read_plan(path: str | Path, catalogue: Catalogue) -> Plan:
    """Read the plan of a YAML file. Raises PlanError with all its faults."""
    return plan_from_text(_text(Path(path)), catalogue, path)


def arithmetic_of(path: str | Path) -> Arithmetic:
    """Read the level of arithmetic that a YAML file asks for, before anything that computes is loaded.

    That is the default where the file is faulty: reading the plan tells what is wrong.
    """
    try:
        asked = yaml_values(_text(Path(path)), Faults(str(path))).get("arithmetic")
    except PlanError:
        asked = None
    return "native" if asked == "native" else "v3"


def plan_from_text(text: str, catalogue: Catalogue, path: str | Path) -> Plan:
    """Read the plan of what stands, or is going to, in a YAML file at `path`. Raises PlanError with all its faults."""
    faults = Faults(str(path))
    return _plan(yaml_values(text, faults), catalogue, faults, folder=str(Path(path).parent))


def plan_from_mapping(mapping: Mapping[str, Any], catalogue: Catalogue, place: str = "bench()") -> Plan:
    """Read the plan of a mapping with the keys of a config. Raises PlanError with all its faults.

    The rows may be in the caller's hands already, so `data` needs no path, sql or loader here.
    """
    faults = Faults(place)
    values = plain_mapping(mapping, faults)
    if values.get("data") is None:
        values["data"] = {}
    return _plan(values, catalogue, faults, folder=None)


def _plan(values: dict[str, Any], catalogue: Catalogue, faults: Faults, *, folder: str | None) -> Plan:
    faults.written = _without_shorthand(values, faults)
    known = _without_strangers(faults.written, faults)
    asked = _valid(in_long_form(deepcopy(known), catalogue, faults), faults)
    plan = with_rules(asked, catalogue, faults, source_needed=folder is not None)
    faults.raise_any()
    return replace(plan, source=faults.place, folder="." if folder is None else folder)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        found = "no such file"
    except IsADirectoryError:
        found = "a folder"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = Fault(place=f"{path}:{line}", key="", found="bytes that are not UTF-8", allowed="text saved as UTF-8")
        raise PlanError([fault]) from None
    except (OSError, ValueError) as error:
        found = f"a file that cannot be read ({getattr(error, 'strerror', None) or error})"
    raise PlanError([Fault(place=str(path), key="", found=found, allowed="a YAML file")])


def _without_shorthand(values: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """A name in place of a mapping becomes the mapping; a key without a value is a key not given."""
    values = _given(values)
    for name, inner in (("data", "path"), ("metric", "primary")):
        if isinstance(values.get(name), str):
            faults.shorthand.add((name,))
            values[name] = {inner: values[name]}
    for name in SECTIONS:
        values |= {name: _given(values[name])} if isinstance(values.get(name), dict) else {}
    ladder = values.get("ladder")
    for index, entry in enumerate(ladder if isinstance(ladder, list) else ()):
        if isinstance(entry, str):
            faults.shorthand.add(("ladder", index))
        values["ladder"][index] = {"name": entry} if isinstance(entry, str) else _given(entry)
    return values


def _given(found: Any) -> Any:
    return {name: value for name, value in found.items() if value is not None} if isinstance(found, dict) else found


def _without_strangers(written: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """Refuse keys that are none, though a plan has a field of that name, and those whose part is not built."""
    for name in ("source", "folder", *NOT_BUILT):
        if name not in NOT_BUILT and name in written:
            _tell_unknown((name,), faults)
        elif written.get(name, False) is not False:
            faults.add_later((name,), written[name])
    return {name: value for name, value in written.items() if name not in ("source", "folder", *NOT_BUILT)}


def _valid(values: dict[str, Any], faults: Faults) -> Plan:
    """Make the plan without its faulty keys; these are in `faults`."""
    for _ in range(_ROUNDS):
        try:
            return plan_adapter().validate_json(json.dumps(values))
        except ValidationError as error:
            refused = error.errors(include_url=False, include_context=False, include_input=False)
        for kind, at in sorted({(str(one["type"]), _real(values, one["loc"])) for one in refused}, key=_unknown_first):
            _tell(kind, at, faults)
        for at in {_real(values, one["loc"]) for one in refused}:
            _take_out(values, at)
    faults.raise_any()
    raise AssertionError(refused)


def _unknown_first(refused: tuple[str, Key]) -> tuple[bool, str]:
    return refused[0] != _UNKNOWN, str(refused)


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


def _tell(kind: str, at: Key, faults: Faults) -> None:
    if faults.broken(at):
        return
    if kind == _UNKNOWN:
        _tell_unknown(at, faults)
        return
    found, declared = faults.given(at), key_at(at)
    allowed = str(fact(declared, "allowed")) if declared else "a mapping"
    options = tuple(_literals(declared.annotation)) if declared else ()
    faults.add(at, found=short(found), allowed=allowed, hint=did_you_mean(found, options))


def _tell_unknown(at: Key, faults: Faults) -> None:
    known = keys_of(section_at(at[:-1]) or Plan)
    name, around = str(at[-1]), faults.given(at[:-1])
    elsewhere = [section for section, model in SECTIONS.items() if section != "ladder" and name in keys_of(model)]
    close = nearest(name, [*known, *(NOT_BUILT if len(at) == 1 else ())])
    if len(at) == 1 and elsewhere:
        hint = f"did you mean `{elsewhere[0]}.{name}`?"
    else:
        hint = f"did you mean `{close}`?" if close else ""
        if close and close not in around:
            faults.mark((*at[:-1], close))
    faults.add(at, found="an unknown key", allowed=", ".join(known), hint=hint)


def _literals(annotation: Any) -> Iterator[str]:
    for part in get_args(annotation):
        if isinstance(part, str):
            yield part
        yield from _literals(part)


def _take_out(values: dict[str, Any], at: Key) -> None:
    """Remove a faulty value; a required one gives way to a stand-in that no rule reads, as its fault is told."""
    if at[0] == "parent":  # some of its keys are required, and no rule reads it
        values.pop("parent", None)
        return
    around: Any = values
    for part in at[:-1]:
        around = around[part]
    match at:
        case ("ladder", int(index)):
            around[index] = {"name": NO_NAME, "level": 0.0}
        case ("ladder", int(), "name"):
            around["name"] = NO_NAME
        case ("ladder", int(), "level"):
            around["level"] = 0.0
        case ("project" | "target" as name,):
            around[name] = "stand-in"
        case ("data",):
            around["data"] = {}
        case _ if isinstance(around, list):
            _take_out(values, at[:-1])
        case _ if isinstance(around, dict):
            around.pop(str(at[-1]), None)
