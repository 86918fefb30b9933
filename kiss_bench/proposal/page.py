"""The page beside a proposal: one file, with the charts of its board inside, written anew with the Markdown."""

from pathlib import Path

from kiss_bench.proposal.files import write_proposal
from kiss_bench.proposal.markers import document_of
from kiss_bench.reports.proposal_page import MADE_BY, images_of, proposal_page

MOST = 4_000_000
"""Bytes of one chart."""


def write_page(path: Path, text: str) -> Path:
    """Render a proposal's text beside it; gives the page's path."""
    page = path.with_suffix(".html")
    write_proposal(page, page_of(path, text))
    return page


def refresh_page(path: Path, text: str) -> Path | None:
    """The same where a page of ours is there; any other file of that name is left alone."""
    page = path.with_suffix(".html")
    try:
        ours = MADE_BY in page.read_text(encoding="utf8")[:2000]
    except (OSError, UnicodeDecodeError):
        return None
    return write_page(path, text) if ours else None


def page_of(path: Path, text: str) -> str:
    """The page of a proposal whose charts are where its links lead."""
    plain = text.removeprefix("\ufeff")
    document = document_of(plain)
    marked = {
        line
        for one in (document.begin, document.end, *document.overrides)
        if one
        for line in range(one.line, one.last + 1)
    }
    images = {name: found for name in images_of(plain) if (found := _chart(path.resolve().parent / name)) is not None}
    return proposal_page(plain, marked, images)


def _chart(path: Path) -> bytes | None:
    """A chart's bytes; None for what is none, or is not there: its words stand in for it."""
    try:
        if path.suffix == ".svg" and path.stat().st_size <= MOST:
            return path.read_bytes()
    except (OSError, ValueError):
        return None
    return None
