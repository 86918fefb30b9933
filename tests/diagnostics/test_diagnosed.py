"""`diagnostics.json` of real runs: whole, the same whoever worked, and what the handed-back pipelines say."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from finished_runs import CONFIGS
from sklearn.metrics import confusion_matrix, log_loss, mean_absolute_error, root_mean_squared_error
from small_tables import raw_table, write_config, write_tables

import kiss_bench.runs.run as story
from kiss_bench import estimator
from kiss_bench.cli import main
from kiss_bench.metrics import METRICS
from kiss_bench.records.board import Board, RecommendedFacts
from kiss_bench.records.diagnostics import Diagnostics
from kiss_bench.records.evidence import read_diagnostics
from kiss_bench.records.json import record_json
from kiss_bench.runs.refitted import Refitting
from kiss_bench.runs.units import Progress, arms_of

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

PROJECTS = ["binary", "multiclass", "regression", "forward"]


@dataclass
class Seen:
    """A run with what its diagnostics were made of."""

    folder: object
    progress: Progress
    board: Board
    made: Diagnostics

    @property
    def text(self):
        return (self.folder / "diagnostics.json").read_text(encoding="utf8")


def seen_run(config, results, *words):
    """Run it in this process, and keep hold of what was diagnosed."""
    kept = {}
    real = story.diagnosed

    def keeping(progress, board, table, watch):
        kept.update(progress=progress, board=board, made=real(progress, board, table, watch))
        return kept["made"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "diagnosed", keeping)
        code = main(["run", str(config), "--results", str(results), "--engine", "inline", *words])
    assert code == 0
    return Seen(folder=results / config.stem, **kept)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder, done = tmp_path_factory.mktemp("seen"), {}
    write_tables(folder)

    def ran(project):
        if project not in done:
            done[project] = seen_run(write_config(folder, project, CONFIGS[project]), folder / "results")
        return done[project]

    return ran


@pytest.mark.parametrize("project", PROJECTS)
class TestOfEveryRun:
    def test_the_file_is_read_back_as_it_was_made(self, project, seen):
        ran = seen(project)
        assert read_diagnostics(ran.folder) == ran.made
        assert record_json(read_diagnostics(ran.folder)) == ran.text
        assert "NaN" not in ran.text

    def test_every_part_is_there(self, project, seen):
        made = seen(project).made
        regression = seen(project).progress.exam.task.kind == "regression"
        assert (made.confusion is None, made.residuals is None) == (regression, not regression)
        looks_at_none = made.rung == "dummy"
        assert made.notes == (("No column matters to dummy, which looks at none.",) if looks_at_none else ())
        assert (made.importance is None, made.disagreements is None) == (looks_at_none, False)
        assert made.slices_looked_at >= len(made.slices) > 10
        ladder = [step.name for step in seen(project).progress.exam.plan.ladder]
        assert [one.rung for one in made.readings] == [name for name in ladder if name in ("stump", "linear", "tree")]

    def test_the_whole_is_scored_as_stored(self, project, seen):
        ran = seen(project)
        stored = pd.read_parquet(ran.folder / "predictions.parquet").query("repeat == 0")
        one = stored[(stored["rung"] == ran.made.rung) & (stored["arm"] == ran.made.arm)].reset_index()
        chances = one.filter(regex="^p_").to_numpy()
        scores = {
            "log_loss": lambda: log_loss(one["actual"], chances),
            "brier": lambda: np.square(chances - pd.get_dummies(one["actual"]).to_numpy()).sum(axis=1).mean(),
            "rmse": lambda: root_mean_squared_error(one["actual"], one["prediction"]),
            "mae": lambda: mean_absolute_error(one["actual"], one["prediction"]),
        }
        assert ran.made.overall == pytest.approx(scores[ran.made.metric]())
        if ran.made.confusion is not None:
            expected = confusion_matrix(one["actual"], one["predicted"])
            np.testing.assert_array_equal(ran.made.confusion.counts, expected)

    def test_settings_for_all_rows_are_those_that_the_folder_hands_back(self, project, seen):
        ran = seen(project)
        looked = Refitting(ran.progress, ran.board, lambda event: None)
        for row in ran.board.rungs:
            arms = arms_of(ran.progress.exam, looked._step(row.rung), quick=False)
            for arm in arms:
                ours = looked.pipelines.for_all_rows(row.rung, arm)
                assert told(ours) == told(estimator(ran.folder, row.rung, arm)), (row.rung, arm)
        for one in ran.made.readings:
            assert told(looked.pipelines.for_all_rows(one.rung, one.arm)) == told(estimator(ran.folder, one.rung))

    def test_every_rung_and_arm_can_be_looked_at_column_by_column(self, project, seen):
        """Each is fitted again and says what is stored of it: the stack, and rungs that go by time, too."""
        ran = seen(project)
        for row in ran.board.rungs:
            for arm in arms_of(
                ran.progress.exam, Refitting(ran.progress, ran.board, print)._step(row.rung), quick=False
            ):
                chosen = RecommendedFacts(rung=row.rung, arm=arm, why="")
                looked = Refitting(ran.progress, replace(ran.board, recommended=chosen), lambda event: None)
                found = looked.importance(METRICS[ran.made.metric])
                if row.rung in ("dummy", "naive"):
                    assert (found, looked.notes) == (None, [f"No column matters to {row.rung}, which looks at none."])
                    continue
                assert (looked.notes, found.folds) == ([], 3), (row.rung, arm)
                assert {one.column for one in found.columns} == set(ran.progress.exam.task.frame)


def told(estimator):
    """Every parameter, those of pipelines inside a blend too, as text."""
    params = estimator.get_params()
    inner = {name: told(pipe) for name, pipe in params.pop("pipelines", ())}
    params.pop("steps", None)
    return {name: repr(value) for name, value in params.items()} | {"inside": inner}


def test_one_worker_or_two_write_the_same_bytes(seen, tmp_path):
    write_tables(tmp_path)
    config = write_config(tmp_path, "binary", CONFIGS["binary"])
    assert main(["run", str(config), "--results", str(tmp_path / "alone"), "--jobs", "1"]) == 0
    assert (tmp_path / "alone" / "binary" / "diagnostics.json").read_bytes() == seen("binary").text.encode()


SHORT = "[dummy, stump, linear]"
PLAIN = (
    "target: late\npositive: 'yes'\ntuning: {trials: 0}\nfolds: {count: 3, inner: 2}\n"
    "data: {path: table.csv, drop: [kind, owed, week]}\n"
)


def diagnosed_at(ran):
    return json.loads((ran.folder / "diagnostics.json").read_text(encoding="utf8"))


def test_a_first_look_fits_nothing_again(bench_at):
    found = diagnosed_at(bench_at(f"{PLAIN}ladder: {SHORT}\n", "--quick"))
    assert found["notes"] == ["No model is fitted again after a first look at default settings (--quick)."]
    assert (found["importance"], found["readings"]) == (None, [])
    assert found["slices"]
    assert found["confusion"]


ONLY_IN_WORKERS = """
import multiprocessing
from fakes import Tilted

class OnlyInWorkers(Tilted):
    def fit(self, X, y):
        if multiprocessing.parent_process() is None:
            raise ValueError("not <b>here</b>")
        return super().fit(X, y)

class ElsewhereOtherwise(Tilted):
    def fit(self, X, y):
        self.quality = 1.0 if multiprocessing.parent_process() is None else 0.7
        return super().fit(X, y)
"""


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("OnlyInWorkers", "What columns are worth is left out: ValueError: not <b>here</b>"),
        (
            "ElsewhereOtherwise",
            "What columns are worth is left out: RungError: fitted again on fold 0 it predicts other",
        ),
    ],
)
def test_a_model_that_cannot_be_looked_at_is_told_and_ends_no_run(name, note, bench_at, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(ONLY_IN_WORKERS, encoding="utf8")
    monkeypatch.syspath_prepend(str(tmp_path))
    ladder = f"[dummy, {{name: ours, level: 3, estimator: 'elsewhere:{name}', settings: {{quality: 0.7}}}}]"
    text = PLAIN.replace("drop: [", "features: [income], drop: [") + f"ladder: {ladder}\nskip: {{linear: a test}}\n"
    ran = bench_at(text, "--jobs", "2")
    found = diagnosed_at(ran)
    assert (ran.code, found["rung"], found["importance"]) == (0, "ours", None)
    assert [one[: len(note)] for one in found["notes"]] == [note]
    assert found["slices"]


def test_groups_have_the_names_of_the_table_and_time_its_spans(bench_at, tmp_path):
    frame = raw_table()
    frame = pd.concat([frame] * 2, ignore_index=True)
    frame["who"] = [f"<b>{number % 8}" for number in range(len(frame))]
    frame["late"] = np.where((frame["who"] == "<b>3") & (frame.index % 16 < 8), "yes", frame["late"])
    frame.to_csv(tmp_path / "grouped.csv", index=False)
    text = (
        "target: late\npositive: 'yes'\ntuning: {trials: 0}\nfolds: {kind: group, count: 3, inner: 2}\n"
        "data: {path: grouped.csv, drop: [kind, owed, repaid], group: who, time: week}\n"
        f"ladder: {SHORT}\n"
    )
    found = diagnosed_at(bench_at(text))
    groups = {one["label"]: one["rows"] for one in found["slices"] if one["kind"] == "group"}
    assert groups == {f"<b>{number}": 30 for number in range(8)}
    spans = {one["label"]: one["rows"] for one in found["slices"] if one["kind"] == "time"}
    assert spans == dict.fromkeys(("0 to 11.8", "11.8 to 23.6", "23.6 to 35.4", "35.4 to 47.2", "47.2 to 59"), 48)
    assert all(one["small"] for one in found["slices"] if one["kind"] == "level" and one["rows"] < 30)


def test_what_takes_long_is_told_while_it_is_done(seen):
    ran, told_of = seen("binary"), []
    progress = replace(ran.progress)
    slow = {
        place: replace(outcome, costs=replace(outcome.costs, fit_seconds=3.0))
        for place, outcome in ran.progress.outcomes.items()
    }
    progress.outcomes = slow
    looked = Refitting(progress, ran.board, told_of.append)
    looked.importance(METRICS["log_loss"])
    looked.readings()
    chosen = ran.board.recommended.rung
    assert [event.reason for event in told_of] == [
        f"what {chosen} makes of each column", *(f"what {rung} learnt" for rung in ("stump", "linear", "tree"))
    ]  # fmt: skip
    assert {event.kind for event in told_of} == {"looking"}
