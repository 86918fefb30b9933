"""The number of trees: the minimum of the mean inner curve, checked against LightGBM's own training loop."""

import ctypes

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, exam_of, plain, unit_of
from lightgbm import LGBMClassifier, LGBMRegressor
from lightgbm.basic import _LIB, _ConfigAliases
from sklearn.metrics import log_loss

from kiss_bench.evaluation.encodings import Encode
from kiss_bench.evaluation.probabilities import floor_of, floored
from kiss_bench.rungs import _lightgbm, shipped_rungs
from kiss_bench.rungs._lightgbm import CURVES, OF_THE_DATA, SAME_BYTES, LightGBMRounds
from kiss_bench.tasks.folds import draw_inner
from kiss_bench.tuning.rounds import grow_to_common_minimum, grow_to_minimum
from kiss_bench.tuning.unit import inner_seed, run_unit

BOOSTING = shipped_rungs()["boosting"]
CHANCY = {"learning_rate": 0.1, "num_leaves": 8, "min_child_samples": 30, "subsample": 0.7, "subsample_freq": 1,
          "colsample_bytree": 0.5, "reg_lambda": 0.5, "cat_smooth": 5.0}  # fmt: skip


class Curve:
    """A model whose validation losses are known beforehand."""

    def __init__(self, curve):
        self.curve, self.losses = curve, []

    def grow(self, rounds):
        self.losses = self.curve[: max(rounds, len(self.losses))]


class Limits:
    parameter, cap, patience = "n_estimators", 12, 3


CURVES_AND_MINIMA = [
    pytest.param([3, 2, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0], 3, 6, id="stops three rounds after its minimum"),
    pytest.param([3, 2, 1, 2, 2, 0.5, 1, 1, 1, 9, 9, 9], 6, 9, id="goes on where a better round comes within three"),
    pytest.param(list(range(12, 0, -1)), 12, 12, id="falls to the cap"),
    pytest.param([1] * 12, 1, 4, id="flat: the first round"),
    pytest.param([1, *[2] * 11], 1, 4, id="rises from the start"),
]


@pytest.mark.parametrize(("curve", "best", "reach"), CURVES_AND_MINIMA)
def test_a_curve_is_followed_until_patience_runs_out(curve, best, reach):
    growing = Curve([float(loss) for loss in curve])
    assert grow_to_minimum(growing, Limits()) == best
    assert len(growing.losses) == reach


def test_the_common_minimum_is_that_of_the_mean_curve():
    falls_late = Curve([9.0, 8, 7, 6, 5, 4, 5, 6, 7, 8, 9, 9])
    falls_early = Curve([1.0, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30])
    for growing in (falls_late, falls_early):
        grow_to_minimum(growing, Limits())
    assert grow_to_common_minimum([falls_late, falls_early]) == 2
    assert len(falls_early.losses) >= 6, "grown on to the minimum of the other"


def inner_parts(exam, unit, outcome):
    """Encoded training and validation parts of the inner folds, made by hand."""
    for train, valid in draw_inner(exam.task, exam.plan, exam.split(0, 0).train, inner_seed(exam, unit)):
        encode = Encode("native", exam.task.columns, exam.task.kind, outcome.seeds["estimator"])
        features = encode.fit_transform(exam.task.frame.iloc[train], exam.targets[train])
        yield (features, exam.task.y[train]), (encode.transform(exam.task.frame.iloc[valid]), exam.task.y[valid])


OBJECTIVES = [
    ("binary", "log_loss", "binary_logloss", 1), ("binary", "roc_auc", "auc", -1),
    ("multiclass", "log_loss", "multi_logloss", 1), ("regression", "rmse", "rmse", 1), ("regression", "mae", "l1", 1),
]  # fmt: skip


@pytest.mark.parametrize(("task", "metric", "own", "sign"), OBJECTIVES)
def test_every_trial_has_the_number_of_rounds_that_lightgbm_itself_finds(task, metric, own, sign):
    """Whole curves by `lgb.train`, well beyond the rounds found; the trial's rounds are where their mean is lowest."""
    exam = exam_of(
        plain(task), ladder=["dummy", "linear", "boosting"], metric=metric, tuning={"trials": 4, "pruning": False}
    )
    unit = unit_of(exam, "boosting", "tuned")
    outcome = run_unit(exam, unit)
    kind = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[task]
    for trial in outcome.trials[1:]:
        settings = {**BOOSTING.defaults(task), **trial.params}
        rounds = settings.pop("n_estimators")
        fixed = {"objective": kind, "metric": own, "seed": outcome.seeds["estimator"], "deterministic": True,
                 "force_col_wise": True, "verbosity": -1, "num_threads": 1, "feature_pre_filter": False}  # fmt: skip
        fixed |= {"num_class": 3} if task == "multiclass" else {}
        curves = []
        for train, valid in inner_parts(exam, unit, outcome):
            data, seen = lgb.Dataset(*train, params={**fixed, **settings}), {}
            tested = [lgb.Dataset(*valid, reference=data)]
            watch = [lgb.record_evaluation(seen)]
            lgb.train({**fixed, **settings}, data, max(150, rounds + 40), valid_sets=tested, callbacks=watch)
            curves.append(sign * np.array(seen["valid_0"][own]))
        longest = max(stopped(curve) for curve in curves)
        assert rounds == np.argmin(np.mean(curves, axis=0)[:longest]) + 1


def stopped(curve, patience=LightGBMRounds.patience):
    """Where early stopping, left to itself, would have left this curve."""
    best = 0
    for place in range(len(curve)):
        if curve[place] < curve[best]:
            best = place
        elif place - best >= patience:
            break
    return best + 1


@pytest.mark.parametrize("rounds", [1, 7, 30])
@pytest.mark.parametrize("task", TASKS)
def test_a_model_stopped_early_equals_one_trained_to_that_round(task, rounds):
    """Rows and columns drawn at random, a column too rare to split on: bytes of both are equal all the same."""
    frame = plain(task, 200)
    frame["rare"] = (np.arange(200) % 20 == 0).astype(float)
    exam = exam_of(frame, ladder=["dummy", "linear", "boosting"])
    encode = Encode("native", exam.task.columns, task, 1)
    train, valid = (
        encode.fit_transform(exam.task.frame[:150], exam.targets[:150]),
        encode.transform(exam.task.frame[150:]),
    )
    prepared = LightGBMRounds(task, "rmse" if task == "regression" else "log_loss", (train, exam.task.y[:150]),
                              (valid, exam.task.y[150:]))  # fmt: skip
    growing = prepared.start({**CHANCY, "n_estimators": 999}, 5)
    growing.grow(60)
    from kiss_bench.rungs import Surroundings

    whole = BOOSTING.build(Surroundings(task=task, metric="", seed=5), {**CHANCY, "n_estimators": rounds})
    whole.fit(train, exam.task.y[:150])
    expected = whole.predict(valid) if task == "regression" else whole.predict_proba(valid)
    np.testing.assert_array_equal(growing.predict(rounds), expected)


ABOUT_THE_DATA = [
    {"max_bin": 7}, {"min_data_in_bin": 60}, {"subsample_for_bin": 50}, {"use_missing": False}, {"linear_tree": True},
    {"zero_as_missing": True}, {"class_weight": "balanced"}, {"class_weight": {0: 1.0, 1: 9.0}},
]  # fmt: skip


@pytest.mark.parametrize("about", ABOUT_THE_DATA, ids=str)
def test_settings_of_the_binned_data_are_heeded_and_a_trial_with_others_is_not_touched_by_them(about):
    """LightGBM itself would go on with the bins of the first trial and say nothing."""
    train, valid = numbers_with_gaps(1), numbers_with_gaps(2)
    prepared = LightGBMRounds("binary", "log_loss", train, valid)
    told = []
    for own in ({}, about, {}):
        growing = prepared.start({**CHANCY, **own}, 5)
        growing.grow(20)
        whole = LGBMClassifier(**SAME_BYTES, **CHANCY, **own, n_estimators=20, random_state=5, n_jobs=1).fit(*train)
        told.append(growing.predict(20))
        # of linear trees LightGBM keeps validation scores from features in single precision
        np.testing.assert_allclose(told[-1], whole.predict_proba(valid[0]), rtol=1e-6 if own.get("linear_tree") else 0)
    assert not np.array_equal(told[0], told[1])


def test_trials_that_agree_on_the_binned_data_share_it():
    prepared = LightGBMRounds("binary", "log_loss", numbers_with_gaps(1), numbers_with_gaps(2))
    first, alike, other = (prepared.binned({**CHANCY, **own}, 5)[0] for own in ({}, {"num_leaves": 4}, {"max_bin": 7}))
    assert first is alike
    assert first is not other


OF_FILES = {"header", "two_round", "pre_partition", "precise_float_parser", "parser_config_file", "label_column",
            "weight_column", "group_column", "ignore_column"}  # fmt: skip


def refuses(name):
    """Whether LightGBM refuses to go on with data that were binned under another value of this setting."""
    for values in (("2", "3"), ("true", "false")):
        old, new = (f"{name}={value} verbosity=-1".encode() for value in values)
        answer = _LIB.LGBM_DatasetUpdateParamChecking(ctypes.c_char_p(old), ctypes.c_char_p(new))
        if answer != 0 and _LIB.LGBM_GetLastError().decode().startswith("Cannot change"):
            return True
    return False


def test_all_that_lightgbm_refuses_to_change_of_binned_data_is_a_setting_of_the_data():
    _ConfigAliases.get("max_bin")  # has the list read
    refused = {name for name in _ConfigAliases.aliases if refuses(name)}
    assert refused >= {"max_bin", "use_missing", "linear_tree", "min_data_in_bin", "enable_bundle"}
    aliases = {alias for name in refused - OF_FILES for alias in _ConfigAliases.get(name)}
    assert OF_THE_DATA - {"class_weight"} >= aliases


def numbers_with_gaps(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["first", "second", "third"]).round(3)
    frame.loc[rng.random(400) < 0.2, "first"] = np.nan
    frame.loc[rng.random(400) < 0.2, "second"] = 0.0
    return frame, (frame["first"].fillna(1) + frame["second"] + rng.normal(size=400) > 0.6).to_numpy().astype(int)


def test_rounds_whose_predictions_are_no_longer_kept_are_predicted_anew_to_the_same_bytes(monkeypatch):
    frame = plain("binary", 120)
    parts = (frame[["first", "second"]], (frame["y"] == "yes").to_numpy().astype(int))
    found = []
    for kept in (0, 8, 30):
        monkeypatch.setattr(_lightgbm, "MOST_KEPT", kept * 8 * 120)
        growing = LightGBMRounds("binary", "log_loss", parts, parts).start(CHANCY, 1)
        growing.grow(30)
        assert len(growing.said) == kept
        found.append([growing.predict(rounds) for rounds in (1, 22, 23, 30)])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[2])


def test_growing_in_steps_is_growing_at_once():
    frame = plain("binary", 120)
    parts = (frame[["first", "second"]], (frame["y"] == "yes").to_numpy().astype(int))
    prepared = LightGBMRounds("binary", "log_loss", parts, parts)
    steps, once = (prepared.start(CHANCY, 1) for _ in range(2))
    for rounds in (3, 3, 1, 20):
        steps.grow(rounds)
    once.grow(20)
    assert steps.losses == once.losses
    assert len(once.losses) == 20


@pytest.mark.parametrize("seen", [2, 3])
def test_rows_of_a_label_that_training_lacks_have_no_part_in_the_curve(seen):
    """LightGBM would read beside its scores for them: curves with and without such rows are equal."""
    rng = np.random.default_rng(0)
    frame = plain("multiclass", 200)[["first", "second"]]
    y = rng.integers(0, seen, 200)
    gone = np.where(np.arange(200) % 4 == 0, -1, y)
    curves = []
    for rows, codes in ((frame, gone), (frame[gone >= 0], gone[gone >= 0])):
        growing = LightGBMRounds("multiclass", "log_loss", (frame, y), (rows, codes)).start(CHANCY, 1)
        growing.grow(10)
        curves.append(growing.losses)
        assert growing.predict(10).shape == (len(rows), seen)
    assert curves[0] == curves[1]
    assert max(curves[0]) < 2


def test_a_rare_label_missing_from_an_inner_fold_fails_no_study():
    frame = plain("multiclass", 150)
    frame["y"] = np.where(np.arange(150) < 3, "rare", np.where(frame["y"] == "low", "low", "top"))
    exam = exam_of(frame, ladder=["dummy", "linear", "boosting"], folds={"count": 3, "inner": 3}, tuning={"trials": 4})
    for fold in range(3):
        outcome = run_unit(exam, unit_of(exam, "boosting", "tuned", fold))
        assert (outcome.status, outcome.reason) == ("ok", "")
        assert [trial.reason for trial in outcome.trials if trial.state == "FAIL"] == []


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_weights_of_labels_reach_the_trials_as_they_reach_the_fit(task):
    """Trial 0, the default settings, is fitted by hand on every inner fold, with the labels by their names."""
    frame = plain(task, 200)
    weights = {name: 1.0 + 8.0 * place for place, name in enumerate(sorted(frame["y"].unique()))}
    entry = {"name": "boosting", "settings": {"class_weight": weights}}
    exam = exam_of(frame, ladder=["dummy", "linear", entry], tuning={"trials": 2})
    unit = unit_of(exam, "boosting", "tuned")
    outcome = run_unit(exam, unit)
    assert [trial.reason for trial in outcome.trials] == ["", ""]
    names, losses = np.array(exam.task.labels), []
    for train, valid in inner_parts(exam, unit, outcome):
        model = LGBMClassifier(**SAME_BYTES, class_weight=weights, random_state=outcome.seeds["estimator"], n_jobs=1)
        model.fit(train[0], names[train[1].astype(int)])
        said = floored(model.predict_proba(valid[0]), floor_of(len(train[1])))
        losses.append(log_loss(names[valid[1].astype(int)], said, labels=model.classes_))
    np.testing.assert_allclose(outcome.trials[0].inner_values, losses, rtol=1e-9)


def test_every_objective_has_a_curve():
    from kiss_bench.metrics import METRICS, objective_metric

    # a metric without a curve of its own stops where squared error or log-loss does
    assert set(CURVES) <= {objective_metric(name).name for name in METRICS}
    assert LGBMClassifier().n_estimators == LGBMRegressor().n_estimators == BOOSTING.defaults("binary")["n_estimators"]
