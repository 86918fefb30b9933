"""A rung's search space for the record: each line, what it sets of the estimator, and where its studies landed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import model_of
from kiss_bench.plan.plan import Step
from kiss_bench.rungs import Parameter, Rung, shipped_rungs
from kiss_bench.runs.units import rung_facts
from kiss_bench.tuning.record.adaptation import range_text
from kiss_bench.tuning.record.rung import ParameterFacts, StudyFacts
from kiss_bench.tuning.sampling import distribution_of, holds

EDGE = 0.01
"""A best value within this share of the range (of its logarithm where searched so) from an end sits on the edge."""
LONGEST = 200
"""Characters of a setting that is no plain value, such as an estimator inside another."""


def whole_space(rung: Rung, exam: Exam) -> tuple[Parameter, ...]:
    """The space, and the number of rounds that the validation curve teaches, which is tuned like any other line."""
    space = rung.space(exam.task.kind)
    if rung.rounds is None or any(line.name == "n_estimators" for line in space):
        return space
    learnt = Parameter(
        name="n_estimators",
        kind="int",
        low=1,
        high=rung.round_cap,
        meaning="trees",
        reason="found for free: the minimum of the mean inner validation curve of each trial",
    )
    return (*space, learnt)


def parameter_facts(
    exam: Exam, step: Step, line: Parameter, defaults: Mapping[str, Any], studies: Sequence[StudyFacts]
) -> ParameterFacts:
    best = tuple(study.best_params.get(line.name) for study in studies)
    default = defaults.get(line.name)
    return ParameterFacts(
        name=line.name,
        meaning=line.meaning,
        kind=line.kind,
        low=line.low,
        high=line.high,
        step=1 if line.kind == "int" else None,
        log=line.log,
        choices=line.choices,
        when=line.when,
        sets=_sets(exam, step, line, defaults),
        default=default,
        default_inside=holds(distribution_of(line), default),
        reason=line.reason,
        shipped=_shipped(exam, step, line),
        best=best,
        spread=_spread(line, [value for value in best if value is not None]),
        on_edge=sum(on_edge(line, value) for value in best),
    )


def fixed_parameters(exam: Exam, step: Step, space: Sequence[ParameterFacts]) -> dict[str, Any]:
    """Every parameter of the estimator in its default arm that no line of the space sets.

    What is no plain value is given as its text.
    """
    settings = {**rung_facts(step).defaults(exam.task.kind), **step.settings}
    moved = {name for line in space for name in (line.name, *line.sets)} | set(settings)
    found = _parameters(exam, step, settings)
    return {name: _plain(value) for name, value in found.items() if name not in moved}


def _parameters(exam: Exam, step: Step, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What `get_params` says of the estimator that these settings build, its class included; empty without one."""
    built = attempt(lambda: model_of(exam, rung_facts(step), settings, 0)).found
    model = getattr(built, "classifier", built)
    if model is None or not hasattr(model, "get_params"):
        return {}
    found = {name: value for name, value in model.get_params().items() if name.split("__")[-1] != "random_state"}
    return {"class": type(model).__name__, **found}


def _sets(exam: Exam, step: Step, line: Parameter, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the parameters of the estimator that differ between two values of a line."""
    ends: tuple[Any, ...] = (line.choices[0], line.choices[-1]) if line.kind == "choice" else (line.low, line.high)
    if line.kind == "int":
        ends = tuple(int(end) for end in ends)
    parents = {name: values[0] for name, values in line.when.items()}
    one, other = (_parameters(exam, step, {**defaults, **parents, line.name: end}) for end in ends)
    return tuple(name for name in one if name in other and _is_plain(one[name]) and one[name] != other[name])


def _is_plain(value: Any) -> bool:
    """Not so an estimator inside another, which differs because something inside it does."""
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    if _is_plain(value):
        return value
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _shipped(exam: Exam, step: Step, line: Parameter) -> str | None:
    """The range that a shipped rung has without the ladder entry; `none` where the entry adds the parameter."""
    if step.estimator is not None or not step.space or line.name not in step.space:
        return None
    own = {one.name: one for one in shipped_rungs()[step.name].space(exam.task.kind)}
    return range_text(own[line.name]) if line.name in own else "none"


def _spread(line: Parameter, best: Sequence[Any]) -> float | None:
    if not best:
        return None
    if line.kind == "choice" or line.low is None or line.high is None:
        return 1.0 - Counter(map(repr, best)).most_common(1)[0][1] / len(best)
    inside = [float(value) for value in best if holds(distribution_of(line), value)]
    if not inside:
        return None
    low, high, first, last = (
        math.log(at) if line.log else at for at in (line.low, line.high, min(inside), max(inside))
    )
    return (last - first) / (high - low)


def on_edge(line: Parameter, value: Any) -> bool:
    """Whether a best value sits at an end of its range, so that the range may be too narrow."""
    if line.kind == "choice" or line.low is None or line.high is None or not holds(distribution_of(line), value):
        return False
    low, high, at = (math.log(end) if line.log else end for end in (line.low, line.high, value))
    return bool(min(at - low, high - at) <= EDGE * (high - low))
