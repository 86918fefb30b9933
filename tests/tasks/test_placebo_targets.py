"""Targets that cannot be known: moved as far as rows hang together, whole, and the same at every call."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, exam_of, plain

from kiss_bench.runs.placebo import placebo_exam
from kiss_bench.tasks.placebo import donors, placebo_task

DRAWS = range(3)


def moved(exam, draw=0, attempt=0):
    return donors(exam.task, exam.folds, exam.root, draw, attempt)


def grouped(sizes, seed=0):
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(customer))
    table = pd.DataFrame(
        {"a": rng.normal(size=len(customer)), "customer": customer, "y": np.arange(len(customer)) + 0.5}
    )
    return table.iloc[order].reset_index(drop=True)


def in_time(days, rows_a_day=1):
    rng = np.random.default_rng(0)
    day = np.repeat(pd.date_range("2024-01-01", periods=days), rows_a_day)
    return pd.DataFrame({"a": rng.normal(size=len(day)), "day": day, "y": rng.normal(size=len(day))})


@pytest.mark.parametrize("task", TASKS)
class TestOfRowsDrawnOneByOne:
    def test_the_target_is_permuted_and_no_draw_is_like_another(self, task):
        exam = exam_of(plain(task))
        found = [moved(exam, draw) for draw in DRAWS]
        assert all(sorted(each) == list(range(150)) for each in found)
        assert all((each == np.arange(150)).mean() < 0.1 for each in found)
        assert len({each.tobytes() for each in found}) == 3

    def test_it_is_the_same_whenever_it_is_asked_for(self, task):
        one, other = (moved(exam_of(plain(task)), 1) for _ in range(2))
        assert one.tobytes() == other.tobytes()
        assert moved(exam_of(plain(task)), 1, attempt=1).tobytes() != one.tobytes()

    def test_codes_and_labels_go_together_and_the_data_are_other_data(self, task):
        exam = exam_of(plain(task))
        made, donor = placebo_task(exam.task, exam.folds, exam.root, 0), moved(exam)
        assert (made.y == exam.task.y[donor]).all()
        assert made.actual.tolist() == exam.task.actual.iloc[donor].tolist()
        assert made.frame is exam.task.frame
        hashes = {exam.task.data_hash, *(placebo_exam(exam, draw).task.data_hash for draw in DRAWS)}
        assert len(hashes) == 4


def test_stratified_folds_keep_their_classes():
    exam = exam_of(plain("multiclass", 151))
    made = placebo_exam(exam, 0)
    assert made.folds.kind == "stratified"
    for split in made.folds.of(0):
        assert np.bincount(made.task.y[split.test]).tolist() == np.bincount(exam.task.y[split.test]).tolist()
        assert not (made.task.y[split.test] == exam.task.y[split.test]).all()


def test_folds_given_by_a_column_stay_as_they_are_and_the_target_goes_over_all_rows():
    frame = plain().assign(part=np.arange(150) % 4 - 1)
    exam = exam_of(frame, folds={"kind": "predefined", "column": "part", "inner": 2}, tuning={"trials": 0})
    made = placebo_exam(exam, 0)
    assert made.folds.hash == exam.folds.hash
    assert sorted(moved(exam)) == list(range(150))
    assert (frame["part"].to_numpy()[moved(exam)] != frame["part"].to_numpy()).mean() > 0.5


@pytest.mark.parametrize("kind", ["group", "shuffled"])
@pytest.mark.parametrize("sizes", [[5] * 12, [2, 2, 2, 7, 7, 9, 9, 9], [3, 4, 5, 6, 7, 8, 9, 10, 11, 30], [1, 6, 6, 6]])
class TestOfGroups:
    def exam(self, kind, sizes):
        return exam_of(grouped(sizes), data={"group": "customer"}, folds={"kind": kind, "count": 3, "inner": 2})

    def test_every_group_gets_the_target_of_one_other_group(self, kind, sizes):
        exam = self.exam(kind, sizes)
        for draw in DRAWS:
            giver = exam.task.group[moved(exam, draw)]
            for group in range(len(sizes)):
                assert len(set(giver[exam.task.group == group])) == 1
                assert giver[exam.task.group == group][0] != group

    def test_of_one_of_the_same_size_where_there_is_one(self, kind, sizes):
        exam = self.exam(kind, sizes)
        donor = moved(exam)
        for group, size in enumerate(sizes):
            if sizes.count(size) > 1:
                taken = donor[exam.task.group == group]
                assert sizes[exam.task.group[taken[0]]] == size
                assert len(set(taken)) == size, "nothing of it is lost or said twice"

    def test_a_longer_one_is_cut_and_a_shorter_one_repeated(self, kind, sizes):
        exam = self.exam(kind, sizes)
        donor = moved(exam)
        for group, size in enumerate(sizes):
            taken = donor[exam.task.group == group]
            given = sizes[exam.task.group[taken[0]]]
            assert len(set(taken)) == min(size, given)


def test_what_all_groups_have_in_common_along_their_rows_does_not_stay_in_place():
    frame = pd.DataFrame({"customer": np.repeat(np.arange(40), 7), "a": 0.0, "y": np.tile(np.arange(7.0), 40)})
    exam = exam_of(frame.assign(a=np.arange(280.0)), data={"group": "customer"}, task="regression")
    weekdays = exam.task.y[moved(exam)].reshape(40, 7)
    assert weekdays.mean(axis=0).std() < 0.5


@pytest.mark.parametrize(("days", "a_day"), [(300, 1), (60, 4), (20, 3), (7, 5)])
class TestInTime:
    def exam(self, days, a_day):
        return exam_of(in_time(days, a_day), data={"time": "day"}, folds={"count": 3, "inner": 2}, tuning={"trials": 0})

    def test_every_target_comes_from_a_quarter_of_the_span_away(self, days, a_day):
        exam = self.exam(days, a_day)
        for draw in DRAWS:
            donor = moved(exam, draw)
            assert sorted(donor) == list(range(days * a_day))
            shift = (exam.task.time[donor] - exam.task.time) % days
            assert np.minimum(shift, days - shift).min() >= 0.25 * days

    def test_no_draw_is_like_another(self, days, a_day):
        exam = self.exam(days, a_day)
        assert len({tuple(exam.task.time[moved(exam, draw)]) for draw in DRAWS}) == 3

    def test_it_comes_by_whole_days(self, days, a_day):
        exam = self.exam(days, a_day)
        sources = exam.task.time[moved(exam)].reshape(days, a_day)
        assert (sources == sources[:, :1]).all()

    def test_neighbours_in_time_stay_neighbours_but_for_a_few_seams(self, days, a_day):
        sources = self.exam(days, a_day).task.time[moved(self.exam(days, a_day))].reshape(days, a_day)[:, 0]
        assert (np.diff(sources) != 1).sum() <= 12


def test_a_season_has_another_phase_in_each_piece():
    exam = exam_of(in_time(240), data={"time": "day"}, folds={"count": 3, "inner": 2}, tuning={"trials": 0})
    phases = np.bincount((moved(exam) - np.arange(240)) % 12, minlength=12)
    assert (phases > 0).sum() >= 5
    assert phases.max() < 240 / 2


def test_the_same_rows_are_held_out_and_the_seeds_are_others():
    exam = exam_of(plain())
    made = [placebo_exam(exam, draw) for draw in DRAWS]
    assert all(one.folds.hash == exam.folds.hash for one in made)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(made[0].folds.splits, exam.folds.of(0), strict=True))
    assert len({exam.root, *(one.root for one in made)}) == 4


def test_few_trials_one_repeat_and_no_other_metrics():
    exam = exam_of(plain(), metric={"primary": "log_loss", "also": ["f1"]}, tuning={"trials": 12},
                   folds={"repeats": 5})  # fmt: skip
    made = placebo_exam(exam, 0)
    assert {step.trials for step in made.plan.ladder} <= {0, 5}
    assert {split.repeat for split in made.folds.splits} == {0}
    assert (made.plan.metric.margin, made.plan.metric.also) == (0.0, ())


def test_a_target_that_cannot_be_judged_is_drawn_again():
    """Of 8 customers two hold the rare class; on some draws both are in one fold, with nothing to learn from."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "customer": np.repeat(np.arange(8), 10)})
    frame["y"] = np.where((frame["customer"] < 2), "rare", "common")
    exam = exam_of(frame, data={"group": "customer"}, folds={"count": 2, "inner": 2}, tuning={"trials": 0})
    for draw in DRAWS:
        made = placebo_exam(exam, draw)
        assert all(len(np.unique(made.task.y[split.train])) == 2 for split in made.folds.splits)
        assert made.task.y.tolist() == placebo_exam(exam, draw).task.y.tolist()


def test_features_that_are_made_of_raw_rows_are_made_again():
    from dataclasses import replace

    exam = exam_of(plain())
    seen = []

    def remade(task):
        seen.append(task.actual.tolist())
        return replace(task, frame=task.frame.assign(first=7.0))

    made = placebo_exam(exam, 0, remade)
    assert set(made.task.frame["first"]) == {7.0}
    assert seen[-1] == made.task.actual.tolist() != exam.task.actual.tolist()
