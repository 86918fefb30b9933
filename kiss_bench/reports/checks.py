"""What was checked beside the ladder: leaks, placebo, stability, the ledger and the vault, in words and as sections."""

from collections.abc import Iterable, Sequence
from typing import Any

from kiss_bench.plan.plan import UNREPEATED
from kiss_bench.records.board import (
    FOUND,
    AmendmentFacts,
    Board,
    ChangeFacts,
    PlaceboFacts,
    StabilityFacts,
    VariantFacts,
    VaultFacts,
)
from kiss_bench.reports import amounts, escape
from kiss_bench.reports.escape import MARKDOWN, PLAIN, Pen, clean, inline, listed, markdown
from kiss_bench.reports.phrases import luck_words
from kiss_bench.reports.table import Column, markdown_table
from kiss_bench.tasks.audit.findings import Audit, Finding

NAMES = {
    "target_copies": "columns that are the target, or nearly",
    "missingness": "gaps that tell the target",
    "levels": "levels that tell the target",
    "single_columns": "columns that tell nearly all alone",
    "duplicates": "rows that are twins across folds",
    "groups": "groups that nobody declared",
    "times": "times that nobody declared",
    "ids": "ids among the features",
    "row_order": "the order of rows",
    "prepare probes": "what data.prepare does",
}
_LIMITS = (
    "An audit sees what rows and folds give away. It cannot know how the rows were collected: when a value was first "
    "known, or whether these rows stand for those the model will meet, are for a person to say."
)


def audit_lines(audit: Audit) -> list[str]:
    """Say how many checks were made and what they found, a line a finding, worst first."""
    lines = [f"leak audit: {len(audit.checks)} checks, {_count(audit)}"]
    return lines + [f"  {_word(finding)}: {PLAIN.text(finding.sentence)}" for finding in audit.findings]


def asked_lines(audit: Audit) -> list[str]:
    """Say only what a person has to look at: leaks, and questions that nobody has answered."""
    return [f"{_word(finding)}: {PLAIN.text(finding.sentence)}" for finding in audit.findings if is_open(finding)]


def is_open(finding: Finding) -> bool:
    """Tell whether it waits for a person."""
    return finding.level != "note" and finding.answer is None


def leak_sheet(board: Board) -> str:
    """Every check, what it found, and who answered, in Markdown; empty where no audit was made."""
    audit = board.audit
    if not audit.checks:
        return ""
    cells: list[tuple[str, Finding | None]] = []
    for check in audit.checks:
        found = [(check, finding) for finding in audit.findings if finding.check == check]
        cells += found or [(check, None)]
    table = markdown_table(
        [
            Column(title="looked for", cells=tuple(inline(NAMES.get(check, check)) for check, _ in cells), right=False),
            Column(title="found", cells=tuple(_level(finding) for _, finding in cells), right=False),
            Column(title="what", cells=tuple(_told(finding) for _, finding in cells), right=False),
        ]
    )
    skipped = [
        f"- Not asked: {markdown(NAMES.get(name, name))}. {markdown(why)}" for name, why in audit.skipped.items()
    ]
    return "\n\n".join(part for part in (table, "\n".join(skipped), _LIMITS) if part)


def _level(finding: Finding | None) -> str:
    if finding is None:
        return "nothing"
    if finding.answer is not None:
        return "answered"
    return {"question": "**UNREVIEWED**", "leak": "**LEAK**"}.get(finding.level, "note")


def _told(finding: Finding | None) -> str:
    if finding is None:
        return ""
    text = inline(finding.sentence)
    if finding.answer is None:
        return text
    said = "yes, it may be used" if finding.answer.answer else "no"
    return f"{text} Answered by {inline(finding.answer.by)}: {said}, since {inline(finding.answer.reason)}"


def _word(finding: Finding) -> str:
    if finding.answer is not None:
        return f"answered by {clean(finding.answer.by)}"
    return {"question": "UNREVIEWED", "leak": "LEAK"}.get(finding.level, "note")


def _count(audit: Audit) -> str:
    if not audit.findings:
        return "nothing found"
    open_ones = sum(is_open(finding) for finding in audit.findings)
    found = "1 finding" if len(audit.findings) == 1 else f"{len(audit.findings)} findings"
    return f"{found}, {open_ones} to be answered" if open_ones else found


MOST = 4
"""Changes told one by one; the ledger has them all."""
ON_LADDER = ".on the ladder"
SHIFTED, NEARLY_CHANCE = 0.7, 0.6
"""An AUC from which rows are another population, and one that its interval must lie above: few groups can be told
apart by chance."""


def amendment_words(amendment: AmendmentFacts) -> str:
    """Write `margin changed from 1 % to 0.2 % after results were seen (2026-11-28)`."""
    told = change_words(amendment.changes)
    return f"{told} {amendment.seen} ({amendment.at[:10]})"


def change_words(changes: Sequence[ChangeFacts]) -> str:
    """Name a few changes one by one, rungs that came or went as such, and count the rest."""
    moved = {change.key.removesuffix(ON_LADDER) for change in changes if change.key.endswith(ON_LADDER)}
    told = [_rung(change) for change in changes if change.key.endswith(ON_LADDER)]
    told += [
        f"{clean(change.key)} changed from {_value(change.before)} to {_value(change.after)}"
        for change in changes
        if not change.key.endswith(ON_LADDER) and change.key.partition(".")[0] not in moved
    ]
    more = [f"{len(told) - MOST} more keys changed"] if len(told) > MOST else []
    return listed([*told[:MOST], *more])


def _rung(change: ChangeFacts) -> str:
    name = clean(change.key.removesuffix(ON_LADDER))
    return f"{name} put on the ladder" if change.after else f"{name} taken off the ladder"


def _value(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    return clean(f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value))


def vault_words(board: Board, vault: VaultFacts) -> str:
    """One sentence: sealed, or what the opening said."""
    kept = f"{vault.rows:,} rows, {vault.how}"
    if vault.verdict is None:
        unread = "No run has read them" if vault.fresh else "Earlier runs have read rows of it"
        return f"The vault is sealed: {kept}. {unread}; `kiss-bench vault open` scores them once"
    name = board.metric.name
    gain = f"{amounts.number(vault.gain, sign=True)} {name}" if vault.gain is not None else "no gain"
    ends = f"one-sided 95 % bounds {amounts.number(vault.gain_low, sign=True)} and "
    ends += amounts.number(vault.gain_high, sign=True)
    needed = f"; it would take about {amounts.about(vault.rows_needed)} rows to decide" if vault.rows_needed else ""
    which = f"{vault.rung} ({vault.arm}) over {vault.incumbent}"
    times = "once" if vault.openings == 1 else f"{vault.openings} times"
    notes = "".join(f". {note}" for note in vault.notes)
    return (
        f"The vault ({kept}) was opened {times}, last on {vault.at[:10]}: {vault.verdict}. {which} gains {gain} there "
        f"({ends}) where the margin is {amounts.number(vault.margin)}{needed}{notes}"
    )


def shift_words(vault: VaultFacts) -> str:
    """How well the vault's rows can be told from the others; empty before it is opened."""
    if vault.shift is None:
        return ""
    found = vault.shift
    shifted = found.auc > SHIFTED and found.low > NEARLY_CHANCE
    said = "they differ from the rows that models were fitted on" if shifted else "no shift to speak of"
    if not shifted and found.high > SHIFTED:
        said = "the interval is too wide to tell, since the rows are few or hang together"
    columns = f", most by {listed(found.columns)}" if shifted and found.columns else ""
    return (
        f"Shift: a model tells the vault's rows from all others with an AUC of {found.auc:.2f} ({found.low:.2f} to "
        f"{found.high:.2f}; 0.5 is chance): {said}{columns}"
    )


def honesty_section(board: Board) -> str:
    """The section's body in Markdown: registration, amendments, earlier verdicts, looks, vault."""
    facts, pen = board.honesty, MARKDOWN
    lines = [f"Registered on {inline(facts.registered[:10])}, before anything was fitted."] if facts.registered else []
    lines += [f"Amended: {pen.text(amendment_words(each))}." for each in facts.amendments]
    if facts.luck is not None:
        lines.append(f"{pen.text(luck_words(board, facts.luck))}.")
    if facts.vault is not None:
        lines.append(f"{pen.text(vault_words(board, facts.vault))}.")
        lines += [f"{pen.text(shift_words(facts.vault))}."] if facts.vault.shift else []
    body = "\n".join(f"- {line}" for line in lines)
    parts = [body, _history(board), _vault_table(board)]
    return "\n\n".join(part for part in parts if part)


def _history(board: Board) -> str:
    history = board.honesty.history
    if not history:
        return ""
    now = [row.rung for row in board.rungs]
    rungs = [name for name in now if any(name in run.verdicts for run in history)]
    rungs += [name for name in dict.fromkeys(name for run in history for name in run.verdicts) if name not in now]
    columns = [
        Column(title="earlier run", cells=tuple(inline(run.at[:16].replace("T", " ")) for run in history), right=False),
        Column(title="margin", cells=tuple(inline(run.margin) for run in history), right=False),
        Column(title="recommended", cells=tuple(inline(run.recommended or "–") for run in history), right=False),
    ]
    columns += [
        Column(title=inline(name), cells=tuple(inline(run.verdicts.get(name, "–")) for run in history), right=False)
        for name in rungs
    ]
    return f"Verdicts of earlier runs, as they were:\n\n{markdown_table(columns)}"


def _vault_table(board: Board) -> str:
    vault = board.honesty.vault
    if vault is None or not vault.scores:
        return ""
    order = [row.rung for row in board.rungs if row.rung in vault.scores]
    found = [vault.scores[name] for name in order]
    decimals = amounts.shared_decimals([score[0] for score in found])
    cells = (f"{amounts.number(score, decimals)} {amounts.interval(low, high, decimals)}" for score, low, high in found)
    columns = [
        Column(title="on the vault's rows", cells=tuple(map(inline, order)), right=False),
        Column(title=f"{inline(board.metric.name)} (95 % interval)", cells=tuple(cells)),
    ]
    return markdown_table(columns)


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
