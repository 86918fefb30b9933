"""Optuna, known to nothing else of the house: distributions from spaces, samplers from seeds, trials asked and told."""

import inspect
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from kiss_bench.rungs import Parameter

optuna.logging.set_verbosity(optuna.logging.ERROR)

SamplerName = Literal["tpe", "random", "grid"]
SAMPLERS: Mapping[SamplerName, type[BaseSampler]] = {"tpe": TPESampler, "random": RandomSampler, "grid": GridSampler}


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


def sampler_facts(name: SamplerName, space: Sequence[Parameter], trials: int) -> dict[str, Any]:
    """The sampler with every constructor argument in force, for the record."""
    given: dict[str, Any] = {"search_space": grid_of(space, trials)} if name == "grid" else {}
    signature = inspect.signature(SAMPLERS[name].__init__)
    defaults = {key: value.default for key, value in signature.parameters.items() if key not in {"self", "seed"}}
    shown = {
        key: given.get(key, None if value is inspect.Parameter.empty else value) for key, value in defaults.items()
    }
    seed = "one of the study" if name == "grid" else "one of each trial"
    return {
        "name": name,
        "class": SAMPLERS[name].__name__,
        "library": f"optuna {optuna.__version__}",
        **shown,
        "seed": seed,
    }


class EndlessGrid(GridSampler):
    """A grid that starts over where it is smaller than the budget: a study ends with its budget."""

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        """Optuna's own would stop the study, which only Optuna's own loop allows."""


class Study:
    """One Optuna study in memory.

    A fresh sampler with the trial's own seed for each trial makes a study independent of where it was resumed; a grid
    keeps the study's, since it walks its points in one order.
    """

    def __init__(self, space: Sequence[Parameter], sampler: SamplerName, trials: int, *, maximise: bool) -> None:
        self.space = {parameter.name: distribution_of(parameter) for parameter in space}
        self.sampler = sampler
        self.grid = grid_of(space, trials) if sampler == "grid" else {}
        self.study = optuna.create_study(
            direction="maximize" if maximise else "minimize", sampler=RandomSampler(seed=0)
        )
        self.grid_sampler: EndlessGrid | None = None

    def ask(self, seed: int, study_seed: int) -> tuple[Any, dict[str, Any]]:
        """The next trial and its parameters."""
        if self.sampler == "grid":
            self.grid_sampler = self.grid_sampler or EndlessGrid(self.grid, seed=study_seed)
            self.study.sampler = self.grid_sampler
        else:
            self.study.sampler = TPESampler(seed=seed) if self.sampler == "tpe" else RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna's notices on experimental arguments left at their defaults
            trial = self.study.ask(self.space)
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
        inside = {name: params[name] for name in self.space if name in params and holds(self.space[name], params[name])}
        self.study.add_trial(
            create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else value,
                params=inside,
                distributions={name: self.space[name] for name in inside},
            )
        )


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a value lies inside a distribution's range."""
    if isinstance(distribution, CategoricalDistribution):
        return any(value == choice and type(value) is type(choice) for choice in distribution.choices)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        return bool(distribution.low <= value <= distribution.high)
    return False


def grid_size(space: Sequence[Parameter], trials: int) -> int:
    return math.prod(map(len, grid_of(space, trials).values()))
