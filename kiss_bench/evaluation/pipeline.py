"""Any unit's scikit-learn pipeline: raw frame in, stored predictions out."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from kiss_bench.errors import RungError
from kiss_bench.evaluation.encodings import Encode, TypedColumns
from kiss_bench.evaluation.exam import Exam, Positions
from kiss_bench.evaluation.probabilities import FlooredClassifier
from kiss_bench.rungs import Encoding, Rung, Surroundings
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Column

NAMING = frozenset({"class_weight", "constant"})
"""Settings of scikit-learn's classifiers that name labels."""


def surroundings_of(exam: Exam, seed: int) -> Surroundings:
    return Surroundings(
        task=exam.task.kind,
        metric=exam.plan.metric.primary or "",
        seed=seed,
        season=exam.plan.data.season,
        horizon=exam.plan.data.horizon,
    )


def columns_of(exam: Exam, encoding: Encoding) -> tuple[Column, ...]:
    """The columns a rung of this encoding sees: the features, or for `time` the time column alone."""
    if encoding != "time":
        return exam.task.columns
    if exam.task.time_column is None:
        raise RungError("this rung needs a time column: set `data.time`")
    return (exam.task.time_column,)


def model_of(exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, threshold: float | None = None) -> Any:
    """The estimator at the end of the pipeline; classifiers with every label, the floor and the threshold."""
    built = rung.build(surroundings_of(exam, seed), settings)
    if exam.task.kind == "regression":
        return built
    by_name = rung.custom or not NAMING.isdisjoint(settings)
    return FlooredClassifier(built, exam.task.labels, threshold, exam.task.positive, by_name=by_name)


def encoder_of(exam: Exam, rung: Rung, model: Any) -> Encode | None:
    """What stands between typed columns and the model; None where the model takes the typed columns themselves.

    Its seed is the exam's and no rung's: rungs that want the same encoding of the same rows share it.
    """
    encoding = rung.encoding
    if encoding == "auto":
        inner = getattr(model, "classifier", model)
        first = inner.steps[0][1] if hasattr(inner, "steps") else None
        encoding = "raw" if type(first).__name__ in {"ColumnTransformer", "TableVectorizer"} else "onehot"
    if encoding == "raw":
        return None
    return Encode(encoding, columns_of(exam, encoding), exam.task.kind, seed_of(exam.root, "estimator"))


def rows_used(rows: int, most: int | None, seed: int) -> Positions | None:
    """Which of a training part's rows, ascending, a fit of at most `most` rows uses; None: all of them."""
    if most is None or rows <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


class ThinnedPipeline(Pipeline):  # type: ignore[misc]
    """A pipeline fitted on at most `most_rows` of its training rows, drawn by `seed`."""

    def __init__(self, steps: Any, *, most_rows: int, seed: int) -> None:
        super().__init__(steps)
        self.most_rows = most_rows
        self.seed = seed

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        used = rows_used(len(X), self.most_rows, self.seed)
        if used is not None:
            X = X.iloc[used] if hasattr(X, "iloc") else X[used]
            y = y.iloc[used] if hasattr(y, "iloc") else np.asarray(y)[used]
        super().fit(X, y, **params)
        return self


def pipeline_of(exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, threshold: float | None = None) -> Any:
    """Unfitted Pipeline with the steps `columns`, `encode` (where there is one) and `model`.

    `threshold` is that of the unit; it matters to `predict` alone.
    """
    model = model_of(exam, rung, settings, seed, threshold)
    encoder = encoder_of(exam, rung, model)
    columns = TypedColumns(columns_of(exam, rung.encoding), single=exam.task.single)
    steps: list[tuple[str, Any]] = [("columns", columns)]
    steps += [("encode", encoder)] if encoder is not None else []
    steps += [("model", model)]
    if rung.most_rows is None:
        return Pipeline(steps)
    return ThinnedPipeline(steps, most_rows=rung.most_rows, seed=seed_of(exam.root, "estimator"))


def training_rows(exam: Exam, rung: Rung, train: Positions) -> Positions:
    """The rows of a training part that this rung's pipeline is fitted on."""
    used = rows_used(len(train), rung.most_rows, seed_of(exam.root, "estimator"))
    return train if used is None else train[used]


def frame_of(exam: Exam, rung: Rung) -> Any:
    """The canonical frame that this rung's pipeline is fitted on; all rows of the task."""
    return exam.task.time_frame if rung.encoding == "time" else exam.task.frame
