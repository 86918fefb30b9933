"""How far predictions of a regression are from what came true, by the size of the prediction."""

import numpy as np

from kiss_bench.diagnostics.scored import Floats
from kiss_bench.records.diagnostics import ResidualBin, Residuals

BINS = 10
QUANTILES = (0.05, 0.5, 0.95)
SAMPLE = 400


def residuals(actual: Floats, predicted: Floats, seed: int) -> Residuals:
    """Ten bins of equally many rows (n of them, 1 at least), and 400 rows drawn by `seed`, in the rows' own order."""
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    drawn = np.arange(len(actual))
    if len(actual) > SAMPLE:
        drawn = np.sort(np.random.default_rng(seed).choice(len(actual), SAMPLE, replace=False))
    return Residuals(
        bins=tuple(_bin(actual[part], predicted[part]) for part in parts),
        sample=tuple((float(predicted[row]), float(actual[row])) for row in drawn),
    )


def _bin(actual: Floats, predicted: Floats) -> ResidualBin:
    low, middle, high = np.quantile(actual - predicted, QUANTILES)
    return ResidualBin(
        rows=len(actual),
        predicted=float(predicted.mean()),
        actual=float(actual.mean()),
        low=float(low),
        middle=float(middle),
        high=float(high),
    )
