"""The ladder that ships, with its own rungs on their default settings, on tables whose truth is known.

Made through the package's own machinery, from a data frame to the judgement; tuning is left out, since it changes what
a rung can do and not how the judge decides.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from calibration.figures import Figures
from calibration.fits import Random
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.judging import judge_progress, terms_of
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.units import Progress
from kiss_bench.selftest.draws import fitted, highest
from kiss_bench.tasks.table import make_table

COLUMNS = 10
SHARED = {"project": "calibration", "target": "y", "tuning": {"trials": 0}}


def ladder(rng: Random, *, table: Callable[[Random], pd.DataFrame], right: Sequence[str]) -> Figures:
    """Judge the whole default ladder on one table; `right` are the rungs that it may end on."""
    plan = plan_from_mapping(SHARED, catalogue())
    exam = set_exam(plan, make_table(table(rng), plan.target))
    judgement = judge_progress(fitted(Progress(exam=exam, quick=True)))
    failed = [entry.rung for entry in judgement.entries if entry.status != "ok"]
    if failed:
        raise RuntimeError(f"rungs that must run here failed: {', '.join(failed)}")
    best = highest(terms_of(exam).metric, judgement.entries)
    names = [entry.rung for entry in judgement.entries]
    return {
        "right": float(judgement.recommended.rung in right),
        "best_right": float(best in right),
        "recommended": float(names.index(judgement.recommended.rung)),
        "best": float(names.index(best)),
    }


def _numbers(rng: Random, rows: int) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(rows, COLUMNS)), columns=[f"x{place}" for place in range(COLUMNS)])


def _noise(rng: Random, rows: int) -> pd.DataFrame:
    """Ten columns, two of them categories, and classes that have nothing to do with any."""
    frame = _numbers(rng, rows)
    for name in frame.columns[-2:]:
        frame[name] = rng.choice(["a", "b", "c", "d"], rows)
    return frame.assign(y=rng.choice(["no", "yes"], rows))


def _linear(rng: Random, rows: int) -> pd.DataFrame:
    """Five of ten columns add up, with half of the target's variance left to noise."""
    frame = _numbers(rng, rows)
    signal = frame.iloc[:, :5].sum(axis=1).to_numpy() / np.sqrt(5.0)
    return frame.assign(y=signal + rng.normal(size=rows))


def _interaction(rng: Random, rows: int) -> pd.DataFrame:
    """One column turns the sign of another: no sum over columns can say that, and half of the variance is noise."""
    frame = _numbers(rng, rows)
    signal = np.where(frame["x0"] > 0.0, frame["x1"], -frame["x1"])
    return frame.assign(y=signal + rng.normal(size=rows))


noise = partial(_noise, rows=200)
linear = partial(_linear, rows=400)
interaction = partial(_interaction, rows=1000)
