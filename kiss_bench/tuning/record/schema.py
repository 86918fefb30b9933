"""The JSON Schema of `tuning.json`, made from its classes, and the validator that names whatever is missing."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kiss_bench.errors import RecordError
from kiss_bench.tuning.record.facts import SCHEMA, TuningRecord

SCHEMA_FILE = Path(__file__).with_name("tuning.schema.json")
_WORDS = {"missing": "is missing", "unexpected_keyword_argument": "is unknown"}


@cache
def _adapter() -> TypeAdapter[TuningRecord]:
    return TypeAdapter(TuningRecord)


def record_schema() -> dict[str, Any]:
    """Make the schema. `python -m kiss_bench.tuning.record.schema` writes it to `tuning.schema.json`, which ships."""
    made = _adapter().json_schema()
    made["properties"]["schema"]["const"] = SCHEMA
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "A tuning record of kiss_bench"}


def schema_text() -> str:
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"


def faults_of(plain: Mapping[str, Any]) -> dict[tuple[str | int, ...], str]:
    """Every place of a tuning record that is not as the schema has it, and what is wrong there; empty where none is."""
    try:
        _adapter().validate_json(json.dumps(plain))
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        return {one["loc"]: _WORDS.get(one["type"], one["msg"][0].lower() + one["msg"][1:]) for one in told}
    return {} if plain.get("schema") == SCHEMA else {("schema",): f"is {plain.get('schema')!r}, not {SCHEMA!r}"}


def told(faults: Mapping[tuple[str | int, ...], str]) -> list[str]:
    """The faults as sentences, each with its place, such as `rungs[2].studies[0].seed is missing`."""
    return [f"{dotted(place)} {fault}" for place, fault in faults.items()]


def dotted(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def record_from_dict(plain: Mapping[str, Any], place: str) -> TuningRecord:
    """The record that a tuning.json holds; raises RecordError naming everything that is missing or unknown."""
    if faults := told(faults_of(plain)):
        more = [f"  and {len(faults) - 20} more"] if len(faults) > 20 else []
        lines = [f"  {fault}" for fault in faults[:20]]
        head = f"{place} is not a whole tuning record; `kiss-bench run CONFIG` writes it again, nothing is refitted:"
        raise RecordError("\n".join([head, *lines, *more]))
    return _adapter().validate_json(json.dumps(plain))


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
