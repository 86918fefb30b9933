"""Two models that are worth the same (or differ by a known gain), and what the judge says of them.

On one repeat, on five, and on five only where the pair is contested. Each model sees a block of features of its own:
exchangeable blocks make the true gain exactly 0 whatever is fitted, since swapping the blocks swaps the models. The
set-ups are those by which such tests have been judged before. Independent rows: Dietterich 1998 (Neural Computation
10:1895), Nadeau & Bengio 2003 (Machine Learning 52:239), Bayle et al. 2020 (arXiv 2007.12671); AUC after LeDell et al.
2015 (EJS 9:1583). Groups share an effect in every feature and in the target, so that row-wise errors of a group go
together; series are AR(1) in features and errors (Diebold & Mariano 1995, J. Business & Economic Statistics 13:253;
Lazarus et al. 2018, the same, 36:541).
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from lightgbm import LGBMRegressor
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import expit, stdtr
from sklearn.tree import DecisionTreeRegressor

from calibration.figures import ALPHA, LEVELS, Figures
from calibration.fits import (
    FOLDS,
    Codes,
    Floats,
    Random,
    Splits,
    by_group,
    cut_discriminant,
    expanding,
    least_squares,
    linear_discriminant,
    mean_of,
    nearest_neighbour,
    refitted,
    ridge_logistic,
    shuffled,
    stratified,
)
from kiss_bench.judge import Comparison, Predictions, Terms, Trio, compare_rows
from kiss_bench.judge.contrasts import contrast, measure, set_exam
from kiss_bench.judge.inference import nadeau_bengio, spread
from kiss_bench.plan.plan import MarginUnit

RANK_WIDTH = 10
"""Features in each block of the rank designs."""
FEATURE_EFFECT = 0.8
TARGET_EFFECT = 0.7
"""Standard deviations between groups, beside 1 within them."""
DEPENDENT_WIDTH = 3
MEAN_SIZE = 12
LEAST_MEMBERS = 5
"""Fewest members of a class in a fold of a series; others are drawn again."""
PARETO = 1.5
"""Shape of the heavy-tailed group sizes: their mean is finite, their variance is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One draw of a pair of models on the same rows and folds, with all repeats there are."""

    rows: Predictions
    terms: Terms
    trio: Trio


def judged(simulate: Callable[[Random], Pair]) -> Callable[[Random], Figures]:
    """Make a design's draw of a pair's simulation."""
    return partial(_judged, simulate)


def _judged(simulate: Callable[[Random], Pair], rng: Random) -> Figures:
    pair = simulate(rng)
    found: dict[str, float] = {}
    for suffix, level in LEVELS.items():
        one, every = compared(pair, level, repeats=1), compared(pair, level)
        auto = every if one.contested else one
        found |= {f"{name}{suffix}": _justified(said) for name, said in (("auto", auto), ("five", every), ("one", one))}
        found[f"contested{suffix}"] = float(one.contested)
        if level == ALPHA:
            found |= _estimates("auto", auto) | _estimates("five", every) | _estimates("one", one)
    return found | _classical(pair)


def compared(pair: Pair, alpha: float, repeats: int | None = None) -> Comparison:
    """Compare on the first repeats only, or on all there are."""
    rows = dataclasses.replace(pair.rows, fold=pair.rows.fold[:repeats])
    trio = Trio(
        dummy=pair.trio.dummy[:repeats],
        incumbent=pair.trio.incumbent[:repeats],
        candidate=pair.trio.candidate[:repeats],
    )
    return compare_rows(rows, pair.terms, trio, alpha)


def _justified(comparison: Comparison) -> float:
    return float(comparison.verdict == "JUSTIFIED")


def _estimates(name: str, found: Comparison) -> Figures:
    return {
        f"{name}_p": 1.0 - found.p_gain,
        f"{name}_gain": found.gain,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_se": found.se,
        f"{name}_df": found.df,
    }


def _classical(pair: Pair) -> Figures:
    """The tested quantity itself, and what others would make of it.

    That is the corrected t-test on one run of folds (Nadeau & Bengio 2003), K-1 df, and on five repeats the larger of
    its error and that of the rows, rK-1 df.
    """
    exam = set_exam(pair.rows, pair.terms)
    exam = dataclasses.replace(exam, dummy=measure(exam, pair.trio.dummy))
    tested = contrast(exam, measure(exam, pair.trio.incumbent), measure(exam, pair.trio.candidate))
    first = tested.first(1)
    error = np.sqrt(nadeau_bengio(first.folds, exam.layout.test_over_train))
    p = 1.0 - float(stdtr(first.folds.size - 1, first.value / error))
    found = {"excess": tested.value, "excess_one": first.value, "corrected_t_p": p} | _effective(pair.rows)
    rows_alone = spread(tested, exam.layout).by_rows
    if rows_alone is not None:
        error = max(np.sqrt(nadeau_bengio(tested.folds, exam.layout.test_over_train)), rows_alone.se)
        df = min(tested.folds.size - 1, rows_alone.df)
        found["larger_p"] = 1.0 - float(stdtr(df, tested.value / error))
    return found


def _effective(rows: Predictions) -> Figures:
    """How many groups of equal size the groups are worth, n^2 / sum of squared sizes."""
    if rows.group is None:
        return {}
    sizes = np.bincount(rows.group)
    return {"groups": float((sizes > 0).sum()), "effective_groups": float(sizes.sum() ** 2 / np.square(sizes).sum())}


# independent rows


def least_squares_pair(  # noqa: PLR0913  (each is one number of a design)
    rng: Random, *, n: int, p: int, gain: float = 0.0, skill: float | None = None, folds: int = FOLDS
) -> Pair:
    """Least squares on u against least squares on v; y = u.b + sqrt(1 + gain) v.b + N(0, 1), |b| = 1."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(p) + rng.normal(size=n)
    splits = shuffled(rng, n, folds)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=least_squares(v, y, splits))
    terms = squared() if skill is None else squared(margin=skill, unit="skill")
    return Pair(rows=rows_of(y, splits), terms=terms, trio=trio)


def least_squares_gain(n: int, p: int, gain: float) -> float:
    """True gain of `least_squares_pair`, exactly: see `least_squares_risk`."""
    return least_squares_risk(2.0 + gain, train_size(n), p) - least_squares_risk(2.0, train_size(n), p)


def gain_at_skill(n: int, p: int, skill: float) -> float:
    """Give the `gain` at which v removes a further share `skill` of the dummy's squared error, exactly."""
    m = train_size(n)
    per_gain, blind = least_squares_risk(1.0, m, p), 1.0 + 1.0 / m
    return skill * 3.0 * blind / (per_gain - skill * blind)


def skill_gain(n: int, p: int, skill: float) -> float:
    """True gain of `least_squares_pair` at `gain_at_skill`, exactly."""
    return least_squares_gain(n, p, gain_at_skill(n, p, skill))


def nested_pair(rng: Random, *, n: int, p: int, extra: int, signal: float) -> Pair:
    """Least squares on u against least squares on u and w; y = u.b + w.c + N(0, 1), |b| = 1, |c|^2 = signal."""
    u, w = rng.normal(size=(n, p)), rng.normal(size=(n, extra))
    y = u.sum(axis=1) / np.sqrt(p) + np.sqrt(signal / extra) * w.sum(axis=1) + rng.normal(size=n)
    splits = shuffled(rng, n)
    full = least_squares(np.column_stack([u, w]), y, splits)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=full)
    return Pair(rows=rows_of(y, splits), terms=squared(margin=nested_gain(n, p, extra, signal)), trio=trio)


def nested_gain(n: int, p: int, extra: int, signal: float) -> float:
    """True gain of `nested_pair`, exactly."""
    m = train_size(n)
    return least_squares_risk(1.0 + signal, m, p) - least_squares_risk(1.0, m, p + extra)


def least_squares_risk(noise: float, m: int, p: int) -> float:
    """Expected squared error of least squares, p independent normal features, m training rows (Stein 1960).

    E tr (X'X)^-1 = p/(m - p - 1); what a model leaves out is noise to it.
    """
    return noise * (1.0 + p / (m - p - 1.0))


def neighbour_pair(rng: Random, *, n: int, p: int = 2, gain: float = 0.0, folds: int = FOLDS) -> Pair:
    """The nearest neighbour in u against that in v; y = sin(sum u) + (1 + gain) sin(sum v) + N(0, 1/4)."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = np.sin(u.sum(axis=1)) + (1.0 + gain) * np.sin(v.sum(axis=1)) + 0.5 * rng.normal(size=n)
    splits = shuffled(rng, n, folds)
    old, new = nearest_neighbour(u, y, splits), nearest_neighbour(v, y, splits)
    return Pair(
        rows=rows_of(y, splits), terms=squared(), trio=Trio(dummy=mean_of(y, splits), incumbent=old, candidate=new)
    )


def shallow_tree() -> DecisionTreeRegressor:
    return DecisionTreeRegressor(max_depth=6, min_samples_leaf=5, random_state=0)


def boosted_trees() -> LGBMRegressor:
    return LGBMRegressor(
        n_estimators=40, learning_rate=0.1, num_leaves=8, min_child_samples=10, n_jobs=1, random_state=0, verbose=-1
    )


def learner_pair(rng: Random, *, make: Callable[[], Any], n: int, gain: float = 0.0) -> Pair:
    """A learner on u against the same on v, five columns each; y = f(u) + sqrt(1 + gain) f(v) + N(0, 1/2).

    f is a wave of the first column and a product of two others that is switched on by the third.
    """
    u, v = rng.normal(size=(n, 5)), rng.normal(size=(n, 5))
    waves = [np.sin(2.0 * x[:, 0]) + x[:, 1] * (x[:, 2] > 0.0) for x in (u, v)]
    y = waves[0] + np.sqrt(1.0 + gain) * waves[1] + np.sqrt(0.5) * rng.normal(size=n)
    splits = shuffled(rng, n)
    trio = Trio(
        dummy=mean_of(y, splits), incumbent=refitted(make, u, y, splits), candidate=refitted(make, v, y, splits)
    )
    return Pair(rows=rows_of(y, splits), terms=squared(), trio=trio)


def unreliable_pair(rng: Random, *, n: int, p: int, chance: float, shift: float) -> Pair:
    """`least_squares_pair`, but each fit goes wrong with this chance, and all it predicts is off by `shift`."""
    pair = least_squares_pair(rng, n=n, p=p)
    fold = pair.rows.fold
    off = [shift * (rng.random((len(fold), FOLDS)) < chance) for _ in range(2)]
    old, new = (np.take_along_axis(one, fold, axis=1) for one in off)
    trio = replace(pair.trio, incumbent=pair.trio.incumbent + old, candidate=pair.trio.candidate + new)
    return replace(pair, trio=trio)


def logistic_pair(rng: Random, *, n: int, p: int, gain: float = 0.0) -> Pair:
    """Logistic regression on u against that on v, by log-loss; P(y = 1) = expit(u.b + sqrt(1 + gain) v.b), |b| = 1."""
    u, v = rng.normal(size=(n, p)), rng.normal(size=(n, p))
    y = (rng.random(n) < expit((u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(p))).astype(np.int64)
    splits = stratified(rng, y)
    old, new = ridge_logistic(u, y, splits), ridge_logistic(v, y, splits)
    trio = Trio(dummy=mean_of(y, splits), incumbent=old, candidate=new)
    return Pair(rows=rows_of(y, splits), terms=classes("log_loss"), trio=trio)


def discriminant_pair(  # noqa: PLR0913  (each is one number of a design)
    rng: Random, *, n: int, share: float, metric: str, gain: float = 0.0, learnt: bool = False
) -> Pair:
    """Discriminant analysis on u against that on v; ten columns each, shifted by class by 1 (v: 1 + gain).

    `learnt`: labels are cut where the metric is best in training, and not at 0.5.
    """
    y = (np.arange(n) < round(share * n)).astype(np.int64)
    shift = y[:, None] / np.sqrt(RANK_WIDTH)
    u, v = rng.normal(size=(n, RANK_WIDTH)) + shift, rng.normal(size=(n, RANK_WIDTH)) + (1.0 + gain) * shift
    splits = stratified(rng, y)
    fit = partial(cut_discriminant, metric=metric) if learnt else linear_discriminant
    trio = Trio(dummy=mean_of(y, splits), incumbent=fit(u, y, splits), candidate=fit(v, y, splits))
    return Pair(rows=rows_of(y, splits), terms=classes(metric), trio=trio)


def train_size(n: int) -> int:
    """Rows in a training part; n a multiple of the number of folds."""
    return n * (FOLDS - 1) // FOLDS


def rows_of(y: Floats | Codes, splits: Splits) -> Predictions:
    return Predictions(actual=y, fold=splits.fold, n_train=splits.n_train)


def squared(*, margin: float = 0.0, unit: MarginUnit = "absolute") -> Terms:
    return Terms(task="regression", metric="mse", margin=margin, margin_unit=unit, scheme="shuffled")


def classes(metric: str) -> Terms:
    return Terms(task="binary", metric=metric, margin=0.0, margin_unit="absolute", scheme="stratified", positive=1)


# groups and series


def _poisson(rng: Random, groups: int) -> Codes:
    return np.maximum(rng.poisson(MEAN_SIZE, groups), 1)


def _pareto(rng: Random, groups: int) -> Codes:
    smallest = MEAN_SIZE * (PARETO - 1.0) / PARETO
    return np.ceil(smallest * (1.0 + rng.pareto(PARETO, groups))).astype(np.int64)


def _giant(rng: Random, groups: int) -> Codes:  # noqa: ARG001  (one signature for all)
    """One group holds 270 of 300 rows."""
    return np.array([270, *[len(part) for part in np.array_split(np.arange(30), groups - 1)]])


SIZES: Mapping[str, Callable[[Random, int], Codes]] = {"poisson": _poisson, "pareto": _pareto, "giant": _giant}


def grouped_pair(rng: Random, *, groups: int, sizes: str, gain: float = 0.0) -> Pair:
    """Random effects of groups in features and target; least squares on u against least squares on v."""
    group = np.repeat(np.arange(groups), SIZES[sizes](rng, groups))
    u, v = (_with_effect(rng, group, groups) for _ in range(2))
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(DEPENDENT_WIDTH) + rng.normal(size=len(group))
    y += TARGET_EFFECT * rng.normal(size=groups)[group]
    splits = by_group(rng, group)
    trio = Trio(dummy=mean_of(y, splits), incumbent=least_squares(u, y, splits), candidate=least_squares(v, y, splits))
    return Pair(rows=replace(rows_of(y, splits), group=group), terms=replace(squared(), scheme="group"), trio=trio)


def _with_effect(rng: Random, group: Codes, groups: int) -> Floats:
    effect = FEATURE_EFFECT * rng.normal(size=(groups, DEPENDENT_WIDTH))
    return np.asarray(rng.normal(size=(len(group), DEPENDENT_WIDTH)) + effect[group])


def forward_pair(rng: Random, *, length: int, phi: float, metric: str = "mse", gain: float = 0.0) -> Pair:
    """AR(1) features and errors, five expanding folds; for a rank metric the sign of the target is the class."""
    u, v, y = _world(rng, length, phi, gain)
    splits = expanding(length)
    if metric == "mse":
        fit, target, terms = least_squares, y, squared()
    else:
        while _fewest(y > 0.0, splits) < LEAST_MEMBERS:  # both blocks are drawn again: they stay equal
            u, v, y = _world(rng, length, phi, gain)
        fit, target, terms = linear_discriminant, (y > 0.0).astype(np.int64), classes(metric)
    trio = Trio(dummy=mean_of(target, splits), incumbent=fit(u, target, splits), candidate=fit(v, target, splits))
    rows = replace(rows_of(target[splits.tested], splits), time=np.arange(len(splits.tested)))
    return Pair(rows=rows, terms=replace(terms, scheme="forward"), trio=trio)


def _world(rng: Random, length: int, phi: float, gain: float) -> tuple[Floats, Floats, Floats]:
    u, v = (_series(rng, length, DEPENDENT_WIDTH, phi) for _ in range(2))
    errors = _series(rng, length, 1, phi)[:, 0]
    y = (u.sum(axis=1) + np.sqrt(1.0 + gain) * v.sum(axis=1)) / np.sqrt(DEPENDENT_WIDTH) + errors
    return u, v, np.asarray(y)


def _fewest(positive: NDArray[np.bool_], splits: Splits) -> int:
    """Fewest members of a class in any fold."""
    return int(np.bincount(2 * splits.fold[0] + positive[splits.tested], minlength=2 * FOLDS).min())


def _series(rng: Random, length: int, width: int, phi: float) -> Floats:
    """(length, width) AR(1) series of variance 1, started from their stationary law."""
    noise = rng.normal(size=(length, width)) * np.sqrt(1.0 - phi**2)
    noise[0] /= np.sqrt(1.0 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], noise, axis=0))
