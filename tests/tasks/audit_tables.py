"""Ordinary tables to hide leaks in, and the audit of a frame from the door on."""

from typing import Any

import numpy as np
import pandas as pd
from task_tables import plan_for, task_of

from kiss_bench.tasks.audit import Audit, audit
from kiss_bench.tasks.folds import draw_folds

ROWS = 600


def ordinary(kind: str, rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Numbers, text, gaps and a target `y` that they explain in part; nothing in it is a leak."""
    random = np.random.default_rng(seed)
    income, debt = random.normal(size=rows), random.normal(size=rows)
    home = random.choice(["own", "rent", "lodge"], rows)
    signal = income + debt + (home == "own") + random.normal(size=rows)
    cuts = {"binary": [1.0], "multiclass": [-0.5, 0.5, 1.5]}.get(kind)
    return pd.DataFrame(
        {
            "income": income,
            "debt": np.where(random.random(rows) < 0.1, np.nan, debt),
            "home": home,
            "age": random.normal(45, 12, rows).round(),
            "member": random.random(rows) < 0.3,
            "noise": random.normal(size=rows),
            "y": signal if cuts is None else pd.Series(np.digitize(signal, cuts)).map(lambda code: f"class {code}"),
        }
    )


def audited(frame: pd.DataFrame, target: str = "y", reviewed: Any = None, **keys: Any) -> Audit:
    plan, task = task_of(frame, plan_for(target, **keys))
    folds = draw_folds(task, plan, 1)
    return audit(task, folds, plan if reviewed is None else Reviewed(plan, reviewed))


class Reviewed:
    """A plan with answers."""

    def __init__(self, plan: Any, reviewed: Any) -> None:
        self.plan, self.reviewed = plan, reviewed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)


def of_check(found: Audit, check: str) -> list[Any]:
    return [finding for finding in found.findings if finding.check == check]


def asked(found: Audit) -> list[tuple[str, tuple[str, ...]]]:
    """What is above a note: which check, which columns."""
    return [(finding.check, finding.columns) for finding in found.findings if finding.level != "note"]
