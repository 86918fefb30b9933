"""The verdict on the vault's rows, as a pure function of their predictions; made again from `vault.parquet`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from scipy.special import stdtrit

from kiss_bench.errors import RecordError
from kiss_bench.judge.comparison import compare_all, interval
from kiss_bench.judge.contrasts import Measured, measure, set_exam
from kiss_bench.judge.judgement import Comparison, Scheme, Terms
from kiss_bench.judge.predictions import Predictions
from kiss_bench.plan.plan import Plan
from kiss_bench.proposal.rejudged import same
from kiss_bench.records.board import VaultFacts
from kiss_bench.tasks.labels import label_text

ALPHA = 0.05
"""One-sided, whatever the config says of the ladder: one pair is tested, once."""
TINY = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdout:
    scores: Mapping[str, tuple[float, float, float]]
    """Rung -> score, and its two-sided 95 % interval."""
    comparison: Comparison
    low: float
    """One-sided 95 % lower bound of the gain: above the margin where the verdict is `confirmed`."""
    high: float
    verdict: str
    """confirmed | contradicted | not contradicted"""


def judge_holdout(predictions: Predictions, terms: Terms, dummy: str, pair: tuple[str, str]) -> Holdout:
    """Test whether `pair[1]` beats `pair[0]` by more than the margin on rows that no run has read.

    Every rung has one arm here; `dummy` names the one that is the yardstick of a skill margin. The interval is
    conditional on these two fitted models: it says nothing of other training sets, which the folds did. Forward in time
    it is the long-run variance of the block's series, with groups cluster-robust, else that of the rows. Raises what
    the judge raises for rows that decide nothing.
    """
    exam = set_exam(predictions, _once(terms))
    measured: dict[str, Measured] = {}
    for rung, arms in predictions.arms.items():
        [said] = arms.values()
        measured[rung] = measure(exam, said.values, said.codes)
    exam = replace(exam, dummy=measured[dummy])
    found = compare_all(exam, measured[pair[0]], measured[pair[1]], ALPHA)
    low, high = bounds(found)
    scores = {rung: (one.score.value, *interval(one.score, exam.layout)) for rung, one in measured.items()}
    return Holdout(scores=scores, comparison=found, low=low, high=high, verdict=verdict_of(found.p_gain))


def check_holdout(predictions: Predictions, terms: Terms) -> None:
    """Raise what the judge would raise once everything is fitted."""
    set_exam(predictions, _once(terms))


def _once(terms: Terms) -> Terms:
    """The same terms for one test part."""
    scheme: Scheme = "forward" if terms.scheme == "forward" else "holdout"
    return replace(terms, scheme=scheme, escalates=False, alpha=ALPHA)


def verdict_of(p_gain: float) -> str:
    """`confirmed` where the lower bound lies above the margin, `contradicted` where the upper bound lies below it."""
    if p_gain >= 1.0 - ALPHA:
        return "confirmed"
    return "contradicted" if p_gain <= ALPHA else "not contradicted"


def bounds(found: Comparison) -> tuple[float, float]:
    """One-sided 95 % bounds of the gain that lie beyond the margin exactly where the test says so.

    The test is on the contrast with the margin, which has an error of its own where it is a share of a loss; so the
    distance from gain to margin is measured in the test's own standard errors.
    """
    reach = float(stdtrit(found.df, 1.0 - ALPHA))
    statistic = float(stdtrit(found.df, min(max(found.p_gain, 1e-12), 1.0 - 1e-12)))
    excess = found.gain - found.margin
    if abs(statistic) < TINY or excess * statistic <= 0.0 or not 1e-9 < found.p_gain < 1.0 - 1e-9:
        wide = float(stdtrit(found.df, 0.975))
        return found.gain - (found.gain - found.low) * reach / wide, found.gain + (
            found.high - found.gain
        ) * reach / wide
    error = excess / statistic
    return found.gain - reach * error, found.gain + reach * error


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
