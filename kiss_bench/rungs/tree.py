"""Level 4: one shallow tree a person can read."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import ENOUGH_ROWS, Parameter, Pruning, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    tree = DecisionTreeRegressor if surroundings.task == "regression" else DecisionTreeClassifier
    return tree(**{"random_state": surroundings.seed, **settings})


def defaults(task: TaskKind) -> Mapping[str, Any]:  # noqa: ARG001  (the same for every task)
    # ours, not the library's: its unbounded tree is no tree a person can read, and its leaves of one row emit 0 and 1
    return {"max_depth": 4, "min_samples_leaf": 20}


def space(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001
    return (
        Parameter(
            name="max_depth",
            kind="int",
            low=1,
            high=8,
            least=1,
            meaning="levels of questions",
            reason="beyond eight levels nobody follows even a single path; one level is the stump",
        ),
        Parameter(
            name="min_samples_leaf",
            kind="int",
            low=2,
            high=200,
            least=1,
            log=True,
            meaning="training rows a leaf, at least",
            reason="rows behind each leaf's estimate: from a pair to what smooths a few thousand rows",
        ),
    )


RUNG = Rung(
    name="tree",
    level=4,
    summary="one shallow tree a person can read",
    explain="a drawing on one page",
    encoding="ordinal",  # one split tells many levels from many; on one-hot columns depth is used up level by level
    build=build,
    defaults=defaults,
    space=space,
    left_alone="depth and leaf size make it readable; split criteria hardly differ (Breiman et al. 1984)",
    pruning=Pruning(standard_errors=2.0, after_inner_folds=2),
    most_rows=ENOUGH_ROWS,
)
