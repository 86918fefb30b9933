"""The parts of a proposal as `propose` writes them: headings, paragraphs, tables and code, each with its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kiss_bench.reports.proposal_parts import TITLES

HEADINGS = tuple(f"{number}. {title}" for number, title in enumerate(TITLES, start=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    line: int
    """Counts from 1, as everywhere here."""
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    head: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What stands under one heading of `propose`, headings of the author's own between included."""

    line: int
    tables: list[Table] = field(default_factory=list)
    paragraphs: list[tuple[int, str]] = field(default_factory=list)
    """First line of a paragraph that stands in nothing else, and its text."""
    code: list[tuple[int, str]] = field(default_factory=list)
    """First line inside a fence, and what it holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    titles: tuple[tuple[int, str], ...]
    """Every heading of the first level, in order."""
    parts: Mapping[str, Part]

    @property
    def by_propose(self) -> bool:
        """Whether most of its headings are there: less of them is a text of the author's own."""
        return 2 * len(self.parts) > len(HEADINGS)


def proposal_in(text: str) -> Proposal:
    """Read a Markdown text; of a heading that is there twice both parts count as one."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text.removeprefix("\ufeff"))
    titles: list[tuple[int, str]] = []
    parts: dict[str, Part] = {}
    now: Part | None = None
    for place, token in enumerate(tokens):
        if token.map is None or token.level:
            continue
        line = token.map[0] + 1
        if token.type == "heading_open":
            words = tokens[place + 1].content
            titles += [(line, words)] if token.tag == "h1" else []
            if words in HEADINGS:
                now = parts.setdefault(words, Part(line=line))
        elif now is not None:
            _put(now, tokens, place)
    return Proposal(titles=tuple(titles), parts=parts)


def _put(part: Part, tokens: Sequence[Token], place: int) -> None:
    token = tokens[place]
    line = (token.map or [0])[0] + 1
    if token.type == "table_open":
        head, *rows = _rows(tokens, place)
        part.tables.append(Table(head=head, rows=tuple(rows)))
    elif token.type == "paragraph_open":
        part.paragraphs.append((line, tokens[place + 1].content))
    elif token.type == "fence":
        part.code.append((line + 1, token.content))


def _rows(tokens: Sequence[Token], place: int) -> Iterator[Row]:
    cells: list[str] = []
    line = 0
    for token in tokens[place:]:
        if token.type == "tr_open":
            cells, line = [], (token.map or [0])[0] + 1
        elif token.type == "inline":
            cells.append(token.content.strip())
        elif token.type == "tr_close":
            yield Row(line=line, cells=tuple(cells))
        elif token.type == "table_close":
            return
