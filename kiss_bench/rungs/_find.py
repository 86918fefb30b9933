"""Finds rungs: the shipped ones by their files, a custom one by `module:object`."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kiss_bench.errors import RungError
from kiss_bench.plan.plan import Step, TaskKind
from kiss_bench.rungs._rung import Parameter, Rung, Surroundings

_PLAIN_FIELDS = ("kind", "low", "high", "log", "meaning", "reason")


def shipped_rungs() -> dict[str, Rung]:
    """Every rung of this folder by name, simplest first; files that start with an underscore are not rungs."""
    package = importlib.import_module("kiss_bench.rungs")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    rungs = [importlib.import_module(f"kiss_bench.rungs.{name}").RUNG for name in names]
    return {rung.name: rung for rung in sorted(rungs, key=lambda rung: (rung.level, rung.name))}


def rung_of(step: Step) -> Rung:
    """The rung behind a step of the ladder; raises RungError for one that cannot be found or imported."""
    if step.estimator is not None:
        return custom_rung(step)
    rungs = shipped_rungs()
    if step.name not in rungs:
        raise RungError(f"no rung is called {step.name!r}; there are: {', '.join(rungs)}")
    found = rungs[step.name]
    return replace(found, space=partial(_changed_space, found.space, step.space)) if step.space else found


def _changed_space(
    shipped: Callable[[TaskKind], tuple[Parameter, ...]], changes: Mapping[str, Any], task: TaskKind
) -> tuple[Parameter, ...]:
    """A rung's own space with the changes of a ladder entry: ranges in their place, new parameters at the end."""
    space = {line.name: line for line in shipped(task)}
    kept = {name: {"meaning": line.meaning, "when": line.when} for name, line in space.items()}
    for name, spec in changes.items():
        told = {key: value for key, value in _fields(spec).items() if value or key not in ("meaning", "when")}
        space[name] = Parameter(name=name, **{**kept.get(name, {}), **told})
    return tuple(space.values())


def load_object(reference: str) -> Any:
    """The object named by `module:object`, looked up from the working directory first."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return pkgutil.resolve_name(reference)
    except (ImportError, AttributeError) as error:
        raise RungError(f"{reference!r} cannot be loaded: {type(error).__name__}: {error}") from error


def build_custom(reference: str, settings: Mapping[str, Any], seed: int) -> Any:
    """An estimator from a class, a factory or an instance, with `settings` and, where it has one, `random_state`."""
    found = load_object(reference)
    if inspect.isclass(found) or (callable(found) and not hasattr(found, "fit")):
        takes = inspect.signature(found).parameters
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values())
        direct = {name: value for name, value in settings.items() if name in takes or open_ended}
        estimator = found(**direct)
    elif hasattr(found, "fit"):
        from sklearn.base import clone

        estimator, direct = clone(found), {}
    else:
        estimator, direct = found, {}
    if not hasattr(estimator, "fit"):
        raise RungError(f"{reference!r} gives a {type(estimator).__name__}, which is not a scikit-learn estimator")
    known = estimator.get_params() if hasattr(estimator, "get_params") else {}
    rest = {name: value for name, value in settings.items() if name not in direct}
    unknown = sorted(set(rest) - set(known))
    if unknown:
        raise RungError(f"{type(estimator).__name__} has no parameters {unknown}; it has: {', '.join(sorted(known))}")
    seeds = {name: seed for name in known if name.split("__")[-1] == "random_state" and name not in settings}
    return estimator.set_params(**rest, **seeds) if rest or seeds else estimator


def custom_rung(step: Step) -> Rung:
    """A rung made from a ladder entry with `estimator: "module:object"`."""
    reference = step.estimator
    if reference is None:
        raise RungError(f"the ladder entry {step.name!r} names no estimator")

    def build(surroundings: Surroundings, settings: Mapping[str, Any]) -> Any:
        return build_custom(reference, settings, surroundings.seed)

    def space(task: TaskKind) -> tuple[Parameter, ...]:  # noqa: ARG001  (the same space whatever the task)
        return tuple(Parameter(name=name, **_fields(spec)) for name, spec in (step.space or {}).items())

    return Rung(
        name=step.name,
        level=step.level,
        summary=f"your own: {reference}",
        explain="up to its author",
        encoding="auto",
        build=build,
        space=space,
        custom=True,
    )


def _fields(spec: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: spec[name] for name in _PLAIN_FIELDS if spec.get(name) is not None}
    when = {name: tuple(values) for name, values in (spec.get("when") or {}).items()}
    return {**fields, "choices": tuple(spec.get("choices") or ()), "when": when}
