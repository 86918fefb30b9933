"""The level of arithmetic: what is set and for whom, what is left alone, and what it is called."""

import json
import subprocess
import sys

import pytest

from kiss_bench.evaluation import arithmetic
from kiss_bench.evaluation.arithmetic import DISABLED, ENABLED, KERNEL, LevelError, changes, check_level, instructions
from kiss_bench.plan.child import config_of
from kiss_bench.plan.plan import Data, Plan, plan_as_dict, plan_from_dict
from kiss_bench.plan.read import arithmetic_of
from kiss_bench.records.environment import LEVEL, differing
from kiss_bench.records.ledger import Ledger, Line, rerun_told
from kiss_bench.runs.known import catalogue

OLD = ["SSSE3", "SSE41", "POPCNT", "SSE42", "AVX", "F16C", "FMA3", "AVX2"]
BEYOND = "X86_V4 AVX512_ICL AVX512_SPR"


@pytest.mark.parametrize(
    ("users", "wanted"),
    [
        ({}, {KERNEL, DISABLED}),
        ({KERNEL: "Zen"}, {DISABLED}),
        ({DISABLED: "AVX512_ICL"}, {KERNEL}),
        ({ENABLED: "X86_V4"}, {KERNEL}),  # NumPy takes one of the two
        ({KERNEL: "SkylakeX", ENABLED: "X86_V4"}, set()),
    ],
    ids=["nothing", "a kernel", "NumPy: off", "NumPy: on", "a kernel, NumPy: on"],
)
def test_what_a_user_has_set_stays(users, wanted, monkeypatch):
    monkeypatch.setattr(arithmetic, "has_v3", lambda: True)
    assert set(arithmetic.variables(users)) == wanted


def test_nothing_is_set_where_the_processor_is_not_known_to_have_the_level(monkeypatch):
    monkeypatch.setattr(arithmetic, "has_v3", lambda: False)
    assert arithmetic.variables({}) == {}


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("2.4.6", BEYOND),
        ("3.0.0rc1", BEYOND),
        ("2.3.5", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"),
        ("2.2.0", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"),
    ],
)
def test_only_names_that_this_numpy_knows(version, names, monkeypatch):
    monkeypatch.setattr(arithmetic, "has_v3", lambda: True)
    monkeypatch.setattr(arithmetic.importlib.metadata, "version", lambda _: version)
    assert arithmetic.variables({})[DISABLED] == names


def test_the_numpy_at_hand_takes_them_without_a_warning():
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from kiss_bench.evaluation.arithmetic import set_level, level_here\n"
        "set_level()\nprint(level_here())"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == arithmetic.level_here()


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (["X86_V3"], "x86-64-v3"),
        (OLD, "x86-64-v3"),
        (["X86_V3", "X86_V4", "AVX512_ICL"], "x86-64-v3+X86_V4+AVX512_ICL"),
        ([*OLD, "AVX512F"], "x86-64-v3+AVX512F"),
        (OLD[:5], "x86-64+SSSE3+SSE41+POPCNT+SSE42+AVX"),
        ([], "x86-64"),
    ],
    ids=str,
)
def test_a_level_is_called_by_what_numpy_has_chosen(found, name, monkeypatch):
    monkeypatch.setattr(arithmetic.platform, "machine", lambda: "x86_64")
    assert instructions(found) == name


def test_arm_is_a_level_of_its_own(monkeypatch):
    monkeypatch.setattr(arithmetic.platform, "machine", lambda: "aarch64")
    assert instructions(["ASIMDHP", "ASIMDDP"]) == "aarch64+ASIMDHP+ASIMDDP"


def test_a_c_library_told_to_leave_instructions_out_is_another_level(monkeypatch):
    usual = arithmetic.c_library()
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA_Usable")
    assert arithmetic.c_library() == f"{usual} with glibc.cpu.hwcaps=-FMA_Usable"


def test_native_takes_out_again_what_was_set_here(monkeypatch):
    monkeypatch.setattr(arithmetic, "_set_here", {KERNEL: "Haswell"})
    monkeypatch.setenv(KERNEL, "Haswell")
    assert changes("native") == {KERNEL: None}
    monkeypatch.setenv(KERNEL, "Zen")  # the user's, since
    assert changes("native") == {}


def test_a_process_at_another_level_is_refused_and_an_unknown_one_is_not_asked():
    check_level("")
    check_level(arithmetic.level_here())
    with pytest.raises(LevelError, match="wanted elsewhere"):
        check_level("elsewhere")


# the plan


def test_the_hash_of_a_plan_of_before_stays_and_native_is_written_read_and_handed_on():
    plain, native = (Plan(project="p", data=Data(), target="y", arithmetic=one) for one in ("v3", "native"))
    assert "arithmetic" not in plan_as_dict(plain)
    written = json.loads(json.dumps(plan_as_dict(native)))
    assert plan_from_dict(written).arithmetic == "native"
    assert config_of(native, catalogue())["arithmetic"] == "native"
    assert "arithmetic" not in config_of(plain, catalogue())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("arithmetic: native\nproject: p\n", "native"),
        ("{project: p, 'arithmetic': 'native'}", "native"),
        ("arithmetic: v3\n", "v3"),
        ("question: |\n  arithmetic: native\n", "v3"),
        ("arithmetic: [native\n", "v3"),
        ("", "v3"),
    ],
)
def test_the_level_is_read_before_anything_that_computes_is_loaded(text, asked, tmp_path):
    config = tmp_path / "p.yaml"
    config.write_text(text, encoding="utf8")
    assert arithmetic_of(config) == asked
    assert arithmetic_of(tmp_path / "nowhere.yaml") == "v3"


def test_reading_it_loads_no_numpy(tmp_path):
    code = (
        "import sys; from kiss_bench.cli import main; from kiss_bench.plan.read import arithmetic_of\n"
        f"arithmetic_of({str(tmp_path / 'x.yaml')!r}); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# what two runs differ in


def test_of_two_processors_at_one_level_nothing_differs():
    then, now = ({"cpu": cpu, "arithmetic": {"units": "x86-64-v3"}} for cpu in ("Intel Xeon", "AMD EPYC"))
    assert differing(then, now) == {}
    assert differing(then, {**now, "arithmetic": {"units": "aarch64"}}) == {LEVEL: ["x86-64-v3", "aarch64"]}
    assert set(differing({"cpu": "Intel Xeon"}, now)) == {"cpu"}


def line(seq, digest, **facts):
    usual = {
        "digest": digest, "quick": False, "root_seed": 1, "folds_hash": "f", "level": "v3",
        "libraries": {"numpy": "2.4"},
        "verdicts": {"linear": "JUSTIFIED"}, "scores": {"linear": 0.5},
    }  # fmt: skip
    return Line(
        seq=seq, at="2026-01-02T00:00:00", event="run", plan_hash=facts.pop("plan", "p"), data_hash="d",
        code_hash=facts.pop("code", "c"), facts={**usual, **facts}, previous="", hash="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            {"level": "v4"},
            "Another level of arithmetic than the run of 2026-01-02 (v3; now v4): verdicts equal, scores",
        ),
        (
            {"level": "v4", "scores": {"linear": 0.5 + 3e-9}},
            "verdicts equal, scores differ by up to 3e-09 (linear). What differs: level of arithmetic (v3; now v4).",
        ),
        (
            {"level": "v4", "verdicts": {"linear": "INCONCLUSIVE"}},
            "linear JUSTIFIED then, INCONCLUSIVE now, scores within 1e-09. What differs: level of arithmetic",
        ),
        ({"libraries": {"numpy": "2.5"}, "code": "e"}, "What differs: numpy (2.4; now 2.5), the code of kiss_bench."),
        ({}, "Nothing that is on record differs."),
        ({"scores": {"linear": None}}, "scores differ by up to inf (linear)"),
        ({"level": "v4", "code": "e"}, "another digest. What differs too: the code of kiss_bench."),
        (
            {"scores": ["of", "another", "hand"], "verdicts": "none", "libraries": 3},
            "linear JUSTIFIED then, not there now",
        ),
        ({"scores": {"linear": "0.5"}}, "scores differ by up to inf (linear)"),
    ],
    ids=str,
)
def test_another_level_is_told_from_another_result(facts, told):
    assert told in rerun_told(Ledger(lines=(line(1, "one"), line(2, "two", **facts))))


@pytest.mark.parametrize("facts", [{"plan": "q"}, {"quick": True}, {"root_seed": 2}], ids=str)
def test_runs_that_asked_something_else_are_not_compared(facts):
    assert rerun_told(Ledger(lines=(line(1, "one"), line(2, "two", **facts)))) == ""


def test_the_same_result_or_a_first_one_needs_no_words():
    assert rerun_told(Ledger(lines=(line(1, "one"), line(2, "one", level="v4")))) == ""
    assert rerun_told(Ledger(lines=(line(1, "one"),))) == rerun_told(Ledger()) == ""
