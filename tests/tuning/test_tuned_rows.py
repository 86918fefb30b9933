"""`tuning: {rows: …}`: studies see a draw of the training rows, the same for every rung; outer fits see them all."""

from pathlib import Path

import numpy as np
import pytest
from exam_tables import exam_of, outcome_of, plain, unit_of

from kiss_bench.records.keys import Keys
from kiss_bench.runs.board import notes_of
from kiss_bench.tuning.unit import tuned_rows


def spies(paths, rows, **tuning):
    frame = plain(rows=600).assign(row=np.arange(600))
    entries = [
        {"name": name, "level": 8 + place, "estimator": "fakes:spy", "settings": {"path": str(path)},
         "space": {"model__idle": "float(0, 1)"}}
        for place, (name, path) in enumerate(paths.items())
    ]  # fmt: skip
    return exam_of(frame, ladder=["dummy", "linear", *entries], tuning={"trials": 3, "rows": rows, **tuning})


def fitted_rows(path):
    return [set(map(int, line.split())) for line in Path(path).read_text(encoding="utf8").splitlines()]


def test_inner_fits_see_the_same_draw_for_every_rung_and_the_outer_fit_sees_every_row(tmp_path):
    paths = {"one": tmp_path / "one", "two": tmp_path / "two"}
    exam = spies(paths, 200, pruning=False)
    train = set(exam.split(0, 0).train)
    seen = {}
    for name, path in paths.items():
        assert outcome_of(exam, name, "tuned").status == "ok"
        *inner, outer = fitted_rows(path)
        assert len(inner) == 3 * 3
        assert outer == train
        seen[name] = set.union(*inner)
        assert len(seen[name]) == 200
        assert seen[name] < train
    assert seen["one"] == seen["two"]


def test_the_draw_differs_from_fold_to_fold_and_is_the_same_when_drawn_again(tmp_path):
    exam = spies({"one": tmp_path / "one"}, 200)
    first, again, other = (tuned_rows(exam, unit_of(exam, "one", "tuned", fold)) for fold in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (np.diff(first) > 0).all()
    shared = np.intersect1d(exam.split(0, 0).train, exam.split(0, 1).train)
    assert set(first) & set(shared) != set(other) & set(shared)


def test_fewer_rows_than_asked_for_are_all_used(tmp_path):
    exam = spies({"one": tmp_path / "one"}, 5000)
    assert len(tuned_rows(exam, unit_of(exam, "one", "tuned"))) == len(exam.split(0, 0).train)
    assert not [note for note in notes_of(exam) if "Studies use" in note]


def test_it_is_told_before_anything_is_fitted(tmp_path):
    exam = spies({"one": tmp_path / "one"}, 200)
    assert "Studies use 200 of 480 training rows, the same for every rung." in notes_of(exam)


@pytest.mark.parametrize(("arm", "same"), [("default", True), ("tuned", False)])
def test_it_costs_a_new_study_and_no_new_default_fit(arm, same, tmp_path):
    keys = []
    for rows in (200, 300):
        exam = spies({"one": tmp_path / "one"}, rows)
        keys.append(Keys(exam).of(unit_of(exam, "one", arm)))
    assert (keys[0] == keys[1]) is same
