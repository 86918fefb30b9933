"""The solver follows the shape of the table, and no shape changes what is fitted."""

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kiss_bench.rungs._logistic import NEWTON, ShapedLogisticRegression


def table(rows, columns):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(rows, columns))
    return X, X[:, 0] + rng.normal(size=rows) > 0


@pytest.mark.parametrize(
    ("rows", "columns", "newton"), [(600, 20, True), (40, 20, True), (20, 40, False), (1200, 1001, False)]
)
def test_newtons_method_is_for_tall_tables_only(rows, columns, newton):
    X, y = table(rows, columns)
    settings = {"solver": NEWTON, "max_iter": 100, "tol": 1e-8, "C": 0.1}
    ours, theirs = (model(**settings) for model in (ShapedLogisticRegression, LogisticRegression))
    np.testing.assert_allclose(ours.fit(X, y).coef_, theirs.fit(X, y).coef_, rtol=1e-3, atol=1e-5)
    assert (ours.n_iter_ == theirs.n_iter_).all() == newton
    assert (ours.solver, ours.max_iter) == (NEWTON, 100)


def test_a_wide_table_takes_no_time():
    X, y = table(100, 2000)
    started = time.perf_counter()
    ShapedLogisticRegression(solver=NEWTON).fit(X, y)
    assert time.perf_counter() - started < 1.0  # Newton's method takes a hundred times as long
