"""What `check` says of a proposal, as a comment under a pull request: at most 25 lines, good in a terminal as well."""

from collections.abc import Iterable
from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports.checks import stability_sentence, vault_words
from kiss_bench.reports.escape import MARKDOWN, code, inline, listed, markdown, path, shortened
from kiss_bench.reports.phrases import is_judged, recommended_row, rungs_above, verdict_parts
from kiss_bench.reports.standing import Override, Proposed
from kiss_bench.reports.table import Column, board_columns, is_recommended, markdown_table

LINES = 25
OUTSIDE = "outside the board"
"""How a fault or a reservation begins that leaves the board itself as it is."""
_RUNGS = 5
_TOLD = 8
"""Faults, reservations and remarks told one by one."""
_LENGTH = 320
_SHOWN = ("score", "gain_interval", "over", "p", "verdict")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was asked of a proposal and what came of it; all texts plain, and foreign."""

    name: str
    """The proposal's file name."""
    strict: bool
    refused: tuple[str, ...] = ()
    """Each alone makes for a no."""
    doubts: tuple[str, ...] = ()
    """What a reader must know; a no where `strict` was asked for."""
    unasked: tuple[str, ...] = ()
    """Questions whose files are not here; likewise."""
    asked: tuple[str, ...] = ()
    """Questions about the result folder that were answered well."""
    remarks: tuple[str, ...] = ()
    unjustified: bool = False
    """Whether one of those that refuse it is that the rung is above what is justified."""
    missing: int = 0
    """Answers that the author still owes."""
    digest: str = ""
    """As the marker has it."""
    folder: str = ""
    """Likewise, as seen from the file."""
    proposed: Proposed | None = None
    ceiling: str | None = None
    """The most complex rung that is justified."""
    overridden: str = ""
    """Why the rung would be refused, had nobody overridden that."""
    override: Override | None = None
    """The one that was needed."""
    board: Board | None = None

    @property
    def believed(self) -> bool:
        return not self.refused and not (self.strict and (self.doubts or self.unasked))


def pull_request_text(checked: Checked) -> str:
    """Write the answer, the verdict, the rungs that matter, what is wrong, and where to look on."""
    board = checked.board
    items = list(_items(checked))
    blocks = [
        f"**{_answer(checked)}**",
        _verdict(board) if board is not None else "",
        _table(board, checked.proposed) if board is not None else "",
        "\n".join([*items[:_TOLD], *([f"- and {len(items) - _TOLD} more"] if len(items) > _TOLD else [])]),
        _deeper(checked),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _answer(checked: Checked) -> str:
    name = code(shortened(checked.name, 60))
    rung = _proposed(checked.proposed)
    if checked.unjustified and len(checked.refused) == 1:
        return f"Genuine, and not justified: the board in {name} is what its run wrote; it does not justify {rung}."
    if checked.refused and all(text.startswith(OUTSIDE) for text in checked.refused):
        return f"Do not believe the text of {name}: its board is what its run wrote, and a title or verdict is not."
    if checked.refused:
        count = len(checked.refused)
        return f"Do not believe the board in {name}: {count} {'check fails' if count == 1 else 'checks fail'}."
    so_far = " Scores not recomputed." if checked.unasked else ""
    if not checked.believed:
        why = [f"{len(checked.doubts)} reservations"] if len(checked.doubts) > 1 else []
        why += ["1 reservation"] if len(checked.doubts) == 1 else []
        why += ["what could not be recomputed"] if checked.unasked else []
        return f"Not under --strict: {name} is genuine as far as can be told, with {listed(why)}."
    if checked.override is not None:
        by = inline(shortened(checked.override.by, 60))
        return f"Genuine, and not justified: the board is what its run wrote; {rung} is overridden by {by}.{so_far}"
    stands = "is justified"
    if checked.proposed is not None and checked.proposed.rung != checked.ceiling:
        stands = f"is simpler than what is justified, {code(shortened(checked.ceiling or '', 40))}"
    elif checked.board is not None and checked.board.rungs and checked.board.rungs[0].rung == checked.ceiling:
        stands = "is what stays, since nothing above it is justified"
    care = " Mind what is told below." if checked.doubts else ""
    return f"Believe the board in {name}: it is what its run wrote, and {rung} {stands}.{so_far}{care}"


def _proposed(proposed: Proposed | None) -> str:
    return f"{code(shortened(proposed.rung, 40))} ({inline(proposed.arm)})" if proposed is not None else "the rung"


def _verdict(board: Board) -> str:
    head, tail = verdict_parts(board, MARKDOWN)
    return f"> {head} — {tail}."


def _items(checked: Checked) -> Iterable[str]:
    yield from (f"- **fails:** {_short(text)}" for text in checked.refused)
    if checked.override is not None:
        yield f"- **override** by {_short(checked.override.by)}: {_short(checked.override.reason)}"
        yield f"- overridden: {_short(checked.overridden)}"
    yield from (f"- **take care:** {_short(text)}" for text in checked.doubts)
    if checked.unasked:
        yield f"- scores not recomputed: files are not here, so not asked: {', '.join(map(inline, checked.unasked))}"
    yield from (f"- {_short(text)}" for text in checked.remarks)
    if checked.board is not None:
        yield from (f"- {_short(text)}" for text in [*_stable(checked.board), *_vault(checked.board)])
    if checked.missing:
        yield f"- {checked.missing} {'answer is' if checked.missing == 1 else 'answers are'} still missing"


def _stable(board: Board) -> list[str]:
    return [f"{stability_sentence(board.stability)}."] if board.stability is not None else []


def _vault(board: Board) -> list[str]:
    vault = board.honesty.vault
    return [f"{vault_words(board, vault)}."] if vault is not None else []


def _short(text: str) -> str:
    return markdown(shortened(text, _LENGTH))


def _table(board: Board, proposed: Proposed | None) -> str:
    rows = _rows(board, proposed)
    places = [board.rungs.index(row) for row in rows]
    columns = board_columns(board)
    cells = [
        Column(title=inline(columns[key].title), right=columns[key].right,
               cells=tuple(inline(shortened(columns[key].cells[place], 60)) for place in places))
        for key in _SHOWN
    ]  # fmt: skip
    names = tuple(_name(board, row, proposed) for row in rows)
    return markdown_table([Column(title="rung", cells=names, right=False), *cells])


def _name(board: Board, row: BoardRow, proposed: Proposed | None) -> str:
    marks = ["recommended"] if is_recommended(board, row) else []
    marks += ["proposed"] if proposed is not None and proposed.rung == row.rung else []
    name = inline(shortened(row.rung, 40))
    return f"**{name}** ({', '.join(marks)})" if marks else name


def _rows(board: Board, proposed: Proposed | None) -> list[BoardRow]:
    """The rungs that matter: proposed, recommended, what it beat, the best challengers, the baseline, the simplest."""
    chosen = recommended_row(board)
    names = [proposed.rung if proposed else None, chosen.rung if chosen else None, chosen.incumbent if chosen else None]
    above = [row for row in rungs_above(board, chosen) if is_judged(row)] if chosen else list(board.rungs)
    challengers = sorted(above, key=lambda row: -(row.gain if row.gain is not None else float("inf")))
    names += [row.rung for row in challengers[:2]] + [row.rung for row in board.rungs[:1]]
    names += [row.rung for row in challengers[2:]] + [row.rung for row in board.rungs]
    wanted = list(dict.fromkeys(name for name in names if name is not None))
    there = [name for name in wanted if any(row.rung == name for row in board.rungs)][:_RUNGS]
    return [row for row in board.rungs if row.rung in there]


def _deeper(checked: Checked) -> str:
    if checked.board is None:
        return ""
    rows = _rows(checked.board, checked.proposed)
    out = [shortened(row.rung, 40) for row in checked.board.rungs if row not in rows]
    others = f" Rungs not shown: {shortened(inline(listed(out)), 200)}." if out else ""
    asked = f"Asked and found well: {', '.join(map(inline, checked.asked))}." if checked.asked else ""
    where = f"Digest {inline(checked.board.digest[:12])} of {path(shortened(checked.folder, 80))}."
    return (
        f"{asked} {where}{others} To look deeper: its `leaderboard.md` and `tuning.md`, and kiss-bench replay.".strip()
    )
