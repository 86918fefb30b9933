"""Level 2: logistic or ridge regression, the model every other one has to beat."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import ENOUGH_ROWS, Parameter, Pruning, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    if surroundings.task == "regression":
        return _regression(settings)
    return _classification(surroundings, settings)


def _regression(settings: Mapping[str, Any]) -> Any:
    from kiss_bench.rungs._double import DoubleLasso, DoubleRidge
    from kiss_bench.rungs._lasso import ShapedLasso

    rest = {name: value for name, value in settings.items() if name != "penalty"}
    if settings.get("penalty", "l2") == "l2":
        return DoubleRidge(**rest)
    alpha = rest.pop("alpha", 1.0)
    lasso = DoubleLasso if "precompute" in rest else ShapedLasso
    # scaled so that one range of strengths serves both penalties: Lasso's loss is a mean, Ridge's a sum
    return lasso(**{"alpha": alpha * 1e-3, "precompute": True, "max_iter": 2000, "tol": 1e-3, **rest})


def _classification(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from kiss_bench.rungs._double import DoubleLogisticRegression
    from kiss_bench.rungs._logistic import logistic_regression

    rest = {name: value for name, value in settings.items() if name != "penalty"}
    ours = {"random_state": surroundings.seed, "l1_ratio": 0.0, "tol": 1e-4}
    if settings.get("penalty", "l2") == "l2":
        return logistic_regression(surroundings.task, {**ours, **rest})
    lasso = {"l1_ratio": 1.0, "solver": "liblinear" if surroundings.task == "binary" else "saga", "tol": 1e-3}
    return DoubleLogisticRegression(**{**ours, **lasso, "max_iter": 100, **rest})


def defaults(task: TaskKind) -> Mapping[str, Any]:
    return {"alpha": 1.0, "penalty": "l2"} if task == "regression" else {"C": 1.0, "penalty": "l2"}


def space(task: TaskKind) -> tuple[Parameter, ...]:
    if task == "regression":
        strength = Parameter(
            name="alpha",
            kind="float",
            low=1e-3,
            high=1e4,
            log=True,
            meaning="ridge strength, none at 0",
            reason="ridge strength on scaled columns, from hardly any to all but the mean (Lasso: a thousandth of it)",
        )
    else:
        strength = Parameter(
            name="C",
            kind="float",
            low=1e-4,
            high=1e2,
            log=True,
            meaning="inverse penalty strength",
            reason="inverse strength on scaled columns: from little but the prior to hardly any penalty",
        )
    penalty = Parameter(
        name="penalty",
        kind="choice",
        choices=("l2", "l1"),
        meaning="which penalty: ridge or lasso",
        reason="shrink all columns, or drop some: which one suits depends on how many columns matter",
    )
    return (strength, penalty)


RUNG = Rung(
    name="linear",
    level=2,
    summary="logistic or ridge regression",
    explain="a coefficient a column",
    encoding="onehot",
    build=build,
    defaults=defaults,
    space=space,
    left_alone="solver and tolerance decide how long a fit takes, not which model is the best of its kind",
    pruning=Pruning(standard_errors=2.0, after_inner_folds=2),
    most_rows=ENOUGH_ROWS,
)
