"""Whether every rung can be built as the plan has it: asked before anything is fitted, all faults at once."""

from collections.abc import Mapping
from typing import Any

from kiss_bench.errors import RungError
from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.plan.plan import Step
from kiss_bench.rungs import Parameter, rung_of


def check_buildable(exam: Exam) -> None:
    """Builds every rung's pipeline with its settings, and each parameter of its space at one end of its range.

    Raises RungError naming every rung that cannot be built. Settings whose values an estimator only looks at when it
    is fitted come out there, as a FAILED rung.
    """
    faults = [f"  {step.name}: {fault}" for step in exam.plan.ladder if (fault := _fault(exam, step))]
    if faults:
        count = "1 rung" if len(faults) == 1 else f"{len(faults)} rungs"
        raise RungError("\n".join([f"{count} of the ladder cannot be built:", *faults]))


def _fault(exam: Exam, step: Step) -> str:
    rung = attempt(lambda: rung_of(step))
    if rung.found is None:
        return rung.failure.reason if rung.failure else ""
    found = rung.found
    if found.blends:
        return ""
    defaults = {**found.defaults(exam.task.kind), **step.settings}
    told = _build_fault(exam, step, defaults)
    for parameter in () if told else found.space(exam.task.kind):
        told = told or _build_fault(exam, step, {**defaults, parameter.name: _one_value(parameter)})
    return told


def _build_fault(exam: Exam, step: Step, settings: Mapping[str, Any]) -> str:
    built = attempt(lambda: pipeline_of(exam, rung_of(step), settings, 0))
    if built.failure is None:
        return ""
    shown = ", ".join(f"{name}={value!r}" for name, value in settings.items()) or "no settings"
    return f"{built.failure.error}: {built.failure.reason} (with {shown})"


def _one_value(parameter: Parameter) -> Any:
    if parameter.kind == "choice":
        return parameter.choices[0]
    return int(parameter.low or 0) if parameter.kind == "int" else parameter.low
