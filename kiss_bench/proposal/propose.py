"""A model proposal written from a result folder: Markdown to be answered by people, and a page to be printed."""

from pathlib import Path

from kiss_bench.errors import RecordError, RefusedError
from kiss_bench.proposal.check import check_text
from kiss_bench.proposal.files import way_to, write_proposal
from kiss_bench.proposal.page import write_page
from kiss_bench.proposal.result_folder import ResultFolder
from kiss_bench.proposal.subject import subject_of
from kiss_bench.reports.attached import Placed
from kiss_bench.reports.proposal_parts import proposal_markdown
from kiss_bench.reports.pull_request import pull_request_text
from kiss_bench.reports.standing import Proposed, proposal_of, standing

DEFAULT = "proposal.md"


def propose(folder: Path, rung: str | None = None, out: Path | None = None) -> tuple[Path, Path]:
    """Write the proposal of a rung, by default of the recommended one, and the page beside it; gives both paths.

    Raises RecordError where the folder is not whole, the rung is not on its board, or the file is there already, since
    answers may be in it; RefusedError where nothing is recommended or the rung has no verdict.
    """
    path = out or folder / DEFAULT
    page = path.with_suffix(".html")
    if path.suffix.lower() not in {".md", ".markdown"}:
        raise RecordError(f"{path}: a proposal is a Markdown file; give --out a name that ends in .md")
    for there in (path, page):
        if there.is_dir():
            raise RecordError(f"{there} is a folder; give --out the name of a file that is to be written")
        if there.exists():
            raise RecordError(
                f"{there} is there already, and answers may be in it: kiss-bench attach {path} {folder} "
                "refreshes the board in it, --out writes another one"
            )
    found = ResultFolder(path=folder)
    text = proposal_text(found, _proposed(found, rung), path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_proposal(path, text)
    return path, write_page(path, text)


def proposal_text(folder: ResultFolder, proposed: Proposed, path: Path) -> str:
    """The Markdown, with what `check` says of it inside."""
    placed = Placed(folder=way_to(folder.path, path), proposed=proposed)
    subject = subject_of(folder, placed)
    checked = check_text(path, proposal_markdown(subject, ""))
    assert checked is not None
    return proposal_markdown(subject, pull_request_text(checked))


def _proposed(found: ResultFolder, rung: str | None) -> Proposed:
    board, folder = found.board, found.path
    if board.recommended is None:
        raise RefusedError(f"{folder} recommends no rung, so there is nothing to propose; its leaderboard.md says why")
    proposed = proposal_of(board, rung)
    if proposed is None:
        raise RecordError(f"{rung} is no rung of {folder}; there are: {', '.join(row.rung for row in board.rungs)}")
    if refusals := standing(board, proposed).refusals:
        raise RefusedError(f"{folder}: {'; '.join(refusals)}")
    return proposed
