"""What a page is put together from: figures that say where they come from, tables, pictures, prose, trees."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from kiss_bench.reports import amounts

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number as it is shown, with its exact value and the place in the folder's files that holds it."""

    text: str
    value: float
    at: str
    """File and JSON pointer: `leaderboard.json#/rungs/2/score`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A verdict, whose colour and sign only repeat what it says."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Faint:
    """What stands back behind the figure that it belongs to."""

    parts: tuple["Figure | str", ...]


Part = Figure | Word | Faint | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    parts: tuple[Part, ...]
    sort: float | str | None = None
    """What it is sorted by; None comes last in either direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    title: str
    right: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row of a table; its first cell names it."""

    cells: tuple[Cell, ...]
    rung: int | None = None
    """Place of the rung on the ladder, by which pictures and tables are linked."""
    chosen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    kind: ClassVar[str] = "table"
    caption: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    sortable: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Prose:
    """HTML of our own making; foreign text in it has been escaped."""

    kind: ClassVar[str] = "prose"
    html: str
    source: str = "leaderboard.json"
    """The file that the numbers in it are from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    kind: ClassVar[str] = "pictures"
    svgs: tuple[str, ...]
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    kind: ClassVar[str] = "code"
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node of a tree that is drawn as nested lists."""

    answer: str
    question: str
    says: str
    rows: Figure
    children: tuple["Node", ...]

    @property
    def size(self) -> int:
        """How many nodes hang on it, itself included."""
        return 1 + sum(child.size for child in self.children)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    kind: ClassVar[str] = "tree"
    caption: str
    root: Node


Block = Table | Prose | Pictures | Code | Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    key: str
    title: str
    blocks: tuple[Block, ...]
    hint: tuple[Part, ...] = field(default=())
    """What can be said of it in half a line, beside its title."""


def figure(value: float | None, text: str, at: str) -> Figure | str:
    """A figure, or the text alone where there is no number behind it."""
    return text if value is None or text == amounts.NOTHING_THERE else Figure(text=text, value=value, at=at)


def cell(value: float | None, text: str, at: str) -> Cell:
    return Cell(parts=(figure(value, text, at),), sort=value)


def text_cell(text: str) -> Cell:
    return Cell(parts=(text,), sort=text)


def with_interval(middle: Figure | str, low: Figure | str, high: Figure | str) -> tuple[Part, ...]:
    """Write `0.49 (0.45 to 0.52)`, the interval standing back; the middle alone where there is no interval."""
    if isinstance(low, str) or isinstance(high, str):
        return (middle,)
    return middle, " ", Faint(parts=("(", low, " to ", high, ")"))


def columns(titles: Sequence[str], *, left: Sequence[str] = ()) -> tuple[Heading, ...]:
    """Headings of these titles; figures stand to the right, what is named in `left` to the left."""
    return tuple(Heading(title=title, right=title not in left) for title in titles)


_HEADING = re.compile(r"<(/?)h([1-6])>")
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEAD_CELL = re.compile(r"<th(?=[ >])")
_IMAGE = re.compile(r"^!\[.*\]\([\w.]+\)\n*", re.MULTILINE)


def html_of(markdown: str, *, deeper: int = 3) -> str:
    """Render it, HTML switched off; headings move down by `deeper` levels, tables scroll within themselves.

    Links to picture files are left out: the page draws them itself.
    """
    html = _reader().render(_IMAGE.sub("", markdown))
    html = _HEADING.sub(lambda found: f"<{found[1]}h{min(int(found[2]) + deeper, 6)}>", html)
    html = _TABLE.sub(lambda found: f'<div class="wide">{found[0]}</div>', html)
    return _HEAD_CELL.sub('<th scope="col"', html)


def inline_html(markdown: str) -> str:
    return str(_reader().renderInline(markdown))


@lru_cache(maxsize=1)
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])
