"""Level 5: a random forest (Breiman 2001)."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import Parameter, Pruning, Rung, Surroundings

MOST_ROWS_A_TREE = 20_000
"""Two hundred such trees, grown on 2,400,000 noisy rows, take 0.13 GB and see four rows in five at least once."""


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from kiss_bench.rungs._forests import ForestClassifier, ForestRegressor

    forest = ForestRegressor if surroundings.task == "regression" else ForestClassifier
    return forest(**{"random_state": surroundings.seed, "n_jobs": 1, **settings})


def defaults(task: TaskKind) -> Mapping[str, Any]:
    # 200 trees: probabilities averaged over 100 are still grainy; columns a split are the library's own per task
    columns = 1.0 if task == "regression" else "sqrt"
    # a tree of all rows of a large table is itself a large table; of fewer rows each, trees differ more
    return {"n_estimators": 200, "min_samples_leaf": 1, "max_features": columns, "max_samples": MOST_ROWS_A_TREE}


def space(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001  (the same for every task)
    return (
        Parameter(
            name="min_samples_leaf",
            kind="int",
            low=1,
            high=50,
            least=1,
            log=True,
            meaning="training rows a leaf, at least",
            reason="rows behind each leaf, for noisy targets; Probst, Wright & Boulesteix 2019 (arXiv 1804.03515)",
        ),
        Parameter(
            name="max_features",
            kind="float",
            low=0.1,
            high=1.0,
            least=0.0,
            most=1.0,
            meaning="share of columns tried a split",
            reason="share of columns tried a split: low decorrelates trees; most influential in the same paper",
        ),
    )


def halves(forest: Any) -> tuple[Any, Any]:
    """A fitted forest as two of half its trees each."""
    middle = len(forest.estimators_) // 2
    return _of(forest, forest.estimators_[:middle]), _of(forest, forest.estimators_[middle : 2 * middle])


def _of(forest: Any, trees: list[Any]) -> Any:
    part = copy(forest)
    part.estimators_ = trees
    return part


RUNG = Rung(
    name="forest",
    level=5,
    summary="hundreds of deep trees, averaged",
    explain="only by approximation (importances, SHAP)",
    encoding="ordinal",
    build=build,
    defaults=defaults,
    space=space,
    left_alone="200 trees do nearly all that more could; the rest matters little (Probst et al. 2019)",
    pruning=Pruning(standard_errors=2.0, after_inner_folds=2),
    trial_settings={"n_estimators": 24},
    members="n_estimators",
    halves=halves,
)
