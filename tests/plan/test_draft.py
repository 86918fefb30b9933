"""A drafted config says what it was given, whatever columns and labels are called; its comments stay comments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kiss_bench.plan.document import yaml_values
from kiss_bench.plan.draft import WIDTH, Entry, draft_text, scalar
from kiss_bench.plan.faults import Faults
from kiss_bench.plan.read import plan_from_text

TRAPS = [
    "yes", "No", "ON", "y", "1.0", "1e3", "0x1F", "0o7", "1_000", "null", "~", "", " ", "a: b", "a:", "#x", "a #b",
    "=1", "=cmd|' /C calc'!A0", "@home", "`tick`", "%TAG", "!tag", "&anchor", "*alias", "- item", "? key",
    "| block", "> fold", "{a: b}", "[a, b]", "a, b", "it's", '"quoted"', "back\\slash", "two\nlines", "\r\n",
    "tab\there", "\x07bell", "\x00", "\x85next", "\u2028line", "\ufeffmark", "\u202eright to left", "😀", "👩‍👩‍👧",
    "\u00e9", "e\u0301", "x" * 200, "word " * 60, "2024-01-01", "12:30:45", "<<", "=", ".inf", ".nan", "true",
    "---", "...", "<script>alert(1)</script>", "a\n# b: c",
]  # fmt: skip
ANY_TEXT = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))


def read(text):
    faults = Faults("drafted.yaml")
    values = yaml_values(text, faults)
    faults.raise_any()
    return values


@given(value=ANY_TEXT)
def test_any_text_is_one_line_that_every_reader_takes_for_that_text(value):
    line = scalar(value)
    assert len(f"{line}.".splitlines()) == 1
    for version in ((1, 1), (1, 2)):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version
        assert yaml.load(f"[{line}, {{{line}: {line}}}]") == [value, {value: value}]


@given(
    value=st.one_of(
        st.integers(-(2**63) + 1, 2**63 - 1), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_numbers_and_truth_values_come_back_as_what_they_are(value):
    found = read(f"k: {scalar(value)}")["k"]
    assert (type(found), found) == (type(value), value)


@given(target=ANY_TEXT, column=ANY_TEXT, label=ANY_TEXT, says=ANY_TEXT)
def test_a_draft_reads_back_as_what_was_put_in(target, column, label, says):
    entries = (
        Entry(key="project", value="p", says=says),
        Entry(
            key="data",
            value=(
                Entry(key="path", value=column, says=says),
                Entry(key="drop", value=[column, "b", label]),
                Entry(key="group", value=column, says=says, active=False),
            ),
        ),
        Entry(key="target", value=target, says=says),
        Entry(key="positive", value=label, says=f"{label!r} is {says}"),
        Entry(key="metric", value={"primary": "log_loss", "margin": "1%"}),
    )
    text = draft_text(says, entries)
    data = {"path": column, "drop": [column, "b", label]}
    rest = {"target": target, "positive": label, "metric": {"primary": "log_loss", "margin": "1%"}}
    assert read(text) == {"project": "p", "data": data, **rest}
    asked = text.replace("# group:", "group:")
    assert read(asked) == {"project": "p", "data": {**data, "group": column}, **rest}


def test_a_word_that_yaml_needs_no_quotes_for_has_none():
    plain = ["loans", "data/loans.csv.gz", "../data/loans.csv", "/srv/loans.csv", "credit_risk", "1%", "x.MAML1"]
    assert [scalar(text) for text in plain] == plain
    assert [scalar(text) for text in ("yes", "n", "1", "1.5%", ".5", "-a", "")] == [
        '"yes"', '"n"', '"1"', '"1.5%"', '".5"', '"-a"', '""',
    ]  # fmt: skip


def test_comments_are_wrapped_and_a_percentage_stays_on_one_line():
    says = "The margin is a small one, at most 1 % of it. " * 9
    lines = draft_text("", [Entry(key="data", value=(Entry(key="id", value="a", says=says),))]).splitlines()
    comments = [line for line in lines if line.startswith("  # ")]
    assert len(comments) > 3
    assert max(map(len, comments)) <= WIDTH
    assert not [line for line in comments if line.startswith("  # %")]
    assert " ".join(line.removeprefix("  # ") for line in comments) == says.strip()


def test_text_that_is_not_unicode_is_refused():
    with pytest.raises(UnicodeEncodeError):
        scalar("\ud800")


def test_a_config_can_be_read_before_it_is_written(catalogue):
    plan = plan_from_text("project: p\ndata: a.csv\ntarget: y\n", catalogue, "some/where.yaml")
    assert (plan.source, plan.folder, plan.data.path) == ("some/where.yaml", "some", "a.csv")
