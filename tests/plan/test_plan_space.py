"""A parameter of a custom rung can be written in three ways and is kept in one."""

import pytest

OWN = '{name: ours, level: 8, estimator: "a:b", space: '


def form(kind, low=None, high=None, *, log=False, choices=(), when=None, meaning="", reason=""):
    words = {"when": when or {}, "meaning": meaning, "reason": reason}
    return {"kind": kind, "low": low, "high": high, "log": log, "choices": list(choices), **words}


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ('"int(1, 8)"', form("int", 1, 8)),
        ("int( -1,8 )", form("int", -1, 8)),
        ('"int(4, 512, log)"', form("int", 4, 512, log=True)),
        ('"float(0.001, 1e2, log)"', form("float", 0.001, 100.0, log=True)),
        ('"float(0, 1)"', form("float", 0.0, 1.0)),
        ('"choice(a, b, 3, 0.5, true, null)"', form("choice", choices=["a", "b", 3, 0.5, True, None])),
        ("""choice('3', "x")""", form("choice", choices=["3", "x"])),
        ("[a, 3, ~, [1, 2]]", form("choice", choices=["a", 3, None, [1, 2]])),
        ("{type: int, low: 1, high: 8}", form("int", 1, 8)),
        ("{type: float, low: 1, high: 8, log: true, reason: wide}", form("float", 1.0, 8.0, log=True, reason="wide")),
        ("{type: choice, choices: [a, b], reason: both}", form("choice", choices=["a", "b"], reason="both")),
        ("{kind: int, low: 1, high: 8, log: false, choices: [], reason: ''}", form("int", 1, 8)),
        ("{kind: choice, low: ~, high: ~, log: false, choices: [1]}", form("choice", choices=[1])),
        ("{type: int, low: 1, high: 8, when: {y: a}}", form("int", 1, 8, when={"y": ["a"]})),
        ("{type: int, low: 1, high: 8, when: {y: [a, 2]}}", form("int", 1, 8, when={"y": ["a", 2]})),
        ("{type: int, low: 1, high: 8, meaning: rows a leaf}", form("int", 1, 8, meaning="rows a leaf")),
    ],
)
def test_one_normal_form(read, written, normal):
    quoted = written if written[0] in "\"'[{" else "'" + written.replace("'", "''") + "'"
    plan = read(f"project: p\ndata: a\ntarget: y\nladder: [dummy, linear, {OWN}{{x: {quoted}}}}}]")
    assert plan.ladder[-1].space == {"x": normal}
    assert [type(plan.ladder[-1].space["x"][end]) for end in ("low", "high")] == [
        type(normal["low"]),
        type(normal["high"]),
    ]


FORMS = (
    'allowed: "int(1, 8)" or "float(0.001, 100, log)", "choice(a, b, 3)" or a list, '
    "or a mapping {type: float, low: 0.001, high: 100, log: true, reason: …}"
)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("wide", f": found 'wide'; {FORMS}"),
        ("'uniform(0, 1)'", f": found 'uniform(0, 1)'; {FORMS}"),
        ("'int(1)'", f": found 'int(1)'; {FORMS}"),
        ("'int(1, 2, loq)'", f": found 'int(1, 2, loq)'; {FORMS}"),
        ("3", f": found 3; {FORMS}"),
        ("~", f": found nothing; {FORMS}"),
        ("'int(8, 1)'", ": found low 8 and high 1; allowed: low below high"),
        ("'float(1, 1)'", ": found low 1.0 and high 1.0; allowed: low below high"),
        ("'float(0, 1, log)'", ": found low 0.0 on a log scale; allowed: low above 0 with log"),
        ("'int(1.5, 3)'", ": found low 1.5 and high 3; allowed: two whole numbers, low and high"),
        ("'float(a, 3)'", ": found low 'a' and high 3; allowed: two finite numbers, low and high"),
        ("'float(1, 1e999)'", ": found low 1 and high inf; allowed: two finite numbers, low and high"),
        ("{type: int, low: 1}", ": found low 1 and high nothing; allowed: two whole numbers, low and high"),
        ("{type: int, low: true, high: 3}", ": found low true and high 3; allowed: two whole numbers, low and high"),
        ("[]", ": found no choices; allowed: a list of at least one choice"),
        ("'choice()'", ": found no choices; allowed: a list of at least one choice"),
        ("{type: choice}", ": found no choices; allowed: a list of at least one choice"),
        ("{type: choice, choices: a}", ": found 'a'; allowed: a list of at least one choice"),
        ("[a, b, a]", ": found 'a' more than once; allowed: each choice once"),
        ("{type: real, low: 1, high: 2}", ".type: found 'real'; allowed: int, float or choice"),
        ("{low: 1, high: 2}", ".type: found nothing; allowed: int, float or choice"),
        ("{type: [int], low: 1, high: 2}", ".type: found a list of 1; allowed: int, float or choice"),
        (
            "{type: int, low: 1, hihg: 2}",
            (
                ".hihg: found an unknown key; allowed: type, low, high, log, choices, when, meaning, reason. "
                "did you mean `high`?"
            ),
        ),
        ("{type: int, low: 1, high: 2, log: 1}", ".log: found 1; allowed: true or false"),
        ("{type: choice, choices: [1], low: 1}", ".low: found 1; allowed: no `low` with type 'choice'"),
        ("{type: int, low: 1, high: 2, reason: 3}", ".reason: found 3; allowed: a sentence"),
        ("{type: int, low: 1, high: 2, meaning: 3}", ".meaning: found 3; allowed: a few words"),
        (
            "{type: int, low: 1, high: 2, when: l1}",
            ".when: found 'l1'; allowed: another parameter and its values, such as {penalty: [l1]}",
        ),
    ],
)
def test_a_parameter_that_is_refused(fault, written, told):
    assert fault(f"ladder: [dummy, linear, {OWN}{{x: {written}}}}}]") == f"ladder[2].space.x{told}"
