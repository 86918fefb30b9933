"""Small real tables, and the exams, units and pipelines made of them along the path of a real run."""

from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.plan import Arm
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.known import catalogue
from kiss_bench.tasks.table import table_from_frame
from kiss_bench.tuning.unit import run_unit

TASKS = ("binary", "multiclass", "regression")
PREDEFINED = {"kind": "predefined", "column": "part", "inner": 2}


def exam_of(frame: pd.DataFrame, target: str = "y", **keys: Any) -> Exam:
    """An exam of this frame; `keys` are those of a config."""
    plan = plan_from_mapping({"project": "p", "target": target, **keys}, catalogue())
    return set_exam(plan, table_from_frame(frame, target))


def unit_of(exam: Exam, rung: str, arm: Arm = "default", fold: int = 0) -> Unit:
    step = next(step for step in exam.plan.ladder if step.name == rung)
    return Unit(step=step, arm=arm, repeat=0, fold=fold, purpose="fit" if arm == "default" else "search")


def outcome_of(exam: Exam, rung: str, arm: Arm = "default", fold: int = 0) -> Outcome:
    return run_unit(exam, unit_of(exam, rung, arm, fold))


def targets(task: str, signal: np.ndarray, rng: np.random.Generator) -> Any:
    """A target that follows the signal: two labels, three, or a number."""
    noisy = signal + rng.normal(size=len(signal))
    if task == "binary":
        return np.where(noisy > np.median(noisy), "yes", "no")
    if task == "multiclass":
        return np.array(["low", "mid", "top"])[np.searchsorted(np.quantile(noisy, [1 / 3, 2 / 3]), noisy)]
    return noisy


def plain(task: str = "binary", rows: int = 150, seed: int = 0) -> pd.DataFrame:
    """Two numbers, a short category and a target that follows the first number."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "first": first,
            "second": rng.normal(size=rows),
            "home": rng.choice(["own", "rent", "free"], rows),
            "y": targets(task, 2 * first, rng),
        }
    )


def messy(task: str, rows: int = 240, seed: int = 1) -> pd.DataFrame:
    """What people have in their files; the last third (part b) holds levels and gaps that the rest does not."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=rows)
    late = np.arange(rows) >= rows * 2 // 3
    town = rng.integers(0, 200, rows).astype(str).astype(object)
    day = pd.Series(pd.Timestamp("2024-01-31 13:00") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"))
    frame = pd.DataFrame(
        {
            'a[b]{"x"}:,': np.where(rng.random(rows) < 0.2, np.nan, signal),
            "a_b": signal.round(),
            "a b": rng.normal(size=rows),
            "🏠 and 🚗": np.where(late, "boat", rng.choice(["car", "bike"], rows)),
            "town": np.where(rng.random(rows) < 0.1, None, "t" + town),
            "day": day.where(rng.random(rows) > 0.1),
            "flag": signal > 0,
            "maybe": pd.Series(rng.choice([True, False, None], rows), dtype="boolean"),
            "constant": 7.0,
            "one level": "same",
            "nothing": np.nan,
            "gone late": np.where(late, np.nan, 1.0),
            "": rng.choice(["x", "y"], rows),
            "part": np.where(late, "b", "a"),
            "y": targets(task, 2 * signal, rng),
        }
    )
    return pd.concat([frame, frame[["a b"]]], axis=1)  # and a second column of an old name
