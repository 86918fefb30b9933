"""Any unit's scikit-learn pipeline: raw frame in, stored predictions out."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from kiss_bench.errors import RungError
from kiss_bench.evaluation.encodings import Encode, TypedColumns
from kiss_bench.evaluation.exam import Exam, Positions
from kiss_bench.evaluation.probabilities import FlooredClassifier, fitted_classes
from kiss_bench.rungs import Encoding, Rung, Surroundings
from kiss_bench.tasks.labels import label_text
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Column

THREADS = frozenset({"n_jobs", "num_threads", "nthread", "thread_count"})
"""What scikit-learn, LightGBM, XGBoost and CatBoost call the number of threads."""
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
    labels = exam.task.labels
    if exam.task.kind == "regression":
        return one_thread(rung.build(surroundings_of(exam, seed), settings))
    classes = fitted_classes(labels, by_name=rung.custom)
    built = one_thread(rung.build(surroundings_of(exam, seed), _naming(settings, labels, classes.tolist())))
    return FlooredClassifier(built, labels, threshold, exam.task.positive, by_name=rung.custom)


def _naming(settings: Mapping[str, Any], labels: Sequence[Any], classes: Sequence[Any]) -> dict[str, Any]:
    """Settings that name labels, which a config does in text, with the classes that the estimator is fitted on.

    Raises RungError for weights of a label that there is not.
    """
    named = dict(zip(map(label_text, labels), classes, strict=True))

    def told(name: str, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return named.get(label_text(value), value)
        for label in value:
            if label_text(label) not in named:
                raise RungError(f"{name}: found {label!r}; allowed: the labels {', '.join(map(repr, named))}")
        return {named[label_text(label)]: weight for label, weight in value.items()}

    return {
        name: told(name, value) if name.rpartition("__")[2] in NAMING else value for name, value in settings.items()
    }


def one_thread(model: Any) -> Any:
    """Estimators that ask for several threads get one: every worker has one core. What they predict is the same."""
    if not hasattr(model, "get_params"):
        return model
    asked = {name: value for name, value in model.get_params().items() if name.rpartition("__")[2] in THREADS}
    several = {name: 1 for name, value in asked.items() if value not in (None, 1)}
    return model.set_params(**several) if several else model


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


FEWEST_A_LABEL = 20
"""Rows of every label that a draw holds, or all there are: without any, most classifiers cannot be fitted."""


def rows_used(y: NDArray[Any], most: int | None, seed: int, *, labels: bool) -> Positions | None:
    """Which of a training part's rows, ascending, a fit of at most `most` rows uses; None: all of them.

    `y` is the (n,) target of the training part. The draw is uniform, but for `labels` it is topped up with rows of
    those that came out too rare, in place of rows of the others.
    """
    if most is None or len(y) <= most:
        return None
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(y), most, replace=False)
    return np.sort(_topped_up(y, drawn, rng) if labels else drawn)


def _topped_up(y: NDArray[Any], drawn: Positions, rng: np.random.Generator) -> Positions:
    names, codes = np.unique(y, return_inverse=True)
    there, held = (np.bincount(found, minlength=len(names)) for found in (codes, codes[drawn]))
    short = np.maximum(np.minimum(there, FEWEST_A_LABEL) - held, 0)
    if not short.any():
        return drawn
    left = np.setdiff1d(np.arange(len(y)), drawn, assume_unique=True)
    more = [rng.choice(left[codes[left] == code], short[code], replace=False) for code in np.flatnonzero(short)]
    spare = np.flatnonzero(_rank_within(codes[drawn]) >= FEWEST_A_LABEL)[: short.sum()]
    return np.concatenate([np.delete(drawn, spare), *more])


def _rank_within(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) how many of the entries before each have the same code."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order], side="left")
    rank = np.empty(len(codes), dtype=np.intp)
    rank[order] = np.arange(len(codes)) - starts
    return rank


class ThinnedPipeline(Pipeline):  # type: ignore[misc]
    """A pipeline fitted on at most `most_rows` of its training rows, drawn by `seed`; `labels`: `y` is of labels."""

    def __init__(self, steps: Any, *, most_rows: int, seed: int, labels: bool) -> None:
        super().__init__(steps)
        self.most_rows = most_rows
        self.seed = seed
        self.labels = labels

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        used = rows_used(np.asarray(y), self.most_rows, self.seed, labels=self.labels)
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
    seed, labels = seed_of(exam.root, "estimator"), exam.task.kind != "regression"
    return ThinnedPipeline(steps, most_rows=rung.most_rows, seed=seed, labels=labels)


def training_rows(exam: Exam, rung: Rung, train: Positions) -> Positions:
    """The rows of a training part that this rung's pipeline is fitted on."""
    labels = exam.task.kind != "regression"
    used = rows_used(exam.task.y[train], rung.most_rows, seed_of(exam.root, "estimator"), labels=labels)
    return train if used is None else train[used]


def frame_of(exam: Exam, rung: Rung) -> Any:
    """The canonical frame that this rung's pipeline is fitted on; all rows of the task."""
    return exam.task.time_frame if rung.encoding == "time" else exam.task.frame
