"""Level 6: gradient-boosted trees by LightGBM (Ke et al. 2017), native categories and missing values."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._lightgbm import SAME_BYTES, LightGBMRounds, check_names
from kiss_bench.rungs._rung import Parameter, Pruning, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = LGBMRegressor if surroundings.task == "regression" else LGBMClassifier
    check_names(settings, frozenset(model().get_params()))
    return model(**{"random_state": surroundings.seed, "n_jobs": 1, **SAME_BYTES, **settings})


def defaults(task: TaskKind) -> Mapping[str, Any]:  # noqa: ARG001  (the same for every task)
    # LightGBM's own defaults, written out; subsample acts only with subsample_freq, which changes nothing at 1.0
    return {
        "n_estimators": 100,
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_child_samples": 20,
        "reg_lambda": 0.0,
        "subsample": 1.0,
        "subsample_freq": 1,
        "colsample_bytree": 1.0,
        "cat_smooth": 10.0,
    }


TUNING_GUIDE = "LightGBM's parameter-tuning guide"
SPACE = (
    Parameter(
        name="learning_rate",
        kind="float",
        low=0.05,
        high=0.3,
        log=True,
        meaning="step of each tree",
        reason="from half the default, which may need all the 800 rounds of the cap, to three times it",
    ),
    Parameter(
        name="num_leaves",
        kind="int",
        low=4,
        high=128,
        log=True,
        least=2,
        meaning="leaves a tree",
        reason=f"the main lever on complexity ({TUNING_GUIDE}), from two-way interactions up",
    ),
    Parameter(
        name="min_child_samples",
        kind="int",
        low=5,
        high=200,
        log=True,
        least=1,
        meaning="training rows a leaf, at least",
        reason=f"the main lever against over-fitting ({TUNING_GUIDE})",
    ),
    Parameter(
        name="reg_lambda",
        kind="float",
        low=1e-3,
        high=100.0,
        log=True,
        meaning="L2 penalty on leaf values",
        reason="shrinks the leaves of small samples; the default, 0, is trial 0",
    ),
    Parameter(
        name="subsample",
        kind="float",
        low=0.5,
        high=1.0,
        least=0.0,
        most=1.0,
        meaning="share of rows a tree",
        reason="rows a tree, from half to all (stochastic gradient boosting, Friedman 2002)",
    ),
    Parameter(
        name="colsample_bytree",
        kind="float",
        low=0.4,
        high=1.0,
        least=0.0,
        most=1.0,
        meaning="share of columns a tree",
        reason=f"columns a tree: decorrelates and saves time ({TUNING_GUIDE})",
    ),
    Parameter(
        name="cat_smooth",
        kind="float",
        low=1.0,
        high=100.0,
        log=True,
        meaning="rows that a level's mean is shrunk by",
        reason="damps the noise of rare levels of categories (LightGBM's documentation of cat_smooth)",
    ),
)


def space(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001
    return SPACE


RUNG = Rung(
    name="boosting",
    level=6,
    summary="gradient-boosted trees (LightGBM)",
    explain="only by approximation (importances, SHAP)",
    encoding="native",
    build=build,
    defaults=defaults,
    space=space,
    left_alone="max_depth is bounded by leaves, max_bin costs time, and other penalties do what these do",
    pruning=Pruning(standard_errors=2.0, after_inner_folds=2),
    rounds=LightGBMRounds,
    round_cap=LightGBMRounds.cap,
    round_patience=LightGBMRounds.patience,
)
