"""What workers share is one file that they map: views of the same pages, which nobody can write into."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exam_tables import exam_of, messy

from kiss_bench.engines.local import each
from kiss_bench.engines.work_directory import ALIGNED, laid_out, lay_out
from kiss_bench.errors import KissBenchError


def lies_in_a_map(array):
    """Whether the array's memory belongs to a mapped file, by the kernel's own table."""
    address = array.__array_interface__["data"][0]
    for line in Path("/proc/self/maps").read_text(encoding="utf8").splitlines():
        start, end = (int(end, 16) for end in line.split()[0].split("-"))
        if start <= address < end:
            return line.split()[-1]
    return None


def test_arrays_come_back_as_aligned_views_of_the_file(tmp_path):
    shared = {"a": np.arange(1000.0), "b": np.arange(7, dtype=np.int8), "c": np.asfortranarray(np.eye(5)), "d": "text"}
    size = lay_out(tmp_path / "shared", shared)
    assert (tmp_path / "shared").stat().st_size == size
    found = laid_out(str(tmp_path / "shared"))
    for name in "abc":
        assert np.array_equal(found[name], shared[name])
        assert found[name].__array_interface__["data"][0] % ALIGNED == 0
        assert lies_in_a_map(found[name]) == str(tmp_path / "shared")
        assert not found[name].flags.writeable
    assert found["d"] == "text"


def test_the_exam_is_mapped_and_not_copied(tmp_path):
    exam = exam_of(messy("binary"), data={"drop": ["part"]})
    lay_out(tmp_path / "shared", exam)
    found = laid_out(str(tmp_path / "shared"))
    for array in (found.task.y, found.task.row_id, found.folds.splits[0].train):
        assert lies_in_a_map(array) == str(tmp_path / "shared")
    numbers = [name for name, kind in found.task.frame.dtypes.items() if kind == np.float64]
    assert len(numbers) >= 5
    for name in numbers:
        assert lies_in_a_map(found.task.frame[name].to_numpy()) == str(tmp_path / "shared")
    pd.testing.assert_frame_equal(found.task.frame, exam.task.frame)
    assert laid_out(str(tmp_path / "shared")) is found
    one, other = (laid_out(str(tmp_path / "shared")).task.frame[numbers[0]].to_numpy() for _ in range(2))
    assert np.shares_memory(one, other)


def test_writing_into_what_is_shared_is_refused_and_rows_of_ones_own_are_not(tmp_path):
    exam = exam_of(messy("binary"), data={"drop": ["part"]})
    lay_out(tmp_path / "shared", exam)
    before = (tmp_path / "shared").read_bytes()
    found = laid_out(str(tmp_path / "shared"))
    with pytest.raises(ValueError, match="read-only"):
        found.task.y[0] = 1
    rows = found.task.frame.iloc[found.folds.splits[0].train]
    rows.iloc[:, 0] = 0.0
    rows["new"] = 1
    assert (tmp_path / "shared").read_bytes() == before
    assert pickle.dumps(exam.task.y) == pickle.dumps(np.array(found.task.y))


def spoil(shared, number):
    """A unit that writes into what it shares with all others."""
    if number == 0:
        shared[:] = -1.0
    return float(shared.sum()), int(shared.ctypes.data % ALIGNED)


def test_one_that_spoils_what_all_share_spoils_it_for_nobody():
    with pytest.raises(ValueError, match="read-only"):
        list(each(spoil, np.ones(1000), [0], 2))
    assert list(dict(each(spoil, np.ones(1000), [1, 2, 3, 4], 2)).values()) == [(1000.0, 0)] * 4


def die(shared, number):
    os._exit(number)


def refuse(shared, number):
    raise KissBenchError(f"{shared} {number}")


def test_a_mapping_raises_what_its_function_raised_and_tells_of_a_death():
    with pytest.raises(KissBenchError, match="no 7"):
        list(each(refuse, "no", [7], 1))
    with pytest.raises(KissBenchError, match=r"WorkerDied: its worker process ended with exit code 7; peak memory 0"):
        list(each(die, "no", [7], 1))
