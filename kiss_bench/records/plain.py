"""Frozen records from what JSON gave back of them: the way back of `dataclasses.asdict`."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def from_plain(kind: type[Record], plain: Any) -> Record:
    """A record of this class from a mapping of its fields, records inside included.

    Lists become tuples where the class says so. Raises KeyError or TypeError where a field without a default is
    missing, or one is unknown.
    """
    made: Record = _value(kind, plain)
    return made


def _value(kind: Any, plain: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        if not isinstance(plain, Mapping):
            raise TypeError(f"a {kind.__name__} is a mapping, not a {type(plain).__name__}")
        known = {entry.name for entry in fields(kind)}
        return kind(**{name: _value(hints[name], value) if name in known else value for name, value in plain.items()})
    if get_origin(kind) in (Union, types.UnionType):
        inner = [option for option in get_args(kind) if option is not type(None)]
        return None if plain is None else _value(inner[0], plain) if len(inner) == 1 else plain
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], entry) for entry in plain)
    if get_origin(kind) is Mapping and get_args(kind):
        return {name: _value(get_args(kind)[1], entry) for name, entry in plain.items()}
    return plain


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
