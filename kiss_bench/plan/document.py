"""A config as plain values: what YAML or Python hands over, as str, int, float, bool, None, list and dict."""

from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from pathlib import PurePath
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.faults import Faults, Key, short

_DEEPEST = 40
_MOST_VALUES = 100_000
_YAML_TAG = "tag:yaml.org,2002:"
_KEYS_OF_A_PLAN = "a mapping of keys such as `project`, `data` and `target`"

TEXT_KEYS = frozenset(
    {
        ("project",), ("question",), ("population",), ("target",), ("ladder", "*", "reason"),
        ("data", "id"), ("data", "time"), ("data", "group"), ("data", "weight"), ("data", "drop", "*"),
        ("data", "features", "*"), ("folds", "column"),
    }
)  # fmt: skip
"""Where text is expected, a number, a truth value or a date is taken as its text: columns are called 2019, too."""


def yaml_values(text: str, faults: Faults) -> dict[str, Any]:
    """Read the values of a YAML text; note the line of every key and item in `faults.lines`."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        root = yaml.compose(text)
        if not isinstance(root, MappingNode):
            found = "nothing in it" if root is None else "no mapping at the top"
            _refuse(faults.place, 1, found, _KEYS_OF_A_PLAN)
        faults.lines[()] = 1
        values: dict[str, Any] = _Nodes(yaml, faults).value(root, ())
    except YAMLError as error:
        _refuse(faults.place, *_told_by_yaml(error))
    except RecursionError:
        _refuse(faults.place, 1, "brackets nested too deeply", f"at most {_DEEPEST} levels")
    except (ValueError, OverflowError) as error:
        _refuse(faults.place, 1, f"text that YAML cannot read ({error})", "YAML 1.2")
    return values


def plain_mapping(mapping: object, faults: Faults) -> dict[str, Any]:
    """Read the same from a Python mapping."""
    if not isinstance(mapping, Mapping):
        faults.add((), found=short(mapping), allowed=_KEYS_OF_A_PLAN)
        faults.raise_any()
        return {}
    values: dict[str, Any] = _Plain(faults).value(mapping, ())
    return values


def _told_by_yaml(error: YAMLError) -> tuple[int, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]
    line = mark.line + 1 if mark else 1
    if "'\\t'" in problem:
        return line, "a TAB", "spaces to indent and to separate"
    return line, f"text that is not YAML ({problem})", "YAML 1.2: `key: value` lines, indented by spaces"


def _refuse(place: str, line: int, found: str, allowed: str) -> NoReturn:
    raise PlanError([Fault(place=f"{place}:{line}", key="", found=found, allowed=allowed)]) from None


def is_text_key(key: Key) -> bool:
    if key[:1] == ("skip",) and len(key) == 2:
        return True
    if len(key) > 2 and (key[:1] == ("reviewed",) or key[:2] == ("data", "available_after")):
        return key[-1] in ("by", "reason", "as_of")
    return tuple("*" if isinstance(part, int) else part for part in key) in TEXT_KEYS


class _Counted:
    """Stops at values that are nested too deeply or, by aliases of aliases, far too many."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._count = 0

    def _too_much(self, key: Key) -> bool:
        self._count += 1
        if len(key) <= _DEEPEST and self._count <= _MOST_VALUES:
            return False
        if not self.faults.broken(key[:1]):
            self.faults.add(key[:1], found="values nested too deeply or too many", allowed=f"at most {_DEEPEST} levels")
        return True

    def _scalar(self, value: object, key: Key) -> Any:
        """Hand back a value that a record can hold; of any other make a fault."""
        match value:
            case None | bool():
                return value
            case int() if abs(value) >= 2**63:
                self.faults.add(key, found="a number of more than 64 bits", allowed="a smaller number")
            case float() if not isfinite(value):
                self.faults.add(key, found=repr(float(value)), allowed="a finite number")
            case int() | float():
                return int(value) if isinstance(value, int) else float(value)
            case str():
                return self._text(value, key)
            case _:
                allowed = "text, numbers, true, false, null, lists and mappings"
                self.faults.add(key, found=short(value), allowed=allowed)
        return None

    def _text(self, value: str, key: Key) -> str | None:
        try:
            value.encode()
        except UnicodeEncodeError:
            self.faults.add(key, found=short(value), allowed="text that UTF-8 can write")
            return None
        return str(value)


class _Nodes(_Counted):
    """Turns composed YAML nodes into values."""

    def __init__(self, yaml: YAML, faults: Faults) -> None:
        super().__init__(faults)
        self._yaml = yaml

    def value(self, node: Node, key: Key) -> Any:
        if self._too_much(key):
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, key)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.faults.lines[(*key, index)] = item.start_mark.line + 1
            return [self.value(item, (*key, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._leaf(node, key)

    def _mapping(self, node: MappingNode, key: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                self.faults.lines.setdefault((*key, "?"), line)
                self.faults.add((*key, "?"), found="a list or mapping as a key", allowed="plain text as a key")
                continue
            name = name_node.value
            inside = (*key, name)
            if name in values:
                first = self.faults.lines[inside]
                self.faults.lines[inside] = line
                self.faults.add_beside(inside, found=f"the key again (first on line {first})", allowed="each key once")
                continue
            self.faults.lines[inside] = line
            if self._text(name, inside) is not None:
                values[name] = self.value(value_node, inside)
        return values

    def _leaf(self, node: ScalarNode, key: Key) -> Any:
        tag = str(node.tag).removeprefix(_YAML_TAG)
        if tag in ("str", "timestamp", "merge", "value") or (tag in ("int", "float", "bool") and is_text_key(key)):
            return self._scalar(node.value, key)
        if tag not in ("int", "float", "bool", "null"):
            self.faults.add(key, found=f"the tag {tag}", allowed="values without a tag")
            return None
        try:
            return self._scalar(self._yaml.constructor.construct_object(node), key)
        except (ValueError, KeyError, IndexError):
            self.faults.add(key, found=short(node.value), allowed=f"a value that fits its tag {tag}")
            return None


class _Plain(_Counted):
    """Turns what a Python caller hands over into the same values."""

    def value(self, found: Any, key: Key) -> Any:
        if self._too_much(key):
            return None
        if isinstance(found, Mapping):
            return self._mapping(found, key)
        if isinstance(found, list | tuple):
            return [self.value(item, (*key, index)) for index, item in enumerate(found)]
        if type(found).__module__ == "numpy" and getattr(found, "shape", None) == ():
            found = found.item()
        if isinstance(found, PurePath | date | datetime) or (is_text_key(key) and isinstance(found, int | float)):
            found = str(found)
        return self._scalar(found, key)

    def _mapping(self, found: Mapping[Any, Any], key: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in found.items():
            if isinstance(name, str) and self._text(name, (*key, name)) is not None:
                values[str(name)] = self.value(value, (*key, name))
            elif not isinstance(name, str):
                self.faults.add((*key, "?"), found=f"{short(name)} as a key", allowed="text as a key")
        return values
