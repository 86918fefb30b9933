"""Half a million rows and more: single precision, rungs of few parameters on a part of the rows, and all of it told."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of, outcome_of, plain, unit_of
from hypothesis import given
from hypothesis import strategies as st

from kiss_bench.evaluation.fit import BLOCK_ROWS
from kiss_bench.evaluation.pipeline import FEWEST_A_LABEL, ThinnedPipeline, pipeline_of, rows_used, training_rows
from kiss_bench.rungs import shipped_rungs
from kiss_bench.rungs._rung import ENOUGH_ROWS
from kiss_bench.rungs.additive import MOST_ROWS
from kiss_bench.runs.board import notes_of
from kiss_bench.tasks.make import SINGLE_FROM
from kiss_bench.tuning.unit import run_unit

pytestmark = pytest.mark.slow

RUNGS = shipped_rungs()


@pytest.fixture(scope="module")
def large():
    frame = plain(rows=SINGLE_FROM).assign(account=np.arange(SINGLE_FROM) * 1000 + 7)
    exam = exam_of(
        frame, ladder=["dummy", "linear", "additive", "tree", {"name": "forest", "settings": {"n_estimators": 3}}]
    )
    return frame, exam


def test_numbers_are_held_in_single_precision_and_what_that_rounds_is_named(large):
    _, exam = large
    assert {str(exam.task.frame[name].dtype) for name in ("first", "second", "account")} == {"float32"}
    assert isinstance(exam.task.frame["home"].dtype, pd.CategoricalDtype)
    told = "From 500,000 rows on, numbers are held in single precision, about seven digits"
    assert f"{told}; it rounds the large whole numbers of 'account'." in notes_of(exam)
    drawn = ("Of 400,000 training rows additive use 100,000, drawn by seed.",
             "Of 400,000 training rows linear, tree use 200,000, drawn by seed.")  # fmt: skip
    assert set(drawn) <= set(notes_of(exam))


def test_smaller_tables_keep_double_precision_and_all_their_rows():
    exam = exam_of(plain(), ladder=["dummy", "linear"])
    assert str(exam.task.frame["first"].dtype) == "float64"
    assert not [note for note in notes_of(exam) if "precision" in note or "training rows" in note]
    split = exam.split(0, 0)
    assert training_rows(exam, RUNGS["linear"], split.train) is split.train


@pytest.mark.parametrize("name", ["linear", "additive", "tree", "forest"])
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
    y = np.arange(1000) % 2
    used = rows_used(y, 300, seed=5, labels=True)
    assert len(used) == len(set(used)) == 300
    assert (np.diff(used) > 0).all()
    np.testing.assert_array_equal(used, rows_used(y, 300, seed=5, labels=True))
    np.testing.assert_array_equal(used, rows_used(y, 300, seed=5, labels=False))  # no label is rare here
    assert (used != rows_used(y, 300, seed=6, labels=True)).any()
    assert rows_used(y[:300], 300, seed=5, labels=True) is None
    assert rows_used(y[:300], None, seed=5, labels=True) is None


@given(st.lists(st.integers(1, 200), min_size=2, max_size=5), st.integers(100, 200), st.integers(0, 99))
def test_a_draw_holds_every_label_by_code_or_by_name(counts, most, seed):
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    used = rows_used(codes, most, seed, labels=True)
    if used is None:
        assert len(codes) <= most
        return
    assert len(set(used)) == len(used) == most
    held = np.bincount(codes[used], minlength=len(counts))
    assert (held >= np.minimum(counts, FEWEST_A_LABEL)).all()
    names = np.array(["ash", "beech", "cedar", "elm", "fir"])[codes]
    np.testing.assert_array_equal(used, rows_used(names, most, seed, labels=True))


def test_a_study_on_a_part_of_the_rows_has_the_rare_label_in_every_fit():
    """Twenty positives in eight thousand: of a plain draw of 100 rows most would hold none."""
    frame = plain(rows=8000)
    frame["y"] = np.where(np.arange(8000) % 400 == 0, "yes", "no")
    exam = exam_of(frame, ladder=["dummy", "linear"], metric="log_loss", tuning={"trials": 3, "rows": 100})
    for fold in range(3):
        outcome = run_unit(exam, unit_of(exam, "linear", "tuned", fold))
        assert [trial.reason for trial in outcome.trials if trial.state == "FAIL"] == []


def test_rungs_of_many_parameters_use_every_row():
    assert {name for name, rung in RUNGS.items() if rung.most_rows} == {"stump", "linear", "additive", "tree"}
    assert {rung.most_rows for rung in RUNGS.values()} == {None, ENOUGH_ROWS, MOST_ROWS}
