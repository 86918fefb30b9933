"""Level 0: the training prior, mean or median. What any model must beat, and the denominator of skill."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kiss_bench.metrics import find_metric
from kiss_bench.rungs._rung import Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.dummy import DummyClassifier

    if surroundings.task != "regression":
        return DummyClassifier(**{"strategy": "prior", **settings})
    return _constant(find_metric(surroundings.metric).best_constant, settings)


def _constant(best: str | float, settings: Mapping[str, Any]) -> Any:
    """Predict the constant that minimises the metric in force."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.dummy import DummyRegressor

    if best == "log mean":
        return TransformedTargetRegressor(DummyRegressor(**settings), func=np.log1p, inverse_func=np.expm1)
    if isinstance(best, float):
        return DummyRegressor(**{"strategy": "quantile", "quantile": best, **settings})
    return DummyRegressor(**{"strategy": best, **settings})


RUNG = Rung(
    name="dummy",
    level=0,
    summary="the training average, whatever the row",
    explain="one number",
    encoding="ordinal",
    build=build,
)
