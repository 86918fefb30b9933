"""What a plan asks, as flat keys: what is registered before the first fit, and what two plans differ in."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import ORDER, Step, plan_as_dict
from kiss_bench.records.keys import rung_sources
from kiss_bench.records.tuning import range_text
from kiss_bench.rungs import Parameter
from kiss_bench.runs.units import rung_facts

ASKS_NOTHING = ("project", "parent", "limits", "reviewed", "placebo")
"""Keys in which two plans may differ without asking anything else."""
PLACES = ("path", "sql", "url", "loader")
"""Where rows lie is not what they are: other rows show in the data hash."""


def asked_of(exam: Exam) -> dict[str, Any]:
    """Dotted keys of everything that the plan asks; rungs by their names, their spaces as they are searched."""
    rungs = {step.name: {**_searched(exam, step), "code": code_of(step)} for step in exam.plan.ladder}
    return asked_in({**plan_as_dict(exam.plan), "rungs": rungs})


def asked_in(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a written plan, `plan.json`."""
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


def _searched(exam: Exam, step: Step) -> dict[str, Any]:
    return {"space": [asdict(line) for line in rung_facts(step).space(exam.task.kind)] if step.trials else []}
