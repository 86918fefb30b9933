"""Optuna, known to nothing else of the house: distributions from spaces, samplers from seeds, trials asked and told."""

import inspect
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from kiss_bench.rungs import Parameter

optuna.logging.set_verbosity(optuna.logging.ERROR)

SamplerName = Literal["tpe", "random", "grid"]
SAMPLERS: Mapping[SamplerName, type[BaseSampler]] = {"tpe": TPESampler, "random": RandomSampler, "grid": GridSampler}
OURS = ("self", "seed", "search_space")
"""Arguments of samplers that are not for a config to set: seeds are derived, a grid follows from the space."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplerChoice:
    """A sampler by name, and its arguments beside the seed."""

    name: SamplerName
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, seed: int) -> BaseSampler:
        """A fresh sampler; not for a grid, which `Study` lays out."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna's notices on experimental arguments
            made: Any = SAMPLERS[self.name]
            return cast("BaseSampler", made(**self.settings, seed=seed))


def sampler_faults(choice: SamplerChoice) -> list[tuple[str, str]]:
    """What is wrong with a sampler's arguments, each as what was found and what is allowed."""
    known = _arguments(choice.name)
    unknown = [name for name in choice.settings if name not in known]
    if unknown:
        allowed = ", ".join(known) or f"none, as {SAMPLERS[choice.name].__name__} has no others"
        return [(repr(name), allowed) for name in unknown]
    if choice.name == "grid":
        return []
    wrong = [fault for name, value in choice.settings.items() if (fault := _value_fault(choice.name, name, value))]
    if wrong:
        return wrong
    try:
        choice.build(0)
    except (TypeError, ValueError) as error:
        return [(f"{dict(choice.settings)}", f"what {SAMPLERS[choice.name].__name__} takes ({error})")]
    return []


def _value_fault(sampler: SamplerName, name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with the type of an argument, by Optuna's annotation: it would find out in the middle of a run."""
    annotation = str(inspect.signature(SAMPLERS[sampler].__init__).parameters[name].annotation)
    truth = isinstance(value, bool)  # which Python counts as a number
    if "bool" in annotation:
        return None if truth else (f"{name}: {value!r}", "true or false")
    least = 0 if name == "n_startup_trials" else 1
    if "int" in annotation and (truth or not isinstance(value, int) or value < least):
        return f"{name}: {value!r}", f"a whole number from {least} up"
    if "float" in annotation and (truth or not isinstance(value, int | float) or value <= 0):
        return f"{name}: {value!r}", "a number above 0"
    return None


def _arguments(name: SamplerName) -> dict[str, Any]:
    """A sampler's own arguments with their defaults; callables, which no config can name, are left out."""
    parameters = inspect.signature(SAMPLERS[name].__init__).parameters.values()
    callables = {"gamma", "weights", "constraints_func", "categorical_distance_func"}
    return {one.name: one.default for one in parameters if one.name not in {*OURS, *callables}}


def distribution_of(parameter: Parameter) -> BaseDistribution:
    if parameter.kind == "choice":
        return CategoricalDistribution(parameter.choices)
    if parameter.low is None or parameter.high is None:
        raise ValueError(f"parameter {parameter.name!r} has no range")
    if parameter.kind == "int":
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def grid_of(space: Sequence[Parameter], trials: int) -> dict[str, list[Any]]:
    """Evenly spaced values of every parameter, as many a parameter as make the grid at least `trials` points.

    Fewer where the space itself, of choices and whole numbers, has no more points.
    """
    points, most = 2, max((_most_values(parameter, trials) for parameter in space), default=2)
    grid = {parameter.name: _grid_values(parameter, points) for parameter in space}
    while math.prod(map(len, grid.values())) < trials and points < most:
        points += 1
        grid = {parameter.name: _grid_values(parameter, points) for parameter in space}
    return grid


def _most_values(parameter: Parameter, trials: int) -> int:
    if parameter.kind == "float":
        return trials
    return len(parameter.choices) or int((parameter.high or 0) - (parameter.low or 0)) + 1


def _grid_values(parameter: Parameter, points: int) -> list[Any]:
    if parameter.kind == "choice" or parameter.low is None or parameter.high is None:
        return list(parameter.choices)
    if parameter.kind == "int" and points >= _most_values(parameter, points):
        return list(range(int(parameter.low), int(parameter.high) + 1))
    spread = np.geomspace if parameter.log else np.linspace
    values = spread(parameter.low, parameter.high, points).tolist()
    if parameter.kind == "int":
        return sorted({round(value) for value in values})
    return [min(max(value, parameter.low), parameter.high) for value in values]


def sampler_facts(choice: SamplerChoice) -> dict[str, Any]:
    """The sampler with every constructor argument in force, for the record; a callable by its name."""
    parameters = inspect.signature(SAMPLERS[choice.name].__init__).parameters
    defaults = {name: one.default for name, one in parameters.items() if name not in OURS}
    return {
        "name": choice.name,
        "implementation": SAMPLERS[choice.name].__name__,
        "library": f"optuna {optuna.__version__}",
        "arguments": {name: _plain(value) for name, value in {**defaults, **choice.settings}.items()},
        "in_force": {} if choice.name == "grid" else _in_force(choice.build(0)),
        "seed": "one of the study" if choice.name == "grid" else "one of each trial",
        "n_jobs": 1,
    }


def _in_force(sampler: BaseSampler) -> dict[str, Any]:
    """What a built sampler holds of settings: Optuna resolves some of its defaults, and keeps others in a group."""
    found: dict[str, Any] = {}
    for name, value in vars(sampler).items():
        if hasattr(value, "_asdict"):
            found |= {inner: _plain(entry) for inner, entry in value._asdict().items()}
        elif value is None or isinstance(value, bool | int | float | str) or callable(value):
            found[name.lstrip("_")] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """A setting as JSON has it; a callable by its name."""
    return getattr(value, "__name__", value)


class EndlessGrid(GridSampler):
    """A grid that starts over where it is smaller than the budget: a study ends with its budget."""

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        """Optuna's own would stop the study, which only Optuna's own loop allows."""


class Study:
    """One Optuna study in memory.

    A fresh sampler with the trial's own seed for each trial makes a study independent of where it was resumed; a grid
    keeps the study's, since it walks its points in one order.
    """

    def __init__(self, space: Sequence[Parameter], sampler: SamplerChoice, trials: int, *, maximise: bool) -> None:
        self.lines = in_order(space)
        self.space = {parameter.name: distribution_of(parameter) for parameter in space}
        self.sampler = sampler
        self.grid = grid_of(space, trials) if sampler.name == "grid" else {}
        self.study = optuna.create_study(
            direction="maximize" if maximise else "minimize", sampler=RandomSampler(seed=0)
        )
        self.grid_sampler: EndlessGrid | None = None

    def ask(self, seed: int, study_seed: int) -> tuple[Any, dict[str, Any]]:
        """The next trial and its parameters, without those that the others leave inactive."""
        if self.sampler.name == "grid":
            self.grid_sampler = self.grid_sampler or EndlessGrid(self.grid, seed=study_seed)
            self.study.sampler = self.grid_sampler
        else:
            self.study.sampler = self.sampler.build(seed)
        always = {line.name: self.space[line.name] for line in self.lines if not line.when}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna's notices on experimental arguments left at their defaults
            trial = self.study.ask(always)
            for line in self.lines:
                if line.when and is_active(line, trial.params):
                    _suggest(trial, line)
        return trial, dict(trial.params)

    def tell(self, trial: Any, value: float | None, running: Sequence[float], state: str) -> None:
        """Ends a trial; a pruned one leaves its running means, by which TPE ranks it."""
        for step, mean in enumerate(running):
            trial.report(mean, step)
        if state == "COMPLETE":
            self.study.tell(trial, value)
        else:
            self.study.tell(trial, state=TrialState.PRUNED if state == "PRUNED" else TrialState.FAIL)

    def add_default(self, params: Mapping[str, Any], value: float | None, *, failed: bool) -> None:
        """Enters the default settings as trial 0, as far as the space can express them: the sampler learns of it."""
        active = [line.name for line in self.lines if line.name in params and is_active(line, params)]
        inside = {name: params[name] for name in active if holds(self.space[name], params[name])}
        self.study.add_trial(
            create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else value,
                params=inside,
                distributions={name: self.space[name] for name in inside},
            )
        )


def in_order(space: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The lines of a space, each after those that it depends on, else in the order given.

    Raises ValueError where a line depends on one that is not there, or on itself by way of others.
    """
    names, left = {line.name for line in space}, list(space)
    placed: dict[str, Parameter] = {}
    for line in space:
        if missing := sorted(set(line.when) - names):
            raise ValueError(f"{line.name!r} depends on {missing[0]!r}, which is not in the space")
    while left:
        ready = [line for line in left if set(line.when) <= set(placed)]
        if not ready:
            raise ValueError(f"{', '.join(repr(line.name) for line in left)} depend on each other in a circle")
        placed[ready[0].name] = ready[0]
        left.remove(ready[0])
    return tuple(placed.values())


def is_active(line: Parameter, params: Mapping[str, Any]) -> bool:
    """Whether a parameter is searched at these values of the others; one whose parent is inactive is so itself."""
    return all(
        name in params and any(_same(params[name], value) for value in values) for name, values in line.when.items()
    )


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def _suggest(trial: Any, line: Parameter) -> None:
    if line.kind == "choice":
        trial.suggest_categorical(line.name, line.choices)
    elif line.kind == "int":
        trial.suggest_int(line.name, int(line.low or 0), int(line.high or 0), log=line.log)
    else:
        trial.suggest_float(line.name, line.low, line.high, log=line.log)


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a value lies inside a distribution's range."""
    if isinstance(distribution, CategoricalDistribution):
        return any(value == choice and type(value) is type(choice) for choice in distribution.choices)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        return bool(distribution.low <= value <= distribution.high)
    return False


def importance_shares(space: Sequence[Parameter], found: Sequence[tuple[Mapping[str, Any], float]]) -> dict[str, float]:
    """Parameter -> share of what decides whether a trial is among the best tenth; empty where there is too little.

    `found` are parameters and values, lower is better.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # imports scikit-learn's forests

    study = optuna.create_study(sampler=RandomSampler(seed=0))
    known = {line.name: distribution_of(line) for line in space}
    for params, value in found:
        inside = {name: params[name] for name in known if name in params and holds(known[name], params[name])}
        study.add_trial(create_trial(value=value, params=inside, distributions={name: known[name] for name in inside}))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # experimental
            shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (RuntimeError, ValueError):  # fewer than two trials, or all of one value
        return {}
    return {line.name: float(shares[line.name]) for line in space if line.name in shares}


def grid_size(space: Sequence[Parameter], trials: int) -> int:
    return math.prod(map(len, grid_of(space, trials).values()))
