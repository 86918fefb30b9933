"""Small real tables and plans for the tests of this folder."""

from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.plan.plan import Data, FoldsPlan, MetricPlan, Plan, Step
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.table import table_from_frame
from kiss_bench.tasks.task import Task


def loans(rows: int = 60) -> pd.DataFrame:
    """One column of every kind; `late` is the target, one row in three is late."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "loan": number + 1000,
            "income": number * 1.5,
            "home": np.where(number % 4 == 0, "own", "rent"),
            "employed": number % 2 == 0,
            "applied": pd.Timestamp("2024-01-01") + pd.to_timedelta(number // 2, unit="D"),
            "customer": number // 3,
            "late": np.where(number % 3 == 0, "yes", "no"),
        }
    )


def plan_for(target: str = "late", **keys: Any) -> Plan:
    """A plan whose data keys (id, drop, ...), folds and metric are given as plain dicts."""
    return Plan(
        project="p",
        target=target,
        data=Data(**keys.pop("data", {})),
        folds=FoldsPlan(**keys.pop("folds", {})),
        metric=MetricPlan(**keys.pop("metric", {})),
        **{"ladder": (Step(name="dummy", level=0), Step(name="linear", level=2)), **keys},
    )


def task_of(frame: pd.DataFrame, plan: Plan) -> tuple[Plan, Task]:
    return make_task(plan, table_from_frame(frame, plan.target))
