"""The climb: levels along the ladder, who is promoted, which arm, what is recommended."""

import dataclasses

import numpy as np
import pytest
from judge_examples import Entrant, classes, judged, ladder_of, numbers, rows_of, terms_of
from sklearn import metrics as sk

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.judge import Trio, compare_rows, contested
from kiss_bench.judge.ladder import next_level

TERMS = terms_of("rmse", 0.01, "relative")


def climbing(steps, n=400, repeats=1):
    """Build a ladder from letters: P promoted, - no better, F failed, C not comparable though better, S skipped."""
    rng = np.random.default_rng(0)
    actual = rng.normal(0.0, 4.0, n)
    noise, current = 2.0, np.full((repeats, n), actual.mean())
    ladder = [Entrant(rung="dummy", level=0.0, predictions={"default": current})]
    for number, step in enumerate(steps, start=1):
        better = actual + rng.normal(size=(repeats, n)) * noise
        noise = noise / 2.0 if step in "PC" else noise
        status = {"F": "failed", "S": "skipped"}.get(step, "ok")
        facts = (
            {"predictions": {"default": better if step in "PC" else current}}
            if status == "ok"
            else {"reason": "because"}
        )
        current = better if step == "P" else current
        ladder.append(Entrant(rung=f"r{number}", level=number, status=status, comparable=step != "C", **facts))
    return actual, ladder


@pytest.mark.parametrize(
    ("steps", "shares", "verdicts"),
    [
        ("----", [1, 1, 1, 1], "NNNN"),
        ("PPPP", [1, 2, 3, 4], "JJJJ"),
        ("P-P-", [1, 2, 1, 2], "JNJN"),
        ("PFP-", [1, None, 1, 2], "JFJN"),
        ("FFFP", [None, None, None, 1], "FFFJ"),
        ("PCP-", [1, 2, 1, 2], "JCJN"),
        ("PSP-", [1, None, 2, 3], "JSJN"),
        ("SSP-", [None, None, 1, 2], "SSJN"),
        ("PPFP", [1, 2, None, 1], "JJFJ"),
    ],
)
@pytest.mark.parametrize(("repeats", "divisor"), [(1, 5), (3, 1)])
def test_levels_pass_on_after_a_promotion_only(steps, shares, verdicts, repeats, divisor):
    actual, ladder = climbing(steps, repeats=repeats)
    entries = judged(ladder, rows_of(actual, repeats=repeats), TERMS).entries[1:]
    words = {"N": "NOT JUSTIFIED", "J": "JUSTIFIED", "F": "FAILED", "C": "NOT COMPARABLE", "S": None}
    assert [entry.verdict for entry in entries] == [words[letter] for letter in verdicts]
    tests = len(steps) - steps.count("S")
    levels = [entry.comparison.alpha if entry.comparison else None for entry in entries]
    assert levels == [None if share is None else pytest.approx(0.05 * share / tests / divisor) for share in shares]


def test_a_level_is_its_share_plus_what_was_inherited():
    assert next_level(0.01, 0.02, promoted=True) == pytest.approx(0.03)
    assert next_level(0.01, 0.02, promoted=False) == pytest.approx(0.01)


def test_each_rung_meets_the_last_promoted_one():
    actual, ladder = climbing("P-FCPS-")
    judgement = judged(ladder, rows_of(actual), TERMS)
    assert [entry.incumbent for entry in judgement.entries] == [None, "dummy", "r1", None, "r1", "r1", None, "r5"]
    assert judgement.recommended.rung == "r5"
    assert [entry.status for entry in judgement.entries] == ["ok", "ok", "ok", "failed", "ok", "ok", "skipped", "ok"]
    assert [entry.reason for entry in judgement.entries][3] == "because"


def test_a_rung_that_is_not_comparable_shows_its_numbers_and_is_never_chosen():
    actual, ladder = climbing("C")
    judgement = judged(ladder, rows_of(actual), TERMS)
    entry = judgement.entries[1]
    assert (entry.verdict, entry.comparison.verdict) == ("NOT COMPARABLE", "NOT COMPARABLE")
    assert entry.comparison.p_gain > 0.999
    assert judgement.recommended.rung == "dummy"


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
@pytest.mark.parametrize("seed", range(5))
def test_pure_noise_promotes_nothing(metric, seed):
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=300)
    noise = [np.zeros((1, 300)), *[rng.normal(size=(1, 300)) * 0.05 for _ in range(6)]]
    judgement = judged(ladder_of(*noise), rows_of(actual), terms_of(metric, 0.01, "skill"))
    assert judgement.recommended.rung == "dummy"
    assert judgement.also_consider is None
    assert judgement.recommended.why == "dummy: no rung above it was shown to gain more than the margin."


def test_the_base_comes_first_whatever_the_order_handed_in():
    actual, ladder = climbing("P-")
    naive = dataclasses.replace(ladder[1], rung="naive", level=0.0)
    entries = judged([ladder[2], naive, ladder[0]], rows_of(actual), TERMS).entries
    assert [entry.rung for entry in entries] == ["dummy", "naive", "r2"]
    assert [entry.verdict for entry in entries] == ["BASELINE", "JUSTIFIED", "NOT JUSTIFIED"]


def two_arms(default, tuned):
    """A linear rung whose arms leave these amounts of noise, on a ladder after the dummy."""
    rng = np.random.default_rng(5)
    actual = rng.normal(0.0, 2.0, 500)
    common = rng.normal(size=(3, 500))
    arms = {"default": actual + common * default, "tuned": actual + common * tuned}
    dummy = Entrant(rung="dummy", level=0.0, predictions={"default": np.full((3, 500), actual.mean())})
    return judged([dummy, Entrant(rung="linear", level=2.0, predictions=arms)], rows_of(actual, repeats=3), TERMS)


@pytest.mark.parametrize(
    ("default", "tuned", "verdicts", "arm"),
    [
        (1.0, 1.0, ("JUSTIFIED", "JUSTIFIED", "NOT JUSTIFIED"), "default"),
        (1.0, 0.5, ("JUSTIFIED", "JUSTIFIED", "JUSTIFIED"), "tuned"),
        (4.0, 1.0, ("JUSTIFIED", "NOT JUSTIFIED", "JUSTIFIED"), "tuned"),
        (0.5, 1.0, ("JUSTIFIED", "JUSTIFIED", "NOT JUSTIFIED"), "default"),
    ],
    ids=["tuning adds nothing", "tuning pays", "only tuned is good", "tuning harms"],
)
def test_which_arm_is_recommended(default, tuned, verdicts, arm):
    judgement = two_arms(default, tuned)
    entry = judgement.entries[1]
    assert (entry.verdict, entry.default_verdict, entry.tuning_verdict) == verdicts
    assert (entry.arm, judgement.recommended.arm) == ("tuned", arm)
    assert np.sign(entry.tuning_gain) == np.sign(default - tuned)
    assert ("Default settings do" in judgement.recommended.why) == (arm == "default")


def test_arms_are_reported_on_rungs_that_were_not_promoted_too():
    judgement = two_arms(4.0, 4.0)
    entry = judgement.entries[1]
    assert (entry.verdict, entry.default_verdict, entry.tuning_verdict) == ("NOT JUSTIFIED",) * 3
    assert (entry.default_score, entry.default_skill) == (entry.score, entry.skill)
    assert entry.default_comparison.gain == pytest.approx(entry.comparison.gain)
    assert judgement.recommended == dataclasses.replace(judgement.recommended, rung="dummy", arm="default")


def test_a_rung_with_one_arm_says_nothing_about_tuning():
    actual, ladder = climbing("P")
    entry = judged(ladder, rows_of(actual), TERMS).entries[1]
    assert (entry.arm, entry.default_score, entry.default_verdict, entry.tuning_gain) == ("default", None, None, None)


def test_scores_skill_and_secondary_metrics_are_those_of_repeat_0():
    actual, models = numbers(repeats=3)
    terms = terms_of("rmse", 0.01, "skill", also=("mae", "r2"))
    entries = judged(ladder_of(*models), rows_of(actual, repeats=3), terms).entries
    for entry, model in zip(entries, models, strict=True):
        assert entry.score == pytest.approx(sk.root_mean_squared_error(actual, model[0]), abs=1e-12)
        assert entry.skill == pytest.approx(sk.r2_score(actual, model[0]), abs=1e-12)
        assert entry.also["mae"] == pytest.approx(sk.mean_absolute_error(actual, model[0]), abs=1e-12)
        assert entry.also["r2"] == pytest.approx(sk.r2_score(actual, model[0]), abs=1e-12)
        assert entry.score_low < entry.score < entry.score_high
        assert entry.repeats == 3


def test_a_secondary_metric_of_labels_is_that_of_repeat_0_with_the_labels_learnt_there():
    rng = np.random.default_rng(0)
    actual = rng.integers(0, 2, 300)
    said = np.clip(0.5 + 0.2 * (actual - 0.5) + rng.normal(0, 0.2, (3, 300)), 0.01, 0.99)
    labels = (said > 0.4).astype(np.int64)
    ladder = [
        Entrant(rung="dummy", level=0, predictions={"default": np.full((3, 300), actual.mean())}),
        Entrant(rung="r1", level=1, predictions={"default": said}, predicted={"default": labels}),
    ]
    terms = dataclasses.replace(terms_of("log_loss", 0.01, "skill", also=("accuracy",)), task="binary", positive=1)
    entry = judged(ladder, rows_of(actual, repeats=3), terms).entries[1]
    assert entry.also["accuracy"] == pytest.approx(sk.accuracy_score(actual, labels[0]), abs=1e-12)
    assert entry.also["accuracy"] != pytest.approx(sk.accuracy_score(actual, labels[1]), abs=1e-12)


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy", "roc_auc"])
def test_skill_is_the_share_of_the_dummys_loss_removed(metric):
    actual, models = classes()
    entries = judged(ladder_of(*models), rows_of(actual), terms_of(metric, 0.01, "skill")).entries
    worst, best = {"accuracy": (entries[0].score, 1.0), "roc_auc": (0.5, 1.0)}.get(metric, (entries[0].score, 0.0))
    for entry in entries:
        assert entry.skill == pytest.approx(1.0 - (best - entry.score) / (best - worst), abs=1e-12)


def test_a_secondary_auc_without_both_classes_in_a_fold_is_left_out():
    actual = np.r_[np.zeros(50, dtype=np.int64), 1]
    models = [np.full((1, 51), 0.02), np.linspace(0.01, 0.1, 51)[None]]
    terms = terms_of("log_loss", 0.01, "skill", also=("roc_auc", "brier"))
    entries = judged(ladder_of(*models), rows_of(actual), terms).entries
    assert [entry.also["roc_auc"] for entry in entries] == [None, None]
    assert all(entry.also["brier"] > 0.0 for entry in entries)


@pytest.mark.parametrize(("seed", "expected"), [(5, "rung1"), (8, None)], ids=["not shown worse", "shown worse"])
def test_a_rung_passed_over_for_lack_of_proof_is_worth_considering(seed, expected):
    rng = np.random.default_rng(seed)
    actual = np.tile([-1.0, 1.0], 200)
    little, more = (share * actual + rng.normal(size=(1, 400)) * 0.3 for share in (0.07, 0.11))
    ladder = ladder_of(np.zeros((1, 400)), little, more)
    judgement = judged(ladder, rows_of(actual), TERMS)
    assert [entry.verdict for entry in judgement.entries[1:]] == ["INCONCLUSIVE", "JUSTIFIED"]
    assert (judgement.recommended.rung, judgement.also_consider) == ("rung2", expected)
    head_to_head = compare_rows(rows_of(actual), TERMS, Trio(dummy=little, incumbent=little, candidate=more), 0.05)
    assert (head_to_head.p_gain < 0.95) == (expected == "rung1")


def test_without_the_dummy_nothing_is_judged_and_it_is_said():
    actual, ladder = climbing("PF-")
    ladder[0] = Entrant(rung="dummy", level=0.0, status="failed", reason="no rows")
    judgement = judged(ladder, rows_of(actual), TERMS)
    assert [entry.verdict for entry in judgement.entries] == ["FAILED", "INCONCLUSIVE", "FAILED", "INCONCLUSIVE"]
    why = "dummy failed, and without it no rung can be judged"
    assert judgement.entries[1].reason == why
    assert judgement.entries[2].reason == "because"
    assert judgement.entries[1].score > 0.0
    assert judgement.entries[1].skill is None
    assert judgement.recommended.why == f"{why}."
    assert judgement.notes[-1] == f"{why}: no rows"
    assert judgement.margin_abs == pytest.approx(actual.std() * 0.01)


def test_predictions_that_are_not_numbers_fail_their_rung():
    actual, ladder = climbing("PP")
    broken = ladder[1].predictions["default"].copy()
    broken[0, 7] = np.nan
    ladder[1] = dataclasses.replace(ladder[1], predictions={"default": broken})
    entries = judged(ladder, rows_of(actual), TERMS).entries
    assert (entries[1].status, entries[1].verdict, entries[1].score) == ("failed", "FAILED", None)
    assert entries[1].reason == "its predictions are not all finite numbers"
    assert entries[2].incumbent == "dummy"


def test_the_first_contested_rung_is_the_one_to_repeat():
    seen = 0
    for seed in range(40):
        actual, models = numbers(n=150, seed=seed, noises=(1.75, 1.7))
        judgement = judged(ladder_of(*models), rows_of(actual), TERMS)
        open_pairs = [entry for entry in judgement.entries if entry.comparison and entry.comparison.contested]
        assert contested(judgement) == (open_pairs[0] if open_pairs else None)
        seen += bool(open_pairs)
    assert seen > 0


def test_a_ladder_of_the_dummy_alone_stays_there():
    actual, ladder = climbing("")
    judgement = judged(ladder, rows_of(actual), TERMS)
    assert (judgement.recommended.rung, judgement.recommended.arm) == ("dummy", "default")


@pytest.mark.parametrize(
    ("candidates", "error", "message"),
    [
        ([], RecordError, "there is no ladder to judge: no rungs were handed in"),
        ([Entrant(rung="dummy", level=0.0)], RecordError, "dummy is said to be ok but has no predictions"),
    ],
)
def test_an_empty_ladder_is_refused(candidates, error, message):
    with pytest.raises(error) as caught:
        judged(candidates, rows_of(np.arange(9.0)), TERMS)
    assert str(caught.value) == message


def test_an_unknown_metric_is_refused():
    with pytest.raises(KissBenchError, match="'mape' is not built yet"):
        judged([], rows_of(np.arange(9.0)), terms_of("mape"))
