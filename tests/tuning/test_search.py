"""One study at a time, run in this process on small real exams."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from exam_tables import TASKS, exam_of, outcome_of, plain, unit_of

from kiss_bench.evaluation.fit import fit_inner
from kiss_bench.metrics import objective_metric, score
from kiss_bench.rungs import shipped_rungs
from kiss_bench.tasks.folds import draw_inner
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tuning.unit import inner_seed, run_unit

RUNGS = shipped_rungs()
TUNED = [(rung.name, task) for rung in RUNGS.values() for task in rung.tasks if rung.space(task)]


def exam_with(entry, *, rows=150, seed=0, tuning=None, **keys):
    """An exam with this entry on the ladder and 12 trials."""
    tuned = {"trials": 12, **(tuning or {})}
    below = ["dummy"] if entry["name"] == "linear" else ["dummy", "linear"]
    return exam_of(plain(rows=rows, seed=seed), ladder=[*below, entry], tuning=tuned, **keys)


def ours(estimator, **entry):
    return {"name": "ours", "level": 8, "estimator": estimator, **entry}


def studied(entry, **keys):
    return outcome_of(exam_with(entry, **keys), entry["name"], "tuned")


def told(outcome):
    """All that must be equal from run to run: everything but the seconds."""
    return [replace(trial, seconds=0.0, started=0.0) for trial in outcome.trials]


@pytest.mark.parametrize(("name", "task"), TUNED)
def test_trial_0_is_the_default_settings_and_seeds_are_those_of_the_contract(name, task):
    exam = exam_of(plain(task), ladder=list(dict.fromkeys(["dummy", "linear", name])), tuning={"trials": 2})
    outcome = outcome_of(exam, name, "tuned", fold=1)
    defaults = RUNGS[name].defaults(task)
    first = outcome.trials[0]
    assert first.params == {key: value for key, value in defaults.items() if key in first.params}
    assert {line.name for line in RUNGS[name].space(task)} <= set(first.params)
    assert first.state == "COMPLETE"
    axes = {"rung": name, "arm": "tuned", "repeat": 0, "fold": 1}
    assert [trial.seed for trial in outcome.trials] == [seed_of(exam.root, "trial", **axes, trial=n) for n in (0, 1)]
    assert outcome.seeds == {
        "estimator": seed_of(exam.root, "estimator", **axes),
        "study": seed_of(exam.root, "study", **axes),
        "inner": seed_of(exam.root, "inner", repeat=0, fold=1),
    }


@pytest.mark.parametrize(("name", "task"), TUNED)
def test_inner_predictions_are_those_of_pipelines_fitted_by_hand(name, task):
    """What trials do in a fast way is what the best settings do in the plain way, up to the cheaper fidelity."""
    exam = exam_of(plain(task), ladder=list(dict.fromkeys(["dummy", "linear", name])), tuning={"trials": 4})
    unit = unit_of(exam, name, "tuned")
    outcome = run_unit(exam, unit)
    splits = draw_inner(exam.task, exam.plan, exam.split(0, 0).train, inner_seed(exam, unit))
    settings = {**outcome.settings, **RUNGS[name].trial_settings}
    rows, prediction = fit_inner(exam, RUNGS[name], settings, outcome.seeds["estimator"], splits)
    np.testing.assert_array_equal(outcome.inner_rows, rows)
    np.testing.assert_allclose(outcome.inner_prediction, prediction, rtol=1e-9, atol=1e-12)
    assert set(rows) == set(exam.split(0, 0).train)
    best = next(trial for trial in outcome.trials if trial.params.items() <= outcome.settings.items())
    metric = objective_metric(exam.plan.metric.primary)
    edges = np.cumsum([0, *(len(valid) for _, valid in splits)])
    values = [score(metric, exam.task.y[rows[a:b]], prediction[a:b]) for a, b in pairwise(edges)]
    if not RUNGS[name].members:  # values of fewer members are extrapolated: test_fidelity.py
        np.testing.assert_allclose(best.inner_values, values, rtol=1e-9)
    assert best.value == pytest.approx(np.mean(best.inner_values), rel=1e-9)


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_equal_seeds_give_equal_trials_and_other_seeds_others(sampler):
    """25 trials, so that TPE's model has its say after ten random ones."""
    entry = ours("fakes:Tilted", space={"quality": "float(-1, 1)"})
    one, same, other = (studied(entry, tuning={"sampler": sampler, "trials": 25}, seed=seed) for seed in (0, 0, 1))
    assert len(one.trials) == 25
    assert told(one) == told(same)
    assert [trial.params for trial in one.trials] != [trial.params for trial in other.trials]


def test_tpe_learns_and_random_does_not():
    """After its random start TPE comes nearer to the best quality, here the upper end, than random search does."""
    entry = ours("fakes:Tilted", space={"quality": "float(-1, 1)"})
    late = {}
    for sampler in ("tpe", "random"):
        trials = studied(entry, tuning={"sampler": sampler, "trials": 40}).trials
        late[sampler] = np.mean([trial.params["quality"] for trial in trials[15:]])
    assert late["tpe"] > late["random"] + 0.3


def test_a_study_does_not_depend_on_the_clock():
    """The same estimator, slow and fast: seconds differ, nothing else does."""
    entries = [ours("fakes:Sleeping", space={"idle": "float(0, 1)"}, settings={"seconds": s}) for s in (0.0, 0.02)]
    fast, slow = (studied(entry) for entry in entries)
    assert told(fast) == told(slow)
    assert sum(trial.seconds for trial in slow.trials) >= 12 * 3 * 0.02
    assert fast.stopped_by == slow.stopped_by == "trials"


def test_a_time_limit_ends_a_study_early_and_says_so():
    entry = ours("fakes:Sleeping", space={"idle": "float(0, 1)"}, settings={"seconds": 0.05})
    outcome = studied(entry, tuning={"timeout": 0.01})
    assert (outcome.stopped_by, len(outcome.trials)) == ("timeout", 1)
    assert outcome.status == "ok"


def test_ties_go_to_the_lowest_number():
    outcome = studied(ours("fakes:Constant", space={"idle": "float(0, 1)"}, settings={}))
    assert len({trial.value for trial in outcome.trials}) == 1
    assert outcome.settings == {}, "trial 0, the default settings, which name nothing here"
    linear = studied({"name": "tree", "settings": {}}, rows=40)
    values = [trial.value for trial in linear.trials if trial.state == "COMPLETE"]
    winner = next(trial for trial in linear.trials if trial.value == min(values) and trial.state == "COMPLETE")
    assert winner.params.items() <= linear.settings.items()


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "accuracy"])
def test_the_best_trial_is_best_by_the_objective_whatever_its_direction(metric):
    entry = ours("fakes:Tilted", space={"quality": "float(-1, 1)"})
    outcome = studied(entry, metric=metric, tuning={"pruning": False})
    done = [trial for trial in outcome.trials if trial.state == "COMPLETE"]
    best = max(done, key=lambda trial: trial.value if metric == "roc_auc" else -trial.value)
    assert outcome.settings == best.params
    assert best.params.get("quality", 0.2) > 0
    worst = min(done, key=lambda trial: trial.value if metric == "roc_auc" else -trial.value)
    assert worst.value != best.value


def test_trials_that_fail_stay_on_record_with_class_and_reason_and_count_against_the_budget():
    outcome = studied(ours("fakes:FailingAbove", space={"quality": "float(0, 1)"}), tuning={"pruning": False})
    assert outcome.status == "ok"
    assert [trial.number for trial in outcome.trials] == list(range(12))
    for trial in outcome.trials[1:]:
        quality = trial.params["quality"]
        error = "KeyError" if quality > 0.8 else "ValueError" if quality > 0.5 else ""
        reason = {"KeyError": "'no luck with this setting'", "ValueError": "no luck with this setting", "": ""}[error]
        assert (trial.state, trial.error, trial.reason) == ("FAIL" if error else "COMPLETE", error, reason)
        assert (trial.value is None) == bool(error)
        assert len(trial.inner_values) == (0 if error else 3)
    assert {trial.error for trial in outcome.trials} == {"", "KeyError", "ValueError"}
    assert outcome.settings["quality"] <= 0.5


def test_a_failing_default_does_not_end_a_study():
    entry = ours("fakes:FailingAbove", space={"quality": "float(0, 1)"}, settings={"limit": 0.15})
    outcome = studied(entry, tuning={"trials": 30})
    assert outcome.trials[0].state == "FAIL"
    assert outcome.status == "ok"
    assert outcome.settings["quality"] <= 0.15


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        ("fakes:Failing", "all 4 trials failed; the last one with ValueError: no luck with this setting"),
        ("fakes:NaNs", "all 4 trials failed; the last one with RungError: 80 of 80 predictions are not finite"),
    ],
)
def test_where_all_trials_fail_the_unit_fails_with_their_reason(estimator, reason):
    outcome = studied(ours(estimator, space={"idle": "float(0, 1)"}, trials=4))
    assert (outcome.status, outcome.error, outcome.reason) == ("failed", "RungError", reason)
    assert [trial.state for trial in outcome.trials] == ["FAIL"] * 4
    assert set(outcome.seeds) == {"estimator", "study", "inner"}


def test_a_trial_that_fails_keeps_the_inner_values_it_had(tmp_path):
    exam = exam_of(
        plain().assign(row=np.arange(150)),
        ladder=["dummy", "linear", ours("fakes:failing_without_row", space={"model__idle": "float(0, 1)"}, trials=3)],
    )
    kept = [
        len(trial.inner_values)
        for fold in range(len(exam.folds.of(0)))
        for trial in outcome_of(exam, "ours", "tuned", fold=fold).trials
        if trial.state == "FAIL"
    ]
    assert kept
    assert set(kept) <= {0, 1, 2}
    assert max(kept) > 0


def test_a_trial_is_looked_at_after_inner_folds_one_and_two_and_then_left_alone():
    outcome = studied({"name": "tree"}, tuning={"trials": 30}, folds={"inner": 6})
    lengths = {trial.state: set() for trial in outcome.trials}
    for trial in outcome.trials:
        lengths[trial.state].add(len(trial.inner_values))
    assert lengths["COMPLETE"] == {6}
    assert lengths["PRUNED"] <= {1, 2}


def test_a_trial_that_fails_on_one_inner_fold_is_no_mean_of_the_others(tmp_path):
    """Row 0 is in the training part of two of three inner folds: what fits twice and raises once has failed."""
    frame = plain().assign(row=np.arange(150))
    entry = ours("fakes:failing_without_row", space={"model__idle": "float(0, 1)"}, trials=3)
    exam = exam_of(frame, ladder=["dummy", "linear", entry])
    fold = next(split.fold for split in exam.folds.of(0) if 0 in split.train)
    outcome = outcome_of(exam, "ours", "tuned", fold=fold)
    assert outcome.reason == "all 3 trials failed; the last one with RuntimeError: row 0 is not here"


def test_an_estimator_without_defaults_takes_them_from_the_ladder_entry():
    entry = {"name": "ours", "level": 8, "estimator": "fakes:LeaningNeedy", "settings": {"idle": 1.0},
             "space": {"quality": "float(-1, 1)"}}  # fmt: skip
    outcome = studied(entry)
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert outcome.settings.keys() == {"idle", "quality"}


def test_settings_of_the_entry_are_the_start_of_a_study():
    outcome = studied({"name": "linear", "settings": {"C": 0.01, "fit_intercept": False}})
    assert outcome.trials[0].params == {"C": 0.01, "penalty": "l2"}
    assert outcome.settings["fit_intercept"] is False


@pytest.mark.parametrize(("own", "fitted"), [({}, 24), ({"n_estimators": 7}, 7)])
def test_trials_of_the_forest_are_cheaper_unless_the_entry_says_how_many_trees(own, fitted):
    settings = {**own, "max_depth": 2, "min_samples_leaf": 1}
    exam = exam_with({"name": "forest", "settings": settings}, tuning={"trials": 1})
    unit = unit_of(exam, "forest", "tuned")
    splits = draw_inner(exam.task, exam.plan, exam.split(0, 0).train, inner_seed(exam, unit))
    outcome = run_unit(exam, unit)
    cheaper = {**outcome.settings, "n_estimators": fitted}
    _, prediction = fit_inner(exam, RUNGS["forest"], cheaper, outcome.seeds["estimator"], splits)
    np.testing.assert_allclose(outcome.inner_prediction, prediction, rtol=1e-12)
    assert outcome.settings["n_estimators"] == own.get("n_estimators", 200)


HOPELESS = {"quality": "float(-1, -0.5)"}


def test_a_hopeless_trial_is_pruned_and_its_record_is_shorter():
    outcome = studied(ours("fakes:Tilted", space=HOPELESS))
    first, *rest = outcome.trials
    assert (first.state, len(first.inner_values)) == ("COMPLETE", 3)
    assert {(trial.state, len(trial.inner_values)) for trial in rest} == {("PRUNED", 1)}
    for trial in rest:
        assert trial.value == pytest.approx(np.mean(trial.inner_values))
    assert len(outcome.trials) == 12, "pruned trials count against the budget"


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "brier"])
def test_pruning_false_prunes_none_and_finds_no_less(metric):
    entry = ours("fakes:Tilted", space={"quality": "float(-1, 1)"})
    pruned, whole = (studied(entry, tuning={"pruning": on, "sampler": "random"}, metric=metric) for on in (True, False))
    assert {trial.state for trial in whole.trials} == {"COMPLETE"}
    assert "PRUNED" in {trial.state for trial in pruned.trials}
    assert [trial.params for trial in pruned.trials] == [trial.params for trial in whole.trials]
    assert pruned.settings == whole.settings
    for short, long in zip(pruned.trials, whole.trials, strict=True):
        assert short.inner_values == long.inner_values[: len(short.inner_values)]


def test_trial_0_is_never_pruned_and_a_better_trial_neither():
    outcome = studied(ours("fakes:Tilted", space={"quality": "float(0.5, 1)"}, settings={}))
    assert outcome.trials[0].state == "COMPLETE"
    assert outcome.trials[1].state == "COMPLETE"
    assert outcome.trials[1].value < outcome.trials[0].value


def test_trials_can_be_written_as_json():
    outcome = studied({"name": "boosting"}, rows=60, tuning={"trials": 3})
    for trial in outcome.trials:
        assert json.loads(json.dumps(dict(trial.params))) == dict(trial.params)


def test_the_grid_of_the_shipped_linear_rung_lasts_for_the_whole_budget():
    outcome = studied({"name": "linear"}, rows=60, tuning={"sampler": "grid", "trials": 30})
    assert (outcome.status, outcome.reason, len(outcome.trials)) == ("ok", "", 30)
    assert len({json.dumps(dict(trial.params)) for trial in outcome.trials}) >= 29


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_every_sampler_runs_every_task(sampler, task):
    exam = exam_of(plain(task, 60), ladder=["dummy", "linear", "tree"], tuning={"trials": 30, "sampler": sampler})
    outcome = outcome_of(exam, "tree", "tuned")
    assert (outcome.status, outcome.reason, len(outcome.trials)) == ("ok", "", 30)
