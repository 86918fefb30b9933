"""Forward in time, nothing is known before its time: neither rows of the future nor values that come too late."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of

from kiss_bench import bench
from kiss_bench.errors import DataError
from kiss_bench.records.keys import Keys

pytestmark = pytest.mark.slow

DAY = pd.Timedelta("1D")
SMALL_FOREST = {"name": "forest", "settings": {"n_estimators": 20}}


def tomorrows(rows=300, seed=0):
    """A row a day: noise, a target that changes slowly, and in `tomorrow` that of the next day, known on the next."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + np.arange(rows) * DAY, "x": rng.normal(size=rows)})
    target = np.zeros(rows + 1)
    for day, step in enumerate(rng.normal(size=rows), 1):
        target[day] = 0.9 * target[day - 1] + step
    return frame.assign(y=target[:-1], tomorrow=target[1:], known_at=frame["day"] + DAY)


def ran(tmp_path, frame, data, name):
    board = bench(
        frame, "y", results=tmp_path, engine="inline", quick=True, project=name, metric="r2", data=data,
        ladder=["dummy", "linear", SMALL_FOREST], folds={"count": 4},
    )  # fmt: skip
    return board.board, {row.rung: row.score for row in board.board.rungs}


def test_a_value_of_tomorrow_refuses_the_run_by_name(tmp_path):
    data = {"time": "day", "available_after": {"tomorrow": "known_at"}}
    with pytest.raises(DataError, match=r"column 'tomorrow' is known too late in 300 rows, by 'known_at'"):
        ran(tmp_path, tomorrows(), data, "refused")
    assert not (tmp_path / "refused").exists()


def test_undeclared_a_value_of_tomorrow_tells_today_s_and_is_named(tmp_path):
    board, scores = ran(tmp_path, tomorrows(), {"time": "day", "drop": ["known_at"]}, "undeclared")
    assert scores["linear"] > scores["dummy"] + 0.6
    assert board.recommended.rung == "linear"
    assert (
        "UNDECLARED: nobody said when the values of 'x', 'tomorrow' are known; available_after: {x: 0} says that they "
        "are known by the row's time."
    ) in board.notes


@pytest.mark.parametrize("late", ["1 day", {"as_of": "known_at", "late": "missing"}])
def test_declared_to_be_known_a_day_later_it_is_missing_and_no_rung_has_anything(late, tmp_path):
    data = {
        "time": "day",
        "drop": ["known_at"] if late == "1 day" else [],
        "available_after": {"tomorrow": late, "x": 0},
    }
    board, scores = ran(tmp_path, tomorrows(), data, "declared")
    assert {row.status for row in board.rungs} == {"provisional"}
    assert scores["linear"] < scores["dummy"] + 0.05
    assert scores["forest"] < scores["dummy"] + 0.05
    assert board.recommended.rung == "dummy"
    assert any("'tomorrow'" in note and "missing" in note for note in board.notes)
    assert not any("UNDECLARED" in note for note in board.notes)


def keys_of(**data):
    exam = exam_of(tomorrows(60), ladder=["dummy", "linear"], data={"time": "day", **data})
    return Keys(exam).shared


def test_units_run_again_when_it_is_said_otherwise_when_values_are_known():
    plain, known, late = (
        keys_of(**given)
        for given in ({}, {"available_after": {"x": 0}}, {"available_after": {"tomorrow": "1 day", "x": 0}})
    )
    assert len({plain, known, late}) == 3
    assert keys_of(available_after={}) == plain


def walks(seed, rows=300):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 5)).cumsum(axis=0), columns=["a", "b", "c", "d", "y"])
    return frame.assign(day=pd.Timestamp("2024-01-01") + np.arange(rows) * DAY)


def fold_scores(tmp_path, project):
    """The median R2 over folds of the forest; pooled, R2 credits whoever knows the level of the last past."""
    stored = pd.read_parquet(tmp_path / project / "predictions.parquet")
    forest = stored[(stored["rung"] == "forest") & (stored["repeat"] == 0)]
    found = []
    for _, rows in forest.groupby("fold"):
        actual, predicted = rows["actual"].to_numpy(float), rows["prediction"].to_numpy()
        found.append(1 - ((actual - predicted) ** 2).sum() / ((actual - actual.mean()) ** 2).sum())
    return float(np.median(found))


def test_a_random_walk_is_foretold_by_shuffled_folds_alone_and_they_are_stamped(tmp_path):
    frame = walks(0)
    board, _ = ran(tmp_path, frame, {"time": "day"}, "forward")
    assert fold_scores(tmp_path, "forward") < 0.1
    assert not any("not valid for forecasting" in note for note in board.notes)
    shuffled = bench(
        frame, "y", results=tmp_path, engine="inline", quick=True, project="shuffled", metric="r2",
        data={"time": "day"}, ladder=["dummy", "linear", SMALL_FOREST],
        folds={"kind": "shuffled", "count": 4, "repeats": 1},
    )  # fmt: skip
    assert fold_scores(tmp_path, "shuffled") > 0.8
    stamp = "Folds are shuffled although 'day' orders the rows: not valid for forecasting."
    assert stamp in shuffled.board.notes
    assert stamp in (tmp_path / "shuffled" / "leaderboard.md").read_text()


@pytest.mark.parametrize("window", ["expanding", "rolling"])
@pytest.mark.parametrize("gap", [0, 1, 7])
@pytest.mark.parametrize("horizon", [None, 3])
def test_every_training_part_ends_before_the_gap_before_the_test_part(gap, horizon, window):
    """In days, several rows a day; the gap is the horizon at least, and is counted in days that there are."""
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-01-01") + np.sort(rng.integers(0, 200, 400)) * DAY
    frame = pd.DataFrame({"x": rng.normal(size=400), "y": rng.normal(size=400), "day": day})
    frame = frame.sample(frac=1, random_state=0)
    data = {"time": "day"} | ({} if horizon is None else {"horizon": horizon})
    folds = {"count": 4, "window": window} | ({"gap": gap} if horizon is None or gap >= horizon else {})
    exam = exam_of(frame, data=data, folds=folds, ladder=["dummy", "linear"])
    wanted = max(gap, horizon or 0) if "gap" in folds else horizon
    assert exam.plan.folds.gap == wanted
    assert len(exam.folds.splits) == 4
    for split in exam.folds.splits:
        assert exam.task.time[split.train].max() + wanted < exam.task.time[split.test].min()
        times = exam.task.time_frame["day"]
        assert times.iloc[split.train].max() + wanted * DAY < times.iloc[split.test].min()
