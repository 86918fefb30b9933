"""What was asked beside the ladder: whether a placebo finds anything, and whether the answer stays."""

from collections.abc import Iterable, Sequence

from kiss_bench.plan.plan import UNREPEATED
from kiss_bench.records.board import FOUND, Board, PlaceboFacts, StabilityFacts, VariantFacts
from kiss_bench.reports import amounts, escape
from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import PLAIN, Pen, listed
from kiss_bench.reports.tables import markdown_table

NO_LEAK = "No rung beats the dummy twice: the placebo sees no leak, and can see none in columns themselves."
AS_IT_IS = "the margin"
"""The variant that is none: what the board itself asks."""
_UNSEEN = (
    "What a placebo cannot see: columns made from the real target, such as a proxy or what was measured after it, "
    "since they know nothing of this one; duplicated rows; rows that do not stand for where the model is used; "
    "whatever was prepared with the real target before the table was read."
)
_SEASONS = (
    " A long season, or a target that wanders off, can seem to be known after a shift, too, where the columns tell the "
    "time: look for that first."
)


def checked(board: Board, pen: Pen = PLAIN) -> list[str]:
    """Sum up in a line each, for a first screen; nothing where nothing was asked, or a banner says it."""
    lines = [f"{stability_sentence(board.stability, pen)}."] if board.stability is not None else []
    if board.placebo is not None and not board.placebo.leaking:
        lines.append(f"Placebo: {_no_leak(board.placebo)}.")
    return lines


def placebo_section(board: Board) -> str:
    """Score and P of each rung on each target, in Markdown; empty where there was no placebo."""
    facts = board.placebo
    if facts is None:
        return ""
    rungs = list(dict.fromkeys(rung for draw in facts.draws for rung in draw.scores))
    decimals = amounts.shared_decimals(score for draw in facts.draws for score in draw.scores.values())
    columns = [Column(title="rung", cells=tuple(map(escape.inline, rungs)), right=False)]
    for place, draw in enumerate(facts.draws):
        scores = (amounts.number(draw.scores.get(rung), decimals) for rung in rungs)
        columns.append(Column(title=f"target {place + 1}", cells=tuple(scores)))
        chances = (amounts.probability(draw.chances.get(rung)) for rung in rungs)
        columns.append(Column(title="P", cells=tuple(chances)))
    names = listed(escape.code(rung) for rung in facts.leaking) if facts.leaking else ""
    verdict = f"LEAKING: {names}." if facts.leaking else NO_LEAK
    seasons = _SEASONS if board.folds.kind == "forward" else ""
    return (
        f"{verdict} The ladder was run with at most {facts.trials} trials on {len(facts.draws)} targets that nobody "
        f"can know. {escape.markdown(facts.how)} A rung is LEAKING where P, that it is better than the dummy by "
        f"anything at all, reaches {FOUND} on two of them.{seasons}"
        f"\n\n{markdown_table(columns)}\n\n{_UNSEEN}"
    )


def stability_section(board: Board) -> str:
    """One line a question that was asked, in Markdown; empty where none was."""
    facts = board.stability
    if facts is None:
        return ""
    asked = [*facts.margins, *facts.metrics, *facts.seeds]
    chosen = board.recommended.rung if board.recommended is not None else ""
    columns = [
        _column("asked with", (variant.what for variant in asked)),
        _column("recommends", (variant.recommended or f"no answer: {variant.reason}" for variant in asked)),
        _column("arm", (variant.arm or amounts.NOTHING_THERE for variant in asked)),
        _column(f"{chosen} is then", (variant.verdict or amounts.NOTHING_THERE for variant in asked)),
        _column("the same", (_same(variant) for variant in asked)),
    ]
    said = [f"{escape.markdown(stability_sentence(facts, PLAIN))}."]
    said.append("Nothing was fitted again for margins and metrics: settings are those tuned for the primary metric.")
    return f"{' '.join([*said, *_seeds_told(board, facts)])}\n\n{markdown_table(columns)}"


def stability_sentence(facts: StabilityFacts, pen: Pen = PLAIN) -> str:
    """Write `Stable: the same at half and twice the margin, under brier; under 5 of 5 fold seeds`."""
    asked = [*(one for one in facts.margins if one.what != AS_IT_IS), *facts.metrics]
    flipped = [one for one in asked if one.recommended is not None and not one.same]
    silent = [pen.text(one.what) for one in asked if one.recommended is None]
    seeds = _seeds_short(facts)
    if flipped:
        told = listed(f"{pen.name(one.recommended or '')} {_where(one, pen)}" for one in flipped)
        text = f"Not stable: it would be {told}{f'; the same {seeds}' if seeds else ''}"
    elif facts.flip_rate:
        text = f"Not stable: the same {seeds} only"
    else:
        same = [*_margins_short(facts), *_metrics_short(facts, pen)]
        text = f"Stable: the same {', '.join(same)}{f'; {seeds}' if seeds else ''}"
    return f"{text}; {listed(silent)} gave no answer" if silent else text


def _margins_short(facts: StabilityFacts) -> list[str]:
    if len(facts.margins) == 1:
        return ["at a margin of 0"]
    return ["at half and twice the margin"]


def _metrics_short(facts: StabilityFacts, pen: Pen) -> list[str]:
    names = [pen.text(one.what) for one in facts.metrics if one.recommended is not None]
    return [f"under {listed(names)}"] if names else []


def _seeds_short(facts: StabilityFacts) -> str:
    answers = [one for one in facts.seeds if one.recommended is not None]
    if not answers:
        return ""
    by_hand = " (set by hand)" if facts.by_hand else ""
    return f"under {1 + sum(one.same for one in answers)} of {1 + len(answers)} fold seeds{by_hand}"


def _seeds_told(board: Board, facts: StabilityFacts) -> Iterable[str]:
    """What the seeds are, and what they can change."""
    if not facts.seeds:
        return
    whose = "were set by hand" if facts.by_hand else "are derived from it"
    yield f"The board's own seed counts as one of the seeds; the others {whose}."
    if facts.flip_rate is not None:
        yield f"Flip rate over these others: {amounts.percent(facts.flip_rate)}."
    if board.folds.kind in UNREPEATED:
        yield "These folds are the same under every seed, so only estimators and studies were drawn again."


def _where(variant: VariantFacts, pen: Pen) -> str:
    return f"at {variant.what}" if variant.what.endswith(AS_IT_IS) else f"under {pen.text(variant.what)}"


def _same(variant: VariantFacts) -> str:
    if variant.recommended is None:
        return amounts.NOTHING_THERE
    return "yes" if variant.same else "no"


def _no_leak(facts: PlaceboFacts) -> str:
    return f"no rung beats the dummy twice on {len(facts.draws)} targets that nobody can know"


def _column(title: str, cells: Iterable[str]) -> Column:
    texts: Sequence[str] = [escape.inline(cell) for cell in cells]
    return Column(title=escape.inline(title), cells=tuple(texts), right=False)
