"""What a proposal is about: the records of a folder, the rung that is proposed, and the one below it."""

from collections.abc import Mapping
from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.evidence import Evidence
from kiss_bench.records.tuning import RungTuning
from kiss_bench.reports.arms import field_of, figures_of, is_of_default
from kiss_bench.reports.escape import code
from kiss_bench.reports.standing import Proposed, Standing, standing
from kiss_bench.reports.words import recommended_row


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
