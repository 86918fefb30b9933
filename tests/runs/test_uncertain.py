"""What the board says of probabilities and prediction intervals, computed again from the stored predictions."""

from dataclasses import asdict

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from kiss_bench.judge.reliability import reliability

pytest_plugins = ["finished_runs"]


def told(ran, field):
    """Each rung with the rows of the arm that climbs on the first repeat, and what the board says of them."""
    for name, row in ran.rungs.items():
        stored = ran.predictions.query("rung == @name and arm == @row['arm'] and repeat == 0")
        yield name, stored, row[field]


@pytest.mark.parametrize("project", ["binary", "ranked"])
def test_two_classes_have_a_reliability_table_of_the_positive_one(finished, project):
    ran = finished(project)
    column = f"p_{ran.board['positive']}"
    for name, rows, found in told(ran, "reliability"):
        happened = rows["actual"].astype(str) == ran.board["positive"]
        bins = min(10, len(rows) // 20)
        observed, probability = calibration_curve(happened, rows[column], n_bins=bins, strategy="quantile")
        counts = [line["count"] for line in found["bins"]]
        assert sum(counts) == len(rows), name
        np.testing.assert_allclose([line["observed"] for line in found["bins"]], observed, err_msg=name)
        np.testing.assert_allclose([line["probability"] for line in found["bins"]], probability, err_msg=name)
        assert found["brier"] == pytest.approx(brier_score_loss(happened, rows[column])), name
        assert adds_up(found), name
        assert not found["top_label"]


def test_it_is_to_the_last_bit_what_the_table_gives_in_the_order_of_its_lines(finished):
    """Fold by fold: sums in another order end in other digits, and a board of then would not be made again."""
    ran = finished("ranked")
    labels = [name for name in ran.predictions if name.startswith("p_")]
    positive = labels.index(f"p_{ran.board['positive']}")
    for name, rows, found in told(ran, "reliability"):
        codes = rows["actual"].map(lambda label: labels.index(f"p_{label}")).to_numpy(dtype=np.int64)
        again = asdict(reliability(codes, rows[labels].to_numpy(), positive))
        assert {key: value for key, value in again.items() if key != "bins"} == {
            key: value for key, value in found.items() if key != "bins"
        }, name
        assert list(again["bins"]) == found["bins"], name


def test_several_classes_have_one_of_the_most_probable(finished):
    ran = finished("multiclass")
    for name, rows, found in told(ran, "reliability"):
        probabilities = rows[[column for column in rows if column.startswith("p_")]].to_numpy()
        right = rows["predicted"] == rows["actual"]
        share = sum(line["count"] * line["observed"] for line in found["bins"]) / len(rows)
        sure = sum(line["count"] * line["probability"] for line in found["bins"]) / len(rows)
        assert found["top_label"]
        assert share == pytest.approx(right.mean()), name
        assert sure == pytest.approx(probabilities.max(axis=1).mean()), name
        assert found["brier"] == pytest.approx(ran.rungs[name]["score"]), name
        assert adds_up(found), name


@pytest.mark.parametrize(("project", "skipped"), [("regression", []), ("forward", [0])])
def test_numbers_have_prediction_intervals_from_the_residuals_of_other_folds(finished, project, skipped):
    for name, rows, found in told(finished(project), "prediction_intervals"):
        size = (rows["actual"] - rows["prediction"]).abs()
        covered, widths = [], []
        for fold in sorted(set(rows["fold"]) - set(skipped)):
            others = size[rows["fold"] < fold] if project == "forward" else size[rows["fold"] != fold]
            level = 0.9 * (1.0 + 1.0 / len(others))
            half = np.quantile(others, level, method="inverted_cdf")
            covered.extend(size[rows["fold"] == fold] <= half)
            widths.extend([2.0 * half] * int((rows["fold"] == fold).sum()))
        assert found["rows"] == len(covered), name
        assert found["coverage"] == pytest.approx(np.mean(covered)), name
        assert found["mean_width"] == pytest.approx(np.mean(widths)), name
        assert ("not guaranteed" in found["note"]) is (project == "forward")


@pytest.mark.parametrize("project", ["binary", "regression"])
def test_each_kind_of_task_has_its_own_section_and_no_other(finished, project):
    ran = finished(project)
    report = (ran.folder / "leaderboard.md").read_text(encoding="utf8")
    asked = {"binary": "How far to trust its probabilities", "regression": "How far to trust its predictions"}
    assert [name for name, title in asked.items() if f"## {title}\n" in report] == [project]
    field = "prediction_intervals" if project == "binary" else "reliability"
    assert {row[field] for row in ran.rungs.values()} == {None}


def adds_up(found):
    parts = found["reliability"] - found["resolution"] + found["uncertainty"] + found["within"]
    return parts == pytest.approx(found["brier"], rel=1e-9)
