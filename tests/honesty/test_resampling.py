"""Resampling is a step of a fit: it sees training rows alone, and what is scored are the rows of the table."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from kiss_bench import bench
from kiss_bench.errors import DataError

pytestmark = pytest.mark.slow

SEEDS = range(6)
RUNG = {"name": "smote", "level": 8, "estimator": "oversampling:Oversampled", "settings": {"neighbours": 5}}


def noise(seed, rows=300):
    """One positive in ten, and nothing that tells them."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd")).assign(
        y=rng.permutation(np.arange(rows) % 10 == 0).astype(int)
    )


def ran(seed, folder):
    board = bench(
        noise(seed), "y", positive=1, results=folder, engine="inline", quick=True, project=f"smote-{seed}",
        metric="roc_auc", ladder=["dummy", "linear", RUNG], folds={"count": 4, "repeats": 2},
    )  # fmt: skip
    assert {row.rung: row.status for row in board.board.rungs}["smote"] == "provisional"
    stored = pd.read_parquet(board.folder / "predictions.parquet")
    return stored[stored["rung"] == "smote"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smote")
    return [ran(seed, folder) for seed in SEEDS]


def test_oversampling_inside_the_fit_finds_nothing_in_noise(stored):
    found = [
        roc_auc_score(rows["actual"].astype(int), rows["p_1"])
        for each in stored
        for _, rows in each.groupby(["repeat", "fold"])
    ]
    assert abs(np.mean(found) - 0.5) < 0.08


def test_the_rows_that_are_scored_are_those_of_the_table_each_once(stored):
    for seed, each in zip(SEEDS, stored, strict=True):
        for _, rows in each.groupby("repeat"):
            assert sorted(rows["row_id"]) == list(range(300))
            by_row = rows.sort_values("row_id")["actual"].astype(int)
            np.testing.assert_array_equal(by_row, noise(seed)["y"])


def test_rows_that_are_repeated_before_the_split_are_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"repeats 270 rows .* resampling belongs into a rung's fit, where it touches tra"
    ):
        bench(
            noise(0), "y", positive=1, results=tmp_path, quick=True, ladder=["dummy", "linear"],
            data={"prepare": "oversampling:twice"},
        )  # fmt: skip
    assert not any(tmp_path.iterdir())
