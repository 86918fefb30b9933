"""The first screen: which rung, why, how surely, at what cost, and the whole ladder as a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.reports.page.blocks import (
    Cell,
    Faint,
    Figure,
    Line,
    Part,
    Table,
    Word,
    columns,
    figure,
    text_cell,
    with_interval,
)
from kiss_bench.reports.phrases import (
    field_of,
    figures_arm,
    figures_of,
    is_judged,
    is_of_default,
    margin_short,
    recommended_row,
    rungs_above,
)
from kiss_bench.reports.table import board_decimals, is_recommended, is_repeated, state, verdict_cell

FILE = "leaderboard.json"
_NAME = 24
_LEFT = ("rung", "arm", "gain over", "verdict")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One of the questions that a reader has at first, answered in a figure."""

    asked: str
    told: tuple[Part, ...]
    more: tuple[Part, ...]


def rung_figure(board: Board, row: BoardRow, field: str, text: str) -> Figure | str:
    """A field of a rung, as it is shown."""
    return figure(getattr(row, field), text, f"{FILE}#/rungs/{board.rungs.index(row)}/{field}")


def answers(board: Board) -> list[Answer]:
    """What it gains, how sure that is, the best of what was refused, and what it costs."""
    chosen = recommended_row(board)
    return [] if chosen is None else [*_gain(board, chosen), *_refused(board, chosen), *_cost(board, chosen)]


def _gain(board: Board, row: BoardRow) -> Iterator[Answer]:
    if row.gain is None or row.incumbent is None:
        if row.score is not None:
            score = rung_figure(board, row, "score", amounts.number(row.score, board_decimals(board)))
            yield Answer(asked="Its score", told=(score, f" {clean(board.metric.name)}"), more=("the baseline",))
        return
    arm = board.recommended.arm if board.recommended is not None else row.arm or ""
    shown = [_of(board, row, field_of(row, arm, field), sign=True) for field in ("gain", "gain_low", "gain_high")]
    whose = ", default settings" if is_of_default(row, arm) else _of_arm(board, row)
    yield Answer(
        asked=f"Gain over {shortened(row.incumbent, _NAME)}",
        told=with_interval(*shown),
        more=(f"{clean(board.metric.name)}{whose}; the margin is ", _margin(board, row)),
    )
    chance = figures_of(row, arm).p_gain
    if chance is not None and row.alpha is not None:
        sure = rung_figure(board, row, field_of(row, arm, "p_gain"), amounts.probability(chance))
        level = rung_figure(board, row, "alpha", amounts.level(row.alpha))
        yield Answer(
            asked="How sure: P(gain > margin)", told=(sure,), more=("asked for: 1 − ", level, f" or more{whose}")
        )


def _of_arm(board: Board, row: BoardRow) -> str:
    """Say whose figures these are where they are not those of the settings that are recommended."""
    arm = figures_arm(board, row)
    return f", {arm}" if arm else ""


def _refused(board: Board, chosen: BoardRow) -> Iterator[Answer]:
    above = [row for row in rungs_above(board, chosen) if is_judged(row) and row.gain is not None]
    if not above:
        return
    best = max(above, key=lambda row: row.gain or 0.0)
    chance = rung_figure(board, best, "p_gain", amounts.probability(best.p_gain))
    told = (_of(board, best, "gain", sign=True), " ", Faint(parts=("P ", chance)))
    yield Answer(asked=f"Best above it: {shortened(best.rung, _NAME)}", told=told, more=(Word(text=state(best)),))


def _cost(board: Board, chosen: BoardRow) -> Iterator[Answer]:
    if chosen.fit_seconds is None:
        return
    costs: list[Part] = [
        *(
            rung_figure(board, chosen, "predict_us_per_row", amounts.microseconds(chosen.predict_us_per_row)),
            " µs a row, ",
        ),
        rung_figure(board, chosen, "model_bytes", amounts.size(chosen.model_bytes)),
        _of_arm(board, chosen),
    ]
    below = next((row for row in board.rungs if row.rung == chosen.incumbent and row.fit_seconds is not None), None)
    against: tuple[Part, ...] = ()
    if below is not None:
        fit = rung_figure(board, below, "fit_seconds", amounts.seconds(below.fit_seconds))
        against = (" ", Faint(parts=(f"{shortened(below.rung, _NAME)} ", fit)))
    fit = rung_figure(board, chosen, "fit_seconds", amounts.seconds(chosen.fit_seconds))
    yield Answer(asked="Cost of one fit", told=(fit, *against), more=tuple(costs))


def _margin(board: Board, row: BoardRow) -> Figure | str:
    text = margin_short(board.metric, row)
    if row.margin is not None:
        return rung_figure(board, row, "margin", text)
    absolute = board.metric.margin_unit != "relative" and board.metric.margin_abs is not None
    return figure(board.metric.margin_abs, text, f"{FILE}#/metric/margin_abs") if absolute else text


def _of(board: Board, row: BoardRow, field: str, *, sign: bool = False) -> Figure | str:
    return rung_figure(board, row, field, amounts.number(getattr(row, field), board_decimals(board), sign=sign))


def ladder_table(board: Board) -> Table:
    """Every rung with every figure of the leaderboard, simplest first."""
    makers = _columns(board)
    lines = tuple(
        Line(cells=tuple(make(row) for make in makers.values()), rung=place, chosen=is_recommended(board, row))
        for place, row in enumerate(board.rungs)
    )
    return Table(caption="The ladder, simplest rung first", headings=columns(list(makers), left=_LEFT), lines=lines)


def _columns(board: Board) -> dict[str, Callable[[BoardRow], Cell]]:
    def single(field: str, shown: Callable[..., str]) -> Callable[[BoardRow], Cell]:
        return lambda row: Cell(
            parts=(rung_figure(board, row, field, shown(getattr(row, field))),), sort=getattr(row, field)
        )

    def spread(*fields: str, sign: bool = False) -> Callable[[BoardRow], Cell]:
        return lambda row: Cell(
            parts=with_interval(*(_of(board, row, field, sign=sign) for field in fields)), sort=getattr(row, fields[0])
        )

    repeats = {"repeats": single("gain_repeats", lambda count: str(count or amounts.NOTHING_THERE))}
    return {
        "rung": _rung,
        "arm": lambda row: text_cell(clean(row.arm or amounts.NOTHING_THERE)),
        f"{clean(board.metric.name)} (95 % interval)": spread("score", "score_low", "score_high"),
        "skill": single("skill", amounts.percent),
        "gain (95 % interval)": spread("gain", "gain_low", "gain_high", sign=True),
        "gain over": lambda row: text_cell(clean(row.incumbent or amounts.NOTHING_THERE)),
        **(repeats if is_repeated(board) else {}),
        "P(gain > margin)": single("p_gain", amounts.probability),
        "alpha": single("alpha", amounts.level),
        "verdict": lambda row: Cell(parts=(Word(text=verdict_cell(row)),), sort=verdict_cell(row)),
        "fit": single("fit_seconds", amounts.seconds),
        "µs/row": single("predict_us_per_row", amounts.microseconds),
        "size": single("model_bytes", amounts.size),
    }


def _rung(row: BoardRow) -> Cell:
    return Cell(parts=(clean(row.rung),), sort=float(row.level))
