"""Adversarial check: can a model tell the vault's rows from all others? Asked at the opening only."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.judge.comparison import interval
from kiss_bench.judge.contrasts import measure, set_exam
from kiss_bench.judge.judgement import Terms
from kiss_bench.judge.predictions import Predictions
from kiss_bench.metrics import METRICS
from kiss_bench.records.board import ShiftFacts

MOST = 5_000
"""Rows of either side that are looked at: an AUC of 0.5 is then known to within 0.02."""
FOLDS = 3
TOLD = 3
"""Columns named."""


def shift_of(frame: pd.DataFrame, sealed: NDArray[np.bool_], group: NDArray[np.int64] | None, seed: int) -> ShiftFacts:
    """Out-of-fold AUC of LightGBM with 100 small trees, and the columns with the largest share of its splits' gain.

    `frame` is canonical, `sealed` says which rows are the vault's, `group` to whom they belong: a group that is known
    from training is told at once, so folds keep groups whole. Below 0.6 is what random rows show; above 0.7 the vault
    is another population than the rest.
    """
    from lightgbm import LGBMClassifier

    rng = np.random.default_rng(seed)
    sides = [np.flatnonzero(sealed), np.flatnonzero(~sealed)]
    rows = np.sort(np.concatenate([rng.choice(side, min(len(side), MOST), replace=False) for side in sides]))
    table, actual = _numeric(frame.iloc[rows]), sealed[rows].astype(np.int64)
    said, fold, gains = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64), np.zeros(table.shape[1])
    groups = None if group is None else group[rows]
    for number, (train, test) in enumerate(_splits(actual, groups, seed)):
        model = LGBMClassifier(
            n_estimators=100, num_leaves=15, learning_rate=0.1, importance_type="gain", random_state=seed,
            n_jobs=1, verbose=-1, deterministic=True, force_row_wise=True,
        )  # fmt: skip
        model.fit(table.iloc[train], actual[train])
        said[test], fold[test] = np.asarray(model.predict_proba(table.iloc[test]))[:, 1], number
        gains += np.asarray(model.feature_importances_, dtype=np.float64)
    terms = Terms(task="binary", metric="roc_auc", margin=0.0, margin_unit="absolute", scheme="stratified", positive=1)
    lines = pd.DataFrame({"row_id": rows, "fold": fold, "actual": actual, "p_0": 1.0 - said, "p_1": said})
    predictions = replace(Predictions.of_frames(METRICS[terms.metric], {"vault": lines}), group=groups)
    exam = set_exam(predictions, terms)
    score = measure(exam, predictions.of("vault")["default"].values).score
    low, high = interval(score, exam.layout)
    order = np.argsort(-gains, kind="stable")[:TOLD]
    return ShiftFacts(
        auc=score.value,
        low=max(low, 0.0),
        high=min(high, 1.0),
        columns=tuple(str(frame.columns[place]) for place in order if gains[place] > 0.0),
    )


def _splits(
    actual: NDArray[np.int64], groups: NDArray[np.int64] | None, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    yield from kind(FOLDS, shuffle=True, random_state=seed).split(actual, actual, groups)


def _numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as days, and names that LightGBM takes."""
    dates = {name: frame[name].astype("int64") / 86_400e6 for name in frame.columns[frame.dtypes == "datetime64[us]"]}
    made = frame.assign(**dates)
    return made.set_axis([f"c{place}" for place in range(made.shape[1])], axis=1)
