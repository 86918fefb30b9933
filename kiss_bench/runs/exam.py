"""The exam of a run, before anything is fitted: set, every rung built once, and audited for leaks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kiss_bench.errors import Fault, PlanError, RungError
from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.plan.plan import Plan, Step
from kiss_bench.rungs import Parameter, rung_of
from kiss_bench.tasks.audit import Audit, audit
from kiss_bench.tasks.audit.prepared import CHECK, prepare_findings
from kiss_bench.tasks.audit.run import RANK
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.seeds import root_seed
from kiss_bench.tasks.task import Table
from kiss_bench.tuning.sampling import SamplerChoice, distribution_of, holds, in_order, sampler_faults


def set_exam(plan: Plan, table: Table | None = None) -> Exam:
    """Reads the table, resolves the plan, draws the folds: what `kiss-bench plan` shows and every unit shares."""
    resolved, task = make_task(plan, read_table(plan) if table is None else table)
    root = root_seed(resolved, task.data_hash)
    return Exam(plan=resolved, task=task, folds=draw_folds(task, resolved, root), root=root)


def check_buildable(exam: Exam) -> None:
    """Builds every rung's pipeline with its settings, and each parameter of its space at one end of its range.

    Raises PlanError for arguments that the sampler does not take, RungError naming every rung that cannot be built.
    Settings whose values an estimator only looks at when it is fitted come out there, as a FAILED rung.
    """
    check_sampler(exam.plan)
    faults = [f"  {step.name}: {fault}" for step in exam.plan.ladder if (fault := _fault(exam, step))]
    if faults:
        count = "1 rung" if len(faults) == 1 else f"{len(faults)} rungs"
        raise RungError("\n".join([f"{count} of the ladder cannot be built:", *faults]))


def check_sampler(plan: Plan) -> None:
    choice = SamplerChoice(name=plan.tuning.sampler, settings=plan.tuning.sampler_settings)
    told = [
        Fault(place=plan.source, key="tuning.sampler_settings", found=found, allowed=allowed)
        for found, allowed in sampler_faults(choice)
    ]
    if told:
        raise PlanError(told)


def _fault(exam: Exam, step: Step) -> str:
    rung = attempt(lambda: rung_of(step))
    if rung.found is None:
        return rung.failure.reason if rung.failure else ""
    found = rung.found
    if found.blends:
        return ""
    defaults = {**found.defaults(exam.task.kind), **step.settings}
    told = _build_fault(exam, step, defaults)
    space = found.space(exam.task.kind)
    told = told or space_fault(space, defaults)
    for parameter in () if told else space:
        told = told or _build_fault(exam, step, {**defaults, parameter.name: _one_value(parameter)})
    return told


def space_fault(space: Sequence[Parameter], defaults: Mapping[str, Any]) -> str:
    """What is wrong with the conditions of a space; empty where nothing is."""
    try:
        lines = in_order(space)
    except ValueError as error:
        return str(error)
    by_name = {line.name: line for line in lines}
    for line in lines:
        for name, values in line.when.items():
            never = [value for value in values if not holds(distribution_of(by_name[name]), value)]
            if never or not values:
                return (
                    f"{line.name!r} waits for {name} = {never[0] if never else 'nothing'!r}, which is not in its range"
                )
        if line.when and line.name not in defaults:
            return f"{line.name!r} has no setting for when it is not searched; give one in `settings`"
    return ""


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


def audit_of(exam: Exam, table: Table) -> Audit:
    """Everything found before anything is fitted, worst first; `table` is what the exam was made of."""
    found, plan = audit(exam.task, exam.folds, exam.plan), exam.plan
    if plan.data.prepare is None and plan.data.loader is None:
        return found
    probed = prepare_findings(plan, table, exam.root)
    together = sorted((*probed, *found.findings), key=lambda finding: RANK[finding.level])
    return replace(found, findings=tuple(together), checks=(*found.checks, CHECK))
