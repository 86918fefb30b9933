"""One study: a rung's space searched on the inner folds of one outer training part, every trial kept."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from kiss_bench.evaluation.attempt import attempt
from kiss_bench.evaluation.exam import Exam, Floats, Positions, Trial, Unit
from kiss_bench.evaluation.pipeline import encoder_of, model_of
from kiss_bench.metrics import Metric, objective_metric, score
from kiss_bench.plan.plan import Step, TuningPlan
from kiss_bench.rungs import Parameter, Rung
from kiss_bench.tasks.seeds import Purpose as SeedPurpose
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tuning.fidelity import Told
from kiss_bench.tuning.inner import InnerFold, TrialFits, inner_folds
from kiss_bench.tuning.pruning import excess, row_losses
from kiss_bench.tuning.sampling import SamplerChoice, Study, in_order, is_active


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a study came to: the best settings and their out-of-fold predictions inside the training part."""

    settings: Mapping[str, Any] | None
    """None, as the next two, where no trial was completed."""
    trials: tuple[Trial, ...]
    rows: Positions | None
    prediction: Floats | None
    stopped_by: Literal["trials", "timeout"]
    seed: int


@dataclass(kw_only=True, slots=True)
class _Best:
    trial: Trial
    found: list[Told] = field(default_factory=list)


class Search:
    """Runs the trials of one study in order; sequential by design, since a parallel sampler cannot be replayed."""

    def __init__(self, exam: Exam, rung: Rung, unit: Unit, splits: tuple[tuple[Positions, Positions], ...]) -> None:
        self.exam, self.rung, self.unit = exam, rung, unit
        self.objective: Metric = objective_metric(exam.plan.metric.primary or "")
        self.seed = self._seed("estimator")
        self.study_seed = self._seed("study")
        self.defaults = {**rung.defaults(exam.task.kind), **unit.step.settings}
        self.cheaper = trial_settings_of(rung, unit.step)
        self.space: tuple[Parameter, ...] = rung.space(exam.task.kind)
        encoder = encoder_of(exam, rung, model_of(exam, rung, self.defaults, self.seed))
        self.inner: tuple[InnerFold, ...] = inner_folds(exam, rung, self.objective, encoder, splits)
        sampler, trials = sampler_of(exam.plan.tuning, unit), unit.step.trials
        self.study = Study(self.space, sampler, trials, maximise=self.objective.greater_is_better)
        self.best: _Best | None = None
        self.seen: dict[str, Trial] = {}
        """The first trial of each set of parameters."""

    def _seed(self, purpose: SeedPurpose, trial: int | None = None) -> int:
        unit = self.unit
        return seed_of(
            self.exam.root,
            purpose,
            rung=unit.step.name,
            arm=unit.arm,
            repeat=unit.repeat,
            fold=unit.fold,
            trial=trial,
        )

    def run(self) -> Found:
        """All trials of the budget, or those before the time limit."""
        started, limit = time.perf_counter(), self.exam.plan.tuning.timeout
        trials: list[Trial] = []
        stopped: Literal["trials", "timeout"] = "trials"
        for number in range(self.unit.step.trials):
            if limit is not None and trials and time.perf_counter() - started > limit:
                stopped = "timeout"
                break
            trials.append(self._default_trial() if number == 0 else self._sampled_trial(number))
        best = self.best
        return Found(
            settings={**self.defaults, **best.trial.params} if best else None,
            trials=tuple(trials),
            rows=np.concatenate([inner.valid for inner in self.inner]) if best else None,
            prediction=np.concatenate([told.prediction for told in best.found]) if best else None,
            stopped_by=stopped,
            seed=self.study_seed,
        )

    def _default_trial(self) -> Trial:
        names = {parameter.name for parameter in self.space}
        if self.rung.rounds is not None:
            names |= {"n_estimators"}
        params = {name: value for name, value in self.defaults.items() if name in names}
        for line in in_order(self.space):
            if not is_active(line, params):
                params.pop(line.name, None)
        trial = self._evaluate(0, params, self._seed("trial", 0))
        self.study.add_default(params, trial.value, failed=trial.state == "FAIL")
        if self.rung.rounds is None:  # else its number of rounds is its own
            self.seen[text_of(params)] = trial
        return trial

    def _sampled_trial(self, number: int) -> Trial:
        seed = self._seed("trial", number)
        asked, params = self.study.ask(seed, self.study_seed)
        first = self.seen.get(text_of(params))
        trial = self._evaluate(number, params, seed) if first is None else _again(first, number, seed)
        self.seen.setdefault(text_of(params), trial)
        running = [float(np.mean(trial.inner_values[: step + 1])) for step in range(len(trial.inner_values))]
        self.study.tell(asked, trial.value, running, trial.state)
        return trial

    def _evaluate(self, number: int, params: Mapping[str, Any], seed: int) -> Trial:
        begun, started = time.time(), time.perf_counter()
        base = {name: value for name, value in self.defaults.items() if number == 0 or name != "n_estimators"}
        settings = {**(base if self.rung.rounds else self.defaults), **params, **self.cheaper}
        fits = TrialFits(self.exam, self.rung, settings, self.seed)
        fits.missing = missing_members(self.rung, self.defaults, settings)
        tried = attempt(lambda: self._fit_all(fits, prunable=number > 0))
        seconds = time.perf_counter() - started
        if tried.failure is not None or tried.found is None:
            error, reason = (tried.failure.error, tried.failure.reason) if tried.failure else ("", "")
            reached = attempt(lambda: self._values(fits.found)).found or ()
            return Trial(
                number=number, state="FAIL", value=None, inner_values=tuple(reached), params=params, seconds=seconds,
                seed=seed, error=error, reason=reason, started=begun, fits=fits.begun,
            )  # fmt: skip
        values, complete, learnt = tried.found
        trial = Trial(
            number=number,
            state="COMPLETE" if complete else "PRUNED",
            value=float(np.mean(values)),
            inner_values=tuple(values),
            params={**params, **learnt},
            seconds=seconds,
            seed=seed,
            started=begun,
            fits=fits.begun,
        )
        if complete and self._beats_best(trial):
            self.best = _Best(trial=trial, found=fits.found)
        return trial

    def _fit_all(self, fits: TrialFits, *, prunable: bool) -> tuple[list[float], bool, dict[str, Any]]:
        """Inner values, whether all folds were reached, and what the curve taught (the number of rounds)."""
        for number, inner in enumerate(self.inner):
            fits.fit(inner)
            last = number == len(self.inner) - 1
            looked_at = prunable and number < self.rung.pruning.after_inner_folds and not last
            if looked_at and self.exam.plan.tuning.pruning and self._hopeless(fits.found):
                return self._values(fits.found), False, {}
        learnt = fits.settle()
        return self._values(fits.found), True, learnt

    def _values(self, found: Sequence[Told]) -> list[float]:
        return [self._value(inner, told) for inner, told in zip(self.inner, found, strict=False)]

    def _value(self, inner: InnerFold, told: Told) -> float:
        actual = self._actual(inner)
        return told.extrapolated(lambda values: score(self.objective, actual, values, None, self._positive))

    @property
    def _positive(self) -> int | None:
        return self.exam.task.positive

    def _actual(self, inner: InnerFold) -> Any:
        return self.exam.task.y[inner.valid]

    def _hopeless(self, found: Sequence[Told]) -> bool:
        if self.best is None:
            return False
        reached = self.inner[: len(found)]
        actual = np.concatenate([self._actual(inner) for inner in reached])
        trial, best = self._row_losses(found), self._row_losses(self.best.found[: len(found)])
        return bool(excess(self.objective, actual, trial, best) > self.rung.pruning.standard_errors)

    def _row_losses(self, found: Sequence[Told]) -> Floats:
        """(n,) over the inner folds reached, one after another; ranks are those within a fold."""

        def of(inner: InnerFold) -> Callable[[Floats], Floats]:
            one_fold = np.zeros(len(inner.valid), dtype=np.int64)
            return lambda values: row_losses(self.objective, self._actual(inner), values, one_fold)

        pairs = zip(self.inner, found, strict=False)
        return np.concatenate([told.extrapolated(of(inner)) for inner, told in pairs])

    def _beats_best(self, trial: Trial) -> bool:
        if self.best is None or self.best.trial.value is None or trial.value is None:
            return True
        sign = 1.0 if self.objective.greater_is_better else -1.0
        return sign * trial.value > sign * self.best.trial.value


def sampler_of(tuning: TuningPlan, unit: Unit) -> SamplerChoice:
    """The sampler of a unit's study: the plan's, or random search in the arm that controls for it."""
    if unit.arm == "random":
        return SamplerChoice(name="random")
    return SamplerChoice(name=tuning.sampler, settings=tuning.sampler_settings)


def text_of(params: Mapping[str, Any]) -> str:
    """Parameters as text that is equal where they are."""
    return json.dumps(dict(params), sort_keys=True, default=str)


def _again(first: Trial, number: int, seed: int) -> Trial:
    """A trial of parameters that were tried before; all of a study have one estimator seed, so nothing differs."""
    return replace(first, number=number, seed=seed, seconds=0.0, started=time.time(), fits=0, duplicate_of=first.number)


def trial_settings_of(rung: Rung, step: Step) -> dict[str, Any]:
    """The rung's cheaper fidelity in trials, except where the ladder entry says what it wants."""
    return {name: value for name, value in rung.trial_settings.items() if name not in step.settings}


def missing_members(rung: Rung, full: Mapping[str, Any], trial: Mapping[str, Any]) -> float:
    """Share of the members of a mean that a trial does without; 0 where it has them all, or the rung is no mean."""
    if not rung.members or rung.members not in full:
        return 0.0
    return max(0.0, 1.0 - float(trial[rung.members]) / float(full[rung.members]))


def search(exam: Exam, rung: Rung, unit: Unit, splits: tuple[tuple[Positions, Positions], ...]) -> Found:
    """Runs the study of one tuned unit."""
    return Search(exam, rung, unit, splits).run()
