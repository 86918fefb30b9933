"""Amounts and escaping, as tables."""

import pytest

from kiss_bench.reports import amounts
from kiss_bench.reports.escape import clean, code, inline, listed, markdown, shortened

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, None, "–"),
        (NAN, 4, "–"),
        (-INF, None, "–"),
        (0.0, 4, "0.0000"),
        (-0.0, 2, "0.00"),
        (0.61092345, 4, "0.6109"),
        (0.61092345, None, "0.6109"),
        (12.3456, None, "12.35"),
        (123456.7, None, "123,457"),
        (1.23456e-9, None, "1.235e-9"),
        (1e12, None, "1.000e12"),
        (0.00012, 2, "1.2e-4"),
        (-1e12, 4, "-1.000e12"),
    ],
)
def test_number(value, decimals, text):
    assert amounts.number(value, decimals) == text


def test_a_gain_has_a_sign():
    assert [amounts.number(value, 4, sign=True) for value in (0.0123, -0.0123)] == ["+0.0123", "-0.0123"]


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([], None),
        ([None, NAN, 0.0], None),
        ([0.61, 0.57, 1e12], 4),
        ([1234.5, 1200.0], 0),
        ([1e-9], None),
        ([1e9], None),
    ],
)
def test_shared_decimals(values, decimals):
    assert amounts.shared_decimals(values) == decimals


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (amounts.seconds, 0.00213, "2.1 ms"),
        (amounts.seconds, 0.1234, "0.12 s"),
        (amounts.seconds, 59.94, "59.9 s"),
        (amounts.seconds, 204.0, "3.4 min"),
        (amounts.seconds, 7200.0, "2.0 h"),
        (amounts.seconds, 1e6, "11.6 d"),
        (amounts.seconds, NAN, "–"),
        (amounts.size, 612, "612 B"),
        (amounts.size, 14213, "14.2 kB"),
        (amounts.size, 999_999, "1 MB"),
        (amounts.size, 7_900_000_000_000, "7.9 TB"),
        (amounts.size, None, "–"),
        (amounts.microseconds, 8.754, "8.75"),
        (amounts.microseconds, 1.2e6, "1,200,000"),
        (amounts.percent, 0.1596, "16.0 %"),
        (amounts.percent, -0.00001, "0.0 %"),
        (amounts.percent, INF, "–"),
        (amounts.probability, 0.99996, ">0.9999"),
        (amounts.probability, 0.00001, "<0.0001"),
        (amounts.probability, 0.95, "0.9500"),
        (amounts.about, 13214, "13,000"),
        (amounts.about, 87, "87"),
        (amounts.exact, 0.05, "0.05"),
        (amounts.level, 0.05 / 7, "0.00714"),
    ],
)
def test_units(function, value, text):
    assert function(value) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        pytest.param("linear", "linear", id="plain stays"),
        pytest.param("log_loss", "log_loss", id="an underscore inside a word stays"),
        pytest.param("P(gain > margin) <0.0001", "P(gain > margin) <0.0001", id="comparisons stay"),
        pytest.param("dropped `officer` as asked", "dropped `officer` as asked", id="simple code stays"),
        pytest.param("a|b", "a&#124;b", id="pipe"),
        pytest.param("`a|b`", r"\`a&#124;b\`", id="code with a pipe"),
        pytest.param("``a`", r"\`\`a\`", id="unequal ticks"),
        pytest.param("<b>&amp;", "&lt;b>&amp;amp;", id="html"),
        pytest.param("<!-- x -->", "&lt;!-- x -->", id="comment"),
        pytest.param("_u_ *b* [l](x)", r"\_u\_ \*b\* \[l\](x)", id="emphasis and link"),
        pytest.param("# h", r"\# h", id="heading"),
        pytest.param("1. x", r"1\. x", id="list"),
        pytest.param("> q", r"\> q", id="quote"),
        pytest.param("a\r\nb\u2028c\x1b[0m\t d", r"a b c \[0m d", id="lines and control characters"),
        pytest.param("a\u202eb", "ab", id="reversed writing"),
        pytest.param("\ud800", "?", id="half a character"),
        pytest.param("👩‍💻", "👩‍💻", id="emoji of three parts"),
    ],
)
def test_markdown(text, safe):
    assert markdown(text) == safe


def test_a_cell_needs_no_escape_for_what_only_starts_a_line():
    assert inline(">0.9999") == ">0.9999"


def test_names_in_sentences():
    assert [code("log_loss"), code("a b"), code("a`b")] == ["`log_loss`", "“a b”", "“a\\`b”"]
    assert [listed(["a"]), listed(["a", "b"]), listed("abc")] == ["a", "a and b", "a, b and c"]
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert clean("  ") == ""
