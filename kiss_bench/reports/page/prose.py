"""Markdown of the other reports turned into HTML, so that the page says the same in the same words."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

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
