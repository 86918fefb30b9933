"""One incumbent against one candidate: probabilities, intervals, verdict, and what should make a reader careful.

With a flat prior the probabilities are the posterior of the Bayesian correlated t-test (Benavoli et al. 2017, JMLR
18:77) with this standard error in place of Nadeau & Bengio's, so test and posterior cannot disagree.
"""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from kiss_bench.judge.contrasts import (
    Exam,
    Measured,
    contrast,
    difference,
    fewest_members,
    in_metric_units,
    lenient_contrast,
    margin_in_metric_units,
    measure,
    set_exam,
)
from kiss_bench.judge.inference import (
    LONG_SERIES,
    NADEAU_BENGIO,
    Estimate,
    Layout,
    Spread,
    is_close,
    level_applied,
    spread,
)
from kiss_bench.judge.judgement import Comparison, Floats, Terms, Verdict
from kiss_bench.judge.power import detectable, repeats_needed, rows_needed
from kiss_bench.judge.predictions import Predictions

HARMLESS = 0.05
"""NOT JUSTIFIED below this probability that the gain exceeds the margin."""
NOISE = 1e-12
"""Anything below this share of the losses themselves is rounding, not a difference between models."""
TWINS = 0.05
"""Two rungs are near-twins where their difference varies less than this share of what either loss varies."""
AGREEMENT = (0.6, 1.7)
"""Range of SE over folds / SE over rows within which the two are taken to agree."""
FEW = 10
"""Fewer groups, or members of a class in a fold, than this are said aloud."""
FEW_MEMBERS = 50
"""The same of members of a class in all folds together, for metrics of labels."""
WORTH = 0.1
"""Weighted rows worth less than this share of their number are said aloud."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trio:
    """Predictions of the three models that a comparison is about: (r, n) values or (r, n, k) probabilities each."""

    dummy: Floats
    incumbent: Floats
    candidate: Floats


def compare_rows(rows: Predictions, terms: Terms, trio: Trio, alpha: float) -> Comparison:
    """Test whether the candidate beats the incumbent by more than the margin, at level alpha_j = `alpha` in (0, 1).

    Raises:
        FoldError: too few rows, groups, points in time or, for roc_auc, members of a class in a fold.
        DataError: r2 of a target that does not vary.
        RecordError: predictions that do not belong to these rows.
        KissBenchError: unknown metric.
    """
    exam = set_exam(rows, terms)
    exam = dataclasses.replace(exam, dummy=measure(exam, trio.dummy))
    return compare_measured(exam, measure(exam, trio.incumbent), measure(exam, trio.candidate), alpha)


def compare_measured(exam: Exam, incumbent: Measured, candidate: Measured, alpha: float) -> Comparison:
    """Compare two arms that were measured before; see `compare_rows`.

    Where repeats are added to contested pairs only, a pair that was decided on the first repeat stays decided,
    whatever else was run of it: looking again would be a second exam.
    """
    if exam.terms.escalates:
        first = compare_all(exam, incumbent.first(1), candidate.first(1), alpha)
        if not first.contested:
            return first
    return compare_all(exam, incumbent, candidate, alpha)


def compare_all(exam: Exam, incumbent: Measured, candidate: Measured, alpha: float) -> Comparison:
    """Compare on all repeats that both have."""
    plain = difference(exam, incumbent, candidate)
    tested, mirrored = contrast(exam, incumbent, candidate), contrast(exam, candidate, incumbent)
    sure = spread(tested, exam.layout)
    level = level_applied(alpha, tested.repeats, once=exam.layout.once)
    # Copies gain nothing, whatever the rounding of their contrast says.
    same = _is_noise(incumbent.loss, candidate.loss)
    p_gain = 0.0 if same else _chance_beyond(exam, incumbent, candidate, tested)
    p_harm = 0.0 if same else _chance_beyond(exam, candidate, incumbent, mirrored)
    p_harm = min(p_harm, 1.0 - p_gain)  # the two contrasts have their own errors; what is claimed must sum to 1
    verdict = verdict_of(p_gain, level)
    gain = (candidate.score - incumbent.score) * (0.0 if same else exam.sign)
    low, high = _interval_of_gain(exam, incumbent, candidate, gain)
    excess = detectable(sure.se, sure.df, level)
    return Comparison(
        gain=gain.value,
        low=low,
        high=high,
        repeats=tested.repeats,
        margin=margin_in_metric_units(exam, incumbent.first(tested.repeats)),
        se=sure.se,
        df=sure.df,
        p_gain=p_gain,
        p_equal=max(0.0, 1.0 - p_gain - p_harm),
        p_harm=p_harm,
        alpha=level,
        verdict=verdict,
        min_detectable_gain=in_metric_units(exam, incumbent.first(plain.repeats), plain.value - tested.value + excess),
        rows_needed=None if same else rows_needed(plain.rows.shape[1], tested.value, excess),
        repeats_needed=repeats_needed(sure, exam.layout, tested, alpha) if verdict == "INCONCLUSIVE" else None,
        contested=not same and verdict != "JUSTIFIED" and _is_open(exam, tested, sure, p_gain, alpha),
        fold_wins=0.5 if same else float((0.5 * (1.0 + np.sign(plain.folds))).mean()),
        method=sure.method,
        flags=("same losses on every row",) if same else _flags(exam, (incumbent, candidate), tested, sure),
    )


def _interval_of_gain(exam: Exam, incumbent: Measured, candidate: Measured, gain: Estimate) -> tuple[float, float]:
    """Two-sided 95 % interval of the gain, for display.

    A gain in RMSE is (MSE_c - MSE_j) / (RMSE_c + RMSE_j): its interval is that of the squares, on which the margin is
    tested as well, over the sum of the roots. So interval and probability cannot disagree.
    """
    if exam.metric.pooling != "root" or exam.in_score_units:
        return interval(gain, exam.layout)
    squares = incumbent.loss - candidate.loss
    roots = incumbent.score.first(gain.repeats).value + candidate.score.first(gain.repeats).value
    if roots <= 0.0:
        return gain.value, gain.value
    low, high = (end / roots for end in interval(squares, exam.layout))
    return min(low, gain.value), max(high, gain.value)


def verdict_of(p_gain: float, alpha: float) -> Verdict:
    """Read the verdict off P(gain > margin) and the level applied."""
    if p_gain >= 1.0 - alpha:
        return "JUSTIFIED"
    return "NOT JUSTIFIED" if p_gain < HARMLESS else "INCONCLUSIVE"


def chance_positive(estimate: Estimate, sure: Spread) -> float:
    """P(estimate > 0), in [0, 1]; a step where it does not vary at all."""
    tiny = NOISE * float(np.abs(estimate.rows).max())
    if sure.se <= tiny:
        return float(estimate.value > tiny)
    return float(stdtr(sure.df, estimate.value / sure.se))


def _chance_beyond(exam: Exam, incumbent: Measured, candidate: Measured, tested: Estimate) -> float:
    """P(the candidate is better by more than the margin), the smaller answer where there are two."""
    chance = chance_positive(tested, spread(tested, exam.layout))
    lenient = lenient_contrast(exam, incumbent, candidate)
    return chance if lenient is None else min(chance, chance_positive(lenient, spread(lenient, exam.layout)))


def _is_open(exam: Exam, tested: Estimate, sure: Spread, p_gain: float, alpha: float) -> bool:
    """Whether more repeats could promote it; where folds are too restless to say, what its rows say is asked."""
    if sure.by_rows is None or exam.terms.scheme == "predefined":  # there are no other draws of such folds
        return False
    if sure.method == NADEAU_BENGIO:
        p_gain = chance_positive(tested, sure.by_rows)
    return is_close(1.0 - p_gain, alpha, tested.repeats)


def interval(estimate: Estimate, layout: Layout) -> tuple[float, float]:
    """Two-sided 95 % interval, in the units of the estimate."""
    sure = spread(estimate, layout)
    half = float(stdtrit(sure.df, 0.975)) * sure.se
    return estimate.value - half, estimate.value + half


def _is_noise(one: Estimate, other: Estimate) -> bool:
    """Whether every row and fold loses the same by both, but for rounding."""
    r = min(one.repeats, other.repeats)
    pairs = ((one.rows[:r], other.rows[:r]), (one.folds[:r], other.folds[:r]))
    return all(bool((np.abs(a - b) <= NOISE * np.maximum(np.abs(a), np.abs(b))).all()) for a, b in pairs)


def _flags(exam: Exam, pair: tuple[Measured, Measured], tested: Estimate, sure: Spread) -> tuple[str, ...]:
    found, reduction = [], pair[0].loss - pair[1].loss
    spreads = [float(arm.loss.rows.std(axis=1).mean()) for arm in pair]
    if sure.se <= NOISE * float(np.abs(tested.rows).max()):
        found.append("no spread: all rows say the same, so probabilities are 0 or 1 without being measured")
    elif float(reduction.rows.std(axis=1).mean()) < TWINS * max(spreads):
        found.append("near-twins: the two predict almost the same, and intervals of such small differences can fail")
    if sure.ratio is not None and not AGREEMENT[0] <= sure.ratio <= AGREEMENT[1]:
        found.append(f"spread over folds and over rows disagree: ratio of standard errors {sure.ratio:.2f}")
    if not math.isfinite(exam.metric.high - exam.metric.low):
        found.extend(_heavy_tail(reduction, exam.layout))
    return (*found, *layout_flags(exam))


def _heavy_tail(plain: Estimate, layout: Layout) -> list[str]:
    """Name the case of few rows carrying a difference; asked only of a difference that is there at all."""
    low, high = interval(plain, layout)
    if low <= 0.0 <= high:
        return []
    rows = plain.rows.mean(axis=0)
    count = math.ceil(0.01 * len(rows))
    top = np.argpartition(np.abs(rows), len(rows) - count)[-count:]
    share = float(rows[top].sum() / rows.sum())
    return [f"heavy tail: 1 % of the rows carry {share:.0%} of the difference"] if share > 0.5 else []


def layout_flags(exam: Exam) -> tuple[str, ...]:
    """Name what is thin about the rows themselves, whichever rungs are compared."""
    layout, found = exam.layout, []
    if layout.group is not None:
        sizes, effective = layout.sizes, layout.effective_groups
        if effective < FEW:
            found.append(f"few groups: {layout.groups}, worth {effective:.1f} of equal size")
        if sizes.max() > 0.2 * sizes.sum():
            found.append(f"one group holds {sizes.max() / sizes.sum():.0%} of the rows")
    if layout.period is not None and layout.periods < LONG_SERIES:
        found.append(f"few points in time: {layout.periods}")
    if layout.weight is not None and layout.effective_rows < WORTH * layout.fold.shape[1]:
        found.append(f"uneven weights: {layout.fold.shape[1]} rows, worth {layout.effective_rows:.1f} of equal weight")
    if exam.metric.pooling == "labels" and exam.metric.fewest > 1:
        smallest, _ = fewest_members(exam.rows, exam.terms, exam.metric, layout)
        if smallest < FEW_MEMBERS:
            found.append(f"few members of a class: {smallest}")
    if exam.metric.pooling == "ranks":
        smallest, _ = fewest_members(exam.rows, exam.terms, exam.metric, layout)
        if smallest < FEW:
            found.append(f"few members of a class in a fold: {smallest}")
    return tuple(found)
