"""What workers share is in a folder that ends with its run, and that no other run takes for a leftover."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from kiss_bench.engines.work_directory import LOCK, WorkDirectory
from kiss_bench.errors import RecordError


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder):
    os.utime(folder, (0, 0))
    return folder


def test_a_folder_whose_run_lives_is_left_alone_however_old_it_is(place):
    first = WorkDirectory({"rows": 1})
    aged(first.folder)
    second = WorkDirectory({"rows": 2})
    assert {path.name for path in place.glob("kiss-bench-*")} == {first.folder.name, second.folder.name}
    first.close()
    second.close()
    assert not list(place.glob("kiss-bench-*"))


def test_an_old_one_whose_run_is_gone_is_swept_and_what_is_no_run_s_is_not(place):
    left, foreign, new = (place / f"kiss-bench-{name}" for name in ("left", "foreign", "new"))
    for folder in (left, foreign, new):
        folder.mkdir()
    for folder in (left, new):
        (folder / LOCK).touch()
    aged(left)
    aged(foreign)
    WorkDirectory({"rows": 1}).close()
    assert {path.name for path in place.iterdir()} == {foreign.name, new.name}


def test_a_folder_in_which_nothing_can_be_made_is_told_and_gone(place, monkeypatch):
    opened = Path.open

    def full(path, *rest, **more):
        if path.name == LOCK:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, *rest, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(RecordError, match=r"cannot be written to .*: No space left on device"):
        WorkDirectory({"rows": 1})
    assert not list(place.glob("kiss-bench-*"))
