"""The quick full model that single columns are held against: a small gradient boosting, on a sample, in three folds."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kiss_bench.tasks.audit.strength import Codes, Goal, Numbers
from kiss_bench.tasks.task import Column, ColumnKind

MODEL_ROWS = 5_000
"""Rows it sees: skills from so many rows are off by about 0.01, and one model takes a tenth of a second."""
MODEL_COLUMNS = 40
"""Columns it sees, the strongest first: what the weaker ones add would not change who is near to it."""
MODEL_FOLDS = 3
FEWEST_ROWS = 60
"""Below this a leaf of 20 rows leaves nothing to learn: the best single column is all that can be said."""
TREES = 60
MOST_LEVELS = 50
"""Levels of a category it tells apart; the rarer ones are one."""
SETTINGS: Final[dict[str, Any]] = {
    "num_leaves": 12,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "min_sum_hessian_in_leaf": 1.0,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "max_cat_to_onehot": 8,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}
"""LightGBM's, held back for rare classes: a leaf needs a hessian of 1, which at 1 % positives is a hundred rows."""


def model_skill(columns: Mapping[Column, Numbers], goal: Goal) -> float:
    """Out-of-fold skill of all `columns` together, in the unit of `strength`; 0 where it learns nothing."""
    rows = len(goal.target)
    if rows < FEWEST_ROWS or not columns:
        return 0.0
    matrix = np.column_stack([_feature(values, column.kind) for column, values in columns.items()])
    categories = [place for place, column in enumerate(columns) if column.kind == "category"]
    told, untold = 0.0, 0.0
    part = _parts(rows, goal.group)
    for number in range(MODEL_FOLDS):
        train, test = part != number, part == number
        if train.any() and test.any():
            loss = _losses(matrix, categories, goal, (train, test))
            told, untold = told + loss[0], untold + loss[1]
    return max(0.0, 1 - told / untold) if untold > 0 else 0.0


def _parts(rows: int, group: Codes | None) -> Codes:
    random = np.random.default_rng(0)
    if group is None:
        return random.permutation(rows) % MODEL_FOLDS
    return (random.permutation(int(group.max()) + 1) % MODEL_FOLDS)[group]


def _feature(values: Numbers, kind: ColumnKind) -> Numbers:
    if kind != "category":
        return values
    known = ~np.isnan(values)
    codes = values[known].astype(np.int64)
    counts = np.bincount(codes, minlength=1)
    order = np.empty(len(counts), dtype=np.int64)
    order[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    found = np.full(len(values), np.nan)
    found[known] = np.minimum(order, MOST_LEVELS)[codes]
    return found


def _losses(
    matrix: Numbers, categories: list[int], goal: Goal, split: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> tuple[float, float]:
    """Loss of the model on the test part, and of the training part's mean or class shares."""
    import lightgbm

    train, test = split
    settings = dict(SETTINGS)
    trees = TREES
    if goal.classes == 2:
        settings |= {"objective": "binary"}
    elif goal.classes:
        settings |= {"objective": "multiclass", "num_class": goal.classes}
        trees = max(20, min(TREES, 200 // goal.classes))
    else:
        settings |= {"objective": "regression"}
    data = lightgbm.Dataset(matrix[train], goal.target[train], categorical_feature=categories, params=settings)
    made = np.asarray(lightgbm.train(settings, data, trees).predict(matrix[test]), dtype=np.float64)
    true = goal.target[test]
    if not goal.classes:
        return float(((true - made) ** 2).sum()), float(((true - goal.target[train].mean()) ** 2).sum())
    labels = true.astype(np.int64)
    shares = np.bincount(goal.target[train].astype(np.int64), minlength=goal.classes) / train.sum()
    probability = np.where(labels == 1, made, 1 - made) if goal.classes == 2 else made[np.arange(len(labels)), labels]
    floor = 0.5 / len(goal.target)
    return float(-np.log(np.maximum(probability, floor)).sum()), float(-np.log(np.maximum(shares[labels], floor)).sum())
