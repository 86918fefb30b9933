"""Folds as masks of training rows, so that one matrix product fits a model on all of them at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Random = np.random.Generator

FOLDS = 5
REPEATS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """Training parts of all folds of all repeats, and which of them each tested row belongs to."""

    train: Floats
    """(F, n) 1 where a row is trained on."""
    own: Codes
    """(r, m) the training part, 0..F-1, behind each tested row's prediction."""
    tested: Codes
    """(m,) positions of the rows that are tested."""
    fold: Codes
    """(r, m) fold of each tested row within its repeat: what the judge is told."""

    @property
    def n_train(self) -> float:
        return float(self.train.sum(axis=1).mean())


def k_folds(fold: Codes) -> Splits:
    """Splits of (r, n) fold numbers 0..K-1: each fold is predicted from all others of its repeat."""
    repeats, n = fold.shape
    count = int(fold.max()) + 1
    own = fold + count * np.arange(repeats)[:, None]
    train = np.ones((repeats * count, n))
    train[own, np.arange(n)[None, :]] = 0.0
    return Splits(train=train, own=own, tested=np.arange(n), fold=fold)


def shuffled(rng: Random, n: int, folds: int = FOLDS) -> Splits:
    """Five repeats of balanced folds."""
    return k_folds(np.stack([rng.permutation(np.arange(n) % folds) for _ in range(REPEATS)]))


def stratified(rng: Random, labels: Codes) -> Splits:
    """Five repeats of five folds that share out the members of each class evenly."""
    fold = np.empty((REPEATS, len(labels)), dtype=np.int64)
    for repeat in fold:
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            repeat[members] = rng.permutation(np.arange(len(members)) % FOLDS)
    return k_folds(fold)


def by_group(rng: Random, group: Codes) -> Splits:
    """Five repeats of five folds of whole groups, dealt anew each time as scikit-learn's shuffled GroupKFold does."""
    groups = int(group.max()) + 1
    return k_folds(np.stack([rng.permutation(np.arange(groups) % FOLDS)[group] for _ in range(REPEATS)]))


def expanding(n: int) -> Splits:
    """Five forward folds: block j of six equal ones is predicted from all blocks before it."""
    block = np.arange(n) * (FOLDS + 1) // n
    tested = np.flatnonzero(block > 0)
    fold = block[tested][None, :] - 1
    train = (block[None, :] <= np.arange(FOLDS)[:, None]).astype(np.float64)
    return Splits(train=train, own=fold, tested=tested, fold=fold)
