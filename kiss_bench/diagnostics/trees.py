"""A fitted tree, node by node, as questions and what rows that end there are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.encoded import Feature
from kiss_bench.diagnostics.questions import Question, Split, gaps, question
from kiss_bench.diagnostics.wording import share, short
from kiss_bench.evaluation.probabilities import floored
from kiss_bench.records.diagnostics import Branch
from kiss_bench.reports.amounts import number

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
