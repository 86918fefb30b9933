"""The record costs a run next to nothing: writing all of the result folder takes at most 5 % of the wall."""

import time

import pytest

from kiss_bench.runs import run

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

    monkeypatch.setattr(run, "write_results", timed(run.write_results))
    started = time.perf_counter()
    assert bench_at(TUNED).code == 0
    wall = time.perf_counter() - started
    assert len(spent) == 1
    assert sum(spent) <= 0.05 * wall, f"{sum(spent):.2f} of {wall:.1f} s"
