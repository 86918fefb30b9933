"""Level 1: one split on the best single column, the one-line rule."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.rungs._rung import ENOUGH_ROWS, Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    tree = DecisionTreeRegressor if surroundings.task == "regression" else DecisionTreeClassifier
    return tree(**{"random_state": surroundings.seed, "max_depth": 1, **settings})


RUNG = Rung(
    name="stump",
    level=1,
    summary="one split on the best single column",
    explain="one sentence",
    encoding="onehot",  # a split on one level against the rest is a rule a person can say
    build=build,
    defaults=lambda task: {"max_depth": 1},  # noqa: ARG005  (the same for every task)
    most_rows=ENOUGH_ROWS,
)
