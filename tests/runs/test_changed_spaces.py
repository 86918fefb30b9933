"""What a config says of a shipped rung's tuning is what is searched, recorded, and asked to be explained."""

import json

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["finished_runs"]

HEAD = (
    "target: late\npositive: 'yes'\ndata: {path: table.csv, drop: [kind, owed, week]}\n"
    "folds: {count: 3, inner: 2, repeats: 1}\n"
)


def rungs_of(ran):
    return {rung["rung"]: rung for rung in ran.json("tuning.json")["rungs"]}


def params_of(ran, rung):
    trials = ran.trials
    own = trials[(trials["rung"] == rung) & (trials["number"] > 0)]
    return [json.loads(text) for text in own["params"]]


def test_ranges_settings_budget_and_new_parameters_of_a_shipped_rung_are_those_of_the_config(bench_at):
    ran = bench_at(
        f"{HEAD}tuning: {{trials: 6}}\nladder:\n- dummy\n- linear\n"
        "- {name: tree, trials: 5, settings: {max_depth: 2}, reason: two levels are read aloud here,\n"
        "   space: {max_depth: 'int(1, 2)', criterion: [gini, entropy]}}\n"
    )
    assert ran.code == 0, ran.err
    tree = rungs_of(ran)["tree"]
    assert (tree["trials"], tree["note"]) == (5, "two levels are read aloud here")
    lines = {line["name"]: line for line in tree["space"]}
    assert list(lines) == ["max_depth", "min_samples_leaf", "criterion"]
    assert {name: line["shipped"] for name, line in lines.items()} == {
        "max_depth": "int(1, 8)", "min_samples_leaf": None, "criterion": "none",
    }  # fmt: skip
    assert (lines["max_depth"]["default"], lines["max_depth"]["meaning"]) == (2, "levels of questions")
    found = params_of(ran, "tree")
    assert len(found) == 3 * 4
    assert {params["max_depth"] for params in found} <= {1, 2}
    assert {params["criterion"] for params in found} == {"gini", "entropy"}
    assert "Nobody said why" not in " ".join(ran.board["notes"])


def test_a_space_that_is_changed_for_no_reason_is_said_to_be(bench_at):
    ran = bench_at(f"{HEAD}tuning: {{trials: 2}}\nladder: [dummy, {{name: linear, space: {{C: 'float(0.1, 1)'}}}}]\n")
    assert "Nobody said why linear is not as it ships: space of C; write a `reason`." in ran.board["notes"]


def test_a_conditional_parameter_keeps_its_default_where_it_is_not_searched(bench_at):
    ran = bench_at(
        f"{HEAD}tuning: {{trials: 12, sampler: random}}\nladder:\n- dummy\n- linear\n"
        "- {name: forest, settings: {n_estimators: 5, min_samples_leaf: 3}, reason: a test,\n"
        "   space: {max_features: [0.5, 1.0], min_samples_leaf:\n"
        "     {type: int, low: 4, high: 9, when: {max_features: 0.5}}}}\n"
    )
    assert ran.code == 0, ran.err
    found = params_of(ran, "forest")
    assert {params["max_features"] for params in found} == {0.5, 1.0}
    assert all(("min_samples_leaf" in params) == (params["max_features"] == 0.5) for params in found)
    lines = {line["name"]: line for line in rungs_of(ran)["forest"]["space"]}
    assert lines["min_samples_leaf"]["when"] == {"max_features": [0.5]}
    for study in rungs_of(ran)["forest"]["studies"]:
        searched = study["best_params"].get("max_features") == 0.5
        assert searched or study["best_settings"]["min_samples_leaf"] == 3
    assert "where max_features is 0.5" in (ran.folder / "tuning.md").read_text(encoding="utf8")
    assert [rung["outside"] for rung in rungs_of(ran).values()] == [0, 0]


def test_a_trial_that_was_tried_before_costs_no_fit_and_says_so(bench_at):
    ran = bench_at(
        f"{HEAD}tuning: {{trials: 9, sampler: random, pruning: false}}\nladder:\n- dummy\n- linear\n"
        "- {name: ours, level: 8, estimator: 'fakes:Tilted', space: {quality: [0.1, 0.3]}}\n"
    )
    assert ran.code == 0, ran.err
    for study in rungs_of(ran)["ours"]["studies"]:
        assert study["duplicates"] == len(study["duplicate_of"]) == 9 - 1 - 2
        assert study["fits"] == 2 * 3
        trials = ran.trials[(ran.trials["rung"] == "ours") & (ran.trials["fold"] == study["fold"])].set_index("number")
        for number, first in study["duplicate_of"].items():
            assert trials.loc[int(number), "params"] == trials.loc[first, "params"]
            assert trials.loc[int(number), "value"] == trials.loc[first, "value"]
        assert trials["seed"].is_unique


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (
            "tuning: {sampler_settings: {n_startups: 3, seed: 1}}\n",
            "tuning.sampler_settings: found 'n_startups'; allowed: consider_prior, prior_weight",
        ),
        (
            "tuning: {sampler_settings: {n_startup_trials: x}}\n",
            "n_startup_trials: 'x'; allowed: a whole number from 0 up",
        ),
        ("tuning: {sampler_settings: {n_ei_candidates: 0}}\n", "n_ei_candidates: 0; allowed: a whole number from 1 up"),
        ("tuning: {sampler_settings: {multivariate: please}}\n", "multivariate: 'please'; allowed: true or false"),
        ("ladder: [dummy, {name: linear, space: {gamma: 'float(0, 1)'}}]\n", "linear: TypeError: "),
        (
            "ladder: [dummy, {name: linear, space: {C: {type: float, low: 1, high: 2, when: {ridge: 1}}}}]\n",
            "linear: 'C' depends on 'ridge', which is not in the space",
        ),
        (
            "ladder: [dummy, {name: linear, space: {C: {type: float, low: 1, high: 2, when: {penalty: l3}}}}]\n",
            "linear: 'C' waits for penalty = 'l3', which is not in its range",
        ),
        (
            (
                "ladder: [dummy, linear, {name: ours, level: 8, estimator: 'fakes:Tilted', space: {\n"
                "  word: [a, b], quality: {type: float, low: 0, high: 1, when: {word: a}}}}]\n"
            ),
            "ours: 'quality' has no setting for when it is not searched; give one in `settings`",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_fitted(bench_at, rest, told):
    ran = bench_at(HEAD + rest)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert not (ran.folder / "leaderboard.json").exists()


def test_a_conditional_parameter_of_ones_own_rung_has_its_default_in_settings(bench_at):
    ran = bench_at(
        f"{HEAD}tuning: {{trials: 8, sampler: random}}\nladder:\n- dummy\n- linear\n"
        "- {name: ours, level: 8, estimator: 'fakes:FailingAbove', settings: {quality: 0.3},\n"
        "   space: {limit: [0.5, 0.7], quality: {type: float, low: 0, high: 0.4, when: {limit: 0.7}}}}\n"
    )
    assert ran.code == 0, ran.err
    for study in rungs_of(ran)["ours"]["studies"]:
        assert study["failed"] == 0
        assert study["best_params"].get("limit") == 0.7 or study["best_settings"]["quality"] == 0.3
    found = params_of(ran, "ours")
    assert {("quality" in params, params["limit"]) for params in found} == {(True, 0.7), (False, 0.5)}


def test_a_space_of_values_that_cannot_be_fitted_is_told_on_the_board(bench_at):
    ran = bench_at(
        f"{HEAD}tuning: {{trials: 3}}\nladder: [dummy, linear, {{name: tree, space: {{max_depth: [a, b]}}}}]\n"
    )
    flags = ran.rungs["tree"]["flags"]
    assert any(
        flag.startswith("in 3 of 3 studies every sampled trial failed, so tuned is the default") for flag in flags
    )


def test_words_of_a_space_refit_nothing_and_its_order_does(bench_at):
    ladder = "ladder: [dummy, linear, {{name: ours, level: 8, estimator: 'fakes:Idle', space: {{{}}}}}]\n"
    one, other = "a: 'float(0, 1)', b: 'float(0, 1)'", "b: 'float(0, 1)', a: 'float(0, 1)'"
    explained = "a: {type: float, low: 0, high: 1, reason: it matters}, b: 'float(0, 1)'"
    head = f"{HEAD}tuning: {{trials: 3}}\n"
    first = bench_at(head + ladder.format(one))
    hashes = [rungs_of(first)["ours"]["space_hash"]]
    again = bench_at(head + ladder.format(explained))
    assert "9 of 9 units" not in again.err
    assert "are in the store already, 0 to do" in again.err
    hashes.append(rungs_of(again)["ours"]["space_hash"])
    turned = bench_at(head + ladder.format(other))
    assert "are in the store already, 3 to do" in turned.err
    hashes.append(rungs_of(turned)["ours"]["space_hash"])
    assert hashes[0] == hashes[1] != hashes[2]
