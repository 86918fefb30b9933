"""Whether a study left a whole record: a rung without one has no place on the board."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kiss_bench.evaluation.exam import Outcome, Trial
from kiss_bench.rungs import Parameter
from kiss_bench.tuning.sampling import distribution_of, holds, is_active


def lacks(space: Sequence[Parameter], asked: int, outcome: Outcome) -> str:
    """What the record of a study lacks, in words; empty where it is whole.

    `space` is the rung's, without what a validation curve teaches; `asked` is the budget in trials.
    """
    trials, told = outcome.trials, []
    if len(trials) != asked and outcome.stopped_by != "timeout":
        told.append(f"{len(trials)} of {asked} trials")
    if [trial.number for trial in trials] != list(range(len(trials))):
        told.append("trials without a gap in their numbers")
    missing = [name for name in ("study", "estimator", "inner") if name not in outcome.seeds]
    told += [f"the seed of the {name}" for name in missing]
    told += [] if outcome.inner_hash else ["the hash of the inner folds"]
    told += [] if outcome.studied_rows and outcome.started else ["the number of its rows and when it began"]
    outside = trials_outside(space, trials)
    told += [f"trial {trial.number}: {fault}" for trial in trials if (fault := _fault(trial, outside))]
    return "; ".join(told[:3]) + (f" (and {len(told) - 3} more)" if len(told) > 3 else "")


def _fault(trial: Trial, outside: Collection[int]) -> str:
    if trial.state != "FAIL" and (trial.value is None or not trial.inner_values):
        return "its value"
    if trial.state == "FAIL" and not trial.error:
        return "the class of its error"
    return "parameters of the declared space" if trial.number in outside else ""


def trials_outside(space: Sequence[Parameter], trials: Sequence[Trial]) -> set[int]:
    """Numbers of sampled trials with a value outside its range, or without an active parameter: no sampler would say.

    Trial 0, the default settings, may be anywhere.
    """
    known = {line.name: distribution_of(line) for line in space}
    return {trial.number for trial in trials if trial.number > 0 and _is_outside(space, known, trial)}


def _is_outside(space: Sequence[Parameter], known: Mapping[str, Any], trial: Trial) -> bool:
    for line in space:
        if line.name not in trial.params:
            if is_active(line, trial.params):
                return True
        elif not holds(known[line.name], trial.params[line.name]):
            return True
    return False
