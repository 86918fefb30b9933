"""A run that finds everything in the store looks at no model again, unless what it had found was changed."""

import json

import pytest

from kiss_bench.runs import run as runs

pytest_plugins = ["handed_in"]


@pytest.fixture
def looked(monkeypatch):
    """How often models were looked at."""
    times, real = [], runs.diagnosed

    def counted(*words):
        times.append(1)
        return real(*words)

    monkeypatch.setattr(runs, "diagnosed", counted)
    return times


def test_the_same_run_again_takes_what_was_found(project, looked):
    before = (project.folder / "diagnostics.json").read_bytes()
    assert project.run() == 0
    assert looked == []
    assert (project.folder / "diagnostics.json").read_bytes() == before


def test_other_results_are_looked_at(project, looked):
    assert project.run(metric="{primary: log_loss, margin: 20%}") == 0
    assert looked == [1]


@pytest.mark.parametrize("change", [lambda facts: facts | {"slices_looked_at": 7}, lambda facts: {"digest": 1}])
def test_what_somebody_changed_is_found_anew(project, looked, change):
    path = project.folder / "diagnostics.json"
    before = path.read_bytes()
    path.write_text(json.dumps(change(json.loads(before))), encoding="utf8")
    assert project.run() == 0
    assert looked == [1]
    assert path.read_bytes() == before
    assert project.verify() == 0
