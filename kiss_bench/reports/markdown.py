"""`leaderboard.md`: the verdict, the table, the reasons, the fine print."""

from collections.abc import Iterable
from dataclasses import dataclass

from kiss_bench.records.board import Board
from kiss_bench.reports import amounts, escape
from kiss_bench.reports.charts.ladder import cost_chart, ladder_chart
from kiss_bench.reports.charts.recommended import is_told, trust_chart
from kiss_bench.reports.charts.theme import Spec
from kiss_bench.reports.checks import honesty_section, leak_sheet, placebo_section, stability_section, vault_words
from kiss_bench.reports.fineprint import fine_print, hashes, rebuild
from kiss_bench.reports.phrases import (
    also_consider,
    banners,
    verdict_parts,
    what_would_change,
    why_not_more_complex,
    why_not_simpler,
)
from kiss_bench.reports.table import (
    Column,
    board_columns,
    board_decimals,
    is_repeated,
    long_reasons,
    markdown_table,
    rung_column,
    state,
)
from kiss_bench.reports.trust import trust_section

_SHOWN = (
    "rung", "arm", "score_interval", "skill", "gain_interval", "over", "repeats", "p", "alpha", "verdict",
    "fit", "predict", "size",
)  # fmt: skip
SHOWN = 0.95
"""P from which something counts as shown."""
_ENOUGH_MEANS = (
    f"*Default settings are enough* is shown where P, that tuning gains less than the margin, is at least {SHOWN}. It "
    f"decides nothing: default settings are recommended where they are JUSTIFIED over the incumbent themselves and "
    f"tuning is not JUSTIFIED over them."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One section below the table; an empty body has nothing to say."""

    key: str
    title: str
    body: str


def leaderboard_markdown(board: Board) -> str:
    """Render the whole report; every name and reason in it is escaped."""
    head, tail = verdict_parts(board, escape.MARKDOWN)
    blocks = [
        *(f"> **{line}.**" for line in banners(board, escape.MARKDOWN)),
        f"**{head}** — {tail}.",
        vault_line(board),
        question_line(board),
        _picture(ladder_chart(board), "ladder.svg"),
        _leaderboard(board),
        failures(board),
        *(f"## {part.title}\n\n{part.body}" for part in parts(board) if part.body),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def parts(board: Board) -> list[Part]:
    """All that is said below the table, in order; pictures are linked to as files beside the text."""
    trust_title, trust = trust_section(board)
    drawn = _picture(trust_chart(board, None), "trust.svg") if is_told(board) else ""
    told = [
        ("simpler", "Why not simpler", _bullets(why_not_simpler(board, escape.MARKDOWN))),
        ("complex", "Why not more complex", _bullets(why_not_more_complex(board, escape.MARKDOWN))),
        ("change", "What would change this", _bullets(what_would_change(board, escape.MARKDOWN))),
        ("also", "Also consider", also_consider(board, escape.MARKDOWN)),
        ("stability", "How stable this is", stability_section(board)),
        ("placebo", "Placebo", placebo_section(board)),
        ("cost", "Gain against cost", _picture(cost_chart(board), "cost.svg")),
        ("tuned", "Default against tuned", _default_against_tuned(board)),
        ("trust", trust_title, "\n\n".join(block for block in (drawn, trust) if block)),
        ("metrics", "Other metrics", _other_metrics(board)),
        ("registered", "What was registered", honesty_section(board)),
        ("leaks", "Leaks looked for", leak_sheet(board)),
        ("notes", "Notes", _bullets(_notes(board))),
        ("fine", "Fine print", _fine_print(board)),
    ]
    return [Part(key=key, title=title, body=body) for key, title, body in told]


def _picture(spec: Spec | None, file: str) -> str:
    """Link to the picture, with what it shows in words."""
    return "" if spec is None else f"![{escape.inline(spec['description'])}]({file})"


def failures(board: Board) -> str:
    """Give the reasons that have no room in the table."""
    return _bullets(f"{escape.code(row.rung)} {state(row)}: {escape.markdown(why)}" for row, why in long_reasons(board))


def vault_line(board: Board) -> str:
    """Put what the opened vault says right below the verdict that it was held against."""
    vault = board.honesty.vault
    return f"{escape.markdown(vault_words(board, vault))}." if vault is not None and vault.verdict is not None else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def question_line(board: Board) -> str:
    asked = f"*{escape.markdown(board.question)}* " if escape.clean(board.question) else ""
    positive = f" (positive: {escape.code(board.positive)})" if board.positive is not None else ""
    told = escape.clean(board.task_why).removeprefix(f"{board.task}: ").rstrip(".")
    why = f" ({escape.markdown(told)})" if told else ""
    ran = f" The run took {amounts.seconds(board.seconds)}." if board.seconds is not None else ""
    return (
        f"{asked}Project {escape.code(board.project)}: {escape.markdown(board.task)}{why}, target "
        f"{escape.code(board.target)}{positive}, {board.rows:,} rows, {board.features:,} columns.{ran}"
    )


def _escaped(column: Column) -> Column:
    return Column(title=escape.inline(column.title), cells=tuple(map(escape.inline, column.cells)), right=column.right)


def _leaderboard(board: Board) -> str:
    if not board.rungs:
        return ""
    columns = {key: _escaped(column) for key, column in board_columns(board).items()}
    columns["rung"] = rung_column(board, board.rungs)
    table = markdown_table([columns[key] for key in _SHOWN if key != "repeats" or is_repeated(board)])
    repeats = " Repeats: draws of the folds that the gain rests on." if is_repeated(board) else ""
    better = "higher" if board.metric.greater_is_better else "lower"
    return (
        f"{table}\n\nSimplest rung first; {escape.markdown(board.metric.name)}: {better} is better. A gain is better "
        f"performance than the rung named beside it, whatever the metric's direction.{repeats}"
    )


def _default_against_tuned(board: Board) -> str:
    rows = [row for row in board.rungs if row.tuning_gain is not None or row.tuning_verdict is not None]
    decimals = board_decimals(board)
    counts = [row.trials for row in rows]
    trials = tuple(f"{each.complete}/{each.pruned}/{each.failed}" if each else amounts.NOTHING_THERE for each in counts)

    def words(texts: Iterable[str | None]) -> tuple[str, ...]:
        return tuple(escape.inline(text or amounts.NOTHING_THERE) for text in texts)

    def numbers(values: Iterable[float | None], *, sign: bool = False) -> tuple[str, ...]:
        return tuple(amounts.number(value, decimals, sign=sign) for value in values)

    columns = [
        rung_column(board, rows),
        Column(title="default", cells=numbers(row.default_score for row in rows)),
        Column(title="tuned", cells=numbers(row.score if row.arm == "tuned" else None for row in rows)),
        Column(title="gain of tuning", cells=numbers((row.tuning_gain for row in rows), sign=True)),
        Column(title="tuning is", cells=words(row.tuning_verdict for row in rows), right=False),
        Column(title="default over incumbent", cells=words(row.default_verdict for row in rows), right=False),
        Column(title="trials complete/pruned/failed", cells=trials),
        Column(title="tuning time", cells=tuple(amounts.seconds(row.tuning_seconds) for row in rows)),
    ]
    chances = [row.p_default_enough for row in rows]
    if all(chance is None for chance in chances):
        return markdown_table(columns)
    enough = Column(title="default settings are enough", cells=words(map(_enough, chances)), right=False)
    return f"{markdown_table([*columns[:6], enough, *columns[6:]])}\n\n{_ENOUGH_MEANS}"


def _enough(chance: float | None) -> str | None:
    if chance is None:
        return None
    return f"{'shown' if chance >= SHOWN else 'not shown'} ({amounts.equation('P', chance)})"


def _other_metrics(board: Board) -> str:
    names = list(dict.fromkeys(name for row in board.rungs for name in row.also))
    if not names:
        return ""
    columns = [rung_column(board, board.rungs)]
    for name in names:
        values = [row.also.get(name) for row in board.rungs]
        decimals = amounts.shared_decimals(values)
        cells = tuple(amounts.number(value, decimals) for value in values)
        columns.append(Column(title=escape.inline(name), cells=cells))
    return f"Described only; no verdict rests on them.\n\n{markdown_table(columns)}"


def _notes(board: Board) -> list[str]:
    flags = [f"{escape.code(row.rung)}: {escape.markdown(flag)}" for row in board.rungs for flag in row.flags]
    return [*map(escape.markdown, board.notes), *flags]


def _fine_print(board: Board) -> str:
    python = "\n".join(rebuild(board))
    return (
        f"{_bullets(fine_print(board, escape.MARKDOWN))}\n\nHashes: {escape.markdown(hashes(board))}. To build this "
        f"again run `kiss-bench run` with the config; the pipeline, unfitted, comes back from\n\n"
        f"```python\n{python}\n```"
    )


BOARD_FILES = {"leaderboard.md": leaderboard_markdown}
