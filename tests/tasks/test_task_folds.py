import hashlib
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold
from task_tables import loans, plan_for, task_of

from kiss_bench.errors import FoldError
from kiss_bench.plan.plan import Step
from kiss_bench.tasks.folds import draw_folds, draw_inner, folds_frame, folds_hash
from kiss_bench.tasks.seeds import root_seed, seed_of
from kiss_bench.tasks.splitters import forward_blocks
from kiss_bench.tasks.stratified_groups import deal_groups

KINDS = {
    "stratified": {},
    "shuffled": {"target": "income"},
    "shuffled classes": {"folds": {"kind": "shuffled"}},
    "group": {"data": {"group": "customer"}},
    "group numbers": {"target": "income", "data": {"group": "customer"}},
    "forward": {"data": {"time": "applied", "horizon": 1}, "folds": {"count": 3}},
    "rolling": {"target": "income", "data": {"time": "applied"}, "folds": {"gap": 2, "window": "rolling", "count": 3}},
    "predefined": {"folds": {"column": "part"}},
}


def table():
    return loans(90).assign(part=np.arange(90) % 4 - 1)


def drawn(keys, frame=None, root=1):
    plan, task = task_of(table() if frame is None else frame, plan_for(**keys))
    return plan, task, draw_folds(task, plan, root)


def refusal(frame, **keys):
    with pytest.raises(FoldError) as caught:
        drawn(keys, frame)
    return str(caught.value)


@pytest.mark.parametrize("keys", KINDS.values(), ids=KINDS)
def test_folds_are_the_same_for_the_same_seed_and_no_other(keys):
    first, again, other = (drawn(keys, root=root)[2] for root in (1, 1, 2))
    assert first.hash == again.hash
    for one, two in zip(first.splits, again.splits, strict=True):
        assert (one.repeat, one.fold) == (two.repeat, two.fold)
        np.testing.assert_array_equal(one.train, two.train)
        np.testing.assert_array_equal(one.test, two.test)
    assert (first.hash == other.hash) == (first.kind in ("forward", "predefined"))


@pytest.mark.parametrize("keys", KINDS.values(), ids=KINDS)
def test_parts_are_disjoint_ascending_and_test_every_row_once_at_most(keys):
    plan, task, folds = drawn(keys)
    ordered = folds.kind in ("forward", "predefined")
    assert {split.repeat for split in folds.splits} == set(range(1 if ordered else 5))
    for repeat in {split.repeat for split in folds.splits}:
        splits = folds.of(repeat)
        assert [split.fold for split in splits] == list(range(plan.folds.count))
        tested = np.concatenate([split.test for split in splits])
        assert len(np.unique(tested)) == len(tested)
        assert ordered or len(tested) == len(task.y)
        for split in splits:
            assert not np.intersect1d(split.train, split.test).size
            assert (np.diff(split.train) > 0).all()
            assert (np.diff(split.test) > 0).all()


@pytest.mark.parametrize("keys", KINDS.values(), ids=KINDS)
def test_inner_folds_stay_within_the_training_part_and_keep_its_kind(keys):
    plan, task, folds = drawn(keys)
    for outer in folds.splits[:3]:
        inner = draw_inner(task, plan, outer.train, 7)
        assert len(inner) == (2 if folds.kind == "predefined" else 3)
        for (train, test), (train2, test2) in zip(inner, draw_inner(task, plan, outer.train, 7), strict=True):
            np.testing.assert_array_equal(train, train2)
            np.testing.assert_array_equal(test, test2)
            assert np.isin(np.concatenate([train, test]), outer.train).all()
            assert not np.intersect1d(train, test).size
            assert train.size
            assert test.size
            if folds.kind == "group":
                assert not np.intersect1d(task.group[train], task.group[test]).size
            if folds.kind == "forward":
                assert task.time[train].max() + plan.folds.gap < task.time[test].min()
            if folds.kind == "predefined":
                assert set(task.fold_column[train]) & set(task.fold_column[test]) == set()
                assert (task.fold_column[test] >= 0).all()


def test_repeats_can_be_fixed():
    assert len(drawn({"folds": {"repeats": 2, "count": 4}})[2].splits) == 8


@pytest.mark.parametrize("keys", [{}, {"data": {"group": "customer"}}, {"task": "multiclass"}], ids=str)
def test_every_repeat_tests_the_same_rows(keys):
    keys = {} if "task" in keys else keys
    folds = drawn({**keys, "folds": {"repeats": 20}})[2]
    tested = [np.sort(np.concatenate([split.test for split in folds.of(repeat)])) for repeat in range(20)]
    assert all(np.array_equal(rows, tested[0]) for rows in tested)
    assert len({tuple(split.test) for split in folds.splits}) > 20


def test_one_fold_a_group_is_drawn_once_and_repeats_of_it_are_refused():
    groups = len(np.unique(drawn({"data": {"group": "customer"}})[1].group))
    leave_one_out = {"data": {"group": "customer"}, "folds": {"count": groups}}
    assert {split.repeat for split in drawn(leave_one_out)[2].splits} == {0}
    assert refusal(table(), data={"group": "customer"}, folds={"count": groups, "repeats": 3}) == (
        f"folds.repeats: found 3, but {groups} folds of {groups} groups leave one group out each, however often they "
        f"are drawn; use 1 or auto, or fewer folds"
    )


def test_a_fold_without_any_weight_is_refused():
    frame = table()
    frame["exposure"] = np.where(frame["part"] == 1, 0, 1)
    told = refusal(frame, data={"weight": "exposure"}, folds={"column": "part"})
    assert told == (
        f"fold 1 of repeat 0: all its {(frame['part'] == 1).sum()} test rows weigh 0, so it has no score; "
        f"use fewer folds, or leave rows without weight out of the table"
    )


def test_weights_redraw_no_fold_and_no_seed():
    frame = table().assign(exposure=np.arange(len(table())) + 1.0)
    plain, task, folds = drawn({"data": {"drop": ("exposure",)}}, frame)
    weighted, _, same = drawn({"data": {"weight": "exposure"}}, frame)
    assert folds.hash == same.hash
    assert root_seed(plain, task.data_hash) == root_seed(weighted, task.data_hash)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 12), min_size=30, max_size=80),
    numbers=st.booleans(),
    root=st.integers(0, 2**31 - 1),
)
def test_groups_are_never_on_both_sides(groups, numbers, root):
    groups = [*range(13), *range(13), *groups]  # of 13 groups at least, no class fills all but the test ones
    target = np.arange(len(groups)) * 1.5 if numbers else np.where(np.arange(len(groups)) % 2, "a", "b")
    frame = pd.DataFrame({"x": range(len(groups)), "g": groups, "y": target})
    plan, task = task_of(frame, plan_for("y", data={"group": "g"}, folds={"count": 3, "inner": 2}, ladder=()))
    folds = draw_folds(task, plan, root)
    for split in folds.splits:
        assert not np.intersect1d(task.group[split.train], task.group[split.test]).size
        assert len(split.train) + len(split.test) == len(task.y)


@settings(max_examples=150, deadline=None)
@given(
    times=st.lists(st.integers(0, 30), min_size=20, max_size=120),
    count=st.integers(2, 6),
    gap=st.integers(0, 3),
    rolling=st.booleans(),
)
def test_forward_folds_train_on_the_past_only(times, count, gap, rolling):
    frame = pd.DataFrame({"x": range(len(times)), "t": times, "y": np.arange(len(times)) / 2})
    folds = {"count": count, "gap": gap, "window": "rolling" if rolling else "expanding"}
    plan, task = task_of(frame, plan_for("y", data={"time": "t"}, folds=folds, ladder=()))
    distinct = len(set(times))
    if distinct < count + 1 + gap:
        with pytest.raises(FoldError, match=f"need at least {count + 1 + gap} distinct times; there are {distinct}"):
            draw_folds(task, plan, 0)
        return
    splits = draw_folds(task, plan, 0).splits
    assert len(splits) == count
    lengths = []
    for split in splits:
        assert task.time[split.train].max() + gap < task.time[split.test].min()
        assert set(task.time[split.train]).isdisjoint(task.time[split.test])
        lengths.append(len(np.unique(task.time[split.train])))
    for one, two in itertools.pairwise(splits):
        assert task.time[one.test].max() + 1 == task.time[two.test].min()
    assert task.time[splits[-1].test].max() == distinct - 1
    assert not rolling or lengths == [lengths[0]] * count


@pytest.mark.parametrize("classes", [2, 5])
def test_dealt_groups_are_as_even_as_those_of_scikit_learn(classes):
    random = np.random.default_rng(0)
    groups = random.integers(0, 120, 3000)
    y = (random.random(3000) ** 2 * classes).astype(np.int64)
    y = np.where(groups % 3 == 0, y, 0)  # some groups hold one class alone
    dealt = deal_groups(y, groups, 5, seed=3)
    theirs = np.empty(3000, dtype=np.int64)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=3)
    for number, (_, test) in enumerate(splitter.split(groups, y, groups)):
        theirs[test] = number

    def unevenness(folds):
        shares = np.array([np.bincount(y[folds == number], minlength=classes) for number in range(5)]) / np.bincount(y)
        return shares.std(axis=0).mean()

    assert unevenness(dealt) <= unevenness(theirs) * 1.1
    assert len(set(zip(groups, dealt, strict=True))) == 120
    assert (dealt != deal_groups(y, groups, 5, seed=4)).any()


def test_forward_blocks_are_balanced_by_rows():
    times = np.repeat(np.arange(12), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9])
    assert forward_blocks(times, 3, 0).tolist() == [0, 5, 10, 11, 12]
    assert forward_blocks(np.arange(20), 4, 0).tolist() == [0, 4, 8, 12, 16, 20]
    assert forward_blocks(np.arange(20), 4, 6).tolist() == [0, 7, 8, 12, 16, 20]
    assert forward_blocks(np.arange(4), 4, 0) is None


def test_predefined_codes_follow_the_sorted_values_and_minus_one_is_never_tested():
    frame = loans(40).assign(part=[["south", "north", None, "-1"][row % 4] for row in range(40)])
    plan, task, folds = drawn({"folds": {"column": "part"}}, frame)
    assert (plan.folds.count, task.fold_column[:4].tolist()) == (2, [1, 0, -1, -1])
    assert "part" not in task.frame
    assert folds.splits[0].test.tolist() == list(range(1, 40, 4))
    assert folds.splits[0].train.tolist() == [row for row in range(40) if row % 4 != 1]


def saved(frame, folder, name):
    path = folder / name
    frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
    return str(path)


@pytest.mark.parametrize("name", ["folds.csv", "folds.parquet"])
@pytest.mark.parametrize("key", ["row_id", "loan"])
def test_a_file_gives_the_same_folds_as_a_column(name, key, tmp_path):
    frame = table()
    ids = frame["loan"] if key == "loan" else range(90)
    lines = pd.DataFrame({key: ids, "repeat": 0, "fold": frame["part"]}).iloc[::-1]
    keys = {"data": {"id": "loan", "drop": ("part",)}, "folds": {"file": saved(lines, tmp_path, name)}}
    data = {"id": "loan"}
    assert drawn(keys, frame)[2].hash == drawn({"data": data, "folds": {"column": "part"}}, frame)[2].hash


@pytest.mark.parametrize("keys", [KINDS["forward"], KINDS["predefined"]], ids=["forward", "predefined"])
def test_recorded_folds_can_be_predefined_ones(keys, tmp_path):
    _, task, folds = drawn(keys)
    path = saved(folds_frame(folds, task), tmp_path, "folds.parquet")
    _, _, again = drawn({"data": {"drop": ("part",)}, "folds": {"file": path}})
    assert [split.train.tolist() for split in again.splits] == [split.train.tolist() for split in folds.splits]
    assert [split.test.tolist() for split in again.splits] == [split.test.tolist() for split in folds.splits]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ({"row_id": [0]}, "has no column 'fold'; its columns are 'row_id'"),
        ({"row": [0, 1], "fold": [0, 1]}, "has no column row_id; its columns are 'row', 'fold'"),
        (
            {"row_id": [0, 1], "fold": [0, 1], "repeat": [0, 1]},
            "holds several repeats; predefined folds have one, keep the lines of one",
        ),
        ({"row_id": [0, 99], "fold": [0, 1]}, "1 row(s) are not in the table: '99'"),
        ({"row_id": [0, 0], "fold": [0, 1]}, "row 0 is tested more than once"),
        ({"row_id": [0, 1], "fold": [0, 0]}, "names 1 test fold(s); at least 2 are needed"),
        (
            {"row_id": [0, 1], "fold": [0, 1], "part": ["test", "dev"]},
            "part holds 'dev'; allowed are 'test' and 'train'",
        ),
        (
            {"row_id": [0, 1, 1], "fold": [0, 1, 1], "part": ["test", "test", "train"]},
            "a row both trains and tests fold 1",
        ),
    ],
)
def test_files_of_folds_that_make_no_sense_are_refused(lines, told, tmp_path):
    path = saved(pd.DataFrame(lines), tmp_path, "folds.csv")
    assert refusal(table(), folds={"file": path}).startswith(f"folds.file {path}: {told}")


def few(labels, **columns):
    return pd.DataFrame({"x": range(len(labels)), "y": list(labels), **columns})


REFUSED = [
    pytest.param(
        few(["a", "b"] * 10 + ["x"] * 2),
        {},
        "folds.count: 5 stratified folds, but class 'x' has 2 member(s); "
        "folds.count: 2 would work, or merge or drop the class",
        id="a class smaller than the folds",
    ),
    pytest.param(
        few(["a", "b"] * 10 + ["x"]),
        {},
        "folds.count: 5 stratified folds, but class 'x' has 1 member(s); merge or drop the class",
        id="a class of one",
    ),
    pytest.param(
        few(["a"] * 20 + ["x"] * 4),
        {},
        "folds.count: 5 stratified folds, but class 'x' has 4 member(s); "
        "folds.count: 4 would work, or more rows of it are needed",
        id="one of two classes smaller than the folds",
    ),
    pytest.param(
        few(["a"] * 20 + ["x"] * 2),
        {},
        "folds.count: 5 stratified folds, but class 'x' has 2 member(s); more rows of it are needed",
        id="one of two classes too small for inner folds",
    ),
    pytest.param(
        few(np.arange(4) / 2),
        {},
        "folds.count: 5 folds need at least 5 rows; there are 4; folds.count: 4 would work",
        id="fewer rows than folds",
    ),
    pytest.param(
        few(["a", "b"] * 10, g=[0, 1, 2, 3] * 5),
        {"data": {"group": "g"}},
        "folds.count: 5 folds need at least 5 groups in 20 rows; there are 4; folds.count: 4 would work",
        id="fewer groups than folds",
    ),
    pytest.param(
        few(["a", "b"] * 10, g=[0] * 20),
        {"data": {"group": "g"}},
        "folds.count: 5 folds need at least 5 groups in 20 rows; there are 1; no number of folds would work",
        id="a single group",
    ),
    pytest.param(
        few(["a", "b"] * 10, t=[0, 1, 2, 3, 4] * 4),
        {"data": {"time": "t"}},
        "folds.count: 5 forward folds need at least 6 distinct times; there are 5; folds.count: 4 would work",
        id="fewer times than folds",
    ),
    pytest.param(
        few(["a", "b"] * 10, t=[0, 1, 2, 3, 4] * 4),
        {"data": {"time": "t", "horizon": 4}},
        "folds.count: 5 forward folds and a gap of 4 need at least 10 distinct times; there are 5; "
        "no number of folds of 2 or more would work",
        id="a gap that leaves nothing",
    ),
    pytest.param(
        few(["a"] * 10 + ["b"] * 10, t=range(20)),
        {"data": {"time": "t"}},
        "fold 0 of repeat 0: all its training rows are of class 'a'; use fewer folds",
        id="a training part with one class",
    ),
    pytest.param(
        few(["a", "b"] * 5 + ["a"] * 10, t=range(20)),
        {"data": {"time": "t"}, "metric": {"primary": "roc_auc"}},
        "fold 2 of repeat 0: no test row is of class 'b', so roc_auc has no value there; use fewer folds, "
        "or a metric such as log_loss",
        id="a test part that cannot be ranked",
    ),
    pytest.param(
        few(["a", "b"] * 5 + ["a"] * 10, p=np.arange(20) // 10),
        {"folds": {"column": "p"}, "metric": {"also": ("roc_auc",)}},
        "fold 0 of repeat 0: all its training rows are of class 'a'; assign its rows to folds that hold every class",
        id="predefined folds that train on one class",
    ),
    pytest.param(
        few(["a"] * 20 + ["x"] * 2),
        {"folds": {"count": 2}},
        "inner folds are impossible in the 11 training rows of fold 0, repeat 0 "
        "(inner fold 1 trains on class 'a' alone); use more rows, or fewer folds",
        id="inner folds without a class",
    ),
    pytest.param(
        few(np.arange(20) / 2, t=np.arange(20) // 2),
        {"data": {"time": "t"}, "folds": {"count": 4, "inner": 5}},
        "inner folds are impossible in the 4 training rows of fold 0, repeat 0 (folds.inner: 5 forward folds need at "
        "least 6 distinct times; there are 2); use more rows, or fewer folds",
        id="inner folds without time",
    ),
    pytest.param(
        few(["a", "b"] * 20, g=np.arange(40) // 2 % 4),
        {"data": {"group": "g"}, "folds": {"count": 4, "inner": 4}},
        "folds.inner: 3 would work",
        id="inner folds without groups",
    ),
]


@pytest.mark.parametrize(("frame", "keys", "told"), REFUSED)
def test_folds_that_rows_cannot_give_say_what_would_work(frame, keys, told):
    message = refusal(frame, target="y", **keys)
    assert message.endswith(told)
    assert message == told or told.startswith("folds.inner")


def test_inner_folds_are_not_asked_of_a_ladder_that_tunes_nothing():
    ladder = (Step(name="dummy", level=0, trials=0),)
    _, _, folds = drawn({"target": "y", "folds": {"count": 2}, "ladder": ladder}, few(["a"] * 20 + ["x"] * 2))
    assert len(folds.splits) == 10


def test_a_class_that_is_absent_from_training_is_noted():
    frame = few(["a", "b"] * 20 + ["c", "a"] * 10, t=range(60))
    _, _, folds = drawn({"target": "y", "data": {"time": "t"}}, frame)
    assert folds.notes == ("Class 'c' is absent from the training part of 4 of 5 folds.",)


def test_inner_folds_of_a_single_predefined_label_are_of_the_plain_kind():
    frame = loans(60).assign(part=np.arange(60) // 30)
    for extra in ({}, {"group": "customer"}):
        plan, task, folds = drawn({"data": extra, "folds": {"column": "part"}}, frame)
        inner = draw_inner(task, plan, folds.splits[0].train, 3)
        assert sorted(np.concatenate([test for _, test in inner])) == folds.splits[0].train.tolist()
        for train, test in inner:
            assert not extra or not np.intersect1d(task.group[train], task.group[test]).size


@pytest.mark.parametrize("keys", KINDS.values(), ids=KINDS)
def test_the_record_of_folds_has_row_ids_and_hashes_again(keys):
    frame = table()
    target = keys.get("target", "late")
    frame[target] = frame[target].where(frame.index != 0)
    _, task, folds = drawn({**keys, "drop_missing_target": True}, frame)
    record = folds_frame(folds, task)
    assert list(record.columns) == ["row_id", "repeat", "fold", "part"]
    ordered = folds.kind in ("forward", "predefined")
    assert set(record["part"]) == ({"train", "test"} if ordered else {"test"})
    first = folds.splits[0]
    tests = record[(record["repeat"] == 0) & (record["fold"] == 0) & (record["part"] == "test")]
    assert tests["row_id"].tolist() == (first.test + 1).tolist()
    assert folds_hash(folds.kind, record.iloc[::-1]) == folds.hash
    moved = record.assign(row_id=record["row_id"].replace(int(record["row_id"].max()), 1000))
    assert folds_hash(folds.kind, moved) != folds.hash


def test_a_record_that_lacks_columns_is_refused():
    with pytest.raises(FoldError, match="folds lack the column\\(s\\) fold, part"):
        folds_hash("group", pd.DataFrame({"row_id": [1], "repeat": [0]}))


def test_seeds_are_a_hash_of_what_they_are_for():
    text = '[5,"trial","für",null,0,1,2]'
    expected = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 2**31
    assert seed_of(5, "trial", rung="für", repeat=0, fold=1, trial=2) == expected
    axes = [{}, {"repeat": 0}, {"fold": 0}, {"rung": "a"}, {"arm": "default"}, {"trial": 0}]
    assert len({seed_of(5, "fold", **each) for each in axes} | {seed_of(5, "inner"), seed_of(6, "fold")}) == 8


def test_the_root_seed_depends_on_data_and_question_alone():
    plan, task = task_of(loans(), plan_for(data={"group": "customer"}))
    content = {
        "data_hash": task.data_hash,
        "target": "late",
        "positive": "yes",
        "task": "binary",
        "roles": {"id": None, "time": None, "group": "customer", "weight": None},
        "vault": None,
        "folds": {"kind": "group", "count": 5, "inner": 3, "gap": 0, "window": "expanding"},
    }
    text = json.dumps(content, separators=(",", ":"))
    expected = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 2**31
    assert root_seed(plan, task.data_hash) == expected
    words = {"question": "why?", "metric": {"margin": 0.5, "also": ("brier",)}, "ladder": (Step(name="tree", level=4),)}
    same, _ = task_of(loans(), plan_for(data={"group": "customer"}, **words))
    assert root_seed(same, task.data_hash) == expected
    other, _ = task_of(loans(), plan_for(data={"group": "customer"}, folds={"inner": 2}))
    assert root_seed(other, task.data_hash) != expected
    by_hand, _ = task_of(loans(), plan_for(seed=42))
    assert root_seed(by_hand, task.data_hash) == 42
