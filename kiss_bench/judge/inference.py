"""What rows share with each other, and how sure an estimate over them is under each split scheme.

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

from kiss_bench.errors import DataError, FoldError
from kiss_bench.judge.judgement import Codes, Floats, Scheme
from kiss_bench.judge.predictions import Predictions

LONE = 1e-6
"""A single row may hold all of the weight but this share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A quantity seen three ways, all linear, so that estimates can be added and scaled."""

    rows: Floats
    """(r, n) contributions of rows: their mean is the value, their spread tells its uncertainty."""
    folds: Floats
    """(r, K) the quantity within each fold."""
    values: Floats
    """(r,) the quantity in each repeat."""

    @property
    def value(self) -> float:
        return float(self.values.mean())

    @property
    def repeats(self) -> int:
        return len(self.values)

    def first(self, repeats: int) -> "Estimate":
        return Estimate(rows=self.rows[:repeats], folds=self.folds[:repeats], values=self.values[:repeats])

    def __sub__(self, other: "Estimate | float") -> "Estimate":
        """Difference on the repeats that both share."""
        if not isinstance(other, Estimate):
            return Estimate(rows=self.rows - other, folds=self.folds - other, values=self.values - other)
        r = min(self.repeats, other.repeats)
        return Estimate(
            rows=self.rows[:r] - other.rows[:r],
            folds=self.folds[:r] - other.folds[:r],
            values=self.values[:r] - other.values[:r],
        )

    def __mul__(self, factor: float) -> "Estimate":
        return Estimate(rows=self.rows * factor, folds=self.folds * factor, values=self.values * factor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What the rows share with each other: folds, groups, points in time."""

    scheme: Scheme
    fold: Codes
    """(r, n) fold of each row, 0..folds-1."""
    folds: int
    test_over_train: float
    group: Codes | None
    groups: int
    period: Codes | None
    """(n,) rank among the distinct times, forward only."""
    periods: int
    weight: Floats | None = None
    """(n,) with mean 1; None: all the same."""

    @property
    def once(self) -> bool:
        """Whether there is nothing to repeat: one test, at the full level.

        So it is in time order, with one fold a group, and with a single holdout.
        """
        return self.period is not None or self.by_group or self.scheme == "holdout"

    @property
    def by_group(self) -> bool:
        """One fold a group, with all of its rows: as many folds as groups is not enough."""
        if self.group is None or self.folds != self.groups:
            return False
        return len(np.unique(self.fold[0] * self.groups + self.group)) == self.groups

    @property
    def inflation(self) -> float:
        """K/(K-1) for folds that share training rows; 1 where nothing is redrawn."""
        return 1.0 if self.once or self.folds < 2 else self.folds / (self.folds - 1)

    @property
    def sizes(self) -> Floats:
        """(G,) weight of each group, in rows."""
        assert self.group is not None
        return np.bincount(self.group, weights=self.weight, minlength=self.groups).astype(np.float64)

    @property
    def effective_rows(self) -> float:
        """Rows of equal weight that these are worth: (sum w)^2 / sum w^2."""
        n = self.fold.shape[1]
        return float(n) if self.weight is None else min(n, float(self.weight.sum() ** 2 / np.square(self.weight).sum()))

    @property
    def counted(self) -> int:
        """Rows that count for anything."""
        return self.fold.shape[1] if self.weight is None else int(np.count_nonzero(self.weight))

    @property
    def effective_groups(self) -> float:
        """Groups of equal size that these are worth: (sum n_g)^2 / sum n_g^2."""
        return float(self.sizes.sum() ** 2 / np.square(self.sizes).sum())

    def linearised(self, rows: Floats, values: Floats) -> Floats:
        """(r, n) contributions of rows to the (r,) weighted means of `rows`; their plain mean is `values`."""
        if self.weight is None:
            return rows
        return values[:, None] + self.weight * (rows - values[:, None])

    def means(self, rows: Floats) -> Floats:
        """(r, n) -> (r,), weighted."""
        return np.asarray((rows if self.weight is None else rows * self.weight).mean(axis=1))

    def fold_means(self, rows: Floats) -> Floats:
        """(r, n) contributions -> (r, K) means within folds."""
        centre = rows.mean(axis=1, keepdims=True)
        pairs = list(zip(self.fold, rows - centre, strict=False))
        sums = [np.bincount(fold, weights=row, minlength=self.folds) for fold, row in pairs]
        sizes = [np.bincount(fold, weights=self.weight, minlength=self.folds) for fold, _ in pairs]
        return np.asarray(centre + np.stack(sums) / np.stack(sizes))


def lay_out(rows: Predictions, scheme: Scheme) -> Layout:
    """Read folds, groups, times and weights off the rows.

    Raises:
        FoldError: fewer than two rows, groups or points in time, repeats with different numbers of folds, or folds of
            one row each.
        DataError: weights that are none.
    """
    n = rows.fold.shape[1]
    coded = [np.unique(fold, return_inverse=True) for fold in rows.fold]
    folds = len(coded[0][0])
    if any(len(numbers) != folds for numbers, _ in coded):
        raise FoldError("repeats with different numbers of folds cannot be compared")
    period = None
    if scheme == "forward":
        period = np.arange(n) if rows.time is None else np.unique(rows.time, return_inverse=True)[1]
    group = None if rows.group is None or scheme == "forward" else np.unique(rows.group, return_inverse=True)[1]
    weight = _weights(rows.weight)
    counted = np.ones(n, dtype=np.bool_) if weight is None else weight > 0
    for what, codes in (("rows", np.arange(n)), ("groups", group), ("points in time", period)):
        if codes is not None and (found := len(np.unique(codes[counted]))) < 2:
            raise FoldError(f"the judge needs at least two {what} that were tested, found {found}")
    for numbers, codes in coded:
        if len(empty := np.setdiff1d(np.arange(folds), codes[counted])):
            raise FoldError(
                f"fold {numbers[empty[0]]} holds only rows of weight 0; leave such rows out, or use fewer folds"
            )
    if folds == n and period is None:
        raise FoldError(
            "one row a fold (leave-one-out) has no valid error bar for a difference: its training sets are all but "
            "the same; use 5 or 10 folds"
        )
    n_train = rows.n_train if rows.n_train > 0 else n * (folds - 1) / folds
    return Layout(
        scheme=scheme,
        fold=np.stack([codes for _, codes in coded]),
        folds=folds,
        test_over_train=n / folds / n_train if n_train > 0 else 1.0,
        group=group,
        groups=0 if group is None else int(group.max()) + 1,
        period=period,
        periods=0 if period is None else int(period.max()) + 1,
        weight=weight,
    )


def _weights(weight: Floats | None) -> Floats | None:
    if weight is None:
        return None
    if not np.isfinite(weight).all() or (weight < 0).any() or (weight > 0).sum() < 2:
        raise DataError("row weights must be finite numbers of at least 0, two or more of them above 0")
    shares = weight / weight.max()  # first, lest the sum of huge ones overflow
    if (1.0 - LONE) * shares.sum() <= 1.0:
        raise DataError("one row holds all but all of the weight, and one row says nothing of how much rows vary")
    return np.asarray(shares / shares.mean(), dtype=np.float64)


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
