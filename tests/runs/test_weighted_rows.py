"""A weight column counts in scores and verdicts; no fit is made again for it."""

import json

import numpy as np
import pandas as pd
import pytest
from small_tables import raw_table, write_config

from kiss_bench.plan.read import read_plan
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.run import Options, run

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

KEYS = "folds: {count: 3, inner: 2, repeats: 1}\ntuning: {trials: 2}\nladder: [dummy, stump, linear, stack]\n"
TARGETS = {
    "late": "target: late\nmetric: {primary: log_loss, also: [brier, accuracy]}\n",
    "owed": "target: owed\nmetric: {primary: rmse, also: [mae]}\n",
}


def weights():
    """Small and large ones, some 0; in no order that a column of the table knows."""
    return np.random.default_rng(11).choice([0.0, 0.5, 1.0, 4.0], 120, p=[0.1, 0.3, 0.3, 0.3])


@pytest.fixture
def run_with(tmp_path):
    """Run the table with a column `exposure`; how the config says what that is, and what was run."""
    raw_table().assign(exposure=weights()).to_csv(tmp_path / "table.csv", index=False)

    def go(roles, target="late", keys=KEYS):
        drop = ", ".join(name for name in raw_table() if name in {"kind", "owed", "week", "repaid", "late"} - {target})
        dropped = f"{drop}, exposure" if roles == "dropped" else drop
        weighing = "" if roles == "dropped" else ", weight: exposure"
        text = f"data: {{path: table.csv, drop: [{dropped}]{weighing}}}\n{TARGETS[target]}{keys}"
        seen = []
        options = Options(results=tmp_path / "results", engine="inline")
        board = run(read_plan(write_config(tmp_path, target, text), catalogue()), options, seen.append)
        return board, [event.unit for event in seen if event.kind == "unit"], tmp_path / "results" / target

    return go


def rows_of(folder, rung, arm):
    stored = pd.read_parquet(folder / "predictions.parquet")
    return stored[(stored["rung"] == rung) & (stored["arm"] == arm) & (stored["repeat"] == 0)]


def losses(rows, metric):
    if metric in {"rmse", "mae"}:
        error = rows["actual"] - rows["prediction"]
        return error**2 if metric == "rmse" else error.abs()
    chance = np.where(rows["actual"] == "yes", rows["p_yes"], rows["p_no"])
    found = {"log_loss": -np.log(chance), "brier": (1 - chance) ** 2, "accuracy": rows["predicted"] == rows["actual"]}
    return found[metric]


@pytest.mark.parametrize("target", TARGETS)
def test_scores_are_weighted_means_of_row_losses_and_nothing_is_fitted_again(target, run_with):
    plain, first, folder = run_with("dropped", target)
    stored = {path.name for path in (folder / ".units").glob("*.parquet")}
    board, again, _ = run_with("weight", target)
    assert first
    assert again == []
    assert {path.name for path in (folder / ".units").glob("*.parquet")} == stored
    assert (board.folds_hash, board.features) == (plain.folds_hash, plain.features)
    for row, unweighted in zip(board.rungs, plain.rungs, strict=True):
        rows = rows_of(folder, row.rung, row.arm)
        for metric, value in {board.metric.name: row.score, **row.also}.items():
            expected = np.average(losses(rows, metric), weights=weights()[rows["row_id"]])
            assert value == pytest.approx(expected**0.5 if metric == "rmse" else expected, abs=1e-12), metric
        assert row.score != unweighted.score
    assert board.digest != plain.digest


def test_a_note_says_what_weights_count_in_and_what_not(run_with):
    board, _, folder = run_with("weight", keys="ladder: [dummy, linear]\ntuning: {trials: 0}\nfolds: {repeats: 1}\n")
    told = (
        "Rows count in scores and verdicts by their weight, 'exposure'. Fits, tuning and thresholds do not use it: "
        f"every rung learns from all rows alike. {int((weights() == 0).sum())} of 120 rows weigh 0 and count in no "
        "score."
    )
    assert told in board.notes
    assert told in json.loads((folder / "plan.json").read_text(encoding="utf8"))["understood"]["notes"]


def test_equal_weights_give_the_scores_and_verdicts_of_none(run_with, tmp_path):
    raw_table().assign(exposure=3.0).to_csv(tmp_path / "table.csv", index=False)
    plain, _, _ = run_with("dropped")
    board, _, _ = run_with("weight")
    for row, other in zip(board.rungs, plain.rungs, strict=True):
        assert row.score == pytest.approx(other.score)
        assert (row.verdict, row.p_gain) == (other.verdict, pytest.approx(other.p_gain))
