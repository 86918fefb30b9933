"""LightGBM's data sets, binned once and grown on by every trial, and the names that its settings go by."""

from collections import deque
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiss_bench.errors import RungError
from kiss_bench.plan.plan import TaskKind

SAME_BYTES: Mapping[str, Any] = MappingProxyType(
    {"deterministic": True, "force_col_wise": True, "feature_pre_filter": False, "verbosity": -1}
)
"""LightGBM promises equal results on one machine only with the first two (its documentation of `deterministic`).

Without the third a column too rare to split on is left out of the draw of columns in the outer fit, yet not in trials,
which share one binned data set whatever their leaf size: the same settings would be another model.
"""
CURVES = {
    "log_loss": "logloss",
    "brier": "logloss",
    "roc_auc": "auc",
    "rmse": "rmse",
    "mse": "l2",
    "mae": "l1",
    "r2": "l2",
}
"""Which of LightGBM's own metrics draws the validation curve for an objective."""
OF_THE_DATA = frozenset(
    {
        *("max_bin", "max_bins", "max_bin_by_feature", "min_data_in_bin", "forcedbins_filename", "use_missing"),
        *("bin_construct_sample_cnt", "subsample_for_bin", "data_random_seed", "data_seed", "zero_as_missing"),
        *("enable_bundle", "is_enable_bundle", "bundle", "is_enable_sparse", "enable_sparse", "is_sparse", "sparse"),
        *("categorical_feature", "categorical_features", "categorical_column", "cat_feature", "cat_column"),
        *("feature_pre_filter", "linear_tree", "linear_trees", "class_weight"),
    }
)
"""Settings, aliases among them, that act when data are binned: told to a booster later they are silently ignored."""
OF_THE_CURVE = ("metric", "metrics", "metric_types")
"""The metric of a validation curve is that of the run, or one like it: how many rounds are best depends on it."""
MOST_KEPT = 64 * 2**20
"""Bytes of validation predictions kept a fold, those of the newest rounds: predicting anew took 40 % of a study."""


def check_names(settings: Mapping[str, Any], ours: frozenset[str]) -> None:
    """Raises RungError for a name that LightGBM does not know, which it would ignore, and for one of two names.

    `ours` are the names of its scikit-learn door, which spaces and defaults go by. Another name for one of them would
    win over it in a fit, and the record would say what is not so.
    """
    others = other_names()
    for name in settings:
        if name in ours:
            continue
        if name not in others:
            near = get_close_matches(name, sorted(ours), 1) or get_close_matches(name, sorted(others), 1)
            raise RungError(f"LightGBM knows no {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if known := ours & others[name]:
            raise RungError(f"{name!r} is another name for {min(known)!r}; write {min(known)!r}")


@cache
def other_names() -> Mapping[str, frozenset[str]]:
    """Every name that LightGBM knows for a parameter -> all names of the same."""
    from lightgbm.basic import _ConfigAliases

    _ConfigAliases.get("max_bin")  # has them read from the library
    groups = [frozenset({name, *aliases}) for name, aliases in (_ConfigAliases.aliases or {}).items()]
    return {name: group for group in groups for name in group}


def matrix_of(frame: Any) -> NDArray[np.floating[Any]]:
    """A native frame as LightGBM reads it, made once instead of at every prediction: level codes, NaN for missing."""
    columns = {name: frame[name] for name in frame}
    codes = {name: values.cat.codes.to_numpy() for name, values in columns.items() if hasattr(values, "cat")}
    single = all(values.dtype == np.float32 for name, values in columns.items() if name not in codes)
    matrix = np.empty(frame.shape, dtype=np.float32 if single and len(codes) < len(columns) else np.float64)
    for place, (name, values) in enumerate(columns.items()):
        matrix[:, place] = np.where(codes[name] < 0, np.nan, codes[name]) if name in codes else values
    return matrix


class LightGBMRounds:
    """One inner fold, binned once and used by every trial; an early-stopped model equals one trained to that round.

    Trials that differ in settings OF_THE_DATA are binned anew, each time that these change.
    """

    parameter = "n_estimators"
    cap = 800
    patience = 20

    def __init__(self, task: TaskKind, objective: str, train: tuple[Any, Any], valid: tuple[Any, Any]) -> None:
        labels = int(np.max(train[1])) + 1 if task != "regression" else 1
        self.fixed: dict[str, Any] = {**SAME_BYTES, "num_threads": 1}
        if task == "regression":
            self.fixed |= {"objective": "regression"}
        elif labels == 2:
            self.fixed |= {"objective": "binary"}
        else:
            self.fixed |= {"objective": "multiclass", "num_class": labels}
        metric = CURVES.get(objective, "l2" if task == "regression" else "logloss")
        if metric == "logloss":
            metric = "binary_logloss" if labels == 2 else "multi_logloss"
        self.fixed["metric"] = metric
        self.sign = -1.0 if metric == "auc" else 1.0
        self.parts = train, valid
        # LightGBM reads outside its scores at a label that training lacks (-1): such rows have no part in the curve
        self.known = np.flatnonzero(valid[1] >= 0) if task != "regression" else np.arange(len(valid[1]))
        self.rows = matrix_of(valid[0])
        scores = 8 * len(self.rows) * (labels if labels > 2 else 1)
        self.kept = min(self.cap, MOST_KEPT // max(scores, 1)) if len(self.known) == len(self.rows) else 0
        """Rounds whose predictions are kept; none where they are not of all rows."""
        self._binned: tuple[Mapping[str, Any], tuple[Any, Any]] | None = None

    def binned(self, settings: Mapping[str, Any], seed: int) -> tuple[Any, Any]:
        """Training and validation part as LightGBM's data sets, binned anew where these settings have changed."""
        own = {name: settings[name] for name in sorted(OF_THE_DATA.intersection(settings))} | {"seed": seed}
        if self._binned is None or self._binned[0] != own:
            self._binned = None  # the old ones go before the new ones come
            self._binned = own, self._bin({**self.fixed, **own})
        return self._binned[1]

    def _bin(self, params: dict[str, Any]) -> tuple[Any, Any]:
        import lightgbm as lgb
        from sklearn.utils.class_weight import compute_sample_weight

        (features, y), (rows, labels) = self.parts
        weights = params.pop("class_weight", None)
        weight = None if weights is None else compute_sample_weight(weights, y)  # as LGBMClassifier does
        train = lgb.Dataset(features, label=y, weight=weight, params=params, free_raw_data=True).construct()
        valid = lgb.Dataset(rows.iloc[self.known], label=labels[self.known], reference=train, params=params)
        return train, valid.construct()

    def start(self, settings: Mapping[str, Any], seed: int) -> "LightGBMGrowing":
        return LightGBMGrowing(self, settings, seed)


class LightGBMGrowing:
    """A booster, its validation curve, and what it said of the validation rows after the newest rounds."""

    def __init__(self, rounds: LightGBMRounds, settings: Mapping[str, Any], seed: int) -> None:
        import lightgbm as lgb

        train, valid = rounds.binned(settings, seed)
        not_its_own = {rounds.parameter, "class_weight", *OF_THE_CURVE}
        named = {name: value for name, value in settings.items() if name not in not_its_own}
        self.booster = lgb.Booster({**rounds.fixed, **named, "seed": seed}, train)
        self.booster.add_valid(valid, "valid")
        self.losses: list[float] = []
        self.rounds = rounds
        self.said = deque[NDArray[np.float64]](maxlen=rounds.kept)

    def grow(self, rounds: int) -> None:
        keep = self._keep if self.rounds.kept else None
        while len(self.losses) < rounds:
            self.booster.update()
            self.losses.append(self.rounds.sign * self.booster.eval_valid(keep)[0][2])

    def _keep(self, predicted: NDArray[np.float64], _: Any) -> tuple[str, float, bool]:
        """Keeps what LightGBM has at hand after a round anyway; told to it as a metric, which it is not."""
        self.said.append(predicted.copy())
        return "kept", 0.0, False

    def predict(self, rounds: int) -> NDArray[np.float64]:
        since = len(self.losses) - rounds
        if 0 <= since < len(self.said):
            found = self.said[-1 - since]
        else:
            found = np.asarray(self.booster.predict(self.rounds.rows, num_iteration=rounds, num_threads=1))
        if self.rounds.fixed["objective"] == "binary":
            return np.column_stack([1.0 - found, found])
        return found
