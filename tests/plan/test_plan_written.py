"""A plan written into a record and read back is the same plan."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kiss_bench.errors import PlanError
from kiss_bench.plan.faults import masked_url
from kiss_bench.plan.plan import Data, FoldsPlan, Plan, Step, plan_as_dict, plan_from_dict
from kiss_bench.plan.read import plan_from_mapping

DEFAULTS = {
    "project": "p",
    "question": "",
    "population": "",
    "data": {
        "path": "a.csv", "sql": None, "url": None, "loader": None, "prepare": None, "id": None, "drop": [],
        "features": None, "time": None, "group": None, "weight": None, "season": None, "horizon": None,
        "available_after": {},
    },
    "target": "y",
    "positive": None,
    "task": None,
    "metric": {"primary": None, "margin": 0.01, "margin_unit": "skill", "also": []},
    "folds": {
        "kind": None, "count": 5, "repeats": "auto", "inner": 3, "gap": None, "window": "expanding", "column": None,
        "file": None,
    },
    "tuning": {
        "trials": 30, "sampler": "tpe", "sampler_settings": {}, "control": None, "pruning": True, "timeout": None,
        "rows": None,
    },
    "ladder": [
        {
            "name": "dummy", "level": 0.0, "estimator": None, "settings": {}, "space": None, "trials": 0, "reason": "",
        },
        {
            "name": "linear", "level": 2.0, "estimator": None, "settings": {"C": 2}, "space": None, "trials": 30,
            "reason": "",
        },
    ],
    "skip": {},
    "seed": None,
    "alpha": 0.05,
    "multiplicity": "fallback",
    "drop_missing_target": False,
    "limits": {"unit_seconds": None, "unit_memory_gb": None},
    "vault": None,
    "reviewed": {},
    "parent": None,
}  # fmt: skip


def test_every_default_is_written_out_in_the_order_of_the_config(read):
    ladder = "[dummy, {name: linear, settings: {C: 2}}]"
    written = plan_as_dict(read(f"target: y\nladder: {ladder}\nproject: p\ndata: a.csv\n"))
    assert json.dumps(written) == json.dumps(DEFAULTS)


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | NAMES
)
SETTINGS = st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
BOUNDS = st.tuples(st.integers(1, 9), st.integers(10, 99), st.booleans())
PARAMETERS = (
    BOUNDS.map(lambda b: {"type": "int", "low": b[0], "high": b[1], "log": b[2]})
    | BOUNDS.map(lambda b: f"float({b[0] / 10}, {b[1]}{', log' if b[2] else ''})")
    | st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=4, unique=True)
)
OWN = st.fixed_dictionaries(
    {"name": st.just("ours"), "level": st.floats(0.5, 9), "estimator": st.just("pkg.mod:build")},
    optional={
        "space": st.dictionaries(NAMES.map(lambda name: f"s{name}"), PARAMETERS, min_size=1, max_size=3),
        "reason": NAMES,
    },
)
LADDERS = st.tuples(
    st.sets(st.sampled_from(["stump", "additive", "tree", "boosting"])), st.none() | OWN, SETTINGS, st.integers(0, 9)
).map(
    lambda drawn: [
        "dummy", {"name": "linear", "settings": drawn[2], "trials": drawn[3]}, *sorted(drawn[0]),
        *([drawn[1]] if drawn[1] else []),
    ]
)  # fmt: skip
AVAILABLE = st.dictionaries(
    NAMES.map(lambda name: f"a{name}"),
    st.sampled_from(["1 day", "known_at", 0, -2.5, {"as_of": "known_at"}, {"as_of": "b", "late": "missing"}]),
    max_size=3,
)
REVIEWS = st.dictionaries(
    NAMES.map(lambda name: f"a{name}"),
    st.fixed_dictionaries(
        {"answer": st.sampled_from(["yes", "no", True, False]), "by": st.just("me"), "reason": st.just("so it is")}
    ),
    max_size=3,
)
MAPPINGS = st.fixed_dictionaries(
    {"project": st.just("p"), "target": st.just("the target")},
    optional={
        "question": NAMES,
        "data": st.fixed_dictionaries(
            {},
            optional={
                "path": st.just("a.csv"), "id": NAMES, "time": NAMES,
                "drop": st.lists(NAMES, unique=True, max_size=3), "horizon": st.integers(1, 9), "weight": NAMES,
                "prepare": st.just("tidy:up"), "available_after": AVAILABLE,
            },
        ),
        "positive": SCALARS,
        "metric": st.sampled_from(
            ["accuracy", {"margin": "2%"}, {"margin": 3}, {"primary": "roc_auc", "also": ["brier"], "margin": 0.5}]
        ),
        "folds": st.fixed_dictionaries(
            {},
            optional={
                "count": st.integers(2, 9), "gap": st.integers(9, 12), "repeats": st.integers(1, 20) | st.just("auto"),
            },
        ),
        "tuning": st.fixed_dictionaries({}, optional={"trials": st.integers(0, 99), "timeout": st.floats(1, 1e6)}),
        "ladder": LADDERS,
        "skip": st.sampled_from([{}, {"forest": "slow"}]),
        "seed": st.integers(0, 2**31 - 1),
        "alpha": st.floats(0.001, 0.499),
        "multiplicity": st.sampled_from(["fallback", "strict", "per_step"]),
        "drop_missing_target": st.booleans(),
        "reviewed": REVIEWS,
        "limits": st.fixed_dictionaries(
            {}, optional={"unit_seconds": st.floats(0.1, 1e6), "unit_memory_gb": st.integers(1, 99)}
        ),
    },
)  # fmt: skip


def plan_or_none(mapping, catalogue):
    try:
        return plan_from_mapping(mapping, catalogue)
    except PlanError:
        return None


@given(mapping=MAPPINGS)
def test_reading_back_gives_the_same_plan(catalogue, mapping):
    plan = plan_or_none(mapping, catalogue)
    if plan is None:  # a gap, a horizon or an availability without a time column, or repeats in time
        data, folds = mapping.get("data", {}), mapping.get("folds", {})
        in_vain = "time" in data and folds.get("repeats", 1) not in (1, "auto")
        assert "horizon" in data or data.get("available_after") or "gap" in folds or in_vain
        return
    written = json.loads(json.dumps(plan_as_dict(plan)))
    assert plan_from_dict(written, source=plan.source, folder=plan.folder) == plan
    assert json.dumps(plan_as_dict(plan_from_dict(written))) == json.dumps(written)


@given(mapping=MAPPINGS)
def test_what_is_written_is_a_config_for_the_same_plan(catalogue, mapping):
    plan = plan_or_none(mapping, catalogue)
    if plan is not None:
        assert plan_from_mapping(plan_as_dict(plan), catalogue) == plan


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"alpha": "x"}, "plan: alpha: found damage; allowed: Input should be a valid number"),
        ({"zeta": 1}, "plan: zeta: found an unknown key; allowed: keys that this version writes"),
        ({"folds": {"size": 1}}, "plan: folds.size: found an unknown key; allowed: keys that this version writes"),
        (
            {"positive": {1, 2}},
            "plan: found no JSON (Object of type set is not JSON serializable); allowed: a written plan",
        ),
    ],
)
def test_a_damaged_record_is_refused(damage, told):
    with pytest.raises(PlanError) as caught:
        plan_from_dict(DEFAULTS | damage)
    assert str(caught.value) == f"1 fault in the config:\n  {told}"


def test_a_key_that_an_older_version_did_not_write_has_its_default():
    older = {name: value for name, value in DEFAULTS.items() if name != "drop_missing_target"}
    assert plan_as_dict(plan_from_dict(older)) == DEFAULTS


def test_a_record_of_before_there_were_limits_has_none():
    older = {name: value for name, value in DEFAULTS.items() if name != "limits"}
    assert plan_as_dict(plan_from_dict(older)) == DEFAULTS


def test_an_unknown_limit_in_a_record_is_refused():
    with pytest.raises(PlanError, match=r"limits\.unit_days: found an unknown key"):
        plan_from_dict(DEFAULTS | {"limits": {"unit_days": 1}})


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("sqlite:///loans.db", "sqlite:///loans.db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql+psycopg://me:p@ss/w?rd@host/db", "postgresql+psycopg://me:***@host/db"),
        ("mysql://:secret@host", "mysql://:***@host"),
        ("postgresql://me:${PGPASSWORD}@host/db", "postgresql://me:${PGPASSWORD}@host/db"),
        ("postgresql://me:$PGPASSWORD@host/db", "postgresql://me:$PGPASSWORD@host/db"),
        ("postgresql://host/db?user=me&password=secret&ssl=1", "postgresql://host/db?user=me&password=***&ssl=1"),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Dme%3BPWD%3Dsecret%3BX%3D1",
            "mssql+pyodbc:///?odbc_connect=UID%3Dme%3BPWD%3D***%3BX%3D1",
        ),
        ("a word: not a url", "a word: not a url"),
    ],
)
def test_passwords_are_masked(url, masked):
    assert masked_url(url) == masked
    assert masked_url(masked) == masked


def test_no_password_leaves_the_plan(read):
    plan = read("project: p\ntarget: y\ndata: {sql: select 1, url: 'postgresql://me:secret@host/db'}")
    assert plan.data.url == "postgresql://me:secret@host/db"
    assert "secret" not in repr(plan)
    assert "secret" not in json.dumps(plan_as_dict(plan))


def test_where_the_config_lies_is_not_part_of_what_it_says(read):
    plan = read("project: p\ntarget: y\ndata: a.csv")
    moved: Plan = replace(plan, source="b.yaml", folder="/elsewhere")
    assert plan_as_dict(moved) == plan_as_dict(plan)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Data, {"features": ()}),
        (Data, {"loader": "my_loaders"}),
        (FoldsPlan, {"count": 1}),
        (FoldsPlan, {"kind": "groups"}),
        (Step, {"name": "tree", "level": 4, "trials": -1}),
        (Step, {"name": "tree"}),
        (Step, {"name": "tree", "level": 4, "depth": 3}),
    ],
)
def test_what_no_config_may_ask_for_is_no_plan_either(model, wrong):
    with pytest.raises(ValidationError):
        model(**wrong)
