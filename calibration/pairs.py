"""What the judge says about one pair of models: on one repeat, on five, and on five only where one is contested."""

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import stdtr

from calibration.records import Figures, Pair
from calibration.splits import Random
from kiss_bench.judge import Comparison, Predictions, Trio, compare_rows
from kiss_bench.judge.contrasts import contrast, measure, set_exam
from kiss_bench.judge.inference import nadeau_bengio, spread

ALPHA = 0.05
RUNGS = 7
"""Tests of the ladder that ships: a rung's own share of alpha is alpha/7."""
LEVELS = {"": ALPHA, "_low": ALPHA / RUNGS}
"""Suffix of a figure's name -> the level it was decided at."""


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
