"""The markers of a proposal: where its board begins and ends, and what a person overrides. Text in, records out."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from kiss_bench.reports.attached import END, Placed
from kiss_bench.reports.blocks import blocks_of
from kiss_bench.reports.standing import Override, Proposed

BOM: Final = "\ufeff"
_LINE_END = re.compile(r"\r\n|\n|\r")
_MARK = re.compile(r"<!--\s*kiss-bench\s*:\s*([\w-]*)", re.IGNORECASE)
"""Whatever a person might take for a marker."""
_EXACT = re.compile(r" {0,3}<!-- kiss-bench:(?P<kind>begin|end|override)(?P<values>(?:(?!-->)[\s\S])*?)\s*-->\s*")
_VALUE = re.compile(r"""\s+(?P<key>[a-z]+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[!#-~]+))""")
BEGIN_FORM: Final = "<!-- kiss-bench:begin dir=… rung=… arm=… digest=… -->"
OVERRIDE_FORM: Final = '<!-- kiss-bench:override rung=… by="a name" reason="a sentence" -->'
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "begin": ("dir", "rung", "arm", "digest"),
    "end": (),
    "override": ("rung", "by", "reason"),
}
_FORMS: Final = {"begin": BEGIN_FORM, "end": END, "override": OVERRIDE_FORM}
_LETTERS = 10
"""Of a reason: less is a dash, a dot or `n/a`."""
_OWN_LINE = "a marker has lines of its own, with nothing else on them, and stands in no quote, list or other HTML"


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    kind: str
    line: int
    """Counts from 1."""
    last: int
    """Its last line, likewise."""
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A proposal's text with its one board, or with none."""

    text: str
    begin: Marker | None = None
    end: Marker | None = None
    overrides: tuple[Marker, ...] = ()
    in_code: tuple[int, ...] = ()
    """Lines on which a marker is shown as code, and so is none."""
    faults: tuple[str, ...] = ()
    """What is wrong with the markers, each with its line."""

    @property
    def newline(self) -> str:
        """How lines end where the board is, or would be."""
        ends = _LINE_END.findall(self.text)
        if not ends:
            return "\n"
        return ends[self.begin.line - 1] if self.begin is not None else max(("\n", "\r\n", "\r"), key=ends.count)

    @property
    def digest(self) -> str:
        return self.begin.values["digest"] if self.begin is not None else ""

    @property
    def placed(self) -> Placed | None:
        """What the begin marker says; the override where it is for the rung that is proposed."""
        if self.begin is None:
            return None
        values = self.begin.values
        proposed = Proposed(rung=values["rung"], arm=values["arm"])
        return Placed(folder=values["dir"], proposed=proposed, override=override_for(self, proposed.rung))

    @property
    def board(self) -> str:
        """What stands between the markers."""
        if self.begin is None or self.end is None:
            return ""
        starts = _starts(self.text)
        return self.text[starts[self.begin.last] : starts[self.end.line - 1]]

    @property
    def outside(self) -> str:
        """The text with empty lines in place of the board: all else keeps its line."""
        if self.begin is None or self.end is None:
            return self.text
        before, after = self.around
        return before + "\n" * (self.end.line - self.begin.line) + after

    @property
    def around(self) -> tuple[str, str]:
        """What stands before the line of the begin marker, and after the end marker, its line end included."""
        if self.begin is None or self.end is None:
            return self.text, ""
        starts = _starts(self.text)
        last = starts[self.end.line - 1]
        return self.text[: starts[self.begin.line - 1]], self.text[last + len(_first_line(self.text[last:])) :]


def document_of(text: str) -> Document:
    """Find the markers of a Markdown text; a byte-order mark in front counts as none of it."""
    plain = text.removeprefix(BOM)
    blocks, lines = blocks_of(plain), _LINE_END.split(plain)
    found: list[Marker] = []
    faults: list[str] = []
    in_code: list[int] = []
    for number, kind in _occurrences(plain):
        if number in blocks.html:
            try:
                found.append(_marker("\n".join(lines[number : blocks.html[number]]), number))
            except ValueError as error:
                faults.append(f"line {number + 1}: {error}")
        elif blocks.is_code(number, lines[number].partition("<!--")[2].strip()[:11]):
            in_code.append(number + 1)
        else:
            faults.append(f"line {number + 1}: {kind or 'a marker'} does not stand alone: {_OWN_LINE}")
    return _paired(text, found, faults, in_code)


def override_for(document: Document, rung: str) -> Override | None:
    """The override of this rung that the file carries."""
    found = [marker.values for marker in document.overrides if marker.values["rung"] == rung]
    return Override(rung=rung, by=found[0]["by"], reason=found[0]["reason"]) if found else None


def _occurrences(text: str) -> Iterator[tuple[int, str]]:
    for found in _MARK.finditer(text):
        yield len(_LINE_END.findall(text, 0, found.start())), found[1].lower()


def _marker(text: str, number: int) -> Marker:
    """Raises ValueError saying what is wrong with it."""
    exact = _EXACT.fullmatch(text)
    if exact is None:
        raise ValueError(f"no marker; there are {BEGIN_FORM}, {END} and {OVERRIDE_FORM}")
    kind, rest = exact["kind"], exact["values"]
    if left := _VALUE.sub("", rest).strip():
        raise ValueError(f'{kind} holds {left[:40]!r}; allowed: key=value and key="value", with spaces between them')
    pairs = [(one["key"], _plain(one)) for one in _VALUE.finditer(rest)]
    values = {key: value for key, value in pairs if value is not None}
    wrong = [f"{key} twice" for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    wrong += [f"no {key}" for key in _KEYS[kind] if not values.get(key, "").strip()]
    wrong += [f"the unknown key {key}" for key in values if key not in _KEYS[kind]]
    wrong += _thin(values) if kind == "override" and not wrong else []
    if wrong:
        raise ValueError(f"{kind} has {', '.join(wrong)}; it is written {_FORMS[kind]}")
    return Marker(kind=kind, line=number + 1, last=number + len(_LINE_END.split(text.rstrip())), values=values)


def _plain(found: re.Match[str]) -> str | None:
    """A value as it was meant; None where its percent signs are no encoding of text."""
    if found["quoted"] is not None:
        return " ".join(found["quoted"].split())
    try:
        return unquote(found["bare"], errors="strict")
    except UnicodeDecodeError:
        return None


def _thin(values: Mapping[str, str]) -> list[str]:
    """What an override says with no words in it."""
    told = ["a name without letters"] if not any(map(str.isalpha, values["by"])) else []
    if sum(map(str.isalnum, values["reason"])) < _LETTERS:
        told.append(f"a reason of less than {_LETTERS} letters")
    return told


def _paired(text: str, found: list[Marker], faults: list[str], in_code: list[int]) -> Document:
    board = [one for one in found if one.kind != "override"]
    overrides = [one for one in found if one.kind == "override"]
    whole = [one.kind for one in board] == ["begin", "end"]
    begin, end = (board[0], board[1]) if whole else (None, None)
    if begin is not None and end is not None:
        inside = [one.line for one in overrides if begin.line < one.line < end.line]
        faults += [f"line {line}: an override inside the board; it belongs above or below it" for line in inside]
    elif board:
        told = ", ".join(f"{one.kind} on line {one.line}" for one in board)
        faults.append(f"one begin and one end below it make a board; there are {told}")
    times = Counter(one.values["rung"] for one in overrides)
    faults += [f"{count} overrides of {rung}; one is enough" for rung, count in times.items() if count > 1]
    if in_code and (found or faults):
        faults.append(f"line {', '.join(map(str, in_code))}: a marker in code is shown and marks nothing; take it out")
    return Document(
        text=text, begin=begin, end=end, overrides=tuple(overrides), in_code=tuple(in_code), faults=tuple(faults)
    )


def _starts(text: str) -> list[int]:
    """Where every line starts; a byte-order mark belongs to none."""
    return [len(BOM) if text.startswith(BOM) else 0, *(found.end() for found in _LINE_END.finditer(text))]


def _first_line(text: str) -> str:
    return _LINE_END.split(text, maxsplit=1)[0]
