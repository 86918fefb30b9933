"""What the digest covers, told without a look at every row of text, is what a look at every row tells."""

import json

import pandas as pd
import pytest

from kiss_bench.records.frames import _texts

COLUMNS = [
    pytest.param(pd.Series(["a", "b", None, 'q"u', "ü", "a"]), '["a","b","nan","q\\"u","ü","a"]', id="text with a gap"),
    pytest.param(pd.Series(["x"] * 3), '["x","x","x"]', id="one level"),
    pytest.param(pd.Series([], dtype="str"), "[]", id="no rows"),
    pytest.param(pd.Series([True, False]), '["True","False"]', id="truth"),
    pytest.param(pd.Series([[1.0, 2.0], [3.0]]), "[[1.0,2.0],[3.0]]", id="lists"),
    pytest.param(pd.Series(["a", None], dtype=object), '["a","None"]', id="objects"),
]


@pytest.mark.parametrize(("values", "expected"), COLUMNS)
def test_a_column_is_the_json_of_its_values(values, expected):
    assert _texts(values) == expected
    assert len(json.loads(expected)) == len(values)
