"""What tuning, and the sampler, brought on the outer folds: arms of one rung against each other, rows paired."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Outcome
from kiss_bench.judge.comparison import compare_all
from kiss_bench.judge.contrasts import Exam as Measuring
from kiss_bench.judge.contrasts import Measured, measure, set_exam
from kiss_bench.judge.predictions import Predictions
from kiss_bench.metrics import Metric, score
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.records.tuning import ArmGain
from kiss_bench.runs.judging import terms_of
from kiss_bench.runs.units import Progress

DUMMY = "dummy"
ARMS: tuple[Arm, ...] = ("default", "random", "tuned")
PAIRS: tuple[tuple[Arm, Arm], ...] = (("tuned", "default"), ("tuned", "random"), ("random", "default"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Arms:
    """The yardstick of a whole record: made once, since it looks at all rows."""

    progress: Progress
    exam: Measuring | None
    """None where the dummy failed, and nothing can be measured."""

    def measured(self, step: Step) -> dict[Arm, Measured]:
        """The arms of a rung that are complete, each measured on all its repeats."""
        if self.exam is None:
            return {}
        found = {(step.name, arm): self.progress.found(step, arm) for arm in ARMS}
        said = Predictions.of_outcomes(self.progress.exam, found).of(step.name)
        return {arm: measure(self.exam, one.values, one.codes) for arm, one in said.items()}

    def gains(self, measured: Mapping[Arm, Measured], repeats: int | None) -> tuple[ArmGain, ...]:
        """Every pair of arms that is there; tuned over default on the repeats that the board's verdict rests on."""
        if self.exam is None:
            return ()
        told = []
        for arm, over in PAIRS:
            if arm in measured and over in measured:
                most = repeats if (arm, over) == PAIRS[0] and repeats is not None else measured[arm].loss.repeats
                pair = compare_all(self.exam, measured[over].first(most), measured[arm].first(most), 0.05)
                told.append(
                    ArmGain(
                        arm=arm, over=over, gain=pair.gain, low=pair.low, high=pair.high, p_gain=pair.p_gain,
                        repeats=pair.repeats,
                    )
                )  # fmt: skip
        return tuple(told)


def arms_of_record(progress: Progress) -> Arms:
    exam = progress.exam
    arms: dict[tuple[str, Arm], Sequence[Outcome | None]] = {
        (step.name, "default"): progress.found(step, "default") for step in exam.plan.ladder if step.name == DUMMY
    }
    predictions = Predictions.of_outcomes(exam, arms)
    said = predictions.of(DUMMY).get("default")
    measuring = set_exam(predictions, replace(terms_of(exam), escalates=False))
    if said is None:
        return Arms(progress=progress, exam=None)
    dummy = measure(measuring, said.values, said.codes)
    return Arms(progress=progress, exam=replace(measuring, dummy=dummy))


def scores_of(measured: Mapping[Arm, Measured]) -> dict[str, float | None]:
    """Arm -> its score on the first repeat."""
    return {arm: float(found.score.first(1).value) for arm, found in measured.items()}


def outer_score(progress: Progress, outcome: Outcome, objective: Metric) -> float | None:
    """Score of one unit on its outer fold, by the metric that trials optimise; None where the fold cannot give it."""
    if outcome.prediction is None:
        return None
    task, test = progress.exam.task, progress.exam.split(outcome.repeat, outcome.fold).test
    with contextlib.suppress(ValueError, KissBenchError):
        found = float(score(objective, task.y[test], outcome.prediction, None, task.positive))
        return found if np.isfinite(found) else None
    return None
