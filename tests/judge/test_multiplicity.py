"""Levels along a ladder: against the exact multivariate normal, brute-force multipliers, and by recomputing."""

import dataclasses
import itertools

import numpy as np
import pytest
from judge_examples import Entrant, judged, ladder_of, numbers, rows_of, terms_of
from scipy import stats

from kiss_bench.judge import Predictions
from kiss_bench.judge.contrasts import measure, set_exam
from kiss_bench.judge.ladder import ladder_error, strict_level

MARGIN = 0.05


def ladder(rungs, *, n=300, seed=0, group=None, weight=None, alpha=0.05, copies=()):
    """Exam, measured arms and (rungs, n) absolute errors of predictions with errors partly in common."""
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=n)
    shared = rng.normal(size=n) if group is None else rng.normal(size=n) + rng.normal(size=group.max() + 1)[group] * 2.0
    predictions = [actual + shared * rng.uniform(0.2, 0.8) + rng.normal(size=n) * 0.5 for _ in range(rungs)]
    for copy, of in copies:
        predictions[copy] = predictions[of]
    scheme = "shuffled" if group is None else "group"
    exam = set_exam(
        rows_of(actual, group=group, weight=weight), terms_of("mae", MARGIN, "relative", scheme=scheme, alpha=alpha)
    )
    arms = [measure(exam, p[None]) for p in predictions]
    return dataclasses.replace(exam, dummy=arms[0]), arms, [np.abs(actual - p) for p in predictions]


def contrasts(losses):
    return np.stack([(1.0 - MARGIN) * low - high for low, high in itertools.combinations(losses, 2)])


def critical(level):
    return float(stats.norm.isf(level))


@pytest.mark.parametrize("rungs", [2, 3])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_strict_level_is_that_of_the_exact_multivariate_normal(rungs, alpha, seed):
    """100,000 draws know a chance of 5 % to .0007, one of 20 % to .0013."""
    exam, arms, losses = ladder(rungs, alpha=alpha, seed=seed)
    pairs = contrasts(losses)
    correlation = np.atleast_2d(np.corrcoef(pairs))
    point = np.full(len(pairs), critical(strict_level(exam, arms)))
    inside = stats.multivariate_normal(cov=correlation, allow_singular=True, seed=0).cdf(point)
    assert 1.0 - inside == pytest.approx(alpha, abs=0.004)


def brute_force(pairs, draws=20_000, group=None, seed=5):
    """(draws, pairs) studentised sums of rows, each times a normal weight of its own, or of its group's."""
    rng = np.random.default_rng(seed)
    centred = pairs - pairs.mean(axis=1, keepdims=True)
    if group is not None:
        centred = np.stack([np.bincount(group, weights=row) for row in centred])
    return rng.normal(size=(draws, centred.shape[1])) @ (centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))).T


@pytest.mark.parametrize("rungs", [3, 5])
@pytest.mark.parametrize("case", ["rows", "groups", "weights"])
def test_the_strict_level_is_that_of_a_multiplier_bootstrap(rungs, case):
    group = np.random.default_rng(1).integers(0, 25, 300) if case == "groups" else None
    weight = np.random.default_rng(1).gamma(1.0, 1.0, 300) if case == "weights" else None
    exam, arms, losses = ladder(rungs, group=group, weight=weight)
    pairs = contrasts(losses)
    if weight is not None:
        pairs = weight * (pairs - np.average(pairs, axis=1, weights=weight)[:, None])
    expected = np.quantile(brute_force(pairs, group=group).max(axis=1), 0.95)
    assert critical(strict_level(exam, arms)) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("case", ["rows", "groups"])
@pytest.mark.parametrize("rungs", [2, 4, 6])
def test_the_error_of_a_ladder_is_that_of_climbing_it_on_brute_force_draws(rungs, case):
    group = np.random.default_rng(1).integers(0, 25, 300) if case == "groups" else None
    exam, arms, losses = ladder(rungs, group=group)
    passed = brute_force(contrasts(losses), group=group) > critical(0.05)
    lower = np.array([i for i in range(rungs) for _ in range(i + 1, rungs)])
    expected = max(passed[:, lower == i].any(axis=1).mean() for i in range(rungs - 1))
    assert ladder_error(exam, arms) == pytest.approx(expected, abs=0.006)


def test_the_error_of_a_ladder_counts_what_comes_after_a_promotion_that_was_right():
    """Against a dummy that all rungs beat alike their contrasts hang together; against one of them they do not."""
    rng = np.random.default_rng(0)
    actual = rng.normal(size=400)
    models = [np.zeros(400), *[actual + 0.5 * rng.normal(size=400) for _ in range(5)]]
    exam = set_exam(rows_of(actual), terms_of("mse", 0.01, "relative"))
    arms = [measure(exam, model[None]) for model in models]
    assert ladder_error(exam, arms) == pytest.approx(ladder_error(exam, arms[1:]), abs=0.004)
    assert ladder_error(exam, arms) > 0.1


def test_a_ladder_of_one_test_keeps_its_alpha_and_one_of_none_too():
    exam, arms, _ = ladder(2)
    assert strict_level(exam, arms) == pytest.approx(0.05, abs=0.002)
    assert ladder_error(exam, arms) == pytest.approx(0.05, abs=0.002)
    assert strict_level(exam, arms[:1]) == 0.05
    assert ladder_error(exam, arms[:1]) == 0.0


def test_unlike_rungs_lie_between_one_test_and_bonferroni():
    exam, arms, _ = ladder(6)
    assert 0.05 / 15 < strict_level(exam, arms) < 0.05
    assert 0.05 < ladder_error(exam, arms) < 0.25


def test_a_copy_of_a_rung_changes_no_other_contrast():
    """With a margin of nothing the copy's pairs are those of its original, and the pair of the two says nothing."""
    exam, arms, _ = ladder(4, copies=[(3, 2)])
    exam = dataclasses.replace(exam, terms=dataclasses.replace(exam.terms, margin=0.0))
    assert strict_level(exam, arms) == pytest.approx(strict_level(exam, arms[:3]), abs=0.001)
    assert ladder_error(exam, arms) == pytest.approx(ladder_error(exam, arms[:3]), abs=0.003)
    assert strict_level(exam, [arms[0]] * 4) == 0.05
    assert ladder_error(exam, [arms[0]] * 4) == 0.0


def test_the_order_of_asking_does_not_matter():
    exam, arms, _ = ladder(4)
    assert strict_level(exam, arms) == strict_level(exam, arms)
    assert ladder_error(exam, arms) == ladder_error(exam, arms)


@pytest.mark.parametrize("length", [60, 240])
def test_in_time_the_draws_are_correlated_as_block_sums_or_cosine_weights(length):
    rng = np.random.default_rng(0)
    actual = rng.normal(size=length)
    predictions = [actual + rng.normal(size=length).cumsum() * 0.05 for _ in range(3)]
    rows = Predictions(actual=actual, fold=np.arange(length)[None] * 4 // length, time=np.arange(length))
    exam = set_exam(rows, terms_of("mae", MARGIN, "relative", scheme="forward"))
    pairs = contrasts([np.abs(actual - p) for p in predictions])
    pairs = pairs - pairs.mean(axis=1, keepdims=True)
    if length < 100:
        parts = np.stack([[block.sum() for block in np.array_split(row, 10)] for row in pairs])
    else:
        t, count = np.arange(1, length + 1), max(4, int(0.4 * length ** (2 / 3)))
        waves = np.stack([np.cos(np.pi * j * (t - 0.5) / length) for j in range(1, count + 1)])
        parts = pairs @ waves.T
    parts = parts / np.sqrt((parts**2).sum(axis=1, keepdims=True))
    inside = stats.multivariate_normal(cov=parts @ parts.T, allow_singular=True, seed=0)
    arms = [measure(exam, p[None]) for p in predictions]
    assert 1.0 - inside.cdf(np.full(3, critical(strict_level(exam, arms)))) == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize("policy", ["fallback", "strict", "per_step"])
@pytest.mark.parametrize("repeats", [1, 3])
def test_levels_and_verdicts_of_a_whole_ladder_can_be_recomputed(policy, repeats):
    actual, models = numbers(repeats=repeats, n=300, noises=(1.5, 1.45, 1.0, 1.0, 0.97, 0.5))
    rows, terms = rows_of(actual, repeats=repeats), terms_of("rmse", 0.01, "skill", multiplicity=policy)
    judgement = judged(ladder_of(*models), rows, terms)
    exam = set_exam(rows, terms)
    arms = [measure(exam, model) for model in models]
    exam = dataclasses.replace(exam, dummy=arms[0])
    strict, level, promoted = strict_level(exam, arms), 0.0, False
    for entry in judgement.entries[1:]:
        level = {"strict": strict, "per_step": 0.05, "fallback": 0.05 / 6 + (level if promoted else 0.0)}[policy]
        applied = level if repeats == 3 else level / 5
        p = entry.comparison.p_gain
        assert entry.comparison.alpha == pytest.approx(applied, abs=1e-15)
        assert entry.verdict == ("JUSTIFIED" if p >= 1.0 - applied else "NOT JUSTIFIED" if p < 0.05 else "INCONCLUSIVE")
        promoted = entry.verdict == "JUSTIFIED"
    assert (judgement.ladder_error is None) == (policy != "per_step")
    assert policy != "per_step" or judgement.ladder_error == ladder_error(exam, arms)


@pytest.mark.parametrize("policy", ["strict", "per_step"])
def test_rungs_that_failed_or_were_skipped_take_no_part_in_the_levels(policy):
    actual, models = numbers(noises=(1.5, 1.0))
    whole = ladder_of(*models)
    gone = [
        Entrant(rung="broken", level=1.5, status="failed", reason="because"),
        Entrant(rung="missing", level=1.6, status="skipped", reason="because"),
    ]
    terms = terms_of("rmse", 0.01, "skill", multiplicity=policy)
    with_them, without = judged(whole + gone, rows_of(actual), terms), judged(whole, rows_of(actual), terms)
    assert with_them.ladder_error == without.ladder_error
    kept = [entry for entry in with_them.entries if entry.comparison]
    assert [entry.comparison for entry in kept] == [entry.comparison for entry in without.entries[1:]]


@pytest.mark.slow
def test_a_strict_ladder_of_equals_promotes_as_seldom_as_it_says():
    """200 ladders of 3 equally good rungs, alpha 20 %: at most a fifth promote anything, within Monte-Carlo error."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(200):
        actual = rng.normal(size=120)
        models = [actual + rng.normal(size=(1, 120)) for _ in range(3)]
        rows = Predictions(actual=actual, fold=np.zeros((1, 120), dtype=np.int64))
        terms = terms_of("mse", 0.0, scheme="holdout", multiplicity="strict", alpha=0.2)
        hits += judged(ladder_of(*models), rows, terms).recommended.rung != "dummy"
    assert hits / 200 <= 0.2 + 2 * np.sqrt(0.2 * 0.8 / 200)
