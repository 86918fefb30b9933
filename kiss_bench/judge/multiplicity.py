"""What the level of one test has to be for the whole ladder to keep its own.

fallback   each of the m tests owns alpha/m and inherits the level of the one before it where that one promoted
           (Wiens 2003, Pharmaceutical Statistics 2:211); pre-fixed hypotheses are proven, ours are simulated
strict     one level for all, such that the largest statistic over all ordered pairs exceeds its critical value with
           chance alpha (max-T; Westfall & Young 1993; Gaussian multipliers: Chernozhukov, Chetverikov & Kato 2013,
           Annals of Statistics 41:2786): covers any path and any later choice of incumbent
per_step   alpha at every step; how large the chance of an unjustified promotion can get is told, not held
"""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.fft import dct
from scipy.special import ndtr, ndtri

from kiss_bench.judge.contrasts import Exam, Measured, contrast
from kiss_bench.judge.inference import BLOCKS, LONG_SERIES, cosines
from kiss_bench.judge.judgement import Floats
from kiss_bench.judge.layout import Layout

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
