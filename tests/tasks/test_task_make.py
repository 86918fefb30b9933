from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from task_tables import loans, plan_for, task_of

from kiss_bench.errors import DataError, FoldError, KissBenchError, PlanError
from kiss_bench.metrics import METRICS
from kiss_bench.plan.plan import Step

ROWS = 60


def targeted(values, **keys):
    """Plan and task of a table with one feature `x` and these target values, repeated up to 60 rows."""
    values = list(values)
    column = pd.Series((values * ROWS)[:ROWS], dtype=keys.pop("dtype", None))
    return task_of(pd.DataFrame({"x": np.arange(ROWS), "y": column}), plan_for("y", **keys))


def refusal(frame, plan, kind=DataError):
    with pytest.raises(KissBenchError) as caught:
        task_of(frame, plan)
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "keys", "kind", "labels", "why"),
    [
        (["no", "yes"], {}, "binary", ("no", "yes"), "binary: target 'y' is text with 2 distinct values."),
        ([True, False], {}, "binary", (False, True), "binary: target 'y' is true or false."),
        (
            [0, 1],
            {},
            "binary",
            (0, 1),
            (
                "binary: target 'y' holds whole numbers with 2 distinct values, taken as classes; "
                "`task: regression` takes them as quantities."
            ),
        ),
        ([2.0, 1.0], {}, "binary", (1, 2), None),
        ([Decimal("1.0"), Decimal(2)], {}, "binary", (1, 2), None),
        ([1, 2], {"dtype": "category"}, "binary", (1, 2), None),
        ([1, "a"], {}, "binary", ("1", "a"), None),
        ([2**60, 2**60 + 1], {}, "binary", (2**60, 2**60 + 1), None),
        (
            [10, 9, 1],
            {},
            "multiclass",
            (1, 9, 10),
            (
                "multiclass: target 'y' holds whole numbers with 3 distinct values, taken as classes; "
                "`task: regression` takes them as quantities."
            ),
        ),
        (["b", "a", "c"], {}, "multiclass", ("a", "b", "c"), "multiclass: target 'y' is text with 3 distinct values."),
        (range(10), {}, "multiclass", tuple(range(10)), None),
        (
            range(11),
            {},
            "regression",
            (),
            "regression: target 'y' holds 11 distinct values; `task: multiclass` takes each value as a class.",
        ),
        (
            [0.5, 1.0],
            {},
            "regression",
            (),
            "regression: target 'y' holds numbers that are not whole; `task: binary` takes each value as a class.",
        ),
        ([0, 1], {"task": "regression"}, "regression", (), "`task: regression` is set in the config."),
        ([0.5, 1.0], {"task": "binary"}, "binary", (0.5, 1), "`task: binary` is set in the config."),
        (range(11), {"task": "multiclass"}, "multiclass", tuple(range(11)), "`task: multiclass` is set in the config."),
    ],
)
def test_the_target_decides_the_task_and_says_why(values, keys, kind, labels, why):
    plan, task = targeted(values, **keys)
    assert (plan.task, task.kind, task.labels) == (kind, kind, labels)
    assert list(map(type, task.labels)) == list(map(type, labels))
    assert why is None or task.why == why
    if labels:
        values = [labels[code] for code in task.y]
        assert task.y.dtype == np.int64
        assert [type(each)(value) for each, value in zip(values, task.actual, strict=True)] == values
    else:
        np.testing.assert_array_equal(task.y, task.actual.to_numpy(dtype=np.float64))


@pytest.mark.parametrize(
    ("values", "keys", "told"),
    [
        (["a"], {}, "target 'y' has one value only ('a' in all 60 rows)"),
        ([1.5], {}, "target 'y' has one value only (1.5 in all 60 rows)"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), {}, "target 'y' is a date; "),
        ([None], {}, "target 'y' is missing in all 60 rows"),
        (
            [1.0, 2.5, np.inf, -np.inf],
            {},
            "infinite values in 1 column(s), rows counted from 0: 'y': 30 (row_id 2, 3, 6",
        ),
        (["a", "b"], {"task": "regression"}, "task: regression needs numbers, but target 'y' is text"),
        ([True, False], {"task": "regression"}, "task: regression needs numbers, but target 'y' is true or false"),
        (
            [1, 2, 3],
            {"task": "binary"},
            "task: binary needs 2 labels, but target 'y' has 3; allowed for it: multiclass, regression",
        ),
        (
            list("abc"),
            {"task": "binary"},
            "task: binary needs 2 labels, but target 'y' has 3; allowed for it: multiclass",
        ),
        ([1, 2], {"task": "multiclass"}, "task: multiclass needs 3 labels or more, but target 'y' has 2; use binary"),
        (
            [f"row {row}" for row in range(13)],
            {},
            (
                "target 'y' has 13 labels in 60 rows, more than one in 5: it looks like an id or free text "
                "('row 0', 'row 1', 'row 10', 'row 11', 'row 12' and 8 more); name another target, "
                "or set `task: multiclass`"
            ),
        ),
        (
            ["no", "yes"],
            {"positive": "YES!"},
            "positive: 'YES!' is not a label of target 'y'; its labels are 'no', 'yes'",
        ),
        ([1, 2, 3], {"positive": 3}, "positive: 3 is given, but target 'y' has 3 labels, not 2"),
        ([1.5, 2], {"positive": 2}, "positive: 2 is given, but the task is regression. regression: target 'y' holds"),
    ],
)
def test_targets_that_nothing_can_be_fitted_to_are_refused(values, keys, told):
    with pytest.raises(DataError) as caught:
        targeted(values, **keys)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("labels", "asked", "label"),
    [
        (["no", "yes"], "yes", "yes"),
        (["no", "yes"], "no", "no"),
        (["no", "yes"], "No ", "no"),
        (["Yes", "yes"], "Yes", "Yes"),
        ([1, 2], 1, 1),
        ([1, 2], "1", 1),
        ([1, 2], 1.0, 1),
        (["1", "2"], 1, "1"),
        ([True, False], False, False),
        ([True, False], "false", False),
        ([True, False], 0, False),
        ([0, 1], False, 0),
        (["True", "False"], False, "False"),
    ],
)
def test_positive_is_matched_as_typed_or_as_text(labels, asked, label):
    plan, task = targeted(labels, positive=asked)
    assert task.labels[task.positive] == label
    assert plan.positive == label
    assert type(plan.positive) is type(label)


def test_without_positive_the_last_label_is_taken_and_said():
    plan, task = task_of(loans(), plan_for())
    assert (task.positive, plan.positive) == (1, "yes")
    assert task.notes == ("positive is not set: 'yes', the last of 'no', 'yes' in sorted order, is taken.",)


def test_rows_without_target_are_refused_with_their_number():
    frame = loans().assign(late=loans()["late"].where(loans().index % 20 != 0))
    assert refusal(frame, plan_for()) == (
        "target 'late' is missing in 3 of 60 rows; "
        "`drop_missing_target: true` leaves these rows out and reports their number"
    )
    _, task = task_of(frame, plan_for(drop_missing_target=True, positive="yes"))
    assert (task.rows_read, task.rows_dropped, len(task.frame), len(task.y)) == (60, 3, 57, 57)
    assert task.row_id.tolist() == [row for row in range(60) if row % 20]
    assert task.notes == ("3 of 60 rows have no 'late' and are left out.",)
    assert task.actual.tolist() == frame["late"].dropna().tolist()


def test_features_are_all_columns_without_another_part():
    data = {"id": "loan", "time": "applied", "group": "customer", "drop": ("home",)}
    _, task = task_of(loans(), plan_for(data=data, folds={"kind": "group"}))
    assert list(task.frame.columns) == ["income", "employed"]
    assert [column.kind for column in task.columns] == ["number", "boolean"]
    assert task.group.tolist() == [row // 3 for row in range(60)]
    assert task.time.tolist() == [row // 2 for row in range(60)]


def test_listed_features_are_exactly_the_features():
    data = {"time": "applied", "features": ("home", "applied")}
    _, task = task_of(loans(), plan_for(data=data))
    assert list(task.frame.columns) == ["home", "applied"]


def test_large_integer_groups_and_ids_are_told_apart():
    frame = loans().assign(customer=2**60 + loans()["customer"], loan=2**60 + loans()["loan"])
    _, task = task_of(frame, plan_for(data={"group": "customer", "id": "loan"}))
    assert len(np.unique(task.group)) == 20


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"target": "lat", "data": {"id": "lone", "drop": ("xyz",)}, "folds": {"column": "fold"}},
            (
                "4 faults in the roles of columns:\n"
                "  target: there is no column 'lat' (nearest: 'late')\n"
                "  data.id: there is no column 'lone' (nearest: 'loan')\n"
                "  data.drop: there is no column 'xyz'\n"
                "  folds.column: there is no column 'fold'\n"
                "  the columns are 'loan', 'income', 'home', 'employed', 'applied', 'customer', 'late'"
            ),
        ),
        (
            {"data": {"features": ("late", "home", "home"), "drop": ("home", "late")}},
            (
                "4 faults in the roles of columns:\n"
                "  data.drop: 'late' is the target and can play no other part\n"
                "  data.features: 'late' is the target and can play no other part\n"
                "  data.drop: 'home' is also listed in data.features\n"
                "  data.features: listed more than once: 'home'"
            ),
        ),
        (
            {"data": {"time": "late"}},
            "1 fault in the roles of columns:\n  data.time: 'late' is the target and can play no other part",
        ),
        (
            {"data": {"group": "home", "drop": ("home",)}},
            "1 fault in the roles of columns:\n  data.drop: 'home' is also data.group, which is no feature anyway",
        ),
        (
            {"data": {"drop": ("loan", "income", "home", "employed", "applied", "customer")}},
            "1 fault in the roles of columns:\n  no column is left as a feature",
        ),
        (
            {"data": {"time": "home"}},
            (
                "data.time: column 'home' is a category ('own', 'rent'); "
                "it must hold dates (2024-05-31, or ISO-8601 stamps) or numbers"
            ),
        ),
        (
            {"data": {"id": "customer"}},
            (
                "data.id: column 'customer' is not unique: 40 row(s) repeat an earlier id, such as '0' in rows 0, 1, 2 "
                "(from 0); if an id stands for many rows, make it data.group"
            ),
        ),
    ],
)
def test_roles_are_refused_all_at_once(keys, told):
    assert refusal(loans(), plan_for(**keys)) == told


@pytest.mark.parametrize("role", ["id", "group", "time", "weight"])
def test_missing_values_in_a_role_are_refused(role):
    frame = loans().assign(loan=loans()["loan"].where(loans().index > 4))
    assert refusal(frame, plan_for(data={role: "loan"})) == (
        f"data.{role}: column 'loan' is missing in 5 of 60 rows (row_id 0, 1, 2 and 2 more); "
        "fill it in, or leave these rows out of the table"
    )


A_WEIGHT = "a weight is a finite number of at least 0, above 0 somewhere"
WEIGHTS = {
    "negative": (
        [1.0, -2.0, 3.0],
        f"negative in 20 of 60 rows (row_id 1, 4, 7 and 17 more); {A_WEIGHT}; correct it, or leave these rows out of",
    ),
    "infinite": ([1.0, np.inf, 3.0], f"infinite in 20 of 60 rows (row_id 1, 4, 7 and 17 more); {A_WEIGHT}"),
    "both": ([-1.0, np.inf], "negative in 30 of 60 rows (row_id 0, 2, 4 and 27 more) and infinite in 30 of 60 rows"),
    "all zero": ([0, 0.0], f"0 in all 60 rows; {A_WEIGHT}"),
    "text": (["1", "?", "2"], "a category ('1', '?', '2'); it must hold numbers of at least 0, what each row counts"),
    "yes or no": ([True, False], "a boolean (1.0, 0.0); it must hold numbers of at least 0, what each row counts"),
}


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_are_none_are_refused_with_their_rows(what):
    values, told = WEIGHTS[what]
    frame = loans().assign(exposure=(values * ROWS)[:ROWS])
    found = refusal(frame, plan_for(data={"weight": "exposure"}))
    assert found.startswith(f"data.weight: column 'exposure' is {told}")


def test_weights_are_those_of_the_rows_that_count_and_no_feature():
    frame = loans().assign(exposure=np.arange(ROWS), late=loans()["late"].where(loans().index % 20 != 0))
    _, task = task_of(frame, plan_for(data={"weight": "exposure"}, drop_missing_target=True, positive="yes"))
    assert task.weight.tolist() == [row for row in range(60) if row % 20]
    assert "exposure" not in [column.name for column in task.columns]
    assert "exposure" not in task.frame
    assert task.notes[-1].startswith("Rows count in scores and verdicts by their weight, 'exposure'. Fits, tuning")
    assert task.notes[-1].endswith("learns from all rows alike.")


def test_a_negative_weight_of_a_row_without_target_is_no_fault():
    frame = loans().assign(exposure=np.where(np.arange(ROWS) == 0, -1, 1)).astype({"late": object})
    frame.loc[0, "late"] = None
    _, task = task_of(frame, plan_for(data={"weight": "exposure"}, drop_missing_target=True, positive="yes"))
    assert set(task.weight) == {1.0}


@pytest.mark.parametrize("key", ["target", "time"])
def test_a_role_of_a_repeated_name_is_refused(key):
    frame = pd.DataFrame(np.arange(40).reshape(-1, 4), columns=["a", "b", "a", "c"])
    plan = plan_for("a") if key == "target" else plan_for("b", data={"time": "a"})
    place = "target" if key == "target" else "data.time"
    assert refusal(frame, plan) == (
        f"1 fault in the roles of columns:\n  {place}: several columns are named 'a'; give them names of their own"
    )


def test_infinite_features_are_refused_but_dropped_ones_are_not():
    frame = loans().assign(income=np.inf)
    assert refusal(frame, plan_for()).startswith("infinite values in 1 column(s), rows counted from 0: 'income': 60")
    _, task = task_of(frame, plan_for(data={"drop": ("income",)}))
    assert "income" not in task.frame


@pytest.mark.parametrize(
    ("keys", "kind", "gap"),
    [
        ({}, "stratified", 0),
        ({"target": "income"}, "shuffled", 0),
        ({"data": {"time": "applied"}}, "forward", 0),
        ({"data": {"time": "applied", "horizon": 2}}, "forward", 2),
        ({"data": {"time": "applied", "horizon": 2}, "folds": {"gap": 3}}, "forward", 3),
        ({"data": {"group": "customer"}}, "group", 0),
        ({"data": {"group": "customer", "time": "applied", "horizon": 2}, "folds": {"kind": "group"}}, "group", 0),
        ({"folds": {"column": "customer"}}, "predefined", 0),
    ],
)
def test_roles_decide_the_kind_of_folds(keys, kind, gap):
    plan, _ = task_of(loans(), plan_for(**keys))
    assert (plan.folds.kind, plan.folds.gap) == (kind, gap)
    assert plan.metric.primary == ("rmse" if plan.target == "income" else "log_loss")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"data": {"time": "applied", "group": "customer"}},
            (
                "folds.kind is not set, but data.time and data.group are; choose one:\n"
                "  forward: later rows of the same 'customer' are to be predicted\n"
                "  group: rows of a new 'customer' are to be predicted, and time is ignored"
            ),
        ),
        (
            {"target": "income", "folds": {"kind": "stratified"}},
            (
                "folds.kind: stratified needs classes, but the task is regression; use shuffled. "
                "regression: target 'income' holds numbers that are not whole; "
                "`task: multiclass` takes each value as a class."
            ),
        ),
        ({"folds": {"kind": "forward"}}, "folds.kind: forward needs data.time, the column that orders the rows"),
        ({"folds": {"kind": "group"}}, "folds.kind: group needs data.group, the column whose values stay together"),
        ({"folds": {"kind": "predefined"}}, "folds.kind: predefined needs either folds.column or folds.file"),
        (
            {"folds": {"kind": "stratified", "column": "home"}},
            "folds.column is set, but folds.kind is stratified; it is used with predefined only",
        ),
        (
            {"data": {"time": "applied"}, "folds": {"repeats": 3}},
            "folds.repeats: found 3; forward folds are the same in every repeat, so only 1 or auto is allowed",
        ),
    ],
)
def test_folds_that_do_not_suit_roles_or_task_are_refused(keys, told):
    assert refusal(loans(), plan_for(**keys), FoldError) == told


@pytest.mark.parametrize(
    ("data", "folds", "note"),
    [
        (
            {"time": "applied"},
            {"kind": "stratified"},
            "Folds are stratified although 'applied' orders the rows: not valid",
        ),
        (
            {"group": "customer"},
            {"kind": "shuffled"},
            "Folds are shuffled although rows share a 'customer': not valid for",
        ),
        ({"time": "applied", "horizon": 3}, {"gap": 1}, "folds.gap is 1, less than data.horizon 3: training targets"),
    ],
)
def test_folds_against_the_roles_are_stamped(data, folds, note):
    _, task = task_of(loans(), plan_for(data=data, folds=folds, positive="yes"))
    said = [told for told in task.notes if not told.startswith("UNDECLARED")]
    assert len(said) == 1
    assert said[0].startswith(note)


def test_metrics_that_do_not_suit_the_task_are_all_told():
    plan = replace(plan_for(metric={"primary": "rmse", "also": ("roc_auc", "r2")}), source="a.yaml")
    told = refusal(loans(), plan, PlanError)
    why = "binary: target 'late' is text with 2 distinct values."
    suited = "allowed: " + ", ".join(metric.name for metric in METRICS.values() if "binary" in metric.tasks)
    assert "log_loss" in suited
    assert told.splitlines() == [
        "2 faults in the config:",
        f"  a.yaml: metric.primary: found rmse, which is not a metric for binary; {suited}. {why}",
        f"  a.yaml: metric.also: found r2, which is not a metric for binary; {suited}. {why}",
    ]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "needs a number to predict; the task is binary"),
        ({"target": "income"}, "needs folds forward in time; these are shuffled"),
        ({"target": "income", "data": {"time": "applied"}}, "needs data.season or data.horizon"),
        ({"target": "income", "data": {"time": "applied", "season": 7}}, None),
        ({"target": "income", "data": {"time": "applied", "horizon": 1}}, None),
    ],
)
def test_naive_is_skipped_with_a_reason_where_it_is_no_model(keys, reason):
    ladder = (Step(name="dummy", level=0), Step(name="naive", level=0), Step(name="tree", level=4))
    plan, _ = task_of(loans(), plan_for(ladder=ladder, skip={"forest": "slow"}, **keys))
    assert dict(plan.skip) == ({"forest": "slow"} | ({"naive": reason} if reason else {}))
    assert ("naive" in [step.name for step in plan.ladder]) == (reason is None)


def test_a_resolved_plan_resolves_to_itself():
    plan, task = task_of(loans(), plan_for(data={"time": "applied", "horizon": 2}))
    again, same = task_of(loans(), plan)
    assert again == plan
    assert same.labels == task.labels
