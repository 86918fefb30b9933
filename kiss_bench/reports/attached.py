"""The board inside a proposal: what stands between the two markers, a pure function of board and place."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote

from kiss_bench.records.board import Board
from kiss_bench.reports import escape
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.standing import Override, Proposed, standing

END = "<!-- kiss-bench:end -->"
_DEEPER = "##"
"""Headings of the board are this much smaller inside a proposal than on their own."""
_TARGET = re.compile(r"(?<!\\)(\]\()(?!/|#|[a-zA-Z][a-zA-Z0-9+.-]*:)([^)\s]+)(?=\))")
"""Where a link or an image of the board leads, if to a file beside it. Brackets of foreign text are escaped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Where the board of a proposal comes from, and what is proposed of it."""

    folder: str
    """The result folder as seen from the proposal, with `/`."""
    proposed: Proposed
    override: Override | None = None


def attached_block(board: Board, placed: Placed, text: str | None = None) -> str:
    """Write the two markers and all between them, without a line end behind the last line.

    `text` stands in for what this version writes of the board: the words of another one.
    """
    head = marker(board.digest, placed)
    return "\n\n".join([head, body(board, placed, text), END])


def marker(digest: str, placed: Placed) -> str:
    """The line that begins a block; no value can end it early, whatever the folder is called."""
    values = {
        "dir": placed.folder,
        "rung": placed.proposed.rung,
        "arm": placed.proposed.arm,
        "digest": digest,
    }
    return f"<!-- kiss-bench:begin {' '.join(f'{name}={_value(value)}' for name, value in values.items())} -->"


def body(board: Board, placed: Placed, text: str | None = None) -> str:
    """What a reader sees: title, what is proposed, the override, the leaderboard."""
    board_text = leaderboard_markdown(board) if text is None else text
    parts = [
        f"### Leaderboard of {escape.code(board.project)}",
        *(f"> **{line}.**" for line in _override(placed)),
        f"Proposed: {_proposed(board, placed)}.",
        _moved(board_text, placed.folder).strip("\n"),
    ]
    return "\n\n".join(parts)


def _value(text: str) -> str:
    return quote(text, safe="/._~-+@", errors="surrogatepass").replace("--", "-%2D") or '""'


def _override(placed: Placed) -> list[str]:
    found = placed.override
    if found is None:
        return []
    by, reason = escape.markdown(escape.shortened(found.by, 80)), escape.markdown(found.reason).rstrip(".")
    return [f"OVERRIDE: {escape.code(found.rung)} is proposed by {by}, whatever the verdict says: {reason}"]


def _proposed(board: Board, placed: Placed) -> str:
    found = standing(board, placed.proposed)
    name = f"{escape.code(placed.proposed.rung)} with {escape.markdown(placed.proposed.arm)} settings"
    if found.row is None or found.refusals:
        return f"{name}, which this board does not support"
    if found.above:
        return f"{name}, which is **not justified** by this board"
    if found.ceiling is not None and found.row.rung != found.ceiling.rung:
        return f"{name}, simpler than {escape.code(found.ceiling.rung)}, which is justified"
    return f"{name}; no rung above it is justified"


def _moved(text: str, folder: str) -> str:
    """Smaller headings, and links that lead from the proposal to where the files are."""
    lines, fenced = [], False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        lines.append(f"{_DEEPER}{line}" if line.startswith("#") and not fenced else line)
    there = quote(folder, safe="/._~-+@", errors="surrogatepass")
    return _TARGET.sub(
        lambda found: f"{found[1]}{posixpath.join('' if there == '.' else there, found[2])}", "\n".join(lines)
    )
