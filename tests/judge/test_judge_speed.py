"""The judgement of 8 rungs, 100,000 rows and 5 repeats takes seconds and megabytes, in a process of its own."""

import json
import subprocess
import sys

import pytest

RUN = """
import json, time
from pathlib import Path
import numpy as np
from kiss_bench.judge import Candidate, Predicted, Predictions, Terms, judge

metric, n, repeats, count = "{metric}", 100_000, 5, 5
rng = np.random.default_rng(0)
fold = np.stack([rng.permutation(n) % count for _ in range(repeats)])
numbers = metric == "rmse"
actual = rng.normal(size=n) if numbers else (rng.random(n) < 0.3).astype(np.int64)
ladder, arms = [], {{}}
for level in range(8):
    signal = (actual if numbers else 2 * actual - 1) * 0.3 * (level > 0) + rng.normal(size=(repeats, n)) * 0.5
    values = signal if numbers else 1 / (1 + np.exp(-signal))
    name = "dummy" if level == 0 else f"r{{level}}"
    ladder.append(Candidate(rung=name, level=level))
    arms[name] = {{"default": Predicted(values=values)}}
rows = Predictions(actual=actual, fold=fold, arms=arms, n_train=n * 0.8)
task = "regression" if numbers else "binary"
terms = Terms(task=task, metric=metric, margin=0.01, margin_unit="skill", scheme="shuffled")
started = time.process_time()
judge(ladder, rows, terms)
seconds = time.process_time() - started
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([seconds, int(peak.split()[1]) / 1e6]))  # getrusage would tell of this test's own memory as well
"""


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "rmse"])
def test_a_large_ladder_is_judged_in_two_seconds_and_a_gigabyte(metric):
    found = subprocess.run(
        [sys.executable, "-c", RUN.format(metric=metric)], capture_output=True, text=True, check=True
    )
    seconds, gigabytes = json.loads(found.stdout)
    assert seconds < 2.0
    assert gigabytes < 1.0
