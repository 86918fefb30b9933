"""`repeats: auto`: what was decided on the first repeat stays, what was contested there is asked again on all."""

import dataclasses

import numpy as np
import pytest
from judge_examples import Entrant, judged, ladder_of, numbers, rows_of, terms_of

from kiss_bench.judge import Trio, compare_rows, contested

AUTO = terms_of("rmse", 0.01, "relative", escalates=True)
PLAIN = terms_of("rmse", 0.01, "relative")


def pair(seed, repeats=5):
    """Rows, and a trio whose candidate is a little better than the incumbent, or hardly."""
    actual, models = numbers(n=150, seed=seed, repeats=repeats, noises=(1.75, 1.6))
    return rows_of(actual, repeats=repeats, seed=seed), Trio(dummy=models[0], incumbent=models[1], candidate=models[2])


def first_of(rows, trio, terms=PLAIN, repeats=1):
    return compare_rows(
        rows,
        terms,
        Trio(dummy=trio.dummy, incumbent=trio.incumbent[:repeats], candidate=trio.candidate[:repeats]),
        0.05,
    )


def seeds(wanted):
    """Seeds of the first ten pairs that are, or are not, contested on the first repeat."""
    found = [seed for seed in range(120) if first_of(*pair(seed)).contested == wanted]
    assert len(found) >= 5
    return found[:10]


def test_a_pair_decided_on_the_first_repeat_keeps_every_number_whatever_the_others_hold():
    rng = np.random.default_rng(0)
    for seed in seeds(wanted=False):
        rows, trio = pair(seed)
        others = rng.normal(size=(4, 150)) * rng.choice([0.01, 100.0])
        changed = dataclasses.replace(trio, candidate=np.concatenate([trio.candidate[:1], others]))
        expected = first_of(rows, trio)
        assert compare_rows(rows, AUTO, trio, 0.05) == expected
        assert compare_rows(rows, AUTO, changed, 0.05) == expected
        assert (expected.repeats, expected.alpha) == (1, 0.01)


def test_a_contested_pair_is_asked_again_on_all_repeats_at_the_full_level():
    for seed in seeds(wanted=True):
        rows, trio = pair(seed)
        found = compare_rows(rows, AUTO, trio, 0.05)
        assert found == compare_rows(rows, PLAIN, trio, 0.05)
        assert (found.repeats, found.alpha, found.contested) == (5, 0.05, False)
        assert found != first_of(rows, trio)


def test_until_it_was_repeated_a_contested_pair_stays_contested():
    seed = seeds(wanted=True)[0]
    rows, trio = pair(seed)
    short = first_of(rows, trio, AUTO)
    assert (short.repeats, short.alpha, short.contested, short.verdict) == (1, 0.01, True, "INCONCLUSIVE")


@pytest.mark.parametrize("seed", range(6))
def test_without_escalation_all_repeats_count(seed):
    rows, trio = pair(seed)
    assert compare_rows(rows, PLAIN, trio, 0.05).repeats == 5


def arms_ladder(seed, tuned_repeats=5):
    """A dummy and a rung with both arms; the dummy's error is what contests or decides."""
    actual, models = numbers(n=150, seed=seed, repeats=5, noises=(1.75, 1.6))
    base = Entrant(rung="dummy", level=0.0, predictions={"default": models[1]})
    noise = np.random.default_rng(seed).normal(size=models[2].shape) * 0.1
    arms = {"default": models[2] + noise, "tuned": models[2][:tuned_repeats]}
    return rows_of(actual, repeats=5, seed=seed), [base, Entrant(rung="linear", level=2.0, predictions=arms)]


@pytest.mark.parametrize("wanted", [True, False], ids=["contested", "decided"])
def test_the_default_arm_and_the_tuning_rest_on_the_same_repeats_as_the_climb(wanted):
    for seed in seeds(wanted=wanted)[:5]:
        rows, (base, rung) = arms_ladder(seed)
        entry = judged([base, rung], rows, AUTO).entries[1]
        used = 5 if wanted else 1
        assert entry.comparison.repeats == used
        old, default, tuned = (p[:used] for p in (base.predictions["default"], *rung.predictions.values()))
        level = entry.comparison.alpha * (1 if wanted else 5)
        by_default = compare_rows(rows, PLAIN, Trio(dummy=old, incumbent=old, candidate=default), level)
        by_tuning = compare_rows(rows, PLAIN, Trio(dummy=old, incumbent=default, candidate=tuned), level)
        assert (entry.default_verdict, entry.default_comparison) == (by_default.verdict, by_default)
        assert (entry.tuning_verdict, entry.tuning_gain) == (by_tuning.verdict, by_tuning.gain)
        assert entry.p_default_enough == 1.0 - by_tuning.p_gain


def test_scores_shown_are_those_of_the_first_repeat_either_way():
    for wanted in (True, False):
        rows, ladder = arms_ladder(seeds(wanted=wanted)[0])
        auto, plain = (judged(ladder, rows, terms).entries for terms in (AUTO, PLAIN))
        assert [entry.score for entry in auto] == [entry.score for entry in plain]


def test_the_first_contested_pair_is_the_one_to_repeat_and_once_repeated_the_next():
    """On one repeat two rungs are contested; the first is named, then, on five repeats of it, no more."""
    named = 0
    for seed in range(80):
        actual, models = numbers(n=150, seed=seed, repeats=5, noises=(1.75, 1.66, 1.66))
        rows = rows_of(actual, repeats=5, seed=seed)
        once = judged(ladder_of(*[model[:1] for model in models]), rows, AUTO)
        open_rungs = [entry for entry in once.entries if entry.comparison and entry.comparison.contested]
        assert contested(once) == (open_rungs[0] if open_rungs else None)
        if not open_rungs:
            continue
        again = {open_rungs[0].rung, open_rungs[0].incumbent}
        ladder = [
            dataclasses.replace(one, predictions={"default": model if one.rung in again else model[:1]})
            for one, model in zip(ladder_of(*models), models, strict=True)
        ]
        after = contested(judged(ladder, rows, AUTO))
        assert after is None or after.rung != open_rungs[0].rung
        named += 1
    assert named >= 5


@pytest.mark.parametrize("unit", ["skill", "relative", "absolute"])
@pytest.mark.parametrize("seed", range(3))
def test_a_board_of_decided_pairs_does_not_depend_on_what_else_was_run(seed, unit):
    """Verdicts, numbers, the rung recommended and the one to consider are those of the first repeat alone."""
    terms, decided = dataclasses.replace(AUTO, margin_unit=unit), []
    for one in range(40):
        actual, models = numbers(n=300, seed=one, repeats=5, noises=(1.5, 1.0, 1.0, 0.6))
        rows = rows_of(actual, repeats=5, seed=one)
        once = judged(ladder_of(*[model[:1] for model in models]), rows, terms)
        if contested(once) is None:
            decided.append((rows, models, once))
    rows, models, once = decided[seed]
    noise = np.random.default_rng(seed).normal(size=(4, 300)) * 5.0
    more = judged(ladder_of(*[np.concatenate([model[:1], model[1:] + noise]) for model in models]), rows, terms)
    assert [entry.comparison for entry in more.entries] == [entry.comparison for entry in once.entries]
    assert (more.recommended, more.also_consider) == (once.recommended, once.also_consider)


def test_the_rung_to_consider_rests_on_the_first_repeat_too():
    """Rung 1 is not shown worse than rung 2 on repeat 0, and shown worse on repeats that nobody asked for."""
    rng = np.random.default_rng(5)
    actual = np.tile([-1.0, 1.0], 200)
    noise = rng.normal(size=(2, 1, 400)) * 0.3
    little, more = (share * actual + one for share, one in zip((0.07, 0.11), noise, strict=True))
    worse = np.tile(actual * -3.0, (4, 1))
    rows = rows_of(actual, repeats=5)
    ladder = ladder_of(np.zeros((1, 400)), little, more)
    once = judged(ladder, rows, AUTO)
    assert (once.recommended.rung, once.also_consider) == ("rung2", "rung1")
    others = ladder_of(
        np.zeros((5, 400)), np.concatenate([little, worse]), np.concatenate([more, np.tile(actual, (4, 1))])
    )
    again = judged(others, rows, AUTO)
    assert (again.recommended.rung, again.also_consider) == ("rung2", "rung1")
