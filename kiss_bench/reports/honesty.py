"""What was registered, what was changed after that, how often these rows were looked at, and the vault: in words."""

from collections.abc import Sequence
from typing import Any

from kiss_bench.records.board import AmendmentFacts, Board, ChangeFacts, VaultFacts
from kiss_bench.reports import amounts
from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import MARKDOWN, clean, inline, listed
from kiss_bench.reports.stamps import luck_words
from kiss_bench.reports.tables import markdown_table

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
