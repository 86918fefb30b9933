"""The tuning record costs a run next to nothing: at most 5 % of its wall, with everything that is in it."""

import time

import pytest

from kiss_bench.runs import write

pytestmark = pytest.mark.alone
pytest_plugins = ["finished_runs"]

TUNED = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {repeats: 1}\ntuning: {trials: 30}\nladder: [dummy, linear, additive, tree, forest, boosting]\n"
)


def test_the_record_costs_at_most_a_twentieth_of_a_run(bench_at, monkeypatch):
    spent = []

    def timed(function):
        def measured(*words):
            started = time.perf_counter()
            try:
                return function(*words)
            finally:
                spent.append(time.perf_counter() - started)

        return measured

    monkeypatch.setattr(write, "tuning_record", timed(write.tuning_record))
    reports = write.tuning_reports()
    monkeypatch.setattr(write, "tuning_reports", lambda: {name: timed(render) for name, render in reports.items()})
    started = time.perf_counter()
    assert bench_at(TUNED).code == 0
    wall = time.perf_counter() - started
    assert len(spent) == 3
    assert sum(spent) <= 0.05 * wall, f"{sum(spent):.2f} of {wall:.1f} s"
