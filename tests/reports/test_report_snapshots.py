"""Whole reports, compared as text: wording is reviewed like code.

After a wanted change run `python tests/reports/accept_snapshots.py` and read the difference.
"""

import pytest
from accept_snapshots import FOLDER, SNAPSHOTS


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_report_reads_as_accepted(name):
    assert SNAPSHOTS[name]() == (FOLDER / name).read_text(encoding="utf-8")


def test_no_snapshot_is_left_over():
    assert {path.name for path in FOLDER.iterdir()} == set(SNAPSHOTS)
