"""What the rows share with each other (folds, groups, points in time, weights), and estimates laid out over them."""

from dataclasses import dataclass

import numpy as np

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
