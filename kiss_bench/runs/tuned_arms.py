"""What tuning, and the sampler, brought on the outer folds: arms of one rung against each other, rows paired."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Outcome
from kiss_bench.judge.comparison import compare_all
from kiss_bench.judge.contrasts import Exam as Measuring
from kiss_bench.judge.contrasts import Measured, measure, set_exam
from kiss_bench.metrics import Metric, score
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.runs.judging import judged_rows, pooled, pooled_labels, terms_of, tested_rows, whole_repeats
from kiss_bench.runs.units import Progress
from kiss_bench.tuning.record.rung import ArmGain

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
        exam, rows = self.progress.exam, tested_rows(self.progress.exam)
        found: dict[Arm, Measured] = {}
        for arm in ARMS:
            whole = whole_repeats(exam, self.progress.found(step, arm))
            if whole:
                labels = whole[0][0].threshold is not None
                codes = np.stack([pooled_labels(exam, one, rows) for one in whole]) if labels else None
                found[arm] = measure(self.exam, np.stack([pooled(exam, one, rows) for one in whole]), codes)
        return found

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
    rows = tested_rows(exam)
    measuring = set_exam(judged_rows(exam, rows), replace(terms_of(exam), escalates=False))
    dummies = [step for step in exam.plan.ladder if step.name == "dummy"]
    whole = whole_repeats(exam, progress.found(dummies[0], "default")) if dummies else []
    if not whole:
        return Arms(progress=progress, exam=None)
    codes = np.stack([pooled_labels(exam, one, rows) for one in whole]) if whole[0][0].threshold is not None else None
    dummy = measure(measuring, np.stack([pooled(exam, one, rows) for one in whole]), codes)
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
