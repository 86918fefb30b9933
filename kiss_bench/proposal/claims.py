"""Lines of a proposal around its board, held against what the record gives."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kiss_bench.reports.proposal_parts.reading import HEADINGS, Part, Proposal, Row, Table

_CITED = re.compile(
    r"^- (?P<said>.*) — (?P<places>`[a-z_.]+\.(?:json|jsonl|parquet|md)(?:: [^`]*)?`(?:, `[^`]*`)*)\s*$"
)
_FIGURE = re.compile(
    r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?|NOT JUSTIFIED|NOT COMPARABLE|JUSTIFIED|INCONCLUSIVE|FAILED|not contradicted|"
    r"contradicted|confirmed"
)
_VERDICT = re.compile(
    r"NOT JUSTIFIED|NOT COMPARABLE|JUSTIFIED|INCONCLUSIVE|FAILED|not contradicted|contradicted|confirmed"
)
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def misquoted(found: str, expected: str) -> list[int]:
    """Lines of `found`, counted from 1, that cite a place as `expected` does and give other figures.

    A place that is cited more than once is compared in order; one that `expected` does not cite cannot be told.
    """
    return _differing(found, expected, _FIGURE)


def misjudged(found: str, expected: str) -> list[int]:
    """Those of them that give another verdict."""
    return _differing(found, expected, _VERDICT)


def _differing(found: str, expected: str, what: re.Pattern[str]) -> list[int]:
    told: dict[str, list[tuple[int, Sequence[str]]]] = {}
    for place, number, figures in _citations(found, what):
        told.setdefault(place, []).append((number, figures))
    wrong = []
    for place, _, figures in _citations(expected, what):
        if told.get(place):
            number, said = told[place].pop(0)
            wrong += [number] if said != figures else []
    return sorted(wrong)


def _citations(text: str, what: re.Pattern[str]) -> Iterator[tuple[str, int, Sequence[str]]]:
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if cited := _CITED.match(line):
            yield cited["places"], number, what.findall(cited["said"])


VERDICT, COMMENT, LEDGER = HEADINGS[0], HEADINGS[17], HEADINGS[12]
"""The ledger's table grows after a proposal was written, so that rows may be wanting there."""
_STATE = re.compile(
    r"\*\*(?:JUSTIFIED|NOT JUSTIFIED|INCONCLUSIVE|BASELINE|NOT COMPARABLE)\b[^*]*\*\*|.* settings is proposed\b"
)
"""A line that reads as the verdict of part 1; an author's own may say anything else."""
_VERDICT_WORD = re.compile(r"\b(?:NOT JUSTIFIED|JUSTIFIED|INCONCLUSIVE|BASELINE|NOT COMPARABLE|FAILED)\b")
_BOARD_SAYS = "The board says:"
_VARIES = (
    (re.compile(r"((?:board in|--strict:) )(?:`[^`]*`|“.*?”)"), r"\1"),  # what the file was called
    (re.compile(r"^.*(Digest \w+) of .*"), r"\1"),  # what could be asked, and where the folder was
    (re.compile(r" (?:Scores not recomputed|Mind what is told below)\."), ""),
    (re.compile(r" +"), " "),
)
_PASSED_OVER = re.compile(
    r"\s*$|\|[:| -]+$|- \d+ answers? (?:is|are) still missing|- scores not recomputed|- and \d+ more"
)
"""Lines of the comment that have nothing of the record, or are others once there are answers."""


def retitled(found: Proposal, expected: Proposal) -> list[int]:
    """Lines where another rung or verdict is proposed than the record and the marker give."""
    (_, title), *_ = expected.titles
    wrong = [line for line, words in found.titles[:1] if words != title] or ([] if found.titles else [1])
    part, wanted = found.parts.get(VERDICT), _verdicts(expected.parts[VERDICT])
    if part is None:
        return [*wrong, 1]
    said = _verdicts(part)
    wrong += [line for line, words in said.items() if words not in wanted.values()]
    return sorted({*wrong, *([] if said else [part.line])})


def _verdicts(part: Part) -> dict[int, str]:
    return {line: words for line, words in _lines(part) if _STATE.match(words)}


def _lines(part: Part) -> Iterator[tuple[int, str]]:
    for first, text in part.paragraphs:
        yield from ((line, words.strip()) for line, words in enumerate(text.split("\n"), start=first))


def redrawn(found: Proposal, expected: Proposal) -> list[int]:
    """Lines of generated tables, and of the board's own sentence, that are others than the record gives."""
    every = [table for part in found.parts.values() for table in part.tables]
    wrong: list[int] = []
    for heading, part in expected.parts.items():
        here = found.parts.get(heading)  # a table is known by its head where its heading is gone
        for table in part.tables:
            wrong += _table(table, every if here is None else here.tables, grows=heading == LEDGER)
        said = {words for _, words in _lines(part)}
        wrong += [
            line
            for line, words in (_lines(here) if here is not None else ())
            if words.startswith(_BOARD_SAYS) and words not in said
        ]
    return sorted(set(wrong))


def overruled(found: Proposal, expected: Proposal) -> list[int]:
    """Lines of generated tables that give a rung or a step another verdict than the record does."""
    every = [table for part in found.parts.values() for table in part.tables]
    given = {
        (table.head.cells, row.cells[0], tuple(_judged(row)))
        for part in expected.parts.values() for table in part.tables for row in table.rows
    }  # fmt: skip
    known = {(head, name) for head, name, _ in given}
    return sorted(
        row.line
        for table in every
        for row in table.rows
        if (table.head.cells, row.cells[0]) in known
        and (table.head.cells, row.cells[0], tuple(_judged(row))) not in given
    )


def _judged(row: Row) -> Iterator[str]:
    yield from (word for cell in row.cells for word in _VERDICT_WORD.findall(cell))


def _table(wanted: Table, tables: Iterable[Table], *, grows: bool) -> Iterator[int]:
    same = [table for table in tables if table.head.cells == wanted.head.cells]
    if not same:
        names = {row.cells[0] for row in wanted.rows}
        others = [table for table in tables if any(row.cells[0] in names for row in table.rows)]
        yield from (table.head.line for table in others if len(table.head.cells) == len(wanted.head.cells))
        return
    left = [row for table in same for row in table.rows]
    lacking = []
    for row in wanted.rows:
        fitting = next((each for each in left if _fits(each, row)), None)
        if fitting is None:
            lacking.append(row)
        else:
            left.remove(fitting)
    names = {row.cells[0] for row in wanted.rows}
    wrong = [row for row in left if row.cells[0] in names]
    yield from (row.line for row in wrong)
    if not grows and any(row.cells[0] not in {each.cells[0] for each in wrong} for row in lacking):
        yield same[0].head.line


def _fits(found: Row, wanted: Row) -> bool:
    pairs = zip(found.cells, wanted.cells, strict=True)
    return len(found.cells) == len(wanted.cells) and all(mine == theirs or not theirs for mine, theirs in pairs)


def retold(found: Proposal, comments: Iterable[str]) -> list[int]:
    """Lines of the comment inside a proposal that stand in none of the comments that the record gives."""
    part = found.parts.get(COMMENT)
    given = {_plain(line) for comment in comments for line in comment.splitlines()}
    return [
        number
        for first, text in (part.code if part is not None else ())
        for number, line in enumerate(text.splitlines(), start=first)
        if not _PASSED_OVER.match(line) and _plain(line) not in given
    ]


def _plain(line: str) -> str:
    for varies, kept in _VARIES:
        line = varies.sub(kept, line)
    return line.strip()
