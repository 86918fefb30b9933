"""Lasso makes the columns' products beforehand where they are the smaller table, and finds the same either way."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from kiss_bench.rungs import Surroundings, shipped_rungs
from kiss_bench.rungs._double import DoubleLasso
from kiss_bench.rungs._lasso import ShapedLasso

AROUND = Surroundings(task="regression", metric="rmse", seed=1)


def table(rows, columns):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(rows, columns))
    return X, X[:, 0] + rng.normal(size=rows)


@pytest.mark.parametrize(("rows", "columns", "beforehand"), [(200, 20, True), (20, 20, False), (20, 200, False)])
def test_products_are_made_beforehand_where_rows_outnumber_columns(rows, columns, beforehand, monkeypatch):
    X, y = table(rows, columns)
    asked, fit = [], Lasso.fit
    monkeypatch.setattr(Lasso, "fit", lambda self, *rest: (asked.append(self.precompute), fit(self, *rest))[1])
    ours = ShapedLasso(alpha=0.1, precompute=True, tol=1e-8).fit(X, y)
    assert (asked, ours.precompute) == ([beforehand], True)
    theirs = Lasso(alpha=0.1, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_what_the_config_says_of_it_holds():
    build = shipped_rungs()["linear"].build
    assert type(build(AROUND, {"penalty": "l1"})) is ShapedLasso
    assert type(build(AROUND, {"penalty": "l1", "precompute": True})) is DoubleLasso


def test_a_wide_table_needs_no_memory_for_products():
    """Of 100 rows and 40,000 columns they would take 12.8 GB."""
    X, y = table(100, 40_000)
    model = shipped_rungs()["linear"].build(AROUND, {"penalty": "l1", "alpha": 100.0})
    assert np.isfinite(model.fit(X, y).coef_).all()
