"""Up the ladder, rung by rung: who is tested against whom, at which level, and what is recommended in the end.

What the level of one test has to be for the whole ladder to keep its own.

fallback   each of the m tests owns alpha/m and inherits the level of the one before it where that one promoted
           (Wiens 2003, Pharmaceutical Statistics 2:211); pre-fixed hypotheses are proven, ours are simulated
strict     one level for all, such that the largest statistic over all ordered pairs exceeds its critical value with
           chance alpha (max-T; Westfall & Young 1993; Gaussian multipliers: Chernozhukov, Chetverikov & Kato 2013,
           Annals of Statistics 41:2786): covers any path and any later choice of incumbent
per_step   alpha at every step; how large the chance of an unjustified promotion can get is told, not held
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct
from scipy.special import ndtr, ndtri

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.judge.comparison import compare_all, compare_measured, interval, layout_flags
from kiss_bench.judge.contrasts import (
    Exam,
    Measured,
    blind_loss,
    contrast,
    margin_in_metric_units,
    measure,
    refuse_unmeasurable,
    set_exam,
)
from kiss_bench.judge.inference import BLOCKS, LONG_SERIES, Layout, cosines
from kiss_bench.judge.judgement import Candidate, Comparison, Floats, Judged, Judgement, Recommended, Terms
from kiss_bench.judge.power import Outlook, smallest_gain
from kiss_bench.judge.predictions import Predicted, Predictions
from kiss_bench.metrics import find_metric
from kiss_bench.plan.plan import Arm

CLIMBING: tuple[Arm, ...] = ("default", "tuned")
SHOWN = 0.95
"""P(gain > margin) from which a simpler rung counts as shown to be worse."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rung:
    """A candidate with its arms measured; no arms where it failed or was skipped."""

    candidate: Candidate
    arms: Mapping[Arm, Measured]

    @property
    def name(self) -> str:
        return self.candidate.rung

    @property
    def arm(self) -> Arm | None:
        """The arm that climbs."""
        if not self.arms:
            return None
        return "tuned" if "tuned" in self.arms else "default"

    @property
    def climber(self) -> Measured:
        assert self.arm is not None
        return self.arms[self.arm]


def judge(candidates: Sequence[Candidate], predictions: Predictions, terms: Terms) -> Judgement:
    """Judge a whole ladder from its predictions; the dummy, or else the first of the simplest, is the base.

    Of a rung's arms the default and the tuned one climb, on the repeats that both have. A rung whose predictions are
    not all finite is FAILED here, with that as its reason.

    Raises:
        FoldError: too few rows, groups, points in time or, for roc_auc, members of a class in a fold.
        DataError: r2 of a target that does not vary.
        RecordError: no candidates, an ok candidate without predictions, or predictions of other rows.
        KissBenchError: unknown metric.
    """
    exam = set_exam(predictions, terms)
    ladder = [_measured(exam, candidate) for candidate in sorted(candidates, key=_place)]
    if not ladder:
        raise RecordError("there is no ladder to judge: no rungs were handed in")
    base, above = ladder[0], ladder[1:]
    if not base.arms:
        return _unjudged(exam, ladder)
    exam = dataclasses.replace(exam, dummy=base.climber)
    climbers = [rung.climber for rung in ladder if rung.arms]
    entries, incumbent = _climb(exam, base, above, climbers)
    recommended = _recommended(terms, entries, incumbent)
    return Judgement(
        entries=tuple(entries),
        recommended=recommended,
        also_consider=_also_consider(exam, ladder, incumbent, recommended.arm),
        margin_abs=margin_in_metric_units(exam, base.climber.first(1)),
        notes=layout_flags(exam),
        ladder_error=ladder_error(exam, climbers) if terms.multiplicity == "per_step" else None,
    )


def _climb(exam: Exam, base: _Rung, above: Sequence[_Rung], climbers: Sequence[Measured]) -> tuple[list[Judged], _Rung]:
    """Give every rung's entry, and the last one promoted."""
    entries = [dataclasses.replace(_entry(exam, base), verdict="BASELINE")]
    policy, alpha = exam.terms.multiplicity, exam.terms.alpha
    share = alpha / max(1, sum(rung.candidate.status != "skipped" for rung in above))
    level = {"fallback": 0.0, "per_step": alpha}.get(policy) if policy != "strict" else strict_level(exam, climbers)
    assert level is not None
    incumbent, promoted = base, False
    for rung in above:
        if rung.candidate.status == "skipped":
            entries.append(_entry(exam, rung))
            continue
        if policy == "fallback":
            level = next_level(share, level, promoted=promoted)
        entry = _examined(exam, incumbent, rung, level)
        promoted = entry.verdict == "JUSTIFIED"
        incumbent = rung if promoted else incumbent
        entries.append(entry)
    return entries, incumbent


def contested(judgement: Judgement) -> Judged | None:
    """Find the first rung that more repeats could promote; it and its `incumbent`, both arms, are what to repeat.

    Only the first one: its outcome changes whom the later rungs meet.
    """
    tested = (entry for entry in judgement.entries if entry.verdict != "NOT COMPARABLE")
    return next((entry for entry in tested if entry.comparison is not None and entry.comparison.contested), None)


def _place(candidate: Candidate) -> tuple[float, bool]:
    return candidate.level, candidate.rung != "dummy"


def _measured(exam: Exam, candidate: Candidate) -> _Rung:
    if candidate.status != "ok":
        return _Rung(candidate=candidate, arms={})
    said = climbing(exam.rows, candidate.rung)
    if not said:
        raise RecordError(f"{candidate.rung} is said to be ok but has no predictions")
    if not all(np.isfinite(one.values).all() for one in said.values()):
        reason = "its predictions are not all finite numbers"
        return _Rung(candidate=dataclasses.replace(candidate, status="failed", reason=reason), arms={})
    return _Rung(candidate=candidate, arms={arm: measure(exam, one.values, one.codes) for arm, one in said.items()})


def climbing(predictions: Predictions, rung: str) -> dict[Arm, Predicted]:
    """The arms of a rung that climb, on the repeats that all of them have."""
    arms = {arm: said for arm, said in predictions.of(rung).items() if arm in CLIMBING}
    shared = min((len(said.values) for said in arms.values()), default=0)
    return {arm: said.first(shared) for arm, said in arms.items()}


def _entry(exam: Exam, rung: _Rung) -> Judged:
    """Fill in what a rung shows on its own, on repeat 0; no verdict yet."""
    candidate = rung.candidate
    entry = Judged(
        rung=rung.name,
        level=candidate.level,
        arm=rung.arm,
        status=candidate.status,
        reason=candidate.reason,
        repeats=rung.climber.loss.repeats if rung.arms else 0,
        also=dict.fromkeys(exam.terms.also),
        verdict="FAILED" if candidate.status == "failed" else None,
    )
    if rung.arm is None:
        return entry
    first, default = rung.climber.score.first(1), rung.arms["default"] if len(rung.arms) > 1 else None
    low, high = interval(first, exam.layout)
    return dataclasses.replace(
        entry,
        score=first.value,
        score_low=low,
        score_high=high,
        skill=_skill(exam, rung.climber),
        also={name: _secondary(exam, name, rung) for name in exam.terms.also},
        default_score=default.score.first(1).value if default is not None else None,
        default_skill=_skill(exam, default) if default is not None else None,
    )


def _examined(exam: Exam, incumbent: _Rung, rung: _Rung, level: float) -> Judged:
    """Test a rung against the incumbent, and its arms against each other."""
    entry = _entry(exam, rung)
    if not rung.arms:
        return entry
    comparison = compare_measured(exam, incumbent.climber, rung.climber, level)
    if not rung.candidate.comparable:
        comparison = dataclasses.replace(comparison, verdict="NOT COMPARABLE", contested=False)
    entry = dataclasses.replace(entry, incumbent=incumbent.name, comparison=comparison, verdict=comparison.verdict)
    if len(rung.arms) == 1:
        return entry
    # On the repeats that the candidate's own test rests on, and at its level: these two cost no alpha.
    repeats = comparison.repeats
    default, tuned = (rung.arms[arm].first(repeats) for arm in ("default", "tuned"))
    tuning = compare_all(exam, default, tuned, level)
    return dataclasses.replace(
        entry,
        default_comparison=compare_all(exam, incumbent.climber.first(repeats), default, level),
        tuning_gain=tuning.gain,
        tuning_verdict=tuning.verdict,
        p_default_enough=1.0 - tuning.p_gain,
    )


def _skill(exam: Exam, arm: Measured) -> float | None:
    """1 - loss / dummy's loss on repeat 0 (2 AUC - 1 for roc_auc); None where the dummy has no loss to share."""
    loss = arm.loss.first(1).value
    if exam.metric.pooling == "ranks":
        blind = blind_loss(exam)
    else:
        blind = exam.dummy.loss.first(1).value if exam.dummy is not None else 0.0
    return 1.0 - loss / blind if blind > 0.0 else None


def _secondary(exam: Exam, name: str, rung: _Rung) -> float | None:
    """Score by another metric on repeat 0, for description; None where these rows cannot give it."""
    assert rung.arm is not None
    metric = find_metric(name)
    said = exam.rows.of(rung.name)[rung.arm].first(1)
    try:
        refuse_unmeasurable(exam.rows, exam.terms, dataclasses.replace(metric, fewest=1), exam.layout)
    except KissBenchError:
        return None
    return measure(dataclasses.replace(exam, metric=metric), said.values, said.codes).score.value


def _recommended(terms: Terms, entries: Sequence[Judged], incumbent: _Rung) -> Recommended:
    """Name the last promoted rung, and the default arm of it where tuning was not shown to add the margin."""
    entry = next(entry for entry in entries if entry.rung == incumbent.name)
    assert entry.arm is not None
    if entry.comparison is None:
        why = f"{entry.rung}: no rung above it was shown to gain more than the margin."
        return Recommended(rung=entry.rung, arm=entry.arm, why=why)
    enough = entry.default_verdict == "JUSTIFIED" and entry.tuning_verdict != "JUSTIFIED"
    why = f"{entry.rung}: {_gains(entry.comparison, terms.metric)} over {entry.incumbent}"
    why += "; no rung above it was shown to gain more than the margin over it." if _is_followed(entries, entry) else "."
    if enough:
        why += f" Default settings do: tuning gained {entry.tuning_gain:.4g}, not shown to exceed the margin."
    return Recommended(rung=entry.rung, arm="default" if enough else entry.arm, why=why)


def _is_followed(entries: Sequence[Judged], entry: Judged) -> bool:
    return any(later.comparison is not None for later in entries[entries.index(entry) + 1 :])


def _gains(comparison: Comparison, metric: str) -> str:
    sure = f"{comparison.p_gain:.3f}" if comparison.p_gain < 0.9995 else "above 0.999"
    between = f"95 % interval {comparison.low:.4g} to {comparison.high:.4g}"
    return f"gains {comparison.gain:.4g} {metric} ({between}; chance that it exceeds the margin {sure})"


def _also_consider(exam: Exam, ladder: Sequence[_Rung], chosen: _Rung, arm: Arm) -> str | None:
    for rung in ladder[: ladder.index(chosen)]:
        if not rung.arms or not rung.candidate.comparable:
            continue
        if compare_measured(exam, rung.climber, chosen.arms[arm], 1.0 - SHOWN).p_gain < SHOWN:
            return rung.name
    return None


def _unjudged(exam: Exam, ladder: Sequence[_Rung]) -> Judgement:
    """Without a base there is nothing to climb from: scores stand, verdicts cannot."""
    base, above = ladder[0], ladder[1:]
    why = f"{base.name} {base.candidate.status}, and without it no rung can be judged"
    entries = [_entry(exam, base)]
    for rung in above:
        entry = _entry(exam, rung)
        entries.append(dataclasses.replace(entry, reason=why, verdict="INCONCLUSIVE") if rung.arms else entry)
    shape = Outlook(rows=len(exam.rows.actual), folds=exam.layout.folds, repeats=1, rungs=1, spread=0.0)
    return Judgement(
        entries=tuple(entries),
        recommended=Recommended(rung=base.name, arm="default", why=f"{why}."),
        also_consider=None,
        margin_abs=smallest_gain(exam.rows.actual, exam.terms, shape),  # spread 0: the margin and nothing else
        notes=(*layout_flags(exam), f"{why}: {base.candidate.reason}" if base.candidate.reason else why),
    )


DRAWS = 100_000
SEED = 20_030_211
"""Of the normal draws below: fixed, since a verdict must not depend on when it was asked for."""


def next_level(share: float, before: float, *, promoted: bool) -> float:
    """Give alpha_j: the test's own share of alpha, plus the level of the test before it where that one promoted."""
    return share + (before if promoted else 0.0)


def strict_level(exam: Exam, ladder: Sequence[Measured]) -> float:
    """Level of each test at which all ordered pairs of the ladder together keep `exam.terms.alpha`.

    The critical value is that of a normal; with few degrees of freedom the engine's t takes the same tail area.
    """
    draws = _draws(exam, ladder)
    if draws.shape[1] == 0:
        return exam.terms.alpha
    critical = float(np.quantile(draws.max(axis=1), 1.0 - exam.terms.alpha))
    # Rounded, so that the last bits of a sum over rows, which differ between machines, do not reach the verdict.
    return float(f"{min(ndtr(-critical), exam.terms.alpha):.6g}")


def ladder_error(exam: Exam, ladder: Sequence[Measured]) -> float:
    """Highest chance that climbing at alpha a step promotes what is worth the margin over the incumbent, and no more.

    Of all rungs that may be the incumbent by then, the worst counts: rungs above it are compared with it, and one of
    them passes. It is reached by tests that use up their alpha, as those of a single repeat at alpha/5 do not.
    """
    passed = _draws(exam, ladder) > float(ndtri(1.0 - exam.terms.alpha))
    pairs = list(itertools.combinations(range(len(ladder)), 2))
    by_incumbent = [[place for place, (lower, _) in enumerate(pairs) if lower == rung] for rung in range(len(ladder))]
    return round(max([float(passed[:, places].any(axis=1).mean()) for places in by_incumbent if places] or [0.0]), 4)


def _draws(exam: Exam, ladder: Sequence[Measured]) -> Floats:
    """(DRAWS, pairs) normals, correlated as the contrasts of the pairs (0,1), (0,2), ... are."""
    correlation = contrast_correlation(exam, ladder)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(SEED).standard_normal((DRAWS, len(correlation)))
    return np.asarray(normal @ root.T)


def contrast_correlation(exam: Exam, ladder: Sequence[Measured]) -> Floats:
    """(pairs, pairs) correlation of the contrasts of all ordered pairs, on the first repeat; 0 for copies."""
    pairs = itertools.combinations([arm.first(1) for arm in ladder], 2)
    rows = [contrast(exam, lower, upper).rows[0] for lower, upper in pairs]
    effects = np.stack([draws_of(row - row.mean(), exam.layout) for row in rows]) if rows else np.zeros((0, 1))
    length = np.linalg.norm(effects, axis=1, keepdims=True)
    unit = np.divide(effects, length, out=np.zeros_like(effects), where=length > 0.0)
    return np.asarray(unit @ unit.T)


def draws_of(row: Floats, layout: Layout) -> Floats:
    """What counts as one draw of (n,) centred contributions: rows, group sums, cosine weights or sums of blocks."""
    if layout.period is None:
        return row if layout.group is None else np.bincount(layout.group, weights=row).astype(np.float64)
    series = np.bincount(layout.period, weights=row, minlength=layout.periods)
    if len(series) >= LONG_SERIES:
        return np.asarray(dct(series, type=2)[1 : cosines(len(series)) + 1])
    return np.array([part.sum() for part in np.array_split(series, min(BLOCKS, len(series)))])
