"""Margins, verdicts and flags of one comparison."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_examples import classes, example, numbers, rows_of, terms_of
from scipy import stats
from sklearn import metrics as sk

from kiss_bench.errors import DataError, FoldError, RecordError
from kiss_bench.judge import Predictions, Terms, Trio, compare_rows
from kiss_bench.judge.comparison import verdict_of
from kiss_bench.judge.contrasts import contrast, margin_in_metric_units, measure, set_exam
from kiss_bench.metrics import METRICS

UNITS = ("absolute", "relative", "skill")
ALL = [(metric, unit) for metric in METRICS for unit in UNITS]


def compared(metric, unit="skill", repeats=1, seed=0):
    actual, (dummy, old, new) = example(metric, repeats, seed)
    trio = Trio(dummy=dummy, incumbent=old, candidate=new)
    return compare_rows(rows_of(actual, repeats=repeats), terms_of(metric, 0.01, unit), trio, 0.05)


def error_of(metric, actual):
    """1 - score, or the loss, by scikit-learn's functions, for predictions (n,) or (n, k)."""

    def label(p):
        return p.argmax(axis=1) if p.ndim == 2 else (p > 0.5).astype(int)

    return {
        "log_loss": lambda p: sk.log_loss(actual, p),
        "brier": lambda p: sk.brier_score_loss(actual, p),
        "accuracy": lambda p: 1 - sk.accuracy_score(actual, label(p)),
        "balanced_accuracy": lambda p: 1 - sk.balanced_accuracy_score(actual, label(p)),
        "f1": lambda p: 1 - sk.f1_score(actual, label(p)),
        "f1_macro": lambda p: 1 - sk.f1_score(actual, label(p), average="macro"),
        "mcc": lambda p: 1 - sk.matthews_corrcoef(actual, label(p)),
        "mae": lambda p: sk.mean_absolute_error(actual, p),
        "mse": lambda p: sk.mean_squared_error(actual, p),
        "rmse": lambda p: sk.root_mean_squared_error(actual, p),
        "rmsle": lambda p: sk.root_mean_squared_log_error(actual, p),
        "r2": lambda p: 1 - sk.r2_score(actual, p),
        "poisson_deviance": lambda p: sk.mean_poisson_deviance(actual, p),
        "gamma_deviance": lambda p: sk.mean_gamma_deviance(actual, p),
        **{
            name: partial(sk.mean_pinball_loss, actual, alpha=METRICS[name].best_constant)
            for name in METRICS
            if name.startswith("pinball")
        },
    }[metric]


def gain_over_margin(metric, unit, margin, actual, models):
    """Score gain minus margin, both from their definitions by scikit-learn's functions; rmse and r2 by hand."""
    dummy, old, new = models
    error = error_of(metric, actual)
    if unit == "absolute":
        return error(old) - error(new) - margin
    if unit == "relative" and metric != "r2":
        return (1 - margin) * error(old) - error(new)

    def square(p):
        return error(p) ** 2 if METRICS[metric].pooling == "root" else error(p)

    share = margin if unit == "skill" else margin * square(old) / square(dummy)
    return (square(old) - square(new)) / square(dummy) - share


RANKS = {name for name, metric in METRICS.items() if metric.pooling == "ranks"}


@pytest.mark.parametrize(("metric", "unit"), [(m, u) for m, u in ALL if m not in RANKS])
@pytest.mark.parametrize("margin", [0.0, 0.01, 0.1])
def test_the_contrast_is_positive_exactly_where_the_gain_exceeds_the_margin(metric, unit, margin):
    for seed in range(6):
        actual, models = example(metric, seed=seed)
        exam = set_exam(rows_of(actual), terms_of(metric, margin, unit))
        dummy, old, new = (measure(exam, model) for model in models)
        exam = dataclasses.replace(exam, dummy=dummy)
        ours = contrast(exam, old, new).value
        theirs = gain_over_margin(metric, unit, margin, actual, [model[0] for model in models])
        assert np.sign(round(ours, 12)) == np.sign(round(theirs, 12))


@pytest.mark.parametrize("unit", UNITS)
def test_auc_margins_are_in_units_of_the_area(unit):
    actual, models = example("roc_auc")
    exam = set_exam(rows_of(actual), terms_of("roc_auc", 0.1, unit))
    dummy, old, new = (measure(exam, model) for model in models)
    exam = dataclasses.replace(exam, dummy=dummy)
    margin = {"absolute": 0.1, "relative": 0.1 * (1 - old.score.value), "skill": 0.05}[unit]
    assert contrast(exam, old, new).value == pytest.approx(new.score.value - old.score.value - margin, abs=1e-12)


@pytest.mark.parametrize(("metric", "unit"), ALL)
@pytest.mark.parametrize("repeats", [1, 3])
def test_every_metric_and_margin_gives_finite_numbers_that_agree_with_each_other(metric, unit, repeats):
    found = compared(metric, unit=unit, repeats=repeats)
    figures = [found.gain, found.low, found.high, found.se, found.p_gain, found.p_harm, found.min_detectable_gain]
    assert np.isfinite(figures).all()
    assert found.low <= found.gain <= found.high
    assert found.p_gain + found.p_equal + found.p_harm == pytest.approx(1.0, abs=1e-12)
    assert found.p_equal >= 0.0
    assert found.alpha == (0.05 if repeats == 3 else 0.01)
    assert found.verdict == verdict_of(found.p_gain, found.alpha)


@pytest.mark.parametrize(("metric", "unit"), ALL)
@pytest.mark.parametrize("repeats", [1, 3])
def test_copies_are_never_justified(metric, unit, repeats):
    actual, (dummy, model, _) = example(metric, repeats)
    for margin in (0.0, 0.01):
        trio = Trio(dummy=dummy, incumbent=model, candidate=model.copy())
        found = compare_rows(rows_of(actual, repeats=repeats), terms_of(metric, margin, unit), trio, 0.05)
        assert (found.verdict, found.flags, found.p_gain, found.rows_needed) == (
            "NOT JUSTIFIED",
            ("same losses on every row",),
            0.0,
            None,
        )
        assert (found.p_equal, found.p_harm) == (1.0, 0.0)


def test_the_test_is_the_t_test_of_the_row_contrast():
    """With one repeat, absolute margin: a one-sided t-test of the rows with variance times K/(K-1)."""
    actual, (dummy, old, new) = numbers()
    found = compare_rows(rows_of(actual), terms_of("mae", 0.02), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05)
    d = np.abs(actual - old[0]) - np.abs(actual - new[0]) - 0.02
    statistic = stats.ttest_1samp(d, 0.0).statistic / np.sqrt(1.25)
    assert found.p_gain == pytest.approx(stats.t.cdf(statistic, 199), abs=1e-12)
    assert found.gain == pytest.approx(d.mean() + 0.02)
    half = stats.t.ppf(0.975, 199) * found.se
    assert (found.low, found.high) == (pytest.approx(found.gain - half), pytest.approx(found.gain + half))
    reach = (stats.t.ppf(0.99, 199) + stats.t.ppf(0.8, 199)) * found.se
    assert found.min_detectable_gain == pytest.approx(0.02 + reach)
    assert found.rows_needed == int(np.ceil(200 * (reach / d.mean()) ** 2))


@pytest.mark.parametrize(
    ("p_gain", "alpha", "verdict"),
    [
        (0.99, 0.01, "JUSTIFIED"),
        (0.9899, 0.01, "INCONCLUSIVE"),
        (0.05, 0.01, "INCONCLUSIVE"),
        (0.0499, 0.01, "NOT JUSTIFIED"),
        (0.0, 0.05, "NOT JUSTIFIED"),
        (1.0, 0.001, "JUSTIFIED"),
    ],
)
def test_verdicts_follow_from_p_gain_and_alpha_alone(p_gain, alpha, verdict):
    assert verdict_of(p_gain, alpha) == verdict


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), case=st.sampled_from(ALL), repeats=st.sampled_from([1, 3]))
def test_swapping_roles_mirrors_gain_and_harm(seed, case, repeats):
    metric, unit = case
    actual, (dummy, old, new) = example(metric, repeats, seed)
    rows, terms = rows_of(actual, repeats=repeats), terms_of(metric, 0.03, unit)
    there = compare_rows(rows, terms, Trio(dummy=dummy, incumbent=old, candidate=new), 0.05)
    back = compare_rows(rows, terms, Trio(dummy=dummy, incumbent=new, candidate=old), 0.05)
    assert there.gain == pytest.approx(-back.gain, abs=1e-12)
    assert there.p_harm == pytest.approx(min(back.p_gain, 1.0 - there.p_gain), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    factor=st.floats(1e-3, 1e3),
    metric=st.sampled_from(["rmse", "mae", "mse", "r2"]),
    unit=st.sampled_from(["skill", "relative"]),
)
def test_units_of_the_target_do_not_matter_to_relative_margins(seed, factor, metric, unit):
    actual, models = numbers(seed=seed)
    found = []
    for scale in (1.0, factor):
        dummy, old, new = (model * scale for model in models)
        trio = Trio(dummy=dummy, incumbent=old, candidate=new)
        found.append(compare_rows(rows_of(actual * scale), terms_of(metric, 0.01, unit), trio, 0.05))
    assert found[0].p_gain == pytest.approx(found[1].p_gain, abs=1e-9)
    assert found[0].p_harm == pytest.approx(found[1].p_harm, abs=1e-9)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_share_of_folds_won_is_counted_by_hand(repeats):
    actual, (dummy, old, new) = numbers(repeats=repeats)
    rows = rows_of(actual, repeats=repeats)
    found = compare_rows(rows, terms_of("mae", 0.5), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05)
    won = [
        np.abs(actual - new[r])[fold == k].mean() < np.abs(actual - old[r])[fold == k].mean()
        for r, fold in enumerate(rows.fold)
        for k in range(5)
    ]
    assert found.fold_wins == pytest.approx(np.mean(won))
    tied = compare_rows(rows, terms_of("mae", 0.0), Trio(dummy=dummy, incumbent=old, candidate=old), 0.05)
    assert tied.fold_wins == 0.5


@pytest.mark.parametrize("scale", [1e-6, 30.0, 1e12])
@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_an_absolute_margin_scales_with_the_target(metric, scale):
    actual, models = numbers()
    plain, scaled = (
        compare_rows(
            rows_of(actual * by), terms_of(metric, 0.01 * by, "absolute"),
            Trio(dummy=models[0] * by, incumbent=models[1] * by, candidate=models[2] * by), 0.05,
        )
        for by in (1.0, scale)
    )  # fmt: skip
    assert (plain.verdict, plain.flags) == (scaled.verdict, scaled.flags) == ("JUSTIFIED", ())
    assert scaled.gain == pytest.approx(plain.gain * scale)
    assert scaled.p_gain == pytest.approx(plain.p_gain, abs=1e-9)


def test_one_shared_outlier_does_not_make_two_models_the_same():
    actual, (dummy, old, new) = numbers(n=400)
    actual = np.r_[1e7, actual[1:]]
    found = compare_rows(rows_of(actual), terms_of("mse", 0.0), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05)
    assert "same losses on every row" not in found.flags
    assert found.gain != 0.0


@pytest.mark.parametrize(
    ("metric", "unit", "expected"),
    [
        ("mse", "skill", lambda y: 0.1 * y.var()),
        ("rmse", "skill", lambda y: y.std() * (1 - np.sqrt(0.9))),
        ("rmse", "relative", lambda y: 0.1 * y.std()),
        ("rmse", "absolute", lambda y: 0.1),
        ("r2", "skill", lambda y: 0.1),
        ("r2", "absolute", lambda y: 0.1),
    ],
)
def test_the_margin_in_metric_units_as_seen_from_the_dummy(metric, unit, expected):
    actual, (dummy, *_) = numbers()
    exam = set_exam(rows_of(actual), terms_of(metric, 0.1, unit))
    exam = dataclasses.replace(exam, dummy=measure(exam, dummy))
    assert margin_in_metric_units(exam, exam.dummy) == pytest.approx(expected(actual))


def test_more_repeats_than_the_dummy_has_are_used_all_the_same():
    actual, (dummy, old, new) = numbers(repeats=5)
    rows, terms = rows_of(actual, repeats=5), terms_of("rmse", 0.01, "skill")
    full, short = (
        compare_rows(rows, terms, Trio(dummy=d, incumbent=old, candidate=new), 0.05) for d in (dummy, dummy[:1])
    )
    assert short == full
    assert short.repeats == 5


def test_only_repeats_that_both_share_are_compared():
    actual, (dummy, old, new) = numbers(repeats=5)
    rows, terms = rows_of(actual, repeats=5), terms_of("rmse", 0.01, "skill")
    mixed = compare_rows(rows, terms, Trio(dummy=dummy, incumbent=old, candidate=new[:1]), 0.05)
    first = compare_rows(rows, terms, Trio(dummy=dummy, incumbent=old[:1], candidate=new[:1]), 0.05)
    assert mixed == first
    assert (mixed.repeats, mixed.alpha) == (1, 0.01)


def test_between_the_two_stages_a_pair_is_contested():
    for seed in range(60):
        found = compared("rmse", seed=seed)
        if found.method != "Nadeau-Bengio":
            assert found.contested == (0.9 <= found.p_gain < 0.99)


def test_where_the_folds_decide_on_one_repeat_a_pair_is_contested_if_its_rows_would_have_it_so():
    rng = np.random.default_rng(0)
    rows, seen = rows_of(np.zeros(200)), set()
    for gain in np.linspace(0.0, 0.5, 60):
        by_fold = gain + 0.6 * rng.normal(size=5)
        gains = by_fold[rows.fold[0]] + rng.normal(size=200)
        old = np.full((1, 200), 9.0)
        found = compare_rows(rows, terms_of("mae", 0.0), Trio(dummy=old, incumbent=old, candidate=old - gains), 0.05)
        if found.method != "Nadeau-Bengio":
            continue
        by_rows = stats.ttest_1samp(gains, 0.0).statistic / np.sqrt(1.25)
        close = stats.t.sf(by_rows, 199) <= 0.1 and found.verdict != "JUSTIFIED"
        assert found.contested == close
        assert found.p_gain == pytest.approx(stats.t.cdf(gains.mean() / found.se, 4))
        seen.add(close)
    assert seen == {True, False}


def test_folds_given_in_the_config_are_never_contested():
    for seed in range(60):
        actual, models = numbers(seed=seed)
        found = compare_rows(rows_of(actual), terms_of("rmse", 0.01, "relative", scheme="predefined"), Trio(
            dummy=models[0], incumbent=models[1], candidate=models[2]), 0.05)  # fmt: skip
        assert (found.contested, found.repeats_needed) == (False, None)


def test_a_perfect_model_is_justified_though_nothing_varies():
    actual = np.tile([0, 1], 50)
    trio = Trio(dummy=np.full((1, 100), 0.5), incumbent=np.full((1, 100), 0.5), candidate=actual[None].astype(float))
    for metric in ("brier", "roc_auc"):
        found = compare_rows(rows_of(actual), terms_of(metric, 0.01, "skill"), trio, 0.05)
        assert (found.verdict, found.p_gain, found.p_harm) == ("JUSTIFIED", 1.0, 0.0)
        assert found.flags[0].startswith("no spread")


def test_three_groups_give_an_honest_answer():
    actual, (dummy, old, new) = numbers(noises=(1.0, 0.5))
    rows = rows_of(actual, group=np.arange(200) % 3)
    trio = Trio(dummy=dummy, incumbent=old, candidate=new)
    found = compare_rows(rows, terms_of("rmse", 0.01, "skill", scheme="group"), trio, 0.05)
    assert found.df == pytest.approx(2, abs=1e-3)
    assert found.flags == ("few groups: 3, worth 3.0 of equal size", "one group holds 34% of the rows")


def test_a_gain_made_by_few_rows_is_flagged():
    old = np.full((1, 1000), 1.0)
    new = np.full((1, 1000), np.sqrt(0.99))
    new[0, :10] = 0.0
    trio = Trio(dummy=np.ones((1, 1000)), incumbent=old, candidate=new)
    flags = compare_rows(rows_of(np.zeros(1000)), terms_of("mse"), trio, 0.05).flags
    assert flags == ("heavy tail: 1 % of the rows carry 50% of the difference",)


def test_near_twins_are_flagged():
    actual, (dummy, old, _) = numbers()
    new = old + np.random.default_rng(1).normal(size=old.shape) * 1e-4
    flags = compare_rows(rows_of(actual), terms_of("mse"), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05).flags
    assert flags[0].startswith("near-twins")


def test_a_disagreement_of_the_two_errors_is_flagged():
    actual, (dummy, *_) = numbers(repeats=3)
    rows = rows_of(actual, repeats=3)
    shift = np.stack([np.array([3.0, -3.0, 2.0, 0.0, 1.0])[fold] for fold in rows.fold])
    trio = Trio(dummy=dummy, incumbent=np.tile(actual + 6.0, (3, 1)), candidate=actual + 6.0 + shift)
    assert any(flag.startswith("spread over folds") for flag in compare_rows(rows, terms_of("mae"), trio, 0.05).flags)


def test_few_members_and_few_moments_are_flagged():
    actual, (dummy, old, new) = classes(n=80)
    trio = Trio(dummy=dummy, incumbent=old, candidate=new)
    flags = compare_rows(rows_of(actual, time=np.arange(80)), terms_of("roc_auc", scheme="forward"), trio, 0.05).flags
    assert flags[0] == "few points in time: 80"
    assert flags[1].startswith("few members of a class in a fold: ")


def test_a_single_holdout_is_judged_at_stage_one():
    actual, (dummy, old, new) = numbers()
    rows = Predictions(actual=actual, fold=np.zeros((1, 200), dtype=np.int64), n_train=300.0)
    trio = Trio(dummy=dummy, incumbent=old, candidate=new)
    found = compare_rows(rows, terms_of("mae", scheme="predefined"), trio, 0.05)
    d = np.abs(actual - old[0]) - np.abs(actual - new[0])
    assert found.se == pytest.approx(d.std(ddof=1) / np.sqrt(200))
    assert found.alpha == pytest.approx(0.01)


def test_multiclass_probabilities_are_judged_like_any_other():
    rng = np.random.default_rng(0)
    actual = rng.integers(0, 3, 240)
    flat = np.full((1, 240, 3), 1 / 3)
    good = np.where(np.eye(3)[actual][None] == 1.0, 0.6, 0.2)
    terms = Terms(task="multiclass", metric="log_loss", margin=0.01, margin_unit="skill", scheme="stratified")
    assert (
        compare_rows(rows_of(actual), terms, Trio(dummy=flat, incumbent=flat, candidate=good), 0.05).verdict
        == "JUSTIFIED"
    )


def test_what_cannot_be_judged_is_refused():
    one_class = np.r_[np.zeros(50, dtype=int), 1]
    trio = Trio(dummy=np.full((1, 51), 0.5), incumbent=np.full((1, 51), 0.5), candidate=np.full((1, 51), 0.5))
    with pytest.raises(FoldError, match="at least 5 rows of each class in every test fold, and fold 0 has 0"):
        compare_rows(rows_of(one_class), terms_of("roc_auc"), trio, 0.05)
    with pytest.raises(DataError, match="never varies"):
        compare_rows(rows_of(np.zeros(51)), terms_of("r2"), trio, 0.05)
    with pytest.raises(RecordError, match="1 repeats of 51 rows do not belong to folds of 1 repeats of 50 rows"):
        compare_rows(rows_of(np.arange(50.0)), terms_of("mae"), trio, 0.05)


def test_two_stages_keep_the_size_where_two_models_are_equally_good():
    """Least squares on two exchangeable blocks, n = 100, p = 5: .021 to .041 in simulation, at most .05 promised."""
    rng = np.random.default_rng(11)
    promoted = one_shot = 0
    for _ in range(300):
        x = rng.normal(size=(2, 100, 5))
        y = x.sum(axis=(0, 2)) / np.sqrt(5) + rng.normal(size=100)
        rows = rows_of(y, repeats=5, seed=int(rng.integers(1 << 30)))
        predictions = [np.stack([out_of_fold(block, y, fold) for fold in rows.fold]) for block in x]
        trio = [np.full((5, 100), y.mean()), *predictions]
        first = after(1, rows, trio)
        one_shot += first.verdict == "JUSTIFIED"
        promoted += (after(5, rows, trio) if first.contested else first).verdict == "JUSTIFIED"
    assert one_shot / 300 <= 0.03
    assert promoted / 300 <= 0.06


def out_of_fold(x, y, fold):
    prediction = np.empty(len(y))
    for k in range(5):
        test = fold == k
        prediction[test] = x[test] @ np.linalg.lstsq(x[~test], y[~test], rcond=None)[0]
    return prediction


def after(repeats, rows, trio):
    dummy, old, new = (values[:repeats] for values in trio)
    return compare_rows(rows, terms_of("mse"), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05)


def test_a_lone_member_of_a_class_in_a_fold_cannot_be_ranked_with_any_certainty():
    actual = np.r_[np.ones(5, dtype=int), np.zeros(235, dtype=int)]
    fold = np.arange(240)[None] % 5
    flat = np.full((1, 240), 0.5)
    with pytest.raises(FoldError, match="at least 5 rows of each class in every test fold, and fold 0 has 1"):
        compare_rows(
            Predictions(actual=actual, fold=fold, n_train=192.0),
            terms_of("roc_auc"),
            Trio(dummy=flat, incumbent=flat, candidate=flat),
            0.05,
        )


def test_the_margin_of_an_rmse_is_that_over_its_own_incumbent():
    actual, (dummy, old, new) = numbers()
    found = compare_rows(
        rows_of(actual), terms_of("rmse", 0.01, "skill"), Trio(dummy=dummy, incumbent=old, candidate=new), 0.05
    )
    squares = [np.mean((actual - model[0]) ** 2) for model in (dummy, old)]
    assert found.margin == pytest.approx(np.sqrt(squares[1]) - np.sqrt(squares[1] - 0.01 * squares[0]))


def test_a_near_twin_on_a_heavy_tailed_target_is_shown_to_be_worth_less_than_the_margin():
    rng = np.random.default_rng(0)
    actual = np.exp(rng.normal(size=400) * 3.0)
    dummy, old = np.full((1, 400), actual.mean()), (actual * 0.9)[None]
    trio = Trio(dummy=dummy, incumbent=old, candidate=old * (1.0 + rng.normal(size=(1, 400)) * 1e-6))
    found = compare_rows(rows_of(actual), terms_of("rmse", 0.01, "skill"), trio, 0.05)
    assert found.verdict == "NOT JUSTIFIED"
    assert found.p_equal > 0.9
    assert any(flag.startswith("near-twins") for flag in found.flags)


def test_the_lenient_margin_never_stands_in_the_way_of_a_gain_that_is_there():
    """A candidate better by a constant of twice the margin has no spread of its own, and is JUSTIFIED all the same."""
    rng = np.random.default_rng(0)
    actual = np.abs(rng.normal(size=400)) + 1.0
    dummy = np.zeros((1, 400))
    old = (actual - 0.5)[None]
    trio = Trio(dummy=dummy, incumbent=old, candidate=old + 2 * 0.01 * actual.mean())
    assert compare_rows(rows_of(actual), terms_of("mae", 0.01, "skill"), trio, 0.05).verdict == "JUSTIFIED"
