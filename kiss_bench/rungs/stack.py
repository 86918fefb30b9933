"""Level 7: a non-negative blend of the rungs below. Its units fit nothing: they weigh stored predictions."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.rungs._rung import Rung, Surroundings


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from kiss_bench.rungs._blend import BlendedClassifier, BlendedRegressor

    return (BlendedRegressor if surroundings.task == "regression" else BlendedClassifier)(**settings)


RUNG = Rung(
    name="stack",
    level=7,
    summary="a weighted mean of all rungs below",
    explain="as the hardest of its parts",
    encoding="raw",
    build=build,
    blends=True,
)
