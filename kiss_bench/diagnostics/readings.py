"""What a person can read off the simple rungs once they are fitted on all rows.

Of a linear model its coefficients, of a tree its splits as questions that are answered from the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.encoded import MISSING, Feature, features
from kiss_bench.diagnostics.wording import LONGEST, exact, listed, moments, share, short
from kiss_bench.errors import RungError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import training_rows
from kiss_bench.evaluation.probabilities import floored
from kiss_bench.records.diagnostics import Branch, Reading, Term
from kiss_bench.reports.amounts import number
from kiss_bench.rungs import Rung
from kiss_bench.tasks.labels import label_text

DAY_US = 86_400_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Yes or no, for every row of a table."""

    feature: Feature
    asks: Literal["limit", "levels", "flag", "missing"]
    """Whether a value is `at_most` so much, is one of `levels`, is 1 where there are only 0 and 1, or is not there."""
    at_most: float = np.inf
    levels: tuple[str, ...] = ()
    missing: bool = False
    """Whether a missing value is a yes."""
    tells_missing: bool = False
    """Whether any row has one, so that it is worth saying."""

    def holds(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """(n,) the answers for the rows of a canonical frame."""
        values = self.feature.values(frame)
        if self.asks == "limit":
            yes = values <= self.at_most
        elif self.asks == "levels":
            yes = np.isin(values, [place for place, level in enumerate(self.feature.levels) if level in self.levels])
        else:
            yes = values > 0.5 if self.asks == "flag" else np.zeros(len(values), dtype=np.bool_)
        return np.asarray(np.where(gaps(self.feature, frame), self.missing, yes), dtype=np.bool_)

    @property
    def text(self) -> str:
        """As a sentence without its question mark; foreign text."""
        name, gone = self.feature.name, f" or {MISSING}" if self.missing and self.tells_missing else ""
        if self.asks == "limit":
            return f"{name} ≤ {self._limit}{gone}"
        if self.asks == "missing":
            return f"{name} is {MISSING}"
        if self.asks == "flag":
            return name if self.feature.kind in ("level", "missing") else f"{name} is true{gone}"
        if len(self.levels) == 1:
            return f"{name} is {self.levels[0]}{gone}"
        return f"{name} is one of: {listed(self.levels, max(LONGEST - len(name) - 30, 60))}{gone}"

    @property
    def _limit(self) -> str:
        if self.feature.part == "days":
            return moments(np.array([round(self.at_most * DAY_US)], dtype="datetime64[us]"))[0]
        return exact(self.at_most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """What a node of a tree does with the rows whose values it sees."""

    feature: Feature
    threshold: float
    """Encoded values up to it go left."""
    missing_left: bool


def gaps(feature: Feature, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) where a question is answered by `missing`: not where being missing is a level, or the question itself."""
    if feature.column is None or feature.kind not in ("value", "codes"):
        return np.zeros(len(frame), dtype=np.bool_)
    return frame[feature.column.name].isna().to_numpy()


def question(
    split: Split, left: NDArray[np.bool_], values: NDArray[np.float64], gone: NDArray[np.bool_]
) -> tuple[Question, bool]:
    """The question that a split asks, and whether its yes is the left child.

    `left` (n,) tells where rows go by this split alone; `values` (n,) and `gone` (n,) are their feature's, and `gaps`.
    """
    feature = split.feature
    tells = bool(gone.any())
    missing_left = bool(left[gone].all()) if tells else split.missing_left
    if feature.kind == "codes":
        return _of_codes(split, missing_left=missing_left, tells=tells)
    if np.isinf(split.threshold):
        return Question(feature=feature, asks="missing", missing=True, tells_missing=True), missing_left
    if feature.is_flag:
        return Question(feature=feature, asks="flag", missing=not missing_left, tells_missing=tells), False
    lower = float(values[left & ~gone].max(initial=-np.inf))
    upper = float(values[~left & ~gone].min(initial=np.inf))
    limit = _simplest(lower, upper, split.threshold)
    return Question(feature=feature, asks="limit", at_most=limit, missing=missing_left, tells_missing=tells), True


def _of_codes(split: Split, *, missing_left: bool, tells: bool) -> tuple[Question, bool]:
    """By whichever side has fewer levels."""
    levels = split.feature.levels
    left = np.arange(len(levels)) <= split.threshold
    if left.all():
        return Question(feature=split.feature, asks="missing", missing=True, tells_missing=True), missing_left
    by_left = bool(left.sum() <= (~left).sum())
    chosen = tuple(levels[place] for place in np.flatnonzero(left if by_left else ~left))
    missing = missing_left == by_left
    return Question(feature=split.feature, asks="levels", levels=chosen, missing=missing, tells_missing=tells), by_left


def _simplest(lower: float, upper: float, threshold: float) -> float:
    """The number of fewest digits in [lower, upper), near the threshold, which need not lie there itself.

    Where values are scaled it does not: it is in the encoded column's own units, and only the two ends count.
    """
    if np.isfinite(lower) and np.isfinite(upper):
        if lower.is_integer() and upper.is_integer():
            return lower
        middle = lower + (upper - lower) / 2
    else:
        middle = lower if np.isfinite(lower) else np.nextafter(upper, -np.inf) if np.isfinite(upper) else threshold
    for digits in range(1, 17):
        rounded = float(f"{middle:.{digits}g}")
        if lower <= rounded < upper:
            return rounded
    return lower if np.isfinite(lower) else float(middle)


LEAF = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    number: int
    parent: int | None
    is_yes: bool
    """Whether the parent's yes leads here; of the root without meaning."""
    question: Question | None
    """None of a leaf."""
    rows: int
    says: NDArray[np.float64]
    """(k,) probabilities as the pipeline gives them, or (1,) the prediction of a regression."""


def nodes(model: Any, features: Sequence[Feature], frame: pd.DataFrame, encoded: NDArray[Any]) -> tuple[Node, ...]:
    """The nodes of a fitted pipeline's last step, around a decision tree, parents before children.

    `features` are the columns of `encoded`, which is what the pipeline makes of `frame`; thresholds in the table's own
    units are chosen so that these rows go the same way.
    """
    is_class = hasattr(model, "classifier_")
    tree = (model.classifier_ if is_class else model).tree_
    values = tree.value[:, 0, :]
    says = floored(values / values.sum(axis=1, keepdims=True), model.floor_) if is_class else values
    sight = _Sight(features, frame, np.asarray(encoded, dtype=np.float32))  # as scikit-learn's trees look at it
    parents: dict[int, tuple[int, bool]] = {}
    found = []
    for node in range(tree.node_count):
        asked = None
        if tree.children_left[node] != LEAF:
            asked, by_left = sight.question(tree, node)
            parents[int(tree.children_left[node])] = (node, by_left)
            parents[int(tree.children_right[node])] = (node, not by_left)
        parent, is_yes = parents.get(node, (None, False))
        found.append(
            Node(
                number=node,
                parent=parent,
                is_yes=is_yes,
                question=asked,
                rows=int(tree.n_node_samples[node]),
                says=says[node],
            )
        )
    return tuple(found)


class _Sight:
    """The rows that a tree is read by: encoded, and in the table's own values, made once a feature."""

    def __init__(self, features: Sequence[Feature], frame: pd.DataFrame, matrix: NDArray[np.float32]) -> None:
        self.features, self.frame, self.matrix = features, frame, matrix
        self.seen: dict[int, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}

    def question(self, tree: Any, node: int) -> tuple[Question, bool]:
        column, threshold = int(tree.feature[node]), float(tree.threshold[node])
        feature, missing_left = self.features[column], bool(tree.missing_go_to_left[node])
        if column not in self.seen:
            self.seen[column] = feature.values(self.frame), gaps(feature, self.frame)
        cells = self.matrix[:, column]
        left = np.where(np.isnan(cells), missing_left, cells <= threshold)
        split = Split(feature=feature, threshold=threshold, missing_left=missing_left)
        return question(split, left, *self.seen[column])


def walked(tree: Sequence[Node], frame: pd.DataFrame) -> NDArray[np.float64]:
    """(n, k) or (n, 1) what the rows of a canonical frame are given by answering the questions alone."""
    reached = {0: np.ones(len(frame), dtype=bool)}
    said = np.empty((len(frame), len(tree[0].says)))
    answers = {node.number: node.question.holds(frame) for node in tree if node.question is not None}
    for node in tree:
        if node.parent is not None:
            answer = answers[node.parent]
            reached[node.number] = reached[node.parent] & (answer if node.is_yes else ~answer)
        if node.question is None:
            said[reached[node.number]] = node.says
    return said


def branches(tree: Sequence[Node], labels: Sequence[str], positive: int | None) -> tuple[Branch, ...]:
    """The nodes as they are stored; of two classes they say the probability of the positive one."""
    told = []
    for node in tree:
        says, value = _said(node.says, labels, positive)
        answer = "" if node.parent is None else "yes" if node.is_yes else "no"
        asked = "" if node.question is None else node.question.text
        told.append(
            Branch(
                node=node.number,
                parent=node.parent,
                answer=answer,  # type: ignore[arg-type]
                question=asked,
                rows=node.rows,
                says=says,
                value=value,
            )
        )
    return tuple(told)


def _said(says: NDArray[np.float64], labels: Sequence[str], positive: int | None) -> tuple[str, float]:
    if not labels:
        return number(float(says[0])), float(says[0])
    chosen = int(np.argmax(says)) if positive is None else positive
    return f"{short(labels[chosen])} {share(float(says[chosen]))}", float(says[chosen])


def sentence(tree: Sequence[Branch]) -> str:
    """The whole rule, where it asks one question or none; else empty."""
    root = tree[0]
    if len(tree) == 1:
        return f"{root.says} for every row ({root.rows:,} rows)"
    if len(tree) != 3:
        return ""
    yes, no = sorted(tree[1:], key=lambda branch: branch.answer != "yes")
    return f"if {root.question}: {yes.says} ({yes.rows:,} rows), else {no.says} ({no.rows:,} rows)"


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
