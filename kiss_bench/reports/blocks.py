"""Where a Markdown reader sees code and where HTML: the rules are CommonMark's, and so is the parser."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocks:
    """Lines count from 0."""

    html: dict[int, int]
    """First line of an HTML block that stands in nothing else -> the line after its last."""
    code: frozenset[int]
    """Lines of code: fenced, or indented by four."""
    spans: tuple[tuple[range, str], ...]
    """Lines of a paragraph -> a piece of `code` in it."""

    def is_code(self, line: int, piece: str) -> bool:
        """Whether these words on this line are shown as code."""
        return line in self.code or any(line in lines and piece in text for lines, text in self.spans)


def blocks_of(text: str) -> Blocks:
    """Read a Markdown text whose line ends may be of any kind."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    placed = [(token, token.map) for token in tokens if token.map is not None]
    return Blocks(
        html={where[0]: where[1] for token, where in placed if token.type == "html_block" and token.level == 0},
        code=frozenset(
            line for token, where in placed if token.type in {"fence", "code_block"} for line in range(*where)
        ),
        spans=tuple((range(*where), code) for token, where in placed for code in _code_in(token)),
    )


def _code_in(token: Token) -> Iterator[str]:
    yield from (child.content for child in token.children or () if child.type == "code_inline")
