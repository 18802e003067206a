import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.check import check_code
from gpu_agent.contract import DEFAULT_RATES, EXAMPLE

GOOD = "def encode(video, rate):\n    yield b''\n\n\ndef decode(packets, info):\n    yield\n"


def test_the_contracts_own_example_has_no_findings():
    checked = check_code(EXAMPLE)
    assert checked.diagnostics == []
    assert checked.rates == (2, 4, 8, 16)


def test_a_codec_without_rates_gets_the_default_and_a_warning():
    checked = check_code(GOOD)
    assert checked.ok
    assert checked.rates == DEFAULT_RATES
    assert [d.severity for d in checked.diagnostics] == ["warning"]


@pytest.mark.parametrize(
    ("code", "line", "part"),
    [
        ("", 1, "empty"),
        ("def encode(video, rate):\n  yield b''\n", 1, "missing: def decode(packets, info)"),
        ("def encode(:\n", 1, "syntax"),
        (GOOD.replace("encode(video, rate)", "encode(video)"), 1, "must accept two arguments"),
        (GOOD.replace("encode(video, rate)", "encode(video, rate, speed)"), 1, "must accept two arguments"),
        (GOOD.replace("def decode", "async def decode"), 5, "async"),
        ("RATES = tuple(range(3))\n" + GOOD, 1, "literal tuple"),
        ("RATES = ()\n" + GOOD, 1, "literal tuple"),
        ("RATES = (1, 1)\n" + GOOD, 1, "different numbers"),
        ("RATES = (1, True)\n" + GOOD, 1, "literal tuple"),
        ("RATES = (1, 1e999)\n" + GOOD, 1, "literal tuple"),
        ("x = '\x00'\n", 1, "null bytes"),
    ],
)
def test_errors_name_the_line_and_what_would_be_right(code, line, part):
    errors = check_code(code).errors
    assert any(d.line == line and part in d.message for d in errors), errors


@pytest.mark.parametrize(
    "signature",
    ["encode(video, rate, speed=1)", "encode(*args)", "encode(video, rate, *, speed=1)", "encode(video, /, rate)"],
)
def test_functions_that_take_two_arguments_are_accepted(signature):
    assert check_code(GOOD.replace("encode(video, rate)", signature)).ok


def test_the_last_definition_of_a_name_counts():
    assert check_code("RATES = ()\nRATES = (1, 2)\n" + GOOD).rates == (1, 2)
    assert check_code("def encode():\n    pass\n" + GOOD).ok


def test_functions_bound_by_assignment_are_left_to_the_run():
    assert check_code("from codec_kit import encode\ndecode = encode\n").ok


def test_unknown_imports_are_warnings_with_the_line():
    found = [d for d in check_code("import requests\n" + GOOD).diagnostics if "requests" in d.message]
    assert [(d.line, d.severity) for d in found] == [(1, "warning")]


@given(st.text(max_size=200))
def test_no_text_makes_the_check_raise(text):
    check_code(text)


def test_deep_nesting_is_an_error_and_not_a_crash():
    assert not check_code("x = " + "(" * 5000 + ")" * 5000).ok
    assert not check_code("x = " + "-" * 100_000 + "1").ok
