"""A config made from a plan: what is otherwise than by default, with changes, and a link to where it came from."""

import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.plan import NOT_BUILT, PROJECT, SECTIONS, Data, Parent, Plan, Step, keys_of, plan_as_dict
from kiss_bench.plan.rules import Catalogue
from kiss_bench.plan.space import is_range

HOW = "RUNG.PARAMETER=int(4, 512, log), RUNG.settings.NAME=VALUE, RUNG.trials=60, or a key such as tuning.trials=60"


def config_of(plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    """The keys of a config for this plan, without those at their default; `ladder` always."""
    whole = plan_as_dict(plan)
    usual = plan_as_dict(Plan(project=plan.project, data=Data(), target=plan.target))
    del usual["project"], usual["target"]
    config = {name: _without_usual(value, usual.get(name)) for name, value in whole.items() if name != "ladder"}
    if "margin" in config["metric"] or "margin_unit" in config["metric"]:
        config["metric"] |= {"margin": plan.metric.margin, "margin_unit": plan.metric.margin_unit}
    found = {name: value for name, value in config.items() if value not in ({}, None) and value != usual.get(name)}
    return {**found, "ladder": [_entry(step, _usual_trials(step, plan, catalogue)) for step in plan.ladder]}


def _without_usual(value: Any, usual: Any) -> Any:
    if not isinstance(value, Mapping) or not isinstance(usual, Mapping):
        return value
    return {name: entry for name, entry in value.items() if entry != usual.get(name)}


def _usual_trials(step: Step, plan: Plan, catalogue: Catalogue) -> int:
    """The trials of a rung whose entry does not say any."""
    known = catalogue.rung(step.name) if step.estimator is None else None
    tunable = known.tunable if known else bool(step.space)
    return plan.tuning.trials if tunable else 0


def _entry(step: Step, usual: int) -> str | dict[str, Any]:
    """A rung by its name alone where the config says no more of it."""
    entry: dict[str, Any] = {"name": step.name}
    if step.estimator is not None:
        entry |= {"level": step.level, "estimator": step.estimator}
    if step.settings:
        entry["settings"] = dict(step.settings)
    if step.space:
        entry["space"] = {name: parameter_text(spec) for name, spec in step.space.items()}
    if step.trials != usual:
        entry["trials"] = step.trials
    if step.reason:
        entry["reason"] = step.reason
    return step.name if set(entry) == {"name"} else entry


def parameter_text(spec: Mapping[str, Any]) -> str | dict[str, Any]:
    """A parameter in its normal form as a config has it: `int(4, 128, log)`; a mapping where there is more to say."""
    plain = [choice for choice in spec["choices"] if isinstance(choice, int | float) or choice is None]
    words = {name: spec[name] for name in ("when", "meaning", "reason") if spec.get(name)}
    if not words and spec["kind"] != "choice":
        return f"{spec['kind']}({spec['low']}, {spec['high']}{', log' if spec['log'] else ''})"
    if not words and len(plain) == len(spec["choices"]):
        return f"choice({', '.join(_word(choice) for choice in plain)})"
    ends = {name: spec[name] for name in ("low", "high", "choices") if spec[name] not in (None, [])}
    return {"type": spec["kind"], **ends, **({"log": True} if spec["log"] else {}), **words}


def _word(value: Any) -> str:
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def changed(config: Mapping[str, Any], changes: Sequence[str], reason: str) -> dict[str, Any]:
    """The config with every `KEY=VALUE` of `changes`; values are YAML.

    A rung that is changed gets `reason` for its own; without one the board will say that nobody gave it.
    Raises PlanError naming every change that cannot be understood.
    """
    made, faults = dict(config), []
    keys = [text.partition("=")[0].strip() for text in changes]
    faults += [
        Fault(place=f"--set {key}=…", key="", found=f"{keys.count(key)} values", allowed="one")
        for key in sorted({key for key in keys if keys.count(key) > 1})
    ]
    told: set[str] = set()
    for text in changes:
        key, equals, value = text.partition("=")
        path = key.strip().split(".")
        try:
            _change(made, path, _value(value, equals))
        except _RefusedError as refused:
            faults.append(Fault(place=f"--set {text}", key="", found=refused.found, allowed=refused.allowed))
        if path[1:] != ["reason"]:
            told.add(path[0])
    if faults:
        raise PlanError(faults)
    return {**made, "ladder": [_with_reason(entry, reason, told) for entry in made["ladder"]]}


def _with_reason(entry: str | dict[str, Any], reason: str, changed_ones: Collection[str]) -> str | dict[str, Any]:
    """A changed rung tells why; one that is taken over as it is keeps the reason that it has."""
    if isinstance(entry, str) or entry["name"] not in changed_ones or not reason:
        return entry
    before = entry.get("reason", "")
    return {**entry, "reason": f"{before}; {reason}" if before else reason}


class _RefusedError(Exception):
    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(found)
        self.found, self.allowed = found, allowed


def _value(text: str, equals: str) -> Any:
    if not equals:
        raise _RefusedError("no KEY=VALUE", HOW)
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise _RefusedError(f"a value that is no YAML ({str(error).splitlines()[0]})", HOW) from None


def _change(config: dict[str, Any], path: list[str], value: Any) -> None:
    names = [entry if isinstance(entry, str) else entry["name"] for entry in config["ladder"]]
    if path[0] in names and len(path) > 1:
        config["ladder"] = list(config["ladder"])
        place = names.index(path[0])
        config["ladder"][place] = _changed_entry(config["ladder"][place], path[1:], value)
    elif path[0] in ("project", "parent"):
        raise _RefusedError(
            f"`{path[0]}`", "anything else: the link is written by itself, a name is given by --project"
        )
    elif path[0] not in {*keys_of(Plan), *NOT_BUILT}:
        raise _RefusedError(f"`{path[0]}`, no rung of this ladder and no key", f"{', '.join(names)}; or {HOW}")
    elif len(path) > 1 and path[0] in SECTIONS and path[0] != "ladder":
        config[path[0]] = _set(config, path, value)[path[0]]
    elif len(path) == 1:
        config[path[0]] = value
    else:
        raise _RefusedError(
            f"`{'.'.join(path)}`", f"`{path[0]}` as a whole; a rung of the ladder is called by its name"
        )


def _changed_entry(entry: str | dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": entry} if isinstance(entry, str) else dict(entry)
    if path[0] in keys_of(Step):
        made = _set(made, path, value)
    elif len(path) == 1 and (isinstance(value, list | dict) or is_range(value)):
        made = _set(made, ["space", path[0]], value)
    else:
        found = f"`{'.'.join(path)}` with {value!r}, which is no range"
        kept = f"settings.{path[0]}={value} for its default, {path[0]}=choice({value}) to keep it so in all trials"
        raise _RefusedError(found, f"a range such as int(4, 512, log); {kept}")
    return made


def _set(around: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    if len(path) == 1:
        return {**around, path[0]: value}
    inner = around.get(path[0], {})
    if not isinstance(inner, Mapping):
        raise _RefusedError(f"`{'.'.join(path)}`, though `{path[0]}` is {inner!r}", f"`{path[0]}` without a dot")
    return {**around, path[0]: _set(inner, path[1:], value)}


def with_parent(config: Mapping[str, Any], project: str, parent: Parent) -> dict[str, Any]:
    """The same under a name of its own, with the link at the end."""
    link = {name: value for name, value in asdict(parent).items() if value}
    return {**config, "project": project, "parent": link}


def project_name(text: str, otherwise: str = "adapted") -> str:
    """A project's name made from the name of a file; `otherwise` where nothing of it is left."""
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")
    return name if re.fullmatch(PROJECT, name) else otherwise


def config_text(config: Mapping[str, Any], comment: str) -> str:
    """YAML, with a comment above it."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(dict(config), stream)
    return "".join(f"# {line}\n" for line in comment.splitlines()) + stream.getvalue()
