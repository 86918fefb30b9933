"""Any unit's scikit-learn pipeline: raw frame in, stored predictions out."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.errors import RungError
from kiss_bench.evaluation.encodings import Encode, TypedColumns
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.probabilities import FlooredClassifier
from kiss_bench.rungs import Encoding, Rung, Surroundings
from kiss_bench.tasks.task import Column


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
    return FlooredClassifier(built, exam.task.labels, threshold, exam.task.positive)


def encoder_of(exam: Exam, rung: Rung, model: Any, seed: int) -> Encode | None:
    """What stands between typed columns and the model; None where the model takes the typed columns themselves."""
    encoding = rung.encoding
    if encoding == "auto":
        inner = getattr(model, "classifier", model)
        first = inner.steps[0][1] if hasattr(inner, "steps") else None
        encoding = "raw" if type(first).__name__ in {"ColumnTransformer", "TableVectorizer"} else "onehot"
    if encoding == "raw":
        return None
    return Encode(encoding, columns_of(exam, encoding), exam.task.kind, seed)


def pipeline_of(exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int, threshold: float | None = None) -> Any:
    """Unfitted Pipeline with the steps `columns`, `encode` (where there is one) and `model`.

    `threshold` is that of the unit; it matters to `predict` alone.
    """
    from sklearn.pipeline import Pipeline

    model = model_of(exam, rung, settings, seed, threshold)
    encoder = encoder_of(exam, rung, model, seed)
    steps: list[tuple[str, Any]] = [("columns", TypedColumns(columns_of(exam, rung.encoding)))]
    steps += [("encode", encoder)] if encoder is not None else []
    return Pipeline([*steps, ("model", model)])


def frame_of(exam: Exam, rung: Rung) -> Any:
    """The canonical frame that this rung's pipeline is fitted on; all rows of the task."""
    return exam.task.time_frame if rung.encoding == "time" else exam.task.frame
