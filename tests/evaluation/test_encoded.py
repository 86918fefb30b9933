"""Encodings are made once a training part and worker, and shared by all that want them."""

import numpy as np
import pytest
from exam_tables import exam_of, outcome_of, plain, unit_of

from kiss_bench.evaluation import encoded as module
from kiss_bench.evaluation import encodings, fit
from kiss_bench.evaluation.encoded import encoded
from kiss_bench.evaluation.pipeline import encoder_of, model_of
from kiss_bench.rungs import rung_of, shipped_rungs
from kiss_bench.tuning.unit import run_unit

RUNGS = shipped_rungs()
LADDER = ["dummy", "stump", "linear", "additive", "tree", "forest", "boosting"]
INPLACE = {"name": "ours", "level": 8, "estimator": "fakes:WritesIntoItsFeatures"}


def part_of(exam, name, fold=0, seed=1):
    rung = rung_of(next(step for step in exam.plan.ladder if step.name == name))
    split = exam.split(0, fold)
    encoder = encoder_of(exam, rung, model_of(exam, rung, rung.defaults(exam.task.kind), seed))
    return encoded(exam, rung, encoder, (split.train, split.test))


def test_rungs_of_one_encoding_share_one_matrix_that_none_can_write_to():
    exam = exam_of(plain(), ladder=LADDER)
    onehot = [part_of(exam, name, seed=seed) for seed, name in enumerate(("stump", "linear", "additive"))]
    assert len({id(part.train) for part in onehot}) == 1
    assert part_of(exam, "forest").train is not onehot[0].train
    assert part_of(exam, "forest").train is part_of(exam, "tree").train
    with pytest.raises(ValueError, match="read-only"):
        onehot[0].train[0, 0] = 1.0


def test_other_rows_and_another_exam_are_encoded_anew():
    exam, again = exam_of(plain(), ladder=LADDER), exam_of(plain(), ladder=LADDER)
    first = part_of(exam, "linear")
    assert part_of(exam, "linear", fold=1).train is not first.train
    other = part_of(again, "linear")
    assert other.train is not first.train
    np.testing.assert_array_equal(other.train, first.train)


def test_an_estimator_that_works_in_place_harms_nobody():
    """What it writes is in a copy of its own: the linear rung after it says what it says without it."""
    exam = exam_of(plain(), ladder=[*LADDER, INPLACE])
    alone = outcome_of(exam_of(plain(), ladder=LADDER), "linear").prediction
    assert outcome_of(exam, "ours").status == "ok"
    np.testing.assert_array_equal(outcome_of(exam, "linear").prediction, alone)


def test_what_is_kept_stays_below_its_limit_and_the_oldest_goes_first(monkeypatch):
    exam = exam_of(plain(), ladder=LADDER)
    parts = [part_of(exam, "linear", fold=fold) for fold in range(3)]
    monkeypatch.setattr(module, "MOST_BYTES", parts[0].nbytes * 2 + 10)
    part_of(exam, "forest", fold=4)
    assert sum(part.nbytes for part in module._shelf.parts.values()) <= module.MOST_BYTES
    assert part_of(exam, "linear", fold=0).train is not parts[0].train
    np.testing.assert_array_equal(part_of(exam, "linear", fold=0).train, parts[0].train)


def test_a_part_too_large_to_keep_leaves_nothing_beside_it(monkeypatch):
    exam = exam_of(plain(), ladder=LADDER)
    small, large = part_of(exam, "linear"), part_of(exam, "forest")
    assert list(module._shelf.parts.values()) == [small, large]
    monkeypatch.setattr(module, "LARGEST_PART", large.nbytes - 1)
    assert part_of(exam, "forest", fold=1).nbytes == large.nbytes
    assert not module._shelf.parts


@pytest.mark.parametrize("name", ["linear", "forest", "boosting"])
def test_many_rows_are_encoded_and_predicted_in_blocks_with_the_same_outcome(name, monkeypatch):
    exam = exam_of(plain(), ladder=LADDER)
    whole = outcome_of(exam, name)
    for place in (encodings, fit):
        monkeypatch.setattr(place, "BLOCK_ROWS", 7)
    again = exam_of(plain(), ladder=LADDER)
    blocks = outcome_of(again, name)
    np.testing.assert_array_equal(blocks.prediction, whole.prediction)
    [part] = module._shelf.parts.values()
    assert isinstance(part.test, module.OnDemand)
    assert len(part.test) == len(whole.prediction)


def test_rows_left_to_be_encoded_in_blocks_are_not_handed_to_those_that_want_them_whole():
    """Inner folds forward in time may be outer folds as well: the same rows, wanted whole by a study."""
    exam = exam_of(plain(), ladder=LADDER)
    rung = RUNGS["forest"]
    encoder = encoder_of(exam, rung, model_of(exam, rung, rung.defaults("binary"), 1))
    rows = exam.split(0, 0).train, exam.split(0, 0).test
    blocks = encoded(exam, rung, encoder, rows, blocks=7)
    whole = encoded(exam, rung, encoder, rows)
    assert isinstance(blocks.test, module.OnDemand)
    assert isinstance(whole.test, np.ndarray)
    np.testing.assert_array_equal(blocks.test[0:7], whole.test[0:7])


def test_the_clock_of_models_leaves_out_encoding_and_bookkeeping():
    exam = exam_of(plain(), ladder=[*LADDER, {"name": "slow", "level": 8, "estimator": "fakes:Sleeping",
                                              "settings": {"seconds": 0.05}}])  # fmt: skip
    costs = outcome_of(exam, "slow").costs
    assert 0.05 <= costs.model_seconds <= costs.fit_seconds + costs.predict_us_per_row * 30 / 1e6 + 0.01
    assert outcome_of(exam, "dummy").costs.model_seconds < 0.05


def test_a_study_encodes_each_inner_fold_once_whatever_the_number_of_trials(monkeypatch):
    made, fit = [], encodings.Encode.fit_transform
    monkeypatch.setattr(encodings.Encode, "fit_transform", lambda self, *rest: (made.append(1), fit(self, *rest))[1])
    counts = []
    for trials in (2, 9):
        exam = exam_of(
            plain(), ladder=LADDER, folds={"count": 3, "inner": 3}, tuning={"trials": trials, "pruning": False}
        )
        made.clear()
        assert run_unit(exam, unit_of(exam, "linear", "tuned")).status == "ok"
        counts.append(len(made))
    assert counts == [4, 4]  # three inner folds and the outer one
