"""How sure an estimate is: its standard error and degrees of freedom under each split scheme.

    shuffled, stratified, predefined    row variance / n, times K/(K-1) because folds share training rows
    with groups                         cluster-robust over groups, t with G_eff - 1 df, G_eff = n^2 / sum n_g^2
    with weights                        of the weighted mean, linearised; t with n_eff - 1 df, n_eff likewise
    forward in time                     long-run variance of the series (equal-weighted cosine), t with B df
    three or more repeats of rows       row variance / n, times 1 + 3 instability, from K/(K-1) to K/(K-1) + 1/r
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
nothing of fits that go wrong as a whole: where folds scatter more than chance allows their rows, Nadeau & Bengio's
variance takes over.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct
from scipy.special import chdtri

from kiss_bench.judge.judgement import Codes, Floats
from kiss_bench.judge.layout import Estimate, Layout

ENOUGH_REPEATS = 3
"""From here on the spread over folds counts too, and the test is final."""
STAGE_ONE = 5.0
"""alpha_j is divided by this while there are fewer repeats: else one split would be an easier exam than five."""
STILL_OPEN = 2.0
"""A pair is contested at stage one while p is within this many alpha_j: some that five repeats would promote show a
p a little above alpha_j on the first. What five repeats would not promote is not promoted by asking for them."""
SHAKEN = 3.0
"""What instability adds to 1; fitted to simulated learners, from least squares to trees and boosting."""
BEYOND_CHANCE = 0.01
"""Level at which the scatter of folds is taken to be more than that of their rows."""
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
    over_rows: float | None = None
    """The part that more repeats do not shrink; None where there are none to add."""


def spread(estimate: Estimate, layout: Layout) -> Spread:
    """Give the standard error of the estimate's mean over its repeats, by the table in the module's docstring."""
    n = estimate.rows.shape[1]
    if layout.scheme == "repeated_holdout":
        variance = nadeau_bengio(estimate.folds, layout.test_over_train)
        return Spread(se=math.sqrt(variance), df=estimate.folds.size - 1, method="Nadeau-Bengio")
    if layout.period is not None:
        return _in_time(estimate, layout.period)
    if layout.group is None:
        core, df, name = estimate.rows.var(axis=1, ddof=1) / n, layout.effective_rows - 1.0, "row variance"
        core = core * (_bessel(layout.counted) / _bessel(n))  # a row of weight 0 is as good as none
    else:
        core, name = _clustered(estimate.rows, layout), "cluster-robust"
        df = min(layout.groups, layout.effective_groups) - 1.0
    # The mean of the repeats' variances, not the variance of rows averaged over repeats: averaging shrinks rows below
    # what the noise of the training sets allows.
    over_rows = math.sqrt(layout.inflation * float(core.mean()))
    if estimate.repeats < ENOUGH_REPEATS or layout.once:
        method = name if layout.inflation == 1.0 else f"{name}, inflated"
        return Spread(se=over_rows, df=df, method=method, over_rows=None if layout.once else over_rows)
    over_folds = math.sqrt(nadeau_bengio(estimate.folds, layout.test_over_train))
    ratio = over_folds / over_rows if over_rows > 0.0 else None
    if layout.group is not None:
        method = f"larger of Nadeau-Bengio and {name}, inflated"
        df = min(estimate.folds.size - 1, df)
        return Spread(se=max(over_folds, over_rows), df=df, method=method, ratio=ratio, over_rows=over_rows)
    redrawn = over_rows * math.sqrt(_redrawing(estimate, layout) / layout.inflation)
    freedom = estimate.folds.size - 1
    if over_folds**2 * freedom / chdtri(freedom, BEYOND_CHANCE) > redrawn**2:
        return Spread(se=over_folds, df=min(freedom, df), method="Nadeau-Bengio", ratio=ratio, over_rows=over_rows)
    return Spread(se=redrawn, df=df, method=f"{name}, inflated by instability", ratio=ratio, over_rows=over_rows)


def _redrawing(estimate: Estimate, layout: Layout) -> float:
    """What the row variance is multiplied by on three repeats or more; see the module's docstring."""
    lowest = layout.inflation
    return float(np.clip(1.0 + SHAKEN * instability(estimate.rows), lowest, lowest + 1.0 / estimate.repeats))


def instability(rows: Floats) -> float:
    """Share of the variance of (r, n) contributions that lies within rows, between repeats; 0 where none vary."""
    whole = float(rows.var(axis=1, ddof=1).mean())
    return float(rows.var(axis=0, ddof=1).mean()) / whole if whole > 0.0 else 0.0


def level_applied(alpha: float, repeats: int, *, once: bool) -> float:
    """Give the level of a test: alpha_j where it is final, alpha_j/5 at stage one."""
    return alpha if once or repeats >= ENOUGH_REPEATS else alpha / STAGE_ONE


def is_close(p: float, alpha: float, repeats: int, *, once: bool) -> bool:
    """Whether more repeats could promote what was not promoted at stage one with this one-sided p."""
    return level_applied(alpha, repeats, once=once) < alpha and p <= min(STILL_OPEN * alpha, 0.5)


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
