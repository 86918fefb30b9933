"""What `plan.json` and `rows.parquet` say of an exam, before anything is fitted, and what of it is the question.

The question, as flat keys, is registered before the first fit; two plans that differ in none of them ask the same.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import ORDER, Step, plan_as_dict
from kiss_bench.records.keys import rung_sources, sha256_of
from kiss_bench.records.tuning import range_text
from kiss_bench.rungs import Parameter
from kiss_bench.runs.board import plan_hash
from kiss_bench.runs.units import rung_facts
from kiss_bench.tasks.task import Task
from kiss_bench.tuning.search import trial_settings_of

ASKS_NOTHING = ("project", "parent", "limits", "reviewed", "placebo")
"""Keys in which two plans may differ without asking anything else."""
PLACES = ("path", "sql", "url", "loader")
"""Where rows lie is not what they are: other rows show in the data hash."""


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


def asked_of(exam: Exam) -> dict[str, Any]:
    """What `asked_in` finds in a plan that is about to be run."""
    return asked_in(plan_facts(exam))


def asked_in(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys of all that a written plan (`plan.json`) asks; rungs by their names, their spaces as searched."""
    found = {name: plain[name] for name in ORDER if name in plain and name not in (*ASKS_NOTHING, "ladder")}
    found["data"] = {name: value for name, value in found["data"].items() if name not in PLACES}
    for step in plain["ladder"]:
        space = {line["name"]: range_text(Parameter(**line)) for line in plain["rungs"][step["name"]]["space"]}
        facts = {name: step[name] for name in ("level", "estimator", "trials", "settings")}
        code = plain["rungs"][step["name"]].get("code")
        found[step["name"]] = {"on the ladder": True, **facts, **space, **({"code": code} if code else {})}
    return flat(found)


def code_of(step: Step) -> str | None:
    """Hash of the code behind a custom rung, which its name does not tell; None for a shipped one.

    Raises RungError where it is nowhere to be found.
    """
    return None if step.estimator is None else rung_sources([step])[step.name][:12]


def flat(value: Any, around: str = "") -> dict[str, Any]:
    """Dotted keys of everything inside; an empty mapping has none."""
    if not isinstance(value, Mapping):
        return {around: list(value) if isinstance(value, tuple) else value}
    return {
        key: inner
        for name, entry in value.items()
        for key, inner in flat(entry, f"{around}.{name}" if around else str(name)).items()
    }
