"""CSV and JSON: what goes in comes out."""

import csv
import io
import json
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from boards import BOARDS, DUMMY, EXPLODED, HOSTILE, STAYS, TROUBLE
from tunings import TUNINGS

from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.json import plain_json, record_json, record_of
from kiss_bench.records.tuning import record_from_dict, tuning_json
from kiss_bench.reports.csv import leaderboard_csv


def lines_of(board):
    return list(csv.DictReader(io.StringIO(leaderboard_csv(board))))


def test_json_is_the_board_itself():
    assert json.loads(record_json(STAYS)) == json.loads(json.dumps(plain_json(STAYS)))
    assert next(iter(json.loads(record_json(STAYS)))) == "schema"


@pytest.mark.parametrize("name", [name for name in BOARDS if name != "exploded"])
def test_a_board_survives_the_round_trip(name):
    assert record_of(Board, json.loads(record_json(BOARDS[name]))) == BOARDS[name]


@pytest.mark.parametrize("name", TUNINGS)
def test_a_tuning_record_survives_the_round_trip(name):
    assert record_from_dict(json.loads(tuning_json(TUNINGS[name])), "tuning.json") == TUNINGS[name]


def test_what_is_no_number_becomes_null():
    linear = json.loads(record_json(EXPLODED))["rungs"][2]
    assert (linear["gain_low"], linear["gain_high"], linear["score"]) == (None, None, 3.2e11)
    odd = replace(DUMMY, seeds={1: np.float64("nan"), "b": np.int64(3), "c": np.array([1.5, np.inf]), "d": {2, 1}})
    assert json.loads(record_json(replace(STAYS, rungs=(odd,))))["rungs"][0]["seeds"] == {
        "1": None, "b": 3, "c": [1.5, None], "d": [1, 2],
    }  # fmt: skip
    assert plain_json(MappingProxyType({"a": (True, np.True_, ValueError)})) == {
        "a": [True, True, "<class 'ValueError'>"]
    }


def test_csv_has_one_line_a_rung_and_every_field():
    header = leaderboard_csv(STAYS).splitlines()[0].split(",")
    flat = {name.split(".")[0] for name in header}
    assert flat == {*BoardRow.__dataclass_fields__, "stamps"}
    assert {"also.roc_auc", "also.brier", "trials.complete", "trials.pruned", "trials.failed"} <= set(header)
    for board in BOARDS.values():
        assert len(leaderboard_csv(board).splitlines()) == 1 + len(board.rungs)


def test_csv_numbers_stay_numbers_to_the_last_digit():
    line = lines_of(STAYS)[3]
    assert (float(line["gain"]), int(line["clipped"]), line["also.roc_auc"]) == (-0.0355, 214, "0.7204")
    assert json.loads(lines_of(STAYS)[0]["seeds"]) == {"estimator": [1, 2, 3]}


def test_csv_leaves_out_what_does_not_apply():
    skipped = lines_of(TROUBLE)[1]
    assert (skipped["score"], skipped["trials.complete"], skipped["seeds"], skipped["flags"]) == ("", "", "", "")


def test_csv_text_is_no_formula():
    for line in lines_of(HOSTILE):
        for name, cell in line.items():
            number = isinstance(getattr(HOSTILE.rungs[1], name, 0.0), int | float)
            assert number or not cell.startswith(("=", "+", "-", "@"))
    assert lines_of(HOSTILE)[-1]["rung"] == "'+broken"
    assert lines_of(HOSTILE)[-1]["reason"].startswith("'=cmd|")


def test_a_whole_number_is_read_as_one_and_a_text_made_again_is_the_same():
    board = replace(STAYS, metric=replace(STAYS.metric, margin=3, margin_abs=3), alpha=0)
    text = record_json(board)
    assert '"margin": 3,' in text
    assert record_json(record_of(Board, json.loads(text))) == text


def test_what_is_unknown_or_missing_inside_is_told_by_its_place():
    plain = plain_json(STAYS)
    del plain["rungs"][1]["rung"], plain["folds"]["kind"]
    plain["metric"]["mood"] = "fine"
    with pytest.raises(ValueError, match=r"metric.mood is unknown; folds.kind is missing; rungs\[1\].rung is missing"):
        record_of(Board, plain)
