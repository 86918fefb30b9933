"""What an opened vault said, made again from `vault.parquet`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.probabilities import label_text
from kiss_bench.judge.judgement import Terms
from kiss_bench.plan.plan import Plan
from kiss_bench.proposal.holdout import Holdout, Scored, holdout_rows, judge_holdout
from kiss_bench.proposal.rejudged import codes_in, same
from kiss_bench.records.honesty import VaultFacts

ROLES = ("group", "time", "weight")


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
    for name, score in again.scores.items():
        rung = base_of(told) if name == "dummy" else name
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
    labels = [name.removeprefix("p_") for name in table.columns if name.startswith("p_")]
    first = table[table["rung"] == told.rung].sort_values("row_id")
    roles = {name: first[name].to_numpy() for name in ROLES if name in first}
    roles.pop("group" if plan.folds.kind == "forward" else "time", None)
    actual = codes_in(first["actual"], labels) if labels else first["actual"].to_numpy(dtype=np.float64)
    understood = facts["understood"]
    terms = Terms(
        task=understood["task"],
        metric=plan.metric.primary or "",
        margin=plan.metric.margin,
        margin_unit=plan.metric.margin_unit,
        scheme=plan.folds.kind or "stratified",
        positive=labels.index(label_text(plan.positive)) if labels and plan.positive is not None else None,
    )
    base = base_of(told)
    models = {"dummy": _scored(table, base, labels)}
    models |= {name: _scored(table, name, labels) for name in (str(told.incumbent), str(told.rung)) if name != base}
    incumbent = "dummy" if told.incumbent == base else str(told.incumbent)
    rest = float(understood["rows_read"] - understood["rows_dropped"] - len(first))
    return judge_holdout(holdout_rows(actual, roles, rest), terms, models, (incumbent, str(told.rung)))


def _scored(table: pd.DataFrame, rung: str, labels: list[str]) -> Scored:
    own = table[table["rung"] == rung].sort_values("row_id")
    if not labels:
        return Scored(prediction=own["prediction"].to_numpy(dtype=np.float64))
    found = own[[f"p_{label}" for label in labels]].to_numpy(dtype=np.float64)
    return Scored(prediction=found, codes=codes_in(own["predicted"], labels))
