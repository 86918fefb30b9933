"""Level 0: the training prior, mean or median. What any model must beat, and the denominator of skill."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.rungs._rung import Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if surroundings.task != "regression":
        return DummyClassifier(**{"strategy": "prior", **settings})
    # the constant that minimises the metric in force: the median for absolute errors, the mean for squared ones
    return DummyRegressor(**{"strategy": "median" if surroundings.metric == "mae" else "mean", **settings})


RUNG = Rung(
    name="dummy",
    level=0,
    summary="the training average, whatever the row",
    explain="one number",
    encoding="ordinal",
    build=build,
)
