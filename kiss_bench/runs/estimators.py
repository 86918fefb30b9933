"""Any unit's pipeline, handed back unfitted from a result folder: what a reviewer fits by hand to check a number."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Arm, Plan
from kiss_bench.plan.written import plan_from_dict
from kiss_bench.records.folder import read_json
from kiss_bench.runs.pipelines import Pipelines, arm_for_all_rows
from kiss_bench.tasks.task import Column, Folds, Task

BESIDE_THE_PLAN = ("schema", "plan_hash", "root_seed", "understood", "rungs")


def estimator(
    results_dir: str | Path, rung: str, arm: Arm | None = None, repeat: int | None = None, fold: int | None = None
) -> Any:
    """The unfitted scikit-learn pipeline of a rung, ready for the table's raw columns.

    With `fold` (and `repeat`, 0 unless given): of that very unit, with its settings and seeds; `arm` is `default`
    unless given. Fitted on the training rows of `folds.parquet` it gives the stored predictions, and `predict` the
    stored labels.
    Without: for all rows, with the arm that the board recommends for this rung unless `arm` is given. Tuned settings
    for all rows are those of the fold whose best settings are nearest to all others'; the stack's weights are the
    mean over folds, and a decision threshold is the median over folds. Rows that the config prepares
    (`data.prepare`), and values that it has missing (`data.available_after`), are to be so in what it is fitted on.

    Raises RecordError for a folder, rung, arm or fold that is not there, and for a repeat without a fold.
    """
    if repeat is not None and fold is None:
        raise RecordError(f"repeat={repeat} without a fold names no unit; give both, or neither for all rows")
    folder = Path(results_dir)
    record = _Record(folder)
    whole = fold is None
    chosen = arm or (record.recommended_arm(rung) if whole else "default")
    if whole:
        return record.pipelines.for_all_rows(rung, chosen)
    return record.pipelines.of_unit(rung, chosen, repeat or 0, fold or 0)


class _Record:
    """The parts of a result folder that pipelines are built from."""

    def __init__(self, folder: Path) -> None:
        written, self.board = read_json(folder, "plan.json"), read_json(folder, "leaderboard.json")
        try:
            plan = plan_from_dict({key: value for key, value in written.items() if key not in BESIDE_THE_PLAN})
            exam = exam_without_rows(plan, written["understood"], written["root_seed"])
            self.pipelines = Pipelines(exam, read_json(folder, "tuning.json")["units"], str(folder))
            begun = (written["plan_hash"], exam.task.data_hash)
            ended = (self.board["plan_hash"], self.board["data_hash"])
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{folder} is not a result folder of this version: {error}") from None
        if begun != ended:
            raise RecordError(
                f"{folder} has the plan of a run that has not ended; `kiss-bench run` it to its end first"
            )

    def recommended_arm(self, rung: str) -> Arm:
        arms = {row["rung"]: row["arm"] for row in self.board["rungs"]}
        return arm_for_all_rows(rung, self.board.get("recommended"), arms)


def exam_without_rows(plan: Plan, understood: Mapping[str, Any], root: int) -> Exam:
    """An exam that knows columns, labels and seeds, but holds no row: enough to build pipelines."""
    time = understood["time_column"]
    task = Task(
        kind=understood["task"],
        why=understood["why"],
        frame=pd.DataFrame(),
        columns=tuple(Column(name=name, kind=kind) for name, kind in understood["columns"].items()),
        y=np.empty(0),
        actual=pd.Series(dtype=object),
        labels=tuple(understood["labels"]),
        positive=understood["positive"],
        row_id=np.empty(0, dtype=np.int64),
        group=None,
        time=None,
        fold_column=None,
        data_hash=understood["data_hash"],
        rows_read=understood["rows_read"],
        rows_dropped=understood["rows_dropped"],
        single=understood.get("single_precision", False),
        time_column=Column(name=next(iter(time)), kind=next(iter(time.values()))) if time else None,
    )
    kind = plan.folds.kind or "stratified"
    return Exam(plan=plan, task=task, folds=Folds(kind=kind, splits=(), hash=understood["folds_hash"]), root=root)
