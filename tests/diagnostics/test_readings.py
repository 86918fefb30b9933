"""What is read off a model is what it does: questions are answered and coefficients added up beside the pipeline."""

import numpy as np
import pandas as pd
import pytest
from exam_tables import TASKS, exam_of, messy, plain

from kiss_bench.diagnostics.readings import (
    MOST_TERMS,
    READERS,
    Subject,
    branches,
    columns_of,
    nodes,
    reading,
    terms,
    walked,
)
from kiss_bench.errors import RungError
from kiss_bench.evaluation.pipeline import pipeline_of
from kiss_bench.runs.units import rung_facts
from kiss_bench.tasks.labels import label_text

DEEP = {"max_depth": 8, "min_samples_leaf": 2}


def rare(task, rows=240, seed=1):
    """As messy, with levels that nearly nobody has, gaps in short categories and booleans, and hours of the day."""
    rng = np.random.default_rng(seed)
    frame = messy(task, rows, seed).drop(columns="part")
    frame["pet"] = rng.choice(["cat", "dog", "newt", "owl", None], rows, p=[0.45, 0.44, 0.02, 0.02, 0.07])
    frame["pill"] = pd.Series(rng.choice([True, False, None], rows, p=[0.25, 0.25, 0.5]), dtype="boolean")
    frame["count"] = rng.integers(0, 60, rows)
    frame["at"] = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 10_000, rows), unit="min")
    return frame


def subject_of(frame, rung, settings=None, target="y", **keys):
    exam = exam_of(frame, target, **keys)
    facts = rung_facts(next(step for step in exam.plan.ladder if step.name == rung))
    known = {**facts.defaults(exam.task.kind), **(settings or {})}
    return Subject(exam=exam, rung=facts, arm="default", pipeline=pipeline_of(exam, facts, known, seed=3))


def fitted(subject):
    exam = subject.exam
    subject.pipeline.fit(exam.task.frame, exam.targets)
    encoded = subject.pipeline["encode"].transform(subject.pipeline["columns"].transform(exam.task.frame))
    return exam.task.frame, encoded, columns_of(subject)


def said(subject, frame):
    if subject.exam.task.kind == "regression":
        return subject.pipeline.predict(frame)[:, None]
    return subject.pipeline.predict_proba(frame)


@pytest.mark.parametrize("table", [messy, rare, plain])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("rung", "settings"), [("stump", {}), ("stump", DEEP), ("tree", {}), ("tree", DEEP)])
def test_whoever_answers_the_questions_comes_to_the_trees_own_predictions(rung, settings, task, table):
    subject = subject_of(table(task), rung, settings)
    frame, encoded, features = fitted(subject)
    found = nodes(subject.pipeline["model"], features, frame, encoded)
    np.testing.assert_allclose(walked(found, frame), said(subject, frame), rtol=1e-12)


@pytest.mark.parametrize("table", [messy, rare, plain])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rung", ["linear", "tree"])
def test_every_encoded_column_is_what_it_is_called(rung, task, table):
    """Made again from the table by its name: the same but for where zero is, and gaps where they stay gaps."""
    frame, encoded, features = fitted(subject_of(table(task), rung))
    assert len(features) == encoded.shape[1]
    for place, feature in enumerate(features):
        values = feature.values(frame)
        off = encoded[:, place] * feature.scale - values
        assert np.nanmax(off) - np.nanmin(off) == pytest.approx(0.0, abs=1e-6 * max(1.0, np.nanmax(np.abs(values))))
        np.testing.assert_array_equal(np.isnan(values), np.isnan(encoded[:, place]))
        if rung == "tree" or feature.kind == "level":
            np.testing.assert_allclose(values, encoded[:, place])
    names = [feature.name for feature in features if feature.kind != "missing" or not feature.part]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("settings", [{}, {"penalty": "l1"}])
@pytest.mark.parametrize("task", TASKS)
def test_coefficients_add_up_to_the_decision_function(task, settings):
    subject = subject_of(rare(task), "linear", settings)
    _, encoded, features = fitted(subject)
    exam, model = subject.exam, subject.pipeline["model"]
    inner = getattr(model, "classifier_", model)
    labels = [label_text(label) for label in exam.task.labels]
    told, intercept = terms(inner, features, labels, exam.task.positive)
    assert [abs(term.effect) for term in told] == sorted((abs(term.effect) for term in told), reverse=True)
    place = {feature.name: number for number, feature in enumerate(features)}
    if task == "multiclass":
        sums = np.zeros((len(encoded), len(labels)))
        for term in told:
            sums[:, labels.index(term.label)] += term.effect * encoded[:, place[term.name]]
        assert intercept is None  # one a label
        np.testing.assert_allclose(sums + inner.intercept_, inner.decision_function(encoded), atol=1e-9)
        return
    total = intercept + sum(term.effect * encoded[:, place[term.name]] for term in told)
    if task == "regression":
        np.testing.assert_allclose(total, inner.predict(encoded), atol=1e-9)
    else:  # log-odds of the positive label, whichever of the two it is
        chance = inner.predict_proba(encoded)[:, exam.task.positive]
        np.testing.assert_allclose(total, np.log(chance / (1 - chance)), atol=1e-6)


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_a_number_that_speaks_for_the_positive_label_has_a_positive_effect(positive):
    """`first` makes a yes: its effect, and the stump's two sides, turn with the label that is asked about."""
    found = reading(subject_of(plain(rows=400), "linear", positive=positive))
    effects = {term.name: term.effect for term in found.terms}
    assert (effects["first"] > 1) == (positive == "yes")
    assert f"log-odds of '{positive}'" in found.unit
    root, low, high = reading(subject_of(plain(rows=400), "stump", positive=positive)).branches
    assert (root.question.startswith("first ≤ "), low.answer, high.answer) == (True, "yes", "no")
    assert (low.value < high.value) == (positive == "yes")


def table_of(column, y):
    return pd.DataFrame({"savings": column, "y": y})


HALF = ["bad"] * 30 + ["good"] * 70 + ["bad"] * 10 + ["good"] * 90


@pytest.mark.parametrize(
    ("column", "y", "sentence"),
    [
        (
            range(200),
            ["bad"] * 80 + ["good"] * 120,
            "if savings ≤ 79: bad 99.8 % (80 rows), else bad 0.249 % (120 rows)",
        ),
        (
            ["a"] * 100 + ["b", "c"] * 50,
            HALF,
            "if savings = a: bad 30 % (100 rows), else bad 10 % (100 rows)",
        ),
        ([7] * 200, HALF, "bad 20 % for every row (200 rows)"),
        (range(200), [1.0] * 80 + [3000.5] * 120, "if savings ≤ 79: 1.000 (80 rows), else 3,000 (120 rows)"),
    ],
)
def test_a_stump_is_one_sentence(column, y, sentence):
    positive = {"positive": "bad"} if isinstance(y[0], str) else {"task": "regression"}
    found = reading(subject_of(table_of(list(column), y), "stump", **positive))
    assert found.sentence == sentence
    assert [branch.parent for branch in found.branches] in ([None, 0, 0], [None])
    assert (found.rung, found.arm, found.rows) == ("stump", "default", 200)
    assert found.unit == ("probability of 'bad'" if isinstance(y[0], str) else "predicted y")


@pytest.mark.parametrize(
    ("column", "question"),
    [
        ([1.0] * 100 + [np.nan] * 100, "savings missing"),
        ([0.25] * 100 + [0.75] * 100, "savings ≤ 0.5"),
        ([8.8] * 100 + [8.9] * 100, "savings ≤ 8.85"),
        ([1234567] * 100 + [1234568] * 100, "savings ≤ 1234567"),
        ([True] * 100 + [False] * 100, "savings is true"),
        (["2024-02-01"] * 100 + ["2024-02-29"] * 100, "savings (days since 1970) ≤ 2024-02-01"),
        (["a|b"] * 100 + ["<b>"] * 100, "savings = a|b"),
    ],
)
def test_a_question_is_put_in_the_tables_own_words(column, question):
    found = reading(subject_of(table_of(column, HALF), "stump", positive="bad"))
    assert found.branches[0].question in (question, question.replace("a|b", "<b>"))


def test_a_tree_asks_for_levels_and_says_where_missing_values_go():
    rng = np.random.default_rng(0)
    place = rng.choice(["north", "south", "east", "west"], 400)
    gone = rng.random(400) < 0.1
    y = np.where((np.isin(place, ["north", "east"]) | gone) ^ (rng.random(400) < 0.05), "bad", "good")
    frame = pd.DataFrame({"place": np.where(gone, None, place), "y": y})
    found = reading(subject_of(frame, "tree", {"max_depth": 1}, positive="bad"))
    assert found.sentence.startswith("if place is one of: east, north or missing: bad 9")


def test_a_long_list_of_levels_is_cut_and_counted():
    levels = [f"a rather long level, number {number:02}" for number in range(20)]
    frame = pd.DataFrame({"x": levels * 20, "y": (["no"] * 10 + ["yes"] * 10) * 20})
    question = reading(subject_of(frame, "tree", {"max_depth": 1})).branches[0].question
    assert len(question) <= 200
    assert question.startswith("x is one of: a rather long level, number 00, ")
    assert question.endswith("more")


def test_a_tree_that_nobody_reads_is_refused():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=2000), "y": rng.normal(size=2000)})
    with pytest.raises(RungError, match="nodes, more than anybody reads"):
        reading(subject_of(frame, "tree", {"max_depth": None, "min_samples_leaf": 1}))


def test_of_many_terms_the_largest_are_shown_and_the_others_counted():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(100, 50)), columns=[f"c{i}" for i in range(50)])
    frame["y"] = frame["c7"] * 5 + rng.normal(size=100)
    found = reading(subject_of(frame, "linear"))
    assert (found.terms[0].name, len(found.terms), found.terms_left_out) == ("c7", MOST_TERMS, 20)


def test_fewer_rows_than_there_are_are_used_where_the_rung_does(monkeypatch):
    from dataclasses import replace

    subject = subject_of(plain(rows=150), "tree")
    thinned = replace(subject.rung, most_rows=100)
    pipeline = pipeline_of(subject.exam, thinned, {"max_depth": 2, "min_samples_leaf": 5}, seed=3)
    found = reading(replace(subject, rung=thinned, pipeline=pipeline))
    assert (found.rows, found.branches[0].rows) == (100, 100)


def test_every_reader_is_of_a_rung_that_ships():
    from kiss_bench.rungs import shipped_rungs

    assert set(READERS) <= set(shipped_rungs())


@pytest.mark.parametrize("task", TASKS)
def test_branches_come_parents_first_and_say_what_the_nodes_say(task):
    subject = subject_of(rare(task), "tree", DEEP)
    frame, encoded, features = fitted(subject)
    found = nodes(subject.pipeline["model"], features, frame, encoded)
    labels = [label_text(label) for label in subject.exam.task.labels]
    told = branches(found, labels, subject.exam.task.positive)
    seen = set()
    for node, branch in zip(found, told, strict=True):
        assert branch.parent is None or branch.parent in seen
        seen.add(branch.node)
        chosen = np.argmax(node.says) if subject.exam.task.positive is None else subject.exam.task.positive
        assert branch.value == pytest.approx(node.says[chosen])
        assert (branch.question == "") == (node.question is None)
        kids = [one for one in told if one.parent == branch.node]
        assert sum(one.rows for one in kids) in (0, branch.rows)
        assert sorted(one.answer for one in kids) in ([], ["no", "yes"])
