"""The solver follows the shape of the table, and no shape changes what is fitted."""

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kiss_bench.rungs import Surroundings, shipped_rungs
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


@pytest.mark.parametrize("name", ["linear", "additive"])
def test_a_solver_that_is_asked_for_is_used_whatever_the_shape(name):
    X, y = table(20, 40)
    around = Surroundings(task="binary", metric="log_loss", seed=1)
    for settings, solver in (({"solver": NEWTON}, NEWTON), ({}, "lbfgs")):
        model = shipped_rungs()[name].build(around, {"C": 0.1, **settings})
        last = model.fit(X, y)[-1] if name == "additive" else model.fit(X, y)
        columns = model[:-1].transform(X) if name == "additive" else X
        theirs = LogisticRegression(**{**last.get_params(), "solver": solver, "max_iter": 300}).fit(columns, y)
        np.testing.assert_array_equal(last.n_iter_, theirs.n_iter_)


@pytest.mark.alone
def test_a_wide_table_takes_a_tenth_of_newtons_time_at_most():
    X, y = table(100, 1500)
    seconds = {LogisticRegression: [], ShapedLogisticRegression: []}
    for model in 3 * list(seconds):
        started = time.perf_counter()
        model(solver=NEWTON).fit(X, y)
        seconds[model].append(time.perf_counter() - started)
    assert min(seconds[ShapedLogisticRegression]) < min(seconds[LogisticRegression]) / 10
