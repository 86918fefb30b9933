"""Whole groups dealt to folds so that every fold gets its share of every class.

The same greedy rule as scikit-learn's StratifiedGroupKFold: groups in random order, those with the most uneven classes
first, each to the fold where the shares of classes stay most even. Written again because theirs takes four
times as long on 60,000 groups, five times a run: here only the fold that changes is looked at.
"""

import numpy as np
from numpy.typing import NDArray


def deal_groups(y: NDArray[np.int64], groups: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Deal (n,) rows with class codes `y` and group codes `groups` to folds 0..count-1, group by group: (n,) folds."""
    from sklearn.utils import check_random_state

    _, classes = np.unique(y, return_inverse=True)
    _, members = np.unique(groups, return_inverse=True)
    width = int(classes.max()) + 1
    shape = (int(members.max()) + 1, width)
    counts = np.bincount(members * width + classes, minlength=shape[0] * width).reshape(shape)
    order = check_random_state(seed).permutation(shape[0])
    order = order[np.argsort(-counts[order].std(axis=1), kind="stable")]
    fold_of = np.empty(shape[0], dtype=np.int64)
    fold_of[order] = _deal(counts[order], count)
    return fold_of[members]


def _deal(counts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    shares = counts / counts.sum(axis=0)
    sizes = counts.sum(axis=1).tolist()
    held, rows = np.zeros((count, counts.shape[1])), [0] * count
    total, squares = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    chosen = np.empty(len(counts), dtype=np.int64)
    for position, share in enumerate(shares):
        mean = (total + share) / count
        variance = (squares + (2.0 * held + share) * share) / count - mean * mean
        # rounded: folds that are equally even must tie, so that the one with fewer rows is taken
        unevenness = np.sqrt(np.maximum(variance, 0.0)).sum(axis=1).round(12).tolist()
        best = min(zip(unevenness, rows, range(count), strict=True))[2]
        squares += (2.0 * held[best] + share) * share
        total += share
        held[best] += share
        rows[best] += sizes[position]
        chosen[position] = best
    return chosen
