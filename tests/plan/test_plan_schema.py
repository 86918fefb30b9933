"""The JSON Schema that ships knows every key, and refuses what the reader refuses."""

import json

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from kiss_bench.plan.faults import LATER
from kiss_bench.plan.schema import SCHEMA_FILE, config_schema, schema_text

KEYS = {
    "": "project question population data target positive task metric folds tuning ladder skip seed alpha multiplicity "
    "drop_missing_target limits vault placebo reviewed parent export arithmetic strict",
    "data": "path sql url loader prepare id drop features time group weight season horizon available_after",
    "metric": "primary margin margin_unit also",
    "folds": "kind count repeats inner gap window column file",
    "tuning": "trials sampler sampler_settings control pruning timeout rows",
    "limits": "unit_seconds unit_memory_gb",
    "parent": "project plan_hash digest results",
    "export": "optuna mlflow",
    "ladder": "name level estimator settings space trials reason",
}
COME_LATER = {
    "strict",
}
HEAD = "project: p\ndata: a.csv\ntarget: y\n"
GOOD = [
    "",
    "vault: 20%",
    "vault: 0.1",
    "positive: 1",
    "question: ~\nfolds: ~\nladder: ~\nvault: ~\nplacebo: true",
    "metric: rmse",
    "metric: {primary: log_loss, margin: 1%, also: [roc_auc]}",
    "metric: {margin: 0.02, margin_unit: absolute}",
    "folds: {kind: group, count: 4, repeats: 1, inner: 2}\ndata: {path: a, group: 2019, drop: [1, b]}",
    "data: {sql: select 1, url: 'sqlite://'}",
    "tuning: {trials: 0, sampler: grid, pruning: false, timeout: 5}",
    "ladder: [dummy, {name: linear, settings: {C: 1}, trials: 3}]\nskip: {forest: slow}",
    (
        "ladder: [dummy, linear, {name: o, level: 8, estimator: 'a.b:c', space: {x: 'int(1, 2)', y: [1], "
        "z: {type: float, low: 1, high: 2, log: true, reason: why}}}]"
    ),
    "folds: {repeats: 20}\nmultiplicity: per_step",
    "folds: {repeats: auto}\nmultiplicity: strict\ndata: {path: a, weight: 2019}",
    "limits: {unit_seconds: 3600, unit_memory_gb: 0.5}",
    "limits: {unit_memory_gb: ~}",
    "data: {path: a, time: t, available_after: {a: 1 day, b: 0, c: -2.5, d: known_at, e: {as_of: k, late: missing}}}",
    "data: {path: a, prepare: 'tidy.up:all'}",
    "reviewed: {a: {answer: yes, by: me, reason: it is}, b: {answer: false, by: 1, reason: 2}}",
    "alpha: 0.1\nseed: 1\nmultiplicity: fallback\ndrop_missing_target: true",
]
BAD = [
    "project: P",
    "target: ~",
    "target: [a]",
    "trget: a",
    "data: {pth: a}",
    "data: 3",
    "data: {path: a, season: 0}",
    "metric: {margin: small}",
    "metric: {margin: -1}",
    "folds: {kind: groups}",
    "folds: {count: 1}",
    "folds: {repeats: 0}",
    "folds: {repeats: 21}",
    "folds: {repeats: often}",
    "tuning: {trials: many}",
    "ladder: dummy",
    "ladder: [3]",
    "ladder: [dummy, {level: 3}]",
    "ladder: [dummy, linear, {name: o, level: 8, estimator: a.b}]",
    "ladder: [dummy, linear, {name: o, level: 8, estimator: 'a:b', space: {x: wide}}]",
    "alpha: 0.5",
    "seed: -1",
    "multiplicity: holm",
    "vault: [20%]",
    "placebo: 3",
    "limits: {unit_seconds: 0}",
    "limits: {unit_memory_gb: 6 GB}",
    "limits: 5",
    "tuning: {rows: 3}",
    "data: {path: a, weight: [w]}",
    "data: {path: a, prepare: tidy}",
    "data: {path: a, time: t, available_after: [a]}",
    "data: {path: a, time: t, available_after: {a: true}}",
    "data: {path: a, time: t, available_after: {a: {late: missing}}}",
    "data: {path: a, time: t, available_after: {a: {as_of: b, late: never}}}",
    "reviewed: {a: yes}",
    "reviewed: {a: {answer: maybe, by: me, reason: why}}",
    "reviewed: {a: {answer: yes, by: me}}",
]


def with_head(text):
    keys = {line.split(":")[0] for line in text.splitlines()}
    return "\n".join([line for line in HEAD.splitlines() if line.split(":")[0] not in keys] + [text])


def complaints(text):
    values = YAML(typ="safe", pure=True).load(text)
    return [error.message for error in Draft202012Validator(config_schema()).iter_errors(values)]


def test_the_file_that_ships_is_the_schema_of_this_code():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run `python -m kiss_bench.plan.schema`"


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("section", KEYS)
def test_every_key_is_described_and_those_for_later_say_so(section):
    whole = config_schema()
    properties = (whole["$defs"][section] if section else whole)["properties"]
    assert list(properties) == KEYS[section].split()
    assert all(len(key["description"]) > 10 for key in properties.values())
    marked = {name for name, key in properties.items() if key.get("x-later")}
    assert marked == COME_LATER & set(properties)
    assert all(LATER[1:] in properties[name]["description"] for name in marked)


@pytest.mark.parametrize("text", GOOD)
def test_what_the_reader_takes_the_schema_takes(read, text):
    assert read(with_head(text))
    assert complaints(with_head(text)) == []


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_the_reader_refuses(refusal, text):
    assert refusal(with_head(text))
    assert complaints(with_head(text))
