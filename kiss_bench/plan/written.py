"""A plan as it is written into a record, and read back from one."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.faults import dotted
from kiss_bench.plan.masking import masked_url
from kiss_bench.plan.plan import Plan

ORDER = (
    "project", "question", "population", "data", "target", "positive", "task", "metric", "folds", "tuning", "ladder",
    "skip", "seed", "alpha", "multiplicity", "drop_missing_target", "limits", "vault", "reviewed", "parent",
)  # fmt: skip
"""The keys of a config, in its order. Where the config lies (`source`, `folder`), whom a run is told to (`export`), and
what is run beside it (`placebo`), is not part of what it asks."""


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Write out every default, under the names and in the order of the config; JSON can hold all of it.

    The password of `data.url` is masked, so a plan read back has none.
    """
    whole = {name: _plain(getattr(plan, name)) for name in ORDER}
    if plan.arithmetic != "v3":  # only then: the hash of a plan of before stays what it is
        whole["arithmetic"] = plan.arithmetic
    if plan.data.url is not None:
        whole["data"]["url"] = masked_url(plan.data.url)
    return whole


def plan_from_dict(mapping: Mapping[str, Any], *, source: str = "", folder: str = ".") -> Plan:
    """Read back what `plan_as_dict` wrote, without a catalogue. Raises PlanError."""
    place = source or "plan"
    try:
        text = json.dumps(mapping)
        plan = _adapter().validate_json(text, strict=True)
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [Fault(place=place, key=dotted(one["loc"]), found="damage", allowed=one["msg"]) for one in told]
        raise PlanError(faults) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError([Fault(place=place, key="", found=f"no JSON ({error})", allowed="a written plan")]) from None
    unknown = _unknown_keys(mapping, plan_as_dict(plan))
    if unknown:
        allowed = "keys that this version writes"
        raise PlanError([Fault(place=place, key=key, found="an unknown key", allowed=allowed) for key in unknown])
    return replace(plan, source=source, folder=folder)


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _unknown_keys(found: Mapping[str, Any], known: Mapping[str, Any], around: str = "") -> list[str]:
    unknown = [f"{around}{name}" for name in found if name not in known]
    for name in ("data", "metric", "folds", "tuning", "limits", "parent"):
        if not around and found.get(name) is not None:
            unknown += _unknown_keys(found[name], known[name], f"{name}.")
    for index, step in enumerate(() if around else found.get("ladder", ())):
        unknown += _unknown_keys(step, known["ladder"][index], f"ladder[{index}].")
    return unknown
