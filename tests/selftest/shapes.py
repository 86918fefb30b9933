"""Small benchmarks of every kind of task and folds, and the shapes that are taken from them."""

import numpy as np
import pandas as pd
from exam_tables import exam_of

from kiss_bench.selftest.shape import shape_of

ROWS = 120
KINDS = ("binary", "multiclass", "regression")
FOLDS = {
    "stratified": {},
    "shuffled": {"folds": {"kind": "shuffled", "count": 4, "repeats": 2}},
    "group": {"data": {"group": "shop"}, "folds": {"count": 4}},
    "forward": {"data": {"time": "day"}, "folds": {"count": 3, "gap": 1}},
    "weighted": {"data": {"weight": "counts"}, "folds": {"count": 3}},
    "predefined": {"folds": {"kind": "predefined", "column": "part"}},
}
CASES = [(kind, folds) for kind in KINDS for folds in FOLDS if (kind, folds) != ("regression", "stratified")]
FAST = [{"name": "dummy"}, {"name": "linear"}]


def table(kind: str, rows: int = ROWS) -> pd.DataFrame:
    """Unequal classes or a skewed number, groups of unequal sizes, several rows a day; four columns to learn from."""
    rng = np.random.default_rng(11)
    number = np.arange(rows)
    target = {
        "binary": np.where(number % 10 < 3, "late", "paid"),
        "multiclass": np.array(["low", "mid", "top"])[np.searchsorted([1, 4], number % 10, side="right")],
        "regression": np.round(np.exp(rng.normal(size=rows)), 3),
    }
    return pd.DataFrame(
        {
            **{f"column {place}": rng.normal(size=rows) for place in range(4)},
            "shop": np.sort((rng.random(rows) ** 2 * rows / 5).astype(int)),
            "day": number // 3 + (number // 30),
            "part": number % 3,
            "counts": 1.0 + number % 4,
            "target": rng.permutation(target[kind]),
        }
    )


def exam(kind: str, scheme: str, rows: int = ROWS, **keys):
    """The exam of a config with these folds; the roles of columns come with the folds."""
    facts = FOLDS[scheme]
    spare = [name for name in ("shop", "day", "part", "counts") if name not in str(facts)]
    data = {**facts.get("data", {}), "drop": spare}
    return exam_of(table(kind, rows), "target", **{**facts, "data": data, "ladder": FAST, **keys})


def shape(kind: str, scheme: str = "shuffled", rows: int = ROWS, **keys):
    return shape_of(exam(kind, scheme, rows, **keys))
