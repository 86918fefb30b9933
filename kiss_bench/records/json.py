"""Records as JSON, and back: a field is declared once, in its record, and pydantic writes and reads it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

Number = int | float
"""As it was written: a whole number that is read comes back as one, so that a text made again is the same."""
STRICT: Any = {"extra": "forbid", "use_attribute_docstrings": True}
"""`__pydantic_config__` of an outermost record: nothing unknown is read, in those inside it neither."""
Place = tuple[str | int, ...]
Record = TypeVar("Record")
_WORDS = {"missing": "is missing", "unexpected_keyword_argument": "is unknown"}


def plain_json(value: Any) -> Any:
    """Reduce to what JSON has: no NaN or infinity, no NumPy, keys as text."""
    from pydantic_core import to_json

    return json.loads(to_json(value, inf_nan_mode="null", fallback=_fallback))


def _fallback(value: Any) -> Any:
    """What pydantic does not know: mappings of another kind, NumPy, and all else as text."""
    if isinstance(value, Mapping):
        return dict(value)
    array = getattr(value, "tolist", None)
    return array() if callable(array) and not isinstance(value, type) else str(value)


def record_json(record: Any) -> str:
    """Write a record that has a schema, with its fields in order, `schema` first."""
    return text_of({"schema": record.schema, **plain_json(record)})


def text_of(plain: Mapping[str, Any]) -> str:
    """Raises ValueError for NaN or infinity."""
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def record_of(kind: type[Record], plain: Any) -> Record:
    """The record of this class that JSON gave back; raises ValueError naming what is wrong."""
    made, faults = read_strictly(kind, plain)
    if made is None:
        told = told_faults(faults)
        raise ValueError("; ".join([*told[:3], *([f"and {len(told) - 3} more"] if len(told) > 3 else [])]))
    return made


def told_faults(faults: Mapping[Place, str]) -> list[str]:
    """The faults as sentences, each with its place, such as `rungs[2].studies[0].seed is missing`."""
    return [f"{dotted(place)} {fault}" for place, fault in faults.items()]


def dotted(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def read_strictly(kind: type[Record], plain: Any) -> tuple[Record | None, dict[Place, str]]:
    """The record, None where there is none; and every place that is not as the class has it, with what is wrong."""
    from pydantic import ValidationError

    try:
        return adapter_of(kind).validate_python(plain), {}  # type: ignore[arg-type]
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        return None, {one["loc"]: _WORDS.get(one["type"], one["msg"][0].lower() + one["msg"][1:]) for one in told}


@cache
def adapter_of(kind: Any) -> Any:
    """Pydantic's reader and schema of a record; records inside it are as strict as the outermost says."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
