"""Text that is nearly all numbers or dates is said aloud; honest text is left in peace."""

import numpy as np
import pandas as pd
import pytest

from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.doubts import doubts


def told(cells) -> str:
    return " ".join(doubts(*canonical(pd.DataFrame({"x": cells}))))


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["red", "green", "blue"] * 10, id="words"),
        pytest.param(["A11", "A12", "4", None] * 10, id="codes with a few bare numbers"),
        pytest.param([1.5, 2.5, None] * 10, id="numbers"),
        pytest.param(["1", "2", "3"] * 10, id="digits that are text on purpose, all of them"),
        pytest.param(["2024-01-31", "2024-02-29"] * 10, id="dates that are read as dates"),
        pytest.param([None] * 30, id="nothing at all"),
        pytest.param([f"{number}-{number + 5} years" for number in range(30)], id="ranges"),
    ],
)
def test_no_doubt_about(cells):
    assert told(cells) == ""


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        pytest.param([*map(str, np.arange(99) / 2), "?"], "99.0% of its values are numbers (not: '?')", id="one ?"),
        pytest.param(["1,234", "12,345", "999"] * 10, "are no plain numbers", id="thousands"),
        pytest.param(["$12", "$13.50"] * 10, "are no plain numbers", id="money"),
        pytest.param(["50%", "12.5%"] * 10, "are no plain numbers", id="percent"),
        pytest.param(["31/01/2024", "29/02/2024", "01/03/2024"] * 10, "look like dates", id="day first"),
        pytest.param(["Jan 01, 2020", "Feb 12, 2021"] * 10, "look like dates", id="spelt months"),
    ],
)
def test_doubt_about(cells, said):
    assert said in told(cells)
    assert told(cells).startswith("column 'x' is taken as text")
