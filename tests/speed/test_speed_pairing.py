"""Losses are paired row by row: checked on predictions made by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from speed.measure import SpeedError
from speed.pairing import paired

ACTUAL = ["no", "yes", "yes", "no"]


def classes(chances, **columns):
    """Out-of-fold predictions of four rows in two folds, by their probability of `yes`."""
    frame = pd.DataFrame({"row_id": [0, 1, 2, 3], "fold": [0, 0, 1, 1], "rung": "tree", **columns})
    return frame.assign(p_no=1.0 - np.array(chances), p_yes=chances)


def numbers(values, **columns):
    return pd.DataFrame(
        {"row_id": range(4), "fold": [0, 0, 1, 1], "rung": "tree", "prediction": np.array(values, float), **columns}
    )


def written(folder, ours, theirs):
    ours.to_parquet(folder / "ours.parquet")
    theirs.to_parquet(folder / "theirs.parquet")
    return folder / "ours.parquet", folder / "theirs.parquet"


def ours(frame, actual, arm="tuned", repeat=0):
    return frame.assign(actual=actual, arm=arm, repeat=repeat)


def test_log_loss_by_hand(tmp_path):
    files = written(tmp_path, ours(classes([0.5, 0.5, 0.8, 0.2]), ACTUAL), classes([0.2, 0.8, 0.8, 0.5]))
    (found,) = paired(*files)
    mine = -np.log([0.5, 0.5, 0.8, 0.8])
    other = -np.log([0.8, 0.8, 0.8, 0.5])
    gap = mine - other
    assert (found.rung, found.metric) == ("tree", "log_loss")
    assert found.ladder == pytest.approx(mine.mean())
    assert found.rival == pytest.approx(other.mean())
    assert found.difference == found.loss_difference == pytest.approx(gap.mean())
    assert found.error == found.loss_error == pytest.approx(gap.std(ddof=1) / 2)
    assert not found.worse


def test_rmse_is_compared_on_squared_errors_and_shown_as_its_root(tmp_path):
    files = written(tmp_path, ours(numbers([1, 2, 3, 4]), [0.0, 0.0, 0.0, 0.0]), numbers([1, 1, 2, 2]))
    (found,) = paired(*files)
    mine, other = np.array([1.0, 4, 9, 16]), np.array([1.0, 1, 4, 4])
    gap = mine - other
    roots = math.sqrt(7.5), math.sqrt(2.5)
    shifts = mine / (2 * roots[0]) - other / (2 * roots[1])
    assert found.metric == "rmse"
    assert (found.ladder, found.rival) == pytest.approx(roots)
    assert found.difference == pytest.approx(roots[0] - roots[1])
    assert found.error == pytest.approx(shifts.std(ddof=1) / 2)
    assert found.loss_difference == pytest.approx(5.0)
    assert found.loss_error == pytest.approx(gap.std(ddof=1) / 2)
    assert found.worse


@pytest.mark.parametrize(
    ("chances", "worse"),
    [
        pytest.param([0.1, 0.9, 0.9, 0.1], False, id="better in every row"),
        pytest.param([0.3, 0.7, 0.7, 0.3], False, id="the same predictions"),
        pytest.param([0.3 + 1e-15, 0.7, 0.7, 0.3], False, id="the same but for rounding"),
        pytest.param([0.4, 0.6, 0.6, 0.4], True, id="worse in every row"),
        pytest.param([0.9, 0.75, 0.7, 0.3], False, id="worse on average, within the error"),
        pytest.param([0.9, 0.1, 0.7, 0.3], True, id="much worse in two of four rows"),
    ],
)
def test_worse_is_more_than_one_standard_error(chances, worse, tmp_path):
    (found,) = paired(*written(tmp_path, ours(classes(chances), ACTUAL), classes([0.3, 0.7, 0.7, 0.3])))
    assert found.worse is worse


def test_the_order_of_rows_does_not_matter_and_the_tuned_arm_of_the_first_repeat_counts(tmp_path):
    mine, other = classes([0.5, 0.5, 0.8, 0.2]), classes([0.2, 0.8, 0.8, 0.5])
    clean = paired(*written(tmp_path, ours(mine, ACTUAL), other))
    spoilt = [ours(classes([0.9] * 4), ACTUAL, arm="default"), ours(classes([0.9] * 4), ACTUAL, repeat=1)]
    mixed = pd.concat([*spoilt, ours(mine, ACTUAL).iloc[::-1]])
    assert paired(*written(tmp_path, mixed, other.sample(frac=1, random_state=0))) == clean


def test_labels_that_are_numbers_find_their_columns(tmp_path):
    rename = {"p_no": "p_0", "p_yes": "p_1"}
    mine, other = (classes([0.5, 0.5, 0.8, 0.2]).rename(columns=rename) for _ in range(2))
    (found,) = paired(*written(tmp_path, ours(mine, [0.0, 1.0, 1.0, 0.0]), other))
    assert found.ladder == pytest.approx(-np.log([0.5, 0.5, 0.8, 0.8]).mean())
    assert found.difference == 0.0


@pytest.mark.parametrize("column", ["row_id", "fold"])
def test_other_rows_or_other_folds_are_refused(column, tmp_path):
    other = classes([0.5] * 4)
    other[column] = other[column] + 1
    with pytest.raises(SpeedError, match=f"tree: {column} of .* differ, so their rows cannot be paired"):
        paired(*written(tmp_path, ours(classes([0.5] * 4), ACTUAL), other))
