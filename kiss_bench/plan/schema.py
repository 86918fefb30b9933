"""The JSON Schema of a config, for editors: made from the same declarations that the reader checks."""

import json
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from kiss_bench.plan.document import TEXT_KEYS
from kiss_bench.plan.faults import LATER
from kiss_bench.plan.plan import NOT_BUILT, SECTIONS, Plan, fact, keys_of, plan_adapter

SCHEMA_FILE = Path(__file__).with_name("config.schema.json")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = ["string", "number", "boolean"]
_OURS = ("allowed", "written", "fixed", "title", "description")


def config_schema() -> dict[str, Any]:
    """Make the schema. `python -m kiss_bench.plan.schema` writes it to `config.schema.json`, which ships."""
    made = plan_adapter().json_schema()
    sections = {name: _section(made["$defs"][model.__name__], model, (name,)) for name, model in SECTIONS.items()}
    whole = _section(made, Plan, ())
    references: dict[str, Any] = {name: {"$ref": f"#/$defs/{name}"} for name in SECTIONS}
    keys = whole["properties"]
    for name, reference in references.items():
        describing = {"description": keys[name]["description"]}
        if name == "ladder":
            entry = {"anyOf": [{"type": "string"}, reference]}
            keys[name] = describing | {"anyOf": [{"type": "array", "items": entry}, {"type": "null"}]}
        elif name in ("data", "metric"):
            keys[name] = describing | {"anyOf": [{"type": "string"}, reference, {"type": "null"}]}
        else:
            keys[name] = describing | {"anyOf": [reference, {"type": "null"}]}
    keys["data"]["anyOf"].pop()
    for name, says in NOT_BUILT.items():
        refused = {"description": f"{says} ({LATER[0].upper()}{LATER[1:]}.)", "x-later": True}
        keys[name] = refused | {"anyOf": [{"const": False}, {"type": "null"}]}
    head = {"$schema": _DIALECT, "title": "A kiss_bench config"}
    return head | whole | {"$defs": sections}


def _section(made: dict[str, Any], model: type, at: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: _property(made["properties"][name], model, (*at, name)) for name in keys_of(model)}
    section: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [name for name, field in keys_of(model).items() if _is_needed(field)]
    return section | ({"required": required} if required else {})


def _property(made: dict[str, Any], model: type, at: tuple[str, ...]) -> dict[str, Any]:
    declared = keys_of(model)[at[-1]]
    rules = {name: rule for name, rule in made.items() if name not in _OURS}
    default = rules.pop("default", None)
    rules = fact(declared, "written") or _as_text(rules, at)
    described = {"description": f"{declared.description} Allowed: {fact(declared, 'allowed')}."}
    if default not in (None, [], {}) and not isinstance(default, dict) and fact(declared, "fixed"):
        described["default"] = default
    return described | (rules if _is_needed(declared) else _or_null(rules))


def _is_needed(declared: FieldInfo) -> bool:
    return declared.is_required() and bool(fact(declared, "fixed"))


def _as_text(rules: dict[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    """Let columns be called 2019, too."""
    wild = ("ladder", "*", at[1]) if at[0] == "ladder" and len(at) == 2 else at
    if wild in TEXT_KEYS:
        pattern = {"pattern": rules["pattern"]} if "pattern" in rules else {}
        return {"type": _TEXT} | pattern
    if (*wild, "*") in TEXT_KEYS:
        return {"type": "array", "items": {"type": _TEXT}}
    return rules


def _or_null(rules: dict[str, Any]) -> dict[str, Any]:
    if not rules:
        return {"type": "null"}
    options = rules["anyOf"] if set(rules) == {"anyOf"} else [rules]
    return {"anyOf": [*(option for option in options if option != {"type": "null"}), {"type": "null"}]}


def schema_text() -> str:
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
