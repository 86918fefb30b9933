"""A config as a person would write it: short, commented, and with questions as keys that are commented out."""

import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

Scalar = str | int | float | bool

WIDTH: Final = 110
PLAIN: Final = re.compile(r"(/|(\.\./)+)?[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+%")
"""Texts that every YAML reader takes as they are."""
SPOKEN_FOR: Final = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
"""Words that a YAML reader, of 1.1 or 1.2, takes for something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One key of a config, with its comment."""

    key: str
    value: "Scalar | Sequence[Scalar] | Mapping[str, Scalar] | tuple[Entry, ...]"
    """A value on the key's own line, or the entries below it."""
    says: str = ""
    """Stands above the key; may hold foreign text."""
    active: bool = True
    """Off: the key is commented out, and holds once the mark before it is taken away."""


def draft_text(opening: str, entries: Sequence[Entry]) -> str:
    """YAML under comments; no text in it can end a comment or a value before its end."""
    return "\n".join([*_comment(opening, ""), *_lines(entries, "")]) + "\n"


def scalar(value: Scalar) -> str:
    """A value on one line, quoted where YAML could misread it; any key and value of a flow mapping or list, too.

    Raises UnicodeEncodeError for text that UTF-8 cannot write.
    """
    if isinstance(value, str):
        value.encode()
        if PLAIN.fullmatch(value) and value.lower() not in SPOKEN_FOR:
            return value
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 2**31
    yaml.dump([DoubleQuotedScalarString(value) if isinstance(value, str) else value], stream)
    return stream.getvalue().removeprefix("- ").removesuffix("\n")


def _lines(entries: Sequence[Entry], indent: str) -> Iterator[str]:
    for entry in entries:
        yield from _comment(entry.says, indent)
        key = f"{indent}{'' if entry.active else '# '}{scalar(entry.key)}:"
        if isinstance(entry.value, tuple) and all(isinstance(inner, Entry) for inner in entry.value):
            yield key
            yield from _lines([inner for inner in entry.value if isinstance(inner, Entry)], f"{indent}  ")
        elif isinstance(entry.value, Mapping):
            pairs = (f"{scalar(name)}: {scalar(value)}" for name, value in entry.value.items())
            yield f"{key} {{{', '.join(pairs)}}}"
        elif isinstance(entry.value, Scalar):
            yield f"{key} {scalar(entry.value)}"
        else:
            yield f"{key} [{', '.join(scalar(value) for value in entry.value if not isinstance(value, Entry))}]"


def _comment(text: str, indent: str) -> list[str]:
    line = re.sub(r"(?<=\d) %", "\0%", "".join(sign if sign.isprintable() else " " for sign in text))
    return [
        f"{indent}# {part}".replace("\0", " ")
        for part in textwrap.wrap(line, WIDTH - len(indent) - 2, break_on_hyphens=False)
    ]
