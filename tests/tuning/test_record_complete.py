"""A study without a whole record keeps its rung off the board."""

from dataclasses import replace

import pytest

from kiss_bench.evaluation.exam import Outcome, Trial
from kiss_bench.rungs import Parameter
from kiss_bench.runs.trials import lacks

SPACE = (
    Parameter(name="a", kind="float", low=0.0, high=1.0),
    Parameter(name="kind", kind="choice", choices=("x", "y")),
    Parameter(name="b", kind="int", low=1, high=3, when={"kind": ("y",)}),
)


def trial(number, **facts):
    usual = {"state": "COMPLETE", "value": 0.5, "inner_values": (0.5,), "params": {"a": 0.2, "kind": "x"}}
    return Trial(**{**usual, "number": number, "seconds": 0.1, "seed": number, **facts})


WHOLE = Outcome(
    rung="ours", arm="tuned", repeat=0, fold=0, purpose="search", inner_hash="5d" * 32, studied_rows=80, started=1.7e9,
    seeds={"study": 1, "estimator": 2, "inner": 3}, stopped_by="trials",
    trials=(trial(0, params={"a": 7.0}), trial(1), trial(2, params={"a": 0.2, "kind": "y", "b": 2})),
)  # fmt: skip


def with_last(**facts):
    return replace(WHOLE, trials=(*WHOLE.trials[:2], trial(2, **facts)))


def test_a_whole_record_lacks_nothing():
    assert lacks(SPACE, 3, WHOLE) == ""


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (replace(WHOLE, trials=WHOLE.trials[:2]), "2 of 3 trials"),
        (replace(WHOLE, trials=WHOLE.trials[:2], stopped_by="timeout"), ""),
        (replace(WHOLE, trials=(*WHOLE.trials[:2], trial(3))), "trials without a gap in their numbers"),
        (replace(WHOLE, seeds={"study": 1, "inner": 3}), "the seed of the estimator"),
        (replace(WHOLE, inner_hash=""), "the hash of the inner folds"),
        (replace(WHOLE, studied_rows=0), "the number of its rows and when it began"),
        (with_last(state="PRUNED", value=None), "trial 2: its value"),
        (with_last(value=None), "trial 2: its value"),
        (with_last(inner_values=()), "trial 2: its value"),
        (with_last(state="FAIL", value=None), "trial 2: the class of its error"),
        (with_last(state="FAIL", value=None, error="ValueError"), ""),
        (with_last(params={"a": 1.5, "kind": "x"}), "trial 2: parameters of the declared space"),
        (with_last(params={"kind": "x"}), "trial 2: parameters of the declared space"),
        (with_last(params={"a": 0.5, "kind": "y"}), "trial 2: parameters of the declared space"),
        (with_last(params={"a": 0.5, "kind": "x", "n_estimators": 40}), ""),
        (
            replace(WHOLE, seeds={}, inner_hash=""),
            "the seed of the study; the seed of the estimator; the seed of the inner (and 1 more)",
        ),
    ],
)
def test_what_is_missing_is_named(outcome, told):
    assert lacks(SPACE, 3, outcome) == told
