"""How sure an estimate is: its standard error and degrees of freedom under each split scheme.

    shuffled, stratified, predefined    row variance / n, times K/(K-1) because folds share training rows
    with groups                         cluster-robust over groups, t with G-1 df
    forward in time                     long-run variance of the series (equal-weighted cosine), t with B df
    three or more repeats               the larger of the above and Nadeau & Bengio's corrected variance

References: Nadeau & Bengio 2003 (Machine Learning 52:239); Bayle et al. 2020 (arXiv 2007.12671); Lazarus et al. 2018
(J. Business & Economic Statistics 36:541) for the cosine estimator and its t reference.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from kiss_bench.errors import FoldError
from kiss_bench.judge.judgement import Floats, Rows
from kiss_bench.plan.plan import FoldKind

Codes = NDArray[np.int64]

ENOUGH_REPEATS = 3
"""From here on the spread over folds counts too, and the test is final."""
STAGE_ONE = 5.0
"""alpha_j is divided by this while there are fewer repeats: else one split would be an easier exam than five."""
LONG_SERIES = 100
"""Time points from which the cosine estimator is used; below, means of `BLOCKS` blocks."""
BLOCKS = 10


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

    scheme: FoldKind
    fold: Codes
    """(r, n) fold of each row, 0..folds-1."""
    folds: int
    test_over_train: float
    group: Codes | None
    groups: int
    period: Codes | None
    """(n,) rank among the distinct times, forward only."""
    periods: int

    @property
    def once(self) -> bool:
        """Whether there is nothing to repeat: in time order, or one fold a group. Tested once, at the full level."""
        return self.period is not None or (self.group is not None and self.folds == self.groups)

    @property
    def inflation(self) -> float:
        """K/(K-1) where folds share training rows; a single holdout has none to share."""
        return 1.0 if self.once or self.folds < 2 else self.folds / (self.folds - 1)

    def fold_means(self, rows: Floats) -> Floats:
        """(r, n) -> (r, K)."""
        pairs = zip(self.fold, rows, strict=False)
        sums = [np.bincount(fold, weights=row, minlength=self.folds) for fold, row in pairs]
        sizes = [np.bincount(fold, minlength=self.folds) for fold in self.fold[: len(rows)]]
        return np.stack(sums) / np.stack(sizes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    se: float
    df: float
    method: str
    ratio: float | None = None
    """SE over folds / SE over rows, where both are known."""


def lay_out(rows: Rows, scheme: FoldKind) -> Layout:
    """Read folds, groups and times off the rows.

    Raises:
        FoldError: fewer than two rows, groups or points in time, or repeats with different numbers of folds.
    """
    n = len(rows.actual)
    coded = [np.unique(fold, return_inverse=True) for fold in rows.fold]
    folds = len(coded[0][0])
    if any(len(numbers) != folds for numbers, _ in coded):
        raise FoldError("repeats with different numbers of folds cannot be compared")
    period = None
    if scheme == "forward":
        period = np.arange(n) if rows.time is None else np.unique(rows.time, return_inverse=True)[1]
    group = None if rows.group is None or scheme == "forward" else np.unique(rows.group, return_inverse=True)[1]
    for what, codes in (("rows", np.arange(n)), ("groups", group), ("points in time", period)):
        if codes is not None and (len(codes) == 0 or codes.max() < 1):
            raise FoldError(f"the judge needs at least two {what} that were tested, found {len(np.unique(codes))}")
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
    )


def spread(estimate: Estimate, layout: Layout) -> Spread:
    """Give the standard error of the estimate's mean over its repeats, by the table in the module's docstring."""
    n = estimate.rows.shape[1]
    if layout.period is not None:
        return _in_time(estimate, layout.period)
    if layout.group is None:
        core, df, name = estimate.rows.var(axis=1, ddof=1) / n, n - 1, "row variance"
    else:
        core, df, name = _clustered(estimate.rows, layout.group, layout.groups), layout.groups - 1, "cluster-robust"
    # The mean of the repeats' variances, not the variance of rows averaged over repeats: averaging shrinks rows below
    # what the noise of the training sets allows.
    over_rows = math.sqrt(layout.inflation * float(core.mean()))
    if estimate.repeats < ENOUGH_REPEATS or layout.once:
        return Spread(se=over_rows, df=df, method=name if layout.inflation == 1.0 else f"{name}, inflated")
    over_folds = math.sqrt(nadeau_bengio(estimate.folds, layout.test_over_train))
    return Spread(
        se=max(over_folds, over_rows),
        df=min(estimate.folds.size - 1, df),
        method=f"larger of Nadeau-Bengio and {name}, inflated",
        ratio=over_folds / over_rows if over_rows > 0.0 else None,
    )


def level_applied(alpha: float, repeats: int, *, once: bool) -> float:
    """Give the level of a test: alpha_j where it is final, alpha_j/5 at stage one."""
    return alpha if once or repeats >= ENOUGH_REPEATS else alpha / STAGE_ONE


def nadeau_bengio(folds: Floats, test_over_train: float) -> float:
    """Corrected variance of the mean of (r, K) fold values: (1/(rK) + n_test/n_train) * s^2; at least two values."""
    return (1.0 / folds.size + test_over_train) * float(folds.var(ddof=1))


def long_run_variance(series: Floats) -> tuple[float, int]:
    """Variance of the mean of (T,) values in time order, and its degrees of freedom B (Lazarus et al. 2018).

    B = max(4, floor(0.4 T^(2/3))) cosine weights of lowest frequency, equally weighted.
    """
    periods = len(series)
    count = max(4, math.floor(0.4 * periods ** (2.0 / 3.0)))
    weights = math.sqrt(2.0 / periods) * dct(series, type=2)[1 : count + 1] / 2.0
    return float(np.mean(np.square(weights))) / periods, count


def block_variance(series: Floats) -> tuple[float, int]:
    """Variance of the mean of (T,) values from ten blocks of consecutive ones (T blocks where T < 10), with its df."""
    blocks = min(BLOCKS, len(series))
    sums = np.array([part.sum() for part in np.array_split(series - series.mean(), blocks)])
    return float(np.square(sums).sum()) * blocks / (blocks - 1) / len(series) ** 2, blocks - 1


def _clustered(rows: Floats, group: Codes, groups: int) -> Floats:
    """Cluster-robust variance of each repeat's mean: sum over groups of squared residual sums, G/(G-1), over n^2."""
    residuals = rows - rows.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(group, weights=row, minlength=groups) for row in residuals])
    return np.asarray(np.square(sums).sum(axis=1) * (groups / (groups - 1)) / rows.shape[1] ** 2)


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
