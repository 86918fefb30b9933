"""A linear model fitted in single precision says the same of a row, whatever rows are beside it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from kiss_bench.rungs import Surroundings, shipped_rungs

SETTINGS = [
    ("regression", {"penalty": "l2"}),
    ("regression", {"penalty": "l1"}),
    ("regression", {"penalty": "l1", "precompute": True}),
    ("binary", {"penalty": "l2"}),
    ("binary", {"penalty": "l2", "solver": "lbfgs"}),
    ("binary", {"penalty": "l1"}),
    ("multiclass", {"penalty": "l2"}),
    ("multiclass", {"penalty": "l1"}),
]
KERNELS = ["Haswell", "Sandybridge", "Nehalem", "SkylakeX"]


def farthest(task, settings):
    """By how much a prediction differs, relative to it, between all 997 rows at once and blocks of 1, 7 and 64 rows."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(997, 23)).astype(np.float32)
    signal = X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.normal(size=997)
    y = signal if task == "regression" else np.digitize(signal, [0.0] if task == "binary" else [-0.5, 0.5])
    model = shipped_rungs()["linear"].build(Surroundings(task=task, metric="rmse", seed=1), settings).fit(X, y)
    say = model.predict if task == "regression" else model.predict_proba
    whole = say(X)
    assert model.coef_.dtype == whole.dtype == np.float64
    blocks = [np.concatenate([say(X[at : at + size]) for at in range(0, 997, size)]) for size in (1, 7, 64)]
    return max(float(np.abs(found / whole - 1.0).max()) for found in blocks)


@pytest.mark.parametrize(("task", "settings"), SETTINGS, ids=str)
def test_blocks_of_rows_are_predicted_as_the_whole(task, settings):
    assert farthest(task, settings) < 1e-11


@pytest.mark.parametrize("kernel", KERNELS)
def test_and_so_they_are_by_every_kernel_that_this_processor_can_run(kernel):
    """In single precision some differ by 1e-6 of a probability. A kernel that it cannot run is left for another one."""
    code = "import test_double as t; print(max(t.farthest(*each) for each in t.SETTINGS))"
    around = {**os.environ, "OPENBLAS_CORETYPE": kernel, "PYTHONPATH": os.path.dirname(__file__)}  # noqa: PTH120
    if kernel == "SkylakeX" and "avx512f" not in open("/proc/cpuinfo").read():  # noqa: SIM115, PTH123
        around["OPENBLAS_CORETYPE"] = "Haswell"
    done = subprocess.run([sys.executable, "-c", code], env=around, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1e-11
