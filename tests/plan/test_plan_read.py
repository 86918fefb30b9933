"""What a config says is what the plan holds."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kiss_bench.plan.plan import Data, FoldsPlan, MetricPlan, TuningPlan
from kiss_bench.plan.read import plan_from_mapping, read_plan

FOUR_LINES = "project: loans\ndata: loans.csv\ntarget: class\npositive: bad\n"

EVERY_KEY = """\
# yaml-language-server: $schema=../kiss_bench/plan/config.schema.json
project: german-credit
question: Does boosting earn its keep?
population: New loans
data: {path: loans.csv, id: loan_id, drop: [officer, 2019], features: [a, b], time: applied_at, group: customer_id,
       season: 12, horizon: 2, weight: exposure, prepare: "tidy:up",
       available_after: {a: 1 day, b: {as_of: 2019}, c: known_at, d: -1, e: {as_of: k, late: missing}}}
target: class
positive: 1
task: binary
metric: {primary: brier, margin: 0.5%, margin_unit: relative, also: [roc_auc, log_loss]}
folds: {kind: forward, count: 4, repeats: 1, inner: 2, gap: 3, window: rolling}
tuning: {trials: 12, sampler: random, pruning: false, timeout: 60}
ladder:
- {name: ours, level: 2.5, estimator: "our_pkg.model:build", settings: {depth: null}, space: {c: "float(1, 2)"}}
- linear
- dummy
- {name: boosting, trials: 5, settings: {n: 3}, reason: the favourite}
skip: {forest: too slow}
seed: 7
alpha: 0.1
multiplicity: strict
drop_missing_target: true
reviewed:
  a: {answer: yes, by: Ada, reason: It is in the application form.}
  b: {answer: true, by: 2019, reason: 7}
  c: {answer: no, by: Ada, reason: Known at the end of the month.}
placebo: false
"""


def test_four_lines_are_enough(read):
    plan = read(FOUR_LINES)
    assert (plan.project, plan.data, plan.target, plan.positive) == ("loans", Data(path="loans.csv"), "class", "bad")
    assert (plan.metric, plan.folds, plan.tuning) == (MetricPlan(), FoldsPlan(), TuningPlan())
    names = ["dummy", "stump", "linear", "additive", "tree", "forest", "boosting", "stack"]
    assert [step.name for step in plan.ladder] == names
    assert [step.trials for step in plan.ladder] == [0, 0, 30, 30, 30, 30, 30, 0]


def test_every_key_reaches_the_plan(read):
    plan = read(EVERY_KEY)
    assert plan.data == Data(
        path="loans.csv", id="loan_id", drop=("officer", "2019"), features=("a", "b"), time="applied_at",
        group="customer_id", season=12, horizon=2, weight="exposure", prepare="tidy:up",
        available_after={
            "a": "1 day", "b": {"as_of": "2019", "late": "refused"}, "c": "known_at", "d": -1,
            "e": {"as_of": "k", "late": "missing"},
        },
    )  # fmt: skip
    also = ("roc_auc", "log_loss")
    assert plan.metric == MetricPlan(primary="brier_score_loss", margin=0.005, margin_unit="relative", also=also)
    assert plan.folds == FoldsPlan(kind="forward", count=4, repeats=1, inner=2, gap=3, window="rolling")
    assert plan.tuning == TuningPlan(trials=12, sampler="random", pruning=False, timeout=60.0)
    assert [(step.name, step.level, step.trials) for step in plan.ladder] == [
        ("dummy", 0, 0), ("linear", 2, 12), ("ours", 2.5, 12), ("boosting", 6, 5),
    ]  # fmt: skip
    assert plan.ladder[2].settings == {"depth": None}
    assert plan.ladder[3].reason == "the favourite"
    assert (plan.task, plan.positive, plan.seed, plan.alpha) == ("binary", 1, 7, 0.1)
    assert plan.reviewed == {
        "a": {"answer": True, "by": "Ada", "reason": "It is in the application form."},
        "b": {"answer": True, "by": "2019", "reason": "7"},
        "c": {"answer": False, "by": "Ada", "reason": "Known at the end of the month."},
    }
    assert (plan.skip, plan.drop_missing_target, plan.multiplicity) == ({"forest": "too slow"}, True, "strict")


def test_relative_paths_start_at_the_folder_of_the_config(tmp_path, catalogue):
    path = tmp_path / "a.yaml"
    path.write_text(FOUR_LINES)
    plan = read_plan(path, catalogue)
    assert (plan.source, plan.folder) == (str(path), str(tmp_path))


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path, catalogue):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FOUR_LINES.replace("\n", "\r\n").encode())
    assert read_plan(path, catalogue).project == "loans"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("good", "good"),
        ("yes", "yes"),
        ("1", 1),
        ("1.0", 1.0),
        ("true", True),
        ("'1'", "1"),
        ("2020-01-31", "2020-01-31"),
        ("~", None),
    ],
)
def test_the_positive_label_keeps_its_type(read, written, value):
    found = read(FOUR_LINES.replace("bad", written)).positive
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("written", ["2019", "true", "007", "1.50", "2020-01-31", "a b"])
def test_a_column_may_be_called_what_yaml_takes_for_something_else(read, written):
    assert read(FOUR_LINES.replace("class", written)).target == written


@pytest.mark.parametrize(
    ("written", "margin", "unit"),
    [
        ("{}", 0.01, "skill"),
        ("{margin: 2%}", 0.02, "skill"),
        ("{margin: 0.5 %, margin_unit: skill}", 0.005, "skill"),
        ("{margin: 2%, margin_unit: relative}", 0.02, "relative"),
        ("{margin_unit: relative}", 0.01, "relative"),
        ("{margin: 0.02}", 0.02, "absolute"),
        ("{margin: 250}", 250.0, "absolute"),
        ("{margin: 0}", 0.0, "absolute"),
        ("{margin: 0.02, margin_unit: skill}", 0.02, "skill"),
    ],
)
def test_a_percent_is_a_share_and_a_bare_number_is_absolute(read, written, margin, unit):
    metric = read(f"{FOUR_LINES}metric: {written}").metric
    assert (metric.margin, metric.margin_unit) == (margin, unit)


@pytest.mark.parametrize(
    ("data", "folds", "kind"),
    [
        ("{path: a}", "{}", None),
        ("{path: a, time: t}", "{}", "forward"),
        ("{path: a, group: g}", "{}", "group"),
        ("{path: a, time: t, group: g}", "{kind: group}", "group"),
        ("{path: a, time: t, group: g}", "{kind: forward}", "forward"),
        ("{path: a, time: t}", "{kind: shuffled}", "shuffled"),
        ("{path: a, time: t, group: g}", "{column: f}", "predefined"),
        ("{path: a}", "{file: folds.csv}", "predefined"),
        ("{path: a}", "{kind: predefined, column: f}", "predefined"),
        ("{path: a}", "{gap: 0, window: expanding}", None),
    ],
)
def test_the_kind_of_folds_follows_from_the_roles(read, data, folds, kind):
    assert read(f"project: p\ntarget: y\ndata: {data}\nfolds: {folds}").folds.kind == kind


@pytest.mark.parametrize(
    "data", ["{sql: select 1, url: 'sqlite:///a.db'}", "{loader: 'pkg.data:load'}", "{path: /a/b.parquet}"]
)
def test_rows_come_from_one_of_three_sources(read, data):
    assert read(f"project: p\ntarget: y\ndata: {data}")


def test_the_gap_is_left_open_where_only_a_horizon_is_given(read):
    plan = read("project: p\ntarget: y\ndata: {path: a, time: t, horizon: 3}")
    assert plan.folds.gap is None
    assert [step.name for step in plan.ladder][:2] == ["dummy", "naive"]


def test_the_python_door_makes_the_same_plan(read, catalogue):
    plan = read(FOUR_LINES)
    mapping = {"project": "loans", "data": "loans.csv", "target": "class", "positive": "bad"}
    again = plan_from_mapping(mapping, catalogue)
    assert again == replace(plan, source="bench()", folder=".")


def test_the_python_door_needs_no_source_and_takes_the_types_python_has(catalogue):
    mapping = {
        "project": "p",
        "target": 2019,
        "positive": np.int64(1),
        "data": {"drop": ("a", date(2020, 1, 31)), "path": Path("a.csv")},
        "alpha": np.float64(0.1),
        "ladder": ("dummy", {"name": "linear", "settings": {"C": np.float32(0.5)}}),
    }
    plan = plan_from_mapping(mapping, catalogue)
    assert (plan.target, plan.positive, plan.data.drop) == ("2019", 1, ("a", "2020-01-31"))
    assert json.dumps(plan.ladder[1].settings) == '{"C": 0.5}'
    assert plan_from_mapping({"project": "p", "target": "y"}, catalogue).data == Data()


def test_a_plan_can_be_sent_to_another_process(read):
    plan = read(EVERY_KEY)
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_reading_a_config_loads_no_heavy_library():
    heavy = {"numpy", "pandas", "sklearn", "lightgbm", "optuna", "scipy", "pyarrow"}
    code = f"import sys, kiss_bench.plan.read; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
