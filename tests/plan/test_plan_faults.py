"""Every fault at once: place, key, what was found, what is allowed, the nearest key."""

from pathlib import Path

import pytest

from kiss_bench.errors import PlanError
from kiss_bench.plan.read import plan_from_mapping, read_plan

KEYS = (
    "project, question, population, data, target, positive, task, metric, folds, tuning, ladder, skip, seed, alpha, "
    "multiplicity, drop_missing_target, limits, vault, placebo, reviewed, parent, export, arithmetic"
)
ONE_OF = "one of path, sql (with url) and loader"
NAME = "small letters, digits, `_` and `-`, starting with a letter or digit"
TOO_OFTEN = "More than 20 draws of the same rows make an error bar at most 2 % shorter; more rows help"
SAME = "folds come out the same however often they are drawn"
LATER = "is known, but not built in this version. Leave it out"
AVAILABLE = "a lag such as `1 day` or 0, the name of a column, or {as_of: a column, late: refused or missing}"
METRICS = "log_loss, brier_score_loss, brier, accuracy, roc_auc, root_mean_squared_error, rmse, r2"


def test_every_fault_of_a_file_in_one_go(refusal):
    text = """\
project: German Credit
data: {path: x.csv, drop: [2019, off], time: t, group: g, weight: w}
trget: class
metric: {primary: logloss, also: [brier, d2_pinball_score]}
folds: {count: 1, repeats: 30}
tuning:
  trials: many
ladder:
  - dummy
  - bosting
  - {name: ours, level: high, estimator: a.b}
  -
    name: theirs
    estimator: "a:b"
vault: 90%
"""
    assert refusal(text) == (
        "13 faults in the config:\n"
        f"  a.yaml:1: project: found 'German Credit'; allowed: {NAME}\n"
        f"  a.yaml:3: trget: found an unknown key; allowed: {KEYS}. did you mean `target`?\n"
        f"  a.yaml:4: metric.primary: found 'logloss'; allowed: {METRICS}. did you mean `log_loss`?\n"
        f"  a.yaml:4: metric.also[1]: found 'd2_pinball_score'; allowed: nothing: `d2_pinball_score` {LATER}\n"
        "  a.yaml:5: folds.count: found 1; allowed: a whole number of at least 2\n"
        "  a.yaml:5: folds.kind: found nothing, with both `data.time` and `data.group`; "
        "allowed: stratified, shuffled, group, forward, predefined. Write `kind: forward` to predict the same "
        "entities later, or `kind: group` to predict new entities (time is then ignored)\n"
        f"  a.yaml:5: folds.repeats: found 30; allowed: auto, or a whole number from 1 to 20. {TOO_OFTEN}\n"
        "  a.yaml:7: tuning.trials: found 'many'; allowed: a whole number of at least 0\n"
        "  a.yaml:10: ladder[1]: found 'bosting'; allowed: dummy, naive, stump, linear, additive, tree, forest, "
        "boosting, stack, or a rung of your own, with name, level and estimator. did you mean `boosting`?\n"
        "  a.yaml:11: ladder[2].level: found 'high'; allowed: a number above 0\n"
        "  a.yaml:11: ladder[2].estimator: found 'a.b'; allowed: `module:object`\n"
        "  a.yaml:13: ladder[3].level: found nothing; allowed: a number above 0. "
        "Complexity is declared, never guessed\n"
        "  a.yaml:15: vault: found '90%'; allowed: a percent from 1% to 50%, or a number from 0.01 to 0.5"
    )


YAML = "YAML 1.2: `key: value` lines, indented by spaces"
SYNTAX = {
    "empty": ("", "1: found nothing in it; allowed: a mapping of keys such as `project`, `data` and `target`"),
    "a comment": ("# x", "1: found nothing in it; allowed: a mapping of keys such as `project`, `data` and `target`"),
    "a list": (
        "- a",
        "1: found no mapping at the top; allowed: a mapping of keys such as `project`, `data` and `target`",
    ),
    "a tab": ("project: p\ndata:\n\tpath: x", "3: found a TAB; allowed: spaces to indent and to separate"),
    "an open bracket": (
        "ladder: [dummy,\n",
        f"2: found text that is not YAML (expected the node content, but found '<stream end>'); allowed: {YAML}",
    ),
    "indentation": (
        "data:\n  path: x\n target: y",
        f"3: found text that is not YAML (expected <block end>, but found '<block mapping start>'); allowed: {YAML}",
    ),
    "a colon too many": (
        "project: p\nquestion: is it: so",
        f"2: found text that is not YAML (mapping values are not allowed here); allowed: {YAML}",
    ),
    "an unknown alias": ("project: *p", f"1: found text that is not YAML (found undefined alias 'p'); allowed: {YAML}"),
    "two documents": (
        "a: 1\n---\nb: 1",
        f"2: found text that is not YAML (but found another document); allowed: {YAML}",
    ),
    "a control character": (
        "a: \x07",
        f"1: found text that is not YAML (special characters are not allowed); allowed: {YAML}",
    ),
    "too deep": ("[" * 3000, "1: found brackets nested too deeply; allowed: at most 40 levels"),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_what_is_no_yaml_is_told_with_its_line(refusal, name):
    text, told = SYNTAX[name]
    assert refusal(text) == f"1 fault in the config:\n  a.yaml:{told}"


def test_files_that_cannot_be_read(tmp_path, catalogue, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("latin.yaml").write_bytes(b"project: p\nquestion: \xe4h\n")
    for path, told in {
        "none.yaml": "none.yaml: found no such file; allowed: a YAML file",
        "folder": "folder: found a folder; allowed: a YAML file",
        "latin.yaml": "latin.yaml:2: found bytes that are not UTF-8; allowed: text saved as UTF-8",
        "a\0b": "a\0b: found a file that cannot be read (embedded null byte); allowed: a YAML file",
    }.items():
        with pytest.raises(PlanError) as caught:
            read_plan(path, catalogue)
        assert str(caught.value) == f"1 fault in the config:\n  {told}"


VAULT = "allowed: a percent from 1% to 50%, or a number from 0.01 to 0.5"
ONE_FAULT = {
    "a vault of everything": ("vault: 1", f"vault: found 1.0; {VAULT}"),
    "a vault of nothing": ("vault: 0%", f"vault: found '0%'; {VAULT}"),
    "a vault in words": ("vault: a fifth", f"vault: found 'a fifth'; {VAULT}"),
    "a vault that is a mapping": ("vault: {share: 20%}", f"vault: found a mapping of 1 key; {VAULT}"),
    "a key twice": ("seed: 1\nseed: 2", "seed: found the key again (first on line 4); allowed: each key once"),
    "a tag": ("question: !!binary aGk=", "question: found the tag binary; allowed: values without a tag"),
    "not a number": ("alpha: .nan", "alpha: found nan; allowed: a finite number"),
    "a huge number": (f"seed: {10**30}", "seed: found a number of more than 64 bits; allowed: a smaller number"),
    "half a character": (r'question: "\ud800"', r"question: found '\ud800'; allowed: text that UTF-8 can write"),
    "a key of another section": (
        "margin: 1%",
        f"margin: found an unknown key; allowed: {KEYS}. did you mean `metric.margin`?",
    ),
    "a word nobody knows": ("zzz: 1", f"zzz: found an unknown key; allowed: {KEYS}"),
    "no target": ("target:", "target: found nothing; allowed: the name of a column"),
    "a list as target": ("target: [a]", "target: found a list of 1; allowed: the name of a column"),
    "truth as a number": ("seed: true", "seed: found true; allowed: a whole number from 0 to 2147483647"),
    "text as a number": ("folds: {count: '5'}", "folds.count: found '5'; allowed: a whole number of at least 2"),
    "a fraction": ("folds: {inner: 2.5}", "folds.inner: found 2.5; allowed: a whole number of at least 2"),
    "no time at all": ("limits: {unit_seconds: 0}", "limits.unit_seconds: found 0; allowed: a number above 0"),
    "a unit with a limit": (
        "limits: {unit_memory_gb: 6 GB}",
        "limits.unit_memory_gb: found '6 GB'; allowed: a number above 0",
    ),
    "an unknown limit": (
        "limits: {unit_second: 5}",
        "limits.unit_second: found an unknown key; allowed: unit_seconds, unit_memory_gb. did you mean `unit_seconds`?",
    ),
    "too much alpha": ("alpha: 0.5", "alpha: found 0.5; allowed: a number above 0 and below 0.5"),
    "a bad word": (
        "tuning: {sampler: tpee}",
        "tuning.sampler: found 'tpee'; allowed: tpe, random or grid. did you mean `tpe`?",
    ),
    "a text for a section": (
        "folds: group",
        "folds: found 'group'; allowed: a mapping such as {kind: group, count: 5}",
    ),
    "a word for a list": ("data: {path: x, drop: a}", "data.drop: found 'a'; allowed: a list of column names"),
    "a null in a list": (
        "data: {path: x, drop: [a, ~]}",
        "data.drop[1]: found nothing; allowed: a list of column names",
    ),
    "a list as label": ("positive: [a]", "positive: found a list of 1; allowed: one label of the target"),
    "a mapping as label": (
        "positive: {str: a}",
        "positive: found a mapping of 1 key; allowed: one label of the target",
    ),
    "a mapping as margin": (
        "metric: {margin: {}}",
        "metric.margin: found a mapping of 0 keys; allowed: a percent such as `1%`, or a number of at least 0",
    ),
    "repeats": (
        "folds: {repeats: often}",
        "folds.repeats: found 'often'; allowed: auto, or a whole number from 1 to 20",
    ),
    "no repeat": ("folds: {repeats: 0}", "folds.repeats: found 0; allowed: auto, or a whole number from 1 to 20"),
    "too many repeats": (
        "folds: {repeats: 21}",
        f"folds.repeats: found 21; allowed: auto, or a whole number from 1 to 20. {TOO_OFTEN}",
    ),
    "repeats in time": (
        "data: {path: a, time: t}\nfolds: {repeats: 3}",
        f"folds.repeats: found 3; allowed: 1 or auto, with forward folds. Forward {SAME}",
    ),
    "repeats of predefined folds": (
        "folds: {column: fold, repeats: 21}",
        f"folds.repeats: found 21; allowed: 1 or auto, with predefined folds. Predefined {SAME}",
    ),
    "the target as weight": (
        "data: {path: a, weight: class}",
        "data.weight: found the target; allowed: another column",
    ),
    "an unknown multiplicity": (
        "multiplicity: strickt",
        "multiplicity: found 'strickt'; allowed: fallback, strict or per_step. did you mean `strict`?",
    ),
    # data
    "no source": ("data: {id: a}", f"data: found no source of rows; allowed: {ONE_OF}"),
    "two sources": ("data: {path: a, loader: 'a:b'}", f"data: found path and loader; allowed: {ONE_OF}"),
    "sql alone": ("data: {sql: select 1}", "data.sql: found a query without `data.url`; allowed: both, or neither"),
    "url alone": ("data: {url: 'a://b'}", "data.url: found a URL without `data.sql`; allowed: both, or neither"),
    "a url for a path": (
        "data: postgresql://me:secret@host/db",
        (
            "data: found 'postgresql://me:***@host/db'; allowed: the path of a file. "
            "A database takes `sql` and `url`; for anything else write a `loader`"
        ),
    ),
    "no loader": ("data: {loader: pkg.load}", "data.loader: found 'pkg.load'; allowed: `module:object`"),
    "the target dropped": (
        "data: {path: a, drop: [class]}",
        "data.drop[0]: found the target; allowed: other columns. The target is never a feature",
    ),
    "the target as time": ("data: {path: a, time: class}", "data.time: found the target; allowed: another column"),
    "a column twice": ("data: {path: a, drop: [b, b]}", "data.drop[1]: found 'b' again; allowed: each column once"),
    "dropped and kept": (
        "data: {path: a, drop: [b], features: [b]}",
        "data.features[0]: found 'b', which is also in `data.drop`; allowed: one of the two",
    ),
    "no prepare": ("data: {path: a, prepare: tidy}", "data.prepare: found 'tidy'; allowed: `module:object`"),
    "known when, without time": (
        "data: {path: a, available_after: {a: b}}",
        (
            "data.available_after: found it without `data.time`; allowed: both, or neither. "
            "A row's time is when its prediction is made: without one, before and after mean nothing"
        ),
    ),
    "a list of the known": (
        "data: {path: a, time: t, available_after: [a]}",
        "data.available_after: found a list of 1; allowed: a mapping of column: lag or column",
    ),
    "known at some time": (
        "data: {path: a, time: t, available_after: {a: ~}}",
        f"data.available_after.a: found nothing; allowed: {AVAILABLE}",
    ),
    "known, yes": (
        "data: {path: a, time: t, available_after: {a: true}}",
        f"data.available_after.a: found true; allowed: {AVAILABLE}",
    ),
    "the target known": (
        "data: {path: a, time: t, available_after: {class: 0}}",
        "data.available_after.class: found the target; allowed: features",
    ),
    "late by a wrong word": (
        "data: {path: a, time: t, available_after: {a: {as_of: b, late: mising}}}",
        "data.available_after.a.late: found 'mising'; allowed: refused or missing. did you mean `missing`?",
    ),
    "late as of nothing": (
        "data: {path: a, time: t, available_after: {a: {late: missing}}}",
        "data.available_after.a.as_of: found nothing; allowed: the column that holds the moment",
    ),
    "an unknown key of availability": (
        "data: {path: a, time: t, available_after: {a: {as_off: b, as_of: c}}}",
        "data.available_after.a.as_off: found an unknown key; allowed: as_of, late. did you mean `as_of`?",
    ),
    # reviewed
    "an answer alone": (
        "reviewed: {a: yes}",
        "reviewed.a: found 'yes'; allowed: {answer: yes or no, by: a name, reason: a sentence}",
    ),
    "an answer that is none": (
        "reviewed: {a: {answer: 1, by: me, reason: why}}",
        "reviewed.a.answer: found 1; allowed: yes or no. Yes: it is known when a prediction is made",
    ),
    "an answer by nobody": (
        "reviewed: {a: {answer: no, by: ' ', reason: why}}",
        "reviewed.a.by: found ' '; allowed: the name of whoever answers",
    ),
    "an answer without reason": (
        "reviewed: {a: {answer: true, by: me}}",
        "reviewed.a.reason: found nothing; allowed: a sentence",
    ),
    "an answer and more": (
        "reviewed: {a: {answer: false, by: me, reason: why, reasn: x}}",
        "reviewed.a.reasn: found an unknown key; allowed: answer, by, reason. did you mean `reason`?",
    ),
    "the target reviewed": (
        "reviewed: {class: {answer: yes, by: me, reason: why}}",
        "reviewed.class: found the target; allowed: other columns. The target is never a feature",
    ),
    # metric
    "unknown metric": (
        "metric: neg_log_loss",
        f"metric: found 'neg_log_loss'; allowed: {METRICS}. did you mean `log_loss`?",
    ),
    "a metric for later": (
        "metric: d2_pinball_score",
        f"metric: found 'd2_pinball_score'; allowed: nothing: `d2_pinball_score` {LATER}",
    ),
    "a metric twice": (
        "metric: {primary: rmse, also: [root_mean_squared_error]}",
        (
            "metric.also[0]: found 'root_mean_squared_error', which is already there as `root_mean_squared_error`; "
            "allowed: each metric once"
        ),
    ),
    "metrics of two tasks": (
        "metric: {primary: rmse, also: [log_loss]}",
        (
            "metric: found `log_loss`, which is for binary and multiclass; "
            "allowed: metrics for what `root_mean_squared_error` is for: regression"
        ),
    ),
    "a metric of another task": (
        "task: regression\nmetric: accuracy",
        "metric: found `accuracy`, which is for binary and multiclass; allowed: metrics for task regression",
    ),
    "a positive number": (
        "task: regression\npositive: 1",
        "positive: found 1; allowed: no positive label, as this is for task regression",
    ),
    "percent and absolute": (
        "metric: {margin: 1%, margin_unit: absolute}",
        (
            "metric.margin: found '1%'; allowed: a bare number, as `margin_unit` is absolute. "
            "A percent is a share: of the dummy's loss (skill) or of the incumbent's (relative)"
        ),
    ),
    "a word as margin": (
        "metric: {margin: small}",
        "metric.margin: found 'small'; allowed: a percent such as `1%`, or a number of at least 0",
    ),
    "a negative margin": ("metric: {margin: -1}", "metric.margin: found -1; allowed: at least 0"),
    "a margin of all": (
        "metric: {margin: 100%}",
        "metric.margin: found '100%'; allowed: at least 0 and below 1 (100%), as it is a skill margin",
    ),
    # folds
    "forward without time": (
        "folds: {kind: forward}",
        "folds.kind: found forward; allowed: forward with `data.time`, the column that orders the rows",
    ),
    "group without group": (
        "folds: {kind: group}",
        "folds.kind: found group; allowed: group with `data.group`, the column of the entity",
    ),
    "predefined without": (
        "folds: {kind: predefined}",
        "folds.kind: found predefined; allowed: predefined with `folds.column` or `folds.file`",
    ),
    "predefined twice": ("folds: {column: a, file: b}", "folds: found column and file; allowed: one of the two"),
    "stratified numbers": (
        "task: regression\nfolds: {kind: stratified}",
        "folds.kind: found stratified; allowed: stratified with a task with classes; for numbers write shuffled",
    ),
    "a column nobody reads": (
        "folds: {kind: shuffled, column: a}",
        "folds.column: found a column with shuffled folds; allowed: column only with predefined folds",
    ),
    "a gap nobody reads": (
        "folds: {gap: 1}",
        "folds.gap: found a gap without folds that use it; allowed: gap only with forward folds (`data.time`)",
    ),
    "a window nobody reads": (
        "folds: {kind: shuffled, window: rolling}",
        "folds.window: found a window with shuffled folds; allowed: window only with forward folds (`data.time`)",
    ),
    "a season out of time": (
        "data: {path: a, season: 12}",
        "data.season: found a season without folds that use it; allowed: season only with forward folds (`data.time`)",
    ),
    "a gap below the horizon": (
        "data: {path: a, time: t, horizon: 3}\nfolds: {gap: 2}",
        "folds.gap: found 2; allowed: a gap of at least the horizon (3)",
    ),
}


@pytest.mark.parametrize("name", ONE_FAULT)
def test_one_fault_and_nothing_else(fault, name):
    text, told = ONE_FAULT[name]
    assert fault(text) == told


LATER_KEYS = {
    "strict": "strict: true",
    "d2_pinball_score": "metric: {also: [d2_pinball_score]}",
}


@pytest.mark.parametrize("name", LATER_KEYS)
def test_what_comes_later_is_refused_by_name(fault, name):
    assert fault(LATER_KEYS[name]).endswith(f"; allowed: nothing: `{name}` {LATER}")


@pytest.mark.parametrize("text", ["placebo: false", "strict: false", "vault: ~", "folds: {repeats: 1}", "folds: ~"])
def test_what_asks_for_nothing_is_no_fault(read, text):
    assert read(f"project: p\ndata: a\ntarget: y\n{text}")


def test_every_fault_of_single_columns_in_one_go(refusal):
    text = """\
project: p
target: y
data:
  path: a
  time: t
  available_after:
    a: []
    b: {as_of: 2019}
    c: {moment: d}
reviewed:
  a: {answer: so, by: me, reason: 2019}
  b: 3
"""
    assert refusal(text) == (
        "5 faults in the config:\n"
        f"  a.yaml:7: data.available_after.a: found a list of 0; allowed: {AVAILABLE}\n"
        "  a.yaml:9: data.available_after.c.moment: found an unknown key; allowed: as_of, late\n"
        "  a.yaml:9: data.available_after.c.as_of: found nothing; allowed: the column that holds the moment\n"
        "  a.yaml:11: reviewed.a.answer: found 'so'; allowed: yes or no. Yes: it is known when a prediction is made\n"
        "  a.yaml:12: reviewed.b: found 3; allowed: {answer: yes or no, by: a name, reason: a sentence}"
    )


def test_a_parent_that_lacks_a_key_hides_no_other_fault(refusal):
    assert refusal("project: p\ntarget: y\ndata: a\nparent: {project: q, hash: x}\nvault: 90%\nmetric: nll") == (
        "3 faults in the config:\n"
        "  a.yaml:4: parent.hash: found an unknown key; allowed: project, plan_hash, digest, results. "
        "did you mean `plan_hash`?\n"
        f"  a.yaml:5: vault: found '90%'; {VAULT}\n"
        f"  a.yaml:6: metric: found 'nll'; allowed: {METRICS}"
    )


def test_the_python_door_tells_its_own_place(catalogue):
    with pytest.raises(PlanError) as caught:
        plan_from_mapping({"target": "y", "ladder": ["dummy", "linear", {"name": "tree", "levl": 2}], 3: 4}, catalogue)
    assert str(caught.value) == (
        "3 faults in the config:\n"
        "  bench(): '?': found 3 as a key; allowed: text as a key\n"
        "  bench(): ladder[2].levl: found an unknown key; allowed: name, level, estimator, settings, space, trials, "
        "reason. did you mean `level`?\n"
        f"  bench(): project: found nothing; allowed: {NAME}"
    )


@pytest.mark.parametrize("junk", [None, 3, "a.yaml", ["project"]])
def test_the_python_door_refuses_what_is_no_mapping(catalogue, junk):
    with pytest.raises(PlanError, match="allowed: a mapping of keys such as `project`, `data` and `target`"):
        plan_from_mapping(junk, catalogue)


def test_aliases_of_aliases_do_not_fill_the_memory(refusal):
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
    assert "found values nested too deeply or too many; allowed: at most 40 levels" in refusal("\n".join(lines))
    assert "nested too deeply" in refusal("positive: &a [*a]")
