"""The audit takes seconds, whatever the size of the table."""

import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from task_tables import plan_for, task_of

from kiss_bench.tasks.audit import audit
from kiss_bench.tasks.folds import draw_folds

SIZES = {"a first table": (1_000, 20, 1.0), "a usual table": (30_000, 13, 3.0), "a large table": (1_000_000, 50, 60.0)}
MOST_GB = 4.0
"""All memory of the process at its peak, the table included."""


def mixed(rows: int, columns: int) -> pd.DataFrame:
    """Half numbers, half categories; one number in three has gaps."""
    random = np.random.default_rng(0)
    made = {}
    for place in range(columns // 2):
        values = random.normal(size=rows).round(3) if place % 2 else random.integers(0, 100, rows).astype(float)
        made[f"number {place}"] = np.where(random.random(rows) < 0.1, np.nan, values) if place % 3 == 0 else values
    for place in range(columns - columns // 2):
        levels = [f"level {code}" for code in range(10 + 20 * place)]
        made[f"text {place}"] = pd.Categorical.from_codes(random.integers(0, len(levels), rows), levels)
    signal = made["number 1"] + random.normal(size=rows)
    return pd.DataFrame(made).assign(y=np.where(signal > 1, "yes", "no"))


def memory_gb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e9


@pytest.mark.alone
@pytest.mark.parametrize("size", SIZES)
def test_the_audit_takes_seconds(size, record_property):
    pytest.importorskip("lightgbm")
    rows, columns, most = SIZES[size]
    plan, task = task_of(mixed(rows, columns), plan_for("y"))
    folds = draw_folds(task, plan, 1)
    peak, done = [0.0], threading.Event()

    def watch():
        while not done.wait(0.02):
            peak[0] = max(peak[0], memory_gb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        found = audit(task, folds, plan)
    finally:
        took = time.perf_counter() - began
        done.set()
        watcher.join()
    record_property("seconds", took)
    print(f"{size}: {rows:,} x {columns} in {took:.2f} s, {peak[0]:.2f} GB at the peak")
    assert took <= most
    assert peak[0] <= MOST_GB
    assert found.checks
