"""Level 5: a random forest (Breiman 2001)."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import Parameter, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestRegressor if surroundings.task == "regression" else RandomForestClassifier
    return forest(**{"random_state": surroundings.seed, "n_jobs": 1, **settings})


def defaults(task: TaskKind) -> Mapping[str, Any]:
    # 200 trees: probabilities averaged over 100 are still grainy; columns a split are the library's own per task
    columns = 1.0 if task == "regression" else "sqrt"
    return {"n_estimators": 200, "min_samples_leaf": 1, "max_features": columns}


def space(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001  (the same for every task)
    return (
        Parameter(
            name="min_samples_leaf",
            kind="int",
            low=1,
            high=50,
            log=True,
            reason="rows behind each leaf, for noisy targets; Probst, Wright & Boulesteix 2019 (arXiv 1804.03515)",
        ),
        Parameter(
            name="max_features",
            kind="float",
            low=0.1,
            high=1.0,
            reason="share of columns tried a split: low decorrelates trees; most influential in the same paper",
        ),
    )


RUNG = Rung(
    name="forest",
    level=5,
    summary="hundreds of deep trees, averaged",
    explain="only by approximation (importances, SHAP)",
    encoding="ordinal",
    build=build,
    defaults=defaults,
    space=space,
    trial_settings={"n_estimators": 100},
)
