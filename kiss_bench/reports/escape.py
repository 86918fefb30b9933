"""Foreign text made harmless: names, reasons and notes come from files and exceptions, not from us."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Reversing or overriding the direction of writing would let a name rearrange the line it stands in.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"[\\`*~\[\]$]|(?<![^\W_])_|_(?![^\W_])")
_BLOCK_START = re.compile(r"^(#|[-+](?=\s)|\d+(?=[.)]\s)|>)")
_SIMPLE = re.compile(r"[\w.+-]+")
# Only before these does `<` open a tag, a comment or an address; "<0.0001" may stay as it is.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_CODE = re.compile(r"((?<!`)`[\w.+-]+`(?!`))")


def clean(text: str) -> str:
    """Reduce to one line, no control characters, no lone surrogates."""
    line = "".join(" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in text)
    line = _DIRECTION.sub("", line).encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"\s+", " ", line).strip()


def markdown(text: str) -> str:
    """Write text that no Markdown reader turns into a cell, a link, a heading or HTML; `simple` code stays."""
    return _BLOCK_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", inline(text))


def inline(text: str) -> str:
    """Write the same for text that never starts a line, such as a table's cell."""
    parts = _CODE.split(clean(text))
    return "".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    safe = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    return _TAG.sub("&lt;", safe.replace("&", "&amp;")).replace("|", "&#124;")


def code(name: str) -> str:
    """Write a name as `code` where it is made of letters, digits and `_ . + -`; otherwise as escaped text."""
    line = clean(name)
    return f"`{line}`" if _SIMPLE.fullmatch(line) else f"“{inline(line)}”"


def path(name: str) -> str:
    """Write the place of a file or folder likewise, its slashes included."""
    line = clean(name)
    return f"`{line}`" if _SIMPLE.fullmatch(line.replace("/", "")) else f"“{inline(line)}”"


def quoted(name: str) -> str:
    """Write a name inside a plain sentence."""
    line = clean(name)
    return line if _SIMPLE.fullmatch(line) else f"“{line}”"


def markup(text: str) -> str:
    """Write text for HTML, attribute values included."""
    return html.escape(clean(text), quote=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """How a format writes foreign text inside our sentences."""

    name: Callable[[str], str]
    text: Callable[[str], str]


PLAIN = Pen(name=quoted, text=clean)
MARKDOWN = Pen(name=code, text=markdown)


def shortened(text: str, width: int) -> str:
    line = clean(text)
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"


def listed(items: Iterable[str]) -> str:
    """Join as `a`, `a and b`, `a, b and c`."""
    *head, last = list(items)
    return f"{', '.join(head)} and {last}" if head else last
