"""Small made-up benchmarks: rows, terms and predictions that the tests share."""

import numpy as np

from kiss_bench.judge import Candidate, Rows, Terms


def folds(n, count, repeats, rng):
    """(r, n) balanced folds, drawn anew for each repeat."""
    return np.stack([rng.permutation(np.arange(n) % count) for _ in range(repeats)])


def rows_of(actual, count=5, repeats=1, seed=0, **roles):
    n = len(actual)
    fold = folds(n, count, repeats, np.random.default_rng(seed))
    return Rows(actual=actual, fold=fold, n_train=n * (count - 1) / count, **roles)


def terms_of(metric, margin=0.0, unit="absolute", **others):
    task = "regression" if metric in {"rmse", "mse", "mae", "r2"} else "binary"
    return Terms(
        **{"task": task, "metric": metric, "margin": margin, "margin_unit": unit, "scheme": "shuffled"} | others
    )


def numbers(n=200, repeats=1, seed=0, noises=(1.0, 0.8)):
    """A target and (r, n) predictions: its mean, then the truth under each amount of noise."""
    rng = np.random.default_rng(seed)
    actual = rng.normal(5.0, 2.0, n)
    models = [actual + rng.normal(size=(repeats, n)) * noise for noise in noises]
    return actual, [np.full((repeats, n), actual.mean()), *models]


def classes(n=300, repeats=1, seed=0, noises=(2.0, 1.0)):
    """A binary target and (r, n) probabilities: its share, then the truth under each amount of noise."""
    rng = np.random.default_rng(seed)
    actual = (rng.random(n) < 0.4).astype(np.int64)
    models = [1.0 / (1.0 + np.exp(-(2.0 * actual - 1.0 + rng.normal(size=(repeats, n)) * noise))) for noise in noises]
    return actual, [np.full((repeats, n), actual.mean()), *[np.clip(p, 0.001, 0.999) for p in models]]


def ladder_of(*predictions, arms=("default",)):
    names = ["dummy", *[f"rung{number}" for number in range(1, len(predictions))]]
    return [
        Candidate(rung=name, level=float(level), predictions=dict.fromkeys(arms if level else ("default",), values))
        for level, (name, values) in enumerate(zip(names, predictions, strict=True))
    ]
