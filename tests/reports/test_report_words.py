"""The sentence a manager reads, for every way a climb can end."""

from dataclasses import replace

import pytest
from boards import BASELINE_ONLY, BOARDS, BOOSTING, DUMMY, LINEAR, NOISE, PROMOTED, PROVISIONAL, RUNNING, STAYS, TROUBLE

from kiss_bench.records.board import MetricFacts, RecommendedFacts
from kiss_bench.reports.escape import MARKDOWN
from kiss_bench.reports.fineprint import rebuild
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.phrases import (
    also_consider,
    banners,
    margin_words,
    verdict_sentence,
    what_would_change,
    why_not_more_complex,
    why_not_simpler,
)

HARMFUL = replace(
    STAYS, rungs=(DUMMY, replace(LINEAR, incumbent="dummy"), replace(BOOSTING, gain=-0.02, verdict="NOT JUSTIFIED"))
)
ALL_FAILED_ABOVE = replace(
    STAYS, rungs=(DUMMY, replace(LINEAR, incumbent="dummy"), replace(BOOSTING, status="failed", verdict="FAILED"))
)
FIRST_STEP = replace(STAYS, rungs=(DUMMY, replace(LINEAR, incumbent="dummy", gain=0.0975, default_gain=0.0958)))
ONE_ARM_KNOWN = replace(
    ALL_FAILED_ABOVE, rungs=(DUMMY, replace(LINEAR, incumbent="dummy", default_gain=None), ALL_FAILED_ABOVE.rungs[2])
)


@pytest.mark.parametrize(
    ("board", "sentence"),
    [
        pytest.param(
            BASELINE_ONLY,
            "Stay with dummy: nothing more complex is on this ladder — there was nothing to weigh it against.",
            id="nothing but the dummy",
        ),
        pytest.param(
            NOISE,
            "Stay with dummy: nothing more complex earned its keep — the best of the 2 rungs judged above it, "
            "linear, gains +0.0016 log_loss where the margin is 0.006109, P(gain > margin) = 0.2081 "
            "(inconclusive: no number of rows or repeats would justify it at this observed gain).",
            id="noise",
        ),
        pytest.param(
            STAYS,
            "Stay with linear (default settings; tuning was not shown to pay): nothing more complex earned its keep — "
            "it removes 15.7 % of the dummy's error; the best of the 2 rungs judged above it, boosting, "
            "gains +0.0084 log_loss where the margin is 0.006109, P(gain > margin) = 0.6187 "
            "(inconclusive: would need about 13,000 rows or 38 repeats).",
            id="linear stays, boosting is open",
        ),
        pytest.param(
            HARMFUL,
            "Stay with linear (default settings; tuning was not shown to pay): nothing more complex earned its keep — "
            "it removes 15.7 % of the dummy's error; the one more complex rung, boosting, does no better, a "
            "gain of -0.0200 log_loss where the margin is 0.006109, P(gain > margin) = 0.6187.",
            id="the rung above is worse",
        ),
        pytest.param(
            PROMOTED,
            "boosting (tuned) is justified: it removes 27.8 % of the dummy's error where linear removes 16.0 % — a "
            "gain of +0.0721 log_loss (95 % interval +0.0503 to +0.0939) over linear where the margin is 0.006109, "
            "P(gain > margin) > 0.9999; nothing above it earned its keep (stack).",
            id="boosting is justified",
        ),
        pytest.param(
            FIRST_STEP,
            "linear (default settings; tuning was not shown to pay) is justified: it removes "
            "15.7 % of the dummy's error — a gain of +0.0958 log_loss (95 % interval +0.0321 to +0.0781) over dummy "
            "where the margin is 0.006109, P(gain > margin) > 0.9999.",
            id="the first step is not measured against the dummy twice",
        ),
        pytest.param(
            ALL_FAILED_ABOVE,
            "linear (default settings; tuning was not shown to pay) is justified: it removes "
            "15.7 % of the dummy's error — a gain of +0.0551 log_loss (95 % interval +0.0321 to +0.0781) over dummy "
            "where the margin is 0.006109, P(gain > margin) > 0.9999; not judged: boosting (FAILED).",
            id="a failed rung above is named, not counted as beaten",
        ),
        pytest.param(
            ONE_ARM_KNOWN,
            "linear (default settings; tuning was not shown to pay) is justified: tuned, it removes "
            "16.0 % of the dummy's error — a gain of +0.0568 log_loss (95 % interval +0.0342 to +0.0794) over dummy "
            "where the margin is 0.006109, P(gain > margin) > 0.9999; not judged: boosting (FAILED).",
            id="default settings that have no figures of their own",
        ),
        pytest.param(RUNNING, "No verdict yet — 2 of 4 rungs are done.", id="running"),
        pytest.param(
            BOARDS["nothing judged"],
            "No verdict — dummy failed, and without it no rung can be judged.",
            id="nothing judged",
        ),
    ],
)
def test_verdict_sentence(board, sentence):
    assert verdict_sentence(board) == sentence


def test_a_provisional_verdict_says_so_first():
    assert verdict_sentence(PROVISIONAL).startswith("Provisional: Stay with linear (default settings):")


@pytest.mark.parametrize(
    ("unit", "margin", "absolute", "words"),
    [
        ("skill", 0.01, 0.006109, "1 % of the dummy's loss (0.006109 log_loss)"),
        ("skill", 0.005, None, "0.5 % of the dummy's loss"),
        ("relative", 0.02, 0.01, "2 % of the incumbent's loss"),
        ("absolute", 0.005, 0.005, "0.005 log_loss"),
    ],
)
def test_margin_in_words(unit, margin, absolute, words):
    metric = MetricFacts(
        name="log_loss", greater_is_better=False, margin=margin, margin_unit=unit, margin_abs=absolute
    )  # fmt: skip
    assert margin_words(metric) == words


def test_banners_come_from_the_board():
    assert banners(STAYS) == []
    assert banners(TROUBLE) == [
        "Skipped: stump — the regulator forbids one-column rules",
        "Not replayable: a time limit or the death of a worker ended some of the work, so another run may differ",
    ]
    assert banners(RUNNING) == ["Still running: 2 of 4 rungs to come, the table is partial"]
    thin = replace(STAYS, cautions=("one group holds 90% of the rows",))
    assert banners(thin) == ["Take care: one group holds 90% of the rows"]
    assert "Take care: one group holds 90% of the rows" in leaderboard_markdown(thin).split("| rung")[0]


def test_rungs_that_never_met_are_not_said_to_have_been_tested():
    lines = {line.split(" ")[0]: line for line in why_not_simpler(PROMOTED, MARKDOWN)}
    assert "tested against each other, a gain of" in lines["`linear`"]
    assert "not tested against each other" in lines["`tree`"]
    assert "not tested against each other" in lines["`dummy`"]


def test_why_not_more_complex_tells_worse_from_too_little_from_unknown():
    tree, boosting = why_not_more_complex(STAYS, MARKDOWN)
    stack = why_not_more_complex(PROMOTED, MARKDOWN)[0]
    assert tree.endswith("shown to be worse.")
    assert boosting.endswith("these rows cannot tell, so the simpler rung stays.")
    assert stack.endswith("shown to be worth less than the margin.")


def test_what_would_change_names_every_rung_without_a_verdict():
    text = "\n".join(what_would_change(TROUBLE, MARKDOWN))
    assert all(f"`{name}`" in text for name in ("stump", "tree", "forest", "boosting"))


def test_also_consider_is_silent_about_the_recommended_rung_itself():
    assert also_consider(replace(STAYS, also_consider="linear"), MARKDOWN) == ""
    assert also_consider(PROMOTED, MARKDOWN).startswith("`linear`: the simplest rung not shown to be worse")


def test_rebuild_lines_ask_for_the_recommended_arm():
    assert rebuild(STAYS) == ["import kiss_bench", 'kiss_bench.estimator("results/german-credit", "linear")']
    assert rebuild(PROMOTED)[1] == 'kiss_bench.estimator("results/german-credit", "boosting", arm="tuned")'
    odd = replace(DUMMY, rung='a"`<\\')
    chosen = RecommendedFacts(rung=odd.rung, arm="default", why="")
    line = rebuild(replace(STAYS, rungs=(odd,), recommended=chosen))[1]
    assert line == 'kiss_bench.estimator("results/german-credit", "a\\x22\\x60\\x3c\\x5c")'
