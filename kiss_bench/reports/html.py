"""`leaderboard.html`: the whole evidence on one page that needs nothing but a browser."""

import hashlib
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kiss_bench.records.evidence import Evidence
from kiss_bench.reports.charts.ladder import NARROW, WIDE, ladder_chart
from kiss_bench.reports.charts.theme import ON_DARK, inline_svg
from kiss_bench.reports.checks import checked
from kiss_bench.reports.escape import MARKDOWN, PLAIN, clean
from kiss_bench.reports.markdown import failures, question_line, vault_line
from kiss_bench.reports.page.blocks import html_of, inline_html
from kiss_bench.reports.page.first_screen import answers, ladder_table
from kiss_bench.reports.page.sections import sections
from kiss_bench.reports.phrases import banners, stamps, verdict_parts

if TYPE_CHECKING:
    from jinja2 import Template


def leaderboard_html(evidence: Evidence) -> str:
    """Render the page. All that is foreign passes through Jinja's escaping, or was Markdown with HTML switched off."""
    board = evidence.board
    head, tail = verdict_parts(board, MARKDOWN)
    script, vault = _file("script.js"), vault_line(board)
    ladders = [(name, ladder_chart(board, layout)) for name, layout in (("broad", WIDE), ("narrow", NARROW))]
    text = _template().render(
        board=board,
        title=f"{clean(board.project)}: {clean(verdict_parts(board, PLAIN)[0])}",
        head=inline_html(head),
        tail=inline_html(tail),
        grave=[inline_html(line) for line in banners(board, MARKDOWN)[: len(stamps(board))]],
        cautions=[inline_html(line) for line in banners(board, MARKDOWN)[len(stamps(board)) :]],
        checked=[inline_html(line) for line in [*checked(board, MARKDOWN), *([vault] if vault else [])]],
        question=inline_html(question_line(board)),
        answers=answers(board),
        ladders=[(name, inline_svg(spec, name)) for name, spec in ladders if spec is not None],
        table=ladder_table(board) if board.rungs else None,
        failures=html_of(failures(board)),
        sections=sections(evidence),
        style=_file("style.css"),
        script=script,
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        on_dark=ON_DARK,
    )
    return f"{text.strip()}\n"


@lru_cache(maxsize=1)
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kiss_bench.reports.page", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.j2")


@lru_cache(maxsize=2)
def _file(name: str) -> str:
    return (files("kiss_bench.reports.page") / "templates" / name).read_text(encoding="utf-8")


EVIDENCE_FILES = {"leaderboard.html": leaderboard_html}
