"""Loops over the ladder that ships: a new rung is covered before anyone writes a test for it."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import PREDEFINED, TASKS, exam_of, messy, outcome_of, plain, targets
from sklearn.base import clone

from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.plan.plan import Step
from kiss_bench.rungs import Parameter, Rung, Surroundings, rung_of, shipped_rungs

RUNGS = shipped_rungs()
FITTED = [(rung.name, task) for rung in RUNGS.values() for task in rung.tasks if not rung.blends]
TUNED = [(name, task) for name, task in FITTED if RUNGS[name].space(task)]
LINES = [pytest.param(name, task, line, id=f"{name}-{task}-{line.name}")
         for name, task in TUNED for line in RUNGS[name].space(task)]  # fmt: skip


def ladder_of(name: str) -> list[str]:
    return list(dict.fromkeys(["dummy", "linear", name]))


def exam_for(name: str, frame: pd.DataFrame, **keys) -> Exam:
    """An exam with fold 0 testing the rows of part a where the frame has parts, in time where the rung wants time."""
    task = "regression" if pd.api.types.is_float_dtype(frame["y"]) else None
    if RUNGS[name].needs_time:
        rows = len(frame)
        frame = frame.drop(columns="part", errors="ignore")
        frame = frame.assign(when=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="D"))
        where = {"data": {"time": "when", "season": 7}, "folds": {"count": 2, "inner": 2}}
    else:
        where = {"folds": PREDEFINED if "part" in frame else {"count": 3, "inner": 2}}
    asked = {"task": task} if task else {}
    return exam_of(frame, ladder=ladder_of(name), tuning={"trials": 3}, **where, **asked, **keys)


def surroundings(task: str, metric: str = "") -> Surroundings:
    return Surroundings(task=task, metric=metric or ("rmse" if task == "regression" else "log_loss"), seed=5, season=2)


def build(name: str, task: str, **settings):
    return RUNGS[name].build(surroundings(task), {**RUNGS[name].defaults(task), **settings})


def known_parts(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame if RUNGS[name].needs_time else frame.assign(part=np.where(np.arange(len(frame)) % 3 == 0, "a", "b"))


def tiny(task: str) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    signal = np.arange(24.0)
    return pd.DataFrame({"x": signal, "home": rng.choice(["own", None], 24), "y": targets(task, signal, rng)})


def one_level(task: str) -> pd.DataFrame:
    return plain(task, 90)[["y"]].assign(only="same", constant=1.0)


def empty_in_training(task: str) -> pd.DataFrame:
    """Three columns that only part a, which fold 0 tests, has values in."""
    frame = plain(task, 90).assign(part=lambda made: np.where(np.arange(len(made)) % 3 == 0, "a", "b"))
    tested = frame["part"] == "a"
    late = pd.Series(pd.Timestamp("2024-05-01"), index=frame.index)
    return frame.assign(
        number=np.where(tested, frame["first"], np.nan),
        home=frame["home"].where(tested),
        date=late.where(tested),
        few=frame["second"].gt(0).astype("boolean").where(tested),
    )


def heavy_tails(task: str) -> pd.DataFrame:
    """Zeros, four orders of magnitude, one cell of 1e12 in a tested row and one of 1e12 in a training row."""
    frame = plain(task, 150)
    if task == "regression":
        frame["y"] = np.where(np.arange(150) % 10 == 0, 0.0, 10 ** frame["y"].rank(pct=True).mul(4))
    first = frame["first"].where(np.arange(150) % 5 > 0, 0.0)
    first[0], second = 1e12, frame["second"].copy()
    second[1] = 1e12
    return frame.assign(first=first, second=second, rounded=first.clip(-2, 2).round())


def nothing_but_gaps(task: str) -> pd.DataFrame:
    return plain(task, 90)[["y"]].assign(gone=np.nan, also=pd.Series([None] * 90, dtype=object))


CASES = {"messy": messy, "tiny": tiny, "one level": one_level, "empty in training": empty_in_training,
         "heavy tails": heavy_tails, "nothing but gaps": nothing_but_gaps}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("name", "task"), FITTED)
def test_every_rung_predicts_finite_values(name, task, case):
    frame = CASES[case](task)
    exam = exam_for(name, frame if "part" in frame else known_parts(name, frame))
    outcome = outcome_of(exam, name)
    assert (outcome.status, outcome.error, outcome.reason) == ("ok", "", "")
    rows = len(exam.split(0, 0).test)
    assert outcome.prediction.shape == ((rows,) if task == "regression" else (rows, len(exam.task.labels)))
    assert np.isfinite(outcome.prediction).all()
    if task != "regression":
        np.testing.assert_allclose(outcome.prediction.sum(axis=1), 1.0)
        assert (outcome.prediction > 0).all()


@pytest.mark.parametrize(("name", "task"), TUNED)
def test_every_tuned_rung_is_tuned_on_a_messy_table(name, task):
    exam = exam_for(name, messy(task, rows=150))
    outcome = outcome_of(exam, name, "tuned")
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert [trial.state for trial in outcome.trials if trial.state == "FAIL"] == []
    assert np.isfinite(outcome.prediction).all()
    assert np.isfinite(outcome.inner_prediction).all()


@pytest.mark.parametrize(("name", "task"), FITTED)
def test_two_fits_give_equal_bytes(name, task):
    exam = exam_for(name, messy(task, rows=100))
    arm = "tuned" if (name, task) in TUNED else "default"
    one, other = (outcome_of(exam, name, arm) for _ in range(2))
    assert one.prediction.tobytes() == other.prediction.tobytes()
    assert one.settings == other.settings
    assert [(trial.value, trial.params) for trial in one.trials] == [
        (trial.value, trial.params) for trial in other.trials
    ]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", [name for name, rung in RUNGS.items() if rung.blends])
def test_a_blend_is_the_weighted_mean_of_its_pipelines(name, task):
    frame = plain(task)
    exam = exam_for(name, frame)
    parts = tuple((base, pipeline_of(exam, RUNGS[base], RUNGS[base].defaults(task), 1)) for base in ("linear", "tree"))
    blend = RUNGS[name].build(surroundings(task), {"pipelines": parts, "weights": (0.25, 0.75)})
    target = exam.targets
    fitted = clone(blend).fit(frame, target)
    linear, tree = (pipe.fit(frame, target) for _, pipe in parts)
    if task == "regression":
        np.testing.assert_allclose(fitted.predict(frame), 0.25 * linear.predict(frame) + 0.75 * tree.predict(frame))
    else:
        expected = 0.25 * linear.predict_proba(frame) + 0.75 * tree.predict_proba(frame)
        np.testing.assert_allclose(fitted.predict_proba(frame), expected)
        assert set(fitted.predict(frame)) <= set(exam.task.labels)


def test_the_ladder_is_in_order_and_complete():
    assert [(rung.level, name) for name, rung in RUNGS.items()] == [
        (0, "dummy"), (0, "naive"), (1, "stump"), (2, "linear"), (3, "additive"),
        (4, "tree"), (5, "forest"), (6, "boosting"), (7, "stack"),
    ]  # fmt: skip


@pytest.mark.parametrize("rung", RUNGS.values(), ids=RUNGS)
def test_every_rung_says_what_it_is_and_what_it_costs_to_explain(rung: Rung):
    module = __import__(f"kiss_bench.rungs.{rung.name}", fromlist=["RUNG"])
    assert module.RUNG.name == rung.name
    assert module.__doc__.startswith(f"Level {rung.level:g}")
    for text in (rung.summary, rung.explain):
        assert text == text.strip() != ""
        assert len(text.split()) <= 12


@pytest.mark.parametrize(("name", "task", "line"), LINES)
def test_every_line_of_a_space_has_a_reason_and_sane_bounds(name, task, line: Parameter):
    assert len(line.reason.split()) >= 3
    if line.kind == "choice":
        assert len(set(line.choices)) == len(line.choices) >= 2
        assert (line.low, line.high, line.log) == (None, None, False)
    else:
        assert line.choices == ()
        assert line.low < line.high
        assert line.low > 0 or not line.log
        assert line.kind == "float" or (line.low, line.high) == (int(line.low), int(line.high))


@pytest.mark.parametrize(("name", "task", "line"), LINES)
def test_every_line_of_a_space_starts_from_a_printed_default(name, task, line: Parameter):
    default = RUNGS[name].defaults(task)[line.name]
    inside = default in line.choices if line.kind == "choice" else (
        isinstance(default, int | float) and line.low <= default <= line.high
    )  # fmt: skip
    outside = {("forest", "max_features"): "sqrt", ("boosting", "reg_lambda"): 0.0}
    assert inside or outside[name, line.name] == default


@pytest.mark.parametrize(("name", "task", "line"), LINES)
def test_every_tuned_parameter_changes_the_estimator(name, task, line: Parameter):
    low, high = line.choices[:2] if line.kind == "choice" else (line.low, line.high)
    ends = [build(name, task, **{line.name: int(end) if line.kind == "int" else end}) for end in (low, high)]
    assert repr(ends[0].get_params()) != repr(ends[1].get_params())


@pytest.mark.parametrize(("name", "task", "line"), LINES)
def test_both_ends_of_every_line_can_be_fitted(name, task, line: Parameter):
    frame = plain(task, 100)
    exam = exam_for(name, frame)
    rung, target = RUNGS[name], exam.targets
    fewer = {"n_estimators": 5} if "n_estimators" in rung.defaults(task) else {}
    for end in line.choices or (line.low, line.high):
        settings = {**rung.defaults(task), **fewer, line.name: int(end) if line.kind == "int" else end}
        pipe = pipeline_of(exam, rung, settings, 1).fit(frame, target)
        found = pipe.predict(frame) if task == "regression" else pipe.predict_proba(frame)
        assert np.isfinite(found).all()


@pytest.mark.parametrize(("name", "task"), FITTED)
def test_the_default_settings_are_the_estimators_own_names(name, task):
    built = build(name, task)
    known = {key.split("__")[-1] for key in built.get_params()}
    ours = {"penalty"} if (name, task) == ("linear", "regression") else set()  # it chooses between Ridge and Lasso
    assert set(RUNGS[name].defaults(task)) - known == ours


DRAWS_NOTHING = {("linear", "regression"), *((name, task) for name in ("dummy", "naive", "additive") for task in TASKS)}


@pytest.mark.parametrize(("name", "task"), [pair for pair in FITTED if pair not in DRAWS_NOTHING])
def test_the_seed_reaches_every_estimator_that_draws(name, task):
    assert build(name, task).random_state == 5


OWN_WORD = [
    ("linear", "binary", "max_iter", 7),
    ("linear", "multiclass", "tol", 0.5),
    ("additive", "binary", "max_iter", 7),
    ("tree", "regression", "random_state", 1),
    ("forest", "binary", "n_jobs", 2),
    ("stump", "binary", "max_depth", 2),
    ("boosting", "binary", "n_jobs", 2),
    ("dummy", "binary", "strategy", "uniform"),
    ("dummy", "regression", "strategy", "median"),
]


@pytest.mark.parametrize(("name", "task", "key", "value"), OWN_WORD)
def test_settings_of_the_ladder_entry_win_over_those_of_the_rung(name, task, key, value):
    found = build(name, task, **{key: value}).get_params()
    assert value in [held for own, held in found.items() if own.split("__")[-1] == key]


@pytest.mark.parametrize(("metric", "expected"), [("rmse", 4.0), ("mse", 4.0), ("r2", 4.0), ("mae", 1.0)])
def test_dummy_gives_the_constant_that_suits_the_metric(metric, expected):
    dummy = RUNGS["dummy"].build(surroundings("regression", metric), {})
    assert dummy.fit(np.zeros((3, 1)), [0.0, 1.0, 11.0]).predict([[0.0]]) == [expected]


LAST = [
    pytest.param(None, [10.0, 20.0, 30.0], [4, 5, 9], [30.0, 30.0, 30.0], id="the last value, however far ahead"),
    pytest.param(3, [10.0, 20.0, 30.0], [4, 5, 6, 7], [10.0, 20.0, 30.0, 10.0], id="the same place a season ago"),
    pytest.param(2, [10.0, 20.0, 30.0], [4, 5, 6], [20.0, 30.0, 20.0], id="a season shorter than the training part"),
    pytest.param(9, [10.0, 20.0, 30.0], [4], [10.0], id="a season that reaches back before all rows"),
]


@pytest.mark.parametrize(("season", "values", "moments", "expected"), LAST)
def test_naive_repeats_the_past(season, values, moments, expected):
    naive = RUNGS["naive"].build(Surroundings(task="regression", metric="rmse", seed=1, season=season), {})
    naive.fit(np.array([[1.0], [2.0], [3.0]]), values)
    np.testing.assert_array_equal(naive.predict(np.array(moments, dtype=float).reshape(-1, 1)), expected)


def test_naive_averages_rows_of_one_time_and_does_not_mind_their_order():
    naive = RUNGS["naive"].build(Surroundings(task="regression", metric="rmse", seed=1), {})
    naive.fit(np.array([[2.0], [1.0], [2.0]]), [5.0, 100.0, 7.0])
    assert naive.predict([[3.0]]) == [6.0]


def test_a_rung_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(Exception, match="no rung is called 'boost'; there are: dummy, naive, stump, linear"):
        rung_of(Step(name="boost", level=6))
