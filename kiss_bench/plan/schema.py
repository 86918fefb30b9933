"""The JSON Schema of a config, for editors: made from the same declarations that the reader checks."""

import json
from pathlib import Path
from typing import Any

from kiss_bench.plan.columns import ANSWERS
from kiss_bench.plan.config import SECTIONS, Config, Section, fact
from kiss_bench.plan.document import TEXT_KEYS
from kiss_bench.plan.faults import LATER
from kiss_bench.plan.plan import MOST_REPEATS

SCHEMA_FILE = Path(__file__).with_name("config.schema.json")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = ["string", "number", "boolean"]
_BOUND = {"type": ["number", "null"]}
_PARAMETER = {
    "description": 'One parameter: "int(1, 8)", "float(0.001, 100, log)", "choice(a, b, 3)", a list, or a mapping.',
    "anyOf": [
        {"type": "string", "pattern": r"^\s*(int|float|choice)\s*\("},
        {"type": "array", "minItems": 1},
        {
            "type": "object",
            "additionalProperties": False,
            "anyOf": [{"required": ["type"]}, {"required": ["kind"]}],
            "properties": {
                "type": {"enum": ["int", "float", "choice"]},
                "kind": {"enum": ["int", "float", "choice"]},
                "low": _BOUND,
                "high": _BOUND,
                "log": {"type": ["boolean", "null"]},
                "choices": {"type": ["array", "null"]},
                "when": {"type": ["object", "null"]},
                "meaning": {"type": ["string", "null"]},
                "reason": {"type": ["string", "null"]},
            },
        },
    ],
}
_OVERRIDES: dict[tuple[str, ...], dict[str, Any]] = {
    ("folds", "repeats"): {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MOST_REPEATS}]},
    ("strict",): {"const": False},
    ("metric", "margin"): {
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"}]
    },
    ("data", "available_after"): {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"type": ["string", "number"]},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["as_of"],
                    "properties": {"as_of": {"type": _TEXT}, "late": {"enum": ["refused", "missing"]}},
                },
            ]
        },
    },
    ("reviewed",): {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["answer", "by", "reason"],
            "properties": {"answer": {"enum": [*ANSWERS]}, "by": {"type": _TEXT}, "reason": {"type": _TEXT}},
        },
    },
    ("skip",): {"type": "object", "additionalProperties": {"type": _TEXT}},
    ("positive",): {"type": _TEXT},
    ("ladder", "space"): {"type": "object", "additionalProperties": _PARAMETER},
}


def config_schema() -> dict[str, Any]:
    """Make the schema. `python -m kiss_bench.plan.schema` writes it to `config.schema.json`, which ships."""
    made = Config.model_json_schema()["$defs"] | {"Config": Config.model_json_schema()}
    sections = {name: _section(made[model.__name__], model, (name,)) for name, model in SECTIONS.items()}
    whole = _section(made["Config"], Config, ())
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
    head = {"$schema": _DIALECT, "title": "A kiss_bench config"}
    return head | whole | {"$defs": sections}


def _section(made: dict[str, Any], model: type[Section], at: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: _property(made["properties"][name], model, (*at, name)) for name in model.model_fields}
    section: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    return section | ({"required": required} if required else {})


def _property(made: dict[str, Any], model: type[Section], at: tuple[str, ...]) -> dict[str, Any]:
    field = model.model_fields[at[-1]]
    says = str(field.description)
    rules = {name: rule for name, rule in made.items() if name not in ("allowed", "later", "title", "description")}
    default = rules.pop("default", None)
    rules = _OVERRIDES.get(at, _as_text(rules, at))
    if fact(field, "later"):
        return {"description": f"{says} ({LATER[0].upper()}{LATER[1:]}.)", "x-later": True} | _or_null(
            _OVERRIDES.get(at, {})
        )
    described = {"description": f"{says} Allowed: {fact(field, 'allowed')}."}
    if default not in (None, [], {}) and not isinstance(default, dict):
        described["default"] = default
    return described | (rules if field.is_required() else _or_null(rules))


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
