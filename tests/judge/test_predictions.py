"""What the judge is given: made in one place, the same whichever way it came in."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kiss_bench
from kiss_bench.errors import DataError, RecordError
from kiss_bench.judge import Predictions
from kiss_bench.metrics import METRICS

pytest_plugins = ["finished_runs"]

HOME = Path(kiss_bench.__file__).parent


def test_nothing_else_in_the_package_makes_them():
    makers = set()
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id == "Predictions":
                makers.add(path.relative_to(HOME).as_posix())
    assert makers == set()  # its own class methods say cls


def tables(ran):
    roles = ran.folder / "rows.parquet"
    return ran.predictions, ran.folds, pd.read_parquet(roles) if roles.exists() else None


def recorded(ran, change=lambda table: table):
    plan = ran.json("plan.json")
    table, folds, roles = tables(ran)
    labels = plan["understood"]["labels"]
    return Predictions.of_record(change(table), folds, kind=plan["folds"]["kind"], labels=labels, roles=roles)


@pytest.mark.parametrize("project", ["binary", "multiclass", "regression", "forward"])
def test_frames_and_the_record_of_a_run_say_the_same(finished, project):
    ran = finished(project)
    record, (table, _, _) = recorded(ran), tables(ran)
    metric = METRICS["rmse" if not record.labels else "log_loss"]
    arms = {(rung, arm): len(said.values) for rung, arms in record.arms.items() for arm, said in arms.items()}
    assert {("dummy", "default"), ("linear", "tuned"), ("stack", "tuned")} <= set(arms)
    for (rung, arm), repeats in arms.items():
        own = table[(table["rung"] == rung) & (table["arm"] == arm)].sample(frac=1.0, random_state=0)
        frame = Predictions.of_frames(metric, {rung: own})
        said, known = frame.of(rung)["default"].values, record.of(rung)[arm].values  # noqa: PD011
        order = [list(map(str, frame.labels)).index(str(label)) for label in map(_text, record.labels)]
        assert np.array_equal(said[..., order] if order else said, known)
        assert np.array_equal(frame.row_id, record.row_id)
        assert all(_same_parts(frame.fold[r], record.fold[r]) for r in range(repeats))


def _text(label):
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _same_parts(fold, other):
    return (
        len(set(zip(fold.tolist(), other.tolist(), strict=True))) == len(set(fold.tolist())) == len(set(other.tolist()))
    )


def test_a_record_may_hold_rungs_and_columns_that_nobody_knows_and_lack_arms(finished):
    ran = finished("binary")

    def change(table):
        theirs = table[(table["rung"] == "linear") & (table["arm"] == "tuned")].assign(rung="theirs", arm="default")
        return pd.concat([table[table["rung"] != "linear"], theirs], ignore_index=True).assign(note="made elsewhere")

    whole, changed = recorded(ran), recorded(ran, change)
    assert set(changed.arms) == (set(whole.arms) - {"linear"}) | {"theirs"}
    assert changed.of("linear") == {}
    [theirs] = changed.of("theirs").values()
    assert np.array_equal(theirs.values, whole.of("linear")["tuned"].values)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: table.iloc[1:], "does not hold the rows of folds.parquet for repeat 0"),
        (lambda table: table.assign(repeat=1), "does not hold the rows of folds.parquet for repeat 1"),
        (lambda table: table.assign(actual=["yes", *table["actual"][1:-1], "no"]), "two targets of one row"),
        (lambda table: table.assign(predicted="perhaps"), "a label that plan.json does not know"),
    ],
    ids=["a row is gone", "another repeat", "two targets", "another label"],
)
def test_tables_that_do_not_belong_to_each_other_are_refused(finished, change, told):
    with pytest.raises(RecordError, match=told):
        recorded(finished("binary"), change)


def test_labels_are_the_most_probable_where_no_threshold_was_learnt(finished):
    said = recorded(finished("binary")).of("linear")["tuned"]
    assert np.array_equal(said.labels(0), said.values[0].argmax(axis=1))  # noqa: PD011
    assert np.array_equal(said.first(1).values, said.values[:1])  # noqa: PD011


def test_faults_of_all_frames_are_told_at_once():
    good = pd.DataFrame({"row_id": range(4), "fold": [0, 0, 1, 1], "actual": [0.0, 1, 2, 3], "prediction": 1.0})
    with pytest.raises(DataError, match=r"one: .*prediction(.|\n)*two: .*row_id"):
        Predictions.of_frames(
            METRICS["rmse"], {"one": good.drop(columns="prediction"), "two": good.assign(row_id=None)}
        )
