"""`compare` on what it cannot judge: sentences that say what was found, all faults at once, never a bare number."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from frame_examples import frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_examples import classes, many_classes, numbers, rows_of

from kiss_bench.errors import DataError, FoldError, KissBenchError
from kiss_bench.judge import compare

ACTUAL, MODELS = numbers()
CODES, CHANCES = classes()
ASKED = {"metric": "rmse", "margin": 0.01}
RANKED = {"metric": "roc_auc", "margin": 0.01}


def number_frames(repeats=1):
    actual, models = numbers(repeats=repeats)
    rows = rows_of(actual, repeats=repeats)
    return [frame_of(actual, rows.fold, model) for model in models[1:]]


def class_frames(codes=CODES, models=CHANCES, folds=5):
    rows = rows_of(codes, count=folds)
    names = ["no", "yes"] if models[1].ndim == 2 else ["a", "b", "c"]
    return [frame_of(codes, rows.fold, model, names) for model in models[1:]]


def says(error, *sentences, asked=ASKED, frames=None, **others):
    old, new = frames or number_frames()
    with pytest.raises(error) as caught:
        compare(old, new, **(asked | others))
    lines = str(caught.value).split("\n")
    assert len(lines) == len(sentences), lines
    for line, sentence in zip(lines, sentences, strict=True):
        assert sentence in line


def changed(frame, column, value, lines=(3,)):
    """The frame with one value put into a column's lines; the column's type gives way."""
    values = frame[column].astype(object).to_numpy(copy=True)
    values[list(lines)] = value
    return frame.assign(**{column: pd.Series(values, index=frame.index).infer_objects()})


OLD, NEW = number_frames()


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (OLD.drop(columns="row_id"), NEW, ["incumbent: rmse needs the column(s) row_id; it has repeat, fold, actual"]),
        (
            OLD.drop(columns=["actual", "prediction"]),
            NEW.drop(columns="prediction"),
            [
                "incumbent: rmse needs the column(s) actual, prediction; it has row_id, repeat, fold",
                "candidate: rmse needs the column(s) prediction; it has row_id, repeat, fold, actual",
            ],
        ),
        (OLD, pd.DataFrame(), ["candidate: rmse needs the column(s) row_id, actual, prediction; it has "]),
        (OLD.head(0), NEW.head(0), ["incumbent: there are no rows", "candidate: there are no rows"]),
        (OLD, NEW.head(0), ["candidate: there are no rows"]),
        (
            OLD,
            changed(NEW, "prediction", np.nan),
            ["candidate: prediction is no finite number in 1 of 200"],
        ),
        (OLD, changed(NEW, "prediction", np.inf, (3, 5)), ["such as row_id 3, 5; a model that fails on rows"]),
        (
            changed(OLD, "actual", -np.inf),
            changed(NEW, "actual", -np.inf),
            ["incumbent: actual is no", "candidate: actual is no"],
        ),
        (OLD, changed(NEW, "prediction", "high"), ["candidate: prediction must hold numbers"]),
        (changed(OLD, "fold", np.nan), NEW, ["incumbent: fold is missing in 1 of 200 lines"]),
        (changed(OLD, "actual", None), NEW, ["incumbent: actual is missing in 1 of 200 lines"]),
        (OLD, changed(NEW, "row_id", 4), ["candidate: 1 line(s) repeat a row_id within a repeat"]),
        (
            OLD,
            changed(NEW, "row_id", 999),
            ["candidate: other rows than incumbent: 1 (row_id, repeat) are in incumbent"],
        ),
        (OLD, NEW.head(199), ["candidate: other rows than incumbent: 1 (row_id, repeat) are in incumbent alone, 0 in"]),
        (OLD, NEW.assign(fold=(NEW["fold"] + 1) % 5), ["candidate: other folds than incumbent; a comparison needs"]),
        (OLD, changed(NEW, "actual", 0.5), ["candidate: other values of actual than incumbent; a comparison needs"]),
        (OLD, changed(NEW, "row_id", "x"), ["candidate: row_id must hold numbers, texts or dates, not a mixture"]),
        (OLD.assign(row_id=[[i] for i in range(200)]), NEW, ["incumbent: row_id must hold numbers, texts or dates"]),
        (OLD.assign(fold=[0, "b"] * 100), NEW, ["incumbent: fold must hold numbers, texts or dates, not a mixture"]),
        (OLD, NEW.assign(prediction=1e200), ["too large for a computer's numbers; rescale the target"]),
        (pd.concat([OLD, OLD[["prediction"]]], axis=1), NEW, ["more than one column is called prediction"]),
        ([1, 2], NEW, ["incumbent: found list; allowed: a pandas DataFrame"]),
        (OLD, None, ["candidate: found NoneType; allowed: a pandas DataFrame"]),
    ],
    ids=lambda value: value[0][:40] if isinstance(value, list) and value and isinstance(value[0], str) else "",
)
def test_frames_that_cannot_be_compared_are_answered_in_sentences(old, new, sentences):
    says(DataError, *sentences, frames=(old, new))


def test_all_faults_of_both_frames_are_told_at_once():
    old = changed(changed(OLD, "fold", np.nan), "actual", np.nan, (1, 2))
    says(
        DataError,
        "incumbent: fold is missing in 1",
        "incumbent: actual is missing in 2",
        "candidate: 1 line(s) repeat",
        frames=(old, changed(NEW, "row_id", 4)),
    )
    low, high = (
        frame.assign(p_yes=frame["p_yes"] * share) for frame, share in zip(class_frames(), (0.5, 2.0), strict=True)
    )
    says(
        DataError, "incumbent: probabilities are negative, or do not", "candidate: probabilities", asked=RANKED,
        frames=(low, high),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            lambda f: changed(f, "actual", "maybe"),
            ["incumbent: actual holds maybe, which has no p_ column", "candidate"],
        ),
        (lambda f: f.rename(columns={"p_no": "p_nope"}), ["incumbent: actual holds no, which has no p_", "candidate"]),
        (lambda f: changed(f, "p_yes", 0.123456), ["incumbent: probabilities are negative, or do not", "candidate"]),
        (lambda f: f.assign(p_yes=-0.2, p_no=1.2), ["incumbent: probabilities are negative, or do not", "candidate"]),
        (
            lambda f: changed(f, "p_no", np.nan),
            ["incumbent: probability is no finite number in 1 of 330 lines", "candidate"],
        ),
        (lambda f: f.drop(columns="p_no"), ["incumbent: roc_auc needs the column(s) p_<class>", "candidate"]),
        (lambda f: f.assign(p_maybe=0.0), ["incumbent: roc_auc is for binary; there are 3 classes", "candidate"]),
        (
            lambda f: f.assign(actual=1).rename(columns={"p_no": "p_1", "p_yes": "p_1.0"}),
            ["incumbent: two p_ columns stand for one class", "candidate"],
        ),
    ],
    ids=["label", "renamed", "sum", "negative", "NaN", "one column", "three classes", "twice"],
)
def test_probabilities_that_are_none_are_refused(change, sentences):
    says(DataError, *sentences, asked=RANKED, frames=[change(frame) for frame in class_frames()])


def test_both_must_know_the_same_classes():
    """With other classes in between, codes would shift and another class's probability be scored."""
    old, new = class_frames()
    says(DataError, "candidate: p_ of no, often, yes, but incumbent has p_ of no, yes",
         asked=ASKED | {"metric": "brier"}, frames=(old, new.assign(p_often=0.0)))  # fmt: skip


def test_a_label_given_must_be_one_of_the_classes():
    old, new = (frame.assign(predicted="yes") for frame in class_frames())
    says(DataError, "candidate: predicted holds nan", asked=ASKED | {"metric": "f1"},
         frames=(old, changed(new, "predicted", None)))  # fmt: skip


def test_a_row_has_one_target_in_all_repeats():
    old, new = (changed(frame, "actual", 0.25, (203,)) for frame in number_frames(repeats=2))
    says(DataError, "incumbent: 1 row(s) have another actual", "candidate: 1 row(s) have", frames=(old, new))


def test_repeats_of_other_sizes_or_rows_are_refused():
    two = number_frames(repeats=2)
    says(DataError, "incumbent: repeats test 199 to 200 rows", "candidate: repeats", frames=[f.head(399) for f in two])
    other = [frame.assign(row_id=frame["row_id"] + 7 * frame["repeat"], actual=1.0) for frame in two]
    says(DataError, "repeats test different rows; that is scheme='repeated_holdout'", frames=other)


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({"scheme": "loo"}, "scheme='loo' has no valid error bar for a difference: its training sets are all but"),
        ({"scheme": "leave_one_out"}, "scheme='leave_one_out' has no valid error bar"),
        ({"scheme": "bootstrap"}, "scheme='bootstrap' has no valid error bar for a difference: rows out of the bag"),
        ({"scheme": "k-fold"}, "scheme: found 'k-fold'; allowed: kfold, shuffled, stratified, group"),
        ({"scheme": None}, "scheme: found None; allowed: kfold"),
        ({"scheme": ["kfold"]}, "scheme: found ['kfold']; allowed: kfold"),
        ({"margin_unit": "percent"}, "margin_unit: found 'percent'; allowed: "),
        ({"margin": -0.01}, "margin: found -0.01; allowed: a number of at least 0"),
        ({"margin": float("nan")}, "margin: found nan; allowed: a number of at least 0"),
        ({"margin": float("inf")}, "margin: found inf; allowed: a number of at least 0"),
        ({"margin": "1 %"}, "margin: found '1 %'; allowed: a number of at least 0"),
        ({"margin": None}, "margin: found None; allowed: a number of at least 0"),
        ({"margin": True}, "margin: found True; allowed: a number of at least 0"),
        ({"margin": 1.0}, "margin: found 1.0; allowed: below 1, as it is a share (skill)"),
        ({"margin": 5, "margin_unit": "relative"}, "margin: found 5; allowed: below 1, as it is a share (relative)"),
        ({"alpha": 0.0}, "alpha: found 0.0; allowed: a number above 0 and below 0.5"),
        ({"alpha": 0.95}, "alpha: found 0.95; allowed: a number above 0 and below 0.5"),
        ({"alpha": "5 %"}, "alpha: found '5 %'; allowed: a number above 0 and below 0.5"),
        ({"metric": "rmsee"}, "'rmsee' is not a metric; available: log_loss"),
        ({"metric": "mape"}, "'mape' is not built yet; available: log_loss"),
        ({"metric": ["rmse"]}, "metric: found ['rmse']; allowed: a name"),
        ({"metric": None}, "metric: found None; allowed: a name"),
        ({"scheme": "holdout"}, "a holdout is one fold, and there are 5; say how they were made"),
        ({"scheme": "group"}, "scheme='group' needs groups=: a column of incumbent, or one value a line"),
        ({"scheme": "leave_one_group_out"}, "scheme='leave_one_group_out' needs groups="),
        ({"scheme": "forward"}, "scheme='forward' needs order="),
        ({"scheme": "forward", "order": "row_id"}, "is a share of the dummy's loss, and with scheme='forward'"),
        (
            {"scheme": "repeated_holdout"},
            "repeated holdouts need two splits or more; of one split say scheme='holdout'",
        ),
        ({"groups": "customer"}, "groups: incumbent has no column 'customer'; it has row_id, repeat, fold, actual"),
        ({"groups": [1, 2, 3]}, "groups: found (3,) values; allowed: one for each of incumbent's 200 lines"),
        ({"groups": 7}, "groups: found () values; allowed: one for each of incumbent's 200 lines"),
        ({"groups": {0: 1, 1: 2}}, "groups: missing for 198 of 200 rows, such as row_id 2, 3, 4"),
        ({"groups": {str(i): 1 for i in range(200)}}, "groups: missing for 200 of 200 rows"),
        ({"groups": [None, *range(199)]}, "groups: missing for 1 of 200 rows, such as row_id 0"),
        (
            {"groups": {i: ["a", 1][i % 2] for i in range(200)}},
            "groups: must be numbers, texts or dates, not a mixture",
        ),
        ({"groups": [4] * 200}, "the judge needs at least two groups that were tested, found 1"),
        ({"weights": ["x"] * 200}, "weights: found values such as 'x'; allowed: numbers of at least 0"),
        ({"weights": [-1.0] * 200}, "row weights must be finite numbers of at least 0, two or more of them above 0"),
        ({"weights": [0.0] * 200}, "row weights must be finite numbers of at least 0, two or more of them above 0"),
        ({"weights": [np.inf] * 200}, "row weights must be finite numbers of at least 0"),
        ({"weights": [np.nan] * 200}, "weights: missing for 200 of 200 rows, such as row_id 0, 1, 2"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else "",
)
def test_questions_that_make_no_sense_are_answered_in_one_sentence(others, sentence):
    says(KissBenchError, sentence, **others)


def test_several_wrong_terms_are_told_at_once():
    sentences = ("scheme: found 'k'", "margin_unit: found 'x'", "margin: found -1", "alpha: found 2")
    says(KissBenchError, *sentences, scheme="k", margin_unit="x", margin=-1, alpha=2)


def test_a_positive_label_that_is_not_there_is_refused():
    says(DataError, "positive: found 'maybe'; allowed: no, yes", asked=RANKED, frames=class_frames(), positive="maybe")
    says(DataError, "positive: found ['yes']; allowed: no, yes", asked=RANKED, frames=class_frames(), positive=["yes"])


def test_a_row_with_two_values_of_a_role_is_refused():
    says(DataError, "groups: a row_id has two different values; a row has one in all repeats",
         frames=number_frames(repeats=2), groups=np.arange(400))  # fmt: skip


def few(positives, n=300):
    codes = np.r_[np.ones(positives, dtype=np.int64), np.zeros(n - positives, dtype=np.int64)]
    rng = np.random.default_rng(0)
    return codes, [rng.uniform(0.01, 0.99, (1, n)) for _ in range(3)]


@pytest.mark.parametrize(
    ("metric", "positives", "sentence"),
    [
        ("roc_auc", 5, "roc_auc needs at least 5 rows of each class in every test fold, and fold 0 has 1"),
        ("roc_auc", 24, "at least 5 rows of each class in every test fold, and fold 0 has 4"),
        ("roc_auc", 290, "at least 5 rows of each class in every test fold, and fold 0 has 2"),
        ("average_precision", 99, "at least 20 positive rows in every test fold, and fold 0 has 19"),
        ("roc_auc", 300, "roc_auc needs rows of two classes, and all are of one"),
        ("f1", 300, "f1 needs rows of two classes, and all are of one"),
        ("mcc", 0, "mcc needs rows of two classes, and all are of one"),
    ],
)
def test_too_few_of_a_class_is_said(metric, positives, sentence):
    frames = class_frames(*few(positives))
    assert frames[0]["p_yes"].between(0, 1).all()
    with pytest.raises(KissBenchError) as caught:
        compare(*frames, metric=metric, margin=0.01)
    assert sentence.rsplit(" fold ", 1)[0] in str(caught.value)
    assert sentence.rsplit(" has ", 1)[-1] in str(caught.value) or "fold" not in sentence


@pytest.mark.parametrize(("metric", "positives"), [("roc_auc", 25), ("average_precision", 100)])
def test_just_enough_of_a_class_is_judged(metric, positives):
    found = compare(*class_frames(*few(positives)), metric=metric, margin=0.01)
    assert np.isfinite(dataclasses.astuple(found)[:3]).all()


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_ranks_refuse_weights(metric):
    says(KissBenchError, f"{metric} has no error bar for weighted rows; use log_loss or brier, or no weights",
         asked=RANKED | {"metric": metric}, frames=class_frames(), weights=np.ones(330))  # fmt: skip


def test_what_repeated_holdouts_cannot_have_is_said():
    two = number_frames(repeats=3)
    asked = ASKED | {"scheme": "repeated_holdout", "margin_unit": "relative"}
    two = [frame.assign(fold=0, row_id=frame["row_id"] + 200 * frame["repeat"]) for frame in two]
    says(KissBenchError, "repeated holdouts of groups have no valid error bar", asked=asked, frames=two,
         groups=dict(enumerate(np.arange(600) % 9)))  # fmt: skip
    says(KissBenchError, "row weights and repeated holdouts have no error bar", asked=asked, frames=two,
         weights=dict.fromkeys(range(600), 2.0))  # fmt: skip
    says(KissBenchError, "r2 and repeated holdouts have no error bar", asked=asked | {"metric": "r2"}, frames=two)


@pytest.mark.parametrize("scheme", ["kfold", "shuffled", "stratified", "group", "leave_one_group_out"])
def test_folds_that_were_left_out_are_asked_for(scheme):
    """Else rows of several models would be ranked, and tested, as if one model had made them."""
    frames = [frame.drop(columns="fold") for frame in number_frames()]
    says(DataError, f"scheme='{scheme}' needs a column fold with two folds or more; of one split say 'holdout'",
         frames=frames, scheme=scheme, groups=np.arange(200) % 9)  # fmt: skip


def test_one_row_a_fold_is_refused_whatever_it_is_called():
    frames = [frame.assign(fold=frame["row_id"]) for frame in number_frames()]
    for scheme in ("kfold", "predefined"):
        says(FoldError, "one row a fold (leave-one-out) has no valid error bar", frames=frames, scheme=scheme)


@pytest.mark.parametrize(
    ("metric", "actual", "sentence"),
    [
        ("r2", 5.0, "r2 is undefined for a target that never varies; use rmse"),
        ("poisson_deviance", -1.0, "poisson_deviance is for targets of at least 0, and the smallest is -1"),
        ("gamma_deviance", 0.0, "gamma_deviance is for targets above 0, and the smallest is 0"),
        ("rmsle", -1.0, "rmsle is for targets above -1, and the smallest is -1"),
    ],
)
def test_targets_that_a_metric_is_undefined_for_are_refused(metric, actual, sentence):
    frames = [frame.assign(actual=actual, prediction=frame["prediction"].abs()) for frame in number_frames()]
    says(DataError, sentence, asked=ASKED | {"metric": metric}, frames=frames)


@pytest.mark.parametrize("metric", ["rmse", "mae", "mse", "pinball"])
def test_constant_predictions_are_judged_and_identical_ones_gain_nothing(metric):
    old, new = (frame.assign(prediction=value) for frame, value in zip(number_frames(), (5.0, 4.0), strict=True))
    found = compare(old, new, metric=metric, margin=0.01)
    assert (found.verdict != "JUSTIFIED", found.gain < 0.0) == (True, True)
    same = compare(old, old.copy(), metric=metric, margin=0.0)
    assert (same.verdict, same.flags, same.p_gain, same.gain) == (
        "NOT JUSTIFIED",
        ("same losses on every row",),
        0.0,
        0.0,
    )


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "average_precision", "f1", "mcc", "balanced_accuracy"])
def test_constant_probabilities_are_judged_and_identical_ones_gain_nothing(metric):
    old, new = class_frames()
    flat = old.assign(p_no=0.6, p_yes=0.4)
    assert compare(flat, new, metric=metric, margin=0.01).verdict == "JUSTIFIED"
    assert compare(new, flat, metric=metric, margin=0.01).verdict == "NOT JUSTIFIED"
    same = compare(flat, flat.copy(), metric=metric, margin=0.01)
    assert (same.verdict, same.flags[0], same.p_gain, same.gain) == (
        "NOT JUSTIFIED",
        "same losses on every row",
        0.0,
        0.0,
    )


def test_three_groups_are_judged_with_two_degrees_of_freedom_and_a_flag():
    old, new = (frame.assign(fold=frame["row_id"] % 3) for frame in number_frames())
    found = compare(old, new, **ASKED, groups=np.arange(200) % 3, scheme="group")
    assert found.df == pytest.approx(2.0, abs=1e-3)
    assert found.flags[0] == "few groups: 3, worth 3.0 of equal size"


@pytest.mark.parametrize("scheme", ["group", "leave_one_group_out"])
def test_groups_that_folds_tear_apart_are_refused_and_named(scheme):
    """40 customers of five rows each, one fold a row: what was tested of a customer was trained on as well."""
    old, new = number_frames()
    customers = np.char.add("c", (np.arange(200) // 5).astype(str))
    with pytest.raises(DataError, match=r"of 40 groups lie in more than one fold of a repeat, such as 'c\d+'"):
        compare(old, new, **ASKED, groups=customers, scheme=scheme)
    assert compare(old, new, **ASKED, groups=customers).method.startswith("cluster-robust")


def test_categories_keep_their_own_order_in_time():
    old, new = number_frames()
    place = np.arange(200) // 8
    named = pd.Categorical.from_codes(place, categories=[f"week {number}" for number in range(25)], ordered=True)
    asked = {"metric": "rmse", "margin": 0.0, "margin_unit": "absolute", "scheme": "forward"}
    assert compare(old, new, **asked, order=named) == compare(old, new, **asked, order=place)
    assert compare(old.assign(week=named), new, **asked, order="week") == compare(old, new, **asked, order=place)
    assert compare(old, new, **asked, order=np.asarray(named)) != compare(old, new, **asked, order=place)


@pytest.mark.parametrize(("scheme", "message"), [("kfold", "repeats 0 and 2"), ("repeated_holdout", "repeats 0 and 1")])
def test_a_copied_repeat_is_no_second_draw(scheme, message):
    frames = number_frames(repeats=3)
    if scheme == "kfold":  # the third draw has the folds of the first, under other names
        first = frames[0]["fold"].to_numpy()[:200]
        frames = [f.assign(fold=np.r_[f["fold"].to_numpy()[:400], (first + 2) % 5]) for f in frames]
    else:
        frames = [f.assign(fold=0) for f in frames]
    says(DataError, f"{message} (counted from 0) are the same rows in the same folds", frames=frames, scheme=scheme,
         margin_unit="relative")  # fmt: skip


def test_categories_and_indexes_named_like_columns_do_not_part_what_belongs_together():
    old, new = number_frames()
    plain = compare(old, new, **ASKED)
    turned = pd.Categorical(new["row_id"], categories=[*range(2, 200), 0, 1])
    assert compare(old, new.assign(row_id=turned), **ASKED) == plain
    assert compare(old.set_index("row_id", drop=False), new.set_index("repeat", drop=False), **ASKED) == plain


@pytest.mark.parametrize(("metric", "what"), [("f1", "positive rows"), ("mcc", "rows of each class"),
                                              ("balanced_accuracy", "rows of each class")])  # fmt: skip
@pytest.mark.parametrize("members", [1, 5, 9, 10, 60])
def test_a_class_of_few_members_is_refused_then_flagged(metric, what, members):
    rng = np.random.default_rng(0)
    actual = (np.arange(200) < members).astype(int)
    chances = [np.clip(0.3 * actual + 0.6 * rng.random(200), 0.01, 0.99)[None] for _ in range(2)]
    fold = rng.permutation(200)[None] % 5
    frames = [frame_of(actual, fold, chance, ["no", "yes"]) for chance in chances]
    if members < 10:
        says(DataError, f"{metric} needs at least 10 {what}, and there are {members}", frames=frames,
             asked={"metric": metric, "margin": 0.01})  # fmt: skip
    else:
        found = compare(*frames, metric=metric, margin=0.01)
        assert any("few members of a class" in flag for flag in found.flags) == (members < 50)
        assert any("labels are the most probable class" in flag for flag in found.flags)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"weights": {}}, "weights: found an empty mapping"),
        ({"margin": 10**400}, "margin: found 1000"),
        ({"margin": pd.NA}, "margin: found <NA>"),
        ({"margin_unit": np.array([1, 2])}, "margin_unit: found array([1, 2])"),
        ({"order": np.arange(200)}, "order= says when rows were, which scheme='kfold' does not ask"),
        ({"scheme": "forward", "order": np.arange(200), "groups": np.arange(200)}, "groups= has no part in"),
        ({"weights": ["a"] * 200}, "weights: found values"),
    ],
)
def test_what_makes_no_sense_is_answered_in_a_sentence(words, message):
    with pytest.raises(KissBenchError) as caught:
        compare(*number_frames(), **{**ASKED, "margin_unit": "relative", **words})
    assert message in str(caught.value)


def test_one_row_a_fold_is_refused_with_groups_of_one_row_too():
    lone = [frame.assign(fold=frame["row_id"]) for frame in number_frames()]
    for scheme, groups in (("kfold", None), ("leave_one_group_out", np.arange(200)), ("kfold", np.arange(200))):
        says(FoldError, "leave-one-out", frames=lone, scheme=scheme, groups=groups, margin_unit="relative")


def test_dates_and_huge_weights_are_told():
    old, new = number_frames()
    dates = pd.to_datetime("2020-01-01") + pd.to_timedelta(np.arange(200), unit="D")
    says(DataError, "candidate: prediction must hold numbers", frames=(old, new.assign(prediction=dates)))
    even = compare(old, new, **ASKED)
    assert compare(old, new, **ASKED, weights=np.full(200, 1e308)).p_gain == pytest.approx(even.p_gain, abs=1e-12)
    heavy = compare(old, new, **ASKED, weights=np.where(np.arange(200) == 0, 1000.0, 1.0))
    assert any(flag.startswith("uneven weights: 200 rows, worth 1.4") for flag in heavy.flags)


ODD = st.sampled_from([np.nan, np.inf, -np.inf, None, -1, 0, 1, 2, 0.5, 1e300, "", "yes", "maybe", True, pd.NaT, (1,)])


ANY = {
    "unit": st.sampled_from(["skill", "relative", "absolute"]),
    "where": st.sets(st.integers(0, 199), max_size=200),
    "value": ODD,
    "both": st.booleans(),
}


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        ANY
        | {
            "metric": st.sampled_from(["log_loss", "brier", "roc_auc", "f1", "average_precision"]),
            "scheme": st.sampled_from(
                ["kfold", "group", "leave_one_group_out", "forward", "holdout", "repeated_holdout"]
            ),
            "column": st.sampled_from(["row_id", "repeat", "fold", "actual", "p_no", "p_yes", "predicted", "extra"]),
            "rows": st.sampled_from([0, 1, 2, 60, 330, 330]),
        }
    )
)
def test_whatever_is_put_into_a_frame_of_classes_the_answer_is_finite_or_a_sentence(case):
    old, new = (f.assign(predicted=f["actual"], extra=np.arange(330) % 11) for f in class_frames())
    check_answer(case, old.head(case["rows"]), new.head(case["rows"]))


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        ANY
        | {
            "metric": st.sampled_from(["rmse", "mae", "r2", "pinball_0.9", "rmsle", "poisson_deviance"]),
            "scheme": st.sampled_from(["kfold", "group", "forward", "predefined", "holdout", "repeated_holdout"]),
            "column": st.sampled_from(["row_id", "repeat", "fold", "actual", "prediction", "extra"]),
            "weights": st.sampled_from([None, "extra"]),
        }
    )
)
def test_whatever_is_put_into_a_frame_of_numbers_the_answer_is_finite_or_a_sentence(case):
    check_answer(case, *(frame.assign(extra=np.arange(200) % 11) for frame in number_frames()))


def changed_by(case, frame):
    values = frame[case["column"]].astype(object).to_numpy(copy=True)
    for line in case["where"]:
        if line < len(values):
            values[line] = case["value"]
    return frame.assign(**{case["column"]: pd.Series(values, index=frame.index, dtype=object).infer_objects()})


def check_answer(case, old, new):
    roles = {"group": {"groups": "extra"}, "leave_one_group_out": {"groups": "extra"}, "forward": {"order": "extra"}}
    asked = {"metric": case["metric"], "margin": 0.01, "margin_unit": case["unit"], "scheme": case["scheme"]}
    asked |= roles.get(case["scheme"], {}) | {"weights": case.get("weights")}
    try:
        found = compare(changed_by(case, old) if case["both"] else old, changed_by(case, new), **asked)
    except KissBenchError as fault:
        if not str(fault).strip():
            raise
        return
    figures = [found.gain, found.low, found.high, found.margin, found.se, found.p_gain, found.p_equal, found.p_harm]
    assert np.isfinite([*figures, found.min_detectable_gain, found.df]).all()
    assert found.low <= found.gain <= found.high
    assert found.p_gain + found.p_equal + found.p_harm == pytest.approx(1.0, abs=1e-9)
    assert (found.verdict == "JUSTIFIED") == (found.p_gain >= 1.0 - found.alpha)


def test_many_classes_pass_the_same_checks():
    codes, models = many_classes()
    old, new = class_frames(codes, models)
    assert np.isfinite(compare(old, new, metric="roc_auc_ovr", margin=0.01).p_gain)
    says(DataError, "candidate: actual holds c, which has no p_", asked=ASKED | {"metric": "log_loss"},
         frames=(old, new.drop(columns="p_c").assign(p_a=1.0 - new["p_b"])))  # fmt: skip
