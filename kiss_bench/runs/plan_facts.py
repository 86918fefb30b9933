"""What `plan.json` and `rows.parquet` say of an exam, before anything is fitted."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Step, plan_as_dict
from kiss_bench.records.keys import sha256_of
from kiss_bench.runs.asked import code_of
from kiss_bench.runs.board import plan_hash
from kiss_bench.runs.units import rung_facts
from kiss_bench.tasks.task import Task
from kiss_bench.tuning.search import trial_settings_of


def roles_frame(exam: Exam) -> pd.DataFrame | None:
    """`row_id`, and of group, time and weight what the plan declares: codes and ranks; None where it declares none.

    What a verdict is recomputed from beside the predictions.
    """
    task = exam.task
    roles = {"group": task.group, "time": task.time, "weight": task.weight}
    declared = {name: values for name, values in roles.items() if values is not None}
    return pd.DataFrame({"row_id": task.row_id, **declared}) if declared else None


def plan_facts(exam: Exam) -> dict[str, Any]:
    """The resolved plan under the config's own keys, and what was understood of the table."""
    task, time = exam.task, exam.task.time_column
    return {
        "schema": "kiss-bench/plan/1",
        "plan_hash": plan_hash(exam),
        "root_seed": exam.root,
        **plan_as_dict(exam.plan),
        "understood": {
            "task": task.kind,
            "why": task.why,
            "labels": list(task.labels),
            "positive": task.positive,
            "columns": {column.name: column.kind for column in task.columns},
            "time_column": {time.name: time.kind} if time else None,
            "rows_read": task.rows_read,
            "rows_dropped": task.rows_dropped,
            "vault": _vault_facts(task),
            "single_precision": task.single,
            "data_hash": task.data_hash,
            "folds_hash": exam.folds.hash,
            "notes": [*task.notes, *exam.folds.notes],
        },
        "rungs": {step.name: _rung_facts(exam, step) for step in exam.plan.ladder},
    }


def _vault_facts(task: Task) -> dict[str, Any] | None:
    if task.sealed is None:
        return None
    return {"rows": len(task.sealed), "how": task.sealed_how, "hash": sha256_of(task.sealed.tolist())}


def _rung_facts(exam: Exam, step: Step) -> dict[str, Any]:
    """What a rung brings along: its settings in force, and the space its studies search."""
    rung = rung_facts(step)
    return {
        "code": code_of(step),
        "summary": rung.summary,
        "settings": {**rung.defaults(exam.task.kind), **step.settings},
        "most_rows": rung.most_rows,
        "settings_in_trials": trial_settings_of(rung, step),
        "space": [asdict(line) for line in rung.space(exam.task.kind)] if step.trials else [],
    }
