"""A rung that cannot be built is refused before anything is fitted or written, with every other one that cannot."""

import pytest

pytest_plugins = ["finished_runs"]

TARGET = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\nfolds: {count: 2, inner: 2}\n"
CASES = {
    "a misspelt setting": ("{name: linear, settings: {Q: 1}}", "linear: TypeError: "),
    "a misspelt line of a space": (
        "linear, {name: own, level: 8, estimator: 'sklearn.tree:DecisionTreeClassifier', space: {depth: 'int(1, 3)'}}",
        "own: RungError: DecisionTreeClassifier has no parameters ['depth']; it has: ",
    ),
    "a misspelt setting of LightGBM, which takes anything": (
        "linear, {name: boosting, settings: {num_leafs: 3}}",
        "boosting: RungError: LightGBM knows no 'num_leafs'; did you mean 'num_leaves'?",
    ),
    "a second name for what is tuned": (
        "linear, {name: boosting, settings: {min_data_in_leaf: 400}}",
        "boosting: RungError: 'min_data_in_leaf' is another name for 'min_child_samples'; write 'min_child_samples'",
    ),
    "a second name for the number of rounds": (
        "linear, {name: boosting, settings: {num_iterations: 10}}",
        "boosting: RungError: 'num_iterations' is another name for 'n_estimators'",
    ),
    "a weight for a label that there is not": (
        "linear, {name: tree, settings: {class_weight: {'yes': 3, nope: 1}}}",
        "tree: RungError: class_weight: found 'nope'; allowed: the labels 'no', 'yes'",
    ),
    "an object that is not there": (
        "linear, {name: own, level: 8, estimator: 'sklearn.tree:Bush'}",
        "own: RungError: 'sklearn.tree:Bush' cannot be loaded: AttributeError",
    ),
    "something that is no estimator": (
        "linear, {name: own, level: 8, estimator: 'math:pi'}",
        "own: RungError: 'math:pi' gives a float, which is not a scikit-learn estimator",
    ),
}


@pytest.mark.parametrize(("entry", "told"), CASES.values(), ids=CASES)
def test_it_is_refused_at_once(entry, told, bench_at):
    ran = bench_at(f"{TARGET}ladder: [dummy, {entry}]\ntuning: {{trials: 2}}\n")
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert not ran.folder.exists()


def test_what_lightgbm_knows_beyond_its_scikit_learn_door_is_taken(bench_at):
    entry = "{name: boosting, settings: {max_bin: 15, extra_trees: true, verbosity: -1}}"
    ran = bench_at(f"{TARGET}ladder: [dummy, linear, {entry}]\ntuning: {{trials: 0}}\n")
    assert ran.code == 0, ran.err


def test_all_of_them_are_named(bench_at):
    both = "{name: linear, settings: {Q: 1}}, {name: tree, settings: {R: 2}}"
    ran = bench_at(f"{TARGET}ladder: [dummy, {both}]\n")
    assert ran.code == 2
    assert "2 rungs of the ladder cannot be built" in ran.err
    assert "  linear: " in ran.err
    assert "  tree: " in ran.err
