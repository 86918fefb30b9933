"""The rival: the same ladder as a careful data scientist writes it by hand in an afternoon.

Pipelines of scikit-learn are fitted inside the folds; an Optuna study runs inside each outer fold and cross-validates
every trial on all cores. It stands alone and knows nothing of kiss_bench, but for the outer folds, which it reads from
a `folds.parquet`, so that both are examined on the same rows. Out-of-fold predictions go to OUT, scores to stdout.

usage: python -m speed.rival TABLE FOLDS OUT TARGET --task {binary,multiclass,regression} [--trials 20] [--jobs 2] …
"""

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

Space = dict[str, BaseDistribution]
NUMBERS = make_column_selector(dtype_include="number")
OTHERS = make_column_selector(dtype_exclude="number")

TREE: Space = {"max_depth": IntDistribution(1, 8), "min_samples_leaf": IntDistribution(1, 200, log=True)}
FOREST: Space = {"min_samples_leaf": IntDistribution(1, 50, log=True), "max_features": FloatDistribution(0.1, 1.0)}
BOOSTING: Space = {
    "n_estimators": IntDistribution(50, 800, log=True),
    "learning_rate": FloatDistribution(0.01, 0.3, log=True),
    "num_leaves": IntDistribution(4, 128, log=True),
    "min_child_samples": IntDistribution(5, 200, log=True),
    "reg_lambda": FloatDistribution(1e-3, 100.0, log=True),
    "subsample": FloatDistribution(0.5, 1.0),
    "colsample_bytree": FloatDistribution(0.4, 1.0),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A table ready for scikit-learn."""

    features: pd.DataFrame
    target: np.ndarray[Any, Any]
    """Numbers, or codes 0..k-1 into `labels`."""
    labels: tuple[Any, ...] = ()
    """Empty for a regression."""

    @property
    def scoring(self) -> str:
        return "neg_log_loss" if self.labels else "neg_root_mean_squared_error"

    def inner_folds(self, count: int, seed: int) -> Any:
        kind = StratifiedKFold if self.labels else KFold
        return kind(count, shuffle=True, random_state=seed)

    def predict(self, model: Any, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """(m,) numbers, or (m, k) probabilities in the order of `labels`."""
        if not self.labels:
            return np.asarray(model.predict(self.features.iloc[rows]))
        chances = np.zeros((len(rows), len(self.labels)))
        chances[:, model.classes_] = model.predict_proba(self.features.iloc[rows])
        return chances

    def score(self, predicted: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> float:
        if not self.labels:
            return float(root_mean_squared_error(self.target[rows], predicted))
        return float(log_loss(self.target[rows], predicted, labels=range(len(self.labels))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """How hard a rung is tuned."""

    trials: int = 20
    inner: int = 3
    jobs: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    name: str
    pipeline: Any
    space: Space = field(default_factory=dict)
    """Distributions of the settings of the pipeline's last step."""


def scaled() -> Any:
    """Preparation for the linear rung."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    others = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", min_frequency=10)
    )
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("others", others, OTHERS)])


def coded() -> Any:
    """Preparation for everything that splits on values."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    return ColumnTransformer([("numbers", SimpleImputer(strategy="median"), NUMBERS), ("others", codes, OTHERS)])


def ladder(*, regression: bool) -> tuple[Rung, ...]:
    """The five rungs, simplest first."""
    boosted: dict[str, Any] = {"random_state": 0, "n_jobs": 1, "verbose": -1, "subsample_freq": 1}
    trees: dict[str, Any] = {"n_estimators": 200, "random_state": 0, "n_jobs": 1}
    if regression:
        mean, line, tree = DummyRegressor(), Ridge(), DecisionTreeRegressor(random_state=0)
        forest, boosting = RandomForestRegressor(**trees), LGBMRegressor(**boosted)
        shrinkage: Space = {"alpha": FloatDistribution(1e-4, 1e4, log=True)}
    else:
        mean, line, tree = DummyClassifier(), LogisticRegression(max_iter=2000), DecisionTreeClassifier(random_state=0)
        forest, boosting = RandomForestClassifier(**trees), LGBMClassifier(**boosted)
        shrinkage = {"C": FloatDistribution(1e-4, 1e3, log=True)}
    return (
        Rung(name="dummy", pipeline=_pipeline(coded(), mean)),
        Rung(name="linear", pipeline=_pipeline(scaled(), line), space=shrinkage),
        Rung(name="tree", pipeline=_pipeline(coded(), tree), space=TREE),
        Rung(name="forest", pipeline=_pipeline(coded(), forest), space=FOREST),
        Rung(name="boosting", pipeline=_pipeline(coded(), boosting), space=BOOSTING),
    )


def _pipeline(prepare: Any, model: Any) -> Any:
    return Pipeline([("prepare", prepare), ("model", model)])


def tuned(rung: Rung, problem: Problem, train: np.ndarray[Any, Any], effort: Effort, seed: int) -> Any:
    """The rung's pipeline, unfitted, with the settings that do best inside the training part."""
    if not rung.space:
        return clone(rung.pipeline)
    inside, target = problem.features.iloc[train], problem.target[train]
    folds = problem.inner_folds(effort.inner, seed)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(effort.trials):
        trial = study.ask(rung.space)
        model = _with(rung, trial.params)
        scores = cross_val_score(model, inside, target, cv=folds, scoring=problem.scoring, n_jobs=effort.jobs)
        study.tell(trial, scores.mean())
    return _with(rung, study.best_params)


def _with(rung: Rung, settings: Mapping[str, Any]) -> Any:
    return clone(rung.pipeline).set_params(**{f"model__{name}": value for name, value in settings.items()})


def examine(rung: Rung, problem: Problem, folds: pd.Series, effort: Effort) -> tuple[pd.DataFrame, list[float]]:
    """Out-of-fold predictions of one rung, and its score on each outer fold."""
    parts, scores = [], []
    for fold in sorted(folds.unique()):
        train, test = (np.flatnonzero(mask) for mask in (folds != fold, folds == fold))
        model = tuned(rung, problem, train, effort, seed=int(fold))
        model.fit(problem.features.iloc[train], problem.target[train])
        predicted = problem.predict(model, test)
        scores.append(problem.score(predicted, test))
        parts.append(_lines(rung, problem, predicted).assign(fold=fold, row_id=test))
    return pd.concat(parts, ignore_index=True), scores


def _lines(rung: Rung, problem: Problem, predicted: np.ndarray[Any, Any]) -> pd.DataFrame:
    names = [f"p_{_plain(label)}" for label in problem.labels] or ["prediction"]
    return pd.DataFrame(predicted.reshape(len(predicted), -1), columns=names).assign(rung=rung.name)


def _plain(label: Any) -> str:
    """1 for 1.0, as anyone would write it."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def read_problem(path: Path, target: str, task: str, drop: Sequence[str], positive: str | None) -> Problem:
    """Read the table; of two labels the positive one comes last."""
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    features = table.drop(columns=[target, *drop])
    for name in features.columns:
        column = features[name]
        if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
            features[name] = column.astype(object).where(column.notna(), np.nan)
    if task == "regression":
        return Problem(features=features, target=table[target].to_numpy(dtype=float))
    labels = tuple(sorted(table[target].unique().tolist(), key=lambda label: (_plain(label) == positive, label)))
    codes = pd.Categorical(table[target], categories=labels).codes.astype(int)
    return Problem(features=features, target=codes, labels=labels)


def read_folds(path: Path, rows: int) -> pd.Series:
    """The outer fold in which each row is tested, of the first repeat."""
    lines = pd.read_parquet(path)
    tested = lines[(lines["repeat"] == 0) & (lines["part"] == "test")].set_index("row_id")["fold"].sort_index()
    if tested.index.tolist() != list(range(rows)):
        raise SystemExit(f"{path} does not test each of the {rows} rows of the table once")
    return tested


def run(problem: Problem, folds: pd.Series, effort: Effort) -> Iterator[pd.DataFrame]:
    """Each rung's out-of-fold predictions, as soon as it has ended."""
    for rung in ladder(regression=not problem.labels):
        started = time.perf_counter()
        lines, scores = examine(rung, problem, folds, effort)
        seconds = time.perf_counter() - started
        told = f"{rung.name:9s} {np.mean(scores):.5f} +- {np.std(scores, ddof=1):.5f} in {seconds:.1f} s\n"
        sys.stdout.write(told)
        sys.stdout.flush()
        yield lines


def main(words: Sequence[str]) -> None:
    asked = _parsed(words)
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = read_problem(asked.table, asked.target, asked.task, asked.drop, asked.positive)
    effort = Effort(trials=asked.trials, inner=asked.inner, jobs=asked.jobs)
    lines = pd.concat(run(problem, read_folds(asked.folds, len(problem.features)), effort), ignore_index=True)
    lines.to_parquet(asked.out, index=False)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speed.rival", description="A ladder written by hand.")
    for name in ("table", "folds", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("target")
    parser.add_argument("--task", required=True, choices=("binary", "multiclass", "regression"))
    parser.add_argument("--positive")
    parser.add_argument("--drop", nargs="*", default=[])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--inner", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args(words)


if __name__ == "__main__":
    main(sys.argv[1:])
