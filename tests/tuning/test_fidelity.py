"""Trials of few trees are taken for what all would score: in the mean exactly for squared error, nearly elsewhere."""

import numpy as np
import pytest
from exam_tables import exam_of, plain, unit_of
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

from kiss_bench.evaluation.encodings import Encode
from kiss_bench.evaluation.probabilities import floor_of, floored
from kiss_bench.rungs import shipped_rungs
from kiss_bench.tasks.folds import draw_inner
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tuning.fidelity import Told
from kiss_bench.tuning.unit import inner_seed, run_unit

FOREST = shipped_rungs()["forest"]
FEW, ALL = FOREST.trial_settings["n_estimators"], FOREST.defaults("binary")["n_estimators"]


def told(members: np.ndarray, few: int, many: int) -> Told:
    """The first `few` of (m, n) member predictions, standing for `many`."""
    first, second = members[: few // 2].mean(axis=0), members[few // 2 : few].mean(axis=0)
    return Told(prediction=(first + second) / 2, halves=(first, second), missing=1 - few / many)


def test_squared_error_of_few_members_is_in_the_mean_that_of_all():
    """Normal members around a wrong centre: E loss(T) = bias^2 + variance / T, whatever B was."""
    rng = np.random.default_rng(0)
    values = []
    for _ in range(3000):
        members = rng.normal(0.5, 2.0, size=(10, 20))
        values.append(told(members, 10, 40).extrapolated(lambda mean: float(np.mean(mean**2))))
    standard_error = np.std(values) / np.sqrt(len(values))
    assert np.mean(values) == pytest.approx(0.25 + 4.0 / 40, abs=4 * standard_error)
    assert standard_error < 0.01


def test_what_has_all_its_members_is_taken_as_it_is():
    assert Told(prediction=np.array([1.0, 3.0])).extrapolated(lambda mean: float(mean.sum())) == 4.0
    alike = np.ones((4, 3))
    assert told(alike, 4, 16).extrapolated(lambda mean: float(mean.sum())) == pytest.approx(3.0)


def forests(kind: str, leaf: int):
    """(300, n) predictions of single trees on held-out rows, and what is scored."""
    make = make_regression if kind == "rmse" else make_classification
    noise = {"noise": 20.0} if kind == "rmse" else {"flip_y": 0.2, "n_informative": 4}
    X, y = make(n_samples=700, n_features=8, random_state=3, **noise)
    model = RandomForestRegressor if kind == "rmse" else RandomForestClassifier
    fitted = model(4 * ALL, min_samples_leaf=leaf, random_state=0).fit(X[:350], y[:350])
    said = [
        tree.predict(X[350:]) if kind == "rmse" else tree.predict_proba(X[350:])[:, 1] for tree in fitted.estimators_
    ]
    return np.stack(said), y[350:]


SCORES = {
    "rmse": mean_squared_error,
    "log_loss": lambda y, p: log_loss(y, np.clip(p, floor_of(350), 1 - floor_of(350))),
    "roc_auc": lambda y, p: -roc_auc_score(y, p),
}


@pytest.mark.parametrize("leaf", [1, 5, 20])
@pytest.mark.parametrize("kind", SCORES)
def test_the_bias_of_few_real_trees_is_gone_or_a_third_of_what_it_was(kind, leaf):
    trees, actual = forests(kind, leaf)

    def score(mean: np.ndarray) -> float:
        return float(SCORES[kind](actual, mean))

    whole = np.mean([score(trees[at : at + ALL].mean(axis=0)) for at in range(0, len(trees), ALL)])
    blocks = [trees[at : at + FEW] for at in range(0, len(trees) - FEW + 1, FEW)]
    plainly = np.array([score(block.mean(axis=0)) for block in blocks])
    found = np.array([told(block, FEW, ALL).extrapolated(score) for block in blocks])
    bias, left = plainly.mean() - whole, found.mean() - whole
    error = found.std() / np.sqrt(len(blocks))
    assert bias > 0
    assert abs(left) <= max(bias / 3, 3 * error)
    assert found.std() <= 1.5 * plainly.std(), "little noise is added"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_values_of_a_forests_trials_are_those_worked_out_by_hand(task):
    exam = exam_of(plain(task), ladder=["dummy", "linear", "forest"], tuning={"trials": 2, "pruning": False})
    unit = unit_of(exam, "forest", "tuned")
    outcome = run_unit(exam, unit)
    default = outcome.trials[0]
    train, valid = draw_inner(exam.task, exam.plan, exam.split(0, 0).train, inner_seed(exam, unit))[1]
    encode = Encode("ordinal", exam.task.columns, task, seed_of(exam.root, "estimator"))
    X, V = encode.fit_transform(exam.task.frame.iloc[train]), encode.transform(exam.task.frame.iloc[valid])
    model = RandomForestRegressor if task == "regression" else RandomForestClassifier
    columns = 1.0 if task == "regression" else "sqrt"
    forest = model(FEW, random_state=outcome.seeds["estimator"], max_features=columns).fit(X, exam.task.y[train])
    actual = exam.task.y[valid]
    if task == "regression":
        said = np.stack([tree.predict(V) for tree in forest.estimators_])
        parts = [said.mean(axis=0), said[: FEW // 2].mean(axis=0), said[FEW // 2 :].mean(axis=0)]

        def score(values):
            return float(np.sqrt(np.mean((values - actual) ** 2)))
    else:
        said = np.stack([tree.predict_proba(V) for tree in forest.estimators_])
        floor = floor_of(len(train))
        parts = [floored(part.mean(axis=0), floor) for part in (said, said[: FEW // 2], said[FEW // 2 :])]

        def score(values):
            return float(-np.mean(np.log(values[np.arange(len(actual)), actual])))

    mean, first, second = parts
    bent = (score((first + mean) / 2) + score((second + mean) / 2)) / 2 - score(mean)
    by_hand = score(mean) - (1 - FEW / ALL) * 4 * bent
    assert default.inner_values[1] == pytest.approx(by_hand, rel=1e-9)
