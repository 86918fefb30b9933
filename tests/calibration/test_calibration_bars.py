"""The judge itself, on 200 draws of some designs: wrong no more often than it says, and not for want of power.

A threshold is the design's bar and three Monte-Carlo errors of this number of draws; `make calibrate` looks closer.
"""

import numpy as np
import pytest

from calibration.designs import GROUPS
from calibration.study import Options, blocks_of, missed, simulate
from kiss_bench.judge import comparison
from kiss_bench.judge.inference import Spread

pytestmark = pytest.mark.slow

DRAWS = 200
CHOSEN = (
    *("ols-100-20", "neighbour-200", "skill-400", "logistic-300", "roc_auc-200-20%"),
    *("unreliable-200", "f1-500-30%-learnt", "poisson-12", "pareto-25", "forward-mse-300-0.5", "forward-mse-60-0"),
    *("ladder-equal", "power-ols-100-5"),
)


def drawn(name):
    """The group cut down to one design, and its draws."""
    group, design = next((g, d) for g in GROUPS for d in g.designs if d.name == name)
    parts = [simulate(block) for block in blocks_of(design, Options(draws=DRAWS))]
    return group, design, {figure: np.concatenate([part[figure] for part in parts]) for figure in parts[0]}


def misses(name):
    from dataclasses import replace

    group, design, draws = drawn(name)
    return missed(replace(group, designs=(design,)), {design.name: draws})


@pytest.mark.parametrize("name", CHOSEN)
def test_every_figure_keeps_its_bar(name):
    assert misses(name) == []


def test_a_judge_that_takes_folds_for_independent_does_not_pass(monkeypatch):
    """What these tests are worth: the plain t-test over all 25 fold values is wrong one time in four."""

    def naive(estimate, layout):
        error = float(estimate.folds.std(ddof=1)) / np.sqrt(estimate.folds.size)
        return Spread(se=error, df=estimate.folds.size - 1, method="naive")

    monkeypatch.setattr(comparison, "spread", naive)
    assert any("five repeats" in line for line in misses("ols-100-5"))
