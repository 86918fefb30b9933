"""The rival does by hand what it says: the folds it is given, everything fitted inside them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from small_tables import raw_table, write_tables

from speed import rival

pytestmark = pytest.mark.slow

DROPPED = {"late": ["kind", "owed", "week"], "owed": ["late", "kind", "week"], "kind": ["late", "owed", "week"]}


@pytest.fixture
def table(tmp_path):
    write_tables(tmp_path)
    return tmp_path / "table.csv"


def folds_file(folder, folds):
    """A folds.parquet in which row i is tested in folds[i]; a second repeat is to be left alone."""
    lines = pd.DataFrame({"row_id": range(len(folds)), "repeat": 0, "fold": folds, "part": "test"})
    other = lines.assign(repeat=1, fold=lines["fold"].to_numpy()[::-1])
    pd.concat([other, lines.sample(frac=1, random_state=0)]).to_parquet(folder / "folds.parquet")
    return folder / "folds.parquet"


FOLDS = np.random.default_rng(3).integers(0, 3, 120)


@pytest.mark.parametrize(
    ("target", "task", "positive", "columns"),
    [
        ("late", "binary", "yes", ["p_no", "p_yes"]),
        ("late", "binary", "no", ["p_yes", "p_no"]),
        ("kind", "multiclass", None, ["p_0", "p_1", "p_2"]),
        ("owed", "regression", None, ["prediction"]),
    ],
)
def test_every_rung_predicts_every_row_once_in_the_fold_it_was_given(table, target, task, positive, columns):
    words = [table, folds_file(table.parent, FOLDS), table.parent / "out.parquet", target, "--task", task]
    words += ["--drop", *DROPPED[target], "--trials", 1, "--inner", 2, "--jobs", 1]
    words += ["--positive", positive] if positive else []
    rival.main([str(word) for word in words])
    lines = pd.read_parquet(table.parent / "out.parquet")
    assert [name for name in lines if name not in ("rung", "fold", "row_id")] == columns
    assert lines["rung"].unique().tolist() == ["dummy", "linear", "tree", "forest", "boosting"]
    for _, part in lines.groupby("rung"):
        assert part.sort_values("row_id")["row_id"].tolist() == list(range(120))
        assert part.sort_values("row_id")["fold"].tolist() == FOLDS.tolist()
        if task != "regression":
            np.testing.assert_allclose(part[columns].sum(axis=1), 1.0)


def test_the_linear_rung_by_another_road(table):
    """Two columns of numbers prepared with pandas alone, the penalty that the study chose: the same scores."""
    dropped = [name for name in raw_table().drop(columns="repaid") if name not in ("income", "ratio", "owed")]
    problem = rival.read_problem(table, "owed", "regression", dropped, None)
    folds = rival.read_folds(folds_file(table.parent, FOLDS), 120)
    rung = rival.ladder(regression=True)[1]
    effort = rival.Effort(trials=3, inner=2, jobs=1)
    lines, scores = rival.examine(rung, problem, folds, effort)
    frame = raw_table()
    for fold in range(3):
        inside, outside = (frame[mask] for mask in (fold != FOLDS, fold == FOLDS))
        fill, marks = inside["ratio"].median(), [part["ratio"].isna().astype(float) for part in (inside, outside)]
        train, test = (
            pd.DataFrame({"income": part["income"], "ratio": part["ratio"].fillna(fill), "mark": mark})
            for part, mark in zip((inside, outside), marks, strict=True)
        )
        center, width = train.mean(), train.std(ddof=0)
        chosen = rival.tuned(rung, problem, np.flatnonzero(fold != FOLDS), effort, fold)
        model = Ridge(alpha=chosen.get_params()["model__alpha"])
        model.fit((train - center) / width, inside["owed"])
        expected = model.predict((test - center) / width)
        np.testing.assert_allclose(lines.loc[lines["fold"] == fold, "prediction"], expected)
        assert scores[fold] == pytest.approx(root_mean_squared_error(outside["owed"], expected))


def test_a_study_sees_the_training_part_alone(table):
    """Test rows whose features and targets are spoilt change nothing about the settings that are chosen."""
    problem = rival.read_problem(table, "owed", "regression", DROPPED["owed"], None)
    train, effort = np.flatnonzero(FOLDS != 0), rival.Effort(trials=4, inner=2, jobs=1)
    spoilt_target, spoilt = problem.target.copy(), problem.features.copy()
    spoilt_target[FOLDS == 0] = 1e9
    spoilt.loc[FOLDS == 0, "income"] = 1e9
    other = rival.Problem(features=spoilt, target=spoilt_target)
    for rung in rival.ladder(regression=True)[1:3]:
        chosen = [rival.tuned(rung, one, train, effort, 0).get_params() for one in (problem, other)]
        names = [f"model__{name}" for name in rung.space]
        assert [chosen[0][name] for name in names] == [chosen[1][name] for name in names]


def test_folds_that_do_not_test_every_row_once_are_refused(table):
    with pytest.raises(SystemExit, match="does not test each of the 121 rows of the table once"):
        rival.read_folds(folds_file(table.parent, FOLDS), 121)
