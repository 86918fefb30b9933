"""What `data.prepare` makes of the same rows with another target in them: what it carries into a feature shows."""

from dataclasses import replace

import numpy as np

from kiss_bench.errors import DataError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.runs.placebo import Remake, as_they_are
from kiss_bench.tasks.availability import known_in_time
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.prepare import table_of
from kiss_bench.tasks.task import Table, Task


def remade_by(exam: Exam, table: Table) -> Remake:
    """A function that gives a task the features that come out where its target stands in the raw rows.

    Rows outside the exam, those of a vault included, keep the target they have. The function raises DataError where
    the other target makes other rows or columns come out.
    """
    plan, raw = exam.plan, table.raw
    if plan.data.prepare is None or raw is None or plan.target not in raw:
        return as_they_are

    def remake(task: Task) -> Task:
        target = raw[plan.target].astype(object)
        target.iloc[task.row_id] = task.actual.to_numpy(dtype=object)
        made = table_of(plan, raw.assign(**{plan.target: target.infer_objects()}))
        ids = np.arange(len(made.frame)) if made.row_id is None else made.row_id
        names = [column.name for column in task.columns]
        if not np.isin(task.row_id, ids).all() or not set(names) <= set(made.frame.columns):
            raise DataError(f"data.prepare: {plan.data.prepare} gives other rows or columns for another target")
        rows = np.searchsorted(ids, task.row_id)
        kept = made.frame.iloc[rows].reset_index(drop=True)
        in_time, _ = known_in_time(plan, made, rows, kept[names])
        frame, _ = canonical(in_time, task.columns)
        return replace(task, frame=frame)

    return remake
