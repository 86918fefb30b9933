"""What a proposal is about, and how a part is written: lines of the record with their places, questions, tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.evidence import Evidence
from kiss_bench.records.tuning import RungTuning
from kiss_bench.reports.escape import code, inline
from kiss_bench.reports.phrases import field_of, figures_of, is_of_default, recommended_row
from kiss_bench.reports.standing import Proposed, Standing, standing
from kiss_bench.reports.table import Column, markdown_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    evidence: Evidence
    row: BoardRow
    """The rung that is proposed."""
    proposed: Proposed
    block: str
    """The board with its markers."""
    explain: Mapping[str, str]
    """Rung -> what it takes to explain a prediction of it."""
    folder: str
    """The result folder as seen from the proposal."""

    @property
    def board(self) -> Board:
        return self.evidence.board

    @property
    def stand(self) -> Standing:
        return standing(self.board, self.proposed)

    @property
    def chosen(self) -> BoardRow | None:
        return recommended_row(self.board)

    @property
    def below(self) -> BoardRow | None:
        """The simpler rung that it was tested against, which stands behind it when it fails; None for a baseline."""
        return next((row for row in self.board.rungs if row.rung == self.row.incumbent), None)

    @property
    def figures(self) -> BoardRow:
        """The proposed rung with the figures of the proposed arm, as far as they are known."""
        return figures_of(self.row, self.proposed.arm)

    @property
    def whose(self) -> str:
        """What stands behind costs and calibration where they are of the other arm: the one that climbed."""
        return "" if self.row.arm in (None, self.proposed.arm) else f" ({self.row.arm} settings)"

    @property
    def whose_gain(self) -> str:
        """The same behind scores and gains; nothing where the proposed arm has its own."""
        return "" if is_of_default(self.row, self.proposed.arm) else self.whose

    @property
    def tuning(self) -> RungTuning | None:
        return next((rung for rung in self.evidence.tuning.rungs if rung.rung == self.row.rung), None)

    @property
    def name(self) -> str:
        return code(self.row.rung)

    def at(self, row: BoardRow, *fields: str) -> list[str]:
        """Where fields of a rung stand."""
        return [f"leaderboard.json: rungs[{self.board.rungs.index(row)}].{field}" for field in fields]

    def at_figures(self, *fields: str) -> list[str]:
        """Where fields of the proposed rung stand, for the proposed arm."""
        return self.at(self.row, *(field_of(self.row, self.proposed.arm, field) for field in fields))

    def in_tuning(self, *fields: str) -> list[str]:
        """Where fields of how the proposed rung was tuned stand; nothing for a rung that was not."""
        found = self.tuning
        if found is None:
            return []
        place = self.evidence.tuning.rungs.index(found)
        return [f"tuning.json: rungs[{place}].{field}" for field in fields]


Item = TypeVar("Item")

TO_ANSWER = "to be answered by the author"
"""Marks every answer that is missing; `check` counts them."""


def question(text: str) -> str:
    """Write a line that waits for a person."""
    return f"- **{text}** *{TO_ANSWER}*"


def fact(text: str, *places: str) -> str:
    """Write a line of the record, with the places it was read from."""
    return f"- {text}{f' — {_grouped(places)}' if places else ''}"


def _grouped(places: Iterable[str]) -> str:
    """Write `file: a.b, .c` for places that differ in their last name alone."""
    found: dict[str, list[str]] = {}
    for place in places:
        head, dot, last = place.rpartition(".")
        file = ": " in head
        found.setdefault(head if dot and file else place, []).extend([last] if dot and file else [])
    told = (f"{head}.{', .'.join(names)}" if names else head for head, names in found.items())
    return ", ".join(f"`{place}`" for place in told)


def lines(*parts: str | Iterable[str]) -> str:
    """Join lines and lists of lines into one list."""
    every = [part for one in parts for part in ([one] if isinstance(one, str) else one)]
    return "\n".join(line for line in every if line)


def blocks(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def table(items: Sequence[Item], *columns: tuple[str, Callable[[Item], str]], words: Sequence[str] = ()) -> str:
    """Write a line an item, every cell escaped; columns of `words` keep to the left, as the first does."""
    return markdown_table(
        [
            Column(
                title=inline(title),
                cells=tuple(inline(cell(item)) for item in items),
                right=place > 0 and title not in words,
            )
            for place, (title, cell) in enumerate(columns)
        ]
    )
