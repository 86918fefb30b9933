"""Half a million rows and more: single precision, rungs of few parameters on a part of the rows, and all of it told."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of, outcome_of, plain

from kiss_bench.evaluation.fit import BLOCK_ROWS
from kiss_bench.evaluation.pipeline import ThinnedPipeline, pipeline_of, rows_used, training_rows
from kiss_bench.rungs import shipped_rungs
from kiss_bench.rungs._rung import ENOUGH_ROWS
from kiss_bench.runs.board import notes_of
from kiss_bench.tasks.make import SINGLE_FROM

RUNGS = shipped_rungs()


@pytest.fixture(scope="module")
def large():
    frame = plain(rows=SINGLE_FROM).assign(account=np.arange(SINGLE_FROM) * 1000 + 7)
    exam = exam_of(frame, ladder=["dummy", "linear", "tree", {"name": "forest", "settings": {"n_estimators": 3}}])
    return frame, exam


def test_numbers_are_held_in_single_precision_and_what_that_rounds_is_named(large):
    _, exam = large
    assert {str(exam.task.frame[name].dtype) for name in ("first", "second", "account")} == {"float32"}
    assert isinstance(exam.task.frame["home"].dtype, pd.CategoricalDtype)
    told = "From 500,000 rows on, numbers are held in single precision, about seven digits"
    assert f"{told}; it rounds the large whole numbers of 'account'." in notes_of(exam)
    assert "Of 400,000 training rows linear, tree use 200,000, drawn by seed." in notes_of(exam)


def test_smaller_tables_keep_double_precision_and_all_their_rows():
    exam = exam_of(plain(), ladder=["dummy", "linear"])
    assert str(exam.task.frame["first"].dtype) == "float64"
    assert not [note for note in notes_of(exam) if "precision" in note or "training rows" in note]
    split = exam.split(0, 0)
    assert training_rows(exam, RUNGS["linear"], split.train) is split.train


@pytest.mark.parametrize("name", ["linear", "tree", "forest"])
def test_a_pipeline_fitted_by_hand_on_the_raw_table_says_what_the_unit_stored(large, name):
    frame, exam = large
    split, outcome = exam.split(0, 1), outcome_of(exam, name, fold=1)
    pipe = pipeline_of(exam, RUNGS[name], outcome.settings, outcome.seeds["estimator"])
    assert isinstance(pipe, ThinnedPipeline) == (name != "forest")
    pipe.fit(frame.iloc[split.train], frame["y"].iloc[split.train])
    some = split.test[: 2 * BLOCK_ROWS : 97]
    found = pipe.predict_proba(frame.iloc[some])
    np.testing.assert_allclose(found, outcome.prediction[np.searchsorted(split.test, some)], rtol=1e-12)


def test_the_rows_a_fit_uses_are_drawn_by_seed_in_order_and_once_each():
    used = rows_used(1000, 300, seed=5)
    assert len(used) == len(set(used)) == 300
    assert (np.diff(used) > 0).all()
    np.testing.assert_array_equal(used, rows_used(1000, 300, seed=5))
    assert (used != rows_used(1000, 300, seed=6)).any()
    assert rows_used(300, 300, seed=5) is None
    assert rows_used(300, None, seed=5) is None


def test_rungs_of_many_parameters_use_every_row():
    assert {name for name, rung in RUNGS.items() if rung.most_rows} == {"stump", "linear", "additive", "tree"}
    assert {rung.most_rows for rung in RUNGS.values()} == {None, ENOUGH_ROWS}
