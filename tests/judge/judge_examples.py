"""Small made-up benchmarks: rows, terms and predictions that the tests share."""

from dataclasses import dataclass, field, replace

import numpy as np

from kiss_bench.judge import Candidate, Predicted, Predictions, Terms, judge
from kiss_bench.metrics import METRICS


def folds(n, count, repeats, rng):
    """(r, n) balanced folds, drawn anew for each repeat."""
    return np.stack([rng.permutation(np.arange(n) % count) for _ in range(repeats)])


def stratified(actual, count, repeats, seed):
    """(r, n) folds with the members of each class dealt out evenly."""
    rng, fold = np.random.default_rng(seed), np.empty((repeats, len(actual)), dtype=np.int64)
    for repeat in fold:
        for code in np.unique(actual):
            members = np.flatnonzero(actual == code)
            repeat[members] = (rng.permutation(len(members)) + code) % count
    return fold


def rows_of(actual, count=5, repeats=1, seed=0, **roles):
    n = len(actual)
    fold = (
        stratified(actual, count, repeats, seed)
        if actual.dtype.kind == "i"
        else folds(n, count, repeats, np.random.default_rng(seed))
    )
    return Predictions(actual=actual, fold=fold, n_train=n * (count - 1) / count, **roles)


def terms_of(metric, margin=0.0, unit="absolute", **others):
    task = METRICS[metric].tasks[0] if metric in METRICS else "regression"
    return Terms(
        **{"task": task, "metric": metric, "margin": margin, "margin_unit": unit, "scheme": "shuffled"} | others
    )


def example(metric, repeats=1, seed=0):
    """A target and predictions that suit the metric, with members enough of each class in every fold."""
    tasks = METRICS[metric].tasks
    if tasks == ("regression",):
        actual, models = numbers(repeats=repeats, seed=seed)
        return (
            (actual, models)
            if METRICS[metric].above is None
            else (np.exp(actual / 5.0), [np.exp(m / 5.0) for m in models])
        )
    return many_classes(repeats=repeats, seed=seed) if "binary" not in tasks else classes(repeats=repeats, seed=seed)


def many_classes(n=330, repeats=1, seed=0, noises=(2.0, 1.0), k=3):
    """A target of k classes and (r, n, k) probabilities: its shares, then the truth under each amount of noise."""
    rng = np.random.default_rng(seed)
    actual = rng.integers(0, k, n)
    dummy = np.tile(np.bincount(actual) / n, (repeats, n, 1))
    raw = [np.exp(2.0 * np.eye(k)[actual] + rng.normal(size=(repeats, n, k)) * noise) for noise in noises]
    return actual, [dummy, *[one / one.sum(axis=2, keepdims=True) for one in raw]]


def numbers(n=200, repeats=1, seed=0, noises=(1.0, 0.8)):
    """A target and (r, n) predictions: its mean, then the truth under each amount of noise."""
    rng = np.random.default_rng(seed)
    actual = rng.normal(5.0, 2.0, n)
    models = [actual + rng.normal(size=(repeats, n)) * noise for noise in noises]
    return actual, [np.full((repeats, n), actual.mean()), *models]


def classes(n=330, repeats=1, seed=0, noises=(2.0, 1.0)):
    """A binary target and (r, n) probabilities: its share, then the truth under each amount of noise."""
    rng = np.random.default_rng(seed)
    actual = (rng.random(n) < 0.4).astype(np.int64)
    models = [1.0 / (1.0 + np.exp(-(2.0 * actual - 1.0 + rng.normal(size=(repeats, n)) * noise))) for noise in noises]
    return actual, [np.full((repeats, n), actual.mean()), *[np.clip(p, 0.001, 0.999) for p in models]]


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A rung and what it said: (r, n[, k]) values, and (r, n) labels where thresholds were learnt, by arm."""

    rung: str
    level: float
    status: str = "ok"
    reason: str = ""
    comparable: bool = True
    predictions: dict = field(default_factory=dict)
    predicted: dict = field(default_factory=dict)


def judged(ladder, rows, terms):
    """The judgement of these entrants on these rows."""
    facts = ("rung", "level", "status", "reason", "comparable")
    candidates = [Candidate(**{name: getattr(one, name) for name in facts}) for one in ladder]
    arms = {
        one.rung: {arm: Predicted(values=said, codes=one.predicted.get(arm)) for arm, said in one.predictions.items()}
        for one in ladder
    }
    return judge(candidates, replace(rows, arms=arms), terms)


def ladder_of(*predictions, arms=("default",)):
    names = ["dummy", *[f"rung{number}" for number in range(1, len(predictions))]]
    return [
        Entrant(rung=name, level=float(level), predictions=dict.fromkeys(arms if level else ("default",), values))
        for level, (name, values) in enumerate(zip(names, predictions, strict=True))
    ]
