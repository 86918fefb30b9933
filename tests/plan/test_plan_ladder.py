"""Which rungs, in which order, with how many trials; and which may be left off."""

import pytest

ALL = "dummy, naive, stump, linear, additive, tree, forest, boosting, stack"
OWN = '{name: ours, level: 8, estimator: "our_pkg.model:build"}'


def steps(plan):
    return [(step.name, step.level, step.trials) for step in plan.ladder]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "dummy stump linear additive tree forest boosting stack"),
        ("ladder: ~", "dummy stump linear additive tree forest boosting stack"),
        ("skip: {forest: too slow, stack: nobody wants it}", "dummy stump linear additive tree boosting"),
        ("skip: {linear: no linear effects in pixels}", "dummy stump additive tree forest boosting stack"),
        ("data: {path: a, time: t, season: 12}", "dummy naive stump linear additive tree forest boosting stack"),
        ("data: {path: a, time: t}", "dummy stump linear additive tree forest boosting stack"),
        ("ladder: [dummy]", "dummy"),
        ("ladder: [stump, dummy]", "dummy stump"),
        ("ladder: [boosting, linear, dummy]", "dummy linear boosting"),
        ("ladder: [dummy, boosting]\nskip: {linear: no linear effects in pixels}", "dummy boosting"),
        (f"ladder: [dummy, {OWN}, linear, {{name: more, level: 8, estimator: 'a:b'}}]", "dummy linear ours more"),
    ],
)
def test_the_ladder_is_sorted_simplest_first(read, text, names):
    lines = ["project: p", "target: y", *(() if text.startswith("data") else ("data: a",)), text]
    assert [step.name for step in read("\n".join(lines)).ladder] == names.split()


def test_trials_are_the_same_for_all_unless_an_entry_has_its_own(read):
    plan = read(
        "project: p\ndata: a\ntarget: y\ntuning: {trials: 9}\n"
        "ladder: [dummy, stump, linear, {name: tree, trials: 3}, "
        '{name: fixed, level: 8, estimator: "a:b"}, {name: mine, level: 9, estimator: "a:b", space: {x: [1, 2]}}]'
    )
    assert steps(plan) == [
        ("dummy", 0, 0), ("stump", 1, 0), ("linear", 2, 9), ("tree", 4, 3), ("fixed", 8, 0), ("mine", 9, 9),
    ]  # fmt: skip


WITHOUT_LINEAR = (
    "ladder: found `boosting` without `linear`; allowed: `linear` below it, or a reason to leave it off. "
    'Add `linear` to `ladder`, or write `skip: {linear: "the reason"}`'
)
FAULTS = {
    "no dummy": (
        "ladder: [linear]",
        (
            "ladder: found no `dummy`; allowed: ladders with `dummy`. "
            "Add `dummy` to `ladder`: skill is measured against it"
        ),
    ),
    "nothing": (
        "ladder: []",
        (
            "ladder: found no `dummy`; allowed: ladders with `dummy`. "
            "Add `dummy` to `ladder`: skill is measured against it"
        ),
    ),
    "no linear": ("ladder: [dummy, stump, boosting]", WITHOUT_LINEAR),
    "dummy skipped": (
        "skip: {dummy: boring}",
        "skip.dummy: found `dummy` skipped; allowed: other rungs. Skill is measured against it",
    ),
    "no reason": (
        "skip: {linear: ' '}",
        "skip.linear: found no reason; allowed: a reason; it is printed with the leaderboard",
    ),
    "null reason": ("skip: {linear: }", "skip.linear: found nothing; allowed: a mapping of rung: reason"),
    "skipped and written": (
        "ladder: [dummy, linear]\nskip: {linear: no}",
        "skip.linear: found `linear` both skipped and on the ladder; allowed: one of the two",
    ),
    "unknown skip": (
        "skip: {forrest: x}",
        f"skip.forrest: found an unknown rung; allowed: {ALL}. did you mean `forest`?",
    ),
    "unknown rung": (
        "ladder: [dummy, catnip]",
        f"ladder[1]: found 'catnip'; allowed: {ALL}, or a rung of your own, with name, level and estimator",
    ),
    "a rung twice": ("ladder: [dummy, linear, linear]", "ladder[2]: found 'linear' again; allowed: each rung once"),
    "a number": ("ladder: [dummy, 3]", "ladder[1]: found 3; allowed: a list of rungs, each a name or a mapping"),
    "no name": (
        "ladder: [dummy, {level: 3}]",
        "ladder[1].name: found nothing; allowed: small letters, digits, `_` and `-`, starting with a letter or digit",
    ),
    "a level of a shipped rung": (
        "ladder: [dummy, linear, {name: tree, level: 9}]",
        "ladder[2].level: found 9.0; allowed: 4, the level that tree ships with",
    ),
    "an estimator of a shipped rung": (
        "ladder: [dummy, {name: linear, estimator: 'a:b'}]",
        (
            "ladder[1].estimator: found 'a:b'; allowed: estimators of your own rungs. "
            "linear is the name of a rung that ships"
        ),
    ),
    "trials for nothing": (
        "ladder: [{name: dummy, trials: 3}]",
        "ladder[0].trials: found 3; allowed: no trials, as dummy has nothing to tune",
    ),
    "naive out of time": (
        "ladder: [dummy, naive]",
        "ladder[1]: found 'naive'; allowed: naive only with `data.season` or `data.horizon`",
    ),
    "a name with blanks": (
        "ladder: [dummy, linear, {name: My model, level: 8, estimator: 'a:b'}]",
        (
            "ladder[2].name: found 'My model'; allowed: small letters, digits, `_` and `-`, starting with a letter or "
            "digit; not default, tuned, random"
        ),
    ),
    "the name of an arm": (
        "ladder: [dummy, linear, {name: tuned, level: 8, estimator: 'a:b'}]",
        (
            "ladder[2].name: found 'tuned'; allowed: small letters, digits, `_` and `-`, starting with a letter or "
            "digit; not default, tuned, random"
        ),
    ),
    "level 0": (
        "ladder: [dummy, linear, {name: ours, level: 0, estimator: 'a:b'}]",
        "ladder[2].level: found 0.0; allowed: a number above 0. Complexity is declared, never guessed",
    ),
    "no estimator": (
        "ladder: [dummy, linear, {name: ours, level: 8}]",
        "ladder[2].estimator: found nothing; allowed: `module:object`, a callable that builds the estimator",
    ),
    "fixed and tuned": (
        "ladder: [dummy, linear, {name: ours, level: 8, estimator: 'a:b', settings: {c: 1}, space: {c: [1, 2]}}]",
        "ladder[2].settings.c: found `c` in settings and in space; allowed: one of the two",
    ),
    "trials without a space": (
        "ladder: [dummy, linear, {name: ours, level: 8, estimator: 'a:b', trials: 5}]",
        "ladder[2].trials: found 5; allowed: trials only with a space",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_ladder_that_is_refused(fault, name):
    text, told = FAULTS[name]
    assert fault(text) == told


def test_an_unknown_rung_does_not_hide_a_missing_one(refusal):
    told = refusal("project: p\ndata: a\ntarget: y\nladder: [stump, bosting, forest]")
    assert "ladder[1]: found 'bosting'" in told
    assert "ladder: found no `dummy`" in told
    assert "found `forest` without `linear`" in told


def test_a_misspelt_rung_is_not_told_to_be_missing_as_well(fault):
    assert fault("ladder: [dumy, stump]").endswith("did you mean `dummy`?")
