"""The section on what a person can read off the simple rungs: sentences, coefficients, trees."""

from collections.abc import Iterator, Sequence

from kiss_bench.records.diagnostics import Branch, Diagnostics, Reading
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.recommended import terms_chart
from kiss_bench.reports.charts.theme import inline_svg
from kiss_bench.reports.escape import MARKDOWN, clean, shortened
from kiss_bench.reports.page.blocks import (
    Block,
    Figure,
    Line,
    Node,
    Pictures,
    Prose,
    Section,
    Table,
    Tree,
    cell,
    columns,
    text_cell,
)
from kiss_bench.reports.page.prose import html_of

FILE = "diagnostics.json"
LONG = 120
"""Letters of a foreign text in a cell."""


def readings(found: Diagnostics) -> Section | None:
    if not found.readings:
        return None
    blocks = [block for place, each in enumerate(found.readings) for block in _reading(each, place)]
    hint = (shortened(next((each.sentence for each in found.readings if each.sentence), ""), 90),)
    return Section(key="readings", title="What can be read off the simple rungs", blocks=tuple(blocks), hint=hint)


def _reading(each: Reading, place: int) -> Iterator[Block]:
    start = "" if each.intercept is None else f" Starts from {amounts.number(each.intercept)}."
    left_out = f" {each.terms_left_out:,} smaller ones are left out." if each.terms_left_out else ""
    sentence = f"**{MARKDOWN.text(each.sentence)}**\n\n" if each.sentence else ""
    told = (
        f"# {MARKDOWN.name(each.rung)}\n\n{sentence}Fitted on all {each.rows:,} rows, "
        f"{MARKDOWN.text(each.arm)} settings; in {MARKDOWN.text(each.unit)}.{start}{left_out}"
    )
    yield Prose(html=html_of(told), source=FILE)
    spec = terms_chart(each)
    if spec:
        yield Pictures(svgs=(inline_svg(spec, f"terms{place}"),), caption="Largest coefficients")
    if each.terms:
        yield _terms(each, place)
    if len(each.branches) > 1:
        yield Tree(caption=f"The tree of {clean(each.rung)}", root=_node(each.branches, each.branches[0], place))


def _terms(each: Reading, place: int) -> Table:
    labelled = any(term.label for term in each.terms)
    lines = tuple(
        Line(
            cells=(
                text_cell(shortened(term.name, LONG)),
                *((text_cell(shortened(term.label, LONG)),) if labelled else ()),
                cell(term.effect, amounts.number(term.effect, sign=True), f"{FILE}#/readings/{place}/terms/{n}/effect"),
            )
        )
        for n, term in enumerate(each.terms)
    )
    titles = ["column", *(["class"] if labelled else []), "effect"]
    return Table(caption=f"Coefficients of {clean(each.rung)}", headings=columns(titles, left=titles[:-1]), lines=lines)


def _node(branches: Sequence[Branch], branch: Branch, place: int) -> Node:
    at = f"{FILE}#/readings/{place}/branches/{branches.index(branch)}/rows"
    below = (each for each in branches if each.parent == branch.node)
    children = sorted(below, key=lambda each: each.answer != "yes")
    return Node(
        answer=branch.answer,
        question=shortened(branch.question, LONG),
        says=shortened(branch.says, LONG),
        rows=Figure(text=f"{branch.rows:,}", value=branch.rows, at=at),
        children=tuple(_node(branches, child, place) for child in children),
    )
