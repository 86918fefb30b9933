"""`compare`: predictions from anywhere give what the judge gives, and what textbooks give."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from frame_examples import frame_of, names_for, two_columns
from judge_examples import example, many_classes, numbers, stratified, terms_of
from scipy import stats
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor

from kiss_bench.judge import Predictions, Trio, compare, compare_rows
from kiss_bench.metrics import METRICS

SCHEMES = {
    "kfold": "shuffled", "shuffled": "shuffled", "stratified": "stratified", "group": "group",
    "leave_one_group_out": "group", "forward": "forward", "predefined": "predefined", "holdout": "holdout",
    "repeated_holdout": "repeated_holdout",
}  # fmt: skip
UNITS = ("skill", "relative", "absolute")
NAMED = [name for name in METRICS if not name.startswith("pinball_") or name == "pinball_0.9"]
CASES = [
    (metric, scheme, UNITS[(m + s) % 3])
    for m, metric in enumerate(NAMED)
    for s, scheme in enumerate(SCHEMES)
    if (metric, scheme) != ("r2", "repeated_holdout")
]
"""Every metric under every scheme, the units of the margin by turns."""
RNG = np.random.default_rng(0)


def alike(one, other, abs=1e-12):  # noqa: A002  (pytest.approx's own word)
    left, right = dataclasses.asdict(one), dataclasses.asdict(other)
    for name, value in left.items():
        if isinstance(value, float):
            assert value == pytest.approx(right[name], abs=abs, rel=1e-12), name
        else:
            assert value == right[name], name


def material(metric, scheme, repeats=1):
    """Rows as the judge has them, models, the frames' roles, and the row_id of each row."""
    actual, models = example(metric, repeats)
    n, models = len(actual), two_columns(metric, models)
    fold = (
        stratified(actual, 5, repeats, 0)
        if actual.dtype.kind == "i"
        else np.stack([RNG.permutation(n) % 5 for _ in range(repeats)])
    )
    group, time, n_train = None, None, 0.0
    if scheme == "group":
        group = fold[0] * 4 + np.arange(n) % 4
        fold = np.stack([fold[0], *[RNG.permutation(20)[group] % 5 for _ in fold[1:]]])
    if scheme == "leave_one_group_out":
        group = fold[0]
    if scheme == "forward":
        time = np.random.default_rng(1).permutation(n)
    if scheme == "holdout":
        fold = fold * 0
    roles = {"groups": group, "order": time}
    return Predictions(actual=actual, fold=fold, group=group, time=time, n_train=n_train), models, roles


def held_out(metric, splits=6, share=0.4):
    """Splits that each test other rows: rows as the judge has them, models by split, row_ids."""
    actual, models = example(metric)
    n, models = len(actual), [model[0] for model in two_columns(metric, models)]
    tested = np.stack([np.sort(np.random.default_rng(s).permutation(n)[: int(n * share)]) for s in range(splits)])
    others = len(np.unique(tested)) - tested.shape[1]
    rows = Predictions(actual=actual[tested], fold=np.zeros_like(tested), n_train=float(others))
    return rows, [model[tested] for model in models], tested


def frames(rows, models, metric, row_id=None):
    names = names_for(metric, models) if models[0].ndim < 3 or models[0].shape[-1] > 2 else ["no", "yes"]
    found = [frame_of(rows.actual, rows.fold, model, names, row_id) for model in models]
    if metric not in LABELS:
        return found
    return [
        one.assign(predicted=np.array(names)[model.argmax(-1).ravel()])
        for one, model in zip(found, models, strict=True)
    ]


@pytest.mark.parametrize(("metric", "scheme", "unit"), CASES)
def test_frames_say_what_the_judge_says(metric, scheme, unit):
    ids, roles = None, {}
    if scheme == "repeated_holdout":
        rows, models, ids = held_out(metric)
    else:
        rows, models, roles = material(metric, scheme)
    task = METRICS[metric].tasks[0]
    terms = terms_of(metric, 0.01, unit, scheme=SCHEMES[scheme], task=task)
    inside = compare_rows(rows, terms, Trio(dummy=models[0], incumbent=models[1], candidate=models[2]), 0.05)
    dummy, old, new = frames(rows, models, metric, ids)
    asked = {"metric": metric, "margin": 0.01, "margin_unit": unit, "scheme": scheme, "dummy": dummy} | roles
    alike(compare(old, new, **asked), inside)


def shuffled(frame, seed):
    rng = np.random.default_rng(seed)
    return frame.iloc[rng.permutation(len(frame))][list(rng.permutation(frame.columns))]


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "roc_auc_ovr", "f1", "rmse", "pinball_0.9"])
@pytest.mark.parametrize("scheme", ["kfold", "group", "forward"])
def test_the_order_of_lines_and_columns_does_not_matter(metric, scheme):
    rows, models, roles = material(metric, scheme, repeats=1 if scheme == "forward" else 3)
    dummy, old, new = frames(rows, models, metric)
    asked = {"metric": metric, "margin": 0.01, "scheme": scheme}
    given = {name: dict(enumerate(values)) for name, values in roles.items() if values is not None}
    straight = compare(old, new, dummy=dummy, **asked, **given)
    for seed in range(3):
        mixed = [shuffled(frame, seed * 3 + k) for k, frame in enumerate((dummy, old, new))]
        assert compare(mixed[1], mixed[2], dummy=mixed[0], **asked, **given) == straight


def renamed(frame, columns, labels):
    """The same frame with other class labels and column names."""
    both = dict(zip(["no", "yes"], labels, strict=True))
    named = dict(zip(["p_no", "p_yes"], columns, strict=True))
    labelled = {name: [both[label] for label in frame[name]] for name in ("actual", "predicted") if name in frame}
    return frame.assign(**labelled).rename(columns=named)


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        (["p_0", "p_1"], [0, 1]),
        (["p_0", "p_1"], [0.0, 1.0]),
        (["p_0.0", "p_1.0"], [0.0, 1.0]),
        (["p_0.0", "p_1.0"], [0, 1]),
        (["p_0", "p_1"], ["0", "1"]),
        (["p_False", "p_True"], [False, True]),
        (["p_-1", "p_1"], [-1, 1]),
        (["p_9", "p_10"], [9, 10]),
        (["p_0.5", "p_1.5"], [0.5, 1.5]),
        (["p_bad loan", "p_good loan"], ["bad loan", "good loan"]),
    ],
)
@pytest.mark.parametrize("metric", ["log_loss", "average_precision", "f1"])
def test_labels_may_be_numbers_booleans_or_text(columns, labels, metric):
    rows, models, _ = material(metric, "kfold")
    plain = frames(rows, models, metric)
    asked = {"metric": metric, "margin": 0.01}
    expected = compare(plain[1], plain[2], dummy=plain[0], **asked, positive="yes")
    dummy, old, new = (renamed(frame, columns, labels) for frame in plain)
    assert compare(old, new, dummy=dummy, **asked) == expected
    assert compare(old, new, dummy=dummy, **asked, positive=labels[1]) == expected
    swapped = compare(old, new, dummy=dummy, **asked, positive=labels[0])
    assert (swapped == expected) == (metric == "log_loss")


def test_text_categories_and_extension_types_are_taken_as_they_come():
    rows, models, _ = material("f1", "kfold")
    old, new = frames(rows, models, "f1")[1:]
    expected = compare(old, new, metric="f1", margin=0.01)
    for change in (
        {"actual": "category"}, {"actual": "string"}, {"row_id": "Int64", "fold": "Int64"}, {"p_yes": "Float64"},
        {"fold": "category"},
    ):  # fmt: skip
        assert compare(old.astype(change), new.astype(change), metric="f1", margin=0.01) == expected
    spelled = [frame.assign(fold=[f"fold {k}" for k in frame["fold"]]) for frame in (old, new)]
    dated = [
        frame.assign(row_id=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["row_id"], "D")) for frame in spelled
    ]
    assert compare(*dated, metric="f1", margin=0.01) == expected


def test_a_label_given_beats_the_most_probable_one():
    rows, models, _ = material("f1", "kfold")
    old, new = frames(rows, models, "f1")[1:]
    low = [frame.assign(predicted=np.where(frame["p_yes"] > 0.3, "yes", "no")) for frame in (old, new)]
    found = compare(*low, metric="f1", margin=0.0, margin_unit="absolute")
    scores = [sk.f1_score(frame["actual"], frame["predicted"], pos_label="yes") for frame in low]
    assert found.gain == pytest.approx(scores[1] - scores[0], abs=1e-12)
    assert found.gain != compare(old, new, metric="f1", margin=0.0, margin_unit="absolute").gain


NUMERIC = [name for name, metric in METRICS.items() if metric.tasks == ("regression",)]


@pytest.mark.parametrize("metric", NAMED)
@pytest.mark.parametrize(("scheme", "repeats"), [("kfold", 1), ("stratified", 3), ("predefined", 1), ("group", 1)])
def test_a_dummy_left_out_is_scikit_learns_dummy_on_the_rows_of_the_other_folds(metric, scheme, repeats):
    rows, models, roles = material(metric, scheme, repeats)
    _, old, new = frames(rows, models, metric)
    prediction = np.empty_like(models[0])
    for repeat, fold in enumerate(rows.fold):
        for k in np.unique(fold):
            test, train = fold == k, fold != k
            prediction[repeat, test] = average_of(metric, rows.actual[train], test.sum())
    dummy = frames(rows, [prediction, *models[1:]], metric)[0]
    if metric in LABELS:
        dummy = dummy.assign(predicted=best_labels(metric, rows, names_for(metric, models) or []))
    asked = {"metric": metric, "margin": 0.05, "scheme": scheme} | roles
    alike(compare(old, new, **asked), compare(old, new, dummy=dummy, **asked), abs=1e-9)


LABELS = {
    "accuracy": sk.accuracy_score, "balanced_accuracy": sk.balanced_accuracy_score, "mcc": sk.matthews_corrcoef,
    "f1": lambda y, p: sk.f1_score(y, p, pos_label=1), "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
}  # fmt: skip


def best_labels(metric, rows, names):
    """By line, the class that scikit-learn scores best where all training rows get it; the most frequent one of two."""
    found = np.empty(rows.fold.shape, dtype=int)
    for repeat, fold in enumerate(rows.fold):
        for k in np.unique(fold):
            train = rows.actual[fold != k]
            codes = np.argsort(-np.bincount(train), kind="stable")
            scores = [LABELS[metric](train, np.full(len(train), code)) for code in codes]
            found[repeat, fold == k] = codes[int(np.argmax(np.round(scores, 12)))]
    return np.array(names)[found.ravel()]


def average_of(metric, train, count):
    """(count,) or (count, k) predictions of scikit-learn's dummy that was fitted on `train`."""
    x, z = np.zeros((len(train), 1)), np.zeros((count, 1))
    if metric not in NUMERIC:
        return DummyClassifier(strategy="prior").fit(x, train).predict_proba(z)
    best = METRICS[metric].best_constant
    if metric == "rmsle":
        return np.expm1(DummyRegressor().fit(x, np.log1p(train)).predict(z))
    if isinstance(best, float):
        return DummyRegressor(strategy="quantile", quantile=best).fit(x, train).predict(z)
    return DummyRegressor(strategy=best).fit(x, train).predict(z)


@pytest.mark.parametrize("role", ["groups", "order", "weights"])
def test_a_role_may_be_a_column_an_array_a_list_or_a_mapping(role):
    scheme = {"groups": "group", "order": "forward", "weights": "kfold"}[role]
    rows, models, _ = material("rmse", "kfold", repeats=1 if role == "order" else 3)
    if role == "groups":
        rows = dataclasses.replace(
            rows, fold=np.stack([RNG.permutation(25)[np.arange(200) // 8] % 5 for _ in rows.fold])
        )
    dummy, old, new = frames(rows, models, "rmse")
    by_row = {
        "groups": np.arange(200) // 8, "order": np.random.default_rng(3).permutation(200),
        "weights": np.random.default_rng(3).gamma(2.0, size=200),
    }[role]  # fmt: skip
    by_line = by_row[old["row_id"]]
    asked = {"metric": "rmse", "margin": 0.01, "scheme": scheme, "dummy": dummy}
    expected = compare(old, new, **asked, **{role: by_line})
    assert compare(old.assign(column=by_line), new, **asked, **{role: "column"}) == expected
    assert compare(old, new, **asked, **{role: list(by_line)}) == expected
    assert compare(old, new, **asked, **{role: pd.Series(by_line)}) == expected
    assert compare(old, new, **asked, **{role: dict(enumerate(by_row))}) == expected
    mixed = shuffled(old.assign(column=by_line), 7)
    assert compare(mixed, new, **asked, **{role: "column"}) == expected
    if role != "weights":
        dates = pd.Timestamp("2026-01-01") + pd.to_timedelta(by_line, "D")
        assert compare(old, new, **asked, **{role: dates}) == expected
        texts = [f"{value:05d}" for value in by_line]
        assert compare(old, new, **asked, **{role: texts}) == expected
    assert compare(old, new, **asked) != expected if role == "weights" else True


@pytest.mark.parametrize("metric", ["log_loss", "mae", "roc_auc", "average_precision"])
def test_repeated_holdout_is_nadeau_bengio_with_the_actual_sizes(metric):
    rows, models, ids = held_out(metric)
    _, old, new = frames(rows, models, metric, ids)
    found = compare(old, new, metric=metric, margin=0.0, margin_unit="absolute", scheme="repeated_holdout")
    error = {
        "log_loss": lambda y, p: sk.log_loss(y, p[:, 1]),
        "mae": sk.mean_absolute_error,
        "roc_auc": lambda y, p: 1.0 - sk.roc_auc_score(y, p[:, 1]),
        "average_precision": lambda y, p: 1.0 - sk.average_precision_score(y, p[:, 1]),
    }[metric]
    gaps = [error(y, old) - error(y, new) for y, old, new in zip(rows.actual, *models[1:], strict=True)]
    n2, n1 = ids.shape[1], len(np.unique(ids)) - ids.shape[1]
    se = np.sqrt((1 / 6 + n2 / n1) * np.var(gaps, ddof=1))
    assert (found.gain, found.se) == (pytest.approx(np.mean(gaps), abs=1e-12), pytest.approx(se, abs=1e-12))
    assert (found.df, found.method) == (5, "Nadeau-Bengio")
    assert found.p_gain == pytest.approx(stats.t.cdf(np.mean(gaps) / se, 5), abs=1e-12)
    half = stats.t.isf(0.025, 5) * se
    assert (found.low, found.high) == (pytest.approx(found.gain - half), pytest.approx(found.gain + half))


def test_a_holdout_is_the_plain_paired_t_test():
    actual, models = numbers()
    columns = {"row_id": np.arange(200), "actual": actual}
    old, new = (pd.DataFrame(columns | {"prediction": model[0]}) for model in models[1:])
    found = compare(old, new, metric="mae", margin=0.0, margin_unit="absolute", scheme="holdout")
    errors = [np.abs(actual - model[0]) for model in models[1:]]
    theirs = stats.ttest_rel(*errors, alternative="greater")
    assert found.p_gain == pytest.approx(1.0 - theirs.pvalue, abs=1e-12)
    interval = stats.ttest_rel(*errors).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.alpha == 0.05


def test_leave_one_group_out_is_the_t_test_of_equal_groups():
    actual, models = numbers()
    group = np.arange(200) % 10
    old, new = (frame_of(actual, group[None], model) for model in models[1:])
    asked = {"metric": "mse", "margin": 0.0, "margin_unit": "absolute"}
    found = compare(old, new, **asked, scheme="leave_one_group_out", groups=group)
    d = (actual - models[1][0]) ** 2 - (actual - models[2][0]) ** 2
    theirs = stats.ttest_1samp([d[group == g].mean() for g in range(10)], 0.0, alternative="greater")
    assert found.p_gain == pytest.approx(1.0 - theirs.pvalue, abs=1e-9)
    assert (found.alpha, found.df) == (0.05, pytest.approx(9.0))


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01])
@pytest.mark.parametrize("repeats", [1, 2, 3, 5])
def test_up_to_two_repeats_a_fifth_of_alpha_is_applied(alpha, repeats):
    actual, models = numbers(repeats=repeats)
    rows, _, _ = material("rmse", "kfold", repeats)
    old, new = (frame_of(actual, rows.fold, model) for model in models[1:])
    found = compare(old, new, metric="rmse", margin=0.01, alpha=alpha)
    assert found.alpha == pytest.approx(alpha if repeats >= 3 else alpha / 5)
    assert (found.verdict == "JUSTIFIED") == (found.p_gain >= 1.0 - found.alpha)


def test_a_class_that_never_came_true_takes_part_all_the_same():
    actual, models = many_classes(n=300)
    kept = actual != 1
    fold = stratified(actual, 5, 1, 0)[:, kept]
    _, old, new = (frame_of(actual[kept], fold, model[:, kept], ["a", "b", "c"]) for model in models)
    found = compare(old, new, metric="log_loss", margin=0.0, margin_unit="absolute")
    labels = np.array(["a", "b", "c"])[actual[kept]]
    losses = [sk.log_loss(labels, model[0, kept], labels=["a", "b", "c"]) for model in models[1:]]
    assert found.gain == pytest.approx(losses[0] - losses[1], abs=1e-12)
