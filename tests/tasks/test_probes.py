"""Each way of preparing rows fails the probes that it must fail, and no other."""

import sys
import time

import numpy as np
import pandas as pd
import prepares
import pytest
from prepares import NINE, raw
from task_tables import plan_for

from kiss_bench.tasks.audit.prepared import CHECK, prepare_findings
from kiss_bench.tasks.prepare import table_of
from kiss_bench.tasks.probes import WHICH_ROWS, probe
from kiss_bench.tasks.same_values import differing


def verdicts(function, frame=None, **keys):
    keys = {"target": "y", "time": "day", **keys}
    return {verdict.column: verdict for verdict in probe(function, raw() if frame is None else frame, **keys)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("function", NINE, ids=lambda function: function.__name__)
def test_every_function_fails_the_probes_it_must_fail_and_no_other(function, seed):
    found = verdicts(function, raw(seed=seed), seed=seed)
    assert list(found) == ["day", "amount", "town", "y", "made"]
    assert {name: found[name].failed for name in found} == {
        **dict.fromkeys(["day", "amount", "town", "y"], ()), "made": NINE[function],
    }  # fmt: skip
    assert {outcome.result for outcome in found["made"].outcomes.values()} <= {"passed", "failed"}


@pytest.mark.parametrize("function", NINE, ids=lambda function: function.__name__)
def test_without_time_there_is_no_past_to_cut(function):
    found = verdicts(function, time=None)["made"]
    assert found.failed == tuple(name for name in NINE[function] if name != "past-cut")
    assert found.outcomes["past-cut"].result == "not applicable"


def test_a_verdict_says_in_how_many_rows_and_by_how_much():
    found = verdicts(prepares.label_copy)["made"].outcomes["y-shuffle"]
    assert (found.compared, found.largest) == (200, 2.0)
    assert 70 < found.differing < 130
    cut = verdicts(prepares.tomorrow)["made"].outcomes["past-cut"]
    assert cut.differing == 1
    assert cut.largest is None, "a value that is gone has no size"


def test_the_target_itself_may_follow_the_target():
    assert verdicts(prepares.row_local)["y"].outcomes["y-shuffle"].result == "not applicable"


def test_random_numbers_are_not_the_same_twice():
    found = verdicts(prepares.random_numbers)["made"]
    assert found.failed == ("again",)
    assert found.outcomes["subset"].result == "could not be probed"


def test_a_function_that_raises_on_fewer_rows_could_not_be_probed():
    found = verdicts(prepares.needs_all)["made"].outcomes
    assert {name: outcome.result for name, outcome in found.items()} == {
        "past-cut": "could not be probed", "subset": "could not be probed", "y-shuffle": "passed", "again": "passed",
    }  # fmt: skip
    assert found["subset"].why == "ValueError: too few rows"


def test_a_function_that_raises_on_all_rows_has_one_verdict():
    (verdict,) = probe(prepares.fails, raw(), target="y")
    assert verdict.column == WHICH_ROWS
    assert {outcome.why for outcome in verdict.outcomes.values()} == {"KeyError: 'gone'"}


def test_columns_may_be_renamed_and_the_target_left_out():
    assert {name: verdict.failed for name, verdict in verdicts(prepares.renamed).items()} == {
        "when": (),
        "sum": (),
        "town": (),
    }


def test_joins_and_columns_of_levels_look_at_no_other_row():
    assert not any(verdict.failed for verdict in verdicts(prepares.joined).values())
    assert not any(verdict.failed for verdict in verdicts(prepares.dummies).values())


def test_a_column_that_is_there_only_with_the_other_rows_has_failed():
    frame = raw().assign(town=["z", *raw()["town"][1:]])
    assert "subset" in verdicts(prepares.dummies, frame)["town_z"].failed


@pytest.mark.parametrize(
    ("function", "failed"),
    [
        (prepares.without_unknown, None),
        (prepares.without_large, ("past-cut", "subset")),
        (prepares.without_no, ("y-shuffle",)),
    ],
)
def test_which_rows_are_kept_has_a_verdict_of_its_own(function, failed):
    found = verdicts(function)
    assert (found[WHICH_ROWS].failed if failed else WHICH_ROWS not in found) == (failed or True)


def test_leaving_out_the_last_row_hides_no_look_ahead():
    assert verdicts(prepares.tomorrow_known)["made"].failed == ("past-cut", "subset")
    assert verdicts(prepares.tomorrow_known)["amount"].failed == ()


def lags(frame):
    return frame.assign(before=frame["y"].shift(1), now=frame["y"], mean=frame["y"].expanding().mean())


def test_earlier_targets_are_told_from_the_row_s_own():
    found = verdicts(lags)
    assert {name for name, one in found.items() if "y-shuffle" in one.failed} == {"before", "now", "mean"}
    assert [name for name, one in found.items() if one.earlier_targets_only] == ["before"]


def test_rows_need_not_be_in_order_of_time():
    shuffled = raw().sample(frac=1, random_state=0)
    assert verdicts(prepares.row_local, shuffled)["made"].failed == ()
    assert verdicts(prepares.z_score, shuffled)["made"].failed == ("past-cut", "subset")


def when_made(frame):
    return prepares.z_score(frame.assign(when=pd.to_datetime(frame["day"], format="%d.%m.%Y")))


def test_a_time_that_the_function_makes_is_cut_all_the_same():
    texts = raw().assign(day=raw()["day"].dt.strftime("%d.%m.%Y"))
    assert verdicts(when_made, texts, time="when")["made"].failed == ("past-cut", "subset")
    assert verdicts(when_made, texts, time="when")["when"].failed == ()
    assert (
        verdicts(prepares.row_local, texts)["made"].outcomes["past-cut"].why.startswith("there is no 'day' that holds")
    )


@pytest.mark.parametrize("time_column", ["day", None])
def test_a_large_table_is_probed_on_a_part_in_seconds(time_column):
    frame = raw(300_000)
    started = time.perf_counter()
    found = verdicts(prepares.z_score, frame, time=time_column)["made"]
    assert time.perf_counter() - started < 10
    assert (found.probed, found.rows) == (20_000, 300_000)
    assert "subset" in found.failed


@pytest.mark.parametrize(
    ("one", "other", "unequal"),
    [
        ([1.0, np.nan, 0.0], [1.0 + 1e-12, np.nan, -0.0], [0, 0, 0]),
        ([1.0, np.nan, 3.0], [1.0 + 1e-7, 2.0, np.nan], [1, 1, 1]),
        ([np.inf, -np.inf], [np.inf, np.inf], [0, 1]),
        (["a", None, "c"], ["a", None, "d"], [0, 0, 1]),
        ([True, False], [1, 1], [0, 1]),
        (pd.Series(["a", "b"], dtype="category"), pd.Series(["a", "a"], dtype="category"), [0, 1]),
        (pd.to_datetime(["2024-01-01", None]), pd.to_datetime(["2024-01-01", "2024-01-02"]), [0, 1]),
        (pd.Series([1, None], dtype="Int64"), [1.0, np.nan], [0, 0]),
        ([None, None], [np.nan, 1.0], [0, 1]),
        (pd.Series([1, "a"], dtype=object), pd.Series([1.0, "a"], dtype=object), [0, 0]),
    ],
)  # fmt: skip
def test_numbers_are_compared_to_nine_digits_gaps_as_gaps_and_the_rest_exactly(one, other, unequal):
    assert differing(pd.Series(one), pd.Series(other))[0].tolist() == [bool(each) for each in unequal]


def findings(function, **keys):
    data = {"prepare": f"{function.__module__}:{function.__name__}", "time": "day", **keys.pop("data", {})}
    table = keys.pop("frame", raw())
    plan = plan_for("y", data=data, positive=1, **keys)
    return prepare_findings(plan, table_of(plan, table))


MADE = "'made', made by data.prepare prepares:"
REMEDY = (
    "What is learned from many rows (means, quantiles, levels, scales) belongs into a rung's estimator, where it sees "
    "training rows alone."
)
TOLD = {
    prepares.row_local: None,
    prepares.trailing_mean: ("note", f"{MADE}trailing_mean, use other rows, but none later"),
    prepares.z_score: ("question", f"{MADE}z_score, changes when later rows are taken away (180 of 1"),
    prepares.target_mean: ("leak", f"{MADE}target_mean, changes when later rows are taken away ("),
    prepares.label_copy: ("leak", f"{MADE}label_copy, changes when the target is shuffled ("),
    prepares.random_numbers: ("question", f"{MADE}random_numbers, is not the same when it is made twice (200 of 200"),
}


@pytest.mark.parametrize("function", TOLD, ids=lambda function: function.__name__)
def test_findings_say_what_failed_in_how_many_rows_and_what_to_do(function):
    found = findings(function)
    if TOLD[function] is None:
        assert found == ()
        return
    (finding,) = found
    assert (finding.check, finding.columns) == (CHECK, ("made",))
    level, told = TOLD[function]
    assert finding.level == level
    assert finding.sentence.startswith(told.replace("(180 of 1", "(")), finding.sentence
    assert finding.sentence.endswith(".")
    assert finding.figures["probed"] == 200
    if function is prepares.z_score:
        assert finding.sentence.endswith(REMEDY)


def test_forward_in_time_alone_are_trailing_windows_innocent():
    (finding,) = findings(prepares.trailing_mean, data={"time": None})
    assert finding.level == "question"
    (finding,) = findings(prepares.trailing_mean, folds={"kind": "shuffled"})
    assert finding.level == "question"


def test_a_question_that_a_person_answered_carries_the_answer():
    answer = {"answer": True, "by": "Ada", "reason": "Published monthly, before any prediction."}
    (finding,) = findings(prepares.z_score, reviewed={"made": answer})
    assert finding.level == "question"
    assert (finding.answer.answer, finding.answer.by) == (True, "Ada")


def test_what_could_not_be_probed_is_one_question_about_all_columns_that_came_out_otherwise():
    found = findings(prepares.needs_all)
    assert [(finding.level, finding.columns) for finding in found] == [("question", ("made",))]
    assert found[0].sentence.startswith(f"{MADE}needs_all, could not be probed (past-cut: ValueError: too few rows).")
    answer = {"answer": True, "by": "Ada", "reason": "It is a logarithm."}
    assert findings(prepares.needs_all, reviewed={"made": answer})[0].answer.by == "Ada"


def needs_more_than_is_probed(frame):
    if len(frame) <= 20_000:
        raise ValueError("too few rows")
    return frame.assign(made=frame["amount"].mean(), other=1.0)


def needs_all_and_makes_nothing(frame):
    return prepares.needs_all(frame).drop(columns="made")


def test_columns_that_came_out_as_they_went_in_need_no_answer():
    sys.modules.setdefault("test_probes", sys.modules[__name__])
    (finding,) = findings(needs_all_and_makes_nothing)
    assert (finding.level, finding.columns) == ("note", ())
    assert finding.sentence.endswith(
        "needs_all_and_makes_nothing could not be probed (past-cut: ValueError: too few rows)."
    )


def test_a_function_that_works_on_large_tables_alone_hides_nothing():
    sys.modules.setdefault("test_probes", sys.modules[__name__])
    (finding,) = findings(needs_more_than_is_probed, frame=raw(20_001))
    assert (finding.level, finding.columns) == ("question", ("made", "other"))


def test_columns_that_no_rung_sees_raise_no_question():
    assert findings(prepares.z_score, data={"drop": ("made",)}) == ()


def test_lags_of_the_target_are_a_question_and_its_copy_is_a_leak():
    sys.modules.setdefault("test_probes", sys.modules[__name__])
    found = {finding.columns[0]: finding for finding in findings(lags)}
    assert {name: finding.level for name, finding in found.items()} == {
        "now": "leak", "mean": "leak", "before": "question",
    }  # fmt: skip
    assert found["before"].sentence.endswith("those of earlier rows alone: are these targets known by the row's time?")


def test_today_s_value_is_no_leak_of_tomorrow_s():
    found = {finding.columns: finding for finding in findings(prepares.next_target)}
    assert {columns: finding.level for columns, finding in found.items()} == {
        ("today",): "question", ("y",): "note", (): "note",
    }  # fmt: skip


def test_a_loader_cannot_be_probed_and_says_so():
    plan = plan_for("y", data={"loader": "prepares:raw"})
    (finding,) = prepare_findings(plan, table_of(plan, raw()))
    assert (finding.level, finding.columns) == ("note", ())
    assert finding.sentence == (
        "data.loader prepares:raw takes no rows, so what it does to them cannot be probed; steps in data.prepare can."
    )


def test_without_either_there_is_nothing_to_find():
    plan = plan_for("y")
    assert prepare_findings(plan, table_of(plan, raw())) == ()
