"""Whole ladders of least squares on exchangeable blocks: how often any rung is promoted that is worth nothing more.

The error of the whole ladder under each way of handing out its level: fallback (Wiens 2003, Pharmaceutical Statistics
2:211), strict (the maximum over all pairs, Romano & Wolf 2005, JASA 100:94), and the full level at every step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, get_args

import numpy as np

from calibration.figures import Figures
from calibration.fits import Floats, Random, Splits, least_squares, shuffled
from calibration.pairs import rows_of, squared
from kiss_bench.judge import Candidate, Predicted, judge
from kiss_bench.plan.plan import Arm, Multiplicity

WIDTH = 5
POLICIES: Final[tuple[Multiplicity, ...]] = get_args(Multiplicity)


def least_squares_ladder(rng: Random, *, n: int, gains: Sequence[float], wrong: float = 0.0) -> Figures:
    """Each rung is least squares on its own block; y = sum over blocks of sqrt(1 + gain) x.b + N(0, 1), |b| = 1.

    All predictions of a fit are off by a number of its own, N(0, `wrong`^2).
    The first block is the base's. A ladder ends on the truth where it recommends the rung of the largest gain.
    """
    blocks = rng.normal(size=(len(gains), n, WIDTH))
    parts = np.sqrt(1.0 + np.asarray(gains))[:, None] * blocks.sum(axis=2) / np.sqrt(WIDTH)
    y = parts.sum(axis=0) + rng.normal(size=n)
    splits = shuffled(rng, n)
    names = ["base", *[f"rung {number}" for number in range(1, len(gains))]]
    models = [_off(rng, least_squares(block, y, splits), splits, wrong) for block in blocks]
    candidates = [Candidate(rung=name, level=float(level)) for level, name in enumerate(names)]
    arms: Mapping[str, Mapping[Arm, Predicted]] = {
        name: {"default": Predicted(values=model)} for name, model in zip(names, models, strict=True)
    }
    predictions = replace(rows_of(y, splits), arms=arms)
    found: dict[str, float] = {}
    for policy in POLICIES:
        terms = replace(squared(), multiplicity=policy, escalates=True)
        judgement = judge(candidates, predictions, terms)
        found[f"{policy}_any"] = float(any(entry.verdict == "JUSTIFIED" for entry in judgement.entries))
        found[f"{policy}_truth"] = float(judgement.recommended.rung == names[int(np.argmax(gains))])
        found[f"{policy}_said"] = terms.alpha if judgement.ladder_error is None else judgement.ladder_error
    return found


def _off(rng: Random, predictions: Floats, splits: Splits, wrong: float) -> Floats:
    return predictions if wrong == 0.0 else predictions + wrong * rng.normal(size=len(splits.train))[splits.own]
