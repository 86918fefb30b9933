"""What an opened vault said, made again from `vault.parquet`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.judge.judgement import Terms
from kiss_bench.judge.predictions import Predictions
from kiss_bench.plan.plan import Plan
from kiss_bench.proposal.holdout import Holdout, judge_holdout
from kiss_bench.proposal.rejudged import same
from kiss_bench.records.board import VaultFacts
from kiss_bench.tasks.labels import label_text


def vault_differences(table: pd.DataFrame, facts: Mapping[str, Any], plan: Plan, told: VaultFacts) -> list[str]:
    """Every number of the vault's verdict that its predictions do not give. Raises RecordError for a broken table."""
    try:
        again = _again(table, facts, plan, told)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise RecordError(f"vault.parquet cannot be judged: {type(error).__name__}: {error}") from None
    found: dict[str, tuple[Any, Any]] = {
        "rows": (told.rows, int(table["row_id"].nunique())),
        "gain": (told.gain, again.comparison.gain),
        "gain_low": (told.gain_low, again.low),
        "gain_high": (told.gain_high, again.high),
        "margin": (told.margin, again.comparison.margin),
        "p_gain": (told.p_gain, again.comparison.p_gain),
        "verdict": (told.verdict, again.verdict),
    }
    for rung, score in again.scores.items():
        found[f"score of {rung}"] = (tuple(told.scores[rung]), score)
    return [
        f"of the vault, {name} is {then!r}, recomputed {now!r}"
        for name, (then, now) in found.items()
        if not _same(then, now)
    ]


def base_of(told: VaultFacts) -> str:
    """The yardstick: the model that is neither the recommended rung nor its incumbent, where these are not it."""
    others = [name for name in told.scores if name not in (told.rung, told.incumbent)]
    return others[0] if others else str(told.incumbent)


def _same(then: Any, now: Any) -> bool:
    if isinstance(then, tuple):
        return len(then) == len(now) and all(same(one, other) for one, other in zip(then, now, strict=True))
    return same(then, now)


def _again(table: pd.DataFrame, facts: Mapping[str, Any], plan: Plan, told: VaultFacts) -> Holdout:
    understood, kind = facts["understood"], plan.folds.kind or "stratified"
    rest = float(understood["rows_read"] - understood["rows_dropped"] - table["row_id"].nunique())
    said = Predictions.of_vault(table, kind=kind, n_train=rest)
    terms = Terms(
        task=understood["task"],
        metric=plan.metric.primary or "",
        margin=plan.metric.margin,
        margin_unit=plan.metric.margin_unit,
        scheme=kind,
        positive=said.labels.index(label_text(plan.positive)) if said.labels and plan.positive is not None else None,
    )
    return judge_holdout(said, terms, base_of(told), (str(told.incumbent), str(told.rung)))
