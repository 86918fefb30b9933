"""Fits one pipeline on one training part and says what it predicted and what that cost."""

import pickle
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kiss_bench.errors import RungError
from kiss_bench.evaluation.clock import MODELS
from kiss_bench.evaluation.encoded import encoded
from kiss_bench.evaluation.encodings import BLOCK_ROWS
from kiss_bench.evaluation.exam import Costs, Exam, Floats, Positions
from kiss_bench.evaluation.pipeline import encoder_of, model_of, training_rows
from kiss_bench.evaluation.probabilities import floored
from kiss_bench.rungs import Rung
from kiss_bench.tasks.task import Fold


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    prediction: Floats
    clipped: int
    costs: Costs


class _Counter:
    """A file that only counts, so that a forest's bytes are measured without being held twice."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Any) -> int:
        length = memoryview(data).nbytes
        self.size += length
        return length


def model_bytes(model: Any) -> int:
    """Bytes of the pickled model, the size in which it would be shipped; 0 where it cannot be pickled."""
    counter = _Counter()
    try:
        pickle.dump(model, counter, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError):
        return 0
    return counter.size


def predict(exam: Exam, model: Any, features: Any) -> tuple[Floats, int]:
    """(n,) or (n, k) predictions as stored, and how many probabilities were raised to the floor.

    Raises RungError for predictions that are not finite or not one per row.
    """
    found = np.concatenate([_said(exam, model, block) for block in _blocks(features)])
    if exam.task.kind == "regression":
        prediction, clipped = found, 0
    else:
        prediction, clipped = floored(found, model.floor_), int((found < model.floor_).sum())
    rows = len(features)
    if len(prediction) != rows or (exam.task.kind == "regression" and prediction.ndim != 1):
        raise RungError(f"predicted an array of shape {prediction.shape} for {rows} rows")
    bad = int((~np.isfinite(prediction)).sum())
    if bad:
        raise RungError(f"{bad} of {prediction.size} predictions are not finite")
    return prediction, clipped


def _said(exam: Exam, model: Any, features: Any) -> Floats:
    with MODELS.running():
        said = model.predict(features) if exam.task.kind == "regression" else model.raw_proba(features)
    return np.asarray(said, dtype=np.float64)


def _blocks(features: Any) -> Iterator[Any]:
    """Rows a block at a time: what a model makes of them inside, such as spline columns, is larger than they are."""
    rows = features.iloc if hasattr(features, "iloc") else features
    for start in range(0, max(len(features), 1), BLOCK_ROWS):
        yield rows[start : start + BLOCK_ROWS]


def fit_model(exam: Exam, model: Any, features: Any, rows: Positions) -> Any:
    """Fits the last step of a pipeline on encoded features of these rows; the clock of models runs."""
    with MODELS.running():
        if exam.task.kind == "regression":
            return model.fit(features, exam.task.y[rows])
        return model.fit_codes(features, exam.task.y[rows])


def fit_outer(exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, split: Fold) -> Fitted:
    """Fits on the outer training part and predicts the test part. The costs cover encoding and fit."""
    model = model_of(exam, rung, settings, seed)
    train = training_rows(exam, rung, split.train)
    part = encoded(exam, rung, encoder_of(exam, rung, model), (train, split.test), blocks=BLOCK_ROWS)
    started = time.perf_counter()
    fit_model(exam, model, part.train, train)
    fitted = time.perf_counter()
    prediction, clipped = predict(exam, model, part.test)
    done = time.perf_counter()
    costs = Costs(
        fit_seconds=part.fit_seconds + fitted - started,
        predict_us_per_row=(part.transform_seconds + done - fitted) / max(len(split.test), 1) * 1e6,
        model_bytes=model_bytes((part.encoder, model)),
    )
    return Fitted(prediction=prediction, clipped=clipped, costs=costs)


def fit_inner(
    exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, inner: tuple[tuple[Positions, Positions], ...]
) -> tuple[Positions, Floats]:
    """Out-of-fold predictions of fixed settings on the inner folds: their rows and (m,) or (m, k) values."""
    rows, predictions = [], []
    for split in inner:
        model = model_of(exam, rung, settings, seed)
        train = training_rows(exam, rung, split[0])
        part = encoded(exam, rung, encoder_of(exam, rung, model), (train, split[1]))
        fit_model(exam, model, part.train, train)
        predictions.append(predict(exam, model, part.test)[0])
        rows.append(split[1])
    return np.concatenate(rows), np.concatenate(predictions)


def middle(costs: list[Costs]) -> Costs:
    """Medians over folds: one slow fold, such as the first of a cold process, should not stand for all."""
    return Costs(
        fit_seconds=statistics.median(cost.fit_seconds for cost in costs),
        predict_us_per_row=statistics.median(cost.predict_us_per_row for cost in costs),
        model_bytes=int(statistics.median(cost.model_bytes for cost in costs)),
        tuning_seconds=sum(cost.tuning_seconds for cost in costs),
    )
