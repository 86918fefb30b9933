"""The JSON Schema of tuning.json ships; whatever is missing from a record is named."""

import copy
import json
import re

import pytest
from jsonschema import Draft202012Validator
from tunings import ADAPTED

from kiss_bench.errors import RecordError
from kiss_bench.records.json import dotted
from kiss_bench.records.tuning import (
    SCHEMA_FILE,
    faults_of,
    record_from_dict,
    record_schema,
    schema_text,
    tuning_json,
)

pytest_plugins = ["finished_runs"]


def required_fields(plain, schema, whole, at=()):
    """Every required field that this record has, by its place: the schema is walked along the record."""
    schema = resolved(schema, plain, whole)
    if isinstance(plain, dict):
        for name in schema.get("required", ()):
            yield (*at, name)
        for name, inner in schema.get("properties", {}).items():
            if name in plain:
                yield from required_fields(plain[name], inner, whole, (*at, name))
    elif isinstance(plain, list) and isinstance(schema.get("items"), dict):
        for index, entry in enumerate(plain[:1]):  # one of each list: all others are of its class
            yield from required_fields(entry, schema["items"], whole, (*at, index))


def resolved(schema, plain, whole):
    for option in schema.get("anyOf", ()):
        if "$ref" in option and isinstance(plain, dict):
            return resolved(option, plain, whole)
    return whole["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def without(plain, place):
    damaged = copy.deepcopy(plain)
    around = damaged
    for part in place[:-1]:
        around = around[part]
    del around[place[-1]]
    return damaged


@pytest.fixture(scope="session")
def record(finished):
    return finished("multiclass").json("tuning.json")


def test_the_file_that_ships_is_the_schema_of_this_code():
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    assert text == schema_text(), "run `python -m kiss_bench.records.tuning`"
    Draft202012Validator.check_schema(json.loads(text))


def test_every_field_of_the_schema_is_required():
    later = {"EnvironmentFacts": {"arithmetic"}}  # a record of before it was recorded is still read
    for name, made in record_schema()["$defs"].items():
        assert set(made["required"]) == set(made["properties"]) - later.get(name, set()), name
        assert made["additionalProperties"] is False, name


def test_the_record_of_a_run_is_whole(record):
    assert faults_of(record) == {}
    assert list(Draft202012Validator(record_schema()).iter_errors(record)) == []


def test_whatever_required_field_is_deleted_the_validator_names_it():
    """Of a record that has everything: a parent, a replay, a random search, a control curve."""
    record, whole = json.loads(tuning_json(ADAPTED)), record_schema()
    schema = Draft202012Validator(whole)
    places = list(required_fields(record, whole, whole))
    classes = {place[-1] for place in places}
    declared = {name for made in (*whole["$defs"].values(), whole) for name in made.get("required", ())}
    assert classes == declared, "every field of every class is walked"
    for place in places:
        damaged = without(record, place)
        assert faults_of(damaged) == {place: "is missing"}, dotted(place)
        assert not schema.is_valid(damaged), dotted(place)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("data", "data_hash"), ""),
        (("plan_hash",), "0a"),
        (("rungs", 0, "studies", 0, "trials_hash"), "none"),
        (("environment", "sources"), None),
        (("sampler",), {}),
        (("environment",), {}),
        (("objective", "inner"), {}),
        (("rungs", 0, "studies"), None),
    ],
)
def test_a_field_that_says_nothing_is_no_field(place, value):
    record = json.loads(tuning_json(ADAPTED))
    around = record
    for part in place[:-1]:
        around = around[part]
    around[place[-1]] = value
    assert faults_of(record) != {}
    assert all(fault[: len(place)] == place for fault in faults_of(record))


def test_an_unknown_field_and_another_version_are_refused(record):
    assert faults_of({**record, "surprise": 1}) == {("surprise",): "is unknown"}
    assert faults_of({**record, "schema": "kiss-bench/tuning/1"}) == {
        ("schema",): "is 'kiss-bench/tuning/1', not 'kiss-bench/tuning/3'"
    }


def test_a_record_that_is_not_whole_is_told_at_once(record):
    damaged = without(without(record, ("rungs", 0, "space", 0, "reason")), ("objective", "tie_rule"))
    with pytest.raises(RecordError) as caught:
        record_from_dict(damaged, "results/x/tuning.json")
    told = str(caught.value)
    assert told.startswith("results/x/tuning.json is not a whole tuning record")
    assert re.findall(r"  (.*) is missing", told) == ["objective.tie_rule", "rungs[0].space[0].reason"]
