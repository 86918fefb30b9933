"""Where predictions and what came true part, and where two models do: confusion, disagreements, residuals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kiss_bench.diagnostics.slices import Codes, Floats
from kiss_bench.diagnostics.wording import figure, short
from kiss_bench.records.diagnostics import Confusion, DisagreeingRow, Disagreements, ResidualBin, Residuals
from kiss_bench.tasks.labels import label_text
from kiss_bench.tasks.task import Label

MOST_LABELS = 30


def confusion(labels: Sequence[Label], actual: Codes, said: Codes) -> Confusion | None:
    """Rows by label, (n,) codes each, every row counting once whatever its weight; None for more than 30 labels."""
    size = len(labels)
    if size > MOST_LABELS:
        return None
    cells = np.bincount(actual * size + said, minlength=size * size).reshape(size, size)
    return Confusion(
        labels=tuple(short(label_text(label)) for label in labels),
        counts=tuple(tuple(int(count) for count in row) for row in cells),
    )


MOST_ROWS = 10
HALF = 0.5
"""Of the typical error: two predictions further apart than that cannot both be as near as usual by half."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one model said of n rows that it was not fitted on."""

    prediction: Floats
    """(n, k) probabilities, or (n,) predictions of a regression."""
    labels: Codes | None = None
    """(n,) class codes, after each fold's threshold; None of a regression."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    row_id: Codes
    actual: NDArray[Any]
    """(n,) class codes, or the numeric target."""
    read: NDArray[Any]
    """(n,) the same as read."""


def disagreements(truth: Truth, recommended: Said, simpler: Said, how: str) -> Disagreements:
    """Of classes: rows with different labels, `how` saying what makes a label.

    Of a regression: rows whose predictions are further apart than half the recommended model's median absolute error.
    Nearer is who gave more probability to what came true, or the smaller error.
    """
    if recommended.labels is None or simpler.labels is None:
        says, simpler_says = recommended.prediction, simpler.prediction
        errors = np.abs(says - truth.actual), np.abs(simpler_says - truth.actual)
        limit = HALF * float(np.median(errors[0]))
        differ = np.abs(says - simpler_says) > limit
        what = f"predictions more than {figure(limit)} apart, half the recommended rung's typical (median) error"
        right, simpler_right = errors[0] < errors[1], errors[1] < errors[0]
    else:
        every = np.arange(len(truth.actual))
        says, simpler_says = recommended.prediction[every, truth.actual], simpler.prediction[every, truth.actual]
        errors = 1.0 - says, 1.0 - simpler_says
        differ, what = recommended.labels != simpler.labels, f"different labels: {how}"
        right, simpler_right = recommended.labels == truth.actual, simpler.labels == truth.actual
    order = np.argsort(-np.abs(says - simpler_says), kind="stable")
    return Disagreements(
        what=what,
        rows=len(truth.actual),
        differing=int(differ.sum()),
        right=int((differ & right).sum()),
        simpler_right=int((differ & simpler_right).sum()),
        most=tuple(
            DisagreeingRow(
                row_id=int(truth.row_id[row]),
                actual=short(label_text(truth.read[row])),
                says=float(says[row]),
                simpler_says=float(simpler_says[row]),
                nearer=_nearer(float(errors[0][row]), float(errors[1][row])),
            )
            for row in order[differ[order]][:MOST_ROWS]
        ),
    )


def _nearer(error: float, simpler: float) -> Literal["recommended", "simpler", "neither"]:
    if error == simpler:
        return "neither"
    return "recommended" if error < simpler else "simpler"


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
