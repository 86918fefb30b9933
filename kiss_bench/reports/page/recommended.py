"""Sections about the recommended rung: slices, disagreements, what came true, importance, what can be read of it."""

from collections.abc import Iterator, Sequence

from kiss_bench.records.diagnostics import Branch, Diagnostics, Disagreements, Importance, Reading, Slice
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.recommended import MOST, importance_chart, slices_chart, terms_chart
from kiss_bench.reports.charts.theme import inline_svg
from kiss_bench.reports.escape import MARKDOWN, clean, shortened
from kiss_bench.reports.page.blocks import (
    Block,
    Cell,
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
    figure,
    html_of,
    text_cell,
    with_interval,
)
from kiss_bench.reports.table import kept_slices

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


_NEARER = {"recommended": "the recommended rung", "simpler": "the simpler rung", "neither": "neither"}
_PARTS = {
    "Scores by values of columns": ("level", "range", "missing"),
    "Scores by spans of time": ("time",),
    "Scores of single groups": ("group",),
}
_KINDS = {"level": "value", "range": "range", "missing": "missing", "group": "group", "time": "time"}


def looked_into(found: Diagnostics, task: str) -> list[Section]:
    """Only those sections that there is something to say in."""
    sections = [_slices(found), _disagreements(found, task), _confusion(found), _importance(found), readings(found)]
    return [section for section in sections if section is not None]


def _prose(markdown: str) -> Prose:
    return Prose(html=html_of(markdown), source=FILE)


def _named(rung: str | None, arm: str | None) -> str:
    """Write `linear` with default settings: figures of the ladder may be of the other arm."""
    return f"{MARKDOWN.name(rung or '')} with {MARKDOWN.text(arm)} settings" if arm else MARKDOWN.name(rung or "")


def _number(value: float | None, at: str, decimals: int | None = None, *, sign: bool = False) -> Figure | str:
    return figure(value, amounts.number(value, decimals, sign=sign), f"{FILE}#/{at}")


def _count(value: int, at: str) -> Cell:
    return cell(value, f"{value:,}", f"{FILE}#/{at}")


def _slices(found: Diagnostics) -> Section | None:
    if not found.slices:
        return None
    decimals = amounts.shared_decimals([found.overall, *(each.score for each in found.slices)])
    simpler = clean(found.simpler or "")
    titles = ["column", "slice", "kind", "rows", f"{clean(found.metric)} (95 % interval)"]
    titles += [f"{simpler} there"] if simpler else []
    tables = [
        Table(
            caption=f"{part}, worst first",
            headings=columns(titles, left=("column", "slice", "kind")),
            lines=tuple(Line(cells=tuple(_slice(each, place, decimals, simpler=bool(simpler)))) for place, each in own),
        )
        for part, own in _by_part(found.slices)
    ]
    overall = _number(found.overall, "overall", decimals)
    looked = f"{found.slices_looked_at:,} slices" if found.slices_looked_at else "All slices"
    told = (
        f"{looked} were looked at, the worst come first: by the end of their interval that is nearer to the score of "
        f"all rows. Of so many some look bad by chance; no verdict rests on them. Slices marked * have too few rows to "
        f"say much.{_crowds(found)} Scores are of {_named(found.rung, found.arm)} on out-of-fold rows; over all rows "
        f"it is {overall if isinstance(overall, str) else overall.text}."
    )
    spec = slices_chart(found)
    pictures = (
        [Pictures(svgs=(inline_svg(spec, "slices"),), caption="The worst, with 95 % intervals, beside all rows")]
        if spec
        else []
    )
    worst = next((each for each in found.slices if each.kind != "group"), found.slices[0])
    hint = ("worst: ", shortened(f"{worst.column}: {worst.label}", 48))
    return Section(key="slices", title="Scores by slice", blocks=(_prose(told), *pictures, *tables), hint=hint)


def _by_part(slices: Sequence[Slice]) -> Iterator[tuple[str, list[tuple[int, Slice]]]]:
    """Columns first, then spans of time, then single groups, each with its place in the record."""
    for part, kinds in _PARTS.items():
        own = [(place, each) for place, each in enumerate(slices) if each.kind in kinds]
        if own:
            yield part, own


def _crowds(found: Diagnostics) -> str:
    """Say how many groups and spans of time there are where the picture leaves some out."""
    kept, told = kept_slices(found.slices, MOST), []
    for kind, named in (("group", "single groups"), ("time", "spans of time")):
        count, drawn = (sum(each.kind == kind for each in some) for some in (found.slices, kept))
        told += [f"{drawn:,} of the {count:,} {named}"] if drawn < count else []
    return f" The picture has the worst {' and '.join(told)} kept in the record." if told else ""


def _slice(each: Slice, place: int, decimals: int | None, *, simpler: bool) -> Iterator[Cell]:
    at = f"slices/{place}"
    yield text_cell(shortened(each.column, LONG))
    yield text_cell(f"{shortened(each.label, LONG)}{' *' if each.small else ''}")
    yield text_cell(_KINDS[each.kind])
    yield _count(each.rows, f"{at}/rows")
    shown = (_number(getattr(each, name), f"{at}/{name}", decimals) for name in ("score", "low", "high"))
    yield Cell(parts=with_interval(*shown), sort=each.score)
    if simpler:
        yield Cell(parts=(_number(each.simpler_score, f"{at}/simpler_score", decimals),), sort=each.simpler_score)


def _disagreements(found: Diagnostics, task: str) -> Section | None:
    told = found.disagreements
    if told is None:
        return None
    rung, simpler = MARKDOWN.name(found.rung or ""), MARKDOWN.name(found.simpler or "the simpler rung")
    pair = f"{_named(found.rung, found.arm)} and {_named(found.simpler or 'the simpler rung', found.simpler_arm)}"
    share = amounts.percent(told.differing / told.rows if told.rows else None)
    text = (
        f"{pair} differ on {told.differing:,} of {told.rows:,} rows ({share}): "
        f"{MARKDOWN.text(told.what)}. Of those {rung} is right, or nearer, on {told.right:,} and {simpler} on "
        f"{told.simpler_right:,}."
    )
    hint = (
        _figure(told.differing, "disagreements/differing"),
        " of ",
        _figure(told.rows, "disagreements/rows"),
        " rows",
    )
    blocks = (_prose(text), *_rows(found, told, task))
    title = f"Disagreements with {clean(found.simpler or 'the simpler rung')}"
    return Section(key="disagreements", title=title, blocks=blocks, hint=hint)


def _figure(value: int, at: str) -> Figure | str:
    return figure(value, f"{value:,}", f"{FILE}#/{at}")


def _rows(found: Diagnostics, told: Disagreements, task: str) -> Iterator[Block]:
    if not told.most:
        return
    titles = ["row", "actual", clean(found.rung or "it"), clean(found.simpler or "simpler"), "nearer"]
    decimals = amounts.shared_decimals([each.says for each in told.most])
    lines = tuple(
        Line(
            cells=(
                cell(each.row_id, str(each.row_id), f"{FILE}#/disagreements/most/{place}/row_id"),
                text_cell(shortened(each.actual, LONG)),
                *(
                    Cell(parts=(_number(value, f"disagreements/most/{place}/{name}", decimals),), sort=value)
                    for name, value in (("says", each.says), ("simpler_says", each.simpler_says))
                ),
                text_cell(_NEARER[each.nearer]),
            )
        )
        for place, each in enumerate(told.most)
    )
    what = "prediction" if task == "regression" else "probability given to what came true"
    caption = f"Where they differ most: {what}"
    yield Table(caption=caption, headings=columns(titles, left=("row", "actual", "nearer")), lines=lines)


def _confusion(found: Diagnostics) -> Section | None:
    told = found.confusion
    if told is None:
        return None
    names = [shortened(label, 40) for label in told.labels]
    lines = tuple(
        Line(
            cells=(
                text_cell(names[i]),
                *(_count(count, f"confusion/counts/{i}/{j}") for j, count in enumerate(told.counts[i])),
            )
        )
        for i in range(len(names))
    )
    headings = columns(["came true ↓ said →", *names], left=("came true ↓ said →",))
    table = Table(caption="Rows by what came true and what was said", headings=headings, lines=lines)
    told_of = f"Rows are those of {_named(found.rung, found.arm)}, out of fold."
    return Section(key="confusion", title="What was said, and what came true", blocks=(_prose(told_of), table))


def _importance(found: Diagnostics) -> Section | None:
    told = found.importance
    if told is None or not told.columns:
        return None
    spec = importance_chart(told)
    caption = "Largest first, with 95 % intervals"
    pictures = [Pictures(svgs=(inline_svg(spec, "importance"),), caption=caption)] if spec else []
    text = (
        f"How much the {MARKDOWN.text(told.loss)} of a row of {_named(found.rung, found.arm)} grows on average when a "
        f"column's values are dealt out anew among the test rows: {told.rows:,} rows of {told.folds:,} folds "
        f"that the models were not fitted on, {told.shuffles:,} shuffles. "
        f"Columns that say the same share their importance: each may look idle alone."
    )
    hint = ("most: ", shortened(told.columns[0].column, 48))
    title = f"Importance of columns to {clean(found.rung or '')}"
    return Section(key="importance", title=title, blocks=(_prose(text), *pictures, _importance_table(told)), hint=hint)


def _importance_table(told: Importance) -> Table:
    decimals = amounts.shared_decimals(each.loss for each in told.columns)
    lines = tuple(
        Line(
            cells=(
                text_cell(shortened(each.column, LONG)),
                Cell(
                    parts=with_interval(
                        *(
                            _number(value, f"importance/columns/{place}/{name}", decimals, sign=True)
                            for name, value in (("loss", each.loss), ("low", each.low), ("high", each.high))
                        )
                    ),
                    sort=each.loss,
                ),
            )
        )
        for place, each in enumerate(told.columns)
    )
    titles = ["column", f"rise in {clean(told.loss)} (95 % interval)"]
    return Table(caption="Importance of columns", headings=columns(titles, left=("column",)), lines=lines)
