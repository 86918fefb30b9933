"""How sure an estimate is: its standard error and degrees of freedom under each split scheme.

    shuffled, stratified, predefined    row variance / n, times K/(K-1) because folds share training rows
    with groups                         cluster-robust over groups, t with G_eff - 1 df, G_eff = n^2 / sum n_g^2
    with weights                        of the weighted mean, linearised; t with n_eff - 1 df, n_eff likewise
    forward in time                     long-run variance of the series (equal-weighted cosine), t with B df
    three or more repeats of rows       row variance / n, times 1 + 3 instability, from K/(K-1) to 1.5 or K/(K-1) + 1/r
    three or more repeats of groups     the larger of the above and Nadeau & Bengio's corrected variance
    repeated holdout                    Nadeau & Bengio's alone, since rows are tested unequally often
    single holdout                      row variance / n: says nothing of other training sets

References: Nadeau & Bengio 2003 (Machine Learning 52:239); Bayle et al. 2020 (arXiv 2007.12671); Lazarus et al. 2018
(J. Business & Economic Statistics 36:541) for the cosine estimator and its t reference; Carter, Schnepel & Steigerwald
2017 (Review of Economics and Statistics 99:698) for the effective number of groups, which is G where all are equal:
with one group that outweighs the rest the cluster variance is too short, and G - 1 would not say so.

On three repeats of rows or more two laws meet: K/(K-1) is what a stable learner needs (Bayle et al.), and
K/(K-1) + 1/r what Nadeau & Bengio's correction comes to where folds scatter as their rows do. Instability, the share of
a row's variance that redrawing the folds makes, tells which is nearer; simulated in docs/statistics.md. It knows
nothing of fits that go wrong as a whole: where folds scatter more than their rows explain, by a chi-squared test,
Nadeau & Bengio's variance takes over, on one repeat as on many.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import dct
from scipy.special import chdtri

from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.judge.layout import Estimate, Layout

NADEAU_BENGIO = "Nadeau-Bengio"
ENOUGH_REPEATS = 3
"""From here on the folds' redrawing is seen, and the test is final."""
STAGE_ONE = 5.0
"""alpha_j is divided by this while there are fewer repeats: else one split would be an easier exam than five."""
STILL_OPEN = 2.0
"""A pair is contested at stage one while p is within this many alpha_j: some that five repeats would promote show a
p a little above alpha_j on the first. What five repeats would not promote is not promoted by asking for them."""
SHAKEN = 3.0
"""What instability adds to 1; fitted to simulated learners, from least squares to trees and boosting."""
LEAST_STABLE = 1.5
"""What the row variance has to be multiplied by for the least stable learners simulated, where folds are many."""
BEYOND_CHANCE = 0.01
"""Level at which the scatter of folds is taken to be more than that of their rows."""
BEYOND_CHANCE_OF_FEW = 0.1
"""The same below three repeats: four degrees of freedom see little, and a pair that comes close is repeated anyway."""
LONG_SERIES = 100
"""Time points from which the cosine estimator is used; below, means of `BLOCKS` blocks."""
BLOCKS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    se: float
    df: float
    method: str
    ratio: float | None = None
    """SE over folds / SE over rows, where both are known."""
    by_rows: "Spread | None" = None
    """What rows alone say, which more repeats do not shrink; None where there are none to add."""


def spread(estimate: Estimate, layout: Layout) -> Spread:
    """Give the standard error of the estimate's mean over its repeats, by the table in the module's docstring."""
    if layout.scheme == "repeated_holdout":
        variance = nadeau_bengio(estimate.folds, layout.test_over_train)
        return Spread(se=math.sqrt(variance), df=estimate.folds.size - 1, method=NADEAU_BENGIO)
    if layout.period is not None:
        return _in_time(estimate, layout.period)
    core, df, name = _of_draws(estimate, layout)
    method = name if layout.inflation == 1.0 else f"{name}, inflated"
    alone = Spread(se=math.sqrt(layout.inflation * core), df=df, method=method)
    if layout.once or estimate.folds.size < 2:
        return alone
    return _with_folds(replace(alone, by_rows=alone), estimate, layout, core)


def _of_draws(estimate: Estimate, layout: Layout) -> tuple[float, float, str]:
    """Variance of the mean of independent rows, or groups, with its degrees of freedom and its name.

    It is the mean of the repeats' variances, not the variance of rows averaged over repeats: averaging shrinks rows
    below what the noise of the training sets allows.
    """
    if layout.group is not None:
        df = min(layout.groups, layout.effective_groups) - 1.0
        return float(_clustered(estimate.rows, layout).mean()), df, "cluster-robust"
    n = estimate.rows.shape[1]
    core = float((estimate.rows.var(axis=1, ddof=1) / n).mean())
    # A row of weight 0 is as good as none.
    return core * (_bessel(layout.counted) / _bessel(n)), layout.effective_rows - 1.0, "row variance"


def _with_folds(alone: Spread, estimate: Estimate, layout: Layout, core: float) -> Spread:
    """What folds, and their redrawing, add to what rows say alone."""
    over_folds = math.sqrt(nadeau_bengio(estimate.folds, layout.test_over_train))
    few = estimate.repeats < ENOUGH_REPEATS  # of so few folds their ratio varies too much to be told
    ratio = over_folds / alone.se if alone.se > 0.0 and not few else None
    df = min(estimate.folds.size - 1, alone.df)
    by_folds = replace(alone, se=max(over_folds, alone.se), df=df, method=NADEAU_BENGIO, ratio=ratio)
    if _is_restless(estimate, layout, core):
        return by_folds
    if few:
        return alone
    if layout.group is not None:
        return replace(by_folds, method=f"larger of {NADEAU_BENGIO} and {alone.method}")
    redrawn = math.sqrt(core * _redrawing(estimate, layout))
    return replace(alone, se=redrawn, method=f"{alone.method} by instability", ratio=ratio)


def _is_restless(estimate: Estimate, layout: Layout, core: float) -> bool:
    """Whether folds scatter more than `core`, the variance of a mean over all rows, explains: a chi-squared test."""
    repeats, weight = estimate.repeats, layout.weight
    freedom = repeats * (layout.folds - 1)  # folds of one repeat share out the same rows
    level = BEYOND_CHANCE if repeats >= ENOUGH_REPEATS else BEYOND_CHANCE_OF_FEW
    counts = None if weight is None else weight > 0
    sizes = np.stack([np.bincount(fold, weights=counts, minlength=layout.folds) for fold in layout.fold[:repeats]])
    expected = core * layout.counted * float((1.0 / sizes).mean())
    return bool(estimate.folds.var(axis=1, ddof=1).mean() * freedom > expected * chdtri(freedom, level))


def _redrawing(estimate: Estimate, layout: Layout) -> float:
    """What the row variance is multiplied by on three repeats or more; see the module's docstring."""
    highest = highest_redrawing(layout.inflation, estimate.repeats)
    return float(np.clip(1.0 + SHAKEN * instability(estimate.rows), layout.inflation, highest))


def highest_redrawing(inflation: float, repeats: int) -> float:
    """What the row variance is multiplied by at the most; `inflation` is K/(K-1)."""
    return max(inflation + 1.0 / repeats, LEAST_STABLE)


def instability(rows: Floats) -> float:
    """Share of the variance of (r, n) contributions that lies within rows, between repeats; 0 where none vary."""
    whole = float(rows.var(axis=1, ddof=1).mean())
    return float(rows.var(axis=0, ddof=1).mean()) / whole if whole > 0.0 else 0.0


def level_applied(alpha: float, repeats: int, *, once: bool) -> float:
    """Give the level of a test: alpha_j where it is final, alpha_j/5 at stage one."""
    return alpha if once or repeats >= ENOUGH_REPEATS else alpha / STAGE_ONE


def is_close(p: float, alpha: float, repeats: int) -> bool:
    """Whether more repeats could promote what was not promoted at stage one with this one-sided p."""
    return repeats < ENOUGH_REPEATS and p <= min(STILL_OPEN * alpha, 0.5)


def nadeau_bengio(folds: Floats, test_over_train: float) -> float:
    """Corrected variance of the mean of (r, K) fold values: (1/(rK) + n_test/n_train) * s^2; at least two values."""
    return (1.0 / folds.size + test_over_train) * float(folds.var(ddof=1))


def long_run_variance(series: Floats) -> tuple[float, int]:
    """Variance of the mean of (T,) values in time order, and its degrees of freedom B (Lazarus et al. 2018).

    B = max(4, floor(0.4 T^(2/3))) cosine weights of lowest frequency, equally weighted.
    """
    periods = len(series)
    count = cosines(periods)
    weights = math.sqrt(2.0 / periods) * dct(series, type=2)[1 : count + 1] / 2.0
    return float(np.mean(np.square(weights))) / periods, count


def cosines(periods: int) -> int:
    """Give B, the number of cosine weights for a series of `periods` values."""
    return max(4, int(0.4 * math.pow(periods, 2.0 / 3.0)))


def block_variance(series: Floats) -> tuple[float, int]:
    """Variance of the mean of (T,) values from ten blocks of consecutive ones (T blocks where T < 10), with its df."""
    blocks = min(BLOCKS, len(series))
    sums = np.array([part.sum() for part in np.array_split(series - series.mean(), blocks)])
    return float(np.square(sums).sum()) * blocks / (blocks - 1) / len(series) ** 2, blocks - 1


def _clustered(rows: Floats, layout: Layout) -> Floats:
    """Cluster-robust variance of each repeat's mean: sum over groups of squared residual sums, G/(G-1), over n^2."""
    assert layout.group is not None
    residuals = rows - rows.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(layout.group, weights=row, minlength=layout.groups) for row in residuals])
    counted = int(np.count_nonzero(layout.sizes))
    return np.asarray(np.square(sums).sum(axis=1) * _bessel(counted) / rows.shape[1] ** 2)


def _bessel(count: int) -> float:
    return count / (count - 1)


def _in_time(estimate: Estimate, period: Codes) -> Spread:
    """One value per point in time, weighted by its rows, so that the series' mean is the pooled estimate."""
    rows = estimate.rows.mean(axis=0)
    centre = rows.mean()
    residuals = np.bincount(period, weights=rows - centre)
    series = centre + residuals * (len(residuals) / len(rows))
    if len(series) >= LONG_SERIES:
        variance, df = long_run_variance(series)
        return Spread(se=math.sqrt(variance), df=df, method="long-run variance, cosine weights")
    variance, df = block_variance(series)
    return Spread(se=math.sqrt(variance), df=df, method=f"means of {df + 1} blocks in time")
