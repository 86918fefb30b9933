import math

import numpy as np
import pytest
from exam_tables import exam_of, outcome_of, plain
from sklearn.tree import DecisionTreeClassifier

from kiss_bench.evaluation.attempt import LONGEST_REASON, attempt
from kiss_bench.evaluation.exam import Costs
from kiss_bench.evaluation.fit import middle, model_bytes
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.rungs import shipped_rungs


def ours(estimator: str, task: str = "binary", **entry):
    """An exam with one rung of the user's own."""
    return exam_of(
        plain(task), ladder=["dummy", "linear", {"name": "ours", "level": 8, "estimator": estimator, **entry}]
    )


FAILURES = [
    pytest.param("fakes:Failing", "ValueError", "no luck with this setting", id="raises in fit"),
    pytest.param("fakes:NaNs", "RungError", "60 of 60 predictions are not finite", id="predicts no numbers"),
    pytest.param(
        "fakes:NoProbabilities",
        "RungError",
        "NoProbabilities has no predict_proba; wrap it in sklearn.calibration.CalibratedClassifierCV",
        id="has no probabilities",
    ),
    pytest.param(
        "fakes:Absent",
        "RungError",
        "'fakes:Absent' cannot be loaded: AttributeError: module 'fakes' has no attribute 'Absent'",
        id="is not there",
    ),
    pytest.param(
        "no_such_module:Model",
        "RungError",
        "'no_such_module:Model' cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'",
        id="is in a module that is not there",
    ),
    pytest.param(
        "fakes:LUCKLESS",
        "RungError",
        "'fakes:LUCKLESS' gives a str, which is not a scikit-learn estimator",
        id="is no estimator",
    ),
]


@pytest.mark.parametrize(("estimator", "error", "reason"), FAILURES)
def test_a_rung_that_fails_has_its_class_and_reason_and_no_predictions(estimator, error, reason):
    outcome = outcome_of(ours(estimator), "ours")
    assert (outcome.status, outcome.error, outcome.reason) == ("failed", error, reason)
    assert outcome.prediction is None


def test_a_regressor_that_predicts_a_table_is_refused():
    outcome = outcome_of(ours("fakes:Table", "regression"), "ours")
    assert (outcome.error, outcome.reason) == ("RungError", "predicted an array of shape (30, 2) for 30 rows")


SETTINGS = [
    pytest.param("fakes:Tilted", {"quality": 0.0}, id="of a class"),
    pytest.param("fakes:READY", {"idle": 3.0}, id="of an instance"),
    pytest.param("fakes:spy", {"path": "/dev/null"}, id="of a factory"),
    pytest.param("fakes:spy", {"path": "/dev/null", "model__idle": 2.0}, id="of a part of what a factory makes"),
    pytest.param("sklearn.linear_model:LogisticRegression", {"C": 0.5}, id="of a library's class"),
]


@pytest.mark.parametrize(("estimator", "settings"), SETTINGS)
def test_settings_reach_an_estimator_however_it_is_given(estimator, settings):
    frame = plain().assign(row=np.arange(150))
    exam = exam_of(
        frame, ladder=["dummy", "linear", {"name": "o", "level": 8, "estimator": estimator, "settings": settings}]
    )
    outcome = outcome_of(exam, "o")
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert outcome.settings == settings


def test_a_setting_that_an_estimator_does_not_have_is_refused_with_those_it_has():
    outcome = outcome_of(ours("fakes:Tilted", settings={"qualty": 1.0}), "ours")
    assert outcome.reason == "Tilted has no parameters ['qualty']; it has: quality"


def test_seeds_reach_a_custom_estimator_and_differ_from_fold_to_fold():
    exam = ours("fakes:Noisy")
    first, again, other = (outcome_of(exam, "ours", fold=fold) for fold in (0, 0, 1))
    assert first.prediction.tobytes() == again.prediction.tobytes()
    assert first.seeds["estimator"] != other.seeds["estimator"]
    assert first.prediction.tobytes() != other.prediction.tobytes()


def test_a_pipeline_fitted_by_hand_says_what_the_unit_stored():
    exam = exam_of(plain(), ladder=["dummy", "linear", "forest"])
    split, frame = exam.split(0, 2), plain()
    for name in ("dummy", "linear", "forest"):
        outcome = outcome_of(exam, name, fold=2)
        pipe = pipeline_of(exam, shipped_rungs()[name], outcome.settings, outcome.seeds["estimator"])
        pipe.fit(frame.iloc[split.train], frame["y"].iloc[split.train])
        np.testing.assert_array_equal(pipe.predict_proba(frame.iloc[split.test]), outcome.prediction)


def test_probabilities_below_the_floor_are_counted_before_they_are_raised():
    """An unbounded tree says 0 and 1: one of two probabilities a row is below the floor."""
    exam = ours("sklearn.tree:DecisionTreeClassifier")
    outcome = outcome_of(exam, "ours")
    floor = 1 / (2 * 120)
    assert outcome.clipped == 30
    assert set(np.round(outcome.prediction.ravel(), 12)) == {round(floor / (1 + floor), 12), round(1 / (1 + floor), 12)}


def test_the_clock_covers_the_fit_and_a_model_has_a_size():
    exam = ours("fakes:Sleeping", settings={"seconds": 0.05})
    costs = outcome_of(exam, "ours").costs
    assert 0.05 <= costs.fit_seconds < 5
    assert costs.predict_us_per_row > 0
    assert costs.model_bytes > 100


def test_a_model_has_the_size_of_its_pickle_and_none_where_it_cannot_be_pickled():
    import pickle

    tree = DecisionTreeClassifier().fit(np.arange(500.0).reshape(-1, 1), np.arange(500) % 7)
    assert model_bytes(tree) == len(pickle.dumps(tree, protocol=5))
    assert model_bytes(lambda: 0) == 0


def test_costs_of_an_arm_are_medians_over_folds_and_the_sum_of_its_studies():
    costs = [Costs(fit_seconds=s, predict_us_per_row=s, model_bytes=int(s), tuning_seconds=s) for s in (1.0, 2.0, 90.0)]
    assert middle(costs) == Costs(fit_seconds=2.0, predict_us_per_row=2.0, model_bytes=2, tuning_seconds=93.0)


REASONS = [
    pytest.param(ValueError("  two\n lines "), "ValueError", "two lines", id="one line of it"),
    pytest.param(ZeroDivisionError(), "ZeroDivisionError", "no message", id="no message"),
    pytest.param(KeyError("x" * 900), "KeyError", "'" + "x" * (LONGEST_REASON - 2) + "…", id="cut where it runs on"),
]


@pytest.mark.parametrize(("error", "name", "reason"), REASONS)
def test_what_was_raised_becomes_a_failure(error, name, reason):
    def work():
        raise error

    failure = attempt(work).failure
    assert (failure.error, failure.reason) == (name, reason)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupts_and_exits_pass_through(error):
    def work():
        raise error

    with pytest.raises(error):
        attempt(work)


def test_what_works_is_handed_on():
    assert attempt(lambda: math.pi).found == math.pi


NAMING = [
    pytest.param({"name": "dummy", "settings": {"strategy": "constant", "constant": "yes"}}, id="a constant label"),
    pytest.param({"name": "tree", "settings": {"class_weight": {"no": 1, "yes": 50}}}, id="weights of labels"),
]


SPELT = [
    pytest.param(["no", "yes"], id="text"),
    pytest.param([0, 1], id="whole numbers"),
    pytest.param([0.5, 1.5], id="numbers"),
    pytest.param([False, True], id="flags"),
]
WEIGHING = ["linear", "boosting", {"name": "ours", "level": 8, "estimator": "sklearn.tree:DecisionTreeClassifier"}]


@pytest.mark.parametrize("labels", SPELT)
@pytest.mark.parametrize("entry", WEIGHING, ids=str)
def test_weights_of_labels_are_heeded_however_the_labels_are_spelt(entry, labels):
    frame = plain()
    frame["y"] = [labels[int(each == "yes")] for each in frame["y"]]
    weights = {str(labels[0]): 1, str(labels[1]): 50}
    name = entry if isinstance(entry, str) else entry["name"]
    plainly = {"name": entry} if isinstance(entry, str) else entry
    settings = {"max_depth": 2} if name == "ours" else {}
    said = []
    for own in (settings, {**settings, "class_weight": weights}):
        ladder = [each for each in ("dummy", "linear") if each != name] + [{**plainly, "settings": own}]
        exam = exam_of(frame, ladder=ladder, task="binary", positive=labels[1])
        outcome = outcome_of(exam, name)
        assert outcome.status == "ok", outcome.reason
        said.append(outcome.prediction[:, 1].mean())
    assert said[1] > said[0] + 0.1


@pytest.mark.parametrize("step", NAMING)
def test_settings_that_name_labels_mean_the_labels_of_the_table(step):
    """Shipped rungs are fitted on positions, 0 and 1; a config names labels."""
    names = ["dummy", "linear", "tree"]
    ladder = [step if name == step["name"] else name for name in names]
    asked, plainly = (outcome_of(exam_of(plain(), ladder=each), step["name"]) for each in (ladder, names))
    assert asked.status == "ok", asked.reason
    assert asked.prediction[:, 1].mean() > plainly.prediction[:, 1].mean() + 0.1
