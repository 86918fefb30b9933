"""What a person can read off the simple rungs once they are fitted on all rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.diagnostics.encoded import Feature, features
from kiss_bench.diagnostics.trees import branches, nodes, sentence
from kiss_bench.diagnostics.wording import short
from kiss_bench.errors import RungError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import training_rows
from kiss_bench.records.diagnostics import Reading, Term
from kiss_bench.rungs import Rung
from kiss_bench.tasks.labels import label_text

MOST_TERMS = 30
MOST_NODES = 511
"""Of eight levels of questions, all of them asked: nobody reads more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A rung that is fitted to be read."""

    exam: Exam
    rung: Rung
    arm: str
    pipeline: Any
    """Unfitted, for all rows."""


def reading(subject: Subject) -> Reading:
    """Fit the pipeline on all rows of the task and read it; the rung is one of READERS.

    Raises RungError for a tree of more nodes than anybody reads; whatever the pipeline raises passes through.
    """
    exam, pipeline = subject.exam, subject.pipeline
    rows = training_rows(exam, subject.rung, np.arange(len(exam.task.y)))
    pipeline.fit(exam.task.frame, exam.targets)
    return READERS[subject.rung.name](subject, rows)


def _linear(subject: Subject, rows: NDArray[np.int64]) -> Reading:
    exam, model = subject.exam, subject.pipeline["model"]
    found, names = columns_of(subject), _labels(exam)
    told, intercept = terms(getattr(model, "classifier_", model), found, names, exam.task.positive)
    target = f"the log-odds of {_quoted(exam)}" if names else short(exam.plan.target)
    if exam.task.kind == "multiclass":
        target = "the score of a label, of which probabilities are the softmax,"
    unit = f"change in {target} per standard deviation of a number, and between a row of a level and one that is not"
    shown, per = told[:MOST_TERMS], len(names) if exam.task.kind == "multiclass" else 1
    left_out = per * len(_named(found, np.zeros(len(found)))) - len(shown)
    return _reading(subject, len(rows), unit=unit, intercept=intercept, terms=shown, terms_left_out=left_out)


def terms(
    model: Any, found: Sequence[Feature], labels: Sequence[str], positive: int | None
) -> tuple[tuple[Term, ...], float | None]:
    """The coefficients of a linear model that are not 0, largest first, and its intercept where that is one number.

    Of two labels they speak for the positive one, of more there is one a label.
    """
    effects = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    if len(effects) > 1:
        told = [
            Term(name=name, label=short(label), effect=effect)
            for label, row in zip(labels, effects, strict=True)
            for name, effect in _named(found, row)
        ]
        intercept = None
    else:
        sign = -1.0 if positive == 0 else 1.0
        told = [Term(name=name, label="", effect=sign * effect) for name, effect in _named(found, effects[0])]
        intercept = sign * float(np.ravel(model.intercept_)[0])
    return tuple(sorted((term for term in told if term.effect), key=lambda term: -abs(term.effect))), intercept


def _named(found: Sequence[Feature], effects: NDArray[np.float64]) -> list[tuple[str, float]]:
    """(name, effect); whether a date is missing, which each of its parts has a column for, has the sum of theirs."""
    named: dict[Any, tuple[str, float]] = {}
    for place, (feature, effect) in enumerate(zip(found, effects, strict=True)):
        key = feature.column if feature.kind == "missing" else place
        named[key] = (short(feature.name), named.get(key, ("", 0.0))[1] + float(effect))
    return list(named.values())


def _tree(subject: Subject, rows: NDArray[np.int64]) -> Reading:
    exam, pipeline = subject.exam, subject.pipeline
    model = pipeline["model"]
    count = getattr(model, "classifier_", model).tree_.node_count
    if count > MOST_NODES:
        raise RungError(f"its tree has {count:,} nodes, more than anybody reads")
    frame = exam.task.frame.iloc[rows]
    encoded = pipeline["encode"].transform(pipeline["columns"].transform(frame))
    found = nodes(model, columns_of(subject), frame, encoded)
    told = branches(found, _labels(exam), exam.task.positive)
    unit = {
        "binary": f"probability of {_quoted(exam)}",
        "multiclass": "the most probable label, with its probability",
        "regression": f"predicted {short(exam.plan.target)}",
    }[exam.task.kind]
    return _reading(subject, len(rows), unit=unit, sentence=sentence(told), branches=told)


def columns_of(subject: Subject) -> tuple[Feature, ...]:
    """What the columns are that the last step of a fitted pipeline sees."""
    exam = subject.exam
    return features(subject.pipeline["encode"], tuple(_labels(exam)), exam.plan.target)


def _labels(exam: Exam) -> list[str]:
    return [label_text(label) for label in exam.task.labels]


def _quoted(exam: Exam) -> str:
    positive = exam.task.positive
    return "" if positive is None else f"'{short(_labels(exam)[positive])}'"


def _reading(subject: Subject, rows: int, **told: Any) -> Reading:
    empty: dict[str, Any] = {"sentence": "", "intercept": None, "terms": (), "terms_left_out": 0, "branches": ()}
    return Reading(**{**empty, "rung": subject.rung.name, "arm": subject.arm, "rows": rows, **told})


READERS: Mapping[str, Callable[[Subject, NDArray[np.int64]], Reading]] = MappingProxyType(
    {"stump": _tree, "linear": _linear, "tree": _tree}
)
