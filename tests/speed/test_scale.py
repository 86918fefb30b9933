"""The curve over rows and columns: the made table, the arithmetic of a cluster, and the command itself."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.big_table import CATEGORIES, NUMBERS, POSITIVE, SOURCE, TARGET, write_table
from speed.cluster import Stage, dealt, forecast
from speed.scale import HEADS, main

pytestmark = pytest.mark.slow

SECONDS = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)


def test_equal_arguments_give_equal_tables_and_another_seed_another(tmp_path):
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        write_table(tmp_path / name, 2000, 8, seed)
    one, same, other = (pd.read_parquet(tmp_path / name) for name in ("one", "same", "other"))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_the_table_looks_like_the_one_it_is_made_of_and_no_two_rows_are_alike(tmp_path):
    write_table(tmp_path / "t", 20_000, 16)
    made, source = pd.read_parquet(tmp_path / "t"), pd.read_parquet(SOURCE)
    assert made.shape == (20_000, 17)
    assert {str(made[name].dtype) for name in NUMBERS} == {"float32"}
    assert all(isinstance(made[name].dtype, pd.CategoricalDtype) for name in CATEGORIES)
    share = (source[TARGET] == POSITIVE).mean()
    assert (made[TARGET] == POSITIVE).mean() == pytest.approx(share, abs=0.015)
    assert not made.duplicated().any()
    for name in NUMBERS:
        assert made[name].mean() == pytest.approx(source[name].mean(), abs=4 * source[name].std() / 20_000**0.5)
    assert (made["age"] != made["age_2"]).all()


@given(SECONDS, st.integers(1, 40))
def test_a_stage_takes_at_least_its_longest_unit_and_its_share_of_the_work(seconds, workers):
    """And never more than both together: Graham's bound."""
    ends = dealt(seconds, workers)
    even = sum(seconds) / workers
    assert max(*seconds, even) - 1e-9 <= ends <= even + max(seconds) + 1e-9


CLUSTERS = [
    pytest.param({"a": 4.0, "b": 4.0, "c": 4.0, "d": 4.0}, 2, 9.0, "work", id="even work"),
    pytest.param({"a": 10.0, "b": 1.0, "c": 1.0}, 2, 11.0, "a", id="one long unit"),
    pytest.param({"a": 3.0, "b": 1.0}, 40, 4.0, "a", id="more workers than units"),
]


@pytest.mark.parametrize(("seconds", "workers", "wall", "bound"), CLUSTERS)
def test_what_bounds_a_cluster_is_named(seconds, workers, wall, bound):
    found = forecast([Stage(seconds=seconds)], workers, start_up=1.0)
    assert (found.seconds, found.bound_by) == (wall, bound)


def test_stages_follow_one_another():
    found = forecast([Stage(seconds={"a": 2.0}), Stage(seconds={}), Stage(seconds={"b": 5.0, "c": 5.0})], 2, 0.5)
    assert (found.seconds, found.bound_by) == (7.5, "work")


def test_the_command_measures_shows_and_writes_nothing_of_a_small_part(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("untouched", encoding="utf8")
    words = ["--only", "rows", "--most", "1000", "--store", str(tmp_path / "store"), "--page", str(page)]
    assert main(words) == 0
    first = capsys.readouterr()
    assert " | ".join(HEADS) in first.out
    assert "| 1,000 rows |" in first.out
    assert page.read_text(encoding="utf8") == "untouched"
    assert main(words) == 0
    again = capsys.readouterr()
    assert "done in" in first.err
    assert "done in" not in again.err, "what is measured is not measured again"
