"""Level 3: a smooth curve per number, added up: shape without interactions (Eilers & Marx 1996, penalised splines)."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.plan.plan import TaskKind
from kiss_bench.rungs._rung import Parameter, Pruning, Rung, Surroundings

MOST_ROWS = 100_000
"""Half of what the linear rung uses: curves make several columns of one, and the solver holds them twice."""


def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    from kiss_bench.rungs._logistic import logistic_regression
    from kiss_bench.rungs._splines import SplineColumns

    rest = {name: value for name, value in settings.items() if name != "n_knots"}
    curves = SplineColumns(n_knots=settings.get("n_knots", 5))
    if surroundings.task == "regression":
        return make_pipeline(curves, Ridge(**rest))
    return make_pipeline(curves, logistic_regression(surroundings.task, rest))


def defaults(task: TaskKind) -> Mapping[str, Any]:
    return {"alpha": 1.0, "n_knots": 5} if task == "regression" else {"C": 1.0, "n_knots": 5}


RIDGE, INVERSE = "ridge strength, none at 0", "inverse penalty strength"


def space(task: TaskKind) -> tuple[Parameter, ...]:
    knots = Parameter(
        name="n_knots",
        kind="int",
        low=3,
        high=12,
        least=2,
        meaning="knots a curve",
        reason="from one bend to ten; with a penalty, more knots than needed do little harm (Eilers & Marx 1996)",
    )
    if task == "regression":
        reach = (
            "from a free curve to a flat one; spline columns are of order one, so strengths start lower than ridge's"
        )
        return (Parameter(name="alpha", kind="float", low=1e-3, high=1e3, log=True, meaning=RIDGE, reason=reach), knots)
    reach = "inverse strength, from all but flat curves to free ones"
    return (Parameter(name="C", kind="float", low=1e-3, high=1e3, log=True, meaning=INVERSE, reason=reach), knots)


RUNG = Rung(
    name="additive",
    level=3,
    summary="a smooth curve per number, added up",
    explain="a curve a column",
    encoding="onehot",
    build=build,
    defaults=defaults,
    space=space,
    left_alone="the degree of the splines is 3 as usual; where knots are matters little once there are enough of them",
    pruning=Pruning(standard_errors=2.0, after_inner_folds=2),
    most_rows=MOST_ROWS,
)
