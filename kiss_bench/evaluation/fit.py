"""Fits one pipeline on one training part and says what it predicted and what that cost."""

import pickle
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kiss_bench.errors import RungError
from kiss_bench.evaluation.exam import Costs, Exam, Floats, Positions
from kiss_bench.evaluation.pipeline import frame_of, pipeline_of
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
    if exam.task.kind == "regression":
        prediction = np.asarray(model.predict(features), dtype=np.float64)
        clipped = 0
    else:
        head, last = (model[:-1], model[-1]) if hasattr(model, "steps") else (None, model)
        raw = last.raw_proba(features if head is None else head.transform(features))
        prediction, clipped = floored(raw, last.floor_), int((raw < last.floor_).sum())
    rows = len(features)
    if len(prediction) != rows or (exam.task.kind == "regression" and prediction.ndim != 1):
        raise RungError(f"predicted an array of shape {prediction.shape} for {rows} rows")
    bad = int((~np.isfinite(prediction)).sum())
    if bad:
        raise RungError(f"{bad} of {prediction.size} predictions are not finite")
    return prediction, clipped


def fit_outer(exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, split: Fold) -> Fitted:
    """Fits on the outer training part and predicts the test part. The clock covers encoding and fit."""
    frame = frame_of(exam, rung)
    pipeline = pipeline_of(exam, rung, settings, seed)
    started = time.perf_counter()
    pipeline.fit(frame.iloc[split.train], exam.targets[split.train])
    fitted = time.perf_counter()
    prediction, clipped = predict(exam, pipeline, frame.iloc[split.test])
    done = time.perf_counter()
    costs = Costs(
        fit_seconds=fitted - started,
        predict_us_per_row=(done - fitted) / max(len(split.test), 1) * 1e6,
        model_bytes=model_bytes(pipeline),
    )
    return Fitted(prediction=prediction, clipped=clipped, costs=costs)


def fit_inner(
    exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, inner: tuple[tuple[Positions, Positions], ...]
) -> tuple[Positions, Floats]:
    """Out-of-fold predictions of fixed settings on the inner folds: their rows and (m,) or (m, k) values."""
    rows, predictions = [], []
    frame = frame_of(exam, rung)
    for train, valid in inner:
        pipeline = pipeline_of(exam, rung, settings, seed)
        pipeline.fit(frame.iloc[train], exam.targets[train])
        predictions.append(predict(exam, pipeline, frame.iloc[valid])[0])
        rows.append(valid)
    return np.concatenate(rows), np.concatenate(predictions)


def middle(costs: list[Costs]) -> Costs:
    """Medians over folds: one slow fold, such as the first of a cold process, should not stand for all."""
    return Costs(
        fit_seconds=statistics.median(cost.fit_seconds for cost in costs),
        predict_us_per_row=statistics.median(cost.predict_us_per_row for cost in costs),
        model_bytes=int(statistics.median(cost.model_bytes for cost in costs)),
        tuning_seconds=sum(cost.tuning_seconds for cost in costs),
    )
