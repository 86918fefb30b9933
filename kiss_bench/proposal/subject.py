"""What a proposal is about, read from a result folder."""

from dataclasses import replace

from kiss_bench.proposal.result_folder import ResultFolder
from kiss_bench.reports.attached import Placed, attached_block
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.rungs import shipped_rungs


def subject_of(folder: ResultFolder, placed: Placed) -> Subject:
    """All records of the folder, and the rung that is placed; raises RecordError where one is missing or damaged.

    Raises StopIteration for a rung that is not on the board.
    """
    board = folder.board
    return Subject(
        evidence=replace(folder.evidence, ledger=folder.ledger.lines),
        row=next(row for row in board.rungs if row.rung == placed.proposed.rung),
        proposed=placed.proposed,
        block=attached_block(board, placed),
        explain={name: found.explain for name, found in shipped_rungs().items()},
        folder=placed.folder,
    )
