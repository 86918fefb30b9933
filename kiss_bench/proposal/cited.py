"""Lines of a proposal that name a place in the record, held against what the record says there now.

They stand outside the board, so no digest covers them. Words may be another version's; figures and verdicts may not.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

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
