"""Whatever is thrown at the reader, it answers with a plan or with a PlanError."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from kiss_bench.errors import PlanError
from kiss_bench.plan.plan import Plan, plan_as_dict
from kiss_bench.plan.read import plan_from_mapping, read_plan
from kiss_bench.plan.schema import config_schema

SCHEMA = config_schema()
WORDS = sorted({*SCHEMA["properties"], *(key for section in SCHEMA["$defs"].values() for key in section["properties"])})
VALUES = [
    "dummy",
    "linear",
    "forward",
    "group",
    "1%",
    "auto",
    "a:b",
    "int(1, 2)",
    "choice()",
    "rmse",
    "log_loss",
    "5",
    "a://b:c@d",
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(VALUES)
    | st.dates() | st.binary(max_size=3)
)  # fmt: skip
KEYS = st.sampled_from(WORDS) | st.text(max_size=4) | st.integers()
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
NEARLY = st.fixed_dictionaries(
    {"project": st.just("p"), "target": st.just("y"), "data": st.just("a") | JUNK},
    optional={name: JUNK for name in WORDS if name not in ("project", "target", "data")},
)
TOKENS = st.sampled_from(
    [*WORDS, *VALUES, ": ", "- ", "\n", "\n  ", "\t", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!!set ", "? ",
     "|\n", '"', "'", "# ", "---\n", "...", "<<: ", "%YAML 1.1\n", "0x1F", "1_0", ".inf", "2020-99-99", "12:30:45", "~",
     "=", "\\"]
)  # fmt: skip


def plan_or_refusal(reader, *arguments):
    try:
        return reader(*arguments)
    except PlanError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(junk=JUNK | NEARLY)
def test_junk_from_python(catalogue, junk):
    found = plan_or_refusal(plan_from_mapping, junk, catalogue)
    assert json.dumps(plan_as_dict(found), allow_nan=False) if isinstance(found, Plan) else found.faults


@settings(max_examples=300, deadline=None)
@given(text=st.lists(TOKENS, max_size=25).map("".join) | st.text(max_size=40))
def test_junk_from_a_file(tmp_path_factory, catalogue, text):
    path = tmp_path_factory.getbasetemp() / "junk.yaml"
    for whole in (text, f"project: p\ntarget: y\ndata: a\n{text}"):
        path.write_bytes(whole.encode("utf-8", "surrogatepass"))
        found = plan_or_refusal(read_plan, path, catalogue)
        assert json.dumps(plan_as_dict(found), allow_nan=False) if isinstance(found, Plan) else str(path) in str(found)
