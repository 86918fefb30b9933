"""A unit whose inputs did not change is not run again; anything that can change its result runs it again."""

import os
from collections import Counter
from dataclasses import dataclass, field

import pytest

from kiss_bench.plan.read import read_plan
from kiss_bench.runs.execution import Event
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import Options, run

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

PLAIN = {
    "question": "Is it worth it?",
    "data": "{path: table.csv, drop: [kind, owed, week]}",
    "target": "late",
    "metric": "{primary: log_loss, margin: 1%, also: [brier]}",
    "folds": "{count: 2, inner: 2, repeats: 1}",
    "tuning": "{trials: 2}",
    "ladder": "[dummy, stump, linear, tree, stack]",
}


@dataclass
class Bench:
    """Runs configs one after the other in one folder, and says which units each of them had to run."""

    folder: object
    seen: list[Event] = field(default_factory=list)

    def run(self, engine="inline", **changes):
        """Where code of the user changes, a worker has to read it: this process has it already."""
        config = self.folder / "loans.yaml"
        keys = {"project": "loans", **PLAIN, **changes}
        config.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()), encoding="utf8")
        self.seen = []
        return run(
            read_plan(config, catalogue()), Options(results=self.folder / "results", engine=engine), self.seen.append
        )

    def ran(self):
        """How many units of each (rung, purpose) were run, not taken from the store."""
        units = [event.unit for event in self.seen if event.kind == "unit"]
        return dict(Counter((unit.step.name, unit.purpose) for unit in units))

    def units(self):
        return sorted((self.folder / "results" / "loans" / ".units").glob("*.parquet"))


@pytest.fixture(scope="module")
def once(tmp_path_factory, workshop):
    """A bench whose folder holds the finished run of PLAIN; tests change the config, not the folder."""
    folder = tmp_path_factory.mktemp("once")
    (folder / "table.csv").write_bytes((workshop / "table.csv").read_bytes())
    bench = Bench(folder)
    bench.digest = bench.run().digest
    bench.first = bench.ran()
    return bench


STUDIES = {("linear", "search"): 2, ("tree", "search"): 2}
FITS = {(rung, "fit"): 2 for rung in ("dummy", "stump", "linear", "tree")}
INNER = {("dummy", "inner"): 2, ("stump", "inner"): 2}


def test_a_first_run_runs_everything_and_fits_nothing_for_the_stack(once):
    assert once.first == {**FITS, **STUDIES, **INNER}


NOTHING = {}
CASES = {
    "nothing at all": ({}, NOTHING),
    "the question": ({"question": "Another one"}, NOTHING),
    "the margin": ({"metric": "{primary: log_loss, margin: 5%, also: [brier]}"}, NOTHING),
    "secondary metrics": ({"metric": "{primary: log_loss, also: [roc_auc, accuracy]}"}, NOTHING),
    "alpha": ({"alpha": "0.1"}, NOTHING),
    "the stack left out": ({"ladder": "[dummy, stump, linear, tree]"}, NOTHING),
    "how many repeats are drawn": ({"folds": "{count: 2, inner: 2, repeats: auto}"}, NOTHING),
    "how many repeats are run": (
        {"folds": "{count: 2, inner: 2, repeats: 3}"},
        {what: 2 * units for what, units in {**FITS, **STUDIES, **INNER}.items()},
    ),
    "how alpha is shared": ({"multiplicity": "strict"}, NOTHING),
    "a reason": ({"ladder": "[dummy, stump, {name: linear, reason: why not}, tree, stack]"}, NOTHING),
    "a rung added": ({"ladder": "[dummy, stump, linear, tree, additive, stack]"},
                     {("additive", "fit"): 2, ("additive", "search"): 2}),
    "trials": ({"tuning": "{trials: 3}"}, STUDIES),
    "trials of one rung": (
        {"ladder": "[dummy, stump, {name: linear, trials: 1}, tree, stack]"}, {("linear", "search"): 2},
    ),
    "the sampler": ({"tuning": "{trials: 2, sampler: random}"}, STUDIES),
    "pruning": ({"tuning": "{trials: 2, pruning: false}"}, STUDIES),
    "the metric": ({"metric": "brier"}, {**STUDIES, ("dummy", "fit"): 2, ("dummy", "inner"): 2}),
    "a metric tuned by the same objective": (
        {"metric": "accuracy"}, {("dummy", "fit"): 2, ("dummy", "inner"): 2},
    ),
    "the settings of one rung": (
        {"ladder": "[dummy, stump, linear, {name: tree, settings: {max_depth: 2}}, stack]"},
        {("tree", "fit"): 2, ("tree", "search"): 2},
    ),
    "the seed": ({"seed": "5"}, {**FITS, **STUDIES, **INNER}),
    "the inner folds": ({"folds": "{count: 2, inner: 3, repeats: 1}"}, {**FITS, **STUDIES, **INNER}),
    "the columns": ({"data": "{path: table.csv, drop: [kind, owed, week, street]}"}, {**FITS, **STUDIES, **INNER}),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_what_runs_again_after_a_change_of(what, once):
    changes, expected = CASES[what]
    once.run(**changes)
    assert once.ran() == expected


def test_after_all_these_changes_the_first_config_has_its_digest_with_no_unit_run(once):
    assert once.run().digest == once.digest
    assert once.ran() == NOTHING


def test_truncated_and_garbage_unit_files_are_run_again_and_give_the_same_digest(once):
    once.run()
    kept = {path.name: path.read_bytes() for path in once.units()}
    for number, path in enumerate(once.units()):
        os.truncate(path, len(kept[path.name]) // 2) if number % 2 else path.write_bytes(b"garbage")
    assert once.run().digest == once.digest
    assert once.ran() == {**FITS, **STUDIES, **INNER}


def test_a_changed_value_in_the_table_runs_everything(once):
    table = once.folder / "table.csv"
    before = table.read_bytes()
    table.write_bytes(before.replace(b"rent", b"tent", 1))
    try:
        once.run()
        assert once.ran() == {**FITS, **STUDIES, **INNER}
    finally:
        table.write_bytes(before)


def test_so_is_the_code_that_it_imports_but_not_what_lies_beside_it(once, monkeypatch):
    monkeypatch.chdir(once.folder)
    strength, beside = once.folder / "own_strength.py", once.folder / "own_notes.py"
    (once.folder / "ours_d.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n\n"
        "def build():\n    from own_strength import C\n    return LogisticRegression(C=C)\n",
        encoding="utf8",
    )
    found = []
    for C, note in ((1.0, "a"), (1.0, "b"), (0.001, "b")):
        strength.write_text(f"C = {C}\n", encoding="utf8")
        beside.write_text(f"note = '{note}'\n", encoding="utf8")
        score = once.run("local", ladder=LADDER % "ours_d:build", tuning="{trials: 0}").rungs[-1].score
        found.append((score, once.ran()))
    assert [ran for _, ran in found] == [{("ours", "fit"): 2}, NOTHING, {("ours", "fit"): 2}]
    assert found[0][0] == found[1][0] != found[2][0]


OWN = "from sklearn.linear_model import LogisticRegression\n\ndef build():\n    return LogisticRegression(C={})\n"
LADDER = "[dummy, linear, {name: ours, level: 8, estimator: '%s'}]"


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("ours_a.py", "ours_a:build"),
        ("ours_b/model.py", "ours_b.model:build"),
        ("ours_c/deep/part.py", "ours_c.deep.part:build"),
    ],
    ids=["a module", "a folder without __init__", "deep in a folder"],
)
def test_the_code_of_a_custom_rung_is_part_of_what_it_is(file, reference, once, monkeypatch):
    monkeypatch.chdir(once.folder)
    path = once.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OWN.format(1.0), encoding="utf8")
    ladder = LADDER % reference
    score = once.run("local", ladder=ladder, tuning="{trials: 0}").rungs[-1].score
    assert once.ran() == {("ours", "fit"): 2}
    once.run("local", ladder=ladder, tuning="{trials: 0}")
    assert once.ran() == NOTHING
    path.write_text(OWN.format(0.001), encoding="utf8")
    assert once.run("local", ladder=ladder, tuning="{trials: 0}").rungs[-1].score != score
    assert once.ran() == {("ours", "fit"): 2}
