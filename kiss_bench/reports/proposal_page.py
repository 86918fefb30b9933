"""A proposal as one page of HTML: no script, nothing loaded from anywhere, made to be printed."""

import base64
import html
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kiss_bench.reports.escape import clean

MADE_BY = '<meta name="generator" content="kiss-bench propose">'
_LINE_END = re.compile(r"\r\n|\n|\r")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #f3f4f6; --line: #c9cdd3; --mark: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #16181c; --soft: #22262c; --line: #484e57;
  --mark: #f0b66b; } }
body { color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 4rem; overflow-wrap: break-word; }
@media screen { td[style*="right"] { white-space: nowrap; } }
h1 { line-height: 1.2; } h2 { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; font-size: .85rem; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; vertical-align: top; }
th { background: var(--soft); } code, pre { font: .85em/1.4 ui-monospace, monospace; }
li > code { color: inherit; opacity: .8; } pre { background: var(--soft); padding: .7rem; overflow-x: auto; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-left: .3rem solid var(--mark); background: var(--soft); }
li em { color: var(--mark); } img { max-width: 100%; height: auto; background: #fff; }
@media print { @page { margin: 14mm 12mm; } :root { --ink: #000; --paper: #fff; --soft: #f5f5f5; --line: #999;
  --mark: #5b3200; } main { max-width: none; padding: 0; } body { font-size: 9.5pt; } .wide { overflow: visible; }
  table { font-size: 7pt; } th, td { padding: .15rem .25rem; } pre { white-space: pre-wrap; }
  h1, h2, h3, h4 { break-after: avoid; } tr, blockquote, img { break-inside: avoid; } a { color: inherit; } }
"""


def proposal_page(text: str, left_out: Collection[int], images: Mapping[str, bytes]) -> str:
    """Render a proposal; lines of `left_out`, counted from 1, are markers and not shown.

    `images` are charts in SVG by their address in the text: they are put into the page, and shown as pictures, in
    which no script runs. Of any other picture only the words are shown, and HTML in the text is shown as text.
    """
    lines = ["" if number in left_out else line for number, line in enumerate(_LINE_END.split(text), start=1)]
    body = _reader(images).render("\n".join(lines))
    title = next((clean(line.lstrip("# ")) for line in lines if line.startswith("# ")), "Proposal")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{MADE_BY}\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def images_of(text: str) -> list[str]:
    """Addresses of the pictures of a Markdown text that lie in files beside it, as they are on the disk."""
    tokens = [child for token in _commonmark().parse(text) for child in token.children or ()]
    sources = (str(token.attrGet("src")) for token in tokens if token.type == "image")
    return list(
        dict.fromkeys(unquote(source) for source in sources if ":" not in source and not source.startswith("/"))
    )


def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _reader(images: Mapping[str, bytes]) -> MarkdownIt:
    reader = _commonmark()

    def image(tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token = tokens[place]
        words = html.escape(reader.renderer.renderInlineAsText(token.children or [], options, env), quote=True)  # type: ignore[attr-defined]
        found = images.get(unquote(str(token.attrGet("src"))))
        if found is None:
            return f"<em>[picture: {words}]</em>"
        return f'<img alt="{words}" src="data:image/svg+xml;base64,{base64.b64encode(found).decode()}">'

    reader.renderer.rules |= {  # type: ignore[attr-defined]
        "image": image,
        "table_open": lambda *_: '<div class="wide" role="region" aria-label="table" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
        "fence": _code,
        "code_block": _code,
    }
    return reader


def _code(tokens: Sequence[Token], place: int, *_: Any) -> str:
    """A block of code that is wider than the page is scrolled, and so is reached by keys as well."""
    words = html.escape(tokens[place].content)
    return f'<pre tabindex="0" role="region" aria-label="code"><code>{words}</code></pre>\n'
